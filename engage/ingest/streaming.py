"""A table row by row: delimited text in memory that does not grow with the file.

The file is looked through first: its encoding, its delimiter, how many rows it has, and every fault that
would put cells into the wrong place. Workbooks and archives are read whole (``files``).
"""

import csv
import hashlib
import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from engage.errors import InputError, Problem, Rejected, UsageError
from engage.ingest.cells import MAX_COLUMNS
from engage.ingest.delimited import LONGEST_LINE, sniff_delimiter
from engage.ingest.encodings import recognised
from engage.ingest.files import is_text, read_table
from engage.ingest.validate import Faults

_HEAD: Final = 200_000  # characters
_TEXT_BEGINS: Final = 4_096


@dataclass(frozen=True, slots=True)
class RowTable:
    """A header, how many rows there are below it, and the rows, each as wide as the header.

    ``digest`` is of the file's bytes; ``records()`` begins anew at the first row each time.
    """

    header: tuple[str, ...]
    rows: int
    digest: str
    records: Callable[[], Iterator[list[str]]]


def open_rows(file: Path) -> RowTable:
    """Return the rows of a file up to its last filled one; cells are text, as in ``files.read_table``.

    Raises ``UsageError`` if it can't be opened, ``InputError`` if it is no table, and ``Rejected`` with every
    fault and its first row where text has rows with more filled cells than the header, a quotation mark that
    is never closed, NUL bytes, or a cell or line longer than any answer.
    """
    try:
        with file.open("rb") as source:
            digest = hashlib.file_digest(source, "blake2b").hexdigest()
            source.seek(0)
            text = is_text(source.read(_TEXT_BEGINS))
            if text:
                encoding = recognised(_FileBytes(source)).encoding
    except OSError as error:
        raise UsageError("ingest.no_file", where=str(file)) from error
    if not text:
        table = read_table(file)
        header = tuple(map(str, table.columns))
        return RowTable(header, len(table), digest, lambda: map(list, table.itertuples(False, None)))
    with file.open(encoding=encoding, errors="replace", newline="") as lines:
        delimiter = sniff_delimiter(lines.read(_HEAD).encode("utf-8", "replace"))
    delimited = _Delimited(file, encoding, delimiter)
    header, rows, problems = delimited.look_through()
    if problems:
        raise Rejected("ingest.damaged", problems, where=file.name)
    if not rows and not any(cell.strip() for cell in header):
        raise InputError("ingest.empty")
    return RowTable(header, rows, digest, lambda: delimited.records(len(header), rows))


@dataclass(frozen=True, slots=True)
class _FileBytes:
    """The bytes of an open file, in slices."""

    source: BinaryIO

    def __len__(self) -> int:
        return self.source.seek(0, io.SEEK_END)

    def __getitem__(self, key: slice) -> bytes:
        start, stop, _ = key.indices(len(self))
        self.source.seek(start)
        return self.source.read(max(0, stop - start))


@dataclass(slots=True)
class _Seen:
    """What the lines of one pass have shown so far: the quotation marks, and the first line with NUL."""

    quotes: int = 0
    nul: bool = False


@dataclass(frozen=True, slots=True)
class _Delimited:
    path: Path
    encoding: str
    delimiter: str

    def look_through(self) -> tuple[tuple[str, ...], int, tuple[Problem, ...]]:
        """Return the header, the number of rows up to the last filled one, and what is wrong."""
        faults, seen, long = Faults(), _Seen(), []
        header: list[str] = []
        last = row = 0
        record: list[str] = []
        nul = 0
        try:
            for row, record in enumerate(self._read(seen), start=1):
                if row == 1:
                    header = record
                elif len(record) > len(header) and any(map(str.strip, record[len(header) :])):
                    long.append(row)
                if seen.nul and not nul:
                    nul = row
                if any(map(str.strip, record)):
                    last = row
        except csv.Error:
            faults.add("cell_too_long", "error", row=row + 1)
        swallowed = max((cell.count("\n") for cell in record), default=0)
        if swallowed and seen.quotes % 2:
            faults.add("quote_open", "error", row=row, lines=swallowed)
        if long:
            faults.add("row_too_long", "error", row=long[0], count=len(long))
        if nul:
            faults.add("nul_bytes", "error", row=nul)
        if len(header) > MAX_COLUMNS:
            raise InputError("ingest.too_wide", columns=len(header), limit=f"{MAX_COLUMNS:,}")
        return tuple(header), max(last - 1, 0), faults.problems()

    def records(self, width: int, rows: int) -> Iterator[list[str]]:
        """Return the rows below the header, padded and cut to its width."""
        for record in itertools.islice(self._read(_Seen()), 1, rows + 1):
            yield record[:width] + [""] * (width - len(record))

    def _read(self, seen: _Seen) -> Iterator[list[str]]:
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as text:
            yield from csv.reader(_lines(text, seen), delimiter=self.delimiter)


def _lines(text: io.TextIOBase, seen: _Seen) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise InputError("ingest.line_too_long", limit=LONGEST_LINE // 1_000_000)
        seen.quotes += line.count('"')
        seen.nul = seen.nul or "\0" in line
        yield line
