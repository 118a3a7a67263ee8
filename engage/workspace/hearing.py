"""The comments that the tone tables of a wave are of: what its closes saw, and nothing that came since."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.ingest.responses import STAND_IN
from engage.privacy import Policy
from engage.store import Snapshot
from engage.workspace import linking

BOX: Final = "none"
"""The question of comments that answer none: the suggestion box."""

_PART = ["question", "source"]
_COMMENT = "comment"
Chosen = npt.NDArray[np.bool_]


def heard(snapshot: Snapshot, waves: Sequence[str], policy: Policy) -> tuple[pd.DataFrame, linking.Survey]:
    """Return the comments behind the tone tables of closed waves, and the survey as their closes saw it.

    It is what the first close of a wave saw, with the groups of then. A later close adds what came to a
    question and source, and leaves out what was taken back, only if in the whole, in every group and outside
    all of them that is nobody or at least ``comments_k`` writers: the difference of two tables of tone is
    then itself a group whose tone may be shown. Until then the comments are as they were, or none where some
    of them were taken back.
    """
    parts, surveys = [], []
    for wave in waves:
        comments, survey = _of_wave(snapshot, wave, policy.comments_k)
        parts.append(comments)
        surveys.append(survey)
    groups = tuple(dict.fromkeys(name for survey in surveys for name in survey.groups))
    answers = pd.concat([survey.frame for survey in surveys], ignore_index=True)
    return pd.concat(parts, ignore_index=True), replace(surveys[-1], frame=answers, groups=groups)


def _of_wave(snapshot: Snapshot, wave: str, enough: int) -> tuple[pd.DataFrame, linking.Survey]:
    known, seen = pd.DataFrame({_COMMENT: []}, dtype=object), []
    for release in snapshot.releases(wave):
        survey = linking.survey(release, [wave])
        comments = _marked(linking.comments(release, survey.frame, survey.groups))
        seen.append(set(comments[_COMMENT]))
        later = comments.columns.difference(known.columns, sort=False)
        columns = known.merge(comments[[_COMMENT, *later]], on=_COMMENT, how="left")
        known = pd.concat([columns, comments[~comments[_COMMENT].isin(known[_COMMENT])]], ignore_index=True)
    groups = [name for name in survey.groups if name in known]
    kept = [
        part[_steady(part, [part[_COMMENT].isin(comments).to_numpy() for comments in seen], groups, enough)]
        for _, part in (known.groupby(_PART, dropna=False) if len(known) else ())
    ]
    return pd.concat([known[:0], *kept]).sort_index().drop(columns=_COMMENT), survey


def _marked(comments: pd.DataFrame) -> pd.DataFrame:
    """Add what tells a comment from others: who wrote what where (nobody known is ``""``), how many times."""
    if comments.empty:
        return pd.DataFrame({_COMMENT: []}, dtype=object)
    writer = comments["respondent"].astype("string")
    said = comments[[*_PART, "text"]].fillna("")
    said.insert(0, "writer", writer.mask(writer.str.fullmatch(STAND_IN), "").fillna("").astype(object))
    said["again"] = said.groupby(list(said.columns)).cumcount()
    marks = pd.Series(list(said.itertuples(index=False, name=None)), comments.index, dtype=object)
    return comments.assign(**{_COMMENT: marks})


def _steady(part: pd.DataFrame, seen: Sequence[Chosen], groups: Sequence[str], enough: int) -> Chosen:
    """Return which comments of a question and source its tables are of, after the last of some closes."""
    shown = [seen[0]]
    for now in seen[1:]:
        changes = [part[now ^ before] for before in shown if before.any()]
        if all(_is_enough(change, groups, enough) for change in changes):
            shown.append(now)
        else:
            gone = (shown[-1] & ~now).any()
            shown.append(shown[-1] & ~gone)
    return shown[-1]


def _is_enough(change: pd.DataFrame, groups: Sequence[str], enough: int) -> bool:
    known = change[_COMMENT].str[0]
    writer = known.mask(known == "", pd.Series(range(len(change)), change.index, dtype=object))
    tables = [pd.Series(0, change.index), *(change[name] for name in groups)]
    return all((writer.groupby(table, dropna=False).nunique() >= enough).all() for table in tables)
