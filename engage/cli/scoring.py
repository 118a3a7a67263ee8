"""``engage sentiment``: a file of comments in, the same file with five columns more out, block by block."""

import csv
import io
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engage.cli.unfinished import Found, Unfinished
from engage.errors import InputError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from engage.ingest.streaming import RowTable
    from engage.text import Method

ADDED: Final = ("language", "tone", "tone_score", "intent", "theme")
BLOCK_ROWS: Final = 5_000
_BLOCK_CHARACTERS: Final = 4_000_000
_MANY: Final = 20_000  # rows from which a second process is worth its start


@dataclass(frozen=True, slots=True)
class Scored:
    """What was written: how many rows, how many of them by an earlier run, the added columns' headings."""

    rows: int
    kept: int
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reader:
    """What judges tone: a method of ``sentiment``, its model; in how many processes (None: by size)."""

    method: "Method" = "model"
    model: Path | None = None
    workers: int | None = None


def method_named(name: str) -> "Method":
    """Return the method called ``name``, or raise ``UsageError``."""
    from engage.text.blocks import METHODS

    known = {method: method for method in METHODS}
    if name not in known:
        raise UsageError("text.method", where="--method", method=name)
    return known[name]


def score_file(
    file: Path,
    column: str,
    out: Path,
    reader: Reader,
    *,
    progress: Callable[[str, int, int], None],
    began: Callable[[Found, int], None],
) -> Scored:
    """Score the comments in ``column`` and write every row to ``out``, UTF-8 with a byte order mark.

    All columns of the file stay as they are, but for text that a spreadsheet would run as a formula: it gets
    an apostrophe in front. Where there is a column ``tone`` already, the new one becomes ``tone_2``. ``out``
    appears whole or not at all. Memory does not grow with a text file. A run that was stopped is taken up
    where it was if file, column, method, model and package are the same; ``began`` is told what was found of
    it and how many rows are kept.

    Raises ``UsageError`` for an unknown column, or if ``out`` is the file itself or can't be written;
    ``InputError`` if the file is no table or damaged (every fault with its row), has ``column`` twice, or if
    a model of one's own can't be understood or run.
    """
    from engage.ingest.streaming import open_rows
    from engage.text.blocks import reader_digest

    if out.exists() and out.samefile(file):
        raise UsageError("cli.same_file", where=str(out))
    table = open_rows(file)
    place = _place(table.header, column, file.name)
    columns = _free_names(ADDED, set(table.header))
    job = {
        "file": table.digest,
        "column": str(place),
        "method": reader.method,
        "model": reader_digest(reader.method, reader.model),
    }
    under_way = Unfinished.begin(out, job)
    kept = under_way.rows
    try:
        began(under_way.found, kept)
        progress("comments", kept, table.rows)
        if not kept:
            under_way.add(0, _as_csv([[*table.header, *columns.values()]], mark="\ufeff"))
        for rows in _blocks_written(under_way, table, place, reader):
            progress("comments", rows, table.rows)
        under_way.finish()
    finally:
        under_way.end()
    return Scored(rows=table.rows, kept=kept, columns=columns)


def _blocks_written(under_way: Unfinished, table: "RowTable", place: int, reader: Reader) -> Iterator[int]:
    """Score and keep block after block; yields how many rows there are after each."""
    from engage.text import sentiment_blocks

    handed: deque[list[list[str]]] = deque()

    def texts() -> Iterator[list[str]]:
        for block in _blocks(table.records(), under_way.rows):
            handed.append(block)
            yield [row[place] for row in block]

    workers = reader.workers or (2 if table.rows >= _MANY and (os.cpu_count() or 1) > 1 else 1)
    for scored in sentiment_blocks(texts(), method=reader.method, model=reader.model, workers=workers):
        block = handed.popleft()
        under_way.add(len(block), _as_csv(_with_scores(block, scored)))
        yield under_way.rows


def _blocks(records: Iterator[list[str]], skip: int) -> Iterator[list[list[str]]]:
    """Return the rows after the first ``skip`` in blocks; where they end depends on the rows alone."""
    block: list[list[str]] = []
    size = 0
    for number, record in enumerate(records):
        if number < skip:
            continue
        block.append(record)
        size += sum(map(len, record))
        if len(block) == BLOCK_ROWS or size >= _BLOCK_CHARACTERS:
            yield block
            block, size = [], 0
    if block:
        yield block


def _with_scores(block: Sequence[list[str]], scored: "pd.DataFrame") -> Iterator[list[object]]:
    """Return the rows with their scores behind them; what is missing is an empty cell."""
    from engage.ingest.exports import masked

    # a cell that begins with a letter or digit is no formula: most need no closer look
    harmless = ([c if c[:1].isalnum() else masked(c) for c in row] for row in block)
    told = zip(*(scored[name].astype(object).where(scored[name].notna(), "") for name in ADDED), strict=True)
    return ([*row, *more] for row, more in zip(harmless, told, strict=True))


def _as_csv(rows: "Iterator[list[object]] | list[list[str]]", mark: str = "") -> bytes:
    text = io.StringIO(mark)
    text.seek(0, io.SEEK_END)
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _place(header: Sequence[str], column: str, where: str) -> int:
    headings = [name.strip() for name in header]
    places = [place for place, name in enumerate(headings) if name == column.strip()]
    if not places:
        near = get_close_matches(column, headings, cutoff=0.5) or [name for name in headings if name]
        raise UsageError("cli.no_column", where=where, column=column, known=near)
    if len(places) > 1:
        raise InputError("cli.column_twice", where=where, column=column)
    return places[0]


def _free_names(wanted: Sequence[str], taken: set[str]) -> dict[str, str]:
    free = {}
    for name in wanted:
        number, candidate = 2, name
        while candidate in taken:
            number, candidate = number + 1, f"{name}_{number}"
        free[name] = candidate
    return free
