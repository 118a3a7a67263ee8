"""Intervals for shares."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from engage.errors import InputError, TooLittleData, UsageError


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval; both ends are in the unit of the quantity it belongs to."""

    low: float
    high: float


def check_level(level: float) -> None:
    """Raise ``UsageError`` unless 0 < ``level`` < 1."""
    if not 0 < level < 1:
        raise UsageError("model.bad_level", level=level)


def normal_quantile(level: float) -> float:
    """Return z such that a standard normal lies in ±z with probability ``level``.

    Raises ``UsageError`` unless 0 < ``level`` < 1.
    """
    check_level(level)
    return NormalDist().inv_cdf((1 + level) / 2)


def wilson_interval(k: float, n: float, level: float = 0.95) -> Interval:
    """Return Wilson's score interval for a share.

    With p = k/n and z the normal quantile: centre (p + z²/2n)/(1 + z²/n), half width
    z·sqrt(p(1−p)/n + z²/4n²)/(1 + z²/n). No continuity correction.

    ``k`` successes of ``n``; ``k`` need not be whole (a mean of persons' shares times n). Ends are shares in
    0..1, exactly 0 for k = 0 and exactly 1 for k = n.
    Raises ``TooLittleData`` for n = 0 and ``UsageError`` for k outside 0..n or a level outside (0, 1).
    Source: Wilson (1927), JASA 22. R: ``prop.test(k, n, correct = FALSE)$conf.int``.
    """
    z = normal_quantile(level)
    if n == 0:
        raise TooLittleData("model.no_answers")
    if not 0 <= k <= n:
        raise UsageError("model.bad_share", k=k, n=n)
    return _score_interval(k / n, n, z)


def difference_interval(k1: float, n1: float, k2: float, n2: float, level: float = 0.95) -> Interval:
    """Return Newcombe's interval for the difference of two shares, k1/n1 − k2/n2 of separate people or cases.

    From both Wilson intervals (l1, u1), (l2, u2): the difference minus sqrt((p1 − l1)² + (u2 − p2)²), and
    plus sqrt((u1 − p1)² + (p2 − l2)²). Raises as :func:`wilson_interval`.
    Source: Newcombe (1998), Stat. Med. 17, 873–890, method 10.
    R: ``DescTools::BinomDiffCI(k1, n1, k2, n2, method = "score")``.
    """
    one, two = wilson_interval(k1, n1, level), wilson_interval(k2, n2, level)
    p1, p2 = k1 / n1, k2 / n2
    down, up = math.hypot(p1 - one.low, two.high - p2), math.hypot(one.high - p1, p2 - two.low)
    return Interval(p1 - p2 - down, p1 - p2 + up)


def share_spread(shares: Iterable[float], n_items: int) -> float:
    """Return by how much less people's shares of several items vary than yes or no does, 0..1.

    s²/(p(1 − p)), s² the variance of the shares (denominator n) and p their mean, kept in 1/``n_items``
    (items that have nothing in common) to 1 (people answer all items alike, or there is only one).
    ``shares``: 0–1, one per person; missing ones are left out. 1 where everybody's share is 0, or is 1.
    Raises ``UsageError`` for fewer than one item, ``InputError`` for a share outside 0–1.
    """
    if n_items < 1:
        raise UsageError("measure.too_few_items", items=n_items, needed=1)
    values = _shares(shares)
    most = float(values.mean() * (1 - values.mean())) if len(values) else 0.0
    return min(max(float(values.var()) / most, 1 / n_items), 1.0) if most > 0 else 1.0


def favourable_interval(shares: Iterable[float], *, n_items: int, level: float = 0.95) -> Interval:
    """Return the interval of a group's favourable share on a scale of ``n_items`` items.

    ``shares``: one per person, as of :func:`engage.measure.favourable_share`; the group's share is their
    mean. Wilson's interval with n divided by :func:`share_spread` and, for more than one item, the quantile
    of t(n − 1) for that of the normal, since the spread is estimated. For one item it is Wilson's own.
    Missing shares are left out. Raises ``TooLittleData`` without two people (one, for one item), else as
    :func:`share_spread`.
    R: ``binom::binom.wilson(p * m, m, conf.level)`` with m = n/spread, at the level whose z is that of t.
    """
    from scipy.special import stdtrit

    z = normal_quantile(level)
    values = _shares(shares)
    n = len(values)
    if n < min(n_items, 2):
        raise TooLittleData("model.no_answers")
    quantile = z if n_items == 1 else float(stdtrit(n - 1, (1 + level) / 2))
    return _score_interval(float(values.mean()), n / share_spread(values, n_items), quantile)


def _shares(shares: Iterable[float]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    values = np.asarray(pd.Series(list(shares), dtype="Float64").dropna(), dtype=np.float64)
    outside = int(np.count_nonzero((values < 0) | (values > 1)))
    if outside:
        raise InputError("model.out_of_range", count=outside, minimum=0, maximum=1)
    return values


def _score_interval(share: float, n: float, z: float) -> Interval:
    widening = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / widening
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / widening
    # Rounding error must not push an end past its bound when nobody, or everybody, agrees.
    return Interval(low=0.0 if share == 0 else centre - half, high=1.0 if share == 1 else centre + half)
