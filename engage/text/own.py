"""A workspace's own last layer: learned from what people of the company corrected, over the packaged models.

For tone, intent and theme alike: p' = softmax(log p + b + W φ), where p are the packaged model's
probabilities (of themes, which do not sum to 1, p' is that times their sum), φ the text's n-grams hashed
into 2¹² places (unit length) and b, W what was learned. Ridge penalties hold W and b near 0, so that a text
unlike any corrected one keeps the packaged reading.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any, Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

from engage.text.alike import shingles_of
from engage.text.intent import INTENTS
from engage.text.model import LANGUAGES, Scores, probabilities, softmax
from engage.text.tone import TONES
from engage.text.topics import THEMES

Floats = npt.NDArray[np.float64]
LABELS: Final[Mapping[str, tuple[str, ...]]] = {"tone": TONES, "intent": INTENTS, "theme": THEMES}
FEWEST: Final = 20
"""Corrected comments below which nothing is learned."""

_PLACES: Final = 1 << 12
_RIDGE: Final = 1.0  # penalty of each weight, in comments; of the bias too
_KEPT: Final = 1.0  # what an uncorrected comment counts, that the packaged reading be kept
_FOLDS: Final = 5
_STEPS: Final = 60
_FLOOR: Final = 1e-4


@dataclass(frozen=True, slots=True)
class OwnLayer:
    """What was learned: for each head that is taken, weights (2¹² + 1, labels), the last row being the
    bias.
    """

    weights: Mapping[str, Floats]

    def adjusted(self, texts: Sequence[str], language: str, packaged: Scores) -> Scores:
        """Return the probabilities of ``texts`` after the own layer; those of heads not taken as they are."""
        x = features(texts, language)
        parts = {}
        for head, p in packaged._asdict().items():
            known = self.weights.get(head)
            parts[head] = p if known is None else _laid_over(p, _scored(x, known))
        return Scores(**parts)

    def to_bytes(self) -> bytes:
        """Return the weights as an ``.npz`` file."""
        out = io.BytesIO()
        heads: dict[str, Any] = {head: w.astype(np.float32) for head, w in self.weights.items()}
        np.savez_compressed(out, **heads)
        return out.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "OwnLayer":
        """Read what :meth:`to_bytes` wrote."""
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return cls({head: file[head].astype(np.float64) for head in file.files if head in LABELS})


@dataclass(frozen=True, slots=True)
class HeadReport:
    """How one head fared on ``n`` corrected comments, each read by a layer that had not seen it.

    ``before`` and ``after``: how many were read as corrected, by the model in force and with the new layer;
    ``moved``: which share of ``others`` uncorrected comments is read otherwise with the new layer.
    ``better``: more right after than before, beyond chance (exact one-sided McNemar test at 5 %), and at most
    a tenth of the others moved.
    """

    head: str
    n: int
    before: int
    after: int
    p_value: float
    moved: float
    others: int
    better: bool


@dataclass(frozen=True, slots=True)
class Example:
    """A comment with its labels: as people of the company corrected them, or as they were read."""

    text: str
    language: str
    labels: Mapping[str, str]


def learn(corrected: Sequence[Example], others: Sequence[Example]) -> tuple[OwnLayer, tuple[HeadReport, ...]]:
    """Fit the own layer to ``corrected`` comments and say, head by head, whether it is better.

    ``others`` are uncorrected comments with the reading in force: in the fit each counts like a
    corrected one, with the packaged probabilities as its aim, so that little else moves. Judged by
    cross-validation over five folds of *different texts*: equal texts are never on both sides. Only heads
    that are better are in the layer; it may have none. Texts in a language without a model are left out.
    """
    seen = _laid([one for one in corrected if one.language in LANGUAGES])
    rest = _laid([one for one in others if one.language in LANGUAGES])
    weights, reports = {}, []
    for head, labels in LABELS.items():
        report, whole = _head(head, labels, seen, rest)
        reports.append(report)
        if report.better:
            weights[head] = whole
    return OwnLayer(weights), tuple(reports)


def features(texts: Sequence[str], language: str) -> "Sparse":
    """Return the hashed n-grams of texts, each row of unit length."""
    owner, place = [], []
    for row, text in enumerate(texts):
        for gram in shingles_of(text, language):
            owner.append(row)
            place.append(crc32(gram.encode()) % _PLACES)
    rows, columns = np.array(owner, dtype=np.int64), np.array(place, dtype=np.int64)
    length = np.sqrt(np.bincount(rows, minlength=len(texts)))
    return Sparse(len(texts), rows, columns, 1 / length[rows] if len(rows) else np.empty(0))


@dataclass(frozen=True, slots=True)
class Sparse:
    """A sparse matrix of ``texts`` rows: entries ``value`` at (``row``, ``place``)."""

    texts: int
    row: npt.NDArray[np.int64]
    place: npt.NDArray[np.int64]
    value: Floats


@dataclass(frozen=True, slots=True)
class _Laid:
    texts: list[str]
    labels: list[Mapping[str, str]]
    x: Sparse
    packaged: Scores


def _laid(examples: Sequence[Example]) -> _Laid:
    ordered = [one for language in LANGUAGES for one in examples if one.language == language]
    parts, places, start = [], [], 0
    for language in LANGUAGES:
        texts = [one.text for one in ordered if one.language == language]
        parts.append(probabilities(texts, language))
        x = features(texts, language)
        places.append((x.row + start, x.place, x.value))
        start += len(texts)
    packaged = Scores(*(_shares(np.concatenate(column)) for column in zip(*parts, strict=True)))
    row, place, value = (np.concatenate(column) for column in zip(*places, strict=True))
    return _Laid(
        [one.text for one in ordered],
        [one.labels for one in ordered],
        Sparse(start, row, place, value),
        packaged,
    )


def _head(head: str, labels: Sequence[str], seen: _Laid, rest: _Laid) -> tuple[HeadReport, Floats]:
    p, q = getattr(seen.packaged, head), getattr(rest.packaged, head)
    given = np.array([labels.index(one[head]) for one in seen.labels], dtype=np.int64)
    if len(given) < FEWEST:
        return HeadReport(head, len(given), 0, 0, 1.0, 0.0, len(q), False), np.zeros(
            (_PLACES + 1, len(labels))
        )
    aims = np.eye(len(labels))[given]
    fold = _folds(seen.texts)
    guess = np.empty(len(given), dtype=np.int64)
    for number in range(_FOLDS):
        out = fold == number
        if out.any():
            fitted = _fit(_rows(seen.x, ~out), p[~out], aims[~out], rest.x, q)
            guess[out] = (_logs(p[out]) + _scored(_rows(seen.x, out), fitted)).argmax(axis=1)
    whole = _fit(seen.x, p, aims, rest.x, q)
    before, after = p.argmax(axis=1) == given, guess == given
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    p_value = mcnemar(gained, lost)
    moved = (
        float(((_logs(q) + _scored(rest.x, whole)).argmax(axis=1) != q.argmax(axis=1)).mean())
        if len(q)
        else 0.0
    )
    better = p_value <= 0.05 and moved <= 0.1
    counts = (len(given), int(before.sum()), int(after.sum()))
    return HeadReport(head, *counts, p_value, moved, len(q), better), whole


def mcnemar(gained: int, lost: int) -> float:
    """Return the exact one-sided p-value of McNemar's test: P(X ≥ gained), X ~ Binomial(gained + lost, ½).

    R: ``binom.test(gained, gained + lost, alternative = "greater")``.
    """
    n = gained + lost
    return float(sum(comb(n, k) for k in range(gained, n + 1)) / 2**n)


def _folds(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return a fold for each text, the same for equal ones, by what the text says and not by its place."""
    return np.array([crc32(" ".join(text.split()).encode()) % _FOLDS for text in texts])


def _fit(x: Sparse, p: Floats, aims: Floats, rest: Sparse, kept: Floats) -> Floats:
    """Return the weights that maximise the penalised likelihood: accelerated gradient descent, fixed
    steps.
    """
    from scipy.sparse import csr_matrix, hstack, vstack

    parts = [csr_matrix((one.value, (one.row, one.place)), (one.texts, _PLACES)) for one in (x, rest)]
    stacked = vstack(parts)
    rows = hstack([stacked, np.ones((stacked.shape[0], 1))]).tocsr()
    turned = rows.T.tocsr()
    offset, aim = _logs(np.vstack([p, kept])), np.vstack([aims, kept])
    each = np.concatenate([np.ones(len(p)), np.full(len(kept), _KEPT)])[:, None]
    vector, size = np.ones((_PLACES + 1, 1)), 1.0
    for _ in range(12):  # the largest eigenvalue of Σ each · φφ', by power steps
        vector = turned @ ((rows @ (vector / np.linalg.norm(vector))) * each)
        size = float(np.linalg.norm(vector))
    scale = 1 / (_RIDGE + 0.55 * size)  # the likelihood curves by at most half of it; a tenth to be safe
    weights = np.zeros((_PLACES + 1, p.shape[1]))
    ahead, momentum = weights, 1.0
    for _ in range(_STEPS):
        wrong = (softmax(offset + rows @ ahead) - aim) * each
        step = ahead - scale * (turned @ wrong + _RIDGE * ahead)
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = step + (momentum - 1) / following * (step - weights)
        weights, momentum = step, following
    return weights


def _scored(x: Sparse, weights: Floats) -> Floats:
    total = np.tile(weights[-1], (x.texts, 1))
    np.add.at(total, x.row, weights[x.place] * x.value[:, None])
    return total


def _rows(x: Sparse, chosen: npt.NDArray[np.bool_]) -> Sparse:
    number = np.cumsum(chosen) - 1
    kept = chosen[x.row]
    return Sparse(int(chosen.sum()), number[x.row[kept]], x.place[kept], x.value[kept])


def _laid_over(p: Floats, learned: Floats) -> Floats:
    shares = softmax(_logs(_shares(p)) + learned)
    laid: Floats = np.minimum(shares * p.sum(axis=1, keepdims=True), 1)
    return laid


def _shares(p: Floats) -> Floats:
    """Return probabilities that sum to 1 in each row."""
    shares: Floats = p / p.sum(axis=1, keepdims=True)
    return shares


def _logs(p: Floats) -> Floats:
    return np.log(np.maximum(p, _FLOOR))
