"""Which responses count: previews, tests, repeats and unfinished ones are told apart before reading."""

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.ingest.cells import Coded
from engage.ingest.dialects import Column, Layout
from engage.ingest.mapping import FileMapping
from engage.ingest.names import distinct, fold_word
from engage.ingest.validate import Faults, Flags

_TEST_WORDS: Final = (
    *("survey preview", "survey test", "preview", "test", "spam", "possible spam"),
    *("1", "2", "8", "9", "12", "17", "40"),
    *("调查预览", "调查测试", "预览", "测试", "垃圾", "垃圾邮件"),
    *("предварительный просмотр", "тест", "спам"),
)
_INVALID_WORDS: Final = ("无效", "无效数据", "invalid")
_NO_WORDS: Final = ("false", "0", "no", "否", "错", "нет", "ложь", "假")
_TEST: Final = frozenset(map(fold_word, _TEST_WORDS))
_INVALID: Final = frozenset(map(fold_word, _INVALID_WORDS))
_NO: Final = frozenset(map(fold_word, _NO_WORDS))


def screen(layout: Layout, mapping: FileMapping, faults: Faults) -> Layout:
    """Return the layout without responses that don't count; each reason is noted with its rows.

    Repeats of one submission, previews, tests and what the tool itself calls invalid are left out; unfinished
    responses stay if they hold an answer. ``mapping.keep`` and ``mapping.drop`` overrule this.
    """
    if not len(layout.cells):
        return layout
    out = _repeats(layout)
    faults.flag("row_repeated", "warning", out, layout.first_rows)
    for reason, flags in (
        ("test", _worded(layout, "status", _TEST)),
        ("invalid", _worded(layout, "verdict", _INVALID)),
    ):
        if reason in mapping.keep:
            faults.flag(f"{reason}_kept", "warning", flags & ~out, layout.first_rows)
        else:
            faults.flag(f"{reason}_dropped", "warning", flags & ~out, layout.first_rows)
            out |= flags
    out |= _unfinished_out(layout, mapping, ~out, faults)
    if not out.any():
        return layout
    kept = np.flatnonzero(~out)
    return replace(layout, cells=layout.cells.take(kept), rows=layout.rows[kept])


def _columns(layout: Layout, field: str) -> list[Column]:
    return [column for column in layout.columns if column.field == field]


def _worded(layout: Layout, field: str, words: frozenset[str]) -> Flags:
    flags = np.zeros(len(layout.cells), dtype=bool)
    for column in _columns(layout, field):
        codes, values = distinct(layout.cells[:, column.position])
        flags |= np.array([fold_word(value) in words for value in values], dtype=bool)[codes]
    return flags


def _unfinished_out(layout: Layout, mapping: FileMapping, open_: Flags, faults: Faults) -> Flags:
    unfinished = (_worded(layout, "finished", _NO) | _partial(layout) | _never_sent(layout)) & open_
    none = np.zeros(len(layout.cells), dtype=bool)
    if not unfinished.any():
        return none
    answered = none.copy()
    for column in layout.columns:
        if column.role == "question":
            answered |= ~layout.cells[:, column.position].is_blank()
    dropped = unfinished if "unfinished" in mapping.drop else unfinished & ~answered
    faults.flag("unfinished_dropped", "warning", dropped, layout.first_rows)
    faults.flag("unfinished_kept", "warning", unfinished & ~dropped, layout.first_rows)
    return dropped


def _partial(layout: Layout) -> Flags:
    flags = np.zeros(len(layout.cells), dtype=bool)
    if _columns(layout, "finished"):
        return flags
    for column in _columns(layout, "progress"):
        codes, values = distinct(layout.cells[:, column.position])
        flags |= np.array([value.rstrip("%").isdigit() and int(value.rstrip("%")) < 100 for value in values])[
            codes
        ]
    return flags


def _never_sent(layout: Layout) -> Flags:
    """Return which LimeSurvey responses have no submission date although others do."""
    flags = np.zeros(len(layout.cells), dtype=bool)
    if layout.dialect == "limesurvey":
        for column in _columns(layout, "submitted"):
            blank = layout.cells[:, column.position].is_blank()
            flags |= blank if not blank.all() else False
    return flags


def _repeats(layout: Layout) -> Flags:
    """Return which rows equal an earlier one in every cell and are, by their time, one submission.

    Row numbers restart when exports are joined by hand, so an equal number alone says nothing.
    """
    again = np.zeros(len(layout.cells), dtype=bool)
    timed = _columns(layout, "submitted")
    if not timed or layout.rows.ndim > 1:
        return again
    times = layout.cells[:, timed[0].position]
    rows = np.flatnonzero(~times.is_blank())
    # columns with many values first: they leave few rows to compare further
    alike = np.zeros(len(rows), dtype=np.int64)
    for column in sorted(layout.cells.columns, key=lambda column: -len(column.values)):
        pairs = alike * len(column.values) + _merged(column)[rows]
        twin = pd.Series(pairs).duplicated(keep=False).to_numpy()
        rows, alike = rows[twin], pd.factorize(pairs[twin])[0]
        if not len(rows):
            return again
    again[rows] = pd.Series(alike).duplicated().to_numpy()
    return again


def _merged(column: Coded) -> npt.NDArray[np.int64]:
    """Return codes that are equal exactly where the values are."""
    if len(set(column.values)) == len(column.values):
        return column.codes.astype(np.int64)
    first: dict[str, int] = {}
    return np.array([first.setdefault(value, n) for n, value in enumerate(column.values)], dtype=np.int64)[
        column.codes
    ]
