"""Which units' shares lie beyond what chance and the usual differences between units explain: a funnel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engage.errors import TooLittleData, UsageError
from engage.measure.answers import FloatArray
from engage.measure.display import as_html
from engage.words import say

Spread = Literal["additive", "multiplicative", "none"]
Standing = Literal["far_below", "below", "within", "above", "far_above"]

WARNING: Final = 0.95
ALARM: Final = 0.998
"""Limits that one unit in 20, and one in 500, is beyond by chance."""
FEW_UNITS: Final = 5
"""Below this many units how much they differ anyway can't be estimated."""
WINSORISED: Final = 0.1
_NORMAL_LEFT: Final = 0.6786546


@dataclass(frozen=True, slots=True, eq=False)
class Funnel:
    """Shares of units beside the limits at their size; all arrays have one entry per unit, as given.

    ``n`` and ``events`` are counts, ``share`` = events/n. ``low`` and ``high`` are the 95 % limits,
    ``far_low`` and ``far_high`` the 99.8 % limits, ``standing`` where each share lies. ``target`` is that
    of all units together. ``dispersion`` is the winsorised mean of squared z-scores (1: chance alone);
    ``rho`` the part of a single event's variance that lies between units (of the additive model, else 0).
    """

    units: tuple[object, ...]
    n: NDArray[np.int64]
    events: NDArray[np.int64]
    share: FloatArray
    z: FloatArray
    low: FloatArray
    high: FloatArray
    far_low: FloatArray
    far_high: FloatArray
    standing: tuple[Standing, ...]
    target: float
    dispersion: float
    rho: float
    spread: Spread

    def tidy(self) -> pd.DataFrame:
        """Return one row per unit: unit, n, events, share, z, the four limits, standing."""
        names = ("n", "events", "share", "z", "low", "high", "far_low", "far_high")
        columns: dict[str, object] = {name: getattr(self, name) for name in names}
        return pd.DataFrame({"unit": list(self.units), **columns, "standing": list(self.standing)})

    def limits(self, n: Sequence[int]) -> pd.DataFrame:
        """Return the limits at other sizes, to draw the funnel: n, low, high, far_low, far_high."""
        sizes = np.asarray(n, dtype=np.int64)
        return pd.DataFrame({"n": sizes, **_limits(self.target, sizes, self.dispersion, self.rho)})

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), say("measure.funnel", target=f"{self.target:.3f}", rho=f"{self.rho:.4f}"))


def funnel(
    events: Sequence[int],
    n: Sequence[int],
    *,
    units: Sequence[object] | None = None,
    spread: Spread = "additive",
) -> Funnel:
    """Return a funnel of shares: each unit's own beside control limits at its size.

    With θ the share of all units together, z = (y − θ)/sqrt(θ(1 − θ)/n). Units differ for reasons of their
    own as well, so limits of chance alone would be crossed by too many. The dispersion φ is the mean of z²
    after the lowest and highest tenth of z are set to their quantiles (winsorised, lest the unit that is
    looked for widens its own limits), divided by .6787, what that leaves of a normal variance (the source
    does not divide, and so has limits that are too narrow).

    - ``"additive"`` (random effects): units' true shares vary around θ with the variance ρθ(1 − θ), so that
      z² is 1 + (n − 1)ρ on average; ρ = max(0, (Iφ − (I − 1))/Σ(n − 1)) over I units. Limits are quantiles of
      the beta-binomial distribution, of the binomial for ρ = 0.
    - ``"multiplicative"``: distances of the exact binomial limits from θ times sqrt(max(φ, 1)).
    - ``"none"``: exact binomial limits.

    Exact limits are interpolated: (r − a)/n, r the smallest count with P(R ≤ r) ≥ p, and
    a = (P(R ≤ r) − p)/P(R = r); the upper ones in the same way from the other end, on n − R, so that a share
    beyond a limit is always one that rarely comes by chance (from one end, 100 % of a small unit would be).

    ``events``, ``n``: counts, one per unit; units with n = 0 are not allowed. With fewer than five units φ is
    1. Raises ``TooLittleData`` for no unit, ``UsageError`` for counts that are no counts, different lengths,
    or an unknown spread.
    Source: Spiegelhalter (2005), Stat. Med. 24, 1185–1202, but for the beta-binomial quantiles and .6787.
    R: ``FunnelPlotR::funnel_plot`` draws like limits on an arcsine scale.
    """
    if spread not in ("additive", "multiplicative", "none"):
        raise UsageError("measure.bad_spread", spread=spread)
    k, sizes = whole_counts(events, n)
    called = tuple(units) if units is not None else tuple(range(len(sizes)))
    if len(called) != len(sizes):
        raise UsageError("measure.different_lengths", first=len(called), second=len(sizes))
    target = float(k.sum() / sizes.sum())
    share = k / sizes
    chance = np.sqrt(target * (1 - target) / sizes)
    z = np.divide(share - target, chance, out=np.zeros(len(k)), where=chance > 0)
    dispersion = dispersion_of(z) if spread != "none" and len(k) >= FEW_UNITS else 1.0
    rho = 0.0
    if spread == "additive":
        excess = len(k) * dispersion - (len(k) - 1)
        rho = (
            min(max(excess / max(float((sizes - 1).sum()), 1.0), 0.0), 0.999) if len(k) >= FEW_UNITS else 0.0
        )
    widened = dispersion if spread == "multiplicative" else 1.0
    limits = _limits(target, sizes, widened, rho)
    return Funnel(
        units=called, n=sizes, events=k, share=share, z=z, **limits, standing=_standing(share, limits),
        target=target, dispersion=dispersion, rho=rho, spread=spread,
    )  # fmt: skip


def dispersion_of(z: FloatArray) -> float:
    """Return the winsorised mean square of z-scores over what winsorising leaves of a normal variance."""
    ends = np.quantile(z, [WINSORISED, 1 - WINSORISED])
    return float((np.clip(z, *ends) ** 2).mean() / _NORMAL_LEFT)


def exact_limits(target: float, n: NDArray[np.int64], p: float, rho: float = 0.0) -> FloatArray:
    """Return the interpolated quantile ``p`` of a share at each size: beta-binomial, binomial for ρ = 0."""
    return np.array([_quantile(target, int(size), p, rho) for size in n])


def _quantile(target: float, n: int, p: float, rho: float) -> float:
    if target in (0.0, 1.0):
        return target
    mass = _masses(target, n, rho)
    below = np.cumsum(mass)
    r = min(int(np.searchsorted(below, p)), n)
    part = (float(below[r]) - p) / float(mass[r]) if mass[r] > 0 else 0.0
    return min(max((r - part) / n, 0.0), 1.0)


def _masses(target: float, n: int, rho: float) -> FloatArray:
    """Return P(R = 0), …, P(R = n)."""
    from scipy.special import betaln, gammaln

    k = np.arange(n + 1)
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    if rho <= 0:
        return np.asarray(np.exp(ways + k * np.log(target) + (n - k) * np.log1p(-target)))
    a, b = target * (1 / rho - 1), (1 - target) * (1 / rho - 1)
    return np.asarray(np.exp(ways + betaln(k + a, n - k + b) - betaln(a, b)))


def _limits(target: float, n: NDArray[np.int64], widened: float, rho: float) -> dict[str, FloatArray]:
    found = {}
    for name, level, side in (
        ("low", WARNING, -1), ("high", WARNING, 1), ("far_low", ALARM, -1), ("far_high", ALARM, 1),
    ):  # fmt: skip
        tail = (1 - level) / 2
        exact = exact_limits(target, n, tail, rho) if side < 0 else 1 - exact_limits(1 - target, n, tail, rho)
        found[name] = np.clip(target + (exact - target) * np.sqrt(max(widened, 1.0)), 0.0, 1.0)
    return found


def _standing(share: FloatArray, limits: dict[str, FloatArray]) -> tuple[Standing, ...]:
    found: list[Standing] = []
    for place, one in enumerate(share):
        if one < limits["far_low"][place]:
            found.append("far_below")
        elif one < limits["low"][place]:
            found.append("below")
        elif one > limits["far_high"][place]:
            found.append("far_above")
        else:
            found.append("above" if one > limits["high"][place] else "within")
    return tuple(found)


def whole_counts(events: Sequence[int], n: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return counts as arrays; raises ``UsageError`` unless 0 ≤ events ≤ n and n ≥ 1, all whole."""
    k, sizes = np.asarray(events), np.asarray(n)
    if len(k) != len(sizes):
        raise UsageError("measure.different_lengths", first=len(k), second=len(sizes))
    if not len(k):
        raise TooLittleData("model.no_answers")
    whole = all(np.array_equal(one, np.round(one.astype(float))) for one in (k, sizes))
    if not whole or (sizes < 1).any() or (k < 0).any() or (k > sizes).any():
        raise UsageError("measure.bad_counts")
    return k.astype(np.int64), sizes.astype(np.int64)
