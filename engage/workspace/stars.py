"""Star grading: whether a step up comes before or after a change of how people feel; for the gate."""

from typing import Final

import pandas as pd

from engage.errors import TooLittleData
from engage.model.grades import step_times, step_timing
from engage.privacy import Policy, Support, check_support
from engage.workspace.evaluating import Evaluation, figures_of, support_of_effect
from engage.workspace.linking import Survey

STAR: Final = "star"
_FACTS: Final = {"programme": STAR, "type": STAR, "basis": "others", "family": "people", "unit": "points",
                 "watch": False}  # fmt: skip


def steps_up(survey: Survey, policy: Policy) -> Evaluation:
    """Return, for every outcome, what came before a step up and what since, beside people who made none.

    Raises ``TooLittleData`` where the answers carry no stars, or no outcome can be told.
    """
    frame = survey.frame
    days = frame.groupby("wave", observed=True)["date"].max().dropna().sort_values()
    if STAR not in frame or days.empty:
        raise TooLittleData("workspace.no_stars")
    order = {wave: place for place, wave in enumerate(days.index)}
    rows = frame[frame["wave"].isin(days.index)]
    rows = rows.assign(time=rows["wave"].map(order), grade=pd.to_numeric(rows[STAR], errors="coerce"))
    if not step_times(rows, "respondent", "time", "grade").notna().any():
        raise TooLittleData("workspace.no_stars")
    table, behind = [], dict[tuple[str, str, str], Support]()
    for scale in survey.scales("outcome", "strain", "lift"):
        own = rows.assign(y=rows[scale].astype(float)).dropna(subset=["y"])
        try:
            effect = step_timing(own, "y", "respondent", "time", "grade")
            support = support_of_effect(effect, own["y"], policy)
            check_support(support, policy)
        except TooLittleData:
            continue
        behind[STAR, "people", scale] = support
        table += [_FACTS | {"outcome": scale} | row for row in figures_of(effect, policy)]
    if not table:
        raise TooLittleData("privacy.model_too_small", least=policy.model_n)
    return Evaluation(pd.DataFrame(table), behind)
