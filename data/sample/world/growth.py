"""What people can do, how their contacts are rated, what teams take part in, and the plan of head-counts.

Drawn apart from everything else (generators of their own), so that nothing else of the sample depends on it.
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.instrument import Item, load_instrument

from . import planted as p
from .exports import Row

if TYPE_CHECKING:
    from . import World

WAVE: Final = p.WAVES[-1]
_ITEM_SD, _PERSON_SD, _TEAM_SD = 0.45, 0.55, 0.12
_ROLE_GROUPS: Final = {
    "管理": "management",
    "运营支撑": "operations_support",
    "智能服务": "smart_service",
    "传统服务": "traditional_service",
}


def competence(world: "World") -> pd.DataFrame:
    """Return who filled in the competence questionnaire in the last wave, with an answer (1–5) per item.

    Respondents of that wave, most of them. A role's level is its target less the planted gap; communication
    follows how the team's customers fare, knowledge a person's ability score.
    """
    rng = np.random.default_rng([world.seed, 11])
    instrument = load_instrument("competence")
    panel = world.panel[(world.panel["wave"] == WAVE) & world.panel["responded"]]
    panel = panel[rng.random(len(panel)) < p.COMPETENCE_RATE].reset_index(drop=True)
    fares = panel["team"].map(_fares(world)).fillna(0.0).to_numpy()
    able = (panel["ability"].to_numpy() - 72) / 9
    teams = pd.factorize(panel["team"])[0]
    answers: dict[str, npt.NDArray[np.int64]] = {}
    for scale in instrument.scales:
        need = panel["role_group"].map(scale.targets).astype(float)
        gaps = panel["role_group"].map(p.COMPETENCE_GAPS.get(scale.id, {})).fillna(0.0)
        level = (need - gaps).fillna(p.COMPETENCE_ELSE).to_numpy()
        level = level + _TEAM_SD * rng.standard_normal(teams.max() + 1)[teams]
        level += _PERSON_SD * rng.standard_normal(len(panel))
        if scale.id == "customer_communication":
            level += p.COMMUNICATION_PER_CSAT_SD * fares
        if scale.id == "business_knowledge":
            level += p.KNOWLEDGE_PER_ABILITY_SD * able
        for item in scale.items:
            ticked = np.rint(level + _ITEM_SD * rng.standard_normal(len(panel)))
            answers[item] = np.clip(ticked, 1, 5).astype(int)
    return panel[["respondent", "team", "role_group"]].assign(**answers)


def _fares(world: "World") -> pd.Series:
    """Return how each serving team's customers fare over all months, in standard deviations between teams."""
    means = world.service.groupby("team")["csat"].mean()
    return (means - means.mean()) / means.std()


def contacts(world: "World") -> pd.DataFrame:
    """Return rated contacts of the serving teams in the last wave: contact, team, a rating (1–5) per item."""
    rng = np.random.default_rng([world.seed, 12])
    instrument = load_instrument("service_value")
    fares = _fares(world)
    heads = world.panel[world.panel["wave"] == WAVE].groupby("team").size()
    rated = np.maximum(np.rint(p.CONTACTS_PER_HEAD * heads.reindex(fares.index).fillna(0)), 1).astype(int)
    teams = np.repeat(fares.index.to_numpy(), rated.to_numpy())
    better = fares.reindex(teams).to_numpy()
    answers: dict[str, npt.NDArray[np.int64]] = {}
    for scale in instrument.scales:
        level = p.VALUE_LEVEL[scale.id] + p.VALUE_PER_CSAT_SD.get(scale.id, 0.0) * better
        level = level + _PERSON_SD * rng.standard_normal(len(teams))
        for item in scale.items:
            answers[item] = np.clip(np.rint(level + _ITEM_SD * rng.standard_normal(len(teams))), 1, 5).astype(
                int
            )
    ids = [f"C{70_001 + place}" for place in range(len(teams))]
    return pd.DataFrame({"contact": ids, "team": teams, **answers})


def activities(world: "World") -> pd.DataFrame:
    """Return, by team and month, service stars, suggestions made and answered, and talks held.

    What is done in the months before a wave goes with how the team feels in it: stars with recognition,
    answers to suggestions with participation. Talks go with nothing.
    """
    rng = np.random.default_rng([world.seed, 13])
    seen = world.analysed().groupby(["team", "wave"])[["recognition", "participation"]].mean()
    heads = world.panel.groupby(["team", "wave"]).size()
    teams = world.teams["team"].to_numpy()
    parts = []
    for month in p.MONTHS:
        keys = pd.MultiIndex.from_arrays([teams, [_wave_ahead(month)] * len(teams)])
        n, felt = heads.reindex(keys).fillna(0).to_numpy(), seen.reindex(keys).fillna(p.ACTIVITY_CENTRE)
        stars = np.exp(p.STARS_PER_POINT * (felt["recognition"].to_numpy() - p.ACTIVITY_CENTRE))
        made = rng.poisson(p.ACTIVITY_RATE["suggestions"] * n)
        answered = 1 / (
            1 + np.exp(-p.ANSWERED_PER_POINT * (felt["participation"].to_numpy() - p.ACTIVITY_CENTRE))
        )
        parts.append(
            pd.DataFrame(
                {
                    "team": teams,
                    "month": month,
                    "service_stars": rng.poisson(p.ACTIVITY_RATE["service_stars"] * n * stars),
                    "suggestions": made,
                    "answered": rng.binomial(made, answered),
                    "interviews": rng.poisson(p.ACTIVITY_RATE["interviews"] * n),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _wave_ahead(month: date) -> str:
    """Return the first wave that has not ended before a month's end, else the last."""
    coming = [wave for wave in p.WAVES if p.WAVE_DATES[wave][1] >= month]
    return coming[0] if coming else p.WAVES[-1]


def _wave_days(rng: np.random.Generator, n: int) -> list[date]:
    first, last = p.WAVE_DATES[WAVE]
    return [first + timedelta(days=int(d)) for d in np.sort(rng.integers(0, (last - first).days + 1, n))]


def competence_rows(world: "World", silent: set[str]) -> list[Row]:
    """Return the competence questionnaire as a plain export, option text; the number joins the background.

    Who is ``silent`` on it in the survey fills in no further questionnaire.
    """
    table, instrument = competence(world), load_instrument("competence")
    table = table[~table["respondent"].isin(silent)]
    days = _wave_days(np.random.default_rng([world.seed, 14]), len(table))
    head: Row = ["工号", "提交时间", *(item.text["zh"] for item in instrument.items)]
    rows = [head]
    for day, row in zip(days, table.to_dict("records"), strict=True):
        ticked = [_label(instrument.item(item.id), row[item.id]) for item in instrument.items]
        rows.append([row["respondent"], day.isoformat(), *ticked])
    return rows


def contact_rows(world: "World") -> list[Row]:
    """Return the ratings of contacts as the quality panel hands them over."""
    table, instrument = contacts(world), load_instrument("service_value")
    days = _wave_days(np.random.default_rng([world.seed, 15]), len(table))
    rows: list[Row] = [["编号", "提交时间", "班组", *(item.text["zh"] for item in instrument.items)]]
    for day, row in zip(days, table.to_dict("records"), strict=True):
        ticked = [_label(instrument.item(item.id), row[item.id]) for item in instrument.items]
        rows.append([row["contact"], day.isoformat(), row["team"], *ticked])
    return rows


def _label(item: Item, value: int) -> str:
    return next(option.label["zh"] for option in item.options if option.value == value)


def activity_rows(world: "World") -> list[Row]:
    """Return the counts of recognition and participation by team and month."""
    rows: list[Row] = [["班组", "月份", "服务之星人数", "提出建议数", "已答复数", "谈心次数"]]
    for r in activities(world).to_dict("records"):
        counts = [int(r[name]) for name in ("service_stars", "suggestions", "answered", "interviews")]
        rows.append([r["team"], r["month"].strftime("%Y-%m"), *counts])
    return rows


def plan_rows(world: "World") -> list[Row]:
    """Return the plan: people from traditional to smart service, step by step, over three years.

    Every vacancy is filled, so each group's head-count stays what its teams are meant to have.
    """
    now = world.teams.groupby("role_group")["planned"].sum()
    rows: list[Row] = [["岗位族", "年份", "目标人数"]]
    for year, moved in p.PLAN_SHIFT.items():
        for label, group in _ROLE_GROUPS.items():
            shift = {"smart_service": moved, "traditional_service": -moved}.get(group, 0)
            rows.append([label, year, int(now.get(group, 0) + shift)])
    return rows


def growth_truth(world: "World") -> dict[str, object]:
    """Return what an analysis of nearly endless data finds, by plain means and least squares."""
    return {"competence": _competence_truth(world), "activities": _activity_truth(world)}


def _competence_truth(world: "World") -> dict[str, object]:
    table, instrument = competence(world), load_instrument("competence")
    scores = pd.DataFrame({s.id: table[list(s.items)].mean(axis=1) for s in instrument.scales})
    means = scores.groupby(table["role_group"]).mean()
    gaps = {
        s.id: {
            role: round(float(target - means.at[role, s.id]), 4) for role, target in sorted(s.targets.items())
        }
        for s in instrument.scales
    }
    teams = scores.groupby(table["team"]).mean()
    enough = table["team"].value_counts().reindex(teams.index) >= 5
    months = [m for m in p.MONTHS if p.WAVE_DATES[WAVE][1] < m <= p.WAVE_DATES[WAVE][1] + timedelta(days=100)]
    served = world.service[world.service["month"].isin(months)].groupby("team")[["csat", "quality"]].mean()
    both = teams[enough].join(served, how="inner")
    slopes = {
        "csat": {"customer_communication": _slope(both["customer_communication"], both["csat"])},
        "quality": {"business_knowledge": _slope(both["business_knowledge"], both["quality"])},
    }
    return {
        "how": "target less mean score by role group; least squares of a team's service in the three months "
        "after the wave on its mean score, teams of five answers or more",
        "gaps": gaps,
        "service": slopes,
    }


def _activity_truth(world: "World") -> dict[str, object]:
    done = activities(world)
    heads = world.panel.groupby(["team", "wave"]).size().rename("heads")
    felt = world.analysed().groupby(["team", "wave"])[["recognition", "participation"]].agg(["mean", "size"])
    felt.columns = ["recognition", "n", "participation", "n2"]
    parts = []
    for wave in p.WAVES:
        start = p.WAVE_DATES[wave][0].replace(day=1)
        before = [m for m in p.MONTHS if 0 < (start.year - m.year) * 12 + start.month - m.month <= 3]
        parts.append(
            done[done["month"].isin(before)].groupby("team").mean(numeric_only=True).assign(wave=wave)
        )
    table = pd.concat(parts).reset_index().merge(heads.reset_index()).merge(felt.reset_index())
    table = table[table["n"] >= 5]
    rate = 10 * table["service_stars"] / table["heads"]
    share = (table["answered"] / table["suggestions"]).where(table["suggestions"] > 0)
    return {
        "how": "least squares of a team's mean score in a wave on what it did in the three months before (a "
        "monthly mean per ten people; the share of suggestions answered), with wave dummies; five answers "
        "or more",
        "recognition": {"service_stars": _within(table, rate, "recognition")},
        "participation": {"answered_share": _within(table, share, "participation")},
    }


def _slope(x: pd.Series, y: pd.Series) -> float:
    return round(float(np.polyfit(x.to_numpy(float), y.to_numpy(float), 1)[0]), 4)


def _within(table: pd.DataFrame, x: pd.Series, outcome: str) -> float:
    there = x.notna()
    waves = table.loc[there, "wave"]
    x, y = x[there], table.loc[there, outcome]
    return _slope(x - x.groupby(waves).transform("mean"), y - y.groupby(waves).transform("mean"))
