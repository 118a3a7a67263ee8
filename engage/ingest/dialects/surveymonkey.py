"""SurveyMonkey: a question over its first column and blanks after it, option or row labels in the second row."""

from collections.abc import Sequence
from typing import ClassVar, Final

from engage.ingest.cells import Cells
from engage.ingest.dialects.base import (
    Column,
    Layout,
    Recognition,
    body,
    folded,
    is_one_hot,
    meta_column,
    shape_faults,
    tool_column,
    without_empty,
)
from engage.ingest.files import Grid
from engage.ingest.names import fold_field, unique_headers

_META: Final = folded(
    {
        "": ("Respondent ID", "RespondentID", "Collector ID", "CollectorID", "受访者 ID", "收集器 ID", "Date Modified",
             "ИД респондента", "ID респондента", "ID сборщика", "Collector"),
        "started": ("Start Date", "StartDate", "Date Created", "开始日期", "Дата начала"),
        "submitted": ("End Date", "EndDate", "结束日期", "Дата окончания"),
        "identifier": ("IP Address", "IP 地址", "IP-адрес", "Email Address", "电子邮件地址", "Адрес электронной почты",
                       "First Name", "名字", "名", "Имя", "Last Name", "姓氏", "姓", "Фамилия"),
    }
)  # fmt: skip
_CUSTOM: Final = ("custom data", "自定义数据", "пользовательские данные")
_PLACEHOLDERS: Final = frozenset(
    map(fold_field, ("Response", "Open-Ended Response", "Other (please specify)", "答复", "回复", "开放式答复", "开放式回复",
                     "其他（请注明）", "Ответ", "Свободный ответ", "Развернутый ответ", "Другое (укажите)"))
)  # fmt: skip
_SEARCHED: Final = 3


class SurveyMonkey:
    """``Respondent ID, Collector ID, …`` over two header rows."""

    id: ClassVar[str] = "surveymonkey"

    def recognise(self, grid: Grid) -> Recognition:
        """Claim a table whose second row says ``Response`` under questions and is blank under its own columns."""
        if len(grid.cells) < 2:
            return Recognition(0.0)
        first, second = grid.cells[0], grid.cells[1]
        own = [n for n, name in enumerate(first) if fold_field(name) in _META]
        said = [name for name in second if fold_field(name) in _PLACEHOLDERS]
        spread = sum(not a.strip() and bool(b.strip()) for a, b in zip(first, second, strict=True))
        blank = own and all(not second[n].strip() for n in own)
        if not (said or spread) or not blank:
            return Recognition(0.0)
        confidence = 0.5 + 0.1 * min(len(own), 3) + 0.2 * bool(said)
        return Recognition(min(1.0, confidence), tuple(first[n] for n in own) + tuple(said[:1]))

    def parse(self, grid: Grid) -> Layout:
        """Return the columns by question and label: a matrix row by its label, a tick by its option."""
        cells, rows = body(grid, 2)
        columns = _columns(grid.cells[0], grid.cells[1], cells)
        return Layout(
            self.id,
            without_empty(columns, cells),
            cells,
            rows,
            len(cells),
            shape_faults(grid, 0, 2),
            head=2,
        )


def _columns(first: Sequence[str], second: Sequence[str], cells: Cells) -> list[Column]:
    questions: list[str] = []
    for name in first:
        questions.append(name.strip() or (questions[-1] if questions else ""))
    labels = [name.strip() for name in second]
    headers = unique_headers([_heading(q, label) for q, label in zip(questions, labels, strict=True)])
    columns = []
    for position, header in enumerate(headers):
        own = tool_column(position, questions[position], _META) if not labels[position] else None
        if own is not None:
            columns.append(own)
        elif not labels[position] and questions[position].casefold().startswith(_CUSTOM):
            columns.append(Column(position, header, (header,), "meta"))
        else:
            columns.append(_question(position, header, questions[position], labels[position], cells))
    return columns


def _heading(question: str, label: str) -> str:
    return question if not label or fold_field(label) in _PLACEHOLDERS else f"{question} [{label}]"


def _question(position: int, header: str, question: str, label: str, cells: Cells) -> Column:
    alone = not label or fold_field(label) in _PLACEHOLDERS
    if alone:
        if header != question:
            # "Other (please specify)" beside the question's own column
            return Column(position, header, (header,), "question")
        return meta_column(position, question)
    if is_one_hot(cells[:, position], label):
        return Column(position, header, (header,), "option")
    return Column(position, header, (header, label, question), "question")
