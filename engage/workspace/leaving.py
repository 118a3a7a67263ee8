"""How long people stay, and how well leaving can be told: of groups only, made ready for the gate."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from engage import engine
from engage.errors import TooLittleData, UsageError
from engage.model import cumulative_incidence, employment_spells, fit_attrition
from engage.model.pipelines import Challenger
from engage.privacy import Policy, Support, nameable, unnamed
from engage.store import Snapshot
from engage.workspace.findings import ATTRITION, SEED, person_question, settled
from engage.workspace.joint import factors_of
from engage.workspace.linking import Survey

GROUPS: Final = ("star", "role_group", "contract", "performance")
"""What staff can be grouped by for curves of staying and for fairness, where the staff list has it."""

_DAYS: Final = 30.4375
_TENURE: Final = "tenure_years"


@dataclass(frozen=True, slots=True)
class LeavingModel:
    """What :class:`engage.model.AttritionModel` says of held-out people, and what stands behind it."""

    scores: pd.DataFrame
    calibration: pd.DataFrame
    importance: pd.DataFrame
    fairness: pd.DataFrame
    difference: pd.DataFrame
    features: tuple[str, ...]
    folds: int
    support: Support
    waves: tuple[str, ...]
    horizon_days: int | None


def groups_of(snapshot: Snapshot) -> tuple[str, ...]:
    """Return what curves of staying can be split by."""
    if "people" not in snapshot.tables:
        return ()
    people = engine.frame(engine.open_table(snapshot, "people"))
    return tuple(name for name in GROUPS if name in people and people[name].nunique() > 1)


def staff_list(snapshot: Snapshot) -> pd.DataFrame:
    """Return the staff list, a row per person and day it was drawn; of one imported twice, the last stands.

    Raises ``TooLittleData`` where there is none.
    """
    if "people" not in snapshot.tables:
        raise TooLittleData("workspace.no_people")
    people = engine.frame(engine.open_table(snapshot, "people"))
    order = {id: place for place, id in enumerate(snapshot.import_ids("people"))}
    people = people.sort_values("import_id", key=lambda ids: ids.map(order), kind="stable")
    return people.drop_duplicates(["respondent", "as_of"], keep="last")


def staying(snapshot: Snapshot, by: str, early: bool, step: float, policy: Policy) -> pd.DataFrame:
    """Return curves of not having left voluntarily, by months since hiring; other exits compete.

    ``by``: a group as of a person's first line on the staff list (their entry star). ``early``: the first 90
    days; else from then on, of those who stayed so long. A curve starts at the first multiple of ``step``
    months at which ``model_n`` people are at risk: who was hired before the staff list began is seen late,
    and before that a curve would rest on a few. Columns as :func:`engage.privacy.release_survival`
    takes them. Raises ``UsageError`` for an unknown group, ``TooLittleData`` without a staff list that says
    who left when.
    """
    people = staff_list(snapshot)
    if by and by not in groups_of(snapshot):
        raise UsageError("workspace.unknown_demographic", where=by, name=by, known=groups_of(snapshot))
    spells = employment_spells(people, (by,) if by else ())
    spells = spells[spells["early"] == early]
    if spells.empty:
        raise TooLittleData("workspace.no_people")
    group = spells[f"first_{by}"].astype("string") if by else None
    if group is not None:
        alone = spells.assign(group=group).drop_duplicates("respondent")["group"]
        group = unnamed(group, nameable(alone, (), policy.scores_k))
    spells = spells.assign(by=pd.Series("", spells.index) if group is None else group)
    spells = spells.assign(entry=spells["entry"] / _DAYS, time=spells["time"] / _DAYS)
    sizes = spells.drop_duplicates(["respondent"]).groupby("by", dropna=False).size()
    starts = {value: _start(part, step, policy.model_n) for value, part in spells.groupby("by")}
    spells["start"] = spells["by"].map(starts).astype(float)
    spells["entry"] = spells[["entry", "start"]].max(axis=1)
    spells = spells[spells["time"] > spells["entry"]]
    if spells.empty:
        raise TooLittleData("privacy.model_too_small", least=policy.model_n)
    found = cumulative_incidence(spells["time"], spells["cause"], spells["entry"], spells["by"]).tidy()
    kinds = set(found["cause"])
    counted = found[found["cause"] == ("voluntary" if "voluntary" in kinds else "exit")]
    if counted.empty:
        raise TooLittleData("workspace.no_people")
    curves = counted.assign(
        survival=1 - counted["incidence"], low=1 - counted["ci_high"], high=1 - counted["ci_low"]
    ).drop(columns=["ci_low", "ci_high", "incidence", "cause", "std_error"])
    curves["start"] = curves["by"].map(starts).astype(float)
    # Groups without a curve stand there as hidden: what the others leave of the whole is them.
    gone = sizes[~sizes.index.isin(set(curves["by"]))]
    stubs = pd.DataFrame({"by": gone.index, "time": step, "at_risk": gone.to_numpy(), "events": 0})
    curves = pd.concat([curves, stubs], ignore_index=True)
    curves = curves.rename(columns={"low": "ci_low", "high": "ci_high", "by": by or "by"})
    for name in ("ci_low", "ci_high"):
        curves[name] = curves[name].where(curves[name].notna(), curves["survival"])
    return curves


def _start(spells: pd.DataFrame, step: float, least: int) -> float:
    """Return the first multiple of ``step`` at which ``least`` people are at risk (the last, if never)."""
    most = float(spells["time"].max())
    at = 0.0
    while at < most and int(((spells["entry"] <= at) & (spells["time"] > at)).sum()) < least:
        at += step
    return at


def leaving_model(
    survey: Survey,
    snapshot: Snapshot,
    policy: Policy,
    *,
    models: tuple[Challenger, ...] = ("logit",),
    progress: Callable[[int, int], None] | None = None,
) -> LeavingModel:
    """Judge models of leaving on people they have not seen, on the rows of the driver model.

    Features: every factor, tenure, and the groups of the staff list. Raises ``TooLittleData`` where answers
    join nobody, or too few left.
    """
    question = person_question(survey, snapshot, ATTRITION)
    if question.per_team:
        raise TooLittleData("workspace.anonymous_leaving")
    _, ready, support = settled(question, policy)
    frame = ready.frame
    hired = pd.to_datetime(frame["hire_date"]) if "hire_date" in frame else pd.Series(pd.NaT, frame.index)
    frame = frame.assign(**{_TENURE: (frame["date"] - hired).dt.days / 365.25})
    groups = [name for name in GROUPS if name in frame and frame[name].nunique() > 1]
    features = [*factors_of(ready), *([_TENURE] if hired.notna().any() else []), *groups]
    for name in groups:
        people = frame.drop_duplicates("respondent")[name]
        frame[name] = unnamed(frame[name].astype("string"), nameable(people, (), policy.scores_k))
    found = fit_attrition(
        frame, ready.outcome, features, groups="respondent", fairness=groups, models=models, seed=SEED,
        progress=progress,
    )  # fmt: skip
    horizon = ready.notes.get("horizon_days")
    return LeavingModel(
        found.scores, found.calibration, found.importance, found.fairness, found.difference, found.features,
        found.folds, replace(support, n=found.n), tuple(sorted(frame["wave"].astype(str).unique())),
        int(str(horizon)) if horizon is not None else None,
    )  # fmt: skip
