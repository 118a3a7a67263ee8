"""Intervals for shares."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from engage.errors import TooLittleData, UsageError


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
    share = k / n
    widening = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / widening
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / widening
    # Rounding error must not push an end past its bound when nobody, or everybody, agrees.
    return Interval(low=0.0 if k == 0 else centre - half, high=1.0 if k == n else centre + half)
