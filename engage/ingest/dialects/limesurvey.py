"""LimeSurvey: headings as codes, full or abbreviated texts, or ``code. text``; answers as codes or labels."""

import re
from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np

from engage.ingest.cells import Cells, Coded
from engage.ingest.dialects.base import (
    Column,
    Layout,
    Recognition,
    body,
    header_row,
    headers_of,
    is_one_hot,
    laid_out,
    meta_column,
    placeholders,
    tool_column,
    tool_words,
    values_of,
)
from engage.ingest.files import Grid
from engage.ingest.names import fold_field

_META: Final = tool_words("limesurvey")
_OWN: Final = frozenset(
    ["lastpage", "startlanguage", "submitdate", "datestamp", "startdate", "ipaddr", "refurl", "interviewtime"]
)
_TIMING: Final = re.compile(r"^(?:groupTime\d+|.*Time)$|^(?:Group|Question) time:", re.DOTALL)
_SUB: Final = re.compile(r"^(.*?)\s*\[([^\[\]]+)\]\s*$", re.DOTALL)
_CODE_SUB: Final = re.compile(r"^([A-Za-z]\w*)(?:\[(\w+)\]|\.(\w+)\.|_((?:SQ)?\d+))(?:\[\w+\])?$")
_CODE_TEXT: Final = re.compile(r"^([A-Za-z]\w*(?:\[\w+\])?)\s*[.:]\s+(\S.*)$", re.DOTALL)
_ANSWER: Final = re.compile(r"^AO?0*(\d+)$")
_RANK: Final = re.compile(r"^(?:Rank|Rang|Ранг|排名|排序)\s*\d+$|^\d+$", re.IGNORECASE)
_OTHER: Final = placeholders("limesurvey")
_NUMBER: Final = re.compile(r"^\d+$")


class LimeSurvey:
    """Meta columns ``id, submitdate, lastpage, …`` in code or words; ``Question [Subquestion]``."""

    id: ClassVar[str] = "limesurvey"

    def recognise(self, grid: Grid) -> Recognition:
        """Claim a table by its meta columns; without them, by subquestions in brackets and ranks."""
        headers = headers_of(grid)
        keys = [fold_field(name) for name in headers]
        signs = [name for name, key in zip(headers, keys, strict=True) if key in _META]
        own = sum(key in _OWN for key in keys)
        parts = [part[2] for name in headers if (part := _SUB.match(name))]
        if own >= 2 or len(signs) >= 4:
            return Recognition(min(1.0, 0.5 + 0.1 * len(signs)), tuple(signs))
        special = [part for part in parts if _RANK.match(part) or fold_field(part) in _OTHER]
        confidence = 0.35 if 3 * len(parts) >= len(headers) and special else 0.2 if len(parts) > 2 else 0.0
        if len(signs) > 1:
            confidence += 0.1 * len(signs)
        return Recognition(confidence, (*signs, *special[:2]))

    def parse(self, grid: Grid) -> Layout:
        """Return questions with their subquestions; codes ``A1``, ``AO01`` become option numbers."""
        top = header_row(grid)
        cells, rows = body(grid, top + 1)
        headers = headers_of(grid)
        timed = any(_TIMING.match(header) and "Time" in header for header in headers)
        columns = [_column(n, header, cells[:, n], timed) for n, header in enumerate(headers)]
        cells, coded = _numbered(columns, cells)
        return laid_out(self.id, columns, cells, rows, missing=frozenset({"n/a"}), coded=coded, head=top + 1)


def _column(position: int, header: str, cells: Coded, timed: bool) -> Column:
    own = tool_column(position, header, _META)
    if own is not None:
        return own
    if timed and _TIMING.match(header):
        return Column(position, header, (header,), "meta")
    names = _names(header)
    sub = _SUB.match(header)
    ranked = sub and _RANK.match(sub[2]) and not _CODE_SUB.match(header)
    if sub and (fold_field(sub[2]) in _OTHER or ranked):
        return Column(position, header, (header,), "option")
    if sub and _is_mark(cells):
        return Column(position, header, (header,), "option")
    known = meta_column(position, names[-1])
    if known.role != "question":
        return Column(position, header, names, known.role, known.field)
    return Column(position, header, names, "question")


def _is_mark(cells: Coded) -> bool:
    """Return whether a subquestion only says whether an option was ticked."""
    values = {value.casefold() for value in values_of(cells)}
    return is_one_hot(cells) or (
        bool(values) and values <= {"y", "n", "yes", "no", "是", "否", "да", "нет", "n/a"}
    )


def _names(header: str) -> tuple[str, ...]:
    """Return what a heading may be known by: all of it, its code, its subquestion, its text."""
    names = [header]
    code = _CODE_SUB.match(header)
    if code:
        part = code[2] or code[3] or code[4]
        number = part.upper().removeprefix("SQ").lstrip("0")
        return tuple(dict.fromkeys((header, f"{code[1]}_{part}", f"{code[1]}_{number}", part)))
    text = _CODE_TEXT.match(header)
    if text:
        names += [text[1], *_names(text[1])[1:], text[2]]
    sub = _SUB.match(text[2] if text else header)
    if sub:
        names += [sub[2].strip(), sub[1].strip()] if not text else [sub[1].strip(), sub[2].strip()]
    return tuple(dict.fromkeys(names))


def _numbered(columns: Sequence[Column], cells: Cells) -> tuple[Cells, bool]:
    """Return the cells with answer codes as numbers, and whether most questions hold codes or numbers."""
    changed: dict[int, Coded] = {}
    looked = numeric = 0
    for column in columns:
        if column.role != "question":
            continue
        answers = cells[:, column.position]
        values = values_of(answers) - {"N/A", "-oth-"}
        looked += bool(values)
        if values and all(_ANSWER.match(value) for value in values):
            numeric += 1
            short = [_ANSWER.sub(r"\1", value.strip()) for value in answers.values]
            changed[column.position] = Coded.of(np.asarray(answers.codes), short)
        elif values and all(_NUMBER.match(value) for value in values):
            numeric += 1
    return cells.replaced(changed), looked > 0 and 2 * numeric > looked
