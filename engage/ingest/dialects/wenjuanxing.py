"""问卷星 (Wenjuanxing): text or numeric export, ``.xlsx``, ``.xls`` or ``.csv``."""

import re
from typing import ClassVar, Final

import numpy as np
import pandas as pd

from engage.ingest.dialects.base import (
    Column,
    Layout,
    Recognition,
    body,
    header_row,
    headers_of,
    meta_column,
    without_empty,
)
from engage.ingest.dialects.plain import shape_faults
from engage.ingest.files import Grid
from engage.ingest.names import Cells, plain
from engage.ingest.validate import Faults, Rows

_META: Final = {
    "序号": "",
    "提交答卷时间": "submitted",
    "所用时间": "seconds",
    "来源": "source",
    "总分": "",
}
_SIGNS: Final = (*_META, "来源详情", "来自IP")
_QUESTION: Final = re.compile(r"^\s*(?:(\d+)\s*[、.：:](?!\d)|第\s*(\d+)\s*题)\s*(.*)$", re.DOTALL)
_ROW: Final = re.compile(r"^(.*?)(?:\s*[—–]{1,2}\s*|\s-\s|[:：])(.+)$", re.DOTALL)
_BRACKETS: Final = re.compile(r"^(.*?)\s*[(（](.+)[)）]\s*$", re.DOTALL)
_BLANK: Final = ("(空)", "(跳过)", "（空）", "（跳过）")
_BLANK_CODES: Final = ("-2", "-3")
_ONE_HOT: Final = {"0", "1", ""}
_NUMBER: Final = re.compile(r"^-?\d+(?:\.0)?$")
_LOOKED_AT: Final = 300


class Wenjuanxing:
    """Meta columns ``序号 … 来自IP``, questions as ``1、题干``; ``(空)``, ``(跳过)``, −2, −3 are blanks."""

    id: ClassVar[str] = "wenjuanxing"

    def recognise(self, grid: Grid) -> Recognition:
        """Claim a table by the tool's own meta columns and its numbered questions."""
        headers = headers_of(grid)
        signs = [name for name in headers if name.strip() in _SIGNS]
        questions = [name for name in headers if _QUESTION.match(name)]
        strong = sum(name in ("提交答卷时间", "所用时间", "来自IP", "来源详情") for name in signs)
        confidence = min(1.0, 0.25 * strong + 0.1 * len(signs)) if strong or len(signs) > 1 else 0.0
        if questions:
            confidence = max(min(1.0, confidence + 0.15), 0.3 if len(questions) * 2 > len(headers) else 0.0)
        return Recognition(confidence, tuple(signs + questions[:1]))

    def parse(self, grid: Grid) -> Layout:
        """Return the questions with their matrix rows and options apart, and the tool's missing words."""
        top = header_row(grid)
        cells, rows = body(grid, top + 1)
        headers = headers_of(grid)
        numbers = [_number(header) for header in headers]
        columns = [
            _column(position, header, numbers.count(numbers[position]) > 1, cells)
            for position, header in enumerate(headers)
        ]
        coded = _is_coded(columns, cells)
        missing = frozenset(plain(word) for word in _BLANK + (_BLANK_CODES if coded else ()))
        faults = Faults()
        faults.extend(shape_faults(grid, top))
        filled = len(cells)
        cells, rows = _without_repeats(columns, cells, rows, faults)
        return Layout(
            self.id, without_empty(columns, cells), cells, rows, filled, faults.problems(), missing, coded
        )


def _number(header: str) -> str:
    match = _QUESTION.match(header)
    return (match[1] or match[2]) if match else header


def _column(position: int, header: str, shared: bool, cells: Cells) -> Column:
    if header.strip() in _META:
        return Column(position, header, (header,), "meta", _META[header.strip()])
    match = _QUESTION.match(header)
    if match is None:
        return meta_column(position, header)
    stem = match[3].strip()
    known = meta_column(position, stem)
    if known.role != "question":
        # "1、您的工号": a question that asks for a known field
        return Column(position, header, (stem,), known.role, known.field)
    parts = [part for pattern in (_ROW, _BRACKETS) if (part := pattern.match(stem))]
    names = (stem, *(part[2].strip() for part in parts))
    if shared and parts and set(pd.unique(cells[:_LOOKED_AT, position])) <= _ONE_HOT:
        return Column(position, header, (stem,), "option")
    return Column(position, header, names, "question")


def _is_coded(columns: list[Column], cells: Cells) -> bool:
    """Return whether most questions hold nothing but whole numbers: an export by option number."""
    looked = numeric = 0
    for column in columns:
        if column.role == "question":
            values = {str(cell).strip() for cell in cells[:_LOOKED_AT, column.position]} - {"", *_BLANK}
            looked += bool(values)
            numeric += bool(values) and all(_NUMBER.match(value) for value in values)
    return looked > 0 and numeric * 2 > looked


def _without_repeats(columns: list[Column], cells: Cells, rows: Rows, faults: Faults) -> tuple[Cells, Rows]:
    """Drop rows equal in every cell to an earlier one, where a submission time says they are one submission.

    序号 restarts when exports are joined by hand, so an equal number alone says nothing.
    """
    timed = [column.position for column in columns if column.field == "submitted"]
    if not timed or not (cells[:, timed[0]] != "").any():
        return cells, rows
    # equal rows are equal in these two columns; comparing whole rows is slow
    stamps = pd.DataFrame({"first": cells[:, 0], "time": cells[:, timed[0]]})
    twin = (stamps.duplicated(keep=False) & (stamps["time"] != "")).to_numpy()
    if not twin.any():
        return cells, rows
    again = np.zeros(len(cells), dtype=bool)
    again[twin] = pd.DataFrame(cells[twin]).duplicated().to_numpy()
    faults.flag("row_repeated", "warning", again, rows)
    return cells[~again], rows[~again]
