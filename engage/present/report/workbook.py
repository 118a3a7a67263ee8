"""A report as a workbook: a sheet of notes, then every released table."""

import io
from typing import Any, Final

import pandas as pd

from engage.present.labels import is_missing
from engage.present.report.story import Report, Sheet
from engage.present.tables import display
from engage.words import say

_NAME: Final = 31
"""The most characters that a sheet's name may have."""
_WIDEST: Final = 46


def write(report: Report) -> bytes:
    """Return the report as an ``.xlsx``: what is said and how it was made on the first sheet, tables after.

    Every text is written as text: none is run as a formula.
    """
    import xlsxwriter

    file = io.BytesIO()
    book = xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    looks = {
        "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
        "title": book.add_format({"bold": True, "font_size": 16}),
        "part": book.add_format({"bold": True, "font_size": 12, "font_color": "#1b6f8a"}),
        "text": book.add_format({"text_wrap": True, "valign": "top"}),
    }
    _notes(book, report, looks)
    taken = {say("report.notes", report.names.lang).lower()}
    for part in report.sections:
        for sheet in part.sheets:
            _sheet(book, sheet, report, looks, taken)
    book.close()
    return file.getvalue()


def _notes(book: Any, report: Report, looks: dict[str, Any]) -> None:
    page = book.add_worksheet(say("report.notes", report.names.lang))
    page.set_column(0, 0, 110)
    page.hide_gridlines(2)
    rows: list[tuple[str, str]] = [(report.title, "title"), (report.subtitle, "text"), ("", "text")]
    for part in report.sections:
        rows += [(part.title, "part"), *((line, "text") for line in part.lines)]
        if part.method:
            rows += [
                (say("app.method", report.names.lang), "text"),
                *((f"· {line}", "text") for line in part.method),
            ]
        rows.append(("", "text"))
    for place, (text, look) in enumerate(rows):
        page.write_string(place, 0, text, looks[look])


def _sheet(book: Any, sheet: Sheet, report: Report, looks: dict[str, Any], taken: set[str]) -> None:
    shown = display(sheet.table, report.names)
    page = book.add_worksheet(_called(sheet.title, taken))
    for column, name in enumerate(shown.columns):
        page.write_string(0, column, str(name), looks["head"])
        values = list(shown[name])
        for row, value in enumerate(values, 1):
            _put(page, row, column, value)
        longest = max([len(str(name)), *(_width(value) for value in values)], default=8)
        page.set_column(column, column, min(longest + 2, _WIDEST))
    page.freeze_panes(1, 1)
    if len(shown):
        page.autofilter(0, 0, len(shown), len(shown.columns) - 1)


def _put(page: Any, row: int, column: int, value: Any) -> None:
    if is_missing(value):
        return
    if isinstance(value, bool) or not pd.api.types.is_number(value):
        page.write_string(row, column, str(value))
    else:
        page.write_number(row, column, value)


def _width(value: Any) -> int:
    """Return how many Latin letters wide a cell is; a Chinese character takes two."""
    text = "" if is_missing(value) else str(value)
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def _called(title: str, taken: set[str]) -> str:
    """Return a name for a sheet: allowed characters, short enough, not taken yet."""
    plain = "".join(" " if character in "[]:*?/\\" else character for character in title).strip(" '")[:_NAME]
    name, number = plain, 2
    while name.lower() in taken:
        ending = f" {number}"
        name, number = plain[: _NAME - len(ending)] + ending, number + 1
    taken.add(name.lower())
    return name
