"""Waves made up in memory, and the tables of quality and comparison that the gate makes of them."""

from functools import cache

import numpy as np
import pandas as pd
from safe_tables import INSTRUMENT, POLICY, cells

from engage.measure import cronbach_alpha, icc, omega_total, rwg_j
from engage.privacy import (
    Measure,
    Past,
    ScaleQuality,
    Split,
    Staffing,
    WaveQuality,
    release_changes,
    release_comparisons,
    release_distribution,
    release_quality,
    release_scores,
    release_staffing,
    released_cells,
)
from engage.privacy.roster import Grid, Roster

PAY = Measure(1.0, 5.0, 0.5)
GROUPS = ("team", "site")
TEAMS = [f"客服{i + 1}组" for i in range(8)]
NO_FLAGS = dict.fromkeys(("longstring", "irv", "mahalanobis", "even_odd", "contradictions", "repeated"), 0)


def people(sizes, seed=0):
    """Return one row per person: ``respondent``, team, site, and a score in half points."""
    rng = np.random.default_rng(seed)
    team = [name for name, size in sizes.items() for _ in range(size)]
    frame = pd.DataFrame({"respondent": [f"p{i:03d}" for i in range(len(team))], "team": team})
    frame["site"] = rng.choice(["river", "hill"], len(frame))
    frame["pay"] = np.round(np.clip(rng.normal(3.4, 0.8, len(frame)), 1, 5) * 2) / 2
    return frame


def released(frame, tables=((), ("team",), ("site",)), scales=("pay",)):
    """Return a release of ``frame`` in which every cell is shown."""
    roster = Roster.of(frame, GROUPS, scales)
    grid = Grid.of(roster, tables)
    return Past(roster, grid, {scale: np.ones(len(grid.cells), dtype=bool) for scale in scales}, {})


def items(n=300, k=3, seed=1, lean=1.0, teams=10):
    """Return answers on five points of people in teams, and their teams."""
    rng = np.random.default_rng(seed)
    team = np.arange(n) % teams
    person = rng.normal(0, lean, n) + rng.normal(0, 0.4, teams)[team]
    raw = 3.3 + person[:, None] + rng.normal(0, 0.8, (n, k))
    return pd.DataFrame(np.clip(np.round(raw), 1, 5), columns=[f"i{j}" for j in range(k)]), pd.Series(team)


def scale_quality(scale, seed=1, lean=1.0):
    answers, teams = items(seed=seed, lean=lean)
    found = (icc(answers.mean(axis=1), teams), rwg_j(answers, teams))
    return ScaleQuality(scale, cronbach_alpha(answers), omega_total(answers), answers.shape[1], *found)


def staffing(rates=(0.8, 0.8, 0.8, 0.8), invited=100):
    """Return who was asked and who answered of four teams, and of a rest that is not shown."""
    rows = [(TEAMS[i], invited, round(rate * invited), 0.4 + i / 10) for i, rate in enumerate(rates)]
    frame = pd.DataFrame(
        [*rows, (None, 20, 16, np.nan)], columns=["group", "invited", "responses", "favourable"]
    )
    return Staffing(frame)


def wave_quality(**facts):
    """Return the facts of a good wave, but for those given."""
    good = {
        "responses": 300, "invited": 375, "staffing": {"team": staffing()}, "flagged": NO_FLAGS,
        "suspects": 12,
        "flags": 2, "scales": [scale_quality("engagement"), scale_quality("pay", 2)],
        "splits": [], "headlines": ("engagement",), "grouped_by": "team",
    }  # fmt: skip
    return WaveQuality(**(good | facts))


def quality(**facts):
    return release_quality(wave_quality(**facts), released(people({"a": 150, "b": 150})), POLICY)


def split(frame, flagged, scale="pay"):
    return Split(scale, frame["pay"].to_numpy(dtype=float), np.asarray(flagged, dtype=bool), PAY)


@cache
def differences(seed=1, sizes=(60, 45, 30, 24, 18, 12, 7, 3), shift=1.0):
    """Return the comparison of eight teams on every scale, the first ``shift`` lower on pay."""
    raw = cells(TEAMS, ["team"], seed, sizes=list(sizes))
    raw.loc[(raw["team"] == TEAMS[0]) & (raw["scale"] == "pay"), "mean"] -= shift
    n = sum(sizes)
    whole = raw.groupby("scale", sort=False).apply(lambda g: np.average(g["mean"], weights=g["n"]))
    totals = pd.DataFrame({"scale": whole.index, "n": n, "mean": whole.to_numpy(), "favourable": 0.5})
    moments = totals[["scale", "n"]].assign(var=np.where(totals["scale"] == "enps_net", 6000.0, 0.8))
    tables = [release_scores(part, by, POLICY).tidy() for part, by in ((raw, ["team"]), (totals, []))]
    return release_comparisons(*tables, moments, ["team"], POLICY)


@cache
def distribution(by=("team",), sizes=(60, 45, 40, 35, 24, 18, 12, 3)):
    raw = cells(TEAMS if by else [()], list(by), 3, sizes=list(sizes) if by else [sum(sizes)])
    table = released_cells({tuple(by): release_scores(raw, by, POLICY)}).drop(columns=["by", "key"])
    table = pd.concat([raw[list(by)], table], axis=1).assign(size=raw["n"], reason="")
    table["unfavourable"] = ((1 - raw["favourable"]) / 2).where(~raw["scale"].isin(["hygiene", "motivator"]))
    return release_distribution(table, by, POLICY)


@cache
def response(rates=(0.4, 0.8, 0.85, 0.9)):
    return release_staffing(staffing(rates), "team", POLICY)


@cache
def moved(shift=0.5, linked=700, r=0.6, scale="engagement", n=900, waves=("2025H2", "2026H1")):
    parts = [cells([()], [], 1, sizes=[n]).assign(wave=wave, var=0.8) for wave in waves]
    parts[1].loc[parts[1]["scale"] == scale, "mean"] += shift
    scales = [s.id for s in INSTRUMENT.scales]
    links = pd.DataFrame(
        {"scale": scales, "wave_from": waves[0], "wave_to": waves[1], "linked": linked, "r": r}
    )
    return release_changes(pd.concat(parts), waves, POLICY, links)
