"""Action plans in words: how many there are, what is late, and which factors have moved since."""

from collections.abc import Callable
from typing import Any, Final

import pandas as pd

from engage.present import numbers
from engage.present.columns import between, heading, people
from engage.present.difference_charts import sign_of
from engage.present.labels import Names, is_missing
from engage.present.look import released
from engage.privacy import PLAN_STATUSES, SafeTable
from engage.words import known, say

_JUDGED: Final = ("better", "worse", "none")


def plans(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return how many plans there are by status, how many are late, and whether their factors have moved."""
    frame, lang = released(table, "plans"), names.lang
    if frame.empty:
        return (say("plans.none", lang),)
    states = [
        say("plans.of_status", lang, status=status_word(status, names), count=int(count))
        for status in PLAN_STATUSES
        if (count := (frame["status"] == status).sum())
    ]
    head = say("plans.head", lang, count=len(frame), states=states)
    if late := int(frame["overdue"].sum()):
        head += ("" if lang == "zh" else " ") + say("plans.late", lang, count=late)
    judged = frame[frame["verdict"].notna()]
    if judged.empty:
        return head, say("plans.none_judged", lang)
    signs = [sign_of(v, s, names) for v, s in zip(judged["verdict"], judged["factor"], strict=True)]
    counts = {sign: signs.count(sign) for sign in _JUDGED}
    return head, say("plans.judged", lang, judged=len(judged), **counts)


def plan_on(row: "pd.Series[Any]", names: Names) -> str:
    """Return whether a plan's factor moved since, with the interval, the people, and everybody's change."""
    lang, wave = names.lang, row["wave"]
    if is_missing(row["verdict"]):
        return _why(row["hidden_reason"], names, wave=wave)
    digits = 2
    parts = {
        "wave": wave, "wave_to": row["wave_to"], "n": names.n(row["n"], row["n_band"]),
        "interval": numbers.between(row["ci_low"], row["ci_high"], lang, digits),
    }  # fmt: skip
    sign = sign_of(row["verdict"], str(row["factor"]), names)
    if sign == "none":
        said = say("plans.not_moved", lang, **parts)
    else:
        change = ("+" if row["change"] > 0 else "") + numbers.decimal(row["change"], lang, 1)
        said = say(f"plans.moved_{sign}", lang, change=change, **parts)
    if not is_missing(row["whole_low"]):
        whole = numbers.between(row["whole_low"], row["whole_high"], lang, digits)
        said += ("" if lang == "zh" else " ") + say("plans.whole", lang, interval=whole)
    return said


def plan_group(row: "pd.Series[Any]", names: Names) -> str:
    """Return whom a plan is for: a group, or everybody."""
    if is_missing(row["level"]):
        return say("plans.everybody", names.lang)
    return names.level(str(row["by"]), row["level"])


def status_word(status: str, names: Names) -> str:
    """Return the word for a plan's status."""
    return say(f"plans.status.{status}", names.lang)


def _why(reason: object, names: Names, *, wave: str) -> str:
    key = f"plans.why.{reason}"
    if known(key):
        return say(key, names.lang, wave=wave)
    return say("plans.why.hidden", names.lang, reason=names.hidden(reason), wave=wave)


def _plans(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column, lang = heading(names), names.lang
    rows = [row for _, row in frame.iterrows()]

    def own(name: str) -> str:
        return say(f"plans.column.{name}", lang)

    return {
        column("id"): frame["plan"],
        own("factor"): [names.scale(scale) for scale in frame["factor"]],
        own("group"): [plan_group(row, names) for row in rows],
        own("action"): [row["action"] or row["lever"] for row in rows],
        own("owner"): frame["owner"],
        own("due"): frame["due"],
        own("status"): [
            status_word(row["status"], names) + (f" ({say('plans.overdue', lang)})" if row["overdue"] else "")
            for row in rows
        ],
        column("wave_from"): frame["wave"],
        column("wave_to"): frame["wave_to"],
        column("n"): people(frame, names),
        column("change"): frame["change"],
        column("interval_plain"): between(frame["ci_low"], frame["ci_high"], names),
        own("whole"): between(frame["whole_low"], frame["whole_high"], names),
        column("note"): [plan_on(row, names) for row in rows],
    }


PLAN_TABLES: Final[dict[str, Callable[[pd.DataFrame, Names], dict[str, object]]]] = {"plans": _plans}
