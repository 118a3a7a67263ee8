"""Open an uploaded file safely and return its cells as text.

The kind of file is told by its first bytes, never by its name. Workbooks are parsed in a child process under
limits (``sheet_child``) after their declared sizes were checked.
"""

import csv
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from engage.errors import InputError, Problem, UsageError
from engage.ingest.encodings import decode
from engage.ingest.names import Cells
from engage.ingest.validate import Faults, Rows, named

MAX_BYTES: Final = 400_000_000
MAX_CELLS: Final = 20_000_000
_WALL_SECONDS: Final = 30
_MAX_UNPACKED: Final = 600_000_000
_MAX_RATIO: Final = 300
_SMALL: Final = 20_000_000  # an archive this small unpacked can do no harm, whatever its ratio
_MAX_PARTS: Final = 5_000
_CHUNK: Final = 4_096
_DELIMITERS: Final = (",", ";", "\t", "|")
_NO_DELIMITER: Final = "\x1f"
_AGREE: Final = 0.6  # share of rows that must be equally wide under the delimiter
_DIMENSION: Final = re.compile(rb'<(?:\w+:)?dimension[^>]*\sref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP: Final = re.compile(rb"^\s*(?:<!doctype html|<html|<head|<meta|<table|<\?xml|<!--)", re.IGNORECASE)
_FOREIGN: Final = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x1f\x8b",
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
    if not data.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise InputError("ingest.empty")
    return data


def read_table(path_or_bytes: str | Path | bytes) -> pd.DataFrame:
    """Return a file's rows under its header, all as text; for one-off work on a column.

    Raises as :func:`open_grid`.
    """
    grid = open_grid(contents(path_or_bytes))
    return pd.DataFrame(grid.cells[1:], columns=pd.Index(grid.cells[0]))


def _too_large(size: int) -> InputError:
    return InputError("ingest.too_large", size=size // 1_000_000, limit=MAX_BYTES // 1_000_000)


def open_grid(
    data: bytes, *, encoding: str | None = None, delimiter: str | None = None, sheet: str = ""
) -> Grid:
    """Return the cells of a workbook or delimited text.

    ``encoding``, ``delimiter`` and ``sheet`` overrule what would be recognised. Raises ``InputError`` for
    everything that isn't a table, and for a workbook that breaks a limit.
    """
    if data.startswith(b"PK\x03\x04"):
        _check_archive(data)
        return _workbook(data, sheet)
    if data.startswith(_OLE):
        return _workbook(data, sheet)
    if _MARKUP.match(data.removeprefix(b"\xef\xbb\xbf")[:200]):
        raise InputError("ingest.html")
    if data.startswith(_FOREIGN):
        raise InputError("ingest.not_a_table")
    return _delimited(data, encoding, delimiter)


def _delimited(data: bytes, encoding: str | None, delimiter: str | None) -> Grid:
    decoded = decode(data, encoding)
    if "\0" in decoded.text:
        raise InputError("ingest.nul_bytes")
    faults = Faults()
    if decoded.bad:
        faults.add("bad_characters", "warning", count=decoded.bad, encoding=decoded.encoding)
    mark = delimiter or sniff_delimiter(decoded.text)
    try:
        cells, filled = gather(_records(decoded.text, mark))
    except csv.Error as error:
        raise InputError("ingest.cell_too_long") from error
    last = max((str(cell).count("\n") for cell in cells[-1]), default=0) if len(cells) else 0
    if last and decoded.text.count('"') % 2:
        faults.add("quote_open", "error", row=len(cells), lines=last)
    shown = None if mark == _NO_DELIMITER else mark
    return Grid(cells, filled, decoded.encoding, shown, faults.problems())


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(StringIO(text, newline=""), delimiter=delimiter)


def sniff_delimiter(text: str) -> str:
    """Return the delimiter under which the first rows agree best on a width of two or more."""
    head = text[:200_000]
    best, best_score = _NO_DELIMITER, (0.0, 0)
    for mark in _DELIMITERS:
        try:
            widths = [len(row) for row in itertools.islice(_records(head, mark), 60) if row]
        except csv.Error:
            continue
        width, count = Counter(widths).most_common(1)[0] if widths else (0, 0)
        if width < 2 or (count < _AGREE * len(widths) and min(widths) < 2):
            continue
        # the header must be as wide as the rows: a decimal comma would otherwise pass for a delimiter
        score = (round(count / len(widths), 1) + (0.5 if widths[0] == width else 0.0), width)
        if score > best_score:
            best, best_score = mark, score
    return best


def gather(records: Iterable[list[str]]) -> tuple[Cells, Rows]:
    """Return records as one array padded with ``""``, and how many cells each had, up to the last filled row.

    Works in chunks and keeps one copy of equal strings per chunk and column: survey answers repeat.
    """
    chunks: list[Cells] = []
    lengths: list[int] = []
    count = 0
    source = iter(records)
    while chunk := list(itertools.islice(source, _CHUNK)):
        sizes = [len(row) for row in chunk]
        width = max(sizes)
        if min(sizes) < width:
            chunk = [row + [""] * (width - len(row)) for row in chunk]
        count += len(chunk) * width
        if count > MAX_CELLS:
            raise InputError("ingest.sheet_too_big", limit=f"{MAX_CELLS:,}")
        cells = np.array(chunk, dtype=object).reshape(len(chunk), width)
        for column in cells.T:
            codes, values = pd.factorize(column)
            column[:] = values[codes]
        chunks.append(cells)
        lengths.extend(sizes)
    width = max((part.shape[1] for part in chunks), default=0)
    whole = np.full((len(lengths), width), "", dtype=object, order="F")
    start = 0
    for part in chunks:
        whole[start : start + len(part), : part.shape[1]] = part
        start += len(part)
    return _trimmed(whole, np.array(lengths, dtype=np.int64))


def _trimmed(cells: Cells, lengths: Rows) -> tuple[Cells, Rows]:
    rows = len(cells)
    while rows and not any(str(cell).strip() for cell in cells[rows - 1]):
        rows -= 1
    return cells[:rows], lengths[:rows]


def _check_archive(data: bytes) -> None:
    """Refuse an archive that isn't a workbook, or that would unpack to more than a survey export can hold."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
            size = sum(part.file_size for part in parts)
            ratio = size / max(len(data), 1)
            if len(parts) > _MAX_PARTS or size > _MAX_UNPACKED or (size > _SMALL and ratio > _MAX_RATIO):
                raise InputError("ingest.sheet_bomb", size=size // 1_000_000, ratio=round(ratio))
            names = {part.filename for part in parts}
            if not any(name.startswith("xl/workbook") or name == "content.xml" for name in names):
                raise InputError("ingest.not_a_table")
            for name in names:
                if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                    with archive.open(name) as part:
                        _check_dimension(part.read(4_096))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError, OSError) as error:
        raise InputError("ingest.sheet_broken") from error
    except zipfile.zlib.error as error:  # type: ignore[attr-defined]
        raise InputError("ingest.sheet_broken") from error


def _check_dimension(head: bytes) -> None:
    match = _DIMENSION.search(head)
    if match:
        left, top, right, bottom = match.groups()
        columns = _ordinal(right) - _ordinal(left) + 1
        if columns * (int(bottom) - int(top) + 1) > MAX_CELLS:
            raise InputError("ingest.sheet_too_big", limit=f"{MAX_CELLS:,}")


def _ordinal(letters: bytes) -> int:
    value = 0
    for byte in letters[:6]:
        value = value * 26 + byte - ord("A") + 1
    return value


def _workbook(data: bytes, sheet: str) -> Grid:
    lines = iter(_run_child(data, sheet).splitlines())
    head = json.loads(next(lines, b'{"error": "broken"}'))
    if "error" in head:
        codes = {"password": "sheet_password", "empty": "empty", "cells": "sheet_too_big"}
        if head["error"] == "empty" and sheet:
            raise InputError("ingest.no_sheet", sheet=sheet)
        raise InputError(f"ingest.{codes.get(head['error'], 'sheet_broken')}", limit=f"{MAX_CELLS:,}")
    faults = Faults()
    if head["others"]:
        faults.add("sheet_chosen", "info", sheet=head["sheet"], others=named(head["others"]))
    cells, filled = gather(json.loads(line) for line in lines)
    if not cells.size:
        raise InputError("ingest.empty")
    filled = np.full(len(cells), cells.shape[1], dtype=np.int64)
    return Grid(cells, filled, None, None, faults.problems())


def _run_child(data: bytes, sheet: str) -> bytes:
    """Return what the child wrote; ``InputError`` if it ran into a limit or could not read the workbook."""
    root = str(Path(__file__).parents[2])
    search = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "engage.ingest.sheet_child", str(MAX_CELLS), sheet],
            input=data,
            capture_output=True,
            timeout=_WALL_SECONDS,
            check=False,
            env={**os.environ, "PYTHONPATH": search},
        )
    except subprocess.TimeoutExpired as error:
        raise InputError("ingest.sheet_time", seconds=_WALL_SECONDS) from error
    if done.returncode == 0:
        return done.stdout
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise InputError("ingest.sheet_time", seconds=_WALL_SECONDS)
    exhausted = done.returncode < 0 or b"MemoryError" in done.stderr or b"capacity overflow" in done.stderr
    if exhausted:
        raise InputError("ingest.sheet_too_big", limit=f"{MAX_CELLS:,}")
    raise InputError("ingest.sheet_broken")
