"""Shortfall or surplus: the two-factor claim tested on each factor and outcome, made ready for the gate."""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from engage.errors import TooLittleData
from engage.model import asymmetry
from engage.model.answers import read_answers
from engage.model.design import build_design
from engage.privacy import Policy, Support, check_support, refusal, support_of
from engage.workspace.findings import SEED, Question, scale_question, settled
from engage.workspace.linking import TONE, Survey

SATISFACTION: Final = "satisfaction"
"""Its lack is what hygiene factors are said to cause, so it is asked about beside strain and lift."""


@dataclass(frozen=True, slots=True)
class TwoFactor:
    """A row per outcome and factor, what stands behind each outcome, and the outcomes that were refused."""

    table: pd.DataFrame
    behind: dict[str, Support]
    refused: tuple[str, ...]
    waves: tuple[str, ...]


def two_factor(survey: Survey, policy: Policy) -> TwoFactor:
    """Test every factor on every strain and lift outcome, and on satisfaction.

    The rows are those of the outcome's driver model, so that no two results differ by a few people. An
    outcome that the answers can't support is left out; raises ``TooLittleData`` if none is left.
    """
    known = survey.scales("strain", "lift")
    outcomes = (*(s for s in survey.scales("outcome") if s == SATISFACTION), *known) if known else ()
    outcomes = outcomes or survey.scales("outcome")
    tables, behind, failed = [], {}, {}
    waves: dict[str, None] = {}
    for outcome in outcomes:
        try:
            question, support = _supported(scale_question(survey, outcome), policy)
            tables.append(_verdicts(question, survey))
        except TooLittleData as error:
            failed[outcome] = refusal(error, policy)
            continue
        behind[outcome] = support
        waves |= dict.fromkeys(question.frame["wave"].astype(str))
    if not tables:
        raise next(iter(failed.values()), TooLittleData("workspace.no_outcome")) from None
    return TwoFactor(pd.concat(tables, ignore_index=True), behind, tuple(failed), tuple(sorted(waves)))


def _supported(question: Question, policy: Policy) -> tuple[Question, Support]:
    """Return the question on the rows of its driver model, and what stands behind the test.

    What is shown of a factor are its contrasts of low and high answers; its slope is in the driver table. So
    the support is that of all three columns of every factor together.
    """
    _, ready, _ = settled(question, policy)
    if ready.is_coarse and not question.is_coarse:
        raise TooLittleData("privacy.model_rows", least=policy.rows_per_coefficient)
    frame = ready.frame
    columns = list(ready.drivers)
    for driver in _factors(ready):
        scale = read_answers(frame[driver].to_numpy(dtype=float))
        if scale.tails is not None and scale.knots:
            low, high = scale.tails
            frame = frame.assign(**{f"{driver}[low]": (scale.codes <= low) * 1.0})
            frame = frame.assign(**{f"{driver}[high]": (scale.codes >= high) * 1.0})
            columns += [f"{driver}[low]", f"{driver}[high]"]
    design = build_design(frame, ready.outcome, columns, ready.controls, _cluster(ready))
    support = support_of(design, frame, [*columns, *ready.controls], policy, person=ready.person)
    check_support(support, policy)
    return ready, support


def _verdicts(question: Question, survey: Survey) -> pd.DataFrame:
    factors = _factors(question)
    found = asymmetry(question.frame, question.outcome, factors, cluster=_cluster(question), seed=SEED)
    table = found.tidy()
    table.insert(0, "outcome", question.outcome)
    table.insert(1, "side", survey.roles[question.outcome])
    table["role"] = [survey.roles[driver] for driver in factors]
    return table


def _factors(question: Question) -> tuple[str, ...]:
    return tuple(driver for driver in question.drivers if driver != TONE)


def _cluster(question: Question) -> str | None:
    """Return what rows hang together by: teams, or the people who answered in several waves."""
    if question.cluster or not question.frame["respondent"].duplicated().any():
        return question.cluster
    return "respondent"
