"""A random intercept per group, by restricted maximum likelihood from group sums."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from engage.model.design import FloatArray, IntArray

# Search of the variance ratio (between groups to within) on the log scale.
_LOWEST: Final = -18.0
_HIGHEST: Final = 14.0


@dataclass(frozen=True, slots=True, eq=False)
class MixedFit:
    """``coefficients`` (p,), their ``covariance``, variances between groups and within (``residual``), and
    the restricted ``log_likelihood``.
    """

    coefficients: FloatArray
    covariance: FloatArray
    between: float
    residual: float
    log_likelihood: float


@dataclass(frozen=True, slots=True, eq=False)
class GroupSums:
    """All that the likelihood needs of the rows, however many they are.

    ``products`` (p+1, p+1) of the columns and the outcome, last; ``sizes`` (s,) distinct group sizes, with
    ``groups`` (s,) of each and ``sums`` (s, p+1, p+1): Σ over groups of that size of the outer product of the
    group's column sums.
    """

    n: int
    products: FloatArray
    sizes: FloatArray
    groups: FloatArray
    sums: FloatArray


def group_sums(y: FloatArray, x: FloatArray, groups: IntArray) -> GroupSums:
    """Return the sums of ``y`` (n,) and ``x`` (n, p) that a random intercept per group needs; one pass."""
    table = np.column_stack([x, y])
    count = int(groups.max()) + 1
    totals = np.column_stack([np.bincount(groups, weights=column, minlength=count) for column in table.T])
    sizes, which, of_size = np.unique(np.bincount(groups), return_inverse=True, return_counts=True)
    sums = np.empty((len(sizes), table.shape[1], table.shape[1]))
    for s in range(len(sizes)):
        part = totals[which == s]
        sums[s] = part.T @ part
    return GroupSums(len(y), table.T @ table, sizes.astype(float), of_size.astype(float), sums)


def random_intercept(sums: GroupSums) -> MixedFit:
    """Fit y = x'β + u_group + e, u ~ N(0, τ²), e ~ N(0, σ²), by restricted maximum likelihood.

    With ratio ρ = τ²/σ², a group of m has V⁻¹ = (I − ρ/(1+mρ)·11')/σ², so every term is a product of sums.
    β and σ² are profiled out; ρ is searched in one dimension and may be 0. The cost after
    :func:`group_sums` does not grow with rows, only with the number of distinct group sizes.
    R: ``lme4::lmer(y ~ x + (1 | group))``.
    """
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log_ratio: _deviance(sums, float(np.exp(log_ratio))),
        bounds=(_LOWEST, _HIGHEST),
        method="bounded",
        options={"xatol": 1e-9},
    )
    ratio = float(np.exp(found.x)) if found.fun < _deviance(sums, 0.0) else 0.0
    left, right, rest = _profile(sums, ratio)
    p = len(right)
    residual = rest / (sums.n - p)
    return MixedFit(
        coefficients=np.asarray(np.linalg.solve(left, right), dtype=float),
        covariance=np.asarray(residual * np.linalg.inv(left), dtype=float),
        between=ratio * residual,
        residual=residual,
        log_likelihood=-0.5 * _deviance(sums, ratio),
    )


def _profile(sums: GroupSums, ratio: float) -> tuple[FloatArray, FloatArray, float]:
    """Return X'V⁻¹X, X'V⁻¹y and the residual sum of squares in V⁻¹, all times σ²."""
    shrink = ratio / (1 + sums.sizes * ratio)
    weighted = sums.products - np.einsum("s,sij->ij", shrink, sums.sums)
    left, right = weighted[:-1, :-1], weighted[:-1, -1]
    return left, right, float(weighted[-1, -1] - right @ np.linalg.solve(left, right))


def _deviance(sums: GroupSums, ratio: float) -> float:
    """Return −2 × the restricted log-likelihood at the ratio, as lme4 counts it."""
    left, right, rest = _profile(sums, ratio)
    df = sums.n - len(right)
    spread = float(sums.groups @ np.log1p(sums.sizes * ratio))
    return float(df * (1 + np.log(2 * np.pi * rest / df)) + spread + np.linalg.slogdet(left)[1])
