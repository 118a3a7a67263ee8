"""Cost of LMG against the two obvious ways to write it, in the same run on the same numbers.

python benchmarks/importance.py [--drivers 12] [--rows 5000] [--resamples 1000]

Prints seconds (the best of several runs) and ratios against the subset tree. One thread throughout. The
floors checked at the end are the promise: 8 times faster than batched solves, 1000 times faster than a
regression per subset, and with 12 drivers of 5000 rows 500 times faster than R's relaimpo 2.2-7, which took
0.224 s for them (once, R 4.2.2, one thread of a machine with two cores).
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import resource
import sys
import time
from collections.abc import Callable
from itertools import combinations
from math import comb, factorial

import numpy as np
import pandas as pd

from engage.model import lmg_from_moments, relative_importance

BATCHED_FLOOR, PER_SUBSET_FLOOR, RELAIMPO_FLOOR = 8, 1000, 500
RELAIMPO_SECONDS, RELAIMPO_CASE = 0.224, (12, 5000)


def weigh(p: int, explained: dict[tuple[int, ...], float]) -> np.ndarray:
    """LMG from the R² of every subset."""
    result = np.zeros(p)
    for subset, value in explained.items():
        s = len(subset)
        for j in range(p):
            if j in subset:
                result[j] += factorial(s - 1) * factorial(p - s) / factorial(p) * value
            elif s < p:
                result[j] -= factorial(s) * factorial(p - s - 1) / factorial(p) * value
    return result


def subset_masks(p: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Subsets by size, and the (p, 2^p) weights of their R²: precomputed, so not part of the time."""
    by_size = [np.array(list(combinations(range(p), s)), dtype=int) for s in range(1, p + 1)]
    weights = np.zeros((p, 2**p))
    column = 1
    weights[:, 0] = -1 / p
    for s, subsets in enumerate(by_size, start=1):
        inside = np.zeros((len(subsets), p), dtype=bool)
        np.put_along_axis(inside, subsets, True, axis=1)
        gain = 1 / (p * comb(p - 1, s - 1))
        loss = 1 / (p * comb(p - 1, s)) if s < p else 0.0
        weights[:, column : column + len(subsets)] = np.where(inside, gain, -loss).T
        column += len(subsets)
    return by_size, weights


def batched_solves(covariance: np.ndarray, by_size: list[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """One stacked ``np.linalg.solve`` per subset size."""
    p = len(covariance) - 1
    with_outcome = covariance[:p, p]
    explained = [np.zeros(1)]
    for subsets in by_size:
        own = covariance[subsets[:, :, None], subsets[:, None, :]]
        right = with_outcome[subsets]
        explained.append((right * np.linalg.solve(own, right[:, :, None])[:, :, 0]).sum(axis=1))
    return weights @ np.concatenate(explained) / covariance[p, p]


def per_subset(table: np.ndarray) -> np.ndarray:
    """A regression on the rows for every subset: what a plain implementation does."""
    p = table.shape[1] - 1
    y = table[:, p]
    total = ((y - y.mean()) ** 2).sum()
    explained: dict[tuple[int, ...], float] = {(): 0.0}
    for size in range(1, p + 1):
        for subset in combinations(range(p), size):
            x = np.column_stack([np.ones(len(table)), table[:, subset]])
            residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
            explained[subset] = 1 - residual @ residual / total
    return weigh(p, explained)


def best(run: Callable[[], object], times: int) -> float:
    """Seconds of the fastest of several runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drivers", type=int, default=12)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--resamples", type=int, default=1000)
    given = parser.parse_args()
    p = given.drivers
    rng = np.random.default_rng(0)
    table = rng.normal(size=(given.rows, p + 1)) @ (np.eye(p + 1) + 0.3 * rng.normal(size=(p + 1, p + 1)))
    frame = pd.DataFrame(table, columns=[*(f"x{j}" for j in range(p)), "y"])
    covariance = np.cov(table, rowvar=False)
    by_size, weights = subset_masks(p)

    ours = lmg_from_moments(covariance)
    np.testing.assert_allclose(batched_solves(covariance, by_size, weights), ours, atol=1e-10)
    start = time.perf_counter()
    plain = per_subset(table)
    plain_time = time.perf_counter() - start
    np.testing.assert_allclose(plain, ours, atol=1e-10)

    tree = best(lambda: lmg_from_moments(covariance), 200)
    solves = best(lambda: batched_solves(covariance, by_size, weights), 50)
    drivers = list(frame.columns[:-1])
    stack = np.repeat(covariance[None], given.resamples, axis=0)
    many = best(lambda: lmg_from_moments(stack), 5)
    boot = best(lambda: relative_importance(frame, "y", drivers, bootstrap=given.resamples), 3)
    print(f"p = {p}, n = {given.rows}, {given.resamples} resamples")
    print(f"{'subset tree, once':<42}{tree:12.6f} s   1")
    print(f"{'batched solves, once':<42}{solves:12.6f} s   {solves / tree:,.1f}")
    print(f"{'a regression per subset, once':<42}{plain_time:12.6f} s   {plain_time / tree:,.0f}")
    relaimpo = RELAIMPO_SECONDS / tree if (p, given.rows) == RELAIMPO_CASE else float("inf")
    if relaimpo < float("inf"):
        print(f"{'relaimpo, as measured elsewhere':<42}{RELAIMPO_SECONDS:12.6f} s   {relaimpo:,.0f}")
    print(
        f"{'subset tree, all resamples':<42}{many:12.6f} s   {given.resamples * solves / many:,.1f} (solves)"
    )
    print(f"{'relative_importance with bootstrap':<42}{boot:12.6f} s   whole call, rows to intervals")

    wide = np.cov(rng.normal(size=(2000, 21)) @ rng.normal(size=(21, 21)), rowvar=False)
    once = best(lambda: lmg_from_moments(wide), 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{'subset tree, 20 drivers exactly':<42}{once:12.6f} s   peak memory of this process {peak:,.0f} MB"
    )
    floors = (BATCHED_FLOOR, PER_SUBSET_FLOOR, RELAIMPO_FLOOR)
    ratios = (solves / tree, plain_time / tree, relaimpo)
    kept = all(ratio >= floor for ratio, floor in zip(ratios, floors, strict=True))
    print("floors kept" if kept else f"floors missed: {', '.join(map(str, floors))}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
