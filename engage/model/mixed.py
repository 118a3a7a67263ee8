"""A random intercept per group, by restricted maximum likelihood from group sums."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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

    def only(self, columns: Sequence[int]) -> "GroupSums":
        """Return the sums of some columns and the outcome."""
        keep = [*columns, len(self.products) - 1]
        return replace(self, products=self.products[np.ix_(keep, keep)], sums=self.sums[:, keep][:, :, keep])


def group_sums(y: FloatArray, x: FloatArray, groups: IntArray) -> GroupSums:
    """Return the sums of ``y`` (n,) and ``x`` (n, p) that a random intercept per group needs; one pass."""
    table = np.column_stack([x, y])
    sizes = np.asarray(np.bincount(groups), dtype=np.intp)
    totals: FloatArray = np.column_stack([np.bincount(groups, weights=c) for c in table.T]).astype(float)
    return sums_by_size(sizes, totals, table.T @ table)


def sums_by_size(sizes: IntArray, totals: FloatArray, products: FloatArray) -> GroupSums:
    """Return the sums of groups of ``sizes`` (G,), given column ``totals`` (G, p+1) and all ``products``."""
    distinct, which, of_size = np.unique(sizes, return_inverse=True, return_counts=True)
    parts = np.split(totals[np.argsort(which, kind="stable")], np.cumsum(of_size)[:-1])
    sums = np.stack([part.T @ part for part in parts])
    return GroupSums(int(sizes.sum()), products, distinct.astype(float), of_size.astype(float), sums)


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
    return profile(sums.products - np.einsum("s,sij->ij", shrink, sums.sums))


def _deviance(sums: GroupSums, ratio: float) -> float:
    spread = float(sums.groups @ np.log1p(sums.sizes * ratio))
    return restricted_deviance(*_profile(sums, ratio), spread, sums.n)


def profile(weighted: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Split products in V⁻¹ of columns and outcome: X'V⁻¹X, X'V⁻¹y, and the residual sum of squares."""
    left, right = weighted[:-1, :-1], weighted[:-1, -1]
    return left, right, float(weighted[-1, -1] - right @ np.linalg.solve(left, right))


def restricted_deviance(left: FloatArray, right: FloatArray, rest: float, spread: float, n: int) -> float:
    """Return −2 × the restricted log-likelihood, as lme4 counts it; ``spread`` is log |V/σ²|."""
    df = n - len(right)
    return float(df * (1 + np.log(2 * np.pi * rest / df)) + spread + np.linalg.slogdet(left)[1])
