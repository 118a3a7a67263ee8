"""The wild cluster bootstrap: tests and intervals of least squares with few clusters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from engage.model.design import FloatArray, IntArray
from engage.model.estimators import cluster_sums, cr1, t_quantile

Weights = Literal["rademacher", "webb"]

_RADEMACHER: Final = np.array([-1.0, 1.0])
_WEBB: Final = np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)])
# Statistics this close are the same one, summed in another order.
_TIE: Final = 1e-9
_STEPS: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class WildBootstrap:
    """Two-sided ``p_value`` of each coefficient being 0, and the interval of values not refuted, all (p,)."""

    p_value: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Test:
    """One coefficient's test as a function of the value b supposed: everything is linear in b.

    ``scores`` (2, G) and ``spread`` (2, G, G) for the outcome and for the column; the statistic of weights v
    is scores·v / √(cr1·|spread v|²).
    """

    scores: FloatArray
    spread: FloatArray
    factor: float

    def statistic(self, value: float, weights: FloatArray) -> FloatArray:
        """Return |t| for every column of ``weights`` (G, b)."""
        scores = self.scores[0] - value * self.scores[1]
        spread = (self.spread[0] - value * self.spread[1]) @ weights
        return np.asarray(
            np.abs(scores @ weights) / np.sqrt(self.factor * np.einsum("gb,gb->b", spread, spread))
        )

    def p_value(self, value: float, weights: FloatArray) -> float:
        """Return the share of draws at least as far out as the data (all weights 1) are."""
        seen = self.statistic(value, np.ones((len(weights), 1)))[0]
        return float((self.statistic(value, weights) >= seen * (1 - _TIE)).mean())


def wild_bootstrap(
    y: FloatArray,
    x: FloatArray,
    clusters: IntArray,
    *,
    draws: int = 9999,
    weights: Weights = "webb",
    seed: int = 0,
    level: float = 0.95,
    only: Sequence[int] = (),
) -> WildBootstrap:
    """Return wild cluster bootstrap tests of coefficients (``only`` some) of ``y`` (n,) on ``x`` (n, p).

    For each coefficient the model is fitted with it held at the value tested; each cluster's residuals are
    multiplied by one random weight, and |t|, with CR1 errors, is compared with that of the data (Cameron,
    Gelbach & Miller 2008, "WCR"; by cluster sums as in Roodman et al. 2019). ``"rademacher"``: ±1, all 2^G
    combinations where those are no more than ``draws``; ``"webb"``: six points. The interval holds the values
    not refuted at 1 − ``level``, found by bisection. Ties count as further out, so that p is never 0 under
    enumeration (R leaves them out).
    R: ``fwildclusterboot::boottest(fit, param, clustid, B, type, impose_null = TRUE)``.
    """
    v = _weights(int(clusters.max()) + 1, draws, weights, np.random.default_rng(seed))
    found = [_interval(*_test(y, x, clusters, j), v, 1 - level) for j in only or range(x.shape[1])]
    p_value, low, high = np.array(found).T
    return WildBootstrap(p_value, low, high)


def sup_t(
    sums: FloatArray, df: float, level: float, *, draws: int = 9999, weights: Weights = "webb", seed: int = 0
) -> float:
    """Return how many standard errors an interval of all K estimates at once reaches to either side.

    ``sums`` (G, K): what each cluster adds to each estimate. Each draw multiplies every cluster's row by one
    random weight; the quantile over draws of the largest |sum| / standard error is widened by t(df) over
    normal, for few clusters, and is never below t(df)'s own (the multiplier bootstrap of Callaway & Sant'Anna
    2021, which takes Mammen's weights). R: ``did::att_gt(cband = TRUE)``, its ``crit.val``.
    """
    alone = t_quantile((1 + level) / 2, df)
    errors = np.sqrt((sums**2).sum(axis=0))
    if draws < 1 or not (errors > 0).any():
        return alone
    v = _weights(len(sums), draws, weights, np.random.default_rng(seed))
    largest = np.abs(v.T @ (sums[:, errors > 0] / errors[errors > 0])).max(axis=1)
    together = float(np.quantile(largest, level)) * alone / t_quantile((1 + level) / 2, np.inf)
    return max(together, alone)


def _weights(groups: int, draws: int, weights: Weights, rng: np.random.Generator) -> FloatArray:
    """Return (G, draws) weights."""
    if weights == "rademacher" and 2.0**groups <= draws:
        bits = np.arange(2**groups)[None, :] >> np.arange(groups)[:, None] & 1
        return np.asarray(_RADEMACHER[bits], dtype=float)
    values = _RADEMACHER if weights == "rademacher" else _WEBB
    return np.asarray(rng.choice(values, size=(groups, draws)), dtype=float)


def _test(y: FloatArray, x: FloatArray, clusters: IntArray, j: int) -> tuple[_Test, float, float]:
    """Return the test of coefficient j, its estimate and CR1 standard error."""
    n, p = x.shape
    bread = np.linalg.inv(x.T @ x)
    others = np.delete(x, j, axis=1)
    # Residuals with coefficient j held at b: those of y less b times those of the column.
    targets = np.column_stack([y, x[:, j]])
    left = targets - others @ np.linalg.lstsq(others, targets, rcond=None)[0]
    pull = x @ bread[j]
    scores = cluster_sums(pull[:, None] * left, clusters).T
    outer = cluster_sums(pull[:, None] * x, clusters) @ bread
    spread = np.stack(
        [np.diag(scores[k]) - outer @ cluster_sums(x * left[:, k, None], clusters).T for k in range(2)]
    )
    factor = cr1(scores.shape[1], n, p)
    estimate = float(pull @ y)
    own = cluster_sums((pull * (y - x @ (bread @ (x.T @ y))))[:, None], clusters)
    return _Test(scores, spread, factor), estimate, float(np.sqrt(factor * (own**2).sum()))


def _interval(
    test: _Test, estimate: float, std_error: float, weights: FloatArray, alpha: float
) -> tuple[float, float, float]:
    ends = []
    for side in (-1.0, 1.0):
        inside, step = estimate, std_error
        while test.p_value(estimate + side * step, weights) > alpha and step < 1e6 * std_error:
            inside, step = estimate + side * step, 2 * step
        outside = estimate + side * step
        for _ in range(_STEPS):
            middle = (inside + outside) / 2
            if test.p_value(middle, weights) > alpha:
                inside = middle
            else:
                outside = middle
        ends.append(inside)
    return test.p_value(0.0, weights), ends[0], ends[1]
