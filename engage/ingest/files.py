"""Open an uploaded file safely and return its cells as text.

The kind of file is told by its first bytes, never by its name. Workbooks are parsed in a child process under
limits (``workbooks``) after their declared sizes were checked; delimited text is bounded before it is parsed.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from engage.errors import InputError, Problem, UsageError
from engage.ingest.archives import gunzip, unzip
from engage.ingest.cells import Cells, Rows
from engage.ingest.delimited import NO_DELIMITER, read_delimited, sniff_delimiter
from engage.ingest.encodings import decode
from engage.ingest.validate import Faults, named
from engage.ingest.workbooks import read_workbook

MAX_BYTES: Final = 400_000_000
_FIRST: Final = 4_096
_BLANK: Final = b" \t\r\n\0\xef\xbb\xbf"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_LOCKED: Final = "EncryptedPackage".encode("utf-16-le")  # the stream of a workbook with a password
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORKBOOK: Final = (*_ZIP, _OLE)
_GZIP: Final = b"\x1f\x8b"
_MARKUP: Final = re.compile(rb"^\s*(?:<!doctype html|<html|<head|<meta|<table|<\?xml|<!--)", re.IGNORECASE)
_FOREIGN: Final = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"Rar!",
    b"7z\xbc\xaf",
    b"PAR1",
    b"{\\rtf",
)


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a file as text: ``cells[r, c]`` is row ``r + 1`` as a spreadsheet counts it.

    ``filled[r]`` is how many cells the row holds in the file; ``encoding`` and ``delimiter`` are ``None`` for
    workbooks, ``delimiter`` also for a single column.
    """

    cells: Cells
    filled: Rows
    encoding: str | None
    delimiter: str | None
    problems: tuple[Problem, ...]


def contents(path_or_bytes: str | Path | bytes) -> bytes:
    """Return the bytes of a file, or the bytes given.

    Raises ``UsageError`` if there is no such file, ``InputError`` if it is empty or too large.
    """
    if isinstance(path_or_bytes, bytes):
        data = path_or_bytes
    else:
        path = Path(path_or_bytes)
        try:
            size = path.stat().st_size
            if size > MAX_BYTES:
                raise _too_large(size)
            data = path.read_bytes()
        except (OSError, ValueError) as error:
            raise UsageError("ingest.no_file", where=str(path)) from error
    if len(data) > MAX_BYTES:
        raise _too_large(len(data))
    if not data[:_FIRST].strip(_BLANK) and not data.strip(_BLANK):
        raise InputError("ingest.empty")
    return data


def read_table(path_or_bytes: str | Path | bytes) -> pd.DataFrame:
    """Return a file's rows under its header, all as text; for one-off work on a column.

    Raises as :func:`open_grid`.
    """
    grid = open_grid(contents(path_or_bytes))
    below = grid.cells[1:]
    columns = [pd.Series(column.__array__(), dtype=object) for column in below.columns]
    table = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    return table.set_axis(pd.Index(grid.cells[0]), axis=1)


def _too_large(size: int) -> InputError:
    return InputError("ingest.too_large", size=size // 1_000_000, limit=MAX_BYTES // 1_000_000)


def open_grid(
    data: bytes, *, encoding: str | None = None, delimiter: str | None = None, sheet: str = ""
) -> Grid:
    """Return the cells of a workbook or delimited text.

    ``encoding``, ``delimiter`` and ``sheet`` overrule what would be recognised. Raises ``InputError`` for
    everything that isn't a table, and for a workbook that breaks a limit.
    """
    faults = Faults()
    data = _unpacked(data, faults)
    if data.startswith(_WORKBOOK):
        return _workbook(data, sheet, faults)
    _refuse_foreign(data)
    return _delimited(data, encoding, delimiter, faults)


def is_text(head: bytes) -> bool:
    """Return whether a file that begins so is delimited text, not a workbook or archive.

    Raises ``InputError`` for other kinds of file.
    """
    if head.startswith((*_WORKBOOK, _GZIP)):
        return False
    _refuse_foreign(head)
    return True


def _refuse_foreign(head: bytes) -> None:
    if _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")[:200]):
        raise InputError("ingest.html")
    if head.startswith(_FOREIGN):
        raise InputError("ingest.not_a_table")


def _unpacked(data: bytes, faults: Faults) -> bytes:
    """Return the table inside a ``.gz`` or ``.zip``, one level deep, or the data as they are."""
    packed = data
    if data.startswith(_GZIP):
        data = gunzip(data, MAX_BYTES)
    if data.startswith(_ZIP):
        inside = unzip(data, MAX_BYTES)
        if inside is not None:
            data = inside
            if data.startswith(_ZIP) and unzip(data, MAX_BYTES) is not None:
                raise InputError("ingest.archive_nested")
    if data.startswith(_GZIP):
        raise InputError("ingest.archive_nested")
    if data is not packed:
        faults.add("unpacked", "info")
        if not data.strip(_BLANK):
            raise InputError("ingest.empty")
    return data


def _delimited(data: bytes, encoding: str | None, delimiter: str | None, faults: Faults) -> Grid:
    decoded = decode(data, encoding)
    if b"\0" in decoded.utf8:
        raise InputError("ingest.nul_bytes")
    if decoded.bad:
        faults.add("bad_characters", "warning", count=decoded.bad, encoding=decoded.encoding)
    if decoded.guessed:
        faults.add("encoding_guessed", "info", encoding=decoded.encoding)
    mark = delimiter or sniff_delimiter(decoded.utf8)
    cells, filled = read_delimited(decoded.utf8, mark)
    last = max((cell.count("\n") for cell in cells[-1]), default=0) if len(cells) else 0
    if last and decoded.utf8.count(b'"') % 2:
        faults.add("quote_open", "error", row=len(cells), lines=last)
    shown = None if mark == NO_DELIMITER else mark
    return Grid(cells, filled, decoded.encoding, shown, faults.problems())


def _workbook(data: bytes, sheet: str, faults: Faults) -> Grid:
    if data.startswith(_OLE) and _LOCKED in data:
        raise InputError("ingest.sheet_password")
    cells, filled, head = read_workbook(data, sheet)
    if head["others"]:
        faults.add("sheet_chosen", "info", sheet=head["sheet"], others=named(head["others"]))
    return Grid(cells, filled, None, None, faults.problems())
