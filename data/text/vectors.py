"""Derive `ru_vectors.npz`, the Russian word vectors that train.py reads, from a public package.

    python data/text/vectors.py natasha-1.6.0-py3-none-any.whl

The wheel (PyPI, MIT licence) holds Navec: 250,000 words × 300 dimensions, product-quantised, learned from
news. Kept are the 40,000 commonest Cyrillic words, centred, turned to their principal axes without the first,
cut to 100 dimensions of unit length and rounded to bytes. The same wheel gives the same file.
"""

import gzip
import hashlib
import io
import re
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np

SHA256 = "e12b130d05a0b4d2eb6442092ed5b5769a68a311c17f2095b1aa739fb8d6dc78"
MEMBER = "natasha/data/emb/navec_news_v1_1B_250K_300d_100q.tar"
OUT = Path(__file__).parent / "ru_vectors.npz"
WORDS, DIMENSIONS, SAMPLE = 40_000, 100, 20_000


def read_navec(wheel: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return words, their counts and their vectors (words, 300)."""
    content = wheel.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise SystemExit(f"{wheel.name} is not natasha 1.6.0 as named in {Path(__file__).name}")
    with (
        zipfile.ZipFile(io.BytesIO(content)) as packed,
        tarfile.open(fileobj=io.BytesIO(packed.read(MEMBER))) as tar,
    ):
        vocabulary, quantised = (tar.extractfile(name).read() for name in ("vocab.bin", "pq.bin"))
    vocabulary = gzip.decompress(vocabulary)
    size = int(np.frombuffer(vocabulary, np.uint32, 1)[0])
    counts = np.frombuffer(vocabulary, np.uint32, size, 4).astype(np.int64)
    words = vocabulary[4 + 4 * size :].decode("utf-8").split("\n")
    rows, _, parts, centroids = (int(n) for n in np.frombuffer(quantised, np.uint32, 4))
    index = np.frombuffer(quantised, np.uint8, rows * parts, 16).reshape(rows, parts)
    codes = np.frombuffer(quantised, np.float32, -1, 16 + rows * parts).reshape(parts, centroids, -1)
    return words, counts, codes[np.arange(parts), index].reshape(rows, -1)


def common(words: list[str], counts: np.ndarray) -> list[int]:
    """Return the places of the commonest words, one for each spelling without ё."""
    cyrillic = np.array([bool(re.fullmatch("[а-яё-]+", word)) for word in words])
    order = np.argsort(np.where(cyrillic, -counts, 1), kind="stable")
    first: dict[str, int] = {}
    for place in order[: cyrillic.sum()]:
        first.setdefault(words[place].replace("ё", "е"), int(place))
    return list(first.values())[:WORDS]


def reduced(vectors: np.ndarray) -> np.ndarray:
    """Return vectors on the principal axes after the first, of unit length, as bytes."""
    centred = vectors - vectors[:SAMPLE].mean(axis=0)
    axes = np.linalg.svd(centred[:SAMPLE], full_matrices=False)[2]
    turned = centred @ axes[1 : DIMENSIONS + 1].T
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    return np.round(turned / np.abs(turned).max() * 127).astype(np.int8)


if __name__ == "__main__":
    words, counts, vectors = read_navec(Path(sys.argv[1]))
    kept = common(words, counts)
    plain = np.array([words[place].replace("ё", "е") for place in kept])
    np.savez_compressed(OUT, words="\n".join(plain), vectors=reduced(vectors[kept].astype(np.float64)))
