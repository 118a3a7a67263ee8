"""Qualtrics: rows of codes, texts and ``{"ImportId": …}`` above the answers (two rows in older exports)."""

import re
from typing import ClassVar, Final

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
    tool_column,
    tool_words,
    values_of,
)
from engage.ingest.files import Grid
from engage.ingest.names import fold_field

_META: Final = tool_words("qualtrics")
_SIGNS: Final = frozenset(_META) - {fold_field("Q_Language"), fold_field("Q_TotalDuration")}
_IMPORT: Final = re.compile(r"^\s*\{\s*['\"]ImportId['\"]\s*:")
_PART: Final = re.compile(r"^(.*\S)\s+-\s+(\S.*)$", re.DOTALL)
_LEGACY: Final = re.compile(r"^V\d+$")
_CODE: Final = re.compile(r"^-?\d+$")


class Qualtrics:
    """Codes, then texts, then import ids; ``Status`` marks previews, ``Finished`` the unfinished."""

    id: ClassVar[str] = "qualtrics"

    def recognise(self, grid: Grid) -> Recognition:
        """Claim a table by its import ids, or by the tool's column codes over a row of texts."""
        top = header_row(grid)
        headers = headers_of(grid)
        signs = [name for name in headers if fold_field(name) in _SIGNS]
        if _imports(grid, top + 2):
            return Recognition(1.0, (*signs, "ImportId"))
        legacy = sum(bool(_LEGACY.match(name)) for name in headers)
        strong = len(signs) + (legacy >= 4)
        return Recognition(min(0.95, 0.15 * strong) if strong >= 3 else 0.0, tuple(signs))

    def parse(self, grid: Grid) -> Layout:
        """Return each column by its code and its text; of a matrix also by the part after the last dash."""
        top = header_row(grid)
        head = 3 if _imports(grid, top + 2) else 2 if self._has_texts(grid, top) else 1
        texts = grid.cells[top + 1] if head > 1 else headers_of(grid)
        cells, rows = body(grid, top + head)
        columns = []
        for position, header in enumerate(headers_of(grid)):
            # older exports number the tool's own columns V1, V2, …; their texts name them
            key = texts[position] if _LEGACY.match(header) else header
            own = tool_column(position, key, _META)
            if own is not None:
                columns.append(Column(position, header, (header,), own.role, own.field))
                continue
            columns.append(
                _question(position, header, texts[position].strip(), is_one_hot(cells[:, position]))
            )
        questions = [column for column in columns if column.role == "question"]
        filled = [values for column in questions if (values := values_of(cells[:, column.position]))]
        numeric = sum(all(_CODE.match(value) for value in values) for values in filled)
        return laid_out(
            self.id,
            columns,
            cells,
            rows,
            missing=frozenset({"-99"}),
            coded=bool(filled) and 2 * numeric > len(filled),
            head=top + head,
        )

    def _has_texts(self, grid: Grid, top: int) -> bool:
        """Return whether the second row names the columns: there is no date where dates stand."""
        if len(grid.cells) < top + 2:
            return False
        below = grid.cells[top + 1]
        dated = [
            n
            for n, name in enumerate(headers_of(grid))
            if _META.get(fold_field(name)) in ("started", "submitted")
        ]
        if not dated:
            return any(fold_field(cell) in _META for cell in below)
        return not any(below[n][:1].isdigit() for n in dated)


def _imports(grid: Grid, row: int) -> bool:
    return row < len(grid.cells) and sum(bool(_IMPORT.match(cell)) for cell in grid.cells[row]) > 1


def _question(position: int, header: str, text: str, one_hot: bool) -> Column:
    part = _PART.match(text)
    names = tuple(dict.fromkeys(filter(None, (header, text, part[2] if part else ""))))
    if part and "Selected Choice" in part[2]:
        names = (header, part[1].strip())
    elif part and one_hot:
        return Column(position, header, names[:1], "option")
    known = meta_column(position, text or header)
    if known.role != "question":
        return Column(position, header, names, known.role, known.field)
    return Column(position, header, names, "question")
