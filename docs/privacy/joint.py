"""Attack the driver table, the two-factor table, the what-if grid and the service table of a wave together.

python docs/privacy/joint.py [--write]

The attacker knows everybody's answers to every factor, what numbers are rounded to, the outcome's mean (to
0.1) and spread, and is given more than is published: of the two-factor test both sides of every factor, not
measured from a symmetric relation, and of what-if the coefficients of each of its models. All of these are
linear in the outcome's answers, so linear programming finds the least and the most that one of them can be.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linprog

from engage.model.answers import read_answers

PAGE = Path(__file__).parents[1] / "privacy.md"
START, END = "<!-- joint -->", "<!-- end joint -->"
FACTORS = ("pay", "relationships", "growth")
COMPOSITES = {"hygiene": ["pay", "relationships"], "motivator": ["growth"]}
PEOPLE, TEAMS, SEEDS, TARGETS = 240, 40, 5, 8
FINE, COARSE = 0.0005, 0.005
"""Half a step of coefficients; of correlations and of the two-factor table."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Release:
    """What a reader has of one state of the data: ``low ≤ rows·y ≤ high`` over its people."""

    rows: Floats
    low: Floats
    high: Floats


def people(seed: int, n: int = PEOPLE) -> pd.DataFrame:
    """Return answers of ``n`` people in teams: half points for factors, whole ones for the outcome."""
    rng = np.random.default_rng([seed, 61])
    team = np.arange(n) % TEAMS
    trait = rng.normal(size=(n, 3)) + rng.normal(0, 0.4, (TEAMS, 3))[team] + rng.normal(size=(n, 1)) * 0.7
    frame = pd.DataFrame(np.clip(np.round(2 * (3 + 0.8 * trait)) / 2, 1, 5), columns=list(FACTORS))
    mood = 3 + (frame - 3).to_numpy() @ [0.3, 0.1, 0.4] + rng.normal(0, 0.7, n)
    return frame.assign(y=np.clip(np.round(mood), 1, 5), team=team)


def release(frame: pd.DataFrame) -> Release:
    """Return the equations that the tables of ``frame`` are, as rounded."""
    x = frame[list(FACTORS)]
    sides, bends = {}, {}
    for name in FACTORS:
        scale = read_answers(x[name].to_numpy(float))
        assert scale.tails is not None
        sides[f"{name}_low"] = (scale.codes <= scale.tails[0]).astype(float)
        sides[f"{name}_high"] = (scale.codes >= scale.tails[1]).astype(float)
        bends[f"{name}_bend"] = np.maximum(x[name] - scale.original(scale.knots[1]), 0)
    own = frame.groupby("team")[list(FACTORS)].transform("mean")
    composites = pd.DataFrame({role: x[own].mean(axis=1) for role, own in COMPOSITES.items()})
    centred = (x - x.mean()).to_numpy() / (x.std(ddof=0).to_numpy() * frame["y"].std(ddof=0) * len(frame))
    models = (
        (x, FINE),  # driver table
        (pd.DataFrame(sides), COARSE),  # two-factor table
        (pd.concat([x, pd.DataFrame(bends, index=x.index)], axis=1), FINE),  # what-if: bent
        (pd.concat([x, own.add_suffix("_team")], axis=1), FINE),  # what-if: within teams
        (composites, FINE),  # service table; its single factors are those of the driver table
    )
    parts = [(_estimator(columns), half) for columns, half in models]
    parts += [(centred.T, COARSE), (np.full((1, len(frame)), 1 / len(frame)), 0.05)]
    rows = np.vstack([part for part, _ in parts])
    half = np.concatenate([np.full(len(part), half) for part, half in parts])
    shown = np.round(rows @ frame["y"].to_numpy() / (2 * half)) * 2 * half
    return Release(rows, shown - half, shown + half)


def _estimator(columns: pd.DataFrame) -> Floats:
    """Return what gives the slopes of least squares from y; the intercept is not published."""
    return np.asarray(np.linalg.pinv(np.column_stack([np.ones(len(columns)), columns]))[1:])


def room(releases: Sequence[Release], truth: Floats, person: int, known: Sequence[int] = ()) -> float:
    """Return how far one answer (of 1 to 5) can still vary; 0 where nothing but the truth is possible.

    Releases of fewer people are of the first of ``truth``. ``known``: whose answers are told.
    """
    n = len(truth)
    wide = [np.pad(one.rows, ((0, 0), (0, n - one.rows.shape[1]))) for one in releases]
    low, high = (np.concatenate([getattr(one, end) for one in releases]) for end in ("low", "high"))
    bounds = [(1.0, 5.0)] * n
    for one in known:
        bounds[one] = (float(truth[one]),) * 2
    matrix = np.vstack([*wide, *(-part for part in wide)])
    limit = np.concatenate([high, -low]) + 1e-9
    cost = np.eye(n)[person]
    ends = [
        linprog(sign * cost, A_ub=matrix, b_ub=limit, bounds=bounds, method="highs").fun for sign in (1, -1)
    ]
    return float(-ends[1] - ends[0])


def exposed(release: Release, most: int = TARGETS) -> list[int]:
    """Return the people whose answers the equations explain most of."""
    explained = np.einsum("ij,ji->i", np.linalg.pinv(release.rows), release.rows)
    return [int(one) for one in np.argsort(-explained)[:most]]


def tell(release: Release, person: int, count: int) -> list[int]:
    """Return whose answers help most: those that the equations tie closest to a person's."""
    tied = np.abs(np.linalg.pinv(release.rows)[person] @ release.rows)
    tied[person] = -1
    return [int(one) for one in np.argsort(-tied)[:count]]


def rooms(seed: int) -> dict[str, float]:
    """Return, for one made-up wave, how far an answer can vary at least, by what the attacker has."""
    frame = people(seed)
    late = people(seed + 1000, 5).assign(team=range(5))
    truth = frame["y"].to_numpy()
    one = release(frame)
    targets = exposed(one)
    found = {
        "nobody's answer": min(room([one], truth, person) for person in targets),
        "three others' answers": min(room([one], truth, person, tell(one, person, 3)) for person in targets),
        "all others' answers": max(
            room([one], truth, person, [o for o in range(len(truth)) if o != person])
            for person in targets[:3]
        ),
    }
    for more in (1, 5):
        grown = pd.concat([frame, late[:more]], ignore_index=True)
        new = range(len(frame), len(grown))
        both, truth = [one, release(grown)], grown["y"].to_numpy()
        found[f"the tables of {more} more"] = min(room(both, truth, person) for person in new)
    return found


def table(found: pd.DataFrame) -> str:
    """Return the figures as a Markdown table."""
    head = ["what the attacker has, beside the tables and all factors", "least room", "in the middle"]
    rows = [head, ["---"] * 3]
    rows += [[name, f"{own.min():.1f}", f"{own.median():.1f}"] for name, own in found.items()]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main() -> None:
    """Attack the waves and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into docs/privacy.md")
    given = parser.parse_args()
    text = table(pd.DataFrame([rooms(seed) for seed in range(SEEDS)]))
    print(text)
    if given.write:
        before, rest = PAGE.read_text(encoding="utf-8").split(START)
        PAGE.write_text(f"{before}{START}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
