"""Least squares, logit and shares on arrays, with the standard errors that survey data need."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from engage.errors import TooLittleData
from engage.model.design import FloatArray, IntArray

_MAX_STEPS: Final = 50
# Log-odds this far out mean a fitted probability of 1e-7: time to ask whether the outcome is separated.
_EXTREME_LOG_ODDS: Final = 16.0
# A standard error this large, on scaled columns, means a likelihood that is still rising: no finite estimate.
LARGEST_ERROR: Final = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A fitted model: ``coefficients`` (p,), their ``covariance`` (p, p), the degrees of freedom of their
    t distribution (infinite: normal), fit and fit adjusted for the number of terms.
    """

    coefficients: FloatArray
    covariance: FloatArray
    df: float
    r_squared: float
    r_squared_adjusted: float


def ols(
    y: FloatArray, x: FloatArray, clusters: IntArray | None = None, *, jackknife: bool = False
) -> Estimate:
    """Fit least squares; ``y`` (n,), ``x`` (n, p) with its column of ones.

    Without clusters HC3: (X'X)⁻¹ X' diag(e²/(1−h)²) X (X'X)⁻¹, t with n−p degrees of freedom (R:
    ``lmtest::coeftest(fit, sandwich::vcovHC(fit, "HC3"))``). With clusters CR1: the scores summed within
    clusters, times G/(G−1)·(n−1)/(n−p), t with G−1 (Stata's ``vce(cluster)``; R:
    ``sandwich::vcovCL(fit, ~g)``), or with ``jackknife`` CR3: (G−1)/G·Σ (b₋g − b)(b₋g − b)', b₋g without
    cluster g (R: ``vcovCL(fit, ~g, type = "HC3")``, but for its factor).

    Raises ``TooLittleData`` if a coefficient rests on a single row (leverage 1), where HC3 is undefined.
    """
    n, p = x.shape
    q, r = np.linalg.qr(x)
    coefficients = np.linalg.solve(r, q.T @ y)
    residuals = y - x @ coefficients
    r_inverse = np.linalg.inv(r)
    if clusters is None:
        room = 1 - np.einsum("ij,ij->i", q, q)
        if room.min() < 1e-10:
            raise TooLittleData("model.single_row", count=int((room < 1e-10).sum()))
        scores = q * (residuals / room)[:, None]
        scale, df = 1.0, float(n - p)
    else:
        scores = cluster_sums(q * residuals[:, None], clusters)
        scale, df = cr1(len(scores), n, p), float(len(scores) - 1)
    # (X'X)⁻¹X' = R⁻¹Q', so the sandwich needs no explicit bread.
    half = scores @ r_inverse.T
    if clusters is not None and jackknife:
        half, scale = left_out(x, np.ones(n), x * residuals[:, None], clusters), df / (df + 1)
    unexplained = float(residuals @ residuals) / float(((y - y.mean()) ** 2).sum())
    return Estimate(
        coefficients=coefficients,
        covariance=scale * half.T @ half,
        df=df,
        r_squared=1 - unexplained,
        r_squared_adjusted=1 - unexplained * (n - 1) / (n - p),
    )


def logit(
    y: FloatArray, x: FloatArray, clusters: IntArray | None = None, *, jackknife: bool = False
) -> Estimate:
    """Fit a logistic regression by Newton's method; ``y`` (n,) of 0 and 1, ``x`` (n, p) with its ones.

    Without clusters the errors are model-based (R: ``summary(glm(…, binomial))``). With clusters the sandwich
    of scores summed within clusters, times G/(G−1)·(n−1)/(n−p): statsmodels' default convention. Both use
    the normal distribution. With ``jackknife`` clusters are left out one by one, by one Newton step each, as
    for :func:`ols`, and t(G−1) is used: for columns that are the same for a whole cluster. Fit is McFadden's
    1 − ℓ/ℓ₀, adjusted 1 − (ℓ − p)/ℓ₀.

    ``x`` should be centred and scaled. Raises ``TooLittleData`` if the columns separate the outcome.
    """
    n, p = x.shape
    coefficients, converged = newton_logit(y, x)
    if not converged or np.abs(x @ coefficients).max() > _EXTREME_LOG_ODDS:
        _refuse_separation(y, x)
    probability = expit(x @ coefficients)
    ones = np.ones(n)
    bread = np.asarray(np.linalg.inv(_information(x, probability, ones)), dtype=float)
    covariance, df = bread, float("inf")
    if clusters is not None:
        scores = x * (y - probability)[:, None]
        half = cluster_sums(scores, clusters) @ bread
        covariance = cr1(len(half), n, p) * half.T @ half
        if jackknife:
            half, df = left_out(x, probability * (1 - probability), scores, clusters), float(len(half) - 1)
            covariance = df / (df + 1) * half.T @ half
    fitted, null = _log_likelihood(y, x @ coefficients, ones), n * _entropy(float(y.mean()))
    return Estimate(
        coefficients=coefficients,
        covariance=covariance,
        df=df,
        r_squared=1 - fitted / null,
        r_squared_adjusted=1 - (fitted - p) / null,
    )


def binomial(
    share: FloatArray, trials: FloatArray, x: FloatArray, clusters: IntArray | None = None
) -> tuple[Estimate, float]:
    """Fit log-odds of shares of ``trials`` (n,), beside it the dispersion; ``x`` (n, p) with its ones.

    Shares of one team or month vary more than coin tosses would. Without clusters errors are those of the
    binomial times the root of the dispersion, Pearson's Σ trials·(y−π)²/(π(1−π))/(n−p), and t(n−p) is used
    (R: ``glm(y ~ x, quasibinomial, weights = trials)``); with clusters the sandwich with its CR1 factor and
    t(G−1). Fit is by deviance (Cameron & Windmeijer 1997). Raises ``TooLittleData`` under separation.
    """
    n, p = x.shape
    weights = trials / trials.mean()
    coefficients, converged = newton_logit(share, x, weights)
    if not converged:
        raise TooLittleData("model.separated")
    expected = expit(x @ coefficients)
    bread = np.asarray(np.linalg.inv(_information(x, expected, weights)), dtype=float)
    pearson = weights * (share - expected) ** 2 / (expected * (1 - expected))
    dispersion = float(pearson.sum()) / (n - p)
    covariance, df = dispersion * bread, float(n - p)
    if clusters is not None:
        half = cluster_sums(x * (weights * (share - expected))[:, None], clusters) @ bread
        covariance, df = cr1(len(half), n, p) * half.T @ half, float(len(half) - 1)
    mean = np.full(n, np.average(share, weights=weights))
    left = _deviance(share, expected, weights) / _deviance(share, mean, weights)
    fitted = Estimate(coefficients, covariance, df, 1 - left, 1 - left * (n - 1) / (n - p))
    return fitted, dispersion * float(trials.mean())


def _deviance(share: FloatArray, expected: FloatArray, weights: FloatArray) -> float:
    from scipy.special import xlogy

    hit = xlogy(share, share) - xlogy(share, expected)
    missed = xlogy(1 - share, 1 - share) - xlogy(1 - share, 1 - expected)
    return float(2 * weights @ (hit + missed))


def newton_logit(y: FloatArray, x: FloatArray, weights: FloatArray | None = None) -> tuple[FloatArray, bool]:
    """Return the maximum-likelihood coefficients (p,) and whether the search came to rest.

    ``y`` are 0 and 1, or shares of ``weights`` (n,). Each Newton step is halved until the likelihood does not
    fall. Under separation the coefficients grow without bound and the search stops where the likelihood no
    longer changes, or after 50 steps.
    """
    coefficients = np.zeros(x.shape[1])
    weights = np.ones(len(y)) if weights is None else weights
    likelihood = _log_likelihood(y, x @ coefficients, weights)
    for _ in range(_MAX_STEPS):
        probability = expit(x @ coefficients)
        gradient = x.T @ (weights * (y - probability))
        step = np.linalg.lstsq(_information(x, probability, weights), gradient, rcond=None)[0]
        gain = float(gradient @ step)
        if gain < 1e-20 * len(y):
            return coefficients, True
        for _ in range(30):
            trial = _log_likelihood(y, x @ (coefficients + step), weights)
            if trial >= likelihood:
                break
            step = step / 2
        else:
            # No step climbs any more: the gradient is down to rounding error, or the data are separated.
            return coefficients, gain < 1e-8
        coefficients, likelihood = coefficients + step, trial
    return coefficients, False


def expit(log_odds: FloatArray) -> FloatArray:
    """Return the logistic function 1/(1 + e⁻ˣ) without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * log_odds)), dtype=float)


def _information(x: FloatArray, probability: FloatArray, weights: FloatArray) -> FloatArray:
    return np.asarray(x.T @ (x * (weights * probability * (1 - probability))[:, None]), dtype=float)


def _log_likelihood(y: FloatArray, log_odds: FloatArray, weights: FloatArray) -> float:
    return float(weights @ (y * log_odds - np.logaddexp(0, log_odds)))


def _entropy(share: float) -> float:
    return share * math.log(share) + (1 - share) * math.log1p(-share)


def t_quantile(probability: float, df: float) -> float:
    """Return the quantile of the t distribution, of the normal at infinite ``df``."""
    from scipy.special import ndtri, stdtrit

    return float(ndtri(probability) if np.isinf(df) else stdtrit(df, probability))


def two_sided(statistic: FloatArray, df: float) -> FloatArray:
    """Return two-sided p-values of t statistics, of normal ones at infinite ``df``."""
    from scipy.special import ndtr, stdtr

    tail = -np.abs(statistic)
    return np.asarray(2 * (ndtr(tail) if np.isinf(df) else stdtr(df, tail)), dtype=float)


def cluster_sums(scores: FloatArray, clusters: IntArray) -> FloatArray:
    """Return (G, p): rows of ``scores`` (n, p) summed within clusters 0..G−1."""
    sums = np.zeros((int(clusters.max()) + 1, scores.shape[1]))
    np.add.at(sums, clusters, scores)
    return sums


def left_out(x: FloatArray, weights: FloatArray, scores: FloatArray, clusters: IntArray) -> FloatArray:
    """Return (G, p): how far coefficients move when a cluster is left out, one Newton step from the estimate.

    ``x`` (n, p) with ``weights`` (n,) of the information, ``scores`` (n, p). A coefficient that rests on one
    cluster alone does not move with it, and its error is too small.
    """
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.diff(clusters[order], prepend=-1))[1:]
    parts = zip(np.split(x[order], starts), np.split(weights[order], starts), strict=True)
    own = np.stack([part.T @ (part * w[:, None]) for part, w in parts])
    without = np.linalg.pinv(own.sum(axis=0) - own, hermitian=True)
    moved = -np.einsum("gij,gj->gi", without, cluster_sums(scores, clusters))
    return np.asarray(moved, dtype=float)


def cr1(groups: int, n: int, p: int) -> float:
    """Return G/(G−1)·(n−1)/(n−p), the small-sample factor of cluster-robust errors."""
    return groups / (groups - 1) * (n - 1) / (n - p)


def _refuse_separation(y: FloatArray, x: FloatArray) -> None:
    """Raise ``TooLittleData`` if some combination of columns never disagrees with the outcome (Konis 2007).

    A linear programme seeks b with (2y−1)·Xb ≥ 0 in every row and > 0 in some: then the likelihood rises for
    ever along b and no finite estimate exists.
    """
    from scipy.optimize import linprog

    signed = x * (2 * y - 1)[:, None]
    found = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(y)), bounds=(-1, 1), method="highs")
    if found.status != 0 or -found.fun > 1e-6:
        raise TooLittleData("model.separated")
