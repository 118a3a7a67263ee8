"""What overview, group tables and drivers cost at size: engine, pandas, stored statistics, in one run.

python benchmarks/scale.py [--people 100000] [--waves 12] [--comments 1000000] [--growth] [--write]

Builds a workspace (see large.py) or takes ``--workspace``. Each piece of work runs three times, turn about,
in a process of its own; the best is told, in wall and processor seconds, and the most memory that the process
held beyond what it began with. The pandas side does the same work on the same files, the way one writes it:
read the columns, turn items round, average, group. Results must agree to 1e-9. Floors, checked at the end:
scanning, the engine is 3 times as fast or takes a quarter of the memory; from stored statistics each answer
is there 10 times as fast; the questions of the pages are answered within a second at p95. ``--growth`` fits
how the cost grows with people, items, waves and groups.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from large import GROUPS, build, used
from tables import ROOT, write_section

from engage import Workspace, engine
from engage.engine import MomentTable
from engage.model.from_moments import frame_moments, importance_from_moments
from engage.store import Store

PAGE = ROOT / "docs" / "benchmarks.md"
RESAMPLES = 1_000
STATISTICS = "statistics.parquet"
WORKS = ("overview", "groups", "drivers")
ROUNDS = 3
SAME = 1e-9
TABLE = "responses_size"


class Engine:
    """The expressions, over every wave."""

    def __init__(self, folder: Path) -> None:
        self.snapshot = Store.open(folder).snapshot()
        self.questions = self.snapshot.instrument("size")
        self.scales = [scale.id for scale in self.questions.scales]

    @property
    def scores(self):
        return engine.respondent_scores(self.snapshot, self.questions, None)

    def overview(self) -> pd.DataFrame:
        return engine.group_cells(self.scores, self.scales, ["wave"])

    def groups(self) -> pd.DataFrame:
        return pd.concat([engine.group_cells(self.scores, self.scales, ["wave", by]) for by in GROUPS])

    def drivers(self) -> pd.DataFrame:
        return importance(engine.cross_products(self.scores, self.scales, ["team"]), self.scales)


class Pandas(Engine):
    """The same, as one writes it in pandas."""

    @property
    def scores(self) -> pd.DataFrame:
        ids = set(self.snapshot.import_ids(TABLE))
        columns = ["import_id", "respondent", *GROUPS, *(item.id for item in self.questions.items)]
        parts = []
        for wave, files in self.snapshot.parts(TABLE).items():
            part = pd.concat([pd.read_parquet(file, columns=columns) for file in files])
            parts.append(part[part["import_id"].isin(ids)].assign(wave=wave))
        rows = pd.concat(parts, ignore_index=True)
        made = rows[["wave", "respondent", *GROUPS]].copy()
        for scale in self.questions.scales:
            items = [self.questions.item(id) for id in scale.items]
            given = pd.DataFrame({i.id: 6 - rows[i.id] if i.reverse_keyed else rows[i.id] for i in items})
            enough = 2 * given.notna().sum(axis=1) >= len(items)
            made[scale.id] = given.mean(axis=1).where(enough)
            made[scale.id + "__fav"] = (given >= 4).sum(axis=1).div(given.notna().sum(axis=1)).where(enough)
        return made

    def _cells(self, scores: pd.DataFrame, by: list[str]) -> pd.DataFrame:
        grouped = scores.groupby(by)
        parts = []
        for scale in self.scales:
            cells = grouped[scale].agg(["count", "mean", "var"]).set_axis(["n", "mean", "var"], axis=1)
            cells["favourable"] = grouped[scale + "__fav"].mean()
            parts.append(cells.reset_index().assign(scale=scale))
        return pd.concat(parts)

    def overview(self) -> pd.DataFrame:
        return self._cells(self.scores, ["wave"])

    def groups(self) -> pd.DataFrame:
        scores = self.scores
        return pd.concat([self._cells(scores, ["wave", by]) for by in GROUPS])

    def drivers(self) -> pd.DataFrame:
        return importance(frame_moments(self.scores, self.scales, ["team"]), self.scales)


class Stored(Engine):
    """From what the workspace keeps of each wave."""

    @property
    def waves(self) -> list[str]:
        return list(self.snapshot.parts(TABLE))

    def overview(self) -> pd.DataFrame:
        return pd.concat([engine.wave_cells(self.snapshot, w).assign(wave=w) for w in self.waves])

    def groups(self) -> pd.DataFrame:
        asked = [(wave, by) for wave in self.waves for by in GROUPS]
        return pd.concat([engine.wave_cells(self.snapshot, w, [by]).assign(wave=w) for w, by in asked])

    def drivers(self) -> pd.DataFrame:
        parts = [engine.wave_moments(self.snapshot, w, self.scales, ["team"]) for w in self.waves]
        return importance(sum(parts[1:], start=parts[0]), self.scales)


SIDES: dict[str, type[Engine]] = {"engine": Engine, "pandas": Pandas, "stored": Stored}


def importance(moments: MomentTable, scales: list[str]) -> pd.DataFrame:
    """Split what the factors explain of engagement, with 1,000 resamples of teams."""
    order = np.argsort([str(group) for group in moments.groups])
    moments = replace(
        moments,
        groups=tuple(moments.groups[i] for i in order),
        n=moments.n[order],
        sums=moments.sums[order],
        products=moments.products[order],
    )
    return importance_from_moments(moments, scales[-1], scales[:-1], bootstrap=RESAMPLES, seed=7).tidy()


def one(side: str, work: str, folder: Path) -> dict[str, float]:
    """Do one piece of work in this process, and say what it cost."""
    asked = SIDES[side](folder)
    (cpu, before), start = used(), time.perf_counter()
    found = getattr(asked, work)()
    cost = {"seconds": time.perf_counter() - start, "cpu": used()[0] - cpu, "mb": used()[1] - before}
    found = found[found["scale"].isin(asked.scales)] if "scale" in found else found
    keys = [c for c in found.columns if found[c].dtype.kind not in "fiu"]
    numbers = found.sort_values(keys).select_dtypes("number").astype(float)
    return cost | {name: float(np.abs(numbers[name]).sum()) for name in numbers}


def measured(side: str, work: str, folder: Path) -> dict[str, float]:
    asked = [sys.executable, __file__, "--one", side, work, "--workspace", str(folder)]
    done = subprocess.run(asked, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def compared(folder: Path, works: Sequence[str] = WORKS, rounds: int = ROUNDS) -> pd.DataFrame:
    """Return a row per work and side: seconds, cpu, mb. The sides' results must agree."""
    rows = []
    for work in works:
        measured("stored", work, folder)  # keeps what is not kept yet
        costs = {side: [measured(side, work, folder) for _ in range(rounds)] for side in SIDES}
        exact = costs["pandas"][0]
        for side, tried in costs.items():
            best = {name: min(cost[name] for cost in tried) for name in ("seconds", "cpu", "mb")}
            for name in exact.keys() - best.keys():
                assert abs(tried[0][name] - exact[name]) <= SAME * max(abs(exact[name]), 1), (
                    work,
                    side,
                    name,
                )
            rows.append({"work": work, "side": side, **best})
    return pd.DataFrame(rows)


def pages(folder: Path, rounds: int = 20) -> pd.DataFrame:
    """Return the p95 of each question that pages ask of a closed wave, each time of a fresh ``Workspace``."""
    asked: dict[str, Callable[[Workspace], object]] = {
        "key": lambda w: w.key,
        "waves": lambda w: w.wave_table(),
        "closed waves": lambda w: w.closed_waves,
        "scores": lambda w: w.scores(),
        "scores by site": lambda w: w.scores(by="site"),
        "scores by team": lambda w: w.scores(by="team"),
        "changes": lambda w: w.changes(),
        "utility": lambda w: w.utility(),
        "comments, tone": lambda w: w.tone(),
    }
    rows = []
    for name, question in asked.items():
        taken, worked = [], []
        for _ in range(rounds):
            start, (cpu, _) = time.perf_counter(), used()
            question(Workspace(folder))
            taken.append(time.perf_counter() - start)
            worked.append(used()[0] - cpu)
        p95 = {"p95": float(np.quantile(taken, 0.95)), "p95 cpu": float(np.quantile(worked, 0.95))}
        rows.append({"question": name, "first": taken[0], "median": float(np.median(taken)), **p95})
        print(rows[-1], flush=True)
    return pd.DataFrame(rows)


BASE = {"people": 20_000, "items": 50, "waves": 4, "groups": 400}
STEPS = (0.5, 1, 2)


def growth(place: Path, rounds: int) -> pd.DataFrame:
    """Return what each work costs while a dimension grows fourfold, and the exponent that fits.

    The exponent is the slope of log processor seconds on log size: 1 is in proportion, a fixed cost pulls
    it down.
    """
    rows = []
    for name in BASE:
        sizes, costs = [], {work: [] for work in WORKS}
        for step in STEPS:
            at = BASE | {name: int(BASE[name] * step)}
            folder = place / f"{name}-{step}"
            build(folder, at["people"], at["waves"], at["items"] // 5 * 5, 0, 0, teams=at["groups"])
            sizes.append(at[name])
            for work in WORKS:
                costs[work].append(min(measured("engine", work, folder)["cpu"] for _ in range(rounds)))
        for work, seconds in costs.items():
            slope = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
            told = dict(zip([f"x{step:g}" for step in STEPS], seconds, strict=True))
            rows.append({"grows": name, "work": work, **told, "exponent": slope})
            print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def machine() -> str:
    names = ("duckdb", "ibis-framework", "pandas", "pyarrow")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {versions}"


def table(frame: pd.DataFrame) -> list[str]:
    """Return a frame as lines of Markdown."""
    told = frame.map(lambda value: f"{value:,.3g}" if isinstance(value, float) and value < 100 else value)
    told = told.map(lambda value: f"{value:,.0f}" if isinstance(value, float) else str(value))
    return ["| " + " | ".join(told.columns) + " |", "|---" * len(told.columns) + "|"] + [
        "| " + " | ".join(row) + " |" for row in told.itertuples(index=False)
    ]


def beside(costs: pd.DataFrame) -> pd.DataFrame:
    """Return the ratios to pandas: how many times as fast, and how many times less memory."""
    wide = costs.pivot(index="work", columns="side")
    told = {}
    for side in ("engine", "stored"):
        for name, of in (("faster", "seconds"), ("less processor", "cpu"), ("less memory", "mb")):
            told[f"{side}: {name}"] = wide[of, "pandas"] / wide[of, side].clip(lower=1e-3)
    return pd.DataFrame(told).reset_index()


def missed(ratios: pd.DataFrame, asked: pd.DataFrame) -> list[str]:
    """Return the floors that were missed."""
    found = []
    for row in ratios.to_dict("records"):
        if row["engine: faster"] < 3 and row["engine: less memory"] < 4:
            found.append(f"{row['work']}: scanning")
        if row["stored: faster"] < 10:
            found.append(f"{row['work']}: stored")
    return found + [f"page: {name}" for name in asked.loc[asked["p95"] > 1, "question"]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, size in (("people", 100_000), ("waves", 12), ("items", 50), ("comments", 1_000_000)):
        parser.add_argument(f"--{name}", type=int, default=size)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("SIDE", "WORK"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(*given.one, given.workspace)))
        return 0
    with tempfile.TemporaryDirectory() as place:
        folder, lines = given.workspace, [machine(), ""]
        if folder is None:
            folder = Path(place) / "ws"
            steps = build(folder, given.people, given.waves, given.items, given.comments, close=2)
            lines += [*table(pd.DataFrame(steps).groupby("what", sort=False).max().reset_index()), ""]
        costs = compared(folder, rounds=given.rounds)
        ratios, asked = beside(costs), pages(folder)
        for part in (costs, ratios, asked):
            lines += [*table(part), ""]
        if given.growth:
            lines += [*table(growth(Path(place), given.rounds)), ""]
    failed = missed(ratios, asked)
    lines.append("Floors missed: " + "; ".join(failed) + "." if failed else "All floors kept.")
    print("\n".join(lines))
    if given.write:
        write_section(PAGE, "scale", lines)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
