"""How customers fare with each team, month by month, and the two programmes."""

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import planted as p

SERVING = ("smart_service", "traditional_service")


def wave_in_force(month: date) -> str:
    """Return the wave whose climate a month's service depends on: the last begun by then, else the first."""
    begun = [wave for wave in p.WAVES if p.WAVE_DATES[wave][0].replace(day=1) <= month]
    return begun[-1] if begun else p.WAVES[0]


def composites(panel: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Return team means of the respondents' composites: team, wave, hygiene, motivator, climate.

    A composite is the mean of a person's scale scores, missing unless half of them are there.
    """
    table = panel[["team", "wave"]].copy()
    for name, scales in (("hygiene", p.HYGIENE), ("motivator", p.MOTIVATORS), ("climate", p.DRIVERS)):
        values = scores[list(scales)]
        table[name] = values.mean(axis=1).where(2 * values.notna().sum(axis=1) >= len(scales))
    answered = table[panel["responded"].to_numpy()]
    return answered.groupby(["team", "wave"], as_index=False).mean()


def make_service(
    rng: np.random.Generator,
    teams: pd.DataFrame,
    panel: pd.DataFrame,
    scores: pd.DataFrame,
    contest: set[str],
) -> pd.DataFrame:
    """Return a row per serving team and month: team, month, csat, on_time, quality, handled."""
    serving = teams[teams["role_group"].isin(SERVING)].reset_index(drop=True)
    climate = composites(panel, scores).set_index(["team", "wave"])
    ability = panel.groupby(["team", "wave"])["ability"].mean()
    heads = panel.groupby(["team", "wave"]).size()
    own = {name: sd * rng.standard_normal(len(serving)) for name, sd in p.SERVICE_TEAM_SD.items()}
    calls = rng.normal(620, 60, len(serving)) * np.where(serving["role_group"] == "smart_service", 1.5, 1.0)
    in_contest = serving["team"].isin(contest).to_numpy()
    rows = []
    for month in p.MONTHS:
        keys = pd.MultiIndex.from_arrays([serving["team"], [wave_in_force(month)] * len(serving)])
        now = climate.reindex(keys)
        level = {
            name: p.SERVICE_LEVEL[name] + own[name] + rng.normal(0, p.SERVICE_MONTH_SD[name], len(serving))
            + sum(slope * (now[c].to_numpy() - p.SERVICE_CENTRE) for c, slope in p.SERVICE[name].items())
            for name in p.SERVICE
        }  # fmt: skip
        level["quality"] += p.QUALITY_PER_ABILITY * (ability.reindex(keys).to_numpy() - 72)
        running = in_contest & (month > p.CONTEST_START) & (month <= p.CONTEST_END)
        level["on_time"] += p.CONTEST_ON_TIME * running
        season = 1 + 0.06 * np.sin(2 * np.pi * month.month / 12)
        handled = calls * heads.reindex(keys).to_numpy() * season * (1 + p.CONTEST_HANDLED * running)
        handled *= rng.normal(1, 0.03, len(serving))
        rows.append(
            pd.DataFrame({"team": serving["team"], "month": month, **level, "handled": np.round(handled)})
        )
    table = pd.concat(rows, ignore_index=True)
    top = {"csat": 100.0, "on_time": 1.0, "quality": 100.0}
    return table.assign(**{name: table[name].clip(0.0, limit) for name, limit in top.items()})


def contest_teams(rng: np.random.Generator, teams: pd.DataFrame) -> pd.DataFrame:
    """Return the team contest: hotline teams picked at random of those with more than seven people."""
    able = teams[(teams["role_group"] == "traditional_service") & (teams["planned"] > 7)]["team"].to_numpy()
    count = min(max(1, round(p.CONTEST_TEAMS * len(teams) / p.TEAMS)), len(able) // 2)
    members = np.sort(rng.choice(able, count, replace=False))
    return _programme("班组劳动竞赛", "contest", p.CONTEST_START, p.CONTEST_END, "team", members, None)


def mentors(rng: np.random.Generator, panel: pd.DataFrame) -> pd.DataFrame:
    """Return the mentor programme: veterans apply, the more worn the sooner; places are drawn by lot."""
    veteran = ((panel["tenure_years"] >= 2) & (panel["leave_date"].isna())).to_numpy()
    lean = -1.0 + 0.5 * (panel["withdrawal"].to_numpy() - 2.3)
    applied = veteran & (rng.random(len(panel)) < 1 / (1 + np.exp(-lean)))
    people = panel["respondent"].to_numpy()[applied]
    accepted = rng.permutation(len(people)) < round(0.55 * len(people))
    return _programme("老员工导师计划", "mentor", p.MENTOR_START, p.MENTOR_END, "person", people, accepted)


def _programme(
    name: str,
    kind: str,
    start: date,
    end: date,
    unit: str,
    members: npt.NDArray[np.object_],
    accepted: npt.NDArray[np.bool_] | None,
) -> pd.DataFrame:
    n = len(members)
    applied = [pd.NA if accepted is None else True] * n
    taken = [pd.NA] * n if accepted is None else list(accepted)
    columns = {"programme": name, "type": kind, "start": start, "end": end, "unit": unit, "member": members}
    return pd.DataFrame(columns).assign(
        applied=pd.array(applied, dtype="boolean"), accepted=pd.array(taken, dtype="boolean")
    )
