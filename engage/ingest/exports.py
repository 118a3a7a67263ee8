"""Tables out again: a spreadsheet program runs nothing of them, and ``read`` takes them back."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import pandas as pd

from engage.ingest.cells import Cells, Coded
from engage.instrument import Instrument
from engage.words import Language, pick

Form = Literal["wide", "long"]
Headings = Literal["id", "text"]
Answers = Literal["value", "label"]

_FORMULA: Final = re.compile(r"\s*[=+\-@＝＋－＠]")
_NUMBER: Final = re.compile(r"\s*[+-]?(?:\d[\d.,]*|[.,]\d+)%?\s*\Z")
_MASK: Final = "'"
_META: Final = ("respondent", "started", "seconds", "language", "source")


def masked(cell: str) -> str:
    """Return a cell with an apostrophe in front if a spreadsheet program would run it as a formula.

    So does one that begins with apostrophes before a formula, or :func:`unmasked` would take one from it.
    """
    bare = cell.lstrip(_MASK)
    runs = _FORMULA.match(bare) and (bare != cell or not _NUMBER.match(cell))
    return _MASK + cell if runs else cell


def unmasked(cell: str) -> str:
    """Return a cell without the apostrophe that :func:`masked` and some survey tools put before a formula."""
    return cell[1:] if cell[:1] == _MASK and _FORMULA.match(cell.lstrip(_MASK)) else cell


def unmasked_cells(cells: Cells) -> Cells:
    """Return a table without such apostrophes."""
    changed = {
        n: Coded.of(column.codes, [unmasked(value) for value in column.values])
        for n, column in enumerate(cells.columns)
        if f"\n{_MASK}" in "\n".join(("", *column.values))
    }
    return cells.replaced(changed) if changed else cells


def csv_bytes(rows: Iterable[Sequence[object]], *, mask: bool = True) -> bytes:
    """Return rows as CSV in UTF-8 with a byte order mark; formula-leading cells are masked.

    Missing values are empty cells.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for row in rows:
        cells = ["" if cell is None or cell is pd.NA or cell is pd.NaT else str(cell) for cell in row]
        writer.writerow([masked(cell) for cell in cells] if mask else cells)
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace")


def export_responses(
    table: pd.DataFrame,
    comments: pd.DataFrame,
    instrument: Instrument,
    *,
    form: Form = "wide",
    headings: Headings = "id",
    answers: Answers = "value",
    lang: Language = "en",
) -> bytes:
    """Return a survey wave as CSV that :func:`engage.ingest.read` reads as the same wave.

    ``table`` and ``comments`` are those of a ``Reading``. ``wide``: a row per respondent; ``long``: a row per
    answer (``respondent, item, answer``), without times and demographics. Items and open questions are headed
    by id or by their text in ``lang``; answers are values or the labels of ``lang``.
    """
    names = {item.id: item.id if headings == "id" else pick(item.text, lang) for item in instrument.items}
    names |= {q.id: q.id if headings == "id" else pick(q.text, lang) for q in instrument.questions}
    shown = _shown(table, instrument, answers, lang)
    said = comments.assign(time=comments.groupby(["respondent", "question"]).cumcount() + 1)
    for question in instrument.questions:
        for time, part in said[said["question"] == question.id].groupby("time"):
            # a second answer to one question stands in a column of its own
            name = question.id if time == 1 else f"{question.id}: {time}"
            shown[name] = table["respondent"].map(part.set_index("respondent")["text"]).astype(object)
            names.setdefault(name, name)
    if form == "long":
        return csv_bytes(_long(shown, names))
    head = [names.get(str(name), str(name)) for name in shown.columns]
    body = shown.astype(object).where(shown.notna(), None)
    return csv_bytes([head, *body.itertuples(index=False, name=None)])


def _shown(table: pd.DataFrame, instrument: Instrument, answers: Answers, lang: Language) -> pd.DataFrame:
    kept = [name for name in _META if name in table and table[name].notna().any()]
    shown = table[kept].astype(object)
    if "started" in shown:
        started = pd.to_datetime(table["started"])
        split = "%Y-%m-%d %H:%M:%S" + (".%f" if started.dt.microsecond.any() else "")
        shown["started"] = started.dt.strftime(split)
    for item in instrument.items:
        labels = {option.value: pick(option.label, lang) for option in item.options}
        column = table[item.id].astype(object)
        shown[item.id] = column.map(labels) if answers == "label" else column
    for demographic in instrument.demographics:
        shown[demographic.id] = table[demographic.id].astype(object)
    return shown


def _long(shown: pd.DataFrame, names: dict[str, str]) -> list[list[object]]:
    rows: list[list[object]] = [["respondent", "item", "answer"]]
    ids = [id for id in names if id in shown]
    for respondent, *answers in shown[["respondent", *ids]].itertuples(index=False, name=None):
        rows += [
            [respondent, names[id], answer]
            for id, answer in zip(ids, answers, strict=True)
            if pd.notna(answer)
        ]
    return rows
