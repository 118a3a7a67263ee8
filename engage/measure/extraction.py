"""Extract common factors from a correlation matrix: least squares (minres) or maximum likelihood."""

from typing import Final, Literal

import numpy as np

from engage.errors import TooLittleData
from engage.measure.answers import FloatArray

Extraction = Literal["minres", "ml"]

# The floor that R's factanal and psych::fa put under a uniqueness.
LOWEST_UNIQUENESS: Final = 0.005


def extract(correlation: FloatArray, factors: int, method: Extraction) -> tuple[FloatArray, FloatArray]:
    """Return unrotated loadings (k, m) and uniquenesses (k,) of a correlation matrix (k, k).

    Both methods search over the uniquenesses Ψ alone, since the best loadings follow from them:
    ``"minres"`` minimises ½Σ_{j>m} θ_j², θ the descending eigenvalues of R − Ψ, which leaves the least sum of
    squared residual correlations (Harman & Jones 1966); ``"ml"`` minimises Σ_{j>m} (θ_j − log θ_j − 1), θ
    those of Ψ^−½RΨ^−½ (Jöreskog 1967). Uniquenesses stay within [.005, 1]. Each factor's loadings have a
    positive sum.

    Raises ``TooLittleData`` if the correlation matrix is singular or the search does not settle.
    R: ``psych::fa(r, m, fm = "minres", rotate = "none")``; ``factanal(covmat = , rotation = "none")``.
    """
    from scipy.optimize import minimize

    if np.linalg.eigvalsh(correlation)[0] < 1e-10:
        raise TooLittleData("measure.singular")
    start = (1 - 0.5 * factors / len(correlation)) / np.diag(np.linalg.inv(correlation))
    step = _least_squares if method == "minres" else _likelihood

    # By logarithms, because the likelihood is steep where a uniqueness is small.
    def slope(logs: FloatArray) -> tuple[float, FloatArray]:
        value, gradient, _ = step(correlation, np.exp(logs), factors)
        return value, gradient * np.exp(logs)

    floor = np.log(LOWEST_UNIQUENESS)
    found = minimize(
        slope,
        np.log(np.clip(start, LOWEST_UNIQUENESS, 1)),
        jac=True,
        method="L-BFGS-B",
        bounds=[(floor, 0)] * len(correlation),
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 2000, "maxcor": 25},
    )
    inside = (found.x > floor) & (found.x < 0)
    if np.abs(slope(found.x)[1][inside]).max(initial=0) > 1e-4:
        raise TooLittleData("measure.not_settled")
    uniqueness = np.exp(found.x)
    loadings = step(correlation, uniqueness, factors)[2]
    return loadings * np.where(loadings.sum(axis=0) < 0, -1.0, 1.0), uniqueness


def _least_squares(r: FloatArray, psi: FloatArray, factors: int) -> tuple[float, FloatArray, FloatArray]:
    """Return the value at Ψ, its gradient and the best loadings."""
    values, vectors = np.linalg.eigh(r - np.diag(psi))
    rest, kept = values[:-factors], slice(-1, -factors - 1, -1)
    gradient = -(vectors[:, :-factors] ** 2) @ rest
    loadings = vectors[:, kept] * np.sqrt(np.maximum(values[kept], 0))
    return float(0.5 * (rest**2).sum()), gradient, loadings


def _likelihood(r: FloatArray, psi: FloatArray, factors: int) -> tuple[float, FloatArray, FloatArray]:
    """Return the value at Ψ, its gradient and the best loadings."""
    root = np.sqrt(psi)
    values, vectors = np.linalg.eigh(r / np.outer(root, root))
    rest, kept = values[:-factors], slice(-1, -factors - 1, -1)
    loadings = root[:, None] * vectors[:, kept] * np.sqrt(np.maximum(values[kept] - 1, 0))
    gradient = (np.diag(loadings @ loadings.T) + psi - np.diag(r)) / psi**2
    return float((rest - np.log(rest) - 1).sum()), gradient, loadings
