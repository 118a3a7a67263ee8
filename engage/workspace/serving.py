"""Engagement, leaving and service side by side: what goes with each, where it can be told; for the gate."""

from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from engage.engine import COMPOSITES
from engage.errors import TooLittleData
from engage.model import mediation, outcome_table, service_panel, team_composites
from engage.model.design import build_design
from engage.model.drivers import Model
from engage.model.mediation import lagged_rows
from engage.model.service import MEASURES
from engage.privacy import Policy, Support, check_support, support_of
from engage.store import Snapshot
from engage.workspace.answering import FIRST_OUTCOMES
from engage.workspace.findings import (
    ATTRITION,
    SEED,
    Question,
    person_question,
    scale_question,
    settled,
)
from engage.workspace.linking import Survey, service_months

TOO_FEW_TEAMS: Final = "too_few_teams"
TOO_FEW_ROWS: Final = "too_few_rows"
_DRAWS: Final = 1000
_ALONE: Final = "?"

Composites = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Rows of :func:`engage.model.outcome_table` with ``role`` and ``hidden``: why a row stays empty.

    ``paths``: rows of lagged mediations, with driver, mediator, outcome and ``n``; empty where none is
    offered. ``behind``: what stands behind each model of the rows that are not hidden.
    """

    table: pd.DataFrame
    paths: pd.DataFrame
    behind: tuple[Support, ...]
    waves: tuple[str, ...]


def side_by_side(survey: Survey, snapshot: Snapshot, policy: Policy) -> SideBySide:
    """Return what goes with engagement, leaving and service, over all waves of ``survey``.

    Persons are modelled on the rows of the driver tables; teams with at least ``scores_k`` answers on their
    means. Raises ``TooLittleData`` where there are no service results, or nothing can be told.
    """
    if "service" not in snapshot.tables:
        raise TooLittleData("workspace.no_service")
    factors = [s for s in survey.scales("hygiene", "motivator", "unlabelled") if s in survey.frame]
    composites: Composites = {
        role: own for role in COMPOSITES if (own := [s for s in factors if survey.roles[s] == role])
    }
    if not composites:
        raise TooLittleData("workspace.no_drivers")
    if "team" not in survey.frame:
        raise TooLittleData("workspace.no_team")
    parts, behind = [], []
    for shown_as, question in _personal(survey, snapshot):
        rows, support = _persons(question, shown_as, factors, composites, policy)
        parts.append(rows)
        behind += [support] if support else []
    teams = _teams(survey, policy, composites)
    months = service_months(snapshot)
    rows, supports, panel = _of_teams(teams, months, factors, composites, policy)
    parts.append(rows)
    behind += supports
    table = pd.concat(parts, ignore_index=True)
    if table["hidden"].ne("").all():
        raise TooLittleData("privacy.model_too_small", least=policy.model_n)
    table["role"] = [d if d in COMPOSITES else survey.roles.get(str(d)) for d in table["driver"]]
    paths, lagged = _paths(teams, months, composites, survey, policy)
    waves = tuple(sorted(map(str, panel["wave"].unique())))
    return SideBySide(table, paths, (*behind, *lagged), waves)


def _personal(survey: Survey, snapshot: Snapshot) -> list[tuple[str, Question]]:
    """Return the questions asked of persons: of the headline outcome, and of leaving where it is known."""
    known = survey.scales("outcome")
    first = next((name for name in FIRST_OUTCOMES if name in known), next(iter(known), None))
    asked = [(first, scale_question(survey, first))] if first else []
    if "people" in snapshot.tables:
        try:
            question = person_question(survey, snapshot, ATTRITION)
        except TooLittleData:
            return asked  # nobody's leaving is known: it has no rows
        if not question.per_team:
            asked.append((ATTRITION, question))
    return asked


def _persons(
    question: Question, shown_as: str, factors: list[str], composites: Composites, policy: Policy
) -> tuple[pd.DataFrame, Support | None]:
    """Return an outcome's rows of persons; composites are sums of the factors, so they add no column."""
    try:
        _, ready, support = settled(question, policy)
    except TooLittleData:
        return _empty(shown_as, "person", [*composites, *factors], TOO_FEW_ROWS), None
    frame = ready.frame
    alone = _ALONE + frame["respondent"].astype(str)
    frame = frame.assign(team=frame["team"].astype(object).where(frame["team"].notna(), alone))
    frame = frame.rename(columns={ready.outcome: shown_as})
    model: dict[str, Model] = {shown_as: ready.model}
    coarse = ready.is_coarse
    nothing = pd.DataFrame({"team": [], "month": []})
    found = outcome_table(
        frame, nothing, list(composites) if coarse else factors, composites, model,
        measures=(), controls=ready.controls, date="date",
    ).tidy()  # fmt: skip
    found = found.drop_duplicates("driver", ignore_index=True)
    rows = found.assign(hidden=found["reason"].map(lambda why: TOO_FEW_ROWS if why else ""))
    missing = factors if coarse else []
    return pd.concat([rows, _empty(shown_as, "person", missing, TOO_FEW_ROWS)], ignore_index=True), support


def _teams(survey: Survey, policy: Policy, composites: Composites) -> pd.DataFrame:
    """Return the answers of teams with at least ``scores_k`` answers to each composite in a wave."""
    frame = survey.frame.dropna(subset=["team"])
    answered = frame[list(composites)].notna().all(axis=1)
    counts = answered.groupby([frame["team"], frame["wave"]], observed=True).transform("sum")
    return frame[counts >= policy.scores_k]


def _of_teams(
    teams: pd.DataFrame, months: pd.DataFrame, factors: list[str], composites: Composites, policy: Policy
) -> tuple[pd.DataFrame, list[Support], pd.DataFrame]:
    """Return the rows of teams, what stands behind them, and the panel they are of."""
    alone: Composites = {name: [name] for name in factors}
    panel = service_panel(team_composites(teams, {**composites, **alone}, date="date"), months)
    found = outcome_table(teams, months, factors, composites, {}, date="date").tidy()
    hidden = pd.Series(found["reason"].map(lambda why: TOO_FEW_TEAMS if why else ""), dtype=object)
    behind = []
    for measure in found["outcome"].unique():
        for names, exploratory in ((list(composites), False), (factors, True)):
            own = (found["outcome"] == measure) & (found["exploratory"] == exploratory) & (hidden == "")
            if not own.any():
                continue
            try:
                behind.append(_team_support(panel, str(measure), names, policy, alone=exploratory))
            except TooLittleData:
                hidden[own] = TOO_FEW_TEAMS
    return found.assign(hidden=hidden), behind, panel


def _team_support(
    panel: pd.DataFrame, measure: str, names: list[str], policy: Policy, *, alone: bool
) -> Support:
    """Return what stands behind models of teams; of factors tried ``alone``, leverage is that of them all."""
    several = ("wave",) if panel["wave"].nunique() > 1 else ()
    design = build_design(panel, measure, names, several, cluster="team")
    support = support_of(design, panel, [*names, *several], policy)
    coefficients = 2 + len(design.terms) - len(names) if alone else support.coefficients
    team = int(panel["n"].iloc[design.rows].min())
    support = replace(support, coefficients=coefficients, team=team)
    check_support(support, policy)
    return support


def _paths(
    teams: pd.DataFrame, months: pd.DataFrame, composites: Composites, survey: Survey, policy: Policy
) -> tuple[pd.DataFrame, list[Support]]:
    """Return mediations by way of the headline outcome; nothing where waves or teams don't allow it."""
    known = survey.scales("outcome")
    mediator = next((name for name in FIRST_OUTCOMES if name in known), None)
    columns = ["driver", "mediator", "outcome", "path", "estimate", "ci_low", "ci_high", "n"]
    if mediator is None:
        return pd.DataFrame(columns=columns), []
    panel = service_panel(team_composites(teams, {**composites, mediator: [mediator]}, date="date"), months)
    rows, behind = [], []
    for measure in (name for name in MEASURES if name in panel):
        for driver in composites:
            try:
                behind.append(_lagged_support(panel, driver, mediator, measure, policy))
                found = mediation(panel, driver, mediator, measure, bootstrap=_DRAWS, seed=SEED)
            except TooLittleData:
                continue  # the page says that it is not offered
            part = found.tidy().assign(driver=driver, mediator=mediator, outcome=measure, n=found.n)
            rows.append(part[columns])
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns), behind


def _lagged_support(panel: pd.DataFrame, driver: str, mediator: str, measure: str, policy: Policy) -> Support:
    lagged = lagged_rows(panel, (driver, mediator, measure, "n"))
    before = [f"{name}[before]" for name in (driver, mediator, measure)]
    design = build_design(lagged, measure, [mediator, *before], ["wave"], cluster="team")
    support = support_of(design, lagged, [mediator, *before, "wave"], policy)
    rows = lagged.iloc[design.rows]
    support = replace(support, team=int(rows[["n", "n[before]"]].min().min()))
    check_support(support, policy)
    return support


def _empty(outcome: str, unit: str, drivers: list[str], why: str) -> pd.DataFrame:
    return pd.DataFrame(
        {"outcome": outcome, "unit": unit, "driver": drivers, "exploratory": False, "hidden": why}
    )
