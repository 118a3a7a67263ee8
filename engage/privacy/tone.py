"""Which groups of comments may be shown: chosen over all groups of a wave together, like those of scores."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pandas as pd

from engage.privacy.disclosure import hidden_cells
from engage.privacy.measures import Measure
from engage.privacy.policy import Policy
from engage.privacy.suppress import suppress

TONES: Final = ("negative", "neutral", "positive")
_MEASURES: Final = {tone: Measure(0.0, 1.0, 1.0, share_of="tone") for tone in TONES}


def hidden_tone(comments: pd.DataFrame, by: str, groups: Sequence[str], policy: Policy) -> pd.Series:
    """Return why the tone of each group stays hidden, ``""`` where it is shown, by the group's name.

    ``comments``: those of one wave, question and source, one row each: ``tone``, ``respondent`` (missing
    where nobody knows), ``theme`` and the ``groups``, whose tables are all taken as published beside the
    whole wave. ``by``: one of them, ``"theme"``, or ``"wave"`` for the whole, whose name is ``""``.

    A group has comments of at least ``comments_k`` writers, and so has what is hidden beside it. Of groups
    that are known of everybody the rest follows as for scores (:func:`engage.privacy.hidden_cells`), a
    comment being a person; who wrote on which theme is not known.
    """
    writer = comments["respondent"].astype(object)
    writer = writer.where(writer.notna(), pd.Series(range(len(comments)), index=comments.index, dtype=object))
    value = comments[by].astype("string").fillna("") if by != "wave" else pd.Series("", comments.index)
    writers = writer.groupby(value).nunique().rename("n").rename_axis(by).reset_index()
    reasons = suppress(writers, [by], policy.comments_k).set_axis(pd.Index(writers[by].astype(str)))
    if by == "theme":
        return reasons
    frame = comments[list(groups)].assign(
        respondent=[str(place) for place in range(len(comments))],
        **{tone: (comments["tone"] == tone).astype(float) for tone in TONES},
    )
    tables = [(), *((name,) for name in groups)]
    hidden = hidden_cells(frame, tables, _MEASURES, replace(policy, scores_k=policy.comments_k))
    at = hidden.grid.tables.index(() if by == "wave" else (by,))
    for number in hidden.grid.numbers(at):
        key = "".join(hidden.grid.cells["key"].iloc[number])
        found = next((hidden.reasons[tone][number] for tone in TONES if hidden.reasons[tone][number]), "")
        reasons[key] = reasons[key] or found
    return reasons
