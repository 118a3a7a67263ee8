"""What spreadsheets and tools do to a file: damaged values, shifted rows, empty columns, personal data."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from engage.ingest.cells import Coded
from engage.ingest.dates import dates
from engage.ingest.dialects import Column, Layout
from engage.ingest.mapping import FileMapping
from engage.ingest.names import distinct
from engage.ingest.validate import Faults, Flags, named

_MONTHS: Final = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|янв|фев|мар|апр|май|июн|июл|авг|сен|окт|ноя|дек"
)
_EXCEL_DATE: Final = re.compile(
    rf"^(?:\d{{1,2}}-(?:{_MONTHS})|(?:{_MONTHS})-\d{{1,2}}|\d{{1,2}}月\d{{1,2}}日)$", re.I
)
_RANGE: Final = re.compile(r"^\D{0,3}\d+\s*[-–~至到]\s*\d+\D{0,6}$")
_LOST_DASH: Final = re.compile(r"^\d+\s{2,}\d+$")
_PLACEHOLDER: Final = re.compile(
    r"\$\{[a-z]+://[^}]*\}|\{\{[^{}]+\}\}|\{(?:INSERTANS|TOKEN|SAVEDID)[^}]*\}|\[(?:q|Q)\d+(?:_\d+)?(?:\.\w+)?\]|%%\w+%%|\[question\(",
)
_MAIL: Final = re.compile(r"^[^@\s,;]+@[^@\s,;]+\.[A-Za-z]{2,}$")
_PHONE: Final = re.compile(
    r"^(?:\+?86[- ]?)?1[3-9]\d{9}$|^\+\d[\d\s()-]{8,17}\d$|^8[ -]?\(?\d{3}\)?[ -]?\d{3}[ -]?\d{2}[ -]?\d{2}$"
)
_IP: Final = re.compile(r"^(?:\d{1,3}\.){3}\d{1,3}(?:\(.*\))?$|^[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){4,7}$", re.I)
_IDENTITY: Final = re.compile(
    r"^[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])\d{2}\d{3}[\dXx]$|^\d{3}-\d{3}-\d{3} \d{2}$"
)
PERSONAL: Final = {"email": _MAIL, "phone": _PHONE, "address": _IP, "identity": _IDENTITY}
_MOSTLY: Final = 0.5
_FEW: Final = 0.01
_ENOUGH_ROWS: Final = 50
_MOST_LEVELS: Final = 12
_LOOKED_AT: Final = 200  # values of a column that decide whether all are looked at
_MOST_RANGES: Final = 500  # distinct values of a column of ranges
_SHIFTED_CELLS: Final = 3
_COMMON: Final = 0.02  # a value is a column's own if at least this share of its cells hold it


def personal(value: str) -> str:
    """Return what a value identifies a person by: ``email``, ``phone``, ``address``, ``identity``."""
    return next((kind for kind, pattern in PERSONAL.items() if pattern.match(value)), "")


def without_personal(layout: Layout, mapping: FileMapping, faults: Faults) -> Layout:
    """Return the layout with columns that hold mostly identifiers marked as such, whatever the heading.

    The respondent's own column is left: its values are made pseudonyms where they are read.
    """
    told = set(mapping.headers())
    columns = []
    for column in layout.columns:
        kind = (
            ""
            if column.role != "question" or column.header in told
            else _kind(layout.cells[:, column.position])
        )
        if kind:
            faults.add(f"identifier_{kind}", "warning", column=column.header)
            column = replace(column, role="identifier")
        columns.append(column)
    return replace(layout, columns=tuple(columns))


def _kind(column: Coded) -> str:
    step = max(1, len(column.values) // _LOOKED_AT)
    sample = [value.strip() for value in column.values[::step]]
    if not any(map(personal, sample)):
        return ""
    counts = column.counts()
    filled = sum(count for value, count in counts.items() if value)
    kinds: dict[str, int] = {}
    for value, count in counts.items():
        if kind := personal(value):
            kinds[kind] = kinds.get(kind, 0) + count
    best = max(kinds, key=lambda kind: kinds[kind], default="")
    return best if best and kinds[best] >= _MOSTLY * filled else ""


def inspect(layout: Layout, mapping: FileMapping, faults: Faults) -> None:
    """Note every sign of damage in the file; nothing is changed."""
    if not len(layout.cells):
        return
    _near_empty(layout, faults)
    for column in layout.columns:
        if column.role == "question":
            _damaged(layout, column, faults)
    _times(layout, mapping, faults)
    if layout.rows.ndim == 1:
        faults.flag("row_shifted", "warning", _shifted(layout), layout.first_rows)


def _near_empty(layout: Layout, faults: Faults) -> None:
    rows = len(layout.cells)
    if rows < _ENOUGH_ROWS:
        return
    sparse = [
        column.header
        for column in layout.columns
        if column.role == "question" and (~layout.cells[:, column.position].is_blank()).sum() < _FEW * rows
    ]
    if sparse:
        faults.add("columns_nearly_empty", "info", count=len(sparse), columns=named(sparse))


def _damaged(layout: Layout, column: Column, faults: Faults) -> None:
    codes, values = distinct(layout.cells[:, column.position])
    rows = layout.rows_of(column.position)
    if len(values) <= _MOST_RANGES and any(_RANGE.match(value) for value in values):
        for fault, pattern in (("excel_date", _EXCEL_DATE), ("lost_dash", _LOST_DASH)):
            hit = [bool(pattern.match(value)) for value in values]
            faults.flag(fault, "warning", _taken(hit, codes), rows, column.header)
    if _PLACEHOLDER.search("\n".join(values)):
        left = [bool(_PLACEHOLDER.search(value)) for value in values]
        faults.flag("placeholder", "warning", _taken(left, codes), rows, column.header)


def _taken(flags: Sequence[bool], codes: "np.ndarray[tuple[int], np.dtype[np.int32]]") -> Flags:
    return np.array(flags, dtype=bool)[codes] if len(flags) else np.zeros(0, dtype=bool)


def _times(layout: Layout, mapping: FileMapping, faults: Faults) -> None:
    parsed: dict[str, np.ndarray[tuple[int], np.dtype[np.datetime64]]] = {}
    tomorrow = np.datetime64((datetime.now(UTC) + timedelta(days=1)).replace(tzinfo=None), "us")
    for column in layout.columns:
        if column.field in ("started", "submitted"):
            codes, values = distinct(layout.cells[:, column.position])
            missing = layout.missing | mapping.missing
            found = dates(values, mapping.date_format, missing, close=True).value
            parsed[column.field] = found[codes]
            faults.flag("date_future", "warning", (found > tomorrow)[codes], layout.first_rows, column.header)
    if len(parsed) == 2:
        before = parsed["submitted"] < parsed["started"]
        faults.flag("ended_before_start", "warning", before, layout.first_rows)


def _shifted(layout: Layout) -> Flags:
    """Return the rows whose answers stand one column too far left or right.

    Looked at are pairs of neighbouring columns with few values, each of which has values of its own. A row is
    shifted if at least three of its cells, and most of those that can tell, fit the neighbour and not their
    own column.
    """
    rows = len(layout.cells)
    flags = np.zeros(rows, dtype=bool)
    if rows < 10:
        return flags
    own = {n: _levels(layout.cells[:, n]) for n in range(len(layout.cells.columns))}
    for step in (-1, 1):
        foreign, telling = np.zeros(rows, dtype=np.int32), np.zeros(rows, dtype=np.int32)
        for n, levels in own.items():
            theirs = own.get(n + step)
            if not levels or not theirs or not (theirs - levels) or not (levels - theirs):
                continue
            codes, values = distinct(layout.cells[:, n])
            misplaced = np.array([value in theirs and value not in levels for value in values], dtype=bool)
            filled = np.array([bool(value) for value in values], dtype=bool)
            foreign += misplaced[codes]
            telling += filled[codes]
        flags |= (foreign >= _SHIFTED_CELLS) & (2 * foreign > telling)
    return flags


def _levels(column: Coded) -> frozenset[str]:
    if len(column.values) > _MOST_RANGES:
        return frozenset()
    counts = {value: count for value, count in column.counts().items() if value}
    total = sum(counts.values())
    common = {value for value, count in counts.items() if count >= max(2, _COMMON * total)}
    covered = sum(counts[value] for value in common)
    return (
        frozenset(common)
        if common and len(common) <= _MOST_LEVELS and covered >= 0.9 * total
        else frozenset()
    )
