"""All that pages release of one outcome, taken as one model: how much it explains of anybody's answer."""

from dataclasses import replace

import numpy as np
import pandas as pd

from engage.errors import TooLittleData
from engage.model.answers import read_answers
from engage.model.design import FloatArray, build_design
from engage.model.diagnostics import FEW_CLUSTERS
from engage.privacy import Policy, Support, check_support, support_of
from engage.privacy.support import leverages
from engage.workspace.findings import Question
from engage.workspace.linking import TONE

SIDES = ("low", "high")
"""Columns of the two-factor test: who answers low, who answers high."""
BENDS = ("middle", "team")
"""Columns of what-if's further models: answers above the middle, and the team's mean."""


def joint_support(question: Question, policy: Policy, parts: tuple[str, ...]) -> Support:
    """Return what stands behind the driver model of a question together with further ``parts`` of it.

    Rows, events and degrees of freedom are those of the model with the columns ``parts`` (of ``SIDES`` and
    ``BENDS``) beside every factor's own. Leverages are those of all parts there are: driver table, two-factor
    test and what-if are of the same rows and outcome, so that their estimates are one set of equations.

    Raises ``TooLittleData`` where a threshold is missed.
    """
    frame, added = _with_parts(question)
    own = [*question.drivers, *(name for part in parts for name in added[part])]
    design = build_design(frame, question.outcome, own, question.controls, cluster_of(question))
    support = support_of(design, frame, [*own, *question.controls], policy, person=question.person)
    every = [*question.drivers, *(name for names in added.values() for name in names)]
    whole = build_design(frame, question.outcome, every, question.controls)
    rows = frame.iloc[whole.rows]
    who = pd.factorize(rows[question.person])[0] if question.person else np.arange(whole.n)
    leverage, known = leverages(whole.columns, who, policy.colluders)
    support = replace(support, leverage=leverage, leverage_known=known)
    if question.per_team:
        support = replace(support, team=int(frame["team_size"].min()))
    check_support(support, policy)
    return support


def need_factors(asked: Question, ready: Question, policy: Policy) -> None:
    """Raise ``TooLittleData`` where composites stand for the factors."""
    if ready.is_coarse and not asked.is_coarse:
        raise TooLittleData("privacy.model_rows", least=policy.rows_per_coefficient)


def factors_of(question: Question) -> tuple[str, ...]:
    """Return the drivers that people answered about themselves; the tone of comments is their team's."""
    return tuple(driver for driver in question.drivers if driver != TONE)


def cluster_of(question: Question) -> str | None:
    """Return what rows hang together by: many teams, or people who answered in several waves."""
    cluster = question.cluster
    if question.per_team or (cluster and question.frame[cluster].nunique() >= FEW_CLUSTERS):
        return cluster
    return "respondent" if question.frame["respondent"].duplicated().any() else None


def _with_parts(question: Question) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Return the frame with the columns of every part, and their names by part."""
    made: dict[str, FloatArray] = {}
    added: dict[str, list[str]] = {part: [] for part in (*SIDES, *BENDS)}
    group = question.cluster or ("team" if "team" in question.frame else None)
    several = group is not None and question.frame[group].nunique() >= FEW_CLUSTERS
    for driver in factors_of(question):
        values = question.frame[driver].to_numpy(dtype=float)
        scale = read_answers(values)
        columns: dict[str, FloatArray] = {}
        if scale.tails is not None and scale.knots:
            columns["low"] = np.asarray(scale.codes <= scale.tails[0], dtype=float)
            columns["high"] = np.asarray(scale.codes >= scale.tails[1], dtype=float)
        if scale.knots:
            columns["middle"] = np.maximum(values - scale.original(scale.knots[1]), 0)
        if several:
            mean = question.frame.groupby(group)[driver].transform("mean").fillna(values.mean())
            columns["team"] = mean.to_numpy(dtype=float)
        for part, column in columns.items():
            if np.ptp(column) > 0:
                made[f"{driver}[{part}]"] = column
                added[part].append(f"{driver}[{part}]")
    return question.frame.assign(**made), added
