"""Proportional odds: a logit for outcomes in ordered levels."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from engage.errors import TooLittleData
from engage.model.design import FloatArray, IntArray
from engage.model.estimators import LARGEST_ERROR, cluster_sums, cr1, expit

_MAX_STEPS: Final = 100
_EXTREME_LOG_ODDS: Final = 30.0
# A Newton step that gains less log-likelihood than this is taken as the last: the next would gain its square.
_SETTLED: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class OrderedFit:
    """``coefficients`` (p,) then ``cuts`` (K−1,) between K levels; ``covariance`` of both in that order;
    ``log_likelihood`` and that of the levels' shares alone.
    """

    coefficients: FloatArray
    cuts: FloatArray
    covariance: FloatArray
    log_likelihood: float
    null_log_likelihood: float


@dataclass(frozen=True, slots=True, eq=False)
class _Slopes:
    """Of each row's log-likelihood, derivatives by its upper and lower end (n,)."""

    value: FloatArray
    upper: FloatArray
    lower: FloatArray
    upper_upper: FloatArray
    lower_lower: FloatArray
    both: FloatArray


def ordered_logit(levels: IntArray, x: FloatArray, clusters: IntArray | None = None) -> OrderedFit:
    """Fit logit P(Y ≤ k) = ζ_k − x'β by Newton's method; ``levels`` (n,) of 0..K−1, ``x`` (n, p) scaled.

    Without clusters the errors are from the observed information (R: ``summary(MASS::polr(y ~ x, Hess =
    TRUE))``); with clusters the sandwich of summed scores times G/(G−1)·(n−1)/(n−q), q parameters in all.
    The log-likelihood is concave, so the maximum found is the only one.

    Raises ``TooLittleData`` if the columns separate the levels.
    """
    n, p = x.shape
    share = np.bincount(levels) / n
    below = np.cumsum(share)[:-1]
    parameters = np.concatenate([np.zeros(p), np.log(below / (1 - below))])
    upper, lower = _jacobians(levels, x, len(below))
    slopes = _slopes(levels, x, parameters)
    null = float(slopes.value.sum())
    for _ in range(_MAX_STEPS):
        score = (slopes.upper @ upper) + (slopes.lower @ lower)
        information = _information(slopes, upper, lower)
        step = np.linalg.lstsq(information, score, rcond=None)[0]
        if float(score @ step) < _SETTLED:
            parameters = parameters + step
            slopes = _slopes(levels, x, parameters)
            break
        for _ in range(40):
            trial = parameters + step
            if (np.diff(trial[p:]) > 0).all():
                following = _slopes(levels, x, trial)
                if following.value.sum() >= slopes.value.sum():
                    break
            step = step / 2
        parameters, slopes = trial, following
        if np.abs(x @ parameters[:p]).max() > _EXTREME_LOG_ODDS:
            raise TooLittleData("model.separated")
    else:
        raise TooLittleData("model.separated")
    information = _information(slopes, upper, lower)
    if np.linalg.eigvalsh(information)[0] < 1 / LARGEST_ERROR**2:
        raise TooLittleData("model.separated")
    bread = np.asarray(np.linalg.inv(information), dtype=float)
    covariance = bread
    if clusters is not None:
        scores = slopes.upper[:, None] * upper + slopes.lower[:, None] * lower
        half = cluster_sums(scores, clusters) @ bread
        covariance = cr1(len(half), n, len(parameters)) * half.T @ half
    return OrderedFit(parameters[:p], parameters[p:], covariance, float(slopes.value.sum()), null)


def _jacobians(levels: IntArray, x: FloatArray, cuts: int) -> tuple[FloatArray, FloatArray]:
    """Return how each row's upper and lower end move with the parameters; no cut, no move."""
    at = np.arange(cuts)
    upper, lower = levels[:, None] == at, levels[:, None] - 1 == at
    has_upper, has_lower = upper.any(axis=1), lower.any(axis=1)
    return np.hstack([-x * has_upper[:, None], upper]), np.hstack([-x * has_lower[:, None], lower])


def _slopes(levels: IntArray, x: FloatArray, parameters: FloatArray) -> _Slopes:
    """log P(row) = log F(u) + log F(−l) + log(1 − e^(l−u)), F logistic, u and l the ends of its level."""
    p = x.shape[1]
    cuts = np.concatenate([[-np.inf], parameters[p:], [np.inf]])
    at = x @ parameters[:p]
    u, low = cuts[levels + 1] - at, cuts[levels] - at
    ratio = 1 / np.expm1(np.minimum(u - low, 700.0))
    ratio[np.isinf(u - low)] = 0.0
    above, below = expit(-u), expit(low)
    value = -np.logaddexp(0, -u) - np.logaddexp(0, low) + np.log1p(-np.exp(low - u))
    bend = ratio * (1 + ratio)
    return _Slopes(
        value=value,
        upper=above + ratio,
        lower=-below - ratio,
        upper_upper=-above * (1 - above) - bend,
        lower_lower=-below * (1 - below) - bend,
        both=bend,
    )


def _information(slopes: _Slopes, upper: FloatArray, lower: FloatArray) -> FloatArray:
    mixed = (upper * slopes.both[:, None]).T @ lower
    return np.asarray(
        -(
            (upper * slopes.upper_upper[:, None]).T @ upper
            + (lower * slopes.lower_lower[:, None]).T @ lower
            + mixed
            + mixed.T
        ),
        dtype=float,
    )
