"""What teams take part in, and what it goes with: how they feel in the wave after, and serve then."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from engage import engine
from engage.errors import TooLittleData
from engage.ingest.kinds import ACTIVITIES
from engage.measure import adjust_pvalues
from engage.model import fit_service, service_panel, team_composites
from engage.model.design import build_design
from engage.model.service import MEASURES
from engage.privacy import Policy, Support, check_support, support_of
from engage.store import Snapshot
from engage.workspace.linking import Survey, service_months
from engage.workspace.serving import TOO_FEW_TEAMS
from engage.workspace.skills import people_by_team

BEFORE: Final = 3
"""Full months before a wave over which activities are averaged."""
SHARE: Final = "answered_share"
RATES: Final = ("service_stars", "suggestions", "interviews")
OUTCOMES: Final = ("recognition", "participation", "engagement")
"""Scales that activities are held against, where they were asked: what they are for, and engagement."""
_PER: Final = 10
_FEW_TEAMS: Final = 30
_WILD: Final = 999


@dataclass(frozen=True, slots=True)
class Activities:
    """``table``: rows for :func:`engage.privacy.release_activities`; ``totals``: what was counted."""

    table: pd.DataFrame
    behind: tuple[Support, ...]
    totals: Mapping[str, int]
    waves: tuple[str, ...]
    months: tuple[str, str]


def activity_months(snapshot: Snapshot) -> pd.DataFrame:
    """Return one row per team and month; of a month told twice the last stands, merged teams are added up.

    Raises ``TooLittleData`` where none were imported.
    """
    if "activities" not in snapshot.tables:
        raise TooLittleData("workspace.no_activities")
    rows = engine.open_table(replace(snapshot, renames=()), "activities")
    rows = engine.frame(engine.with_present_teams(rows.mutate(team_then=rows.team), snapshot))
    order = {id: place for place, id in enumerate(snapshot.import_ids("activities"))}
    rows = rows.sort_values("import_id", key=lambda ids: ids.map(order), kind="stable")
    rows = rows.groupby(["team", "team_then", "month"])[list(ACTIVITIES)].last()
    return rows.groupby(["team", "month"]).sum(min_count=1).reset_index()


def activities(survey: Survey, snapshot: Snapshot, policy: Policy) -> Activities:
    """Return what a team's activities in the three full months before a wave go with.

    Rates per ten people and month, and the share of suggestions answered; outcomes are the team's mean
    ``OUTCOMES`` in the wave and its service in the three months after. One at a time, waves as dummies,
    errors by team, below 30 teams by the wild bootstrap; p-values adjusted over all. Teams with ``scores_k``
    answers.
    """
    months = activity_months(snapshot)
    if "team" not in survey.frame:
        raise TooLittleData("workspace.no_team")
    scales = [name for name in OUTCOMES if name in survey.frame]
    frame = survey.frame.dropna(subset=["team"])
    there = frame[scales].notna().all(axis=1)
    frame = frame[there & (there.groupby([frame["team"], frame["wave"]]).transform("sum") >= policy.scores_k)]
    felt = team_composites(frame, {name: [name] for name in scales}, date="date")
    panel = _before(felt, months, snapshot)
    served = None
    if "service" in snapshot.tables and len(panel):
        served = service_panel(panel, service_months(snapshot))
    rows: list[dict[str, object]] = []
    behind: list[Support] = []
    for activity in (*RATES, SHARE):
        for outcome in (*scales, *(m for m in MEASURES if served is not None and m in served)):
            table = panel if outcome in scales else served
            family = "felt" if outcome in scales else "service"
            rows.append({"family": family} | _row(table, activity, outcome, policy, behind))
    if not behind:
        raise TooLittleData("privacy.model_too_small", least=policy.model_n)
    found = pd.DataFrame(rows)
    found["p_adjusted"] = adjust_pvalues(found["p_value"].astype(float).to_numpy())
    totals = {name: int(months[name].sum()) for name in ACTIVITIES}
    span = [str(months["month"].agg(end))[:7] for end in ("min", "max")]
    waves = tuple(sorted(map(str, panel["wave"].unique())))
    return Activities(found, tuple(behind), totals, waves, (span[0], span[1]))


def _before(felt: pd.DataFrame, months: pd.DataFrame, snapshot: Snapshot) -> pd.DataFrame:
    """Return team rows with what was done before; a team needs half of the months and a known size."""
    parts = []
    for wave, own in felt.groupby("wave", observed=True):
        start = pd.Timestamp(own["wave_date"].iloc[0]).to_period("M").to_timestamp()
        first = start - pd.DateOffset(months=BEFORE)
        window = months[(months["month"] >= first) & (months["month"] < start)]
        window = window.groupby("team").filter(lambda rows: 2 * len(rows) >= BEFORE)
        people = people_by_team(snapshot, str(wave))
        parts.append(own.merge(_rates(window, people), on="team", how="inner"))
    return pd.concat(parts, ignore_index=True) if parts else felt


def _rates(window: pd.DataFrame, people: "pd.Series[int]") -> pd.DataFrame:
    groups = window.groupby("team")
    heads = people.reindex(groups.size().index).astype(float)
    made = {name: _PER * groups[name].mean() / heads for name in RATES}
    asked, answered = groups["suggestions"].sum(), groups["answered"].sum()
    made[SHARE] = (answered / asked).where(asked > 0)
    return pd.DataFrame(made).rename_axis("team").reset_index()


def _row(
    panel: pd.DataFrame | None, activity: str, outcome: str, policy: Policy, behind: list[Support]
) -> dict[str, object]:
    row: dict[str, object] = {
        "activity": activity,
        "outcome": outcome,
        "hidden": TOO_FEW_TEAMS,
        "p_value": float("nan"),
    }
    if panel is None or panel.empty:
        return row
    try:
        several = ("wave",) if panel["wave"].nunique() > 1 else ()
        design = build_design(panel, outcome, [activity], several, cluster="team")
        support = support_of(design, panel, [activity, *several], policy)
        support = replace(support, team=int(panel["n"].iloc[design.rows].min()))
        check_support(support, policy)
        teams = design.n_clusters or 0
        wild = _WILD if several and teams < _FEW_TEAMS else 0
        fit = fit_service(panel, outcome, [activity], wild=wild)
    except TooLittleData:
        return row
    behind.append(support)
    term = fit.tidy().set_index("term").to_dict("index")[activity]
    figures = {name: float(term[name]) for name in ("estimate", "ci_low", "ci_high", "p_value")}
    return row | figures | {"n": fit.n, "teams": teams, "hidden": ""}
