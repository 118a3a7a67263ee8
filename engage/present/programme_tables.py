"""Released tables of programmes and what they are worth, in words."""

from typing import Any, Final

import pandas as pd

from engage.present.columns import heading, note, p_word
from engage.present.labels import Names, is_missing
from engage.present.programme_sentences import amount, assumption, interval, worth
from engage.words import say

_NONE: Final = "–"


def programme_columns(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    """Return the columns of a table of programmes."""
    column, lang, rows = heading(names), names.lang, frame.to_dict("records")
    several = frame["programme"].nunique() > 1
    made: dict[str, object] = {column("programme"): frame["programme"]} if several else {}
    made |= {
        column("family"): [say(f"programmes.family.{row['family']}", lang) for row in rows],
        column("outcome"): [
            "" if is_missing(row["outcome"]) else names.outcome(row["outcome"]) for row in rows
        ],
        column("term"): [_term(row, names) for row in rows],
        column("change_shown"): [
            amount(row["estimate"], row["unit"], names) if _told(row) else _NONE for row in rows
        ],
        column("interval_plain"): [interval(row, names) if _told(row) else _NONE for row in rows],
        column("p_adjusted"): [p_word(row["p_adjusted"], names) for row in rows],
        column("verdict"): [_word("verdict", row["verdict"], names) for row in rows],
        column("reason"): [_word("reason", row["reason"], names) for row in rows],
        column("n"): [names.n(row["n"], row["n_band"]) for row in rows],
        column("comparison"): [names.n(row["comparison"], row["comparison_band"]) for row in rows],
    }
    return made | note(frame, names)


def statement_columns(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    """Return the columns of a statement."""
    column, rows = heading(names), frame.to_dict("records")
    return {
        column("item"): [_word("statement.item", row["item"], names) for row in rows],
        column("worth"): [_value(row, ("value",), names) for row in rows],
        column("interval_plain"): [_value(row, ("low", "high"), names) for row in rows],
        column("state"): [_word("statement.state", row["state"], names) for row in rows],
        column("assumed"): [_listed(row["uses"], names) for row in rows],
        column("still_needed"): [_listed(row["missing"], names) for row in rows],
    }


def _told(row: dict[Any, Any]) -> bool:
    return not is_missing(row["estimate"])


def _term(row: dict[Any, Any], names: Names) -> str:
    term = str(row["term"])
    if term.startswith("event["):
        return str(row["period"]) or say("programmes.term.event", names.lang, since=term[6:-1])
    if term.startswith("placebo["):
        return say("programmes.term.placebo", names.lang, shift=term[9:-1])
    return say(f"programmes.term.{term}", names.lang)


def _word(group: str, id: object, names: Names) -> str:
    return "" if is_missing(id) else say(f"programmes.{group}.{id}", names.lang)


def _value(row: dict[Any, Any], which: tuple[str, ...], names: Names) -> str:
    if row["state"] != "told":
        return _NONE
    return " … ".join(worth(row[name], str(row["item"]), names) for name in which)


def _listed(assumptions: tuple[str, ...], names: Names) -> str:
    return ("、" if names.lang == "zh" else ", ").join(assumption(name, names) for name in assumptions)
