"""Hashes of stretches of text, for whole batches at a time, in NumPy.

Texts are laid end to end as code points. A polynomial hash with wrap-around arithmetic gives every stretch
its hash from two prefix sums, so n-grams, words and word-list entries are looked up without a Python loop.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_BASE: Final = 0x9E3779B97F4A7C15
_INVERSE: Final = pow(_BASE, -1, 1 << 64)


def mix(values: Hashes) -> Hashes:
    """Return ``values`` scrambled so that every bit depends on every other (the splitmix64 finaliser)."""
    x = values.astype(np.uint64)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x


@dataclass(frozen=True, slots=True)
class Laid:
    """Texts end to end: ``points`` (code points, a 0 before and after each text), ``owner`` (text of each),
    ``prefix`` and ``shift`` (for :meth:`stretch`), ``texts`` how many.
    """

    points: npt.NDArray[np.uint32]
    owner: Places
    prefix: Hashes
    shift: Hashes
    texts: int

    def stretch(self, start: Places, end: Places) -> Hashes:
        """Return the hash of ``points[start:end]`` for arrays of places."""
        return mix((self.prefix[end] - self.prefix[start]) * self.shift[start])


def lay(texts: Sequence[str]) -> Laid:
    """Return ``texts`` laid end to end; they must not hold U+0000."""
    joined = "\0" + "\0".join(texts) + "\0"
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    lengths = np.fromiter((len(text) + 1 for text in texts), dtype=np.int64, count=len(texts))
    owner = np.concatenate([[0], np.repeat(np.arange(len(texts)), lengths)])
    size = len(points)
    powers = np.cumprod(np.full(size, _BASE, dtype=np.uint64))
    shift = np.cumprod(np.full(size, _INVERSE, dtype=np.uint64))
    prefix = np.zeros(size + 1, dtype=np.uint64)
    np.cumsum(mix(points.astype(np.uint64) + np.uint64(1)) * powers, out=prefix[1:])
    return Laid(points, owner, prefix, np.append(shift, np.uint64(0)), len(texts))


def chain(left: Hashes, right: Hashes) -> Hashes:
    """Return the hash of each pair; the order counts."""
    return mix(left * np.uint64(_BASE) + right)


def salt(hashes: Hashes, kind: int) -> Hashes:
    """Return ``hashes`` as those of another kind of thing."""
    return mix(hashes ^ np.uint64((kind * _INVERSE) & ((1 << 64) - 1)))


def hash_of(text: str) -> int:
    """Return the hash that :meth:`Laid.stretch` gives ``text``."""
    laid = lay([text])
    return int(laid.stretch(np.array([1]), np.array([1 + len(text)]))[0])


@dataclass(frozen=True, slots=True)
class Lookup:
    """A map from hashes to small numbers: sorted keys behind a table of 2¹⁶ that turns most others away."""

    keys: Hashes
    values: npt.NDArray[np.int16]
    door: npt.NDArray[np.bool_]

    def find(self, hashes: Hashes) -> npt.NDArray[np.int16]:
        """Return the value of each hash, −1 where there is none."""
        found = np.full(len(hashes), -1, dtype=np.int16)
        if not len(self.keys):
            return found
        maybe = np.flatnonzero(self.door[(hashes >> np.uint64(48)).astype(np.int64)])
        asked = hashes[maybe]
        place = np.minimum(np.searchsorted(self.keys, asked), len(self.keys) - 1)
        hit = self.keys[place] == asked
        found[maybe[hit]] = self.values[place[hit]]
        return found


def lookup(entries: dict[str, int], kind: int = 0) -> Lookup:
    """Return a :class:`Lookup` of the hashes of the entries' texts, salted with ``kind``."""
    raw = np.array([hash_of(text) for text in entries], dtype=np.uint64)
    keys = salt(raw, kind)
    order = np.argsort(keys)
    door = np.zeros(1 << 16, dtype=np.bool_)
    door[(keys >> np.uint64(48)).astype(np.int64)] = True
    return Lookup(keys[order], np.array(list(entries.values()), dtype=np.int16)[order], door)
