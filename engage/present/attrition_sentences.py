"""Leaving in words: how long people stay, how well leaving can be told, and the model card."""

from typing import Final

import pandas as pd

from engage.present import numbers
from engage.present.labels import Names, is_missing
from engage.present.look import released
from engage.present.model_tables import attrition_item
from engage.present.staff_sentences import model_name
from engage.privacy import SafeTable
from engage.words import say

_AT: Final = (12.0, 24.0, 36.0)
_MOST: Final = 3
_WELL: Final = (0.9, 1.1)
"""Slopes of calibration between these are near 1."""


def staying(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return how many are still there after one, two and three years, of everybody or by group.

    ``table``: of kind ``survival``.
    """
    whole, lang = released(table, "survival"), names.lang
    by = str(whole.columns[0]) if whole.columns[0] != "start" else ""
    frame = whole.dropna(subset=["time"])
    if frame.empty:
        return (names.refusal(whole["hidden_reason"]),)
    if not by:
        return (_one(frame, names),)
    lines = []
    for value, part in frame.groupby(by, sort=False):
        row = _at(part)
        lines.append(
            say(
                "attrition.group", lang, group=names.level(by, value), months=_months(row["time"], names),
                share=numbers.percent(float(row["survival"])), start=_months(row["start"], names),
                interval=numbers.span(float(row["ci_low"]), float(row["ci_high"])),
                n=names.n(row["n"], None),
            )
        )  # fmt: skip
    hidden = whole[whole["hidden_reason"].notna()]
    if len(hidden):
        reasons = list(dict.fromkeys(map(names.hidden, hidden["hidden_reason"])))
        lines.append(say("attrition.hidden", lang, count=len(hidden), reasons=reasons))
    return tuple(lines)


def attrition(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return how well leaving can be told beforehand, in one line; ``table``: of kind ``attrition``."""
    auc = _of(table, "score").query("item == 'auc'").iloc[0]
    return (
        say(
            "attrition.headline", names.lang, n=_whole(table.notes["n"], names),
            auc=numbers.decimal(float(auc["value"]), names.lang),
            interval=numbers.between(float(auc["ci_low"]), float(auc["ci_high"]), names.lang),
        ),
    )  # fmt: skip


def card(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return the model card: purpose, data, validation, calibration, fairness, limits, a line each."""
    lang, notes = names.lang, table.notes
    score = _scores(table)
    purpose = str(notes.get("purpose") or "")
    slope = _value(score, "calibration_slope")
    lines = [
        say("attrition.card.purpose", lang, purpose=purpose),
        say(
            "attrition.card.data", lang, n=_whole(notes["n"], names), waves=_list(notes["waves"]),
            days=notes["horizon_days"] or "–",
            share=numbers.percent(_value(score, "observed")),
            features=[_feature(name, names) for name in _list(notes["features"])],
        ),
        say("attrition.card.validation", lang, folds=notes["folds"]),
        _models(table, names),
        attrition(table, names)[0],
        say(
            "attrition.card.calibration", lang, slope=numbers.decimal(slope, lang),
            brier=numbers.decimal(_value(score, "brier"), lang, 3),
            word=say(f"attrition.slope.{_slope(slope)}", lang),
        ),
        _leans_on(table, names),
        _fairness(table, names),
        say("attrition.card.limits", lang),
    ]  # fmt: skip
    return tuple(line for line in lines if line)


def _models(table: SafeTable, names: Names) -> str:
    """Name the models, and say which one the rest of the card is of."""
    models = [model_name(model, names) for model in released(table, "attrition")["model"].unique()]
    key = "models" if len(models) > 1 else "model"
    told = {"models": models} if len(models) > 1 else {}
    return say(f"attrition.card.{key}", names.lang, first=models[0], **told)


def _one(frame: pd.DataFrame, names: Names) -> str:
    shown = frame[frame["time"].isin(list(_AT))]
    shown = shown if len(shown) else frame.tail(1)
    parts = [
        say(
            "attrition.after", names.lang, months=_months(row["time"], names),
            share=numbers.percent(float(row["survival"])),
            interval=numbers.span(float(row["ci_low"]), float(row["ci_high"])),
        )
        for row in shown.to_dict("records")
    ]  # fmt: skip
    first = frame.iloc[0]
    return say(
        "attrition.everybody", names.lang, parts=parts, n=names.n(first["n"], None),
        start=_months(first["start"], names),
    )  # fmt: skip


def _at(part: pd.DataFrame) -> pd.Series:
    """Return the row of a curve that is two years from its start, or the nearest before, or the first."""
    start = float(part["start"].iloc[0]) if not is_missing(part["start"].iloc[0]) else 0.0
    before = part[part["time"] <= start + 24]
    return before.iloc[-1] if len(before) else part.iloc[0]


def _leans_on(table: SafeTable, names: Names) -> str:
    frame = _of(table, "importance")
    top = frame[frame["value"] > 0].head(_MOST)
    if top.empty:
        return ""
    named = [attrition_item(row, names) for row in top.to_dict("records")]
    return say("attrition.card.importance", names.lang, features=named)


def _fairness(table: SafeTable, names: Names) -> str:
    """Name the groups in which the expected share lies outside the interval of the observed one."""
    frame = _of(table, "fairness").dropna(subset=["value"])
    if frame.empty:
        return ""
    off = frame[(frame["expected"] < frame["ci_low"]) | (frame["expected"] > frame["ci_high"])]
    if off.empty:
        return say("attrition.card.fair", names.lang, groups=len(frame))
    named = [attrition_item(row, names) for row in off.to_dict("records")]
    return say("attrition.card.unfair", names.lang, groups=len(frame), named=named)


def _feature(name: str, names: Names) -> str:
    return attrition_item({"part": "importance", "item": name}, names)


def _value(score: pd.DataFrame, item: str) -> float:
    return float(score["value"].to_dict()[item])


def _scores(table: SafeTable) -> pd.DataFrame:
    return _of(table, "score").set_index("item")


def _of(table: SafeTable, part: str) -> pd.DataFrame:
    """Return a part of the table, of its first model."""
    frame = released(table, "attrition")
    mine = (frame["part"] == part) & (frame["model"] == frame["model"].iloc[0])
    rows: pd.DataFrame = frame[mine].reset_index(drop=True)
    return rows


def _slope(value: float) -> str:
    return "good" if _WELL[0] <= value <= _WELL[1] else "extreme" if value < _WELL[0] else "timid"


def _months(value: object, names: Names) -> str:
    months = 0.0 if is_missing(value) else float(str(value))
    return numbers.whole(months, names.lang)


def _whole(value: object, names: Names) -> str:
    return numbers.whole(float(str(value)), names.lang)


def _list(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, tuple) else (str(value),)
