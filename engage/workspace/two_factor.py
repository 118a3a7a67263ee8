"""Shortfall or surplus: the two-factor claim tested on each factor and outcome, made ready for the gate."""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from engage.errors import TooLittleData
from engage.model import asymmetry
from engage.privacy import Policy, Support, refusal
from engage.workspace.findings import SEED, Question, scale_question, settled
from engage.workspace.joint import SIDES, cluster_of, factors_of, joint_support, need_factors
from engage.workspace.linking import Survey

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
            asked = scale_question(survey, outcome)
            _, question, _ = settled(asked, policy)
            need_factors(asked, question, policy)
            support = joint_support(question, policy, SIDES)
            tables.append(_verdicts(question, survey))
        except TooLittleData as error:
            failed[outcome] = refusal(error, policy)
            continue
        behind[outcome] = support
        waves |= dict.fromkeys(question.frame["wave"].astype(str))
    if not tables:
        raise next(iter(failed.values()), TooLittleData("workspace.no_outcome")) from None
    return TwoFactor(pd.concat(tables, ignore_index=True), behind, tuple(failed), tuple(sorted(waves)))


def _verdicts(question: Question, survey: Survey) -> pd.DataFrame:
    factors = factors_of(question)
    found = asymmetry(question.frame, question.outcome, factors, cluster=cluster_of(question), seed=SEED)
    table = found.tidy()
    table.insert(0, "outcome", question.outcome)
    table.insert(1, "side", survey.roles[question.outcome])
    table["role"] = [survey.roles[driver] for driver in factors]
    return table
