"""Fit factor models to means and covariances by maximum likelihood: one group or several, with equal parts.

In each group Σ = ΛΦΛ' + diag(θ) and μ = ν + Λα, for k items and m factors.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from engage.errors import TooLittleData
from engage.measure.answers import BoolArray, FloatArray, IntArray

Level = Literal["configural", "metric", "scalar"]

_FIXED: Final = -1
_ROUNDS: Final = 500
# The first rounds, in which the expected information is computed anew.
_SCORING: Final = 4
# N times the step's length in the information metric: the step is then some 1e-5 standard errors.
_SETTLED: Final = 1e-10
_SINGULAR: Final = 1e12


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One group: its covariance matrix (k, k) with divisor n, its means (k,), and n."""

    covariance: FloatArray
    mean: FloatArray
    n: int


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where a group's parameters stand in the vector of all, −1 where they are fixed.

    ``loadings`` (k, m) and ``marker`` (k, m), those fixed at 1 (the others at 0); ``factors`` (m, m)
    symmetric; ``errors`` (k,); ``intercepts`` (k,) and ``means`` (m,), fixed at 0.
    """

    loadings: IntArray
    marker: BoolArray
    factors: IntArray
    errors: IntArray
    intercepts: IntArray
    means: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Implied:
    """A group's matrices at one parameter vector."""

    loadings: FloatArray
    factors: FloatArray
    errors: FloatArray
    means: FloatArray
    covariance: FloatArray
    mean: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fit: ``discrepancy`` F, q ``parameters``, their ``covariance`` (q, q), what each group implies."""

    discrepancy: float
    parameters: FloatArray
    covariance: FloatArray
    places: tuple[Places, ...]
    implied: tuple[Implied, ...]


def place(pattern: BoolArray, groups: int, level: Level, *, with_means: bool) -> tuple[Places, ...]:
    """Number the free parameters of a pattern of loadings (k, m) in each group.

    The first item of each factor is its marker. ``"configural"``: all free in each group; ``"metric"``: equal
    loadings; ``"scalar"``: equal intercepts, too, and factor means free but in the first group.
    """
    k, m = pattern.shape
    marker = pattern & (np.cumsum(pattern, axis=0) == 1)
    count = 0

    def free(where: BoolArray) -> IntArray:
        nonlocal count
        numbered = np.full(where.shape, _FIXED, dtype=np.intp)
        numbered[where] = np.arange(count, count + int(where.sum()))
        count += int(where.sum())
        return numbered

    found: list[Places] = []
    for group in range(groups):
        first = found[0] if group else None
        loadings = first.loadings if first and level != "configural" else free(pattern & ~marker)
        lower = free(np.tril(np.ones((m, m), dtype=bool)))
        errors = free(np.ones(k, dtype=bool))
        shared = first is not None and level == "scalar"
        intercepts = first.intercepts if first and shared else free(np.full(k, with_means))
        means = free(np.full(m, with_means and shared))
        found.append(Places(loadings, marker, np.maximum(lower, lower.T), errors, intercepts, means))
    return tuple(found)


def fit(samples: tuple[Sample, ...], places: tuple[Places, ...]) -> Fitted:
    """Minimise F = Σ_g n_g/N·[log|Σ_g| + tr(S_gΣ_g⁻¹) − log|S_g| − k + (x̄_g − μ_g)'Σ_g⁻¹(x̄_g − μ_g)].

    From rough starting values a few steps of Fisher scoring, then a quasi-Newton search (BFGS) that goes on
    from the expected information. The covariance of the parameters is 2/N times the inverse of F's expected
    second derivatives. N·F is the likelihood-ratio χ² against the saturated model. Errors may come out
    negative (a Heywood case).
    Raises ``TooLittleData`` if a sample's covariance matrix is singular, the model is not identified, or the
    search does not settle.
    """
    if any(np.linalg.eigvalsh(s.covariance)[0] < 1e-10 * np.trace(s.covariance) for s in samples):
        raise TooLittleData("measure.singular")
    theta, total = _start(samples, places), sum(s.n for s in samples)
    value, slope = _discrepancy(samples, places, theta), _gradient(samples, places, theta)
    inverse = _inverse(samples, places, theta)
    for done in range(1, _ROUNDS + 1):
        step = inverse @ slope
        if total * float(slope @ step) < _SETTLED:
            curvature = _curvature(samples, places, theta)
            if np.linalg.cond(curvature) > _SINGULAR:
                break
            covariance = np.asarray(2 / total * np.linalg.inv(curvature), dtype=np.float64)
            return Fitted(value, theta, covariance, places, tuple(imply(p, theta) for p in places))
        moved, value = _descend(samples, places, theta, step, value, float(slope @ step))
        turned = _gradient(samples, places, moved)
        if done < _SCORING:
            inverse = _inverse(samples, places, moved)
        else:
            inverse = _updated(inverse, moved - theta, turned - slope)
        theta, slope = moved, turned
    raise TooLittleData("measure.not_settled")


def imply(places: Places, theta: FloatArray) -> Implied:
    """Return a group's matrices at a parameter vector (q,)."""
    loadings = np.where(places.loadings == _FIXED, places.marker.astype(float), theta[places.loadings])
    factors = theta[places.factors]
    errors = theta[places.errors]
    intercepts, means = (np.where(p == _FIXED, 0.0, theta[p]) for p in (places.intercepts, places.means))
    return Implied(
        loadings=loadings,
        factors=factors,
        errors=errors,
        means=means,
        covariance=loadings @ factors @ loadings.T + np.diag(errors),
        mean=intercepts + loadings @ means,
    )


def _inverse(samples: tuple[Sample, ...], places: tuple[Places, ...], theta: FloatArray) -> FloatArray:
    """Return the inverse of F's expected second derivatives.

    On the way they may be singular where at the end they are not, as for a pair unrelated to other items.
    """
    return np.asarray(np.linalg.pinv(_curvature(samples, places, theta), 1 / _SINGULAR, hermitian=True))


def _updated(inverse: FloatArray, moved: FloatArray, turned: FloatArray) -> FloatArray:
    """Return the BFGS update of an inverse of second derivatives, itself where F does not bend upwards."""
    bend = float(moved @ turned)
    if bend <= 1e-12 * float(np.linalg.norm(moved) * np.linalg.norm(turned)):
        return inverse
    turn = np.eye(len(moved)) - np.outer(moved, turned) / bend
    updated: FloatArray = turn @ inverse @ turn.T + np.outer(moved, moved) / bend
    return updated


def _descend(
    samples: tuple[Sample, ...],
    places: tuple[Places, ...],
    theta: FloatArray,
    step: FloatArray,
    value: float,
    slope: float,
) -> tuple[FloatArray, float]:
    """Return the first of θ − step, θ − step/2, … that makes F smaller by enough, but for rounding."""
    for halvings in range(40):
        size = 0.5**halvings
        found = _discrepancy(samples, places, theta - size * step)
        if found <= value - 1e-4 * size * slope + 1e-13 * (1 + abs(value)):
            return theta - size * step, found
    raise TooLittleData("measure.not_settled")


def _discrepancy(samples: tuple[Sample, ...], places: tuple[Places, ...], theta: FloatArray) -> float:
    """Return F, infinite where an implied covariance matrix is not positive definite."""
    total, value = sum(s.n for s in samples), 0.0
    for sample, where in zip(samples, places, strict=True):
        found = imply(where, theta)
        if np.linalg.eigvalsh(found.covariance)[0] <= 0:
            return float("inf")
        away = _away(sample, where, found)
        distance = np.trace(np.linalg.solve(found.covariance, sample.covariance + np.outer(away, away)))
        logs = np.linalg.slogdet(found.covariance)[1] - np.linalg.slogdet(sample.covariance)[1]
        value += sample.n / total * float(logs + distance - len(away))
    return value


def _gradient(samples: tuple[Sample, ...], places: tuple[Places, ...], theta: FloatArray) -> FloatArray:
    """Return F's first derivatives (q,)."""
    total, gradient = sum(s.n for s in samples), np.zeros(len(theta))
    for sample, where in zip(samples, places, strict=True):
        found = imply(where, theta)
        inverse, away = np.linalg.inv(found.covariance), _away(sample, where, found)
        residual = inverse @ (found.covariance - sample.covariance - np.outer(away, away)) @ inverse
        pull = -2 * inverse @ away
        factors = found.loadings.T @ residual @ found.loadings
        lower = np.tril_indices(len(factors))
        parts = (
            (where.loadings, 2 * residual @ found.loadings @ found.factors + np.outer(pull, found.means)),
            (where.factors[lower], (2 * factors - np.diag(np.diag(factors)))[lower]),
            (where.errors, np.diag(residual)),
            (where.intercepts, pull),
            (where.means, found.loadings.T @ pull),
        )
        for at, slope in parts:
            free = at != _FIXED
            np.add.at(gradient, at[free], sample.n / total * slope[free])
    return gradient


def _curvature(samples: tuple[Sample, ...], places: tuple[Places, ...], theta: FloatArray) -> FloatArray:
    """Return F's expected second derivatives (q, q)."""
    total, q = sum(s.n for s in samples), len(theta)
    curvature = np.zeros((q, q))
    for sample, where in zip(samples, places, strict=True):
        found = imply(where, theta)
        by_covariance, by_mean = _derivatives(where, found, q)
        inverse = np.linalg.inv(found.covariance)
        scaled = inverse @ by_covariance
        first, second = scaled.reshape(q, -1), scaled.transpose(0, 2, 1).reshape(q, -1)
        curvature += sample.n / total * (first @ second.T + 2 * by_mean @ inverse @ by_mean.T)
    return curvature


def _away(sample: Sample, places: Places, found: Implied) -> FloatArray:
    """Return x̄ − μ, 0 where means are not modelled."""
    if (places.intercepts == _FIXED).all():
        return np.zeros_like(sample.mean)
    return sample.mean - found.mean


def _derivatives(places: Places, found: Implied, q: int) -> tuple[FloatArray, FloatArray]:
    """Return dΣ/dθ (q, k, k) and dμ/dθ (q, k) of one group."""
    k, m = found.loadings.shape
    by_covariance, by_mean = np.zeros((q, k, k)), np.zeros((q, k))
    crossed = found.loadings @ found.factors
    for item, factor in zip(*np.nonzero(places.loadings != _FIXED), strict=True):
        at = places.loadings[item, factor]
        by_covariance[at, item, :] += crossed[:, factor]
        by_covariance[at, :, item] += crossed[:, factor]
        by_mean[at, item] += found.means[factor]
    for row in range(m):
        for column in range(row + 1):
            product = np.outer(found.loadings[:, row], found.loadings[:, column])
            by_covariance[places.factors[row, column]] += product if row == column else product + product.T
    items = np.arange(k)
    by_covariance[places.errors, items, items] += 1
    if (places.intercepts != _FIXED).all():
        by_mean[places.intercepts, items] += 1
    for factor in np.flatnonzero(places.means != _FIXED):
        by_mean[places.means[factor]] += found.loadings[:, factor]
    return by_covariance, by_mean


def _start(samples: tuple[Sample, ...], places: tuple[Places, ...]) -> FloatArray:
    """Return rough starting values: half of each variance common, loadings by spread, factors as markers."""
    highest = max(int(index.max()) for p in places for index in (p.errors, p.intercepts, p.means))
    theta = np.zeros(highest + 1)
    for sample, where in reversed(list(zip(samples, places, strict=True))):
        spread = np.sqrt(np.diag(sample.covariance))
        markers = where.marker.argmax(axis=0)
        for item, factor in zip(*np.nonzero(where.loadings != _FIXED), strict=True):
            sign = np.sign(sample.covariance[item, markers[factor]]) or 1.0
            theta[where.loadings[item, factor]] = sign * spread[item] / spread[markers[factor]]
        theta[where.factors] = sample.covariance[np.ix_(markers, markers)] / 2
        theta[where.errors] = spread**2 / 2
        if (where.intercepts != _FIXED).all():
            theta[where.intercepts] = sample.mean
    return theta
