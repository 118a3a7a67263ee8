"""Delimited text to cells: the delimiter, and two readers that agree, one of them for speed.

Python's ``csv`` reads everything. Arrow reads ten times as fast what is regular, and hands the few rows of
another width back to ``csv``; whatever it refuses is read by ``csv`` as well.
"""

import csv
import itertools
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from typing import Any, Final

import numpy as np

from engage.errors import InputError
from engage.ingest.cells import MAX_CELLS, Cells, Coded, Rows, coded, gather, refuse_too_big, trimmed

DELIMITERS: Final = (",", ";", "\t", "|")
NO_DELIMITER: Final = "\x1f"
LONGEST_LINE: Final = 4_000_000  # bytes
_AGREE: Final = 0.6  # share of rows that must be equally wide under the delimiter
_ARROW_FROM: Final = 1_000_000  # bytes; importing Arrow costs more than it gains below
_MOST_ODD: Final = 2_000  # rows of another width that Arrow may hand back
_HEAD: Final = 200_000
_BLOCK: Final = 1 << 22  # and one thread: with more, Arrow spends a quarter more in all, and numbers no rows


def read_delimited(utf8: bytes, delimiter: str) -> tuple[Cells, Rows]:
    """Return the cells of a text and how many each row has in the file.

    Raises ``InputError`` for a cell or line longer than any answer, and for too many cells.
    """
    if len(utf8) >= _ARROW_FROM:
        _refuse_long_lines(utf8)
        found = with_arrow(utf8, delimiter)
        if found is not None:
            return found
    try:
        return gather(_records(utf8.decode("utf-8"), delimiter))
    except csv.Error as error:
        raise InputError("ingest.cell_too_long") from error


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(StringIO(text, newline=""), delimiter=delimiter)


def _refuse_long_lines(utf8: bytes) -> None:
    start, size = 0, len(utf8)
    while size - start > LONGEST_LINE:
        cut = max(utf8.rfind(mark, start, start + LONGEST_LINE) for mark in (b"\n", b"\r"))
        if cut < start:
            raise InputError("ingest.line_too_long", limit=LONGEST_LINE // 1_000_000)
        start = cut + 1


def with_arrow(utf8: bytes, delimiter: str) -> tuple[Cells, Rows] | None:
    """Return what ``csv`` would, or ``None`` where Arrow can't read the text as ``csv`` does."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    first = next(_records(_first_lines(utf8), delimiter), [])
    width = len(first)
    if width < 2:
        return None
    refuse_too_big(1, width)
    odd: dict[int, list[str]] = {}

    def hand_back(row: Any) -> str:
        if len(odd) >= _MOST_ODD:
            return "error"
        odd[row.number - 1] = next(_records(row.text, delimiter), []) if row.text else []
        return "skip"

    names = [str(n) for n in range(width)]
    quoted = b'"' in utf8

    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(utf8),
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter,
                quote_char='"' if quoted else False,
                newlines_in_values=quoted,
                ignore_empty_lines=False,
                invalid_row_handler=hand_back,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.dictionary(pa.int32(), pa.string())),
                strings_can_be_null=False,
                null_values=[],
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows * width > MAX_CELLS:
        refuse_too_big(table.num_rows, width)
    table = table.unify_dictionaries().combine_chunks()
    columns = [_column(table.column(n)) for n in range(width)]
    return _with_odd_rows(columns, table.num_rows, odd)


def _first_lines(utf8: bytes) -> str:
    enough = _HEAD if utf8.count(b"\n", 0, _HEAD) > 2 else 2 * LONGEST_LINE
    return utf8[:enough].decode("utf-8", "replace").removeprefix("\ufeff")


def _column(chunked: Any) -> Coded:
    """Return a column that Arrow read; ``InputError`` for a cell longer than ``csv`` would take."""
    from pyarrow import compute

    if not chunked.num_chunks:
        return Coded.of(np.zeros(0, np.int32), [])
    part = chunked.chunk(0)
    longest = compute.max(compute.utf8_length(part.dictionary)).as_py()
    if (longest or 0) > csv.field_size_limit():
        raise InputError("ingest.cell_too_long")
    return Coded.of(part.indices.to_numpy(zero_copy_only=False), part.dictionary.to_pylist())


def _with_odd_rows(columns: list[Coded], height: int, odd: dict[int, list[str]]) -> tuple[Cells, Rows]:
    """Return the table with the rows of another width put back in their places."""
    total, width = height + len(odd), len(columns)
    lengths = np.full(total, width, dtype=np.int64)
    if not odd:
        return trimmed(Cells(tuple(columns), total), lengths)
    places = np.array(sorted(odd), dtype=np.int64)
    lengths[places] = [len(odd[place]) for place in places]
    regular = np.ones(total, dtype=bool)
    regular[places] = False
    widest = max(width, int(lengths.max()))
    refuse_too_big(total, widest)
    result = []
    for n in range(widest):
        extra = coded([odd[p][n] if n < len(odd[p]) else "" for p in places])
        known = columns[n] if n < width else Coded.of(np.zeros(height, np.int32), [""])
        codes = np.empty(total, dtype=np.int32)
        codes[regular] = known.codes
        codes[places] = extra.codes + len(known.values)
        result.append(Coded.of(codes, [*known.values, *extra.values]))
    return trimmed(Cells(tuple(result), total), lengths)


def sniff_delimiter(utf8: bytes) -> str:
    """Return the delimiter under which the first rows agree best on a width of two or more."""
    head = utf8[:_HEAD].decode("utf-8", "ignore")
    best, best_score = NO_DELIMITER, (0.0, 0)
    for mark in DELIMITERS:
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
