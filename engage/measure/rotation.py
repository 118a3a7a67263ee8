"""Turn factors so that each item loads on few of them."""

import math
from itertools import combinations
from typing import Final, Literal

import numpy as np

from engage.errors import TooLittleData
from engage.measure.answers import FloatArray

Rotation = Literal["varimax", "oblimin", "none"]

_ROUNDS: Final = 5000
_SETTLED: Final = 1e-9


def rotate(loadings: FloatArray, rotation: Rotation) -> tuple[FloatArray, FloatArray]:
    """Return rotated loadings (k, m) and the correlations of the factors (m, m).

    ``"varimax"`` (Kaiser 1958) maximises the variance of squared loadings over factors that stay
    uncorrelated, items scaled to equal communality first; ``"oblimin"`` with γ = 0 (Jennrich & Sampson 1966)
    minimises Σ_{p<q} Σ_i λ_ip²λ_iq² over correlated factors. Varimax turns pairs of factors by the best
    angle; oblimin goes on from it by gradient projection (Bernaards & Jennrich 2005). Factors are ordered by
    the variance they explain and turned to load positively in sum.
    Raises ``TooLittleData`` if the rotation does not settle.
    R: ``stats::varimax(L)``; ``GPArotation::oblimin(L)``.
    """
    factors = loadings.shape[1]
    turned, correlation = loadings, np.eye(factors)
    if rotation != "none" and factors > 1:
        # An item without any common part has no direction to scale.
        length = np.sqrt(np.maximum((loadings**2).sum(axis=1, keepdims=True), 1e-12))
        turned = loadings @ _orthogonal(loadings / length)
        if rotation == "oblimin":
            turn = _oblique(turned)
            turned, correlation = turned @ np.linalg.inv(turn).T, turn.T @ turn
    order = np.argsort(-np.diag(correlation @ turned.T @ turned), kind="stable")
    turned, correlation = turned[:, order], correlation[np.ix_(order, order)]
    sign = np.where(turned.sum(axis=0) < 0, -1.0, 1.0)
    return turned * sign, correlation * np.outer(sign, sign)


def _orthogonal(loadings: FloatArray) -> FloatArray:
    """Return the orthogonal matrix that maximises varimax, turning pairs of factors by the best angle."""
    k, m = loadings.shape
    turned, turn = loadings.copy(), np.eye(m)
    for _ in range(_ROUNDS):
        widest = 0.0
        for pair in combinations(range(m), 2):
            x, y = turned[:, pair[0]], turned[:, pair[1]]
            u, v = x**2 - y**2, 2 * x * y
            across = 2 * (u @ v - u.sum() * v.sum() / k)
            along = u @ u - v @ v - (u.sum() ** 2 - v.sum() ** 2) / k
            angle = math.atan2(across, along) / 4
            plane = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
            turned[:, pair], turn[:, pair] = turned[:, pair] @ plane, turn[:, pair] @ plane
            widest = max(widest, abs(angle))
        if widest < _SETTLED:
            return turn
    raise TooLittleData("measure.not_settled")


def _oblique(loadings: FloatArray) -> FloatArray:
    """Return T with unit columns such that L(T')⁻¹ minimises oblimin with γ = 0."""
    turn = np.eye(loadings.shape[1])
    step = 1.0
    turned = loadings @ np.linalg.inv(turn).T
    value, gradient = _quartimin(turned)
    for _ in range(_ROUNDS):
        slope = -(turned.T @ gradient @ np.linalg.inv(turn)).T
        projected = slope - turn * (turn * slope).sum(axis=0)
        size = float(np.sqrt((projected**2).sum()))
        if size < _SETTLED:
            return turn
        step *= 2
        for _halving in range(60):
            tried = turn - step * projected
            tried /= np.sqrt((tried**2).sum(axis=0))
            candidate = loadings @ np.linalg.inv(tried).T
            found, slope_there = _quartimin(candidate)
            if found < value - 0.5 * size**2 * step:
                break
            step /= 2
        else:
            # Rounding hides any further descent.
            return turn
        turn, turned, value, gradient = tried, candidate, found, slope_there
    raise TooLittleData("measure.not_settled")


def _quartimin(loadings: FloatArray) -> tuple[float, FloatArray]:
    """Return the criterion, Σ over ordered pairs of factors divided by 4, and its gradient."""
    squares = loadings**2
    others = squares.sum(axis=1, keepdims=True) - squares
    return float((squares * others).sum() / 4), loadings * others
