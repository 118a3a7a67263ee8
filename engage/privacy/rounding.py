"""How coarse released numbers are. Each number is rounded once, here; intervals come from released values."""

import math
from typing import Final

import pandas as pd

from engage.measure import wilson_interval

EXACT_FROM: Final = 20
"""From this many people on, n is shown; below, only its band."""
FINE_FROM: Final = 100
"""From this many people on, shares are shown to one point; below, to five, and capped at 5 and 95 %."""

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


def share(p: float, n: int) -> float:
    """Round a share (0–1): to 1 point from n = 100 on, else to 5 points between 5 and 95 %."""
    if math.isnan(p):
        return math.nan
    if n >= FINE_FROM:
        return round(p, 2)
    return min(max(round(p * 20) / 20, 0.05), 0.95)


def share_interval(released: float, n: int) -> tuple[float, float]:
    """Return the Wilson 95 % interval from the released share and the released n, rounded outwards.

    For a scale of several items this is conservative: the variance of a mean of shares in 0–1 is at most
    that of a single yes/no answer with the same mean.
    """
    if math.isnan(released):
        return math.nan, math.nan
    sure = n_low(n)
    interval = wilson_interval(released * sure, sure)
    step = 100 if n >= FINE_FROM else 20
    low, high = interval.low * step, interval.high * step
    return max(math.floor(low + 1e-9) / step, 0.0), min(math.ceil(high - 1e-9) / step, 1.0)


def points(value: float, n: int) -> float:
    """Round a score in points (eNPS, −100 to 100): to 1 point from n = 100 on, else to 5."""
    return round(value) if n >= FINE_FROM else 5.0 * round(value / 5)


def p_band(p: float) -> float:
    """Return the upper end of a p-value's band: .001, .01, .05, .1 or 1."""
    if pd.isna(p):
        return math.nan
    return next((edge for edge in _P_BANDS if p <= edge), 1.0)
