"""Parse one workbook in a process of its own, under limits of memory and processor time.

The workbook comes on stdin. Stdout begins with a JSON object, ``{"sheet", "others", "width", "height"}`` or
``{"error"}``; then comes each column: a JSON array of its distinct values, and a 32-bit code per row. Every
JSON text has its length before it. A workbook made to exhaust memory kills this process, not the caller's.
"""

import datetime
import itertools
import json
import sys
from array import array
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any, Final

MEMORY: Final = 1 << 30  # bytes of address space
SECONDS: Final = 22  # of processor time; the caller also watches the clock
_SAMPLE_ROWS: Final = 20
_CHUNK: Final = 256  # rows whose cells stay in the processor's cache
_LONG: Final = 1e15  # floats hold whole numbers exactly up to here


def main() -> int:
    """Read stdin, write rows to stdout; the argument is the largest number of cells, then a sheet name."""
    limit_resources()
    most, wanted = int(sys.argv[1]), sys.argv[2]
    data = sys.stdin.buffer.read()
    import python_calamine  # under the limits, not before them

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(BytesIO(data))
        chosen = _choose(book, wanted)
    except python_calamine.PasswordError:
        return _refuse("password")
    except python_calamine.CalamineError:
        return _refuse("broken")
    if chosen is None:
        return _refuse("empty")
    sheet, others = chosen
    if sheet.total_height * sheet.total_width > most:
        return _refuse("cells")
    indent = sheet.start[1] if sheet.start else 0
    columns, height = _columns(sheet.iter_rows())
    out = sys.stdout.buffer
    width = indent + len(columns) if height else 0
    out.write(_text({"sheet": sheet.name, "others": others, "width": width, "height": height}))
    for _ in range(min(indent, width)):
        out.write(_text([""]) + bytes(4 * height))
    for values, codes in columns:
        out.write(_text([shown(value) for value in values]))
        out.write(codes.tobytes())
    out.flush()
    return 0


class _Numbering(dict[Any, int]):
    """Numbers values by first appearance; ``plain`` as long as all of them are text."""

    plain = True

    def __missing__(self, key: Any) -> int:
        self[key] = code = len(self)
        return code


def _columns(rows: Iterable[list[Any]]) -> tuple[list[tuple[_Numbering, "array[int]"]], int]:
    """Return the distinct values and the codes of each column, and the number of rows.

    The loop runs once per cell of the sheet, in C: one dictionary look-up each.
    """
    columns: list[tuple[_Numbering, array[int]]] = []
    source, height = iter(rows), 0
    while chunk := list(itertools.islice(source, _CHUNK)):
        cells = list(zip(*chunk, strict=True))
        while len(columns) < len(cells):
            columns.append((_Numbering({"": 0}), array("i", bytes(4 * height))))
        for (numbering, codes), column in zip(columns, cells, strict=True):
            known = len(numbering)
            codes.extend(map(numbering.__getitem__, column))
            fresh = list(itertools.islice(numbering, known, None))
            numbering.plain &= all(type(value) is str for value in fresh)
            if not numbering.plain and bool in map(type, column):
                # True equals 1.0 as a key: number this part again, truth values as words
                for value in fresh:
                    del numbering[value]
                del codes[height:]
                words = (shown(cell) if isinstance(cell, bool) else cell for cell in column)
                codes.extend(map(numbering.__getitem__, words))
        height += len(chunk)
    return columns, height


def limit_resources() -> None:
    """Cap memory and processor time where the system can (not on Windows)."""
    if sys.platform == "win32":
        return
    import resource

    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (limit, limit))


def shown(cell: object) -> str:
    """Return a cell as text: whole numbers without ``.0``, dates as ISO, at most 15 digits."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < _LONG else f"{cell:.15g}"
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, (datetime.date, datetime.time)):
        return cell.isoformat()
    return str(cell)


def _choose(book, wanted: str):  # type: ignore[no-untyped-def]
    """Return the named sheet, or the largest visible one that looks like a table; and the rest."""
    names = [
        meta.name for meta in book.sheets_metadata if str(meta.visible).endswith(".Visible")
    ] or book.sheet_names
    if wanted:
        return (book.get_sheet_by_name(wanted), []) if wanted in book.sheet_names else None
    filled, tables = [], []
    for name in names:
        sheet = book.get_sheet_by_name(name)
        if sheet.height and sheet.width:
            filled.append(sheet)
            if sheet.width > 1 and sheet.height > 1 and _is_table(sheet.iter_rows()):
                tables.append(sheet)
    if not filled:
        return None
    largest = max(tables or filled[:1], key=lambda sheet: sheet.height * sheet.width)
    return largest, [sheet.name for sheet in filled if sheet.name != largest.name]


def _is_table(rows: Iterator[list[object]]) -> bool:
    """Return whether some of the first rows fill two cells or more."""
    return (
        sum(sum(cell != "" for cell in row) > 1 for row, _ in zip(rows, range(_SAMPLE_ROWS), strict=False))
        > 1
    )


def _text(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    return len(text).to_bytes(8, "little") + text


def _refuse(error: str) -> int:
    sys.stdout.buffer.write(_text({"error": error}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
