"""How often intervals of programme effects hold the truth, and how often nothing is taken for something.

python benchmarks/programmes.py [--worlds 500] [--write docs/validation.md]

Each world draws its own number of units, starts and effects, which grow with time in the programme; units
drift together within clusters. --write puts the table into the section of that name. World k starts from the
seed 20261123 + k.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
import warnings

import numpy as np
import pandas as pd
from tables import Tally, told

from engage.errors import TooLittleData
from engage.model import (
    composition,
    difference_in_differences,
    placebo_dates,
    two_way_fixed_effects,
)

SEED = 20261123
PERIODS = 6
HOLDS, SIZE = "interval", "size"
COLUMNS = ("unit", "time", "start")


def world(
    rng: np.random.Generator, clusters: int, per: int, starts: tuple[float, ...], shared: float, grows: float
) -> tuple[pd.DataFrame, float]:
    """Return a panel whose clusters join at ``starts`` or never (half), and the effect in the first period.

    The effect is ``grows`` more in each further period. x moves the start and the trend.
    """
    effect = rng.normal(0, 0.5)
    joins = np.full(clusters, np.nan)
    joins[: clusters // 2] = np.resize(starts, clusters // 2)
    joins = rng.permutation(joins)
    town = np.repeat(np.arange(clusters), per)
    start = joins[town]
    level = rng.normal(size=len(town))
    parts = []
    for t in range(1, PERIODS + 1):
        since = t - np.nan_to_num(start, nan=np.inf)
        gain = np.where(since >= 0, effect + grows * np.maximum(since, 0), 0.0)
        gain = np.where(np.isfinite(gain), gain, 0.0)
        y = level + 0.3 * t + gain + shared * rng.normal(size=clusters)[town] + rng.normal(size=len(town))
        parts.append(
            pd.DataFrame({"unit": np.arange(len(town)), "town": town, "time": t, "start": start, "y": y})
        )
    return pd.concat(parts, ignore_index=True), effect


def truth(panel: pd.DataFrame, effect: float, grows: float) -> float:
    """Return the mean effect over starts and periods, starts weighted by their units."""
    size = panel.groupby("unit")["start"].first().value_counts()
    cells = [(g, effect + grows * e) for g in size.index for e in range(int(PERIODS - g) + 1)]
    return float(np.average([value for _, value in cells], weights=[size[g] for g, _ in cells]))


def within(row: pd.Series, value: float) -> bool:
    return bool(row["ci_low"] <= value <= row["ci_high"])


def staggered(rng: np.random.Generator, tally: Tally) -> None:
    panel, effect = world(rng, int(rng.integers(50, 90)), 3, (3.0, 5.0), 0.5, 0.1)
    found = difference_in_differences(panel, "y", *COLUMNS, cluster="town")
    tally.add("staggered, 50–89 clusters", HOLDS, within(found.overall, truth(panel, effect, 0.1)))
    tally.add("test of the trend before", SIZE, found.pre_trend_p < 0.05)
    events = found.tidy().set_index("term").filter(regex=r"^event", axis=0)
    since = events.index.str.extract(r"\[(-?\d+)\]")[0].astype(int).to_numpy()
    own = np.where(since >= 0, effect + 0.1 * since, 0.0)
    inside = (events["band_low"] <= own) & (own <= events["band_high"])
    tally.add("band of all events at once", HOLDS, bool(inside.all()))
    dates = placebo_dates(panel, "y", *COLUMNS, cluster="town").tidy()
    tally.add("placebo dates", SIZE, (dates["p_value"] < 0.05).to_numpy())


def few(rng: np.random.Generator, tally: Tally) -> None:
    clusters = int(rng.integers(12, 25))
    panel, effect = world(rng, clusters, 8, (3.0, 5.0), 0.5, 0.1)
    for name, draws in (("wild bootstrap", 999), ("t", 0)):
        found = difference_in_differences(panel, "y", *COLUMNS, cluster="town", draws=draws)
        held = within(found.overall, truth(panel, effect, 0.1))
        tally.add(f"staggered, 12–24 clusters, {name}", HOLDS, held)


def one_date(rng: np.random.Generator, tally: Tally) -> None:
    panel, effect = world(rng, int(rng.integers(12, 25)), 1, (4.0,), 0.0, 0.0)
    found = two_way_fixed_effects(panel, "y", *COLUMNS, draws=999)
    tally.add("two-way fixed effects, 12–24 units", HOLDS, within(found.overall, effect))
    panel, effect = world(rng, int(rng.integers(40, 80)), 3, (4.0,), 0.5, 0.0)
    found = two_way_fixed_effects(panel, "y", *COLUMNS, cluster="town")
    tally.add("two-way fixed effects, 40–79 clusters", HOLDS, within(found.overall, effect))


def comers(rng: np.random.Generator, tally: Tally) -> None:
    """Units answer four times in five, at random: everybody and stayers tell the same."""
    panel, effect = world(rng, int(rng.integers(40, 80)), 6, (4.0,), 0.3, 0.0)
    seen = panel[rng.random(len(panel)) < 0.8]
    seen = seen[seen["time"].isin([3, 4])]
    found = composition(seen, "y", *COLUMNS, cluster="town").tidy().set_index("term")
    for name in ("everybody", "stayers"):
        tally.add(f"{name}, four in five seen", HOLDS, within(found.loc[name], effect))
    tally.add("everybody and stayers differ", SIZE, found.loc["difference", "p_value"] < 0.05)


def applied(rng: np.random.Generator, tally: Tally) -> None:
    """Who is worse off joins, and gets better anyway: a change without an effect, but for the planted one."""
    n = int(rng.integers(200, 500))
    trait = rng.normal(size=n)
    before = [trait + 0.7 * rng.normal(size=n) for _ in range(2)]
    joined = rng.random(n) < 1 / (1 + np.exp(before[1] + 0.5))
    effect = rng.normal(0, 0.3)
    after = 0.5 * before[0] + 0.4 * before[1] + effect * joined + 0.8 * rng.normal(size=n)
    panel = pd.concat(
        [
            pd.DataFrame({"unit": np.arange(n), "time": t, "start": np.where(joined, 3.0, np.nan), "y": y})
            for t, y in enumerate([*before, after], 1)
        ]
    )
    rows = {"joined when worse off: plain": {}, "joined when worse off: two earlier waves": {"earlier": 2}}
    for name, options in rows.items():
        try:
            found = difference_in_differences(panel, "y", *COLUMNS, **options)
        except TooLittleData:
            continue
        tally.add(name, HOLDS, within(found.overall, effect))


def table(worlds: int) -> list[str]:
    tally = Tally()
    for number in range(worlds):
        rng = np.random.default_rng(SEED + number)
        for part in (staggered, few, one_date, comers, applied):
            part(rng, tally)
        if number % 100 == 99:
            print(f"{number + 1} worlds", file=sys.stderr, flush=True)
    return [
        f"{worlds:,} worlds, in per cent, with the Monte-Carlo standard error.",
        "",
        "| estimator | 95 % interval holds | nothing called something at 5 % |",
        "|---|---|---|",
        *(f"| {row} | {tally.cell(row, HOLDS)} | {tally.cell(row, SIZE)} |" for row in tally.rows),
    ]


def main() -> int:
    warnings.simplefilter("error")
    return told(__doc__, "programmes", table, 500)


if __name__ == "__main__":
    sys.exit(main())
