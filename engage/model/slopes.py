"""Intercepts and slopes that differ by group, by restricted maximum likelihood from group products."""

from dataclasses import dataclass

import numpy as np

from engage.model.design import FloatArray, IntArray
from engage.model.mixed import MixedFit, profile, restricted_deviance


@dataclass(frozen=True, slots=True, eq=False)
class _Products:
    """``whole`` (p+1, p+1) of columns and outcome; of each group ``own`` (G, q, q) of its random columns and
    ``cross`` (G, q, p+1) of these with columns and outcome.
    """

    n: int
    whole: FloatArray
    own: FloatArray
    cross: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class SlopesFit:
    """The fixed part, its ``between`` the variance of intercepts, and ``random`` (q, q), the covariance of
    intercepts and slopes.
    """

    fixed: MixedFit
    random: FloatArray


def random_slopes(y: FloatArray, x: FloatArray, z: FloatArray, groups: IntArray) -> SlopesFit:
    """Fit y = x'β + z'u_group + e, u ~ N(0, Σ), e ~ N(0, σ²), by restricted maximum likelihood.

    ``y`` (n,), ``x`` (n, p) and ``z`` (n, q) with their ones, scaled; Σ any covariance. With Σ/σ² = ΛΛ', Λ
    lower triangular, a group adds log |I + Λ'Z'ZΛ| and takes Z'x and Z'y as products alone; β and σ² are
    profiled out, Λ is searched. R: ``lme4::lmer(y ~ x + (z | group))``.
    """
    from scipy.optimize import minimize

    products = _products(y, x, z, groups)
    q = z.shape[1]
    lower = np.tril_indices(q)
    on_diagonal = lower[0] == lower[1]
    found = minimize(
        lambda theta: _deviance(products, _triangle(theta, q)),
        on_diagonal.astype(float),
        method="L-BFGS-B",
        jac="3-point",
        bounds=[(0.0, None) if diagonal else (None, None) for diagonal in on_diagonal],
        options={"ftol": 1e-15, "gtol": 1e-8},
    )
    factor = _triangle(found.x, q)
    weighted, _ = _weighted(products, factor)
    left, right, rest = profile(weighted)
    residual = rest / (products.n - len(right))
    random = np.asarray(residual * factor @ factor.T, dtype=float)
    fixed = MixedFit(
        coefficients=np.asarray(np.linalg.solve(left, right), dtype=float),
        covariance=np.asarray(residual * np.linalg.inv(left), dtype=float),
        between=float(random[0, 0]),
        residual=residual,
        log_likelihood=-0.5 * float(found.fun),
    )
    return SlopesFit(fixed, random)


def _products(y: FloatArray, x: FloatArray, z: FloatArray, groups: IntArray) -> _Products:
    table = np.column_stack([x, y])
    starts = np.concatenate([[0], np.cumsum(np.bincount(groups))[:-1]])
    order = np.argsort(groups, kind="stable")
    z, table = z[order], table[order]

    def by_group(other: FloatArray) -> FloatArray:
        sums = [np.add.reduceat(column[:, None] * other, starts, axis=0) for column in z.T]
        return np.stack(sums, axis=1)

    return _Products(len(y), table.T @ table, by_group(z), by_group(table))


def _triangle(theta: FloatArray, q: int) -> FloatArray:
    factor = np.zeros((q, q))
    factor[np.tril_indices(q)] = theta
    return factor


def _weighted(products: _Products, factor: FloatArray) -> tuple[FloatArray, float]:
    """Return the products of columns and outcome in V⁻¹, times σ², and log |V/σ²|."""
    inner = np.eye(len(factor)) + factor.T @ products.own @ factor
    root = np.linalg.cholesky(inner)
    half = np.linalg.solve(root, factor.T @ products.cross)
    spread = 2 * float(np.log(np.diagonal(root, axis1=1, axis2=2)).sum())
    return products.whole - np.einsum("gqi,gqj->ij", half, half), spread


def _deviance(products: _Products, factor: FloatArray) -> float:
    weighted, spread = _weighted(products, factor)
    return restricted_deviance(*profile(weighted), spread, products.n)
