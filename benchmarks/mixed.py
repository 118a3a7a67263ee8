"""Cost of the random-intercept model against statsmodels' MixedLM, in the same run on the same numbers.

python benchmarks/mixed.py [--groups 100000] [--people 10] [--seconds 120]

MixedLM is run on growing numbers of groups until a fit takes more than --seconds; its last size is the one
compared. The floor checked at the end is the promise: 100 times faster there.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import sys
import time
import warnings

import numpy as np
import pandas as pd
import statsmodels.api as sm

from engage.model import fit_drivers
from engage.model.mixed import group_sums, random_intercept

FLOOR = 100


def draw(groups: int, people: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcome, columns with their ones (three drivers), and group codes."""
    rng = np.random.default_rng(groups)
    group = np.repeat(np.arange(groups), people)
    x = np.column_stack([np.ones(len(group)), rng.normal(size=(len(group), 3))])
    y = x @ [3.0, 0.3, 0.2, 0.0] + 0.5 * rng.normal(size=groups)[group] + rng.normal(size=len(group))
    return y, x, group


def ours(y: np.ndarray, x: np.ndarray, group: np.ndarray) -> tuple[float, np.ndarray]:
    best, found = float("inf"), None
    for _ in range(5):
        start = time.perf_counter()
        found = random_intercept(group_sums(y, x, group))
        best = min(best, time.perf_counter() - start)
    assert found is not None
    return best, found.coefficients


def theirs(y: np.ndarray, x: np.ndarray, group: np.ndarray) -> tuple[float, np.ndarray]:
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = sm.MixedLM(y, x, group).fit(reml=True)
    return time.perf_counter() - start, np.asarray(fit.fe_params)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groups", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=120.0)
    given = parser.parse_args()
    print(f"{'groups':>9} {'rows':>11} {'ours, s':>10} {'MixedLM, s':>11} {'ratio':>8}")
    ratio, groups, running = 0.0, 1000, True
    while groups <= given.groups:
        data = draw(groups, given.people)
        own, coefficients = ours(*data)
        line = f"{groups:9,} {groups * given.people:11,} {own:10.4f}"
        if running:
            taken, reference = theirs(*data)
            np.testing.assert_allclose(coefficients, reference, atol=1e-5)
            ratio = taken / own
            line += f" {taken:11.2f} {ratio:8,.0f}"
            running = taken <= given.seconds / 4
        print(line, flush=True)
        groups = min(4 * groups, given.groups) if groups < given.groups else given.groups + 1
    y, x, group = draw(given.groups, given.people)
    frame = pd.DataFrame(x[:, 1:], columns=["a", "b", "c"]).assign(y=y, team=group)
    start = time.perf_counter()
    fit_drivers(frame, "y", ["a", "b", "c"], cluster="team", model="mixed")
    print(f"fit_drivers, whole call, within and between: {time.perf_counter() - start:.2f} s")
    print(f"floor kept ({FLOOR} times)" if ratio >= FLOOR else f"floor missed: {FLOOR} times")
    return 0 if ratio >= FLOOR else 1


if __name__ == "__main__":
    sys.exit(main())
