"""Bootstrap of sufficient statistics: rows, or whole clusters, drawn with replacement."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from engage.model.design import FloatArray, IntArray

# Doubles held at once, for the draw counts of a chunk of resamples and for the products of a block of rows.
_HELD: Final = 2**22


def covariance_of(columns: FloatArray) -> FloatArray:
    """Return the covariance of centred ``columns`` (n, m) → (m, m), divided by n: only ratios are used."""
    return np.asarray(columns.T @ columns / len(columns), dtype=float)


def bootstrap_covariances(
    columns: FloatArray, resamples: int, rng: np.random.Generator, clusters: IntArray | None = None
) -> Iterator[FloatArray]:
    """Yield chunks ``(b, m, m)`` of covariances of resampled ``columns`` (n, m), ``resamples`` in all.

    A resample is a vector of counts, how often each row (or cluster, with all its rows) was drawn, and its
    covariance a weighted sum of the units' products: one matrix product serves a chunk of resamples.
    ``columns`` should be centred and scaled.
    """
    m = columns.shape[1]
    upper = np.triu_indices(m + 1)
    extended = np.column_stack([np.ones(len(columns)), columns])
    units = len(columns) if clusters is None else int(clusters.max()) + 1
    sums = None if clusters is None else _cluster_products(extended, clusters, upper)
    size = max(1, _HELD // units)
    block = max(1, _HELD // len(upper[0]))
    for start in range(0, resamples, size):
        counts = _draw(rng, min(size, resamples - start), units)
        moments = np.zeros((len(counts), len(upper[0])))
        for first in range(0, units, block):
            rows = slice(first, first + block)
            products = _products(extended[rows], upper) if sums is None else sums[rows]
            moments += counts[:, rows] @ products
        yield _covariances(moments, upper, m)


def _draw(rng: np.random.Generator, resamples: int, units: int) -> FloatArray:
    """Return ``(resamples, units)`` multinomial counts."""
    drawn = rng.integers(0, units, size=(resamples, units))
    drawn += units * np.arange(resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * units).reshape(resamples, units).astype(float)


def _products(rows: FloatArray, upper: tuple[IntArray, IntArray]) -> FloatArray:
    return np.asarray(rows[:, upper[0]] * rows[:, upper[1]], dtype=float)


def _cluster_products(
    extended: FloatArray, clusters: IntArray, upper: tuple[IntArray, IntArray]
) -> FloatArray:
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.diff(clusters[order], prepend=-1))
    parts = np.split(extended[order], starts[1:])
    return np.stack([(part.T @ part)[upper] for part in parts])


def _covariances(moments: FloatArray, upper: tuple[IntArray, IntArray], m: int) -> FloatArray:
    full = np.empty((len(moments), m + 1, m + 1))
    full[:, upper[0], upper[1]] = moments
    full[:, upper[1], upper[0]] = moments
    full /= full[:, :1, :1].copy()
    mean = full[:, 0, 1:]
    return np.asarray(full[:, 1:, 1:] - mean[:, :, None] * mean[:, None, :], dtype=float)
