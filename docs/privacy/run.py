"""Attack made-up populations through the product's public face, and the same people behind other rules.

python docs/privacy/run.py [--write]

Everyone answers the same in every wave, which is the attacker's best case; 5 % leave and join between waves
and 1 % move. ``--write`` puts the table into docs/privacy.md. The exit code is 1 if a promise is broken.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import pandas as pd

from engage.instrument import parse_instrument
from engage.privacy.audit import Ask, Score, Steps, attack, findings_frame
from engage.workspace import Workspace

PAGE = Path(__file__).parents[1] / "privacy.md"
LEVELS = {30: (4, 3, 3, 2, 2, 2), 200: (8, 5, 4, 4, 3, 2), 1500: (30, 8, 5, 4, 3, 2)}
NAMES = ("unit", "tenure", "age", "grade", "site", "shift")
SCORES = {"pay": Score(1, 5, 1.0), "growth": Score(1, 5, 1 / 3)}
ITEMS = ("pay_1", "growth_1", "growth_2", "growth_3")
FAVOURABLE = "__fav"
CHURN, MOVES = 0.05, 0.01
SHARES = (0.10, 0.20, 0.25, 0.30, 0.15)
"""How often each answer from 1 to 5 is given."""

_OPTIONS = ", ".join(f"{{value: {v}, en: o{v}}}" for v in range(1, 6))
INSTRUMENT = parse_instrument(
    f"""
instrument: attacked
version: 1
name: {{en: Attacked}}
source: made up
licence: MIT
responses:
  p5: [{_OPTIONS}]
scales:
  pay:
    role: outcome
    name: {{en: Pay}}
    responses: p5
    items:
      pay_1: {{en: Pay one}}
  growth:
    role: outcome
    name: {{en: Growth}}
    responses: p5
    items:
      growth_1: {{en: Growth one}}
      growth_2: {{en: Growth two}}
      growth_3: {{en: Growth three}}
demographics:
"""
    + "\n".join(f"  {name}: {{name: {{en: {name}}}, text: {{en: Your {name}}}}}" for name in NAMES)
)


def people(n: int, seed: int, waves: int = 1) -> dict[str, pd.DataFrame]:
    """Return by wave one row per person: ``respondent``, demographics, items."""
    rng = np.random.default_rng([seed, n])
    made = iter(range(10**9))

    def hired(count: int) -> pd.DataFrame:
        frame = pd.DataFrame({"respondent": [f"p{next(made):06d}" for _ in range(count)]})
        for name, levels in zip(NAMES, LEVELS[n], strict=True):
            weight = 1 / np.sqrt(np.arange(1, levels + 1))
            frame[name] = [f"{name} {v}" for v in rng.choice(levels, count, p=weight / weight.sum())]
        for item in ITEMS:
            frame[item] = rng.choice(np.arange(1, 6), count, p=SHARES)
        return frame

    now = hired(n)
    found = {"2025H1": now}
    for wave in ("2025H2", "2026H1", "2026H2")[: waves - 1]:
        luck = rng.random(len(now))
        stay = now[luck >= max(CHURN, luck.min() + 1e-9)].copy()  # someone leaves
        move = rng.random(len(stay)) < MOVES
        stay.loc[move, "unit"] = rng.choice(stay["unit"].unique(), int(move.sum()))
        now = pd.concat([stay, hired(n - len(stay))], ignore_index=True)
        found[wave] = now
    return found


def scored(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``frame`` with the two scores and their favourable shares, from the items."""
    frame = frame.copy()
    for scale, items in {"pay": ["pay_1"], "growth": ["growth_1", "growth_2", "growth_3"]}.items():
        frame[scale] = frame[items].mean(axis=1)
        frame[scale + FAVOURABLE] = (frame[items] >= 4).mean(axis=1)
    return frame


def released(space: Workspace, waves: Mapping[str, pd.DataFrame]) -> Ask:
    """Publish the waves with the product, and return what its readers may ask."""
    for wave, frame in waves.items():
        space.import_file(frame.to_csv(index=False).encode(), wave=wave, instrument=INSTRUMENT)
        space.close(wave)
    return lambda wave, by: space.scores(wave, by).tidy()


def by_rule(rule: str, waves: Mapping[str, pd.DataFrame], k: int = 5) -> Ask:
    """Return what readers may ask where a simpler rule hides cells and numbers are hardly rounded.

    ``k``: groups of k and more. ``nested``: also no two groups, one inside the other, that differ by fewer
    than k. ``pairwise``: no two groups at all of which one has 1 to k − 1 people that the other has not.
    """
    cells = {wave: _cells(scored(frame), rule, k) for wave, frame in waves.items()}
    return lambda wave, by: cells[wave][by]


def _cells(frame: pd.DataFrame, rule: str, k: int) -> dict[tuple[str, ...], pd.DataFrame]:
    groups: list[tuple[tuple[str, ...], tuple[str, ...], np.ndarray]] = []
    for depth in range(4):
        for by in combinations(NAMES, depth):
            if not by:
                groups.append(((), (), np.ones(len(frame), dtype=bool)))
                continue
            for key, place in frame.groupby(list(by)).indices.items():
                inside = np.zeros(len(frame), dtype=bool)
                inside[place] = True
                groups.append((by, key if isinstance(key, tuple) else (key,), inside))
    groups = [group for group in groups if group[2].sum() >= k]
    if rule != "k":
        groups = _apart(groups, k, nested_only=rule == "nested")
    tables: dict[tuple[str, ...], list[dict[str, object]]] = {
        by: [] for depth in range(4) for by in combinations(NAMES, depth)
    }
    for by, key, inside in groups:
        for scale in SCORES:
            mean, share = frame.loc[inside, scale].mean(), frame.loc[inside, scale + FAVOURABLE].mean()
            tables[by].append(
                dict(zip(by, key, strict=True))
                | {"scale": scale, "mean": round(mean, 2), "favourable": round(share, 2)}
            )
    columns = ["scale", "mean", "favourable", "ci_low", "ci_high"]
    return {by: pd.DataFrame(rows, columns=[*by, *columns], dtype=object) for by, rows in tables.items()}


def _apart(groups: list, k: int, *, nested_only: bool) -> list:
    """Admit groups coarse to fine that differ enough from those admitted before."""
    kept: list = []
    matrix = np.zeros((0, len(groups[0][2])))
    for group in groups:
        inside = group[2].astype(float)
        both = matrix @ inside
        mine, theirs = inside.sum() - both, matrix.sum(axis=1) - both
        close = ((mine > 0) & (mine < k)) | ((theirs > 0) & (theirs < k))
        if nested_only:
            close &= (mine == 0) | (theirs == 0)
        if not close.any():
            kept.append(group)
            matrix = np.vstack([matrix, inside])
    return kept


def attacked(
    n: int, seed: int, *, waves: int = 1, rule: str = "engage", colluders: int = 0, targets: int = 24
) -> pd.DataFrame:
    """Attack one population; return the findings with ``kept``, the share of one-way cells shown.

    ``targets``: how many people are looked at one by one, beside the rank attack on everyone.
    """
    made = people(n, seed, waves)
    truth = {wave: scored(frame) for wave, frame in made.items()}
    with tempfile.TemporaryDirectory() as folder:
        ask = released(Workspace(folder), made) if rule == "engage" else by_rule(rule, made)
        steps = Steps() if rule == "engage" else Steps(mean=0.01, share=0.01, share_small=0.01)
        found = findings_frame(
            attack(
                ask,
                truth,
                NAMES,
                SCORES,
                favourable=FAVOURABLE,
                colluders=colluders,
                seed=seed,
                steps=steps,
                targets=targets,
            )
        )
        tables = [ask(wave, (name,)) for wave in made for name in NAMES]
    shown = sum(int(table["mean"].notna().sum()) for table in tables)
    there = sum(frame[name].nunique() for frame in made.values() for name in NAMES) * len(SCORES)
    return found.assign(n=n, seed=seed, rule=rule, kept=shown / there)


@dataclass(frozen=True, slots=True)
class Trial:
    """One line of the table: how many populations of which size are attacked, and how."""

    people: int
    seeds: int
    waves: int = 1
    rule: str = "engage"
    colluders: int = 0
    targets: int = 24


TRIALS = (
    *(Trial(n, 20, colluders=c) for n in (1500, 200, 30) for c in (0, 3)),
    *(Trial(200, 5, waves=4, colluders=c) for c in (0, 3)),
    *(Trial(n, 3, rule=rule, targets=0) for rule in ("k", "nested", "pairwise") for n in (30, 200)),
)
"""The other rules let out hundreds of sums, of which most people's answers follow by rank alone."""


def tried(trial: Trial) -> pd.DataFrame:
    """Attack the populations of a trial and return all findings."""
    return pd.concat(
        attacked(
            trial.people,
            seed,
            waves=trial.waves,
            rule=trial.rule,
            colluders=trial.colluders,
            targets=trial.targets,
        )
        for seed in range(trial.seeds)
    )


def line(trial: Trial, found: pd.DataFrame) -> dict[str, object]:
    """Return one line of the table."""
    answers = _answers(trial, found)
    return {
        "rule": RULES[trial.rule],
        "people": trial.people,
        "waves": trial.waves,
        "colluders": trial.colluders,
        "populations": trial.seeds,
        "most people certain": int(found["certain"].max()),
        "right guesses": _percent(answers["hits"]),
        "best guess": _percent(answers["best"]),
        "one-way cells shown": _percent(found["kept"]),
    }


def broken(trial: Trial, found: pd.DataFrame) -> list[str]:
    """Return which promises the findings of a trial of the product break."""
    answers = _answers(trial, found)
    promises = {
        "somebody is certain": found["certain"].max() == 0,
        "guesses are right too often": (answers["hits"] - answers["best"]).mean() <= 0.03 or trial.waves > 1,
        "too few cells are shown": found["kept"].mean() >= 0.9 or trial.people < 200,
    }
    return [f"{trial}: {what}" for what, kept in promises.items() if not kept and trial.rule == "engage"]


def _answers(trial: Trial, found: pd.DataFrame) -> pd.DataFrame:
    """Return the findings on answers themselves, from all waves together."""
    return found[(found["waves"].str.count(" ") == trial.waves - 1) & (found["measure"] == "mean")]


RULES = {
    "engage": "engage",
    "k": "groups of 5 or more",
    "nested": "… and nested groups 5 apart",
    "pairwise": "… and any two groups 5 apart",
}


def _percent(values: pd.Series) -> str:
    return f"{values.mean():.1%}"


def table(lines: Sequence[Mapping[str, object]]) -> str:
    """Return lines as a Markdown table."""
    names = list(lines[0])
    rows = [names, ["---"] * len(names), *([str(line[name]) for name in names] for line in lines)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main() -> None:
    """Run the trials and print or write their table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into docs/privacy.md")
    given = parser.parse_args()
    with Pool() as workers:
        found = workers.map(tried, TRIALS, chunksize=1)
    text = table([line(*each) for each in zip(TRIALS, found, strict=True)])
    print(text)
    if given.write:
        before, rest = PAGE.read_text(encoding="utf-8").split(START)
        PAGE.write_text(before + START + "\n" + text + "\n" + END + rest.split(END)[1], encoding="utf-8")
    faults = [fault for each in zip(TRIALS, found, strict=True) for fault in broken(*each)]
    print("\n".join(faults) or "Every promise holds.")
    sys.exit(bool(faults))


START, END = "<!-- table -->", "<!-- end -->"

if __name__ == "__main__":
    main()
