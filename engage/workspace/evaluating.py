"""What became of programmes: every outcome that can be compared, checked, and made ready for the gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from engage.errors import TooLittleData
from engage.instrument import Role
from engage.measure.multiplicity import adjust_pvalues
from engage.model import (
    ProgrammeEffect,
    composition,
    difference_in_differences,
    placebo_dates,
    programme_verdict,
    two_way_fixed_effects,
    year_on_year,
)
from engage.privacy import Policy, Support, check_support, told_apart
from engage.store import Snapshot
from engage.workspace.enrolled import Programme, other_teams, programmes_ever, programmes_of, silent
from engage.workspace.enrolled_leaving import leaving_rows
from engage.workspace.linking import Survey, service_months

EARLIER: Final = 2
"""Waves that people are alike in, where those who applied have no one to be compared with but everybody."""
WATCHED: Final = {"absence": -1, "overtime": -1, "leave_taken": 1}
"""Columns of the service file that can show harm, with the direction that is good."""
_SERVICE: Final = {"csat": 1, "on_time": 1, "quality": 1, "handled": 0} | WATCHED
_SHARES: Final = ("on_time", "absence")
_PEOPLE: Final[tuple[Role, ...]] = ("strain", "lift", "outcome")
_CONDITIONS: Final[tuple[Role, ...]] = ("hygiene", "motivator", "unlabelled")
_FIGURES: Final = ("estimate", "ci_low", "ci_high", "band_low", "band_high")
_NEW: Final = 365
_NEVER: Final = np.nan

_NAMES: Final = {"outcome": "y", "unit": "unit", "time": "time", "treated_from": "start"}

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Rows for :func:`engage.privacy.release_programmes`, and what stands behind each outcome of them."""

    table: pd.DataFrame
    behind: dict[Key, Support]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One outcome: a row per unit and period with the columns ``unit, time, start, until, y, cluster``."""

    family: str
    outcome: str
    rows: pd.DataFrame
    periods: Sequence[str]
    better: int
    unit: str
    people: bool
    options: dict[str, Any] = field(default_factory=dict)


def evaluate(survey: Survey, snapshot: Snapshot, policy: Policy, *, attrition: bool = False) -> Evaluation:
    """Return what became of every programme; of leaving only if ``attrition`` is analysed at all.

    Raises ``TooLittleData`` where there is none."""
    found = programmes_of(snapshot)
    if not found:
        raise TooLittleData("workspace.no_programmes")
    sides = {one.name: _sides(one, survey) for one in found}
    ever = [_sides(one, survey) for one in programmes_ever(snapshot)]
    hidden = told_apart(sides, ever, policy)
    months = service_months(snapshot) if "service" in snapshot.tables else pd.DataFrame()
    rows: list[dict[str, Any]] = []
    behind: dict[Key, Support] = {}
    for one in found:
        facts = {"programme": one.name, "type": one.type, "basis": one.basis}
        if one.name in hidden:
            rows.append(facts | silent("people", "", "", "combination") | {"hidden_reason": "combination"})
            continue
        own = [_answered(asked, one, policy, behind) for asked in _questions(one, survey, months, policy)]
        if attrition:
            own.append(leaving_rows(one, survey, snapshot, policy, behind))
        told = [facts | row for part in own for row in part]
        rows += told or [facts | silent("people", "", "", _why_nothing(survey))]
    return Evaluation(_judged(pd.DataFrame(rows)), behind)


def _sides(one: Programme, survey: Survey) -> tuple[set[str], set[str]]:
    """Return the people in a programme and those they are compared with, among those who answered."""
    frame = survey.frame
    if one.unit == "person":
        key = frame["respondent"].astype(str)
        others = set(one.refused) if one.basis == "applicants" else set(key) - set(one.members)
        return set(key) & set(one.members), set(key) & others
    if "team" not in frame:
        return set(), set()
    inside, outside = (frame["team"].isin(teams) for teams in (set(one.members), other_teams(one, frame)))
    return set(frame.loc[inside, "respondent"].astype(str)), set(frame.loc[outside, "respondent"].astype(str))


def _questions(one: Programme, survey: Survey, months: pd.DataFrame, policy: Policy) -> list[_Asked]:
    asked = _of_people(one, survey)
    if one.unit == "team":
        asked += _of_service(one, survey, months, policy)
    elif one.type.strip().casefold() == "mentor":
        asked += _of_new_staff(one, survey)
    return asked


def _waves(survey: Survey) -> pd.Series:
    """Return the day of each wave, oldest first; waves without a date are left out."""
    return survey.frame.groupby("wave", observed=True)["date"].max().dropna().sort_values()


def _of_people(one: Programme, survey: Survey) -> list[_Asked]:
    """Ask every scale of the questionnaire, by wave."""
    days = _waves(survey)
    frame = survey.frame[survey.frame["wave"].isin(days.index)]
    inside, outside = _sides(one, survey)
    if one.unit == "person":
        frame = frame[frame["respondent"].isin(inside | outside)]
        key, cluster = frame["respondent"].astype(str), frame["respondent"].astype(str)
    elif "team" in frame:
        frame = frame[frame["team"].isin(set(one.members) | other_teams(one, frame))]
        key, cluster = frame["team"].astype(str), frame["team"].astype(str)
    else:
        return []
    rows = _timed(frame, key, one.members, days)
    both = key if one.unit == "person" else key + "|" + frame["respondent"].astype(str)
    rows = rows.assign(unit=both, cluster=cluster)
    options = {"earlier": EARLIER} if one.basis == "matched" else {"everybody": True}
    return _scales(survey, rows, frame, days, "people", options)


def _of_new_staff(one: Programme, survey: Survey) -> list[_Asked]:
    """Ask those in their first year, in teams with a mentor beside teams without one."""
    frame, days = survey.frame, _waves(survey)
    if "team" not in frame or "hire_date" not in frame:
        return []
    mine = frame[frame["respondent"].isin(list(one.members))].dropna(subset=["team"])
    first = {team: min((one.members[str(who)] for who in own), key=lambda both: both[0])
             for team, own in mine.groupby("team", observed=True)["respondent"]}  # fmt: skip
    age = (frame["date"] - pd.to_datetime(frame["hire_date"])).dt.days
    new = frame[(age >= 0) & (age < _NEW) & frame["team"].notna() & frame["wave"].isin(days.index)]
    new = new[~new["respondent"].isin([*one.members, *one.refused])]
    rows = _timed(new, new["team"].astype(str), first, days)
    rows = rows.assign(
        unit=new["team"].astype(str) + "|" + new["respondent"], cluster=new["team"].astype(str)
    )
    return _scales(survey, rows, new, days, "new_staff", {"everybody": True}, conditions=False)


def _timed(frame: pd.DataFrame, key: pd.Series, members: Mapping[Any, Any], days: pd.Series) -> pd.DataFrame:
    """Return the wave of each row as a number, and of its member the first and the last wave inside."""
    order = {wave: place for place, wave in enumerate(days.index)}
    moments: Any = days.to_numpy()
    first = {name: _first(moments, start) for name, (start, _) in members.items()}
    last = {name: _last(moments, end) for name, (_, end) in members.items()}
    return pd.DataFrame(
        {"time": frame["wave"].map(order), "start": key.map(first).astype(float),
         "until": key.map(last).astype(float)},
        index=frame.index,
    )  # fmt: skip


def _first(moments: Any, start: pd.Timestamp) -> float:
    place = int(np.searchsorted(moments, np.datetime64(start)))
    return float(place) if place < len(moments) else _NEVER


def _last(moments: Any, end: pd.Timestamp) -> float:
    return _NEVER if pd.isna(end) else float(np.searchsorted(moments, np.datetime64(end), side="right") - 1)


def _scales(
    survey: Survey, rows: pd.DataFrame, frame: pd.DataFrame, days: pd.Series, family: str,
    options: dict[str, Any], *, conditions: bool = True,
) -> list[_Asked]:  # fmt: skip
    """Return a question per scale: strain first, as that is what mentors are for."""
    asked = []
    kinds: list[tuple[str, tuple[Role, ...]]] = [(family, _PEOPLE)]
    if conditions:
        kinds.append(("conditions", _CONDITIONS))
    for name, roles in kinds:
        for role in roles:
            for scale in survey.scales(role):
                if scale in frame and frame[scale].notna().any():
                    own = rows.assign(y=frame[scale].astype(float)).dropna(subset=["y"])
                    better = -1 if role == "strain" else 1
                    asked.append(
                        _Asked(
                            name, scale, own, [str(d) for d in days.index], better, "points", True, options
                        )
                    )
    return asked


def _of_service(one: Programme, survey: Survey, months: pd.DataFrame, policy: Policy) -> list[_Asked]:
    """Ask every service measure, by month. A month that a member joined in counts neither way."""
    if months.empty or "team" not in survey.frame:
        return []
    answers = survey.frame.groupby(["team", "wave"], observed=True).size().groupby(level=0).max()
    large = set(answers[answers >= policy.scores_k].index)
    teams = (set(one.members) | other_teams(one, survey.frame)) & large
    rows = months[months["team"].isin(teams)]
    every = pd.DatetimeIndex(sorted(rows["month"].unique()))
    if rows.empty or len(every) < 2:
        return []
    ends = every + pd.offsets.MonthEnd(0)
    first = {name: _first(every.to_numpy(), start) for name, (start, _) in one.members.items()}
    last = {name: _last(ends.to_numpy(), end) for name, (_, end) in one.members.items()}
    joined = any(start.day > 1 for start, _ in one.members.values())
    team = rows["team"].astype(str)
    timed = pd.DataFrame(
        {"unit": team, "cluster": team, "time": every.searchsorted(rows["month"]), "start": team.map(first),
         "until": team.map(last)},
        index=rows.index,
    ).astype({"start": float, "until": float})  # fmt: skip
    asked = []
    for name, better in _SERVICE.items():
        if name not in rows or not pd.api.types.is_numeric_dtype(rows[name]) or rows[name].notna().sum() == 0:
            continue
        y = rows[name].astype(float)
        if name == "handled":
            y = y.where(y > 0).map(np.log)
        unit = "ratio" if name == "handled" else "share" if name in _SHARES and y.max() <= 1 else "points"
        own = timed.assign(y=y).dropna(subset=["y"])
        family = "watch" if name in WATCHED else "service"
        labels = [day.strftime("%Y-%m") for day in every]
        asked.append(_Asked(family, name, own, labels, better, unit, False, {"anticipation": int(joined)}))
    return asked


def _answered(
    asked: _Asked, one: Programme, policy: Policy, behind: dict[Key, Support]
) -> list[dict[str, Any]]:
    """Return an outcome's rows; without figures, but with the reason, where they can't be had or shown."""
    try:
        effect, rows, support = _compared(asked, policy)
        check_support(support, policy)
    except TooLittleData as refused:
        return [silent(asked.family, asked.outcome, asked.unit, _reason(refused, asked, one))]
    behind[one.name, asked.family, asked.outcome] = support
    size = _sizes(effect)
    before = asked.rows.loc[asked.rows["time"] < asked.rows["start"].min(), "y"]
    shared = {"family": asked.family, "outcome": asked.outcome, "unit": asked.unit, "better": asked.better,
              "watch": asked.family == "watch"}  # fmt: skip
    rows[0] |= {"n_clusters": effect.n_clusters, "inside": size[0], "outside": size[1],
                "pre_trend": effect.pre_trend_p, "spread": float(before.std())}  # fmt: skip
    if asked.unit == "ratio":
        rows = [row | {name: np.expm1(row[name]) for name in _FIGURES if name in row} for row in rows]
    return [shared | row for row in rows]


def _compared(asked: _Asked, policy: Policy) -> tuple[ProgrammeEffect, list[dict[str, Any]], Support]:
    common: dict[str, Any] = {"cluster": "cluster", "treated_until": "until"}
    named: Any = _NAMES
    effect = difference_in_differences(asked.rows, **named, **common, **asked.options)
    overall = effect.overall
    if not asked.people and asked.rows["start"].nunique() == 1:
        anticipation = asked.options["anticipation"]
        overall = two_way_fixed_effects(asked.rows, **named, **common, anticipation=anticipation).overall
    rows = [_figures("overall", "", overall)]
    if asked.options.get("everybody"):
        both = composition(asked.rows, **named, **common)
        table = both.tidy().set_index("term")
        if not 0 < both.fewest < policy.scores_k:
            rows[0] |= {"composition": table.loc["difference", "p_value"],
                        "stayers": tuple(table.loc["stayers", ["ci_low", "ci_high"]])}  # fmt: skip
            rows.append(_figures("stayers", "", table.loc["stayers"]))
    # With one period before, a placebo date is the test of the trend over again.
    if (
        "earlier" not in asked.options
        and asked.rows["start"].max() - asked.options.get("anticipation", 0) > 2
    ):
        dates = placebo_dates(asked.rows, **named, cluster="cluster", **asked.options).tidy()
        rows += [_figures(f"placebo[-{row['shift']:.0f}]", "", row) for _, row in dates.iterrows()]
    if not asked.people:
        rows += _year_on_year(asked)
    starts = asked.rows["start"].dropna().unique()
    for row in _events(effect, policy):
        since = int(row["term"][6:-1])
        rows.append(row | {"period": asked.periods[int(starts[0]) + since] if len(starts) == 1 else ""})
    support = support_of_effect(effect, asked.rows["y"], policy, earlier=asked.options.get("earlier", 0))
    return effect, rows, support


def _year_on_year(asked: _Asked) -> list[dict[str, Any]]:
    """Return the change of members and of others from a year before, in the months inside it."""
    member = asked.rows["start"].notna()
    first, last = asked.rows["start"].min(), asked.rows["until"].fillna(np.inf).max()
    months = pd.to_datetime(pd.Series(asked.periods))
    inside = (asked.rows["time"] >= first) & (asked.rows["time"] <= last)
    wanted = set(asked.rows.loc[inside, "time"]) | {time - 12 for time in asked.rows.loc[inside, "time"]}
    found = []
    for term, side in (("year_members", member), ("year_others", ~member)):
        own = asked.rows[side & asked.rows["time"].isin(wanted)]
        try:
            row = year_on_year(own.assign(month=list(months.iloc[own["time"]])), "y", "unit", "month")
        except TooLittleData:
            continue
        found.append(_figures(term, "", row.tidy().iloc[0]))
    return found


def _figures(term: str, period: str, row: Any) -> dict[str, Any]:
    own = {name: row[name] for name in (*_FIGURES, "p_value") if name in row}
    return {"term": term, "period": period, **own}


def _sizes(effect: ProgrammeEffect) -> tuple[int, int]:
    """Return the members and those they were compared with, behind the overall effect."""
    during = effect.group_times[effect.group_times["kind"] == "during"]
    return (
        int(during.groupby("treated_from")["n_treated"].min().sum()),
        int(during["n_controls"].min()),
    )


def support_of_effect(effect: ProgrammeEffect, y: pd.Series, policy: Policy, *, earlier: int = 0) -> Support:
    """Return what stands behind the weakest comparison: a period has answers of its own, so two sums each."""
    during = effect.group_times[effect.group_times["kind"] == "during"]
    fewest = int(during.groupby("treated_from")["fewest"].min().sum())
    people = int((during["n_treated"] + during["n_controls"]).min())
    return Support(
        n=len(y),
        people=people,
        coefficients=2 + 2 * earlier,
        df=min(people - 2, effect.n_clusters - 1),
        differing=len(y) - int(y.value_counts().iloc[0]),
        category=fewest,
        leverage=1 / fewest,
        leverage_known=1 / max(fewest - policy.colluders, 1),
    )


def figures_of(effect: ProgrammeEffect, policy: Policy) -> list[dict[str, Any]]:
    """Return the overall effect with its numbers of people, and the events that rest on enough of them."""
    inside, outside = _sizes(effect)
    rows = [_figures("overall", "", effect.overall) | {"inside": inside, "outside": outside}]
    return rows + _events(effect, policy)


def _events(effect: ProgrammeEffect, policy: Policy) -> list[dict[str, Any]]:
    cells = effect.group_times.groupby("event")
    phases = cells["kind"].agg(lambda kinds: kinds.mode().iloc[0])
    enough = cells["fewest"].min() >= policy.scores_k
    return [
        _figures(str(row["term"]), "", row) | {"phase": phases[since]}
        for _, row in effect.effects.iterrows()
        if str(row["term"]).startswith("event[")
        for since in [int(str(row["term"])[6:-1])]
        if enough[since]
    ]


def _reason(refused: TooLittleData, asked: _Asked, one: Programme) -> str:
    """Return why an outcome has no figures, in a word of the catalogue."""
    starts = asked.rows["start"].dropna()
    if starts.empty:
        return "no_after"
    if starts.max() < 1:
        return "no_before"
    if refused.code != "model.no_comparison":
        return "too_few"
    return "selected" if one.basis == "matched" else "no_comparison"


def _why_nothing(survey: Survey) -> str:
    return "no_dates" if _waves(survey).empty else "no_members"


def _judged(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with p-values adjusted within a family, and verdicts."""
    columns = ("estimate", "ci_low", "ci_high", "p_value", "pre_trend", "composition", "stayers", "spread",
               "verdict", "reason", "better", "hidden_reason", "inside", "outside", "n_clusters")  # fmt: skip
    table = table.assign(**{name: None for name in columns if name not in table})
    overall = table["term"].eq("overall") & table["estimate"].notna()
    table["p_adjusted"] = np.nan
    for _, own in table[overall].groupby(["programme", "family"], sort=False):
        table.loc[own.index, "p_adjusted"] = adjust_pvalues(own["p_value"].astype(float).to_numpy())
    for at, row in table[overall].iterrows():
        mine = (table["programme"] == row["programme"]) & (table["family"] == row["family"])
        mine &= (table["outcome"] == row["outcome"]) & table["term"].str.startswith("placebo")
        verdict, reason = programme_verdict(
            float(row["ci_low"]), float(row["ci_high"]), float(row["p_adjusted"]),
            better=int(row["better"]), spread_of_outcome=float(row["spread"]),
            pre_trend_p=float(row["pre_trend"]), placebo_p=table.loc[mine, "p_value"].astype(float).tolist(),
            composition_p=float("nan") if pd.isna(row["composition"]) else float(row["composition"]),
            stayers=row["stayers"] if isinstance(row["stayers"], tuple) else None,
        )  # fmt: skip
        table.loc[at, ["verdict", "reason"]] = [verdict, reason]
    return table
