"""Leaving as a linear relation with noise of known size: what lets its explained variance be split.

A logit says that a latent propensity is x'β plus logistic noise of variance π²/3; proportional hazards, that
a transformed time of leaving is −x'β plus extreme-value noise of variance π²/6. So the columns and the latent
variable have the covariance matrix [[Σ, Σβ], [β'Σ, β'Σβ + noise]], which is split as any other.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from engage.model.cox import cox
from engage.model.design import FloatArray, IntArray
from engage.model.estimators import expit, logit
from engage.model.resample import bootstrap_moments, covariance_of

LOGISTIC: Final = math.pi**2 / 3
EXTREME_VALUE: Final = math.pi**2 / 6


@dataclass(frozen=True, slots=True, eq=False)
class Latent:
    """``columns`` (n, q) centred and scaled, their ``coefficients`` (q,), the ``influence`` (n, q) of each
    row on these, and the variance of the ``noise``.
    """

    columns: FloatArray
    coefficients: FloatArray
    influence: FloatArray
    noise: float

    def covariance(self) -> FloatArray:
        """Return the covariance (q+1, q+1) of the columns and the latent outcome, last."""
        return _with_outcome(covariance_of(self.columns), self.coefficients, self.noise)

    def resampled(
        self, resamples: int, rng: np.random.Generator, clusters: IntArray | None
    ) -> Iterator[FloatArray]:
        """Yield chunks (b, q+1, q+1) of that covariance in resamples of rows, or whole clusters.

        Coefficients move by n times the mean influence of the rows drawn (the one-step bootstrap).
        """
        n = len(self.columns)
        for covariances, moved in bootstrap_moments(self.columns, self.influence, resamples, rng, clusters):
            yield _with_outcome(covariances, self.coefficients + n * moved, self.noise)


def latent_logit(y: FloatArray, columns: FloatArray) -> Latent:
    """Return the latent propensity of ``y`` (n,), 0 or 1; raises as :func:`engage.model.estimators.logit`."""
    x = np.column_stack([np.ones(len(y)), columns])
    coefficients = logit(y, x).coefficients
    share = expit(x @ coefficients)
    bread = np.linalg.inv(x.T @ (x * (share * (1 - share))[:, None]))
    influence = (x * (y - share)[:, None]) @ bread
    return Latent(columns, coefficients[1:], influence[:, 1:], LOGISTIC)


def latent_cox(event: FloatArray, columns: FloatArray, time: FloatArray, entry: FloatArray | None) -> Latent:
    """Return the latent hurry to leave, of spells as :func:`engage.model.cox.cox` takes them."""
    found = cox(columns, event, time, entry)
    return Latent(columns, found.coefficients, found.influence, EXTREME_VALUE)


def _with_outcome(covariance: FloatArray, coefficients: FloatArray, noise: float) -> FloatArray:
    shared = (covariance @ coefficients[..., None])[..., 0]
    full = np.empty((*covariance.shape[:-2], covariance.shape[-1] + 1, covariance.shape[-1] + 1))
    full[..., :-1, :-1] = covariance
    full[..., -1, :-1] = full[..., :-1, -1] = shared
    full[..., -1, -1] = (shared * coefficients).sum(axis=-1) + noise
    return full
