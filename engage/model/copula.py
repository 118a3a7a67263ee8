"""What two answer scales do to a straight relation between the traits behind them.

Each answer is taken as the step function of a standard normal trait that has the answers' own shares, and
two traits as jointly normal with correlation ρ (a Gaussian copula with the observed margins). For functions
f and g of two answers, with h_k the Hermite polynomials of unit norm, Mehler's expansion gives

    cov(f, g) = Σ_{k≥1} ρᵏ f_k g_k,   f_k = E[f(Z) h_k(Z)] = Σ_steps (jump of f at t) h_{k−1}(t) φ(t) / √k.

So covariances under the copula are sums, without simulation or integration.
"""

from typing import Final

import numpy as np

from engage.model.design import FloatArray

# ρ^40 of 0.9 is 0.015, and step functions' coefficients fall with k^(-3/4) besides.
TERMS: Final = 40
MAX_CORRELATION: Final = 0.97
# A level that a resample lacks has a threshold far out instead of at infinity; its jump then weighs nothing.
_SMALLEST_SHARE: Final = 1e-12
_POWERS: Final = np.arange(1, TERMS + 1)


def hermite_steps(shares: FloatArray) -> FloatArray:
    """Return ``(…, L−1, TERMS)``: h_{k−1}(t)·φ(t)/√k at the thresholds of levels with ``shares`` (…, L)."""
    from scipy.special import ndtri

    below = np.cumsum(shares, axis=-1)[..., :-1]
    t = ndtri(np.clip(below, _SMALLEST_SHARE, 1 - _SMALLEST_SHARE))
    density = np.exp(-0.5 * t**2) / np.sqrt(2 * np.pi)
    return np.asarray(_hermite(t)[..., :-1] * density[..., None] / np.sqrt(_POWERS), dtype=float)


def _hermite(z: FloatArray) -> FloatArray:
    """Return ``(…, TERMS + 1)``: h_0(z), h_1(z), …"""
    values = np.empty((*z.shape, TERMS + 1))
    before, now = np.zeros_like(z), np.ones_like(z)
    for k in range(TERMS + 1):
        values[..., k] = now
        before, now = now, (z * now - np.sqrt(k) * before) / np.sqrt(k + 1)
    return values


def value_coefficients(functions: FloatArray, values: FloatArray, shares: FloatArray) -> FloatArray:
    """Return ``(…, F, TERMS)``: cov(f, h_k) over the answers themselves, taken as the trait.

    ``values`` (L,) are standardised by the mean and spread they have under ``shares`` (…, L). For an outcome
    that is a step function of ρ·value + normal noise, :func:`expected_covariance` of these with the outcome's
    coefficients is exact.
    """
    mean = shares @ values
    spread = np.sqrt(shares @ values**2 - mean**2)
    hermite = _hermite((values - mean[..., None]) / spread[..., None])[..., 1:]
    centred = functions - (shares @ functions.T)[..., None]
    return np.asarray((centred * shares[..., None, :]) @ hermite, dtype=float)


def coefficients(functions: FloatArray, steps: FloatArray) -> FloatArray:
    """Return ``(…, F, TERMS)`` Hermite coefficients of ``functions`` (F, L) of the levels."""
    return np.asarray(np.diff(functions, axis=-1) @ steps, dtype=float)


def expected_covariance(first: FloatArray, second: FloatArray, correlation: FloatArray) -> FloatArray:
    """Return cov(f, g) ``(…)`` from coefficients ``(…, TERMS)`` at the traits' ``correlation`` (…)."""
    return np.asarray((first * second * correlation[..., None] ** _POWERS).sum(axis=-1), dtype=float)


def trait_correlation(first: FloatArray, second: FloatArray, covariance: FloatArray) -> FloatArray:
    """Return the correlation ``(…)`` at which two increasing functions have ``covariance`` (…).

    Newton's method kept inside a bracket; covariances out of reach give ±``MAX_CORRELATION``. For answers
    of two levels each this is the tetrachoric correlation (R: ``psych::tetrachoric``, by maximum likelihood).
    """
    product = first * second
    low = np.full(covariance.shape, -MAX_CORRELATION)
    high = -low
    rho = np.clip(covariance / product[..., 0], -0.9, 0.9)
    for _ in range(60):
        value = (product * rho[..., None] ** _POWERS).sum(axis=-1) - covariance
        slope = (product * _POWERS * rho[..., None] ** (_POWERS - 1)).sum(axis=-1)
        low, high = np.where(value < 0, rho, low), np.where(value > 0, rho, high)
        step = rho - value / np.where(slope > 0, slope, 1.0)
        inside = (slope > 0) & (step > low) & (step < high)
        following = np.where(inside, step, (low + high) / 2)
        if np.abs(following - rho).max() < 1e-10:
            return np.asarray(following, dtype=float)
        rho = following
    return np.asarray(rho, dtype=float)
