"""Which groups differ from everybody else, and what moved since the wave before, in words."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from engage.present import numbers
from engage.present.difference_charts import sign_of
from engage.present.labels import COMPOSITES, POINTS, Names
from engage.present.look import released
from engage.privacy import SafeTable
from engage.words import say

_NAMED: Final = 3
"""So many groups or scores are named; of more, the number is said."""


def differences(table: SafeTable, by: str, names: Names) -> tuple[str, ...]:
    """Return which groups lie reliably below everybody else on most scores, and which above.

    ``table``: of kind ``comparisons``. On strain scales, high is what counts as below.
    """
    whole = released(table, "comparisons")
    frame = _judged(whole, names)
    lang, group = names.lang, names.inline(names.demographic(by))
    if frame.empty:
        return (names.refusal(whole["hidden_reason"]),)
    groups = frame[by].nunique(dropna=False)
    if groups < 2:
        return (say("sentences.differences.one_group", lang),)
    found = frame[frame["sign"] != "none"]
    if found.empty:
        return (say("sentences.differences.none", lang, group=group, groups=groups),)
    lines = []
    for sign in ("worse", "better"):
        counts = found[found["sign"] == sign][by].astype(object).value_counts()
        if counts.empty:
            continue
        named = [
            say("sentences.differences.most", lang, group=names.level(by, value), scores=int(count))
            for value, count in counts.head(_NAMED).items()
        ]
        key = f"sentences.differences.{sign}{'_more' if len(counts) > _NAMED else ''}"
        lines.append(say(key, lang, named=named, count=len(counts)))
    head = say("sentences.differences.head", lang, group=group, groups=groups)
    return (("" if lang == "zh" else " ").join([head, *lines]),)


def difference_on(table: SafeTable, by: str, scale: str, names: Names) -> str:
    """Return how the groups stand on one score: who differs reliably from everybody else."""
    whole = released(table, "comparisons")
    whole = whole[whole["scale"] == scale]
    frame = _judged(whole, names)
    lang, words = names.lang, names.inline(names.scale(scale))
    if frame.empty:
        return names.refusal(whole["hidden_reason"])
    parts = []
    for verdict in ("lower", "higher"):
        some = _largest(frame[frame["verdict"] == verdict], "difference")
        if some.empty:
            continue
        named = [_with_difference(row, by, names) for row in some.head(_NAMED).to_dict("records")]
        key = f"sentences.differences.{verdict}{'_more' if len(some) > _NAMED else ''}"
        parts.append(say(key, lang, named=named, count=len(some)))
    if not parts:
        return say("sentences.differences.none_on", lang, scale=words, groups=len(frame))
    head = say("sentences.differences.head_on", lang, scale=words, groups=len(frame))
    return ("" if lang == "zh" else " ").join([head, *parts])


def changes(table: SafeTable, wave: str, names: Names) -> tuple[str, ...]:
    """Return what moved beyond chance up to ``wave`` since the wave before, and what did not."""
    frame = released(table, "changes")
    frame = frame[(frame["wave_to"] == wave) & (frame["scale"] != POINTS)]
    frame = frame[~frame["scale"].isin(list(COMPOSITES))]
    lang = names.lang
    if frame.empty:
        return (say("sentences.changes.nothing", lang),)
    before = str(frame["wave_from"].iloc[0])
    moved = frame[frame["reliable"] & frame["change"].astype(float).fillna(0).ne(0)]
    if moved.empty:
        return (say("sentences.changes.none", lang, wave=before, count=len(frame)),)
    parts = []
    for key, some in (("up", moved[moved["change"] > 0]), ("down", moved[moved["change"] < 0])):
        if len(some):
            ranked = _largest(some, "change")
            named = [
                say("sentences.changes.one", lang, scale=names.inline(names.scale(row["scale"])),
                    change=numbers.decimal(abs(row["change"]), lang, 1))
                for row in ranked.to_dict("records")
            ]  # fmt: skip
            parts.append(say(f"sentences.changes.{key}", lang, named=named))
    rest = say("sentences.changes.rest", lang, count=len(frame) - len(moved))
    head = say(
        "sentences.changes.head", lang, wave=before, parts=("；" if lang == "zh" else "; ").join(parts)
    )
    return (("" if lang == "zh" else " ").join([head, rest]),)


def _judged(frame: pd.DataFrame, names: Names) -> pd.DataFrame:
    judged = frame.dropna(subset=["difference"])
    judged = judged[~judged["scale"].isin([*COMPOSITES, POINTS])]
    signs = [sign_of(v, s, names) for v, s in zip(judged["verdict"], judged["scale"], strict=True)]
    return judged.assign(sign=signs)


def _largest(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the rows by the size of a difference, whichever its sign."""
    return frame.loc[frame[column].abs().sort_values(ascending=False, kind="stable").index]


def _with_difference(row: Mapping[Any, Any], by: str, names: Names) -> str:
    value = float(row["difference"])
    shown = ("+" if value > 0 else "") + numbers.decimal(value, names.lang, 1)
    return say("sentences.differences.by", names.lang, group=names.level(by, row[by]), difference=shown)
