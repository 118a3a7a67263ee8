"""Google Forms and Microsoft Forms: one header row of question texts after a few columns of their own."""

import re
from typing import ClassVar, Final

from engage.ingest.cells import Cells, Coded
from engage.ingest.dialects.base import (
    Column,
    Layout,
    Recognition,
    body,
    header_row,
    headers_of,
    laid_out,
    meta_column,
    tool_column,
    tool_words,
    values_of,
)
from engage.ingest.files import Grid
from engage.ingest.names import fold_field

_GOOGLE: Final = tool_words("google_forms")
_GRID: Final = re.compile(r"^(.*?)\s*\[([^\[\]]+)\]\s*$", re.DOTALL)
_DATE_LIKE: Final = re.compile(r"^\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}")

_MICROSOFT: Final = tool_words("microsoft_forms")
_OWN_FIRST: Final = 6
_POINTS: Final = re.compile(r"^(?:Points|Feedback|分数|反馈|Баллы|Отзыв)\s+[-–—]\s+", re.IGNORECASE)


class GoogleForms:
    """``Timestamp`` first, perhaps ``Email Address``; a grid as ``Question [Row]``."""

    id: ClassVar[str] = "google_forms"

    def recognise(self, grid: Grid) -> Recognition:
        """Claim a table whose first column is the timestamp, in words and in values."""
        headers = headers_of(grid)
        if not headers or _GOOGLE.get(fold_field(headers[0])) != "submitted":
            return Recognition(0.0)
        cells = grid.cells[header_row(grid) + 1 :]
        dated = all(_DATE_LIKE.match(value) for value in list(values_of(cells[:, 0]))[:50])
        rows = [name for name in headers if _GRID.match(name)]
        mail = [name for name in headers[1:3] if _GOOGLE.get(fold_field(name)) == "identifier"]
        confidence = 0.5 * dated + 0.25 * bool(rows) + 0.25 * bool(mail)
        return Recognition(confidence, (headers[0], *mail, *rows[:2]))

    def parse(self, grid: Grid) -> Layout:
        """Return questions, of a grid by row."""
        top = header_row(grid)
        cells, rows = body(grid, top + 1)
        columns = []
        for position, header in enumerate(headers_of(grid)):
            own = tool_column(position, header, _GOOGLE) if position < 3 else None
            columns.append(own or _gridded(position, header))
        return laid_out(self.id, columns, cells, rows, head=top + 1)


class MicrosoftForms:
    """``ID, Start time, Completion time, Email, Name`` before the questions; choices joined ``A;B;``."""

    id: ClassVar[str] = "microsoft_forms"

    def recognise(self, grid: Grid) -> Recognition:
        """Claim a table that begins with the tool's own columns."""
        headers = headers_of(grid)[:_OWN_FIRST]
        fields = [_MICROSOFT.get(fold_field(name)) for name in headers]
        signs = [name for name, field in zip(headers, fields, strict=True) if field is not None]
        both = "started" in fields[:3] and "submitted" in fields[:3] and fields[:1] == [""]
        named = "identifier" in fields
        return Recognition(min(1.0, 0.6 + 0.3 * named + 0.02 * len(signs)) if both else 0.0, tuple(signs))

    def parse(self, grid: Grid) -> Layout:
        """Return questions; points and feedback of quizzes are of no use."""
        top = header_row(grid)
        cells, rows = body(grid, top + 1)
        columns = []
        for position, header in enumerate(headers_of(grid)):
            own = tool_column(position, header, _MICROSOFT) if position < _OWN_FIRST else None
            if own is None and _POINTS.match(header):
                own = Column(position, header, (header,), "meta")
            columns.append(own or _gridded(position, header))
        cells = _without_last_mark(cells)
        return laid_out(self.id, columns, cells, rows, head=top + 1)


def _gridded(position: int, header: str) -> Column:
    column = meta_column(position, header)
    grid = _GRID.match(header)
    if column.role != "question" or grid is None:
        return column
    return Column(position, header, (header, grid[2].strip(), grid[1].strip()), "question")


def _without_last_mark(cells: Cells) -> Cells:
    """Return the cells without the semicolon that ends even a single choice of a multiple one."""
    marked = {
        n: Coded.of(column.codes, [value.removesuffix(";") for value in column.values])
        for n, column in enumerate(cells.columns)
        if any(value.endswith(";") and value.count(";") == 1 for value in column.values)
        and all(not value.strip() or value.endswith(";") for value in column.values)
    }
    return cells.replaced(marked)
