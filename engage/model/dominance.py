"""Shares of explained variance from a covariance matrix: LMG (Shapley) and relative weights, batched.

The leading dimensions of a covariance, ``(…, p+1, p+1)`` with the outcome last, are resamples; they cost
little more than one when the arrays of several fit into the processor's cache.
"""

import math
from functools import lru_cache
from typing import Final

import numpy as np

from engage.errors import UsageError
from engage.model.design import FloatArray

MAX_EXACT_DRIVERS: Final = 20

# Numbers held at the widest level of the tree, for all resamples of a chunk together: 4 MB of doubles.
_CHUNK: Final = 2**19
# A driver with less of its own variance left than this adds nothing that could be told from rounding.
_NO_VARIANCE: Final = 1e-12


def lmg_from_moments(covariance: FloatArray) -> FloatArray:
    """Return each driver's LMG importance, ``(…, p+1, p+1)`` → ``(…, p)``; it sums to R².

    LMG_j = Σ over sets S of other drivers of |S|!(p−|S|−1)!/p! · (R²(S ∪ j) − R²(S)): the mean gain in R²
    over all orders of entry (Lindeman, Merenda & Gold 1980), alias Shapley value, alias general dominance.

    The outcome is the last row and column. Only ratios matter: a covariance, a correlation matrix or centred
    cross-products give the same. All 2^p residual variances come from one tree: for each driver in turn both
    branches are kept, "out" (drop its row and column) and "in" (sweep it out of the others), so the
    matrices shrink by one at each step while their number doubles.

    Raises ``UsageError`` above ``MAX_EXACT_DRIVERS`` drivers. R: ``relaimpo::calc.relimp(type = "lmg")``.
    """
    scaled, lead = _correlations(covariance)
    p = scaled.shape[-1] - 1
    if p > MAX_EXACT_DRIVERS:
        raise UsageError("model.too_many_drivers", drivers=p, limit=MAX_EXACT_DRIVERS)
    matrices = scaled.transpose(1, 2, 0)
    peak = max((p + 1 - step) ** 2 << step for step in range(1, p + 1))
    size = max(1, min(_CHUNK // peak, len(scaled)))
    buffers = (np.empty(peak * size), np.empty(peak * size), np.empty(peak * size))
    result = np.empty((p, len(scaled)))
    for start in range(0, len(scaled), size):
        chunk = matrices[:, :, start : start + size]
        result[:, start : start + size] = _dominance(_residual_variances(chunk, buffers), p)
    return np.asarray(result.T.reshape(*lead, p), dtype=float)


def relative_weights_from_moments(covariance: FloatArray) -> FloatArray:
    """Return each driver's relative weight (Johnson 2000), ``(…, p+1, p+1)`` → ``(…, p)``; it sums to R².

    With R = VΛ²V' the drivers' correlations, the drivers are replaced by their nearest orthogonal
    counterparts; ε_j = Σ_k (VΛV')²_jk · β²_k, β = (VΛV')⁻¹ r the outcome's coefficients on those. The outcome
    is the last row and column. R: ``rwa::rwa``, ``iopsych::relWt``.
    """
    scaled, lead = _correlations(covariance)
    values, vectors = np.linalg.eigh(scaled[:, :-1, :-1])
    root = np.sqrt(np.maximum(values, 0))
    inverse = np.divide(1, root, out=np.zeros_like(root), where=root > math.sqrt(_NO_VARIANCE))
    rotated = np.einsum("bkj,bk->bj", vectors, scaled[:, :-1, -1])
    beta = np.einsum("bjk,bk->bj", vectors, inverse * rotated)
    loadings = np.einsum("bik,bk,bjk->bij", vectors, root, vectors)
    weights = np.einsum("bij,bj->bi", loadings**2, beta**2)
    return np.asarray(weights.reshape(*lead, weights.shape[-1]), dtype=float)


def sweep_out(covariance: FloatArray, count: int) -> FloatArray:
    """Return the covariance of what is left of the other columns once the first ``count`` are held equal.

    ``(…, q, q)`` → ``(…, q−count, q−count)``: the Schur complement, one pivot at a time.
    """
    swept = covariance
    floors = _NO_VARIANCE * np.diagonal(covariance, axis1=-2, axis2=-1)
    for step in range(count):
        pivot = np.maximum(swept[..., :1, :1], floors[..., step][..., None, None])
        column = swept[..., 1:, :1]
        ratio = np.divide(column, pivot, out=np.zeros_like(column), where=pivot > 0)
        swept = swept[..., 1:, 1:] - ratio * np.swapaxes(column, -1, -2)
    return swept


def _correlations(covariance: FloatArray) -> tuple[FloatArray, tuple[int, ...]]:
    """Return ``(batch, q, q)`` correlations (0 for a constant column) and the leading shape."""
    flat = covariance.reshape(-1, *covariance.shape[-2:])
    spread = np.sqrt(np.diagonal(flat, axis1=1, axis2=2))
    scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
    return flat * scale[:, :, None] * scale[:, None, :], covariance.shape[:-2]


def _residual_variances(
    matrices: FloatArray, buffers: tuple[FloatArray, FloatArray, FloatArray]
) -> FloatArray:
    """Return the outcome's residual variance given each set, ``(p+1, p+1, batch)`` → ``(2^p, batch)``.

    Row S has bit j set where driver j is in the set. Two buffers take turns; fresh arrays would cost more
    in page faults than the arithmetic does. Division is by no less than ``_NO_VARIANCE``: what it divides is
    then as small (Cauchy–Schwarz), so a driver made of the others adds nothing.
    """
    d, _, batch = matrices.shape
    current, k, turn = matrices, batch, 0
    while d > 1:
        d -= 1
        pivot, column = current[0, 0], current[0, 1:]
        ratio = np.divide(column, np.maximum(pivot, _NO_VARIANCE), out=buffers[2][: d * k].reshape(d, k))
        both = buffers[turn][: 2 * d * d * k].reshape(d, d, 2 * k)
        both[:, :, :k] = current[1:, 1:]
        swept = both[:, :, k:]
        np.multiply(column[:, None], ratio[None], out=swept)
        np.subtract(current[1:, 1:], swept, out=swept)
        current, k, turn = both, 2 * k, 1 - turn
    return np.asarray(current[0, 0].reshape(-1, batch), dtype=float)


def _dominance(residual: FloatArray, p: int) -> FloatArray:
    """Return ``(p, batch)`` LMG values from ``(2^p, batch)`` residual variances.

    Gains counted from the sets without j, losses from those with it:
    Σ_{S∌j} w(|S|)v(S) − Σ_{S∋j} w(|S|−1)v(S) = Σ_S w(|S|)v(S) − Σ_{S∋j} [w(|S|) + w(|S|−1)]v(S). The sums
    over S∋j come from the highest bit down, adding the upper half onto the lower after reading it.
    """
    gain, both = _set_weights(p)
    total = gain @ residual
    folded = both[:, None] * residual
    result = np.empty((p, residual.shape[1]))
    for driver in range(p - 1, -1, -1):
        upper = folded[1 << driver :]
        result[driver] = total - upper.sum(axis=0)
        folded = folded[: 1 << driver] + upper
    return result


@lru_cache(maxsize=4)
def _set_weights(p: int) -> tuple[FloatArray, FloatArray]:
    """Return w(|S|) and w(|S|) + w(|S|−1) for all 2^p sets, w(s) = s!(p−s−1)!/p!, zero outside 0..p−1."""
    by_size = [math.factorial(s) * math.factorial(p - s - 1) / math.factorial(p) for s in range(p)]
    gain = np.array([*by_size, 0.0])
    sizes = np.bitwise_count(np.arange(1 << p, dtype=np.uint32))
    return gain[sizes], (gain + np.array([0.0, *by_size]))[sizes]
