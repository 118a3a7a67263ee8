"""What a dialect is: it recognises a grid, and lays it out as columns with roles over rows of answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import ClassVar, Final, Literal, Protocol

import numpy as np
import yaml

from engage.errors import Problem
from engage.ingest.cells import Cells, Coded, Rows, any_filled
from engage.ingest.files import Grid
from engage.ingest.names import fold_field, synonyms, unique_headers
from engage.ingest.validate import Faults

Role = Literal["meta", "question", "option", "identifier"]
_NEARLY_ALL: Final = 0.9  # share of rows
_SEARCHED: Final = 10  # rows in which the header is looked for


@dataclass(frozen=True, slots=True)
class Recognition:
    """How surely a dialect claims a grid (0 to 1), and the headers or patterns that speak for it."""

    confidence: float
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a layout.

    ``header`` is as in the file, made unique; ``names`` are what may match an item, best first; ``field`` is
    set for meta columns (``respondent``, ``started``, ``submitted``, ``seconds``, ``language``, ``source``;
    ``status``, ``finished``, ``progress`` and ``verdict`` say whether the response counts; ``""``: no use).
    """

    position: int
    header: str
    names: tuple[str, ...]
    role: Role
    field: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """A file as its dialect lays it out, before anything is matched to an instrument.

    ``cells`` has one row per response and one column per entry of ``columns``; ``rows`` holds the spreadsheet
    row of each response (one dimension) or of each cell (two: a long file). ``filled`` is how many filled
    rows the file has below its header. ``missing`` are the words that mean "no answer" in this dialect,
    beside an empty cell; ``coded`` says that answers are option numbers. ``head`` is how many rows
    come before the first response; ``recognition`` is why this dialect was chosen.
    """

    dialect: str
    columns: tuple[Column, ...]
    cells: Cells
    rows: Rows
    filled: int
    problems: tuple[Problem, ...] = ()
    missing: frozenset[str] = frozenset()
    coded: bool = False
    head: int = 1
    recognition: Recognition = field(default=Recognition(0.0))

    def rows_of(self, position: int) -> Rows:
        """Return the spreadsheet row of each cell of a column."""
        return self.rows if self.rows.ndim == 1 else self.rows[:, position]

    @property
    def first_rows(self) -> Rows:
        """The spreadsheet row of each response."""
        return self.rows if self.rows.ndim == 1 else self.rows[:, 0]


class Dialect(Protocol):
    """One way of writing survey answers down."""

    id: ClassVar[str]

    def recognise(self, grid: Grid) -> Recognition:
        """Return how surely the grid is of this dialect."""

    def parse(self, grid: Grid) -> Layout:
        """Return the grid laid out; called only if this dialect claimed it most surely."""


def header_row(grid: Grid) -> int:
    """Return the index of the header: the first row at least half as filled as the fullest near the top."""
    filled = [sum(bool(cell.strip()) for cell in row) for row in grid.cells[:_SEARCHED]]
    most = max(filled, default=0)
    return next((index for index, count in enumerate(filled) if 2 * count >= most), 0)


def headers_of(grid: Grid) -> list[str]:
    """Return the unique headers of the grid."""
    return unique_headers(grid.cells[header_row(grid)])


def body(grid: Grid, first: int) -> tuple[Cells, Rows]:
    """Return the filled rows from index ``first`` on, and their spreadsheet rows."""
    cells = grid.cells[first:]
    rows = np.flatnonzero(any_filled(cells))
    kept = cells if len(rows) == len(cells) else cells.take(rows)
    return kept, rows + first + 1


def meta_column(position: int, header: str) -> Column:
    """Return a column by its header alone: identifier, known field, or question."""
    key = fold_field(header)
    if key in synonyms("identifiers"):
        return Column(position, header, (header,), "identifier")
    field = synonyms("responses").get(key, "")
    return Column(position, header, (header,), "meta" if field else "question", field)


def tool_column(position: int, header: str, meta: Mapping[str, str]) -> Column | None:
    """Return a column of the tool's own by its folded header, or ``None``.

    ``meta`` gives a field, ``""`` for one of no use, ``"identifier"`` for one that names a person.
    """
    field = meta.get(fold_field(header))
    if field is None:
        return None
    if field == "identifier":
        return Column(position, header, (header,), "identifier")
    return Column(position, header, (header,), "meta", field)


@cache
def _tools() -> Mapping[str, Mapping[str, Sequence[str]]]:
    loaded: Mapping[str, Mapping[str, Sequence[str]]] = yaml.safe_load(
        files("engage.ingest.dialects").joinpath("tools.yaml").read_text(encoding="utf-8")
    )
    return loaded


def tool_words(tool: str) -> dict[str, str]:
    """Return ``{folded header: field}`` of a tool's own columns; ``""`` for those of no use."""
    return {
        fold_field(word): "" if field == "unused" else field
        for field, words in _tools()[tool].items()
        for word in words
    }


def placeholders(tool: str) -> frozenset[str]:
    """Return the folded words that a tool writes where a question has no text of its own."""
    return frozenset(map(fold_field, _tools()["placeholders"][tool]))


def without_empty(columns: Sequence[Column], cells: Cells) -> tuple[Column, ...]:
    """Return the columns except nameless ones without a single filled cell (a trailing delimiter)."""
    return tuple(
        column
        for column in columns
        if not column.header.startswith("[") or not cells[:, column.position].is_blank().all()
    )


def laid_out(
    dialect: str,
    columns: Sequence[Column],
    cells: Cells,
    rows: Rows,
    *,
    head: int,
    missing: frozenset[str] = frozenset(),
    coded: bool = False,
) -> Layout:
    """Return a layout with a response per row of ``cells``, without nameless columns that are empty."""
    columns = without_empty(columns, cells)
    return Layout(dialect, columns, cells, rows, len(cells), missing=missing, coded=coded, head=head)


def values_of(column: Coded) -> set[str]:
    """Return the distinct values of a column, stripped, without the empty one."""
    used = np.unique(column.codes)
    return {column.values[code].strip() for code in used} - {""}


def is_one_hot(column: Coded, label: str = "") -> bool:
    """Return whether a column only marks if an option was chosen: by 0 and 1, or by the option's label."""
    values = values_of(column)
    if values <= {"0", "1"}:
        return True
    return bool(label) and {fold_field(value) for value in values} <= {fold_field(label), "0", "1"}


def note_shape(grid: Grid, layout: Layout, faults: Faults) -> None:
    """Note a header that isn't the first row, and rows that are wider or narrower than the header."""
    top = header_row(grid) if layout.head else 0
    if top:
        faults.add("header_row", "info", row=top + 1)
    lengths = grid.filled[layout.head :]
    rows = np.arange(len(lengths), dtype=np.int64) + layout.head + 1
    width = int(grid.filled[top])
    if grid.cells.shape[1] > width:
        beyond = any_filled(Cells(grid.cells.columns[width:], len(grid.cells))[layout.head :])
        if len(beyond) > 1 and beyond.mean() > _NEARLY_ALL:
            faults.add("header_short", "error", row=top + 1)
        else:
            faults.flag("row_too_long", "error", beyond, rows)
    faults.flag("row_too_short", "warning", (lengths < width) & (lengths > 1), rows)
