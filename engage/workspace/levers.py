"""What the usual change of each factor goes with, for every outcome: the published grid of what-if."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from engage.engine import COMPOSITES
from engage.errors import EngageError, TooLittleData
from engage.instrument import Instrument
from engage.model import changes_made, what_if
from engage.privacy import CAP_STEP, Policy, Support, refusal
from engage.store import Snapshot
from engage.workspace.findings import (
    ATTRITION,
    SERVICE,
    Question,
    person_question,
    scale_question,
    service_questions,
    settled,
)
from engage.workspace.joint import BENDS, factors_of, joint_support
from engage.workspace.linking import TONE, Survey

Ends = Mapping[str, tuple[float, float]]

_SHARES: Final = ("on_time",)


@dataclass(frozen=True, slots=True)
class Levers:
    """A row per outcome, factor and direction; how factors go together; what stands behind each outcome."""

    table: pd.DataFrame
    together: pd.DataFrame
    behind: dict[str, Support]
    refused: tuple[str, ...]


def levers(newest: Survey, every: Survey, snapshot: Snapshot, ends: Ends, policy: Policy) -> Levers:
    """Return what the usual change of each factor goes with, up and down.

    Scales are asked of the wave of ``newest``, leaving and service of all waves, as in driver tables and of
    the same rows; ``ends`` holds the least and the most that a scale can be. The usual change is the 75th
    percentile of those that teams made between waves, down to 0.1 (as teams' means are shown).

    Raises ``TooLittleData`` where too few teams were asked twice, or no outcome can be supported.
    """
    caps = _caps(every)
    rows: list[dict[str, object]] = []
    behind: dict[str, Support] = {}
    failed: dict[str, EngageError] = {}
    pooled: list[pd.DataFrame] = []
    for name, asked in _questions(newest, every, snapshot):
        try:
            if isinstance(asked, TooLittleData):
                raise asked
            _, question, _ = settled(asked, policy)
            question, support = _supported(question, policy)
            rows += _effects(question, caps, ends)
        except TooLittleData as error:
            failed[name] = refusal(error, policy)
            continue
        behind[name] = support
        pooled.append(_together(question, "team" if question.per_team else "person"))
    if not rows:
        raise next(iter(failed.values())) from None
    table = pd.DataFrame(rows)
    table["role"] = [d if d in COMPOSITES else newest.roles.get(str(d)) for d in table["driver"]]
    together = pd.concat(pooled).drop_duplicates(["unit", "driver", "other"], ignore_index=True)
    return Levers(table, together, behind, tuple(failed))


def scale_ends(instrument: Instrument) -> dict[str, tuple[float, float]]:
    """Return the least and the most that each scale of a questionnaire, and each composite, can be."""
    items = {item.id: item for item in instrument.items}
    ends = {
        scale.id: (
            float(min(items[id].minimum for id in scale.items)),
            float(max(items[id].maximum for id in scale.items)),
        )
        for scale in instrument.scales
    }
    for name in COMPOSITES:
        own = {ends[scale.id] for scale in instrument.scales if scale.role == name}
        if len(own) == 1:
            ends[name] = own.pop()
    return ends


def _caps(every: Survey) -> dict[str, float]:
    """Return the usual change of each factor and composite, to the step that may be shown; 0 are left out."""
    names = (*every.scales("hygiene", "motivator", "unlabelled"), *COMPOSITES)
    known = [name for name in names if name in every.frame]
    if "team" not in every.frame:
        raise TooLittleData("workspace.no_team")
    order = every.frame.groupby("wave")["date"].max().rank(method="first")
    frame = every.frame.assign(wave=every.frame["wave"].map(order))
    found = changes_made(frame, known).dropna(subset=["cap"])
    steps = np.floor(found["cap"].to_numpy(dtype=float) / CAP_STEP + 1e-9)
    caps = dict(zip(found["driver"], (steps * CAP_STEP).round(2), strict=True))
    caps = {str(name): float(cap) for name, cap in caps.items() if cap > 0}
    if not caps:
        raise TooLittleData("workspace.no_changes")
    return caps


def _questions(
    newest: Survey, every: Survey, snapshot: Snapshot
) -> Iterator[tuple[str, Question | TooLittleData]]:
    """Give each outcome with its question, or with the reason why it has none."""
    for outcome in newest.scales("outcome", "strain", "lift"):
        try:
            yield outcome, scale_question(newest, outcome)
        except TooLittleData as error:
            yield outcome, error
    if "people" in snapshot.tables:
        try:
            yield ATTRITION, person_question(every, snapshot, ATTRITION)
        except TooLittleData as error:
            yield ATTRITION, error
    if "service" in snapshot.tables:
        try:
            for question in service_questions(every, snapshot):
                yield question.outcome, question
        except TooLittleData as error:
            yield SERVICE, error


def _supported(question: Question, policy: Policy) -> tuple[Question, Support]:
    """Return the question (of composites, where factors ask too much) and what stands behind it."""
    try:
        return question, joint_support(question, policy, BENDS)
    except TooLittleData:
        coarse = tuple(name for name in (*COMPOSITES, TONE) if name in question.frame)
        if question.is_coarse or not set(coarse) & set(COMPOSITES):
            raise
    smaller = replace(question, drivers=coarse, themes=())
    return smaller, joint_support(smaller, policy, BENDS)


def _effects(question: Question, caps: Mapping[str, float], ends: Ends) -> list[dict[str, object]]:
    """Return a row per factor and direction; where answers would be like hardly anybody's, an empty one."""
    frame, cluster = question.frame, question.cluster
    scales = {name: ends[name] for name in (*question.drivers, question.outcome) if name in ends}
    rows = []
    for driver in factors_of(question):
        for sign in (1, -1) if driver in caps else ():
            row: dict[str, object] = {
                "outcome": question.shown_as, "driver": driver, "direction": sign, "cap": caps[driver],
                "sd": float(frame[driver].std()), "now": float(frame[question.outcome].mean()),
                "unit": _unit(question), "level": "team" if question.per_team else "person",
                "least": scales.get(question.outcome, (np.nan,) * 2)[0],
                "most": scales.get(question.outcome, (np.nan,) * 2)[1],
            }  # fmt: skip
            effect = _effect(question, frame, cluster, driver, sign * caps[driver], scales)
            if effect is not None:
                row |= effect
            rows.append(row)
    return rows


def _effect(
    question: Question, frame: pd.DataFrame, cluster: str | None, driver: str, change: float, ends: Ends
) -> dict[str, object] | None:
    """Return what a change of one factor goes with, or nothing where it asks for unheard-of answers.

    Where half of the change can be supported, the row says so: its cap is half.
    """
    columns = [question.outcome, *question.drivers, *question.controls, *([cluster] if cluster else [])]
    for part in (change, change / 2):
        try:
            found = what_if(
                frame[columns], [question.outcome], question.drivers, {driver: part}, {driver: abs(part)},
                controls=question.controls, cluster=cluster, scales=ends,
            )  # fmt: skip
        except TooLittleData as error:
            if error.code != "model.extrapolation":
                raise
        else:
            effect = found.effects.iloc[0]
            return {"cap": abs(part), **{name: effect[name] for name in ("change", "ci_low", "ci_high")}}
    return None


def _unit(question: Question) -> str:
    """Return what an outcome is counted in: a share of people, or of cases, or points of its own scale."""
    return "share" if question.shown_as == ATTRITION or question.outcome in _SHARES else "points"


def _together(question: Question, level: str) -> pd.DataFrame:
    """Return the correlation of each pair of factors."""
    names = list(factors_of(question))
    matrix = np.corrcoef(question.frame[names].to_numpy(dtype=float), rowvar=False).reshape(len(names), -1)
    pairs = [(a, b, matrix[i, j]) for i, a in enumerate(names) for j, b in enumerate(names)]
    return pd.DataFrame(pairs, columns=["driver", "other", "r"]).assign(unit=level)
