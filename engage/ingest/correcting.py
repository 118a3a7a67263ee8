"""The corrected-rows workflow: download the rows at fault, mend them, and lay them back into the file.

The corrected rows replace those of the original by row number, and the whole is imported in one piece:
nothing is lost that was not corrected, and nothing is there twice.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from engage.errors import InputError
from engage.ingest.cells import Cells
from engage.ingest.exports import csv_bytes, unmasked
from engage.ingest.files import Grid, contents, open_grid
from engage.ingest.mapping import FileMapping, load_mapping
from engage.ingest.reading import Kind, Reading, read
from engage.ingest.validate import named
from engage.instrument import Instrument
from engage.words import Language

_ROW: Final = "engage_row"
_WHY: Final = "engage_problem"
_HEAD_ROWS: Final = 20
_MARK: Final = 8  # characters of the file's hash beside the word in the first cell


def faulty_rows(
    path_or_bytes: str | Path | bytes,
    kind: Kind = "responses",
    instrument: str | Path | Instrument | None = None,
    mapping: str | Path | Mapping[str, Any] | None = None,
    *,
    lang: Language = "en",
) -> bytes:
    """Return the rows of a file that hold an error, as CSV with the headings of the file.

    Two columns come first: the row's number, which carries a mark of the file, and what is wrong in words.
    Raises ``InputError`` if no row is at fault, and as :func:`engage.ingest.read`.
    """
    data = contents(path_or_bytes)
    reading = read(data, kind, instrument, mapping)
    reasons = _reasons(reading, lang)
    if not reasons:
        raise InputError("ingest.corrected_nothing")
    cells = _grid(data, load_mapping(mapping)).cells
    head = [
        [f"{_ROW} {_mark(data)}" if not n else "", _WHY if not n else "", *cells[n]]
        for n in range(reading.head)
    ]
    body = [[row, " / ".join(reasons[row]), *cells[row - 1]] for row in sorted(reasons)]
    return csv_bytes([*head, *body])


def _reasons(reading: Reading, lang: Language) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for problem, rows in reading.at_fault:
        if problem.severity == "error":
            place = f"{problem.column}: " if problem.column else ""
            for row in np.unique(rows):
                found.setdefault(int(row), []).append(place + problem.reason(lang))
    return found


def with_corrections(
    path_or_bytes: str | Path | bytes,
    corrected: str | Path | bytes,
    mapping: str | Path | Mapping[str, Any] | None = None,
) -> bytes:
    """Return the file as CSV with the corrected rows in the places of the faulty ones.

    ``corrected`` may be saved as CSV or as a workbook. A row all of whose cells were emptied is left out.
    Raises ``InputError`` if the rows belong to another file, if columns were changed, and for a row number
    that is missing, unknown or there twice.
    """
    data = contents(path_or_bytes)
    grid = _grid(data, load_mapping(mapping))
    fixes = _fixes(data, grid, open_grid(contents(corrected)).cells)
    rows = ([*fixes.get(n + 1, cells)] for n, cells in enumerate(grid.cells))
    return csv_bytes(rows, mask=False)


def corrected_mapping(mapping: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the mapping for the corrected file, which is UTF-8 with commas whatever the original was."""
    return {k: v for k, v in (mapping or {}).items() if k not in ("encoding", "delimiter", "sheet")} or None


def _grid(data: bytes, rules: FileMapping) -> Grid:
    return open_grid(
        data, encoding=rules.encoding or None, delimiter=rules.delimiter or None, sheet=rules.sheet
    )


def _mark(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_MARK]


def _fixes(data: bytes, grid: Grid, fixed: Cells) -> dict[int, Sequence[str]]:
    """Return ``{row number: cells}`` of the corrected rows."""
    width = grid.cells.shape[1]
    if not fixed[0, 0].startswith(_ROW) or fixed[0, 0].split()[-1] != _mark(data):
        raise InputError("ingest.corrected_other_file")
    rows = [[unmasked(cell) for cell in cells] for cells in fixed]
    if any(any(cell.strip() for cell in row[2 + width :]) for row in rows):
        raise InputError("ingest.corrected_columns")
    heads = {_key(cells) for cells in grid.cells[:_HEAD_ROWS]}
    if _key(_padded(rows[0][2:], width)) not in heads:
        raise InputError("ingest.corrected_columns")
    fixes: dict[int, Sequence[str]] = {}
    wrong: list[str] = []
    for row in rows[1:]:
        number, cells = row[0].strip().removesuffix(".0"), _padded(row[2:], width)
        if not number and (_key(cells) in heads or not any(_key(cells))):
            continue
        if not number.isdecimal() or not 1 <= int(number) <= len(grid.cells) or int(number) in fixes:
            wrong.append(number or "–")
        else:
            fixes[int(number)] = cells
    if wrong:
        raise InputError("ingest.corrected_row", rows=named(wrong))
    return fixes


def _padded(cells: Sequence[str], width: int) -> list[str]:
    return [*cells[:width], *[""] * (width - len(cells))]


def _key(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(" ".join(cell.split()) for cell in cells)
