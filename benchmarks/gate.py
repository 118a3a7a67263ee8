"""Cost of choosing a wave's publishable cells, against solving once for every person.

python benchmarks/gate.py [--people 100000] [--waves 12] [--dense 8000]

People of six demographics (2,000 teams down to 5 bands) answer one scale wave after wave; 5 % leave and join,
1 % move. Prints the seconds and the share of one-way cells shown of each wave, next to all earlier ones, and
the peak memory. The baseline is one projection on the rows of the cells-by-people matrix, written densely, at
as many people as ``--dense``: a single look at the leverages, where choosing takes many. One thread
throughout. The floor checked at the end: the whole choice costs a third of the single dense look, or less.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import resource
import sys
import time

import numpy as np
import pandas as pd

from engage.privacy import Policy, hidden_cells
from engage.privacy.disclosure import Hidden, sums_of
from engage.privacy.measures import Measure, with_shares
from engage.privacy.overtime import Past

FLOOR = 3
LEVELS = {"team": 50, "department": 3_000, "site": 5_000, "tenure": 12_500, "grade": 16_000, "age": 20_000}
MEASURES = with_shares({"pay": Measure(1.0, 5.0, 0.25)}, "_fav")
POLICY = Policy()


class Company:
    """People with their demographics, who come, go and move."""

    def __init__(self, people: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.levels = {name: max(people // each, 3) for name, each in LEVELS.items()}
        self.frame = self._hired(0, people)
        self.next = people

    def _hired(self, first: int, n: int) -> pd.DataFrame:
        frame = pd.DataFrame({"respondent": np.arange(first, first + n).astype(str)})
        for name, levels in self.levels.items():
            share = 1 / np.sqrt(np.arange(1, levels + 1))
            frame[name] = self.rng.choice(levels, n, p=share / share.sum()).astype(str)
        frame["pay"] = self.rng.integers(4, 21, n) / 4
        frame["pay_fav"] = self.rng.integers(0, 5, n) / 4
        return frame

    def turn(self) -> None:
        """5 % leave and as many join; 1 % change their team."""
        n = len(self.frame)
        gone = self.rng.random(n) < 0.05
        new = self._hired(self.next, int(gone.sum()))
        self.next += len(new)
        self.frame = pd.concat([self.frame[~gone], new], ignore_index=True)
        moved = self.rng.random(n) < 0.01
        self.frame.loc[moved, "team"] = self.rng.choice(self.levels["team"], moved.sum()).astype(str)


def choose(company: Company, past: list[Past]) -> Hidden:
    tables = [(), *((name,) for name in LEVELS)]
    return hidden_cells(company.frame, tables, MEASURES, POLICY, past)


def published(frame: pd.DataFrame, hidden: Hidden) -> Past:
    """What is out once the shown cells are."""
    shown = {name: reasons == "" for name, reasons in hidden.reasons.items()}
    sums = {}
    for name, measure in MEASURES.items():
        said = sums_of(frame[name].to_numpy(), hidden.grid, measure, POLICY)
        sums[name] = (np.where(shown[name], said.low, -np.inf), np.where(shown[name], said.high, np.inf))
    answers = {name: frame[name].to_numpy() for name in MEASURES}
    return Past(hidden.roster, hidden.grid, shown, sums, answers)


def dense(hidden: Hidden) -> np.ndarray:
    """Leverages by the projection on the rows of the whole matrix, person by person."""
    codes = hidden.grid.codes
    a = np.zeros((len(hidden.grid.cells), len(codes)))
    for column in codes.T:
        a[column, np.arange(len(codes))] = 1
    a = a[hidden.reasons["pay"] == ""]
    return np.einsum("ij,ij->j", np.linalg.pinv(a @ a.T, hermitian=True) @ a, a)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--waves", type=int, default=12)
    parser.add_argument("--dense", type=int, default=40_000)
    given = parser.parse_args()

    small = Company(given.dense, seed=2)
    start = time.perf_counter()
    hidden = choose(small, [])
    ours = time.perf_counter() - start
    start = time.perf_counter()
    own = dense(hidden)
    theirs = time.perf_counter() - start
    assert own.max() <= POLICY.leverage + 1e-6
    print(
        f"{given.dense:,} people, one wave: {ours:.2f} s; a dense look {theirs:.2f} s, {theirs / ours:.1f} x"
    )

    company, past, total = Company(given.people, seed=1), [], 0.0
    for wave in range(given.waves):
        start = time.perf_counter()
        hidden = choose(company, past)
        took = time.perf_counter() - start
        past.append(published(company.frame, hidden))
        kept = (hidden.reasons["pay"] == "").mean()
        total += took
        print(
            f"wave {wave + 1:>2}: {took:7.1f} s, {kept:6.1%} of {len(hidden.grid.cells):,} cells", flush=True
        )
        company.turn()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{given.people:,} people, {given.waves} waves: {total:.0f} s, peak memory {peak:,.0f} MB")
    kept_floor = theirs / ours >= FLOOR
    print("floor kept" if kept_floor else f"floor missed: {FLOOR} x")
    return 0 if kept_floor else 1


if __name__ == "__main__":
    sys.exit(main())
