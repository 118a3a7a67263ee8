"""LimeSurvey: headings as codes, full texts, abbreviated texts, or ``code. text``; answers as codes or labels."""

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
    folded,
    header_row,
    headers_of,
    is_one_hot,
    meta_column,
    shape_faults,
    tool_column,
    values_of,
    without_empty,
)
from engage.ingest.files import Grid
from engage.ingest.names import fold_field

_META: Final = folded(
    {
        "": ("id", "lastpage", "seed", "Response ID", "Last page", "Seed", "datestamp", "Date last action",
             "Antwort ID", "Letzte Seite", "Zufallsstartwert", "Datum letzte Aktivität", "答复 ID", "答案 ID", "回复 ID",
             "最后一页", "最后页", "随机种子", "种子", "最后操作日期", "ID ответа", "Последняя страница", "Начальное число",
             "Дата последнего действия"),
        "submitted": ("submitdate", "Date submitted", "Datum Abgeschickt", "提交日期", "Дата отправки"),
        "started": ("startdate", "Date started", "Datum gestartet", "开始日期", "Дата начала"),
        "language": ("startlanguage", "Start language", "Start-Sprache", "起始语言", "开始语言", "Начальный язык",
                     "Язык анкеты"),
        "seconds": ("interviewtime", "Total time", "Gesamtzeit", "总时间", "Общее время"),
        "identifier": ("token", "Access code", "Zugangscode", "访问代码", "操作代码", "Код доступа", "ipaddr", "IP address",
                       "IP-Adresse", "IP 地址", "IP-адрес", "refurl", "Referrer URL", "来源网址", "引用 URL",
                       "Ссылающийся URL"),
    }
)  # fmt: skip
_OWN: Final = frozenset(map(fold_field, ("lastpage", "startlanguage", "submitdate", "datestamp", "startdate", "ipaddr",
                                         "refurl", "interviewtime")))  # fmt: skip
_TIMING: Final = re.compile(r"^(?:groupTime\d+|.*Time)$|^(?:Group|Question) time:", re.DOTALL)
_SUB: Final = re.compile(r"^(.*?)\s*\[([^\[\]]+)\]\s*$", re.DOTALL)
_CODE_SUB: Final = re.compile(r"^([A-Za-z]\w*)(?:\[(\w+)\]|_((?:SQ)?\d+))(?:\[\w+\])?$")
_CODE_TEXT: Final = re.compile(r"^([A-Za-z]\w*(?:\[\w+\])?)\s*[.:]\s+(\S.*)$", re.DOTALL)
_ANSWER: Final = re.compile(r"^AO?0*(\d+)$")
_RANK: Final = re.compile(r"^(?:Rank|Rang|Ранг|排名|排序)\s*\d+$|^\d+$", re.IGNORECASE)
_OTHER: Final = frozenset(map(fold_field, ("other", "Other", "comment", "Comment", "Sonstiges", "Kommentar", "其他",
                                           "备注", "注释", "Другое", "Комментарий")))  # fmt: skip
_NUMBER: Final = re.compile(r"^\d+$")


class LimeSurvey:
    """Meta columns ``id, submitdate, lastpage, startlanguage, …`` in code or words; ``Question [Subquestion]``."""

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
        cells = _unmasked(cells)
        headers = headers_of(grid)
        timed = any(_TIMING.match(header) and "Time" in header for header in headers)
        columns = [_column(n, header, cells[:, n], timed) for n, header in enumerate(headers)]
        cells, coded = _numbered(columns, cells)
        return Layout(
            self.id,
            without_empty(columns, cells),
            cells,
            rows,
            len(cells),
            shape_faults(grid, top),
            frozenset({"n/a"}),
            coded,
            top + 1,
        )


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
    return is_one_hot(cells) or bool(values) and values <= {"y", "n", "yes", "no", "是", "否", "да", "нет", "n/a"}


def _names(header: str) -> tuple[str, ...]:
    """Return what a heading may be known by: all of it, its code, its subquestion, its text."""
    names = [header]
    code = _CODE_SUB.match(header)
    if code:
        part = code[2] or code[3]
        number = part.upper().removeprefix("SQ").lstrip("0")
        return tuple(dict.fromkeys((header, f"{code[1]}_{part}", f"{code[1]}_{number}", part)))
    text = _CODE_TEXT.match(header)
    if text:
        names += [text[1], *_names(text[1])[1:], text[2]]
    sub = _SUB.match(text[2] if text else header)
    if sub:
        names += [sub[2].strip(), sub[1].strip()] if not text else [sub[1].strip(), sub[2].strip()]
    return tuple(dict.fromkeys(names))


def _unmasked(cells: Cells) -> Cells:
    """Return the cells without the apostrophe that the exporter puts before a leading sign (``'=``)."""
    masked = {
        n: Coded(column.codes, [value[1:] if _is_masked(value) else value for value in column.values])
        for n, column in enumerate(cells.columns)
        if any(map(_is_masked, column.values))
    }
    return cells.replaced(masked)


def _is_masked(value: str) -> bool:
    return value[:2] in ("'=", "'+", "'-", "'@")


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
            changed[column.position] = Coded(np.asarray(answers.codes), short)
        elif values and all(_NUMBER.match(value) for value in values):
            numeric += 1
    return cells.replaced(changed), looked > 0 and 2 * numeric > looked
