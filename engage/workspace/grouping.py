"""Driver tables by group: which groups may have a model, and the models of those that may."""

import json
from collections.abc import Sequence

import pandas as pd

from engage.errors import TooLittleData
from engage.privacy import Policy, SafeTable, release_grouped_drivers
from engage.store import Snapshot
from engage.workspace.cells import WaveCells
from engage.workspace.findings import (
    SERVICE,
    Question,
    driver_answer,
    person_question,
    service_questions,
    settled,
)
from engage.workspace.linking import Survey


def grouped_drivers(
    survey: Survey, snapshot: Snapshot, waves: Sequence[str], outcome: str, by: str, policy: Policy
) -> SafeTable:
    """Return a driver table per group of ``by``; groups that may have none come back hidden.

    Raises ``UsageError`` for an unknown outcome, ``TooLittleData`` where nobody has it.
    """
    (whole, *_) = _questions(survey, snapshot, outcome)
    members = pd.DataFrame() if whole.per_team else _members(whole, survey, policy)
    tables: dict[str, SafeTable | None] = {}
    for value, part in survey.by(by):
        if whole.per_team:
            members = pd.concat([members, _team_members(part, snapshot, outcome, by, value)])
        try:
            found = driver_answer(part, snapshot, outcome, policy)
        except TooLittleData:
            tables[value] = None  # shown as a hidden row
            continue
        tables[value] = found.released(policy)
        if not whole.per_team:
            left_out = (survey.frame.loc[members.index, by].astype("string") == value).fillna(False)
            members.loc[left_out & ~members.index.isin(found.used), by] = pd.NA
    if not whole.per_team:
        members.index = pd.Index(survey.frame.loc[members.index, "respondent"])
    hidden = _unpublished(snapshot, waves, by, outcome, list(tables))
    return release_grouped_drivers(tables, by, outcome, members, policy, unpublished=hidden)


def _questions(survey: Survey, snapshot: Snapshot, outcome: str) -> list[Question]:
    if outcome == SERVICE:
        return service_questions(survey, snapshot)
    return [person_question(survey, snapshot, outcome)]


def _complete(question: Question) -> pd.DataFrame:
    return question.frame.dropna(subset=[question.outcome, *question.drivers])


def _members(whole: Question, survey: Survey, policy: Policy) -> pd.DataFrame:
    """Return the groups of each row behind the model of all, by its place in the survey's frame."""
    try:
        used = settled(whole, policy)[1].frame.index
    except TooLittleData:
        used = _complete(whole).index
    return survey.frame.loc[used, list(survey.groups)].astype("string")


def _team_members(part: Survey, snapshot: Snapshot, outcome: str, by: str, value: str) -> pd.DataFrame:
    """Return a row per team and wave of a group."""
    try:
        rows = len(_complete(_questions(part, snapshot, outcome)[0]))
    except TooLittleData:
        rows = 0
    return pd.DataFrame({by: [value] * rows}, index=[f"{value}/{n}" for n in range(rows)])


def _unpublished(
    snapshot: Snapshot, waves: Sequence[str], by: str, outcome: str, values: Sequence[str]
) -> list[str]:
    """Return the groups without a published score in some wave that they answered in.

    It is the score of the outcome where that is one of the questionnaire, else any.
    """
    cells = WaveCells(snapshot, waves).frame
    cells = cells[cells["by"] == json.dumps([by])]
    if (cells["scale"] == outcome).any():
        cells = cells[cells["scale"] == outcome]
    group = cells["key"].map(lambda key: json.loads(key)[0])
    shown = cells["hidden_reason"].isna().groupby([group, cells["wave"]]).any().groupby(level=0).all()
    return [value for value in values if not shown.get(value, False)]
