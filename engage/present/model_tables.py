"""Released tables of what is made of several models, in words."""

from collections.abc import Callable
from typing import Final

import pandas as pd

from engage.present.columns import between, heading, note, p_word
from engage.present.labels import Names, is_missing
from engage.words import Language, say


def _two_factor(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column, lang = heading(names), names.lang
    made: dict[str, object] = {
        column("outcome"): [names.outcome(outcome) for outcome in frame["outcome"]],
        column("driver"): ["" if is_missing(driver) else names.scale(driver) for driver in frame["driver"]],
        column("theory"): ["" if is_missing(role) else names.role(role) for role in frame["role"]],
        column("shortfall"): frame["low"],
        column("surplus"): frame["high"],
        column("difference"): frame["difference"],
        column("interval_plain"): between(frame["ci_low"], frame["ci_high"], names),
        column("p_adjusted"): [p_word(p, names) for p in frame["p_adjusted"]],
        column("verdict"): [_worded("verdict", verdict, lang) for verdict in frame["verdict"]],
        column("reason"): [_worded("reason", reason, lang) for reason in frame["reason"]],
        column("n"): [names.n(n, None) for n in frame["n"]],
    }
    return made | note(frame, names)


def _worded(group: str, id: object, lang: Language) -> str:
    return "" if is_missing(id) else say(f"model.{group}.{id}", lang)


MODEL_TABLES: Final[dict[str, Callable[[pd.DataFrame, Names], dict[str, object]]]] = {
    "two_factor": _two_factor,
}
"""What makes the displayed columns of each kind."""
