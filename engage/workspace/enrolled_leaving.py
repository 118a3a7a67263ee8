"""Whether members of a programme left less: the one outcome that nobody has twice."""

import math
from typing import Any, Final

import numpy as np
import pandas as pd

from engage import engine
from engage.errors import TooLittleData
from engage.measure import wilson_interval
from engage.model import attrition_outcome, difference_in_differences
from engage.model.estimators import two_sided
from engage.privacy import Policy, Support, check_support
from engage.store import Snapshot
from engage.workspace.enrolled import Programme, other_teams, silent
from engage.workspace.linking import Survey, latest_people

DAYS: Final = 180
_OUTCOME: Final = "attrition"
_FAMILY: Final = "leaving"


def leaving_rows(
    one: Programme,
    survey: Survey,
    snapshot: Snapshot,
    policy: Policy,
    behind: dict[tuple[str, str, str], Support],
) -> list[dict[str, Any]]:
    """Return the row of leaving voluntarily within 180 days of the start.

    People who applied: the share of members less that of unsuccessful applicants. Teams: the share of those
    in the teams at the start less that 180 days earlier, beside other teams; which takes a staff list from
    then.
    """
    if "people" not in snapshot.tables:
        return []
    try:
        if one.unit == "person":
            figures, support = _applicants(one, snapshot, policy)
        else:
            figures, support = _teams(one, survey, snapshot, policy)
        check_support(support, policy)
    except TooLittleData as refused:
        known = {"workspace.no_staff_before": "no_before", "workspace.nobody_refused": "selected"}
        return [silent(_FAMILY, _OUTCOME, "share", known.get(refused.code, "too_few"))]
    behind[one.name, _FAMILY, _OUTCOME] = support
    shared = {"family": _FAMILY, "outcome": _OUTCOME, "term": "overall", "period": "", "unit": "share",
              "better": -1, "watch": False}  # fmt: skip
    return [shared | figures]


def _applicants(one: Programme, snapshot: Snapshot, policy: Policy) -> tuple[dict[str, Any], Support]:
    if one.basis != "applicants":
        raise TooLittleData("workspace.nobody_refused")
    start = {name: own[0] for name, own in one.members.items()} | dict.fromkeys(one.refused, one.start)
    frame = pd.DataFrame({"respondent": list(start), "date": list(start.values())})
    event = attrition_outcome(frame, latest_people(snapshot), DAYS, date="date").event
    inside = frame["respondent"].isin(list(one.members))
    sides = [event[side].dropna().astype(int) for side in (inside, ~inside)]
    if not min(map(len, sides)):
        raise TooLittleData("privacy.model_too_small", least=policy.model_n)
    left, people = [int(side.sum()) for side in sides], [len(side) for side in sides]
    support = _support(left, people, policy, sum(people) - 2)
    difference, low, high, p = share_difference(left[0], people[0], left[1], people[1])
    return {"estimate": difference, "ci_low": low, "ci_high": high, "p_value": p, "inside": people[0],
            "outside": people[1], "spread": float(event.dropna().std())}, support  # fmt: skip


def share_difference(k: int, n: int, other_k: int, other_n: int) -> tuple[float, float, float, float]:
    """Return k/n − other_k/other_n, its 95 % interval (Newcombe 1998) and the pooled z-test's p.

    R: ``DescTools::BinomDiffCI(method = "score")``; ``prop.test(correct = FALSE)``.
    """
    one, two = wilson_interval(k, n), wilson_interval(other_k, other_n)
    p, q = k / n, other_k / other_n
    low = p - q - math.hypot(p - one.low, two.high - q)
    high = p - q + math.hypot(one.high - p, q - two.low)
    pooled = (k + other_k) / (n + other_n)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / other_n))
    test = float(two_sided(np.array([(p - q) / error]), math.inf)[0]) if error else float("nan")
    return p - q, low, high, test


def _teams(
    one: Programme, survey: Survey, snapshot: Snapshot, policy: Policy
) -> tuple[dict[str, Any], Support]:
    rows = engine.frame(engine.open_table(snapshot, "people"))
    days = [one.start - pd.Timedelta(days=DAYS), one.start]
    if rows["as_of"].isna().all() or rows["as_of"].min() > days[0] or "team" not in survey.frame:
        raise TooLittleData("workspace.no_staff_before")
    teams = set(one.members) | other_teams(one, survey.frame)
    latest = latest_people(snapshot)
    parts = []
    for time, day in enumerate(days):
        staff = rows[rows["as_of"] <= day].sort_values("as_of").drop_duplicates("respondent", keep="last")
        staff = staff[staff["team"].isin(teams)][["respondent", "team"]].assign(date=day, time=time)
        staff["y"] = attrition_outcome(staff, latest, DAYS, date="date").event.astype("Float64")
        parts.append(staff.dropna(subset=["y"]))
    frame = pd.concat(parts, ignore_index=True).astype({"y": float})
    frame["unit"] = frame["team"] + "|" + frame["respondent"]
    frame["start"] = frame["team"].isin(list(one.members)).map({True: 1.0, False: float("nan")})
    effect = difference_in_differences(frame, "y", "unit", "time", "start", cluster="team", everybody=True)
    cells = frame.groupby([frame["start"].notna(), "time"])["y"]
    left, people = cells.sum().astype(int).tolist(), cells.size().tolist()
    figures = {name: float(effect.overall[name]) for name in ("estimate", "ci_low", "ci_high", "p_value")}
    inside = int((frame["start"].notna() & (frame["time"] == 1)).sum())
    sizes = {"inside": inside, "outside": int((frame["time"] == 1).sum()) - inside}
    support = _support(left, people, policy, effect.n_clusters - 1)
    return {**figures, **sizes, "n_clusters": effect.n_clusters, "spread": float(frame["y"].std())}, support


def _support(left: list[int], people: list[int], policy: Policy, df: int) -> Support:
    fewest = min(people)
    stayed = [all_ - gone for all_, gone in zip(people, left, strict=True)]
    return Support(
        n=sum(people), people=sum(people), coefficients=len(people), df=df,
        differing=min(sum(left), sum(stayed)), binary=True, category=fewest, side=min(*left, *stayed),
        leverage=1 / fewest, leverage_known=1 / max(fewest - policy.colluders, 1),
    )  # fmt: skip
