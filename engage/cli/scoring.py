"""``engage sentiment``: a file of comments in, the same file with five columns more out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from engage.cli.uploading import write_whole
from engage.errors import InputError, UsageError

if TYPE_CHECKING:
    import pandas as pd


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

    from engage.ingest.exports import masked

    harmless = table.map(lambda cell: masked(cell) if isinstance(cell, str) else cell)
    whole = pd.concat([harmless, scored], axis=1)
    write_whole(out, whole.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig", "replace"))
