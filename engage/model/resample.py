"""Bootstrap of sufficient statistics: rows, or whole clusters, drawn with replacement."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

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

    ``columns`` should be centred and scaled.
    """
    nothing = np.empty((len(columns), 0), dtype=np.uint8)
    for covariances, _ in bootstrap_moments(columns, nothing, resamples, rng, clusters):
        yield covariances


def bootstrap_moments(
    columns: FloatArray,
    marks: npt.NDArray[np.uint8] | FloatArray,
    resamples: int,
    rng: np.random.Generator,
    clusters: IntArray | None = None,
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield chunks of covariances ``(b, m, m)`` of resampled ``columns`` (n, m) and means ``(b, l)`` of
    ``marks`` (n, l) in the same resamples.

    A resample is a vector of counts, how often each row (or cluster, with all its rows) was drawn, and its
    moments weighted sums of the units' products: one matrix product serves a chunk of resamples.
    """
    m = columns.shape[1]
    upper = np.triu_indices(m + 1)
    extended = np.column_stack([np.ones(len(columns)), columns])
    units = len(columns) if clusters is None else int(clusters.max()) + 1
    sums = None if clusters is None else _cluster_products(extended, marks, clusters, upper)
    size = max(1, _HELD // units)
    block = max(1, _HELD // (len(upper[0]) + marks.shape[1]))
    for start in range(0, resamples, size):
        counts = _draw(rng, min(size, resamples - start), units)
        moments = np.zeros((len(counts), len(upper[0]) + marks.shape[1]))
        for first in range(0, units, block):
            rows = slice(first, first + block)
            moments += counts[:, rows] @ (
                np.hstack([_products(extended[rows], upper), marks[rows]]) if sums is None else sums[rows]
            )
        yield (
            _covariances(moments[:, : len(upper[0])], upper, m),
            moments[:, len(upper[0]) :] / moments[:, :1],
        )


def bootstrap_groups(products: FloatArray, resamples: int, rng: np.random.Generator) -> Iterator[FloatArray]:
    """Yield chunks ``(b, m, m)`` of covariances of resampled groups, ``resamples`` in all.

    ``products`` (G, m+1, m+1): cross-products of each group's ones and columns, these about a common centre.
    """
    groups, m = len(products), products.shape[1] - 1
    upper = np.triu_indices(m + 1)
    sums = products[:, upper[0], upper[1]]
    size = max(1, _HELD // groups)
    for start in range(0, resamples, size):
        yield _covariances(_draw(rng, min(size, resamples - start), groups) @ sums, upper, m)


def _draw(rng: np.random.Generator, resamples: int, units: int) -> FloatArray:
    """Return ``(resamples, units)`` multinomial counts."""
    drawn = rng.integers(0, units, size=(resamples, units))
    drawn += units * np.arange(resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * units).reshape(resamples, units).astype(float)


def _products(rows: FloatArray, upper: tuple[IntArray, IntArray]) -> FloatArray:
    return np.asarray(rows[:, upper[0]] * rows[:, upper[1]], dtype=float)


def _cluster_products(
    extended: FloatArray,
    marks: npt.NDArray[np.uint8] | FloatArray,
    clusters: IntArray,
    upper: tuple[IntArray, IntArray],
) -> FloatArray:
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.diff(clusters[order], prepend=-1))
    parts = np.split(extended[order], starts[1:])
    products = np.stack([(part.T @ part)[upper] for part in parts])
    return np.hstack([products, np.add.reduceat(marks[order], starts, axis=0, dtype=float)])


def _covariances(moments: FloatArray, upper: tuple[IntArray, IntArray], m: int) -> FloatArray:
    full = np.empty((len(moments), m + 1, m + 1))
    full[:, upper[0], upper[1]] = moments
    full[:, upper[1], upper[0]] = moments
    full /= full[:, :1, :1].copy()
    mean = full[:, 0, 1:]
    return np.asarray(full[:, 1:, 1:] - mean[:, :, None] * mean[:, None, :], dtype=float)
