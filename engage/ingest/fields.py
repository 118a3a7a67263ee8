"""Read one column of a people, service, programmes or comments file by the type of its field."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.ingest.dates import dates
from engage.ingest.dialects import Column, Layout
from engage.ingest.mapping import FileMapping, Word
from engage.ingest.names import distinct, fold_word, plain, value_words
from engage.ingest.pseudonyms import hidden
from engage.ingest.validate import Faults, Flags
from engage.ingest.values import MISSING, clean, numbers, texts

FieldType = Literal["id", "text", "long_text", "date", "month", "number", "share", "yes_no", "word", "year"]
# what an unknown word becomes; elsewhere it is an error
_LOST: Final[Mapping[str, str]] = {"leave_type": "other"}
_HIGHEST_PERCENT: Final = 100
_YEAR: Final = re.compile(r"(?<!\d)(?:19|20|21)\d\d(?!\d)")


class FieldReader:
    """Reads columns of one layout by type, noting faults."""

    def __init__(
        self, layout: Layout, mapping: FileMapping, faults: Faults, key: bytes | None = None
    ) -> None:
        self._layout = layout
        self._mapping = mapping
        self._faults = faults
        self._key = key
        self._blank = layout.missing | mapping.missing | {""}

    def read(self, column: Column | None, name: str, form: FieldType) -> Any:
        """Return one field of every row; all missing where the file has no such column."""
        if column is None:
            return _absent(form, len(self._layout.cells))
        codes, values = distinct(self._layout.cells[:, column.position])
        words = self._mapping.words_for(name)
        if form in ("date", "month"):
            return self._date(column, codes, values, form)
        values = ["" if plain(value) in self._blank else value for value in values]
        if form in ("number", "share"):
            return self._number(column, name, codes, values, words, form)
        if form == "year":
            years, bad = years_of(values)
            self._flag("bad_year", "error", bad[codes], column)
            return years[codes]
        if form == "yes_no":
            return self._yes_no(column, name, codes, values, words)
        if form == "word":
            return self._word(column, name, codes, values, words)
        if form == "id":
            rows = self._layout.first_rows
            values = hidden(values, codes, rows, column.header, self._faults, self._key)
        return self._text(codes, values, words, form)

    def _flag(
        self,
        fault: str,
        severity: Literal["error", "warning"],
        flags: Flags,
        column: Column,
        **params: object,
    ) -> None:
        self._faults.flag(fault, severity, flags, self._layout.first_rows, column.header, **params)

    def _date(self, column: Column, codes: Any, values: list[str], form: FieldType) -> Any:
        parsed = dates(values, self._mapping.date_format, self._blank)
        self._flag("bad_date", "warning", parsed.bad[codes], column)
        if parsed.ambiguous:
            self._faults.add(parsed.ambiguous, "warning", column=column.header)
        value = parsed.value
        if form == "month":
            value = value.astype("datetime64[M]").astype("datetime64[us]")
        return value[codes]

    def _number(
        self,
        column: Column,
        name: str,
        codes: Any,
        values: list[str],
        words: Mapping[str, Word],
        form: FieldType,
    ) -> Any:
        told = [words.get(fold_word(value), value) for value in values]
        value, percent, bad = numbers(["" if entry is None else str(entry) for entry in told])
        if form == "share":
            # 98.85 without a percent sign: a column that goes beyond 1 is in percent
            bare = ~percent & ~np.isnan(value)
            if (value[bare] > 1).any():
                value = np.where(bare, value / _HIGHEST_PERCENT, value)
            bad = bad | (value < 0) | (value > 1)
            value = np.where(bad, np.nan, value)
        elif percent.any() and (~percent & ~np.isnan(value)).any():
            self._flag("mixed_percent", "warning", percent[codes], column)
        self._flag("bad_number", "warning", bad[codes], column, field=name)
        return value[codes]

    def _yes_no(
        self, column: Column, name: str, codes: Any, values: list[str], words: Mapping[str, Word]
    ) -> Any:
        known = value_words("yes_no")
        meanings: list[bool | None] = []
        bad: list[bool] = []
        for value in values:
            word = fold_word(value)
            meaning: Word = words[word] if word in words else known.get(word)
            if isinstance(meaning, str):
                meaning = known.get(fold_word(meaning), meaning) == "yes"
            meanings.append(None if meaning is None else bool(meaning))
            bad.append(meaning is None and word not in words and plain(value) not in MISSING)
        self._flag(
            "unknown_word", "error", np.array(bad, dtype=bool)[codes], column, field=name, known=["yes", "no"]
        )
        return pd.array(np.array([*meanings, None], dtype=object)[:-1][codes], dtype="boolean")

    def _word(
        self, column: Column, name: str, codes: Any, values: list[str], words: Mapping[str, Word]
    ) -> Any:
        known = value_words(name)
        meanings: list[str | None] = []
        bad: list[bool] = []
        for value in values:
            word = fold_word(value)
            told = words.get(word, value)
            meaning = known.get(fold_word(str(told))) if told is not None else None
            lost = meaning is None and told is not None and plain(value) not in MISSING
            meanings.append(_LOST.get(name) if lost else meaning)
            bad.append(lost)
        severity: Literal["error", "warning"] = "warning" if name in _LOST else "error"
        allowed = sorted(set(known.values()))
        self._flag(
            "unknown_word", severity, np.array(bad, dtype=bool)[codes], column, field=name, known=allowed
        )
        return texts(meanings, codes)

    def _text(self, codes: Any, values: list[str], words: Mapping[str, Word], form: FieldType) -> Any:
        told = [words.get(fold_word(value), value) for value in values]
        written = [
            None if entry is None or entry == "" else str(entry) if form == "long_text" else clean(str(entry))
            for entry in told
        ]
        return texts(written, codes)


def years_of(values: Sequence[str]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return the year that each value names ("2027", "FY2027"), NaN for none, and which are bad."""
    found = [_YEAR.search(value) for value in values]
    years = np.array([float(match[0]) if match else math.nan for match in found], dtype=float)
    several = [len(_YEAR.findall(value)) > 1 for value in values]
    blank = np.array([plain(value) in MISSING or not value for value in values], dtype=bool)
    bad = (np.isnan(years) & ~blank) | np.array(several, dtype=bool)
    return np.where(bad, math.nan, years), bad


def _absent(form: FieldType, rows: int) -> Any:
    if form in ("date", "month"):
        return np.full(rows, np.datetime64("NaT"), dtype="datetime64[us]")
    if form in ("number", "share", "year"):
        return np.full(rows, np.nan)
    return pd.array([pd.NA] * rows, dtype="boolean" if form == "yes_no" else "string")
