"""Time in grade by star, and who got the places that people applied for; ready for the gate."""

from typing import Final

import numpy as np
import pandas as pd

from engage.errors import TooLittleData
from engage.model import time_in_grade
from engage.privacy import Policy, nameable, unnamed
from engage.store import Snapshot
from engage.workspace.enrolled import programmes_of
from engage.workspace.leaving import staff_list

STAR: Final = "star"
BY: Final = ("role_group", "contract", "star", "performance")
"""Groups of the staff list by which places are counted."""


def grade_curves(snapshot: Snapshot) -> pd.DataFrame:
    """Return, by star, the share that has not stepped up, by months since the star was reached.

    A step lies between two lists, the day is not known: it is put halfway. Columns as
    :func:`engage.privacy.release_survival` takes them. Raises ``TooLittleData`` without a dated
    staff list with stars on which somebody stepped up.
    """
    people = staff_list(snapshot)
    if STAR not in people or people["as_of"].isna().all():
        raise TooLittleData("workspace.no_stars")
    people = people.assign(star=pd.to_numeric(people[STAR], errors="coerce")).dropna(subset=["as_of"])
    people = people[~people["left"].fillna(False).astype(bool)]
    lines = _halfway(people)
    if lines.empty:
        raise TooLittleData("workspace.no_stars")
    curves = time_in_grade(lines, "respondent", "as_of", STAR).tidy()
    # Nobody steps up from the highest star: that is no stay that could have ended so.
    curves = curves[curves["by"] != str(int(people[STAR].max()))]
    if curves.empty:
        raise TooLittleData("workspace.no_stars")
    for name in ("ci_low", "ci_high"):
        curves[name] = curves[name].fillna(curves["survival"])
    return curves.rename(columns={"by": STAR})


def _halfway(people: pd.DataFrame) -> pd.DataFrame:
    """Return the lists with a further line halfway between two that show different stars of a person."""
    rows = people[["respondent", "as_of", STAR]].dropna().sort_values(["respondent", "as_of"])
    before = rows.groupby("respondent")[["as_of", STAR]].shift()
    moved = before[STAR].notna() & (before[STAR] != rows[STAR])
    between = before["as_of"] + (rows["as_of"] - before["as_of"]) / 2
    return pd.concat([rows, rows[moved].assign(as_of=between[moved])])


def places(snapshot: Snapshot, policy: Policy) -> pd.DataFrame:
    """Return, by programme and group, how many applied and how many got a place.

    Columns ``programme, by, group, applied, accepted``; ``by`` is ``""`` for all applicants. Only programmes
    that people applied for and somebody was turned down from; groups are those of the last list drawn by the
    programme's start (of the first one after it, where there is none). Raises ``TooLittleData`` without any.
    """
    asked = [one for one in programmes_of(snapshot) if one.unit == "person" and one.refused]
    if not asked:
        raise TooLittleData("workspace.no_applicants")
    people = staff_list(snapshot) if "people" in snapshot.tables else pd.DataFrame()
    parts = []
    for one in asked:
        who = [*one.members, *sorted(one.refused)]
        frame = pd.DataFrame({"respondent": who, "accepted": np.arange(len(who)) < len(one.members)})
        frame = frame.merge(_then(people, one.start), on="respondent", how="left") if len(people) else frame
        parts.append(_counted(frame.assign(group=""), one.name, ""))
        for by in (name for name in BY if name in frame and frame[name].nunique() > 1):
            values = frame[by].astype("string")
            named = unnamed(values, nameable(values, (), policy.scores_k)).fillna("")
            parts.append(_counted(frame.assign(group=named), one.name, by))
    return pd.concat(parts, ignore_index=True)


def _then(people: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    """Return each person's line of the list that tells how they stood when a programme began."""
    dated = people.dropna(subset=["as_of"]).sort_values("as_of")
    before = dated[dated["as_of"] <= start].drop_duplicates("respondent", keep="last")
    after = dated[dated["as_of"] > start].drop_duplicates("respondent", keep="first")
    late = after[~after["respondent"].isin(before["respondent"])]
    return pd.concat([before, late])[["respondent", *(name for name in BY if name in people)]]


def _counted(frame: pd.DataFrame, programme: str, by: str) -> pd.DataFrame:
    counts = frame.groupby("group")["accepted"].agg(applied="size", accepted="sum").reset_index()
    return counts.assign(programme=programme, by=by)
