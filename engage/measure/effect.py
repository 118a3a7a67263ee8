"""Differences of two means: Welch's interval, Hedges' g, and people who answered both times."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from engage.measure.answers import FloatArray

Verdict = Literal["higher", "lower", "no_reliable_difference", "untestable"]


@dataclass(frozen=True, slots=True)
class Moments:
    """A sample by its size, mean and variance (divisor n − 1); two values at least."""

    n: int
    mean: float
    var: float

    @classmethod
    def of(cls, values: FloatArray) -> "Moments":
        """Return the moments of ``values`` (n,)."""
        return cls(len(values), float(values.mean()), float(values.var(ddof=1)))


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference of means in the unit of the score, with its test against 0."""

    difference: float
    std_error: float
    ci_low: float
    ci_high: float
    df: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Standardised:
    """Hedges' g, a difference in pooled standard deviations, with its interval."""

    g: float
    g_low: float
    g_high: float


def verdict(difference: float, p_value: float, level: float) -> Verdict:
    """Return whether a difference can be told from 0 by a p-value below 1 − ``level``.

    A p-value that is missing, because nobody's score differs from anybody's, makes it untestable.
    """
    if math.isnan(p_value):
        return "untestable"
    if not p_value < 1 - level:
        return "no_reliable_difference"
    return "higher" if difference > 0 else "lower"


def t_interval(difference: float, variance: float, df: float, level: float) -> Difference:
    """Return the t interval and test of a difference whose estimate has this variance (not 0) and df."""
    from scipy.special import stdtr, stdtrit

    std_error = math.sqrt(variance)
    reach = float(stdtrit(df, (1 + level) / 2)) * std_error
    p_value = 2 * float(stdtr(df, -abs(difference) / std_error))
    return Difference(difference, std_error, difference - reach, difference + reach, df, p_value)


def welch(x: FloatArray, y: FloatArray, level: float) -> Difference:
    """Return mean(x) − mean(y) without assuming equal spreads; both need two values.

    R: ``t.test(x, y)``.
    """
    return overlapping(x, y, 0, 0.0, level)


def overlapping(x: FloatArray, y: FloatArray, linked: int, r: float, level: float) -> Difference:
    """Return mean(x) − mean(y) where ``linked`` people are in both, their two scores correlating ``r``.

    See :func:`overlapping_from`, which takes the moments of the two samples.
    """
    return overlapping_from(Moments.of(x), Moments.of(y), linked, r, level)


def overlapping_from(x: Moments, y: Moments, linked: int, r: float, level: float) -> Difference:
    """Return the difference of two means of which ``linked`` people are in both, correlating ``r``.

    Var = s_x²/n_x + s_y²/n_y − 2·c·r·s_x·s_y/(n_x·n_y) for c linked people; df = c − 1 +
    (γ − c + 1)/(n_x + n_y)·(number in one sample only), γ Welch's df. It is Welch's test if nobody is linked
    and the paired t test if everybody is. All but the difference is NaN where the variance is 0.
    Source: Derrick, Russ, Toher & White (2017), J. Mod. Appl. Stat. Methods 16.
    R: ``Partiallyoverlapping::Partover.test(var.equal = FALSE)``.
    """
    vx, vy = x.var / x.n, y.var / y.n
    variance = vx + vy - 2 * linked * r * math.sqrt(vx * vy / (x.n * y.n))
    if variance <= 1e-12 * (vx + vy):
        return Difference(x.mean - y.mean, *(5 * [math.nan]))
    df = (vx + vy) ** 2 / (vx**2 / (x.n - 1) + vy**2 / (y.n - 1))
    if linked:
        df = linked - 1 + (df - linked + 1) / (x.n + y.n) * (x.n + y.n - 2 * linked)
    return t_interval(x.mean - y.mean, variance, df, level)


def hedges_g(x: FloatArray, y: FloatArray, level: float) -> Standardised:
    """Return (mean(x) − mean(y))/s · J, s the pooled standard deviation, J = Γ(f/2)/(√(f/2)·Γ((f−1)/2)).

    f = n_x + n_y − 2. The interval turns the noncentral t distribution round and is scaled by J, too; it
    assumes equal spreads. NaN where s is 0. R: ``effectsize::hedges_g(x, y)``.
    """
    return hedges_from(Moments.of(x), Moments.of(y), level)


def hedges_from(x: Moments, y: Moments, level: float) -> Standardised:
    """Return Hedges' g of two samples by their moments; see :func:`hedges_g`."""
    f = x.n + y.n - 2
    pooled = math.sqrt(((x.n - 1) * x.var + (y.n - 1) * y.var) / f)
    if pooled == 0:
        return Standardised(math.nan, math.nan, math.nan)
    unit = math.sqrt(1 / x.n + 1 / y.n)
    small = math.exp(math.lgamma(f / 2) - math.lgamma((f - 1) / 2)) / math.sqrt(f / 2)
    d = (x.mean - y.mean) / pooled
    low, high = (small * unit * _noncentrality(d / unit, f, p) for p in ((1 + level) / 2, (1 - level) / 2))
    return Standardised(small * d, low, high)


def _noncentrality(t: float, df: int, probability: float) -> float:
    """Return the noncentrality δ under which T ≤ t has this probability.

    P(T ≤ t) = E Φ(t·S − δ), S = √(χ²_df/df), integrated by Gauss–Legendre; SciPy's noncentral t is NaN for
    some arguments.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr

    nodes, weights = _nodes()
    reach = 10 / math.sqrt(2 * df)
    low, high = max(0.0, 1 - reach), 1 + reach
    s = low + (high - low) * (nodes + 1) / 2
    log_density = (df - 1) * np.log(s) - df * s**2 / 2
    density = weights * np.exp(log_density - log_density.max())
    density /= density.sum()
    ends = sorted((t * low, t * high))
    return float(brentq(lambda d: density @ ndtr(t * s - d) - probability, ends[0] - 10, ends[1] + 10))


@cache
def _nodes() -> tuple[FloatArray, FloatArray]:
    return np.polynomial.legendre.leggauss(256)


def correlation(x: FloatArray, y: FloatArray) -> float:
    """Return Pearson's correlation of two paired columns, 0 where there are no two pairs or no spread."""
    if len(x) < 2:
        return 0.0
    x, y = x - x.mean(), y - y.mean()
    scale = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / scale if scale > 0 else 0.0
