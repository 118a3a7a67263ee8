"""Parse one workbook in a process of its own, under limits of memory and processor time.

The workbook comes on stdin. Stdout begins with a JSON object, ``{"sheet", "others", "width", "height"}`` or
``{"error"}``; then come a JSON array of the distinct values of the whole sheet, and a 32-bit code per cell,
row by row. Every JSON text has its length before it. A workbook made to exhaust memory kills this process,
not the caller's.
"""

import datetime
import json
import sys
from array import array
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any, Final

MEMORY: Final = 1 << 30  # bytes of address space
SECONDS: Final = 22  # of processor time; the caller also watches the clock
_SAMPLE_ROWS: Final = 20
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
    numbering, codes, height = _coded(sheet.iter_rows())
    width = len(codes) // height if height else 0
    if len(codes) != height * width:
        return _refuse("broken")
    indent = sheet.start[1] if sheet.start and height else 0
    out = sys.stdout.buffer
    facts = {"sheet": sheet.name, "others": others, "indent": indent, "width": width, "height": height}
    out.write(_text(facts))
    out.write(_text([shown(value) for value in sorted(numbering, key=numbering.__getitem__)]))
    out.write(codes)
    out.flush()
    return 0


class _Numbering(dict[Any, int]):
    """Numbers values by first appearance."""

    def __missing__(self, key: Any) -> int:
        self[key] = code = len(self)
        return code


def _coded(rows: Iterable[list[Any]]) -> tuple[_Numbering, "array[int]", int]:
    """Return the distinct values of a sheet, the code of each cell row by row, and the number of rows.

    One numbering serves all columns, and each row is numbered while it is in the processor's cache: there is
    one look-up per cell, in C.
    """
    numbering, codes, height = _Numbering({"": 0}), array("i"), 0
    for row in rows:
        codes.extend(map(numbering.__getitem__, row))
        if (0 in numbering or 1 in numbering) and bool in map(type, row):
            _part_truth_values(row, numbering, codes)
        height += 1
    return numbering, codes, height


def _part_truth_values(row: list[Any], numbering: _Numbering, codes: "array[int]") -> None:
    """Number the truth values of the last row by their words: as keys True equals 1 and 1.0."""
    for number in (0.0, 1.0):
        if number in numbering:
            numbering[number] = numbering.pop(number)  # the key may have been a truth value
    for place, cell in enumerate(row, len(codes) - len(row)):
        if isinstance(cell, bool):
            codes[place] = numbering[shown(cell)]


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
