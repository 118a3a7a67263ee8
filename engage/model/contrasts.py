"""Low against high answers in moments: the observed contrasts, and what symmetric relations would give."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engage.model.answers import KNOTS, AnswerScale
from engage.model.copula import (
    coefficients,
    expected_covariance,
    hermite_steps,
    trait_correlation,
    value_coefficients,
)
from engage.model.design import FloatArray, IntArray
from engage.model.resample import bootstrap_moments, covariance_of

READINGS: Final = ("latent", "interval", "interval_driver")
# The penalty-reward contrast, then one piecewise analysis per knot.
ANALYSES: Final = ("prca", *("piecewise" for _ in KNOTS))
# Columns are of unit size; this keeps a resample that lacks a group solvable.
_RIDGE: Final = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Contrasts:
    """Both sides of every driver, in standard deviations of outcome and (for slopes) driver.

    ``low`` and ``high`` (analyses, readings, drivers), freed of what the reading expects of a symmetric
    relation; ``std_error`` of high − low; ``slope`` and ``slope_error`` (drivers,) of a straight line. NaN
    for drivers that can't be tested.
    """

    low: FloatArray
    high: FloatArray
    std_error: FloatArray
    slope: FloatArray
    slope_error: FloatArray

    @property
    def difference(self) -> FloatArray:
        """(analyses, readings, drivers): high − low."""
        return self.high - self.low


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """Where a driver's functions and level shares stand among the columns and marks."""

    scales: tuple[AnswerScale, ...]
    functions: tuple[FloatArray, ...]
    first: IntArray
    levels: IntArray

    @property
    def testable(self) -> npt.NDArray[np.bool_]:
        return np.array([len(block) > 1 for block in self.functions[:-1]])

    def pair(self, analysis: int, driver: int) -> list[int]:
        """Return the columns of a driver in an analysis: two, or the value alone where untestable."""
        at = int(self.first[driver])
        if len(self.functions[driver]) == 1:
            return [at]
        return [at + 1, at + 2] if analysis == 0 else [at, at + 2 + analysis]


def contrasts(
    drivers: Sequence[AnswerScale],
    outcome: AnswerScale,
    resamples: int,
    rng: np.random.Generator,
    clusters: IntArray | None = None,
) -> Contrasts:
    """Return the contrasts of ``drivers`` on ``outcome`` with bootstrap standard errors."""
    layout = _layout(drivers, outcome)
    codes = [scale.codes for scale in layout.scales]
    columns = np.column_stack([f[:, c].T for f, c in zip(layout.functions, codes, strict=True)])
    columns = columns - columns.mean(axis=0)
    marks = np.zeros((len(columns), int(layout.levels[-1])), dtype=np.uint8)
    for start, code in zip(layout.levels, codes, strict=False):
        marks[np.arange(len(columns)), start + code] = 1
    shares = marks.mean(axis=0)[None, :]
    sides, slopes = _sides(layout, covariance_of(columns)[None], shares)
    drawn = [
        _sides(layout, *moments) for moments in bootstrap_moments(columns, marks, resamples, rng, clusters)
    ]
    differences = np.concatenate([high - low for (low, high), _ in drawn])
    return Contrasts(
        low=sides[0][0],
        high=sides[1][0],
        std_error=differences.std(axis=0, ddof=1),
        slope=slopes[0],
        slope_error=np.concatenate([slope for _, slope in drawn]).std(axis=0, ddof=1),
    )


def _layout(drivers: Sequence[AnswerScale], outcome: AnswerScale) -> _Layout:
    scales = (*drivers, outcome)
    functions = (*(scale.functions() for scale in drivers), outcome.values[None, :])
    return _Layout(
        scales=scales,
        functions=functions,
        first=np.cumsum([0, *(len(block) for block in functions)]),
        levels=np.cumsum([0, *(len(scale.values) for scale in scales)]),
    )


def _sides(
    layout: _Layout, covariance: FloatArray, shares: FloatArray
) -> tuple[tuple[FloatArray, FloatArray], FloatArray]:
    """Return low and high ``(b, analyses, readings, p)`` and the straight slopes ``(b, p)``.

    ``covariance`` (b, m, m) of the columns, the outcome last; ``shares`` (b, l) of all levels.
    """
    p = len(layout.functions) - 1
    linear = layout.first[:p]
    observed = covariance[:, :-1, -1]
    slopes = _solve(covariance, list(linear), observed[:, linear, None])[..., 0]
    interval = (covariance[:, :-1][:, :, linear] @ slopes[..., None])[..., 0]
    latent, interval_driver = _ceilings(layout, observed, shares)
    wanted = np.stack([observed, latent, interval, interval_driver], axis=-1)
    low = np.full((len(covariance), len(ANALYSES), len(READINGS), p), np.nan)
    high = low.copy()
    for analysis in range(len(ANALYSES)):
        pairs = [layout.pair(analysis, driver) for driver in range(p)]
        used = [column for pair in pairs for column in pair]
        solved = _solve(covariance, used, wanted[:, used])
        at = np.cumsum([0, *(len(pair) for pair in pairs)])[:-1][layout.testable]
        first, second = solved[:, at], solved[:, at + 1]
        below, above = (-first, second) if analysis == 0 else (first, first + second)
        # What a reading expects of one side beyond the mean of both is taken off that side.
        surplus = (above - below)[..., 1:] / 2
        low[:, analysis][..., layout.testable] = np.moveaxis(below[..., :1] + surplus, 1, 2)
        high[:, analysis][..., layout.testable] = np.moveaxis(above[..., :1] - surplus, 1, 2)
    return (low, high), slopes


def _ceilings(layout: _Layout, observed: FloatArray, shares: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return every column's covariance with the outcome, ``(b, m−1)``, under two readings.

    A normal trait is behind the outcome and the driver; and behind the outcome alone.
    """
    parts = [shares[:, a:b] for a, b in zip(layout.levels[:-1], layout.levels[1:], strict=True)]
    answered = coefficients(layout.functions[-1], hermite_steps(parts[-1]))
    latent, interval = observed.copy(), observed.copy()
    for driver, block in enumerate(layout.functions[:-1]):
        if len(block) == 1:
            continue
        at = int(layout.first[driver])
        for expected, own in (
            (latent, coefficients(block, hermite_steps(parts[driver]))),
            (interval, value_coefficients(block, layout.scales[driver].values, parts[driver])),
        ):
            rho = trait_correlation(own[:, 0], answered[:, 0], observed[:, at])
            expected[:, at : at + len(block)] = expected_covariance(own, answered, rho[:, None])
    return latent, interval


def _solve(covariance: FloatArray, columns: list[int], right: FloatArray) -> FloatArray:
    index = np.array(columns)
    left = covariance[:, index[:, None], index] + _RIDGE * np.eye(len(index))
    return np.asarray(np.linalg.solve(left, right), dtype=float)
