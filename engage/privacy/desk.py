"""The gate for tickets and quality inspections.

Tickets are of branches and name no employee, so their counts are shown as they are; what is too few says too
little. A branch of a few people is those people, though, and marks are about agents: both stay hidden.
"""

from collections.abc import Collection, Mapping
from typing import Final

import pandas as pd

from engage.privacy import rounding
from engage.privacy.policy import Policy
from engage.privacy.safe import Note, SafeTable, seal
from engage.privacy.suppress import TOO_FEW, suppress

EVERY: Final = "all"
FEW_TICKETS: Final = "few_tickets"
FEW_CASES: Final = "few_cases"
AGENTS_UNKNOWN: Final = "agents_unknown"

_LIMITS: Final = ("low", "high", "far_low", "far_high")
_CHANGE: Final = ("before", "change", "change_low", "change_high")
_REPEAT: Final = ("repeat", "repeat_low", "repeat_high")
DESK_COLUMNS: Final = (
    "type", "branch", "n", "late", "on_time", "ci_low", "ci_high", *_CHANGE, "opened", *_REPEAT,
    "backlog", "overdue", *_LIMITS, "standing", "hidden_reason",
)  # fmt: skip
WEEK_COLUMNS: Final = (
    "type", "week", "n", "late", "on_time", "ci_low", "ci_high", "low", "high", "standing",
    "centre", "before", "backlog", "overdue", "hidden_reason",
)  # fmt: skip
INSPECTION_COLUMNS: Final = (
    "branch", "criterion", "n", "n_band", "mean", "ci_low", "ci_high", "standard", "gap", "verdict",
    "p_value", "hidden_reason",
)  # fmt: skip
_AGREEMENT: Final = (
    "apart", "alpha", "alpha_low", "alpha_high", "icc", "icc_low", "icc_high",
    "kappa", "kappa_low", "kappa_high",
)  # fmt: skip
RATER_COLUMNS: Final = ("criterion", "n", "n_band", *_AGREEMENT, "verdict", "hidden_reason")


def release_desk(
    table: pd.DataFrame, notes: Mapping[str, Note], policy: Policy, *, people: Mapping[str, int]
) -> SafeTable:
    """Release on-time shares, repeats and backlog of branches, to 0.1 points.

    ``table``: as of :func:`engage.model.tickets.ticket_rates`; ``people``: how many a branch has, where the
    staff list knows it as a team. A branch of fewer than ``policy.scores_k`` people is hidden in all types,
    with the next smallest until the hidden hold that many. With fewer than ``scores_k`` tickets due, shares
    and their standing are hidden (``few_tickets``), counts are not; likewise shares of repeats.
    """
    frame = table.reset_index(drop=True).copy()
    away = _small_branches(frame["branch"].unique(), people, policy)
    reasons = [away.get(branch, "") for branch in frame["branch"]]
    frame["hidden_reason"] = pd.Series(reasons, frame.index, dtype=object)
    few = (frame["n"] < policy.scores_k) & (frame["hidden_reason"] == "")
    frame.loc[few, "hidden_reason"] = FEW_TICKETS
    hidden = frame["hidden_reason"] != ""
    shares = ["on_time", "ci_low", "ci_high", *_CHANGE, *_LIMITS]
    frame[shares] = frame[shares].astype(float).round(3).mask(hidden)
    few_before = frame["n_before"] < policy.scores_k
    frame[list(_CHANGE)] = frame[list(_CHANGE)].mask(few_before)
    frame[list(_REPEAT)] = frame[list(_REPEAT)].astype(float).round(3)
    frame[list(_REPEAT)] = frame[list(_REPEAT)].mask((frame["n_repeat"] < policy.scores_k) | (hidden & ~few))
    frame["standing"] = frame["standing"].astype(object).where(frame["standing"].notna() & ~hidden, None)
    counts = ["n", "late", "opened", "backlog", "overdue"]
    frame[counts] = frame[counts].astype("Int64").mask(hidden & ~few)
    frame.loc[few, "late"] = pd.NA
    frame["hidden_reason"] = frame["hidden_reason"].replace("", None)
    return seal("desk", frame[list(DESK_COLUMNS)], notes)


def release_desk_weeks(table: pd.DataFrame, notes: Mapping[str, Note], policy: Policy) -> SafeTable:
    """Release each week's on-time share of all branches together, to 0.1 points, with its limits.

    ``table``: as of :func:`engage.model.tickets.ticket_weeks`. Weeks in which fewer than ``policy.scores_k``
    tickets were due have counts only.
    """
    frame = table.reset_index(drop=True).copy()
    few = frame["n"] < policy.scores_k
    shares = ["on_time", "ci_low", "ci_high", "low", "high", "centre", "before"]
    frame[shares] = frame[shares].astype(float).round(3)
    frame[["on_time", "ci_low", "ci_high"]] = frame[["on_time", "ci_low", "ci_high"]].mask(few)
    frame["late"] = frame["late"].astype("Int64").mask(few)
    frame["standing"] = frame["standing"].astype(object).where(frame["standing"].notna() & ~few, None)
    frame["hidden_reason"] = pd.Series(FEW_TICKETS, frame.index, dtype=object).where(few, None)
    return seal("desk_weeks", frame[list(WEEK_COLUMNS)], notes)


def release_inspections(
    table: pd.DataFrame, notes: Mapping[str, Note], policy: Policy, *, people: Mapping[str, int]
) -> SafeTable:
    """Release mean marks of branches beside the standard, as parts of the highest mark, to 0.01.

    ``table``: as of :func:`engage.model.inspections.weaknesses`; ``people`` as of :func:`release_desk`. Marks
    are about agents, so a branch is shown only with ``policy.scores_k`` agents or more behind its marks
    (told in the file, else by the staff list; neither: ``agents_unknown``) and as many cases, and the next
    smallest are hidden until what is hidden of a criterion holds ``scores_k`` agents in two branches. n in
    bands below 20, p-values in bands.
    """
    frame = table.reset_index(drop=True).copy()
    behind = frame["agents"].astype("Float64").fillna(frame["branch"].map(people).astype("Float64"))
    branches = frame["branch"] != EVERY
    reason = pd.Series("", frame.index, dtype=object)
    reason[frame["n"] < policy.scores_k] = FEW_CASES
    reason[branches & behind.isna().to_numpy()] = AGENTS_UNKNOWN
    for _, part in frame[branches].groupby("criterion"):
        sizes = pd.DataFrame({"n": behind[part.index].fillna(0).astype(int)})
        reason[part.index] = suppress(sizes, [], policy.scores_k, hidden=reason[part.index])
    whole = ~branches & behind.notna().to_numpy() & (behind.fillna(0) < policy.scores_k).to_numpy(bool)
    reason[whole & (reason == "")] = TOO_FEW
    hidden = reason != ""
    figures = ["mean", "ci_low", "ci_high", "standard", "gap"]
    frame[figures] = frame[figures].astype(float).round(2).mask(hidden)
    frame["p_value"] = frame["p_adjusted"].astype(float).map(rounding.p_band).mask(hidden)
    frame["verdict"] = frame["verdict"].astype(object).where(~hidden, None)
    frame = _banded(frame)
    frame["hidden_reason"] = reason.replace("", None)
    return seal("inspections", frame[list(INSPECTION_COLUMNS)], notes)


def release_raters(table: pd.DataFrame, notes: Mapping[str, Note], policy: Policy) -> SafeTable:
    """Release how far raters agree, all together, of criteria with ``policy.comments_k`` cases or more.

    ``table``: as of :func:`engage.model.inspections.rater_agreement`. Figures to 0.01, n in bands below 20.
    """
    frame = table.reset_index(drop=True).copy()
    few = frame["n"] < policy.comments_k
    figures = list(_AGREEMENT)
    frame[figures] = frame[figures].astype(float).round(2).mask(few)
    frame["verdict"] = frame["verdict"].astype(object).where(frame["verdict"].notna() & ~few, None)
    frame = _banded(frame)
    frame["hidden_reason"] = pd.Series(FEW_CASES, frame.index, dtype=object).where(few, None)
    return seal("raters", frame[list(RATER_COLUMNS)], notes)


def _small_branches(
    branches: Collection[object], people: Mapping[str, int], policy: Policy
) -> dict[object, str]:
    """Return why branches are hidden whatever their tickets: too few people, or next to such."""
    known = [one for one in branches if one in people]
    sizes = pd.DataFrame({"n": [people[str(one)] for one in known]}, dtype=int)
    if not known:
        return {}
    reasons = suppress(sizes, [], policy.scores_k)
    return {one: str(why) for one, why in zip(known, reasons, strict=True) if why}


def _banded(frame: pd.DataFrame) -> pd.DataFrame:
    counts = [int(n) for n in frame["n"]]
    shown = pd.array([rounding.n_shown(n) for n in counts], dtype="Int64")
    bands = pd.Series([rounding.n_band(n) for n in counts], frame.index, dtype=object)
    return frame.assign(n=shown, n_band=bands)
