"""The columns of released tables in the reader's words: what every kind of table shares."""

from collections.abc import Callable

import pandas as pd

from engage.present import numbers
from engage.present.labels import Names, is_missing
from engage.words import say


def lead(frame: pd.DataFrame, own: str, names: Names) -> dict[str, list[str]]:
    """Return the columns that stand before ``own``, a table's first column of its own, in words."""
    columns = list(frame.columns)
    before = columns[: columns.index(own)]
    return {names.demographic(name): [names.level(name, value) for value in frame[name]] for name in before}


def heading(names: Names) -> Callable[[str], str]:
    """Return what gives the heading of a column by its id."""
    return lambda name: say(f"labels.column.{name}", names.lang)


def people(frame: pd.DataFrame, names: Names) -> list[str]:
    """Return released numbers of people: exact, in a band, or a dash."""
    return [names.n(n, band) for n, band in zip(frame["n"], frame["n_band"], strict=True)]


def per_cent(share: pd.Series) -> pd.Series:
    """Return shares (0–1) as whole per cent."""
    # Released shares are whole points: this only takes the binary dust off.
    return (share.astype("Float64") * 100).round().astype("Int64")


def spans(low: pd.Series, high: pd.Series) -> list[str]:
    """Return intervals of shares in per cent, without the sign."""
    pairs = zip(low.astype(float), high.astype(float), strict=True)
    return [numbers.span(a, b).removesuffix("%") for a, b in pairs]


def between(low: pd.Series, high: pd.Series, names: Names, digits: int = 2) -> list[str]:
    """Return intervals of numbers, a dash where there is none."""
    pairs = zip(low.astype(float), high.astype(float), strict=True)
    return ["–" if is_missing(a) else numbers.between(a, b, names.lang, digits) for a, b in pairs]


def words(group: str, ids: pd.Series, names: Names) -> list[str]:
    """Return the words of a group of labels for ids."""
    return ["" if is_missing(one) else say(f"labels.{group}.{one}", names.lang) for one in ids]


def p_word(edge: object, names: Names) -> str:
    """Return a p-value's band in words; its highest band has no upper end worth saying."""
    if is_missing(edge):
        return "–"
    value = float(str(edge))
    key, shown = ("labels.p_above", 0.1) if value >= 1 else ("labels.p_below", value)
    return say(key, names.lang, edge=f"{shown:g}".replace(".", "," if names.lang == "ru" else "."))


def note(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    """Return the column that says why rows are hidden, where any is."""
    if "hidden_reason" not in frame or frame["hidden_reason"].isna().all():
        return {}
    return {
        say("labels.column.note", names.lang): [names.hidden(reason) for reason in frame["hidden_reason"]]
    }
