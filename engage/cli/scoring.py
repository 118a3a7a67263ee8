"""``engage sentiment``: a file of comments in, the same file with five columns more out."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engage.errors import InputError, UsageError

if TYPE_CHECKING:
    import pandas as pd

_FORMULA: Final = re.compile(r"\s*[=+\-@＝＋－＠]")
_NUMBER: Final = re.compile(r"\s*[+-]?[\d.,]+%?\s*")


@dataclass(frozen=True, slots=True)
class Scored:
    """What was written: how many rows, and under which heading each added column stands."""

    rows: int
    columns: Mapping[str, str]


def score_file(file: Path, column: str, out: Path, *, progress: Callable[[str, int, int], None]) -> Scored:
    """Score the comments in ``column`` and write every row to ``out``, UTF-8 with a byte order mark.

    All columns of the file stay as they are, but for text that a spreadsheet would run as a formula: it gets
    an apostrophe in front. Where there is a column ``tone`` already, the new one becomes ``tone_2``. ``out``
    appears whole or not at all.

    Raises ``UsageError`` for an unknown column, or if ``out`` is the file itself or can't be written;
    ``InputError`` if the file is no table or has ``column`` twice.
    """
    from engage.ingest.files import read_table
    from engage.text import sentiment

    if out.exists() and out.samefile(file):
        raise UsageError("cli.same_file", where=str(out))
    table = read_table(file)
    texts = _column(table, column, file.name)
    scored = sentiment(texts, progress=lambda done, of: progress("comments", done, of))
    columns = _free_names([str(name) for name in scored.columns], set(table.columns))
    _write(table, scored.rename(columns=columns), out)
    return Scored(rows=len(table), columns=columns)


def _column(table: "pd.DataFrame", column: str, where: str) -> "pd.Series[str]":
    headings = [str(name).strip() for name in table.columns]
    places = [place for place, name in enumerate(headings) if name == column.strip()]
    if not places:
        near = get_close_matches(column, headings, cutoff=0.5) or [name for name in headings if name]
        raise UsageError("cli.no_column", where=where, column=column, known=near)
    if len(places) > 1:
        raise InputError("cli.column_twice", where=where, column=column)
    return table.iloc[:, places[0]]


def _free_names(wanted: list[str], taken: set[str]) -> dict[str, str]:
    free = {}
    for name in wanted:
        number, candidate = 2, name
        while candidate in taken:
            number, candidate = number + 1, f"{name}_{number}"
        free[name] = candidate
    return free


def _write(table: "pd.DataFrame", scored: "pd.DataFrame", out: Path) -> None:
    import pandas as pd

    whole = pd.concat([table.map(_harmless), scored], axis=1)
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        whole.to_csv(part, index=False, encoding="utf-8-sig", lineterminator="\r\n")
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError("cli.cannot_write", where=str(out)) from error


def _harmless(cell: object) -> object:
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
