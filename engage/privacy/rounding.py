"""How coarse released numbers are. Each number is rounded once, here; intervals come from released values."""

import math
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engage.measure import share_spread, wilson_interval
from engage.privacy.measures import Measure

EXACT_FROM: Final = 20
"""From this many people on, n is shown; below, only its band."""
FINE_FROM: Final = 100
"""From this many people on, shares are shown to one point, and points to one; below, coarser."""

_BANDS: Final = ((1, 4), (5, 9), (10, 19))
_P_BANDS: Final = (0.001, 0.01, 0.05, 0.1)


def n_shown(n: int) -> int | None:
    """Return n where it may be shown exactly, else ``None``."""
    return int(n) if n >= EXACT_FROM else None


def n_band(n: int) -> str | None:
    """Return the band of a small n (``"5-9"``), ``"0"`` for none, ``None`` where n itself is shown."""
    if n >= EXACT_FROM:
        return None
    return next((f"{low}-{high}" for low, high in _BANDS if low <= n <= high), "0")


def open_band(n: int) -> str:
    """Return the band in which an open wave's answers are counted: ``"1-4"``, …, from 20 on ``"40+"``."""
    return n_band(n) or f"{n // EXACT_FROM * EXACT_FROM}+"


def n_low(n: int) -> int:
    """Return the n that a reader can be sure of: n itself, or the lower end of its band."""
    return int(n) if n >= EXACT_FROM else next((low for low, high in _BANDS if low <= n <= high), 0)


def share_cap(n: int, colluders: int) -> float:
    """Return the lowest share that is shown as it is; 1 minus it is the highest. NaN where none could be.

    Whatever is below is shown as this value, "at most": at least ``colluders`` + 1 answers may be behind it,
    so that ``colluders`` people who compare notes can't infer that nobody else answered so. Never below 5 %
    under n = 100.
    """
    step = share_step(n)
    least = math.ceil((colluders + 1) / max(n_low(n), 1) / step - 1e-9) * step
    cap = round(max(least, 0.05 if n < FINE_FROM else 0.0), 2)
    return cap if cap < 0.5 else math.nan


def share_step(n: int) -> float:
    """Return the steps in which shares are shown: 1 point from n = 100 on, 5 from 20 on, else 10."""
    return 0.01 if n >= FINE_FROM else 0.05 if n >= EXACT_FROM else 0.1


def share(p: float, n: int, colluders: int) -> float:
    """Round a share (0–1) of answers to its step, within its caps; NaN for a group too small for any."""
    cap = share_cap(n, colluders)
    if math.isnan(p) or math.isnan(cap):
        return math.nan
    return min(max(rate(p, n), cap), round(1 - cap, 2))


def rate(p: float, n: int) -> float:
    """Round a share to its step: a share of people as it is shown, one of answers before its caps."""
    step = share_step(n)
    return round(_nearest(p / step) * step, 2)


def spread_of(shares: NDArray[np.float64], n_items: int) -> float:
    """Return :func:`engage.measure.share_spread` of a whole wave, rounded up to 0.05; 1 below n = 100.

    It widens or narrows the intervals of all groups of the wave alike, and tells no more of the answers.
    """
    if len(shares) < FINE_FROM:
        return 1.0
    return min(round(math.ceil(share_spread(shares, n_items) / 0.05 - 1e-9) * 0.05, 2), 1.0)


def share_interval(released: float, n: int, colluders: int, spread: float) -> tuple[float, float]:
    """Return the Wilson 95 % interval from the released share, n and :func:`spread_of`, rounded outwards.

    The people that a share is the mean of count for n / ``spread`` yes or no answers. A capped share has an
    interval that reaches to the end.
    """
    if math.isnan(released):
        return math.nan, math.nan
    sure, cap, step = n_low(n) / spread, share_cap(n, colluders), share_step(n)
    interval = wilson_interval(released * sure, sure)
    low = 0.0 if released <= cap else max(math.floor(interval.low / step + 1e-9) * step, 0.0)
    high = 1.0 if released >= 1 - cap - 1e-9 else min(math.ceil(interval.high / step - 1e-9) * step, 1.0)
    return round(low, 2), round(high, 2)


def _nearest(steps: float) -> int:
    """Round to a whole number, and ties alike in whatever order the answers were summed."""
    return round(round(steps, 6))


def score(value: float, n: int, *, in_points: bool) -> float:
    """Round a mean to its step."""
    step = score_step(n, in_points=in_points)
    return round(_nearest(value / step) * step, 1)


def score_step(n: int, *, in_points: bool) -> float:
    """Return the steps in which means are shown: 0.1 on an answer scale.

    Scores ``in_points`` (eNPS, −100 to 100) are shown to 1 point from n = 100 on, else to 5.
    """
    if not in_points:
        return 0.1
    return 1.0 if n >= FINE_FROM else 5.0


def p_band(p: float) -> float:
    """Return the upper end of a p-value's band: .001, .01, .05, .1 or 1."""
    if pd.isna(p):
        return math.nan
    return next((edge for edge in _P_BANDS if p <= edge), 1.0)


def sum_noise(n: NDArray[np.float64], measure: Measure) -> NDArray[np.float64]:
    """Return how much rounding hides of a released sum over n answers, in variances of one answer.

    A value shown in steps h leaves n·h / s sums to choose from, where one answer takes steps s (a whole one,
    at the least): the variance of a uniform choice, ((n·h)² − s²) / 12, and none where there is no choice.
    One answer's standard deviation is taken as a quarter of the range (half, for a share).
    """
    sizes = n.astype(int).tolist()
    if measure.share_of:
        step = np.array([share_step(k) for k in sizes])
        one, spread = 1.0, 0.5
    else:
        step = np.array([score_step(k, in_points=measure.in_points) for k in sizes])
        one, spread = (100.0 if measure.in_points else 1.0), (measure.most - measure.least) / 4
    return np.asarray(np.maximum((n * step) ** 2 - one**2, 0.0) / 12 / spread**2)
