"""SurveyMonkey: a question over its first column, blanks after it, and labels in the second row."""

from collections.abc import Sequence
from typing import ClassVar, Final

from engage.ingest.cells import Cells
from engage.ingest.dialects.base import (
    Column,
    Layout,
    Recognition,
    body,
    is_one_hot,
    laid_out,
    meta_column,
    placeholders,
    tool_column,
    tool_words,
)
from engage.ingest.files import Grid
from engage.ingest.names import fold_field, unique_headers

_META: Final = tool_words("surveymonkey")
_CUSTOM: Final = ("custom data", "自定义数据", "пользовательские данные")
_PLACEHOLDERS: Final = placeholders("surveymonkey")


class SurveyMonkey:
    """``Respondent ID, Collector ID, …`` over two header rows."""

    id: ClassVar[str] = "surveymonkey"

    def recognise(self, grid: Grid) -> Recognition:
        """Claim a table whose second row holds labels under questions and nothing under its own columns."""
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
        return laid_out(self.id, columns, cells, rows, head=2)


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
