"""A driver's answers as an ordered scale: its levels, its low and high answers, its knots."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from engage.model.design import FloatArray, IntArray

MIN_TAIL: Final = 50
TAIL_SHARE: Final = 0.25
KNOTS: Final = (1 / 3, 1 / 2, 2 / 3)
# A column with more distinct values is read in this many groups of equal size.
MAX_LEVELS: Final = 60


@dataclass(frozen=True, slots=True, eq=False)
class AnswerScale:
    """The answers to one scale, in standard deviations from their mean.

    ``values`` (L,) in rising order and ``codes`` (n,) positions in it; ``counts`` (L,). ``low`` is the last
    level of the low answers and ``high`` the first of the high ones, ``knots`` positions of the levels at
    which the slope may change (one for each of ``KNOTS``); all empty where fewer than ``MIN_TAIL`` people
    would be left on a side. ``mean`` and ``spread`` lead back to the scale's own units.
    """

    values: FloatArray
    codes: IntArray
    counts: IntArray
    tails: tuple[int, int] | None
    knots: tuple[int, ...]
    mean: float
    spread: float

    @property
    def testable(self) -> bool:
        """Whether both halves of the scale hold enough people."""
        return self.tails is not None and bool(self.knots)

    def original(self, level: int) -> float:
        """Return a level in the scale's own units."""
        return float(self.mean + self.spread * self.values[level])

    def functions(self) -> FloatArray:
        """Return ``(F, L)``: the value, and where testable the low and high dummies and a hinge per knot."""
        if self.tails is None or not self.knots:
            return self.values[None, :]
        position = np.arange(len(self.values))
        dummies = [position <= self.tails[0], position >= self.tails[1]]
        hinges = [np.maximum(self.values - self.values[knot], 0) for knot in self.knots]
        return np.array([self.values, *dummies, *hinges], dtype=float)


def read_answers(column: FloatArray) -> AnswerScale:
    """Return the scale of a column (n,) without missing values that varies."""
    mean, spread = float(column.mean()), float(column.std())
    # Rounded, so that a mean of the same answers summed in another order is the same level.
    standard = np.round((column - mean) / spread, 9)
    levels, codes, counts = np.unique(standard, return_inverse=True, return_counts=True)
    if len(levels) > MAX_LEVELS:
        group = (np.cumsum(counts) - counts) * MAX_LEVELS // len(column)
        _, group = np.unique(group, return_inverse=True)
        sums = np.bincount(group, weights=levels * counts)
        codes = group[codes]
        counts = np.bincount(codes)
        levels = sums / counts
    tails, knots = _tails(counts), _knots(counts)
    return AnswerScale(levels, codes, counts, tails, knots if tails else (), mean, spread)


def _tails(counts: IntArray) -> tuple[int, int] | None:
    """Return the cuts nearest to a quarter of people at each end, with people in between."""
    n = int(counts.sum())
    up_to = np.cumsum(counts)
    best = None
    for low in range(len(counts) - 2):
        for high in range(low + 2, len(counts)):
            below, above = int(up_to[low]), n - int(up_to[high - 1])
            if min(below, above, n - below - above) < MIN_TAIL:
                continue
            distance = abs(below / n - TAIL_SHARE) + abs(above / n - TAIL_SHARE)
            if best is None or distance < best[0]:
                best = (distance, low, high)
    return None if best is None else best[1:]


def _knots(counts: IntArray) -> tuple[int, ...]:
    """Return the levels nearest to the quantiles ``KNOTS`` that have enough people on both sides."""
    n = int(counts.sum())
    below = np.cumsum(counts) - counts
    allowed = np.flatnonzero((below >= MIN_TAIL) & (n - below - counts >= MIN_TAIL))
    if not len(allowed):
        return ()
    middle = (below + counts / 2)[allowed] / n
    return tuple(int(allowed[np.argmin(np.abs(middle - share))]) for share in KNOTS)
