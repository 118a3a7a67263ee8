"""Turn a survey export into the responses and comments tables."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.errors import Severity
from engage.ingest.cells import Rows
from engage.ingest.dates import dates
from engage.ingest.dialects import Column, Layout
from engage.ingest.mapping import FileMapping
from engage.ingest.matching import Matched, choose_instrument, match_columns
from engage.ingest.names import distinct, plain
from engage.ingest.pseudonyms import hidden
from engage.ingest.settling import Meaning, meanings, settle_answers
from engage.ingest.validate import Faults, Flags, named
from engage.ingest.values import MISSING, answer_key, clean, level_key, seconds, texts
from engage.instrument import Demographic, Instrument, Item

_VERDICTS: Final[Mapping[str, tuple[str, Severity]]] = {
    "unknown": ("unknown_answer", "error"),
    "out_of_range": ("out_of_range", "error"),
    "not_whole": ("not_whole", "error"),
    "number_among_words": ("number_among_words", "error"),
    "mapped_out_of_range": ("mapped_out_of_range", "error"),
}
STAND_IN: Final = r"row-\d+-[0-9a-f]+"
"""The ids given to respondents without one: the row, and a mark of the file."""
_LONGEST: Final = 10 * 366 * 86_400
"""Seconds: nobody takes ten years over a questionnaire."""
_SCIENTIFIC: Final = re.compile(r"^\d(?:[.,]\d+)?[eE]\+\d+$")


@dataclass(frozen=True, slots=True)
class Responses:
    """The tables of a survey export, the matched columns, and whether respondents are anonymous.

    ``meanings`` says what each answer of each item was taken for.
    """

    table: pd.DataFrame
    comments: pd.DataFrame
    instrument: Instrument | None
    matched: Matched
    anonymous: bool
    meanings: tuple[Meaning, ...] = ()


def read_responses(
    layout: Layout,
    wanted: str | Path | Instrument | None,
    mapping: FileMapping,
    mark: str,
    faults: Faults,
    surveys: Sequence[Path] = (),
    key: bytes | None = None,
) -> Responses:
    """Return the tables of a laid-out export; everything doubtful goes to ``faults``.

    ``mark`` (from the file's hash) makes the ids of anonymous respondents unique over files; ``surveys`` are
    folders with further instruments; ``key`` is what pseudonyms are made with, if not the user's own.
    """
    instrument = choose_instrument(wanted, layout, mapping, faults, surveys)
    matched = match_columns(layout, instrument, mapping, faults)
    if not len(layout.cells):
        faults.add("no_rows", "error")
    raw, layout = layout, settle_answers(layout, matched.items, instrument, mapping, faults)
    understood = meanings(raw, layout, matched.items, instrument, mapping)
    respondent = _respondents(layout, matched, mark, faults, key)
    submitted, started, took = _times(layout, matched, mapping, faults)
    columns: dict[str, Any] = {"respondent": respondent, "started": started, "seconds": took}
    for name in ("language", "source"):
        columns[name] = _texts(layout, matched.meta.get(name))
    for item in instrument.items if instrument else ():
        columns[item.id] = _answers(layout, matched.items.get(item.id), item, mapping, faults)
    for demographic in instrument.demographics if instrument else ():
        column = matched.demographics.get(demographic.id)
        columns[demographic.id] = _levels(layout, column, demographic, mapping, faults)
    table = pd.DataFrame(columns)
    keep = _latest(table, submitted, layout, matched, faults)
    _note_unanswered(table, instrument, matched, keep, layout, faults)
    comments = _comments(table, layout, matched, keep)
    table = table[keep].reset_index(drop=True)
    return Responses(table, comments, instrument, matched, "respondent" not in matched.meta, understood)


def _respondents(
    layout: Layout, matched: Matched, mark: str, faults: Faults, key: bytes | None
) -> pd.api.extensions.ExtensionArray:
    rows = layout.first_rows
    column = matched.meta.get("respondent")
    if column is None:
        if len(rows):
            faults.add("anonymous", "info", count=len(rows))
        return _stand_ins(rows, mark)
    codes, values = distinct(layout.cells[:, column.position])
    absent = MISSING | layout.missing
    longest = max(map(len, absent))
    blank = np.array([len(value) <= longest and plain(value) in absent for value in values], dtype=bool)
    garbled = np.array(["+" in value and bool(_SCIENTIFIC.match(value)) for value in values], dtype=bool)
    nameless = blank[codes]
    faults.flag("respondent_blank", "warning", nameless, rows, column.header)
    faults.flag("id_scientific", "error", garbled[codes], rows, column.header)
    written = [value if value.isalnum() else clean(value) for value in values]
    ids = texts(hidden(written, codes, rows, column.header, faults, key), codes)
    if nameless.any():
        ids[nameless] = _stand_ins(rows[nameless], mark)
    return ids


def _stand_ins(rows: Rows, mark: str) -> pd.api.extensions.ExtensionArray:
    return pd.array([f"row-{row}-{mark}" for row in rows], dtype="string")


def _times(
    layout: Layout, matched: Matched, mapping: FileMapping, faults: Faults
) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.datetime64], pd.api.extensions.ExtensionArray]:
    """Return when each response was submitted and started, and how many seconds it took.

    Start and duration are derived from each other and the submission where one of them is missing.
    """
    submitted = _dated(layout, matched.meta.get("submitted"), mapping, faults)
    started = _dated(layout, matched.meta.get("started"), mapping, faults)
    took = np.full(len(layout.cells), np.nan)
    column = matched.meta.get("seconds")
    if column is not None:
        codes, values = distinct(layout.cells[:, column.position])
        spans, bad = seconds(values)
        bad, spans = bad | (spans > _LONGEST), np.where(spans > _LONGEST, np.nan, spans)
        took = spans[codes]
        faults.flag("bad_duration", "warning", bad[codes], layout.first_rows, column.header)
    else:
        took = (submitted - started) / np.timedelta64(1, "s")
    lead = pd.Series(took * 1_000_000).round().astype("Int64").astype("timedelta64[us]").to_numpy()
    started = np.where(np.isnat(started), submitted - lead, started)
    started = np.where(np.isnat(started), submitted, started)
    submitted = np.where(np.isnat(submitted), started, submitted)
    took_known = pd.array(np.where(took >= 0, took, np.nan), dtype="Float64")
    return submitted, started.astype("datetime64[us]"), took_known


def _dated(
    layout: Layout, column: Column | None, mapping: FileMapping, faults: Faults
) -> npt.NDArray[np.datetime64]:
    if column is None:
        return np.full(len(layout.cells), np.datetime64("NaT"), dtype="datetime64[us]")
    codes, values = distinct(layout.cells[:, column.position])
    parsed = dates(values, mapping.date_format, layout.missing | mapping.missing, close=True)
    faults.flag("bad_date", "warning", parsed.bad[codes], layout.first_rows, column.header)
    if parsed.ambiguous:
        faults.add(parsed.ambiguous, "warning", column=column.header)
    return parsed.value[codes]


def _texts(layout: Layout, column: Column | None) -> pd.api.extensions.ExtensionArray:
    if column is None:
        return pd.array([pd.NA] * len(layout.cells), dtype="string")
    codes, values = distinct(layout.cells[:, column.position])
    return texts([clean(value) or None for value in values], codes)


def _answers(
    layout: Layout,
    column: Column | None,
    item: Item,
    mapping: FileMapping,
    faults: Faults,
) -> pd.arrays.IntegerArray:
    """Return the raw answers of one item (not reverse-coded), NA where missing or at fault."""
    if column is None:
        return pd.arrays.IntegerArray(
            np.zeros(len(layout.cells), dtype=np.int8), np.ones(len(layout.cells), dtype=bool)
        )
    codes, values = distinct(layout.cells[:, column.position])
    missing = MISSING | layout.missing | mapping.missing
    key = answer_key(values, item, mapping.words_for(item.id, item.scale), missing)
    facts: dict[str, Any] = {"item": item.id, "low": item.minimum, "high": item.maximum}
    for verdict, (fault, severity) in _VERDICTS.items():
        wrong = key.verdict == verdict
        if wrong.any():
            flags: Flags = wrong[codes]
            faults.flag(
                fault, severity, flags, layout.rows_of(column.position), column.header,
                distinct=len(np.unique(codes[flags])), **facts,
            )  # fmt: skip
    return pd.arrays.IntegerArray(key.value[codes], (key.verdict != "ok")[codes])


def _levels(
    layout: Layout,
    column: Column | None,
    demographic: Demographic,
    mapping: FileMapping,
    faults: Faults,
) -> pd.api.extensions.ExtensionArray:
    if column is None:
        return pd.array([pd.NA] * len(layout.cells), dtype="string")
    codes, values = distinct(layout.cells[:, column.position])
    missing = layout.missing | mapping.missing
    levels, verdicts, by_order = level_key(
        values, demographic, mapping.words_for(demographic.id), missing, layout.coded
    )
    rows = layout.rows_of(column.position)
    unknown = np.array([verdict == "unknown" for verdict in verdicts], dtype=bool)
    faults.flag("unknown_level", "warning", unknown[codes], rows, column.header, demographic=demographic.id)
    if by_order:
        faults.add("level_by_order", "warning", column=column.header, demographic=demographic.id)
    return texts(levels, codes)


def _latest(
    table: pd.DataFrame,
    submitted: npt.NDArray[np.datetime64],
    layout: Layout,
    matched: Matched,
    faults: Faults,
) -> Flags:
    """Return which rows to keep: of several responses of one respondent the latest, by time, then by row."""
    keep = np.ones(len(table), dtype=bool)
    if "respondent" not in matched.meta or not table["respondent"].duplicated().any():
        return keep
    order = pd.DataFrame(
        {"respondent": table["respondent"], "at": submitted, "row": np.arange(len(table))}
    ).sort_values(["at", "row"], na_position="first")
    keep[:] = False
    keep[order.drop_duplicates("respondent", keep="last")["row"].to_numpy()] = True
    dropped = layout.first_rows[~keep]
    column = matched.meta["respondent"].header
    faults.flag(
        "respondent_repeated",
        "warning",
        ~keep,
        layout.first_rows,
        column,
        lines=named(sorted(dropped.tolist())),
    )
    return keep


def _note_unanswered(
    table: pd.DataFrame,
    instrument: Instrument | None,
    matched: Matched,
    keep: Flags,
    layout: Layout,
    faults: Faults,
) -> None:
    if instrument is None or not matched.items:
        return
    empty = keep.copy()
    for item in matched.items:
        empty &= table[item].isna().to_numpy()
    faults.flag("no_answers", "warning", empty, layout.first_rows)


def _comments(table: pd.DataFrame, layout: Layout, matched: Matched, keep: Flags) -> pd.DataFrame:
    """Return one row per filled open answer of the kept responses."""
    team = table["team"] if "team" in matched.demographics else pd.Series(pd.NA, table.index, dtype="string")
    parts = []
    absent = layout.missing | {""}
    longest = max(map(len, absent))
    for question, columns in matched.questions.items():
        for column in columns:
            codes, values = distinct(layout.cells[:, column.position])
            blank = np.array([len(v) <= longest and plain(v) in absent for v in values], dtype=bool)
            kept = keep & ~blank[codes]
            parts.append(
                pd.DataFrame(
                    {
                        "respondent": table["respondent"][kept],
                        "question": pd.array([question] * int(kept.sum()), dtype="string"),
                        "source": pd.array(["employee"] * int(kept.sum()), dtype="string"),
                        "text": texts(values, codes[kept]),
                        "date": table["started"][kept],
                        "team": team[kept],
                    }
                )
            )
    return pd.concat(parts, ignore_index=True) if parts else empty_comments()


def empty_comments() -> pd.DataFrame:
    """Return a comments table without rows."""
    texts = {name: pd.array([], dtype="string") for name in ("respondent", "question", "source", "text")}
    date = np.array([], dtype="datetime64[us]")
    return pd.DataFrame({**texts, "date": date, "team": pd.array([], dtype="string")})
