"""What a dialect is: it recognises a grid, and lays it out as columns with roles over rows of answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, Protocol

import numpy as np

from engage.errors import Problem
from engage.ingest.files import Grid
from engage.ingest.names import Cells, fold_field, synonyms, unique_headers
from engage.ingest.validate import Rows

Role = Literal["meta", "question", "option", "identifier"]
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
    ``""`` for one that is of no use).
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
    beside an empty cell; ``coded`` says that answers are option numbers.
    """

    dialect: str
    columns: tuple[Column, ...]
    cells: Cells
    rows: Rows
    filled: int
    problems: tuple[Problem, ...] = ()
    missing: frozenset[str] = frozenset()
    coded: bool = False

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
    filled = [sum(bool(str(cell).strip()) for cell in row) for row in grid.cells[:_SEARCHED]]
    most = max(filled, default=0)
    return next((index for index, count in enumerate(filled) if 2 * count >= most), 0)


def headers_of(grid: Grid) -> list[str]:
    """Return the unique headers of the grid."""
    return unique_headers([str(cell) for cell in grid.cells[header_row(grid)]])


def body(grid: Grid, first: int) -> tuple[Cells, Rows]:
    """Return the filled rows from index ``first`` on, and their spreadsheet rows."""
    cells = grid.cells[first:]
    blank = np.ones(len(cells), dtype=bool)
    for position in range(cells.shape[1]):
        # stop as soon as every row has shown a filled cell
        rest = np.flatnonzero(blank)
        if not len(rest):
            break
        blank[rest] = [not str(cell).strip() for cell in cells[rest, position]]
    rows = np.flatnonzero(~blank)
    kept = cells if len(rows) == len(cells) else cells[rows]
    return kept, rows + first + 1


def meta_column(position: int, header: str) -> Column:
    """Return a column by its header alone: identifier, known field, or question."""
    key = fold_field(header)
    if key in synonyms("identifiers"):
        return Column(position, header, (header,), "identifier")
    field = synonyms("responses").get(key, "")
    return Column(position, header, (header,), "meta" if field else "question", field)


def without_empty(columns: Sequence[Column], cells: Cells) -> tuple[Column, ...]:
    """Return the columns except nameless ones without a single filled cell (a trailing delimiter)."""
    return tuple(
        column
        for column in columns
        if not column.header.startswith("[") or any(str(cell).strip() for cell in cells[:, column.position])
    )
