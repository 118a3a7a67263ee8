"""Dates as tools and people write them: each distinct value once, every doubt about day and month named."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.ingest.names import plain
from engage.ingest.values import MISSING

_EPOCH: Final = pd.Timestamp("1899-12-30")  # day 0 of a spreadsheet's serial dates
Ambiguous = Literal["", "ambiguous_date", "ambiguous_month"]


@dataclass(frozen=True, slots=True)
class Dates:
    """Dates of distinct values, in step: NaT where missing or ``bad``.

    ``ambiguous`` is empty, or the fault that says which of day and month was guessed to come first.
    """

    value: npt.NDArray[np.datetime64]
    bad: npt.NDArray[np.bool_]
    ambiguous: Ambiguous


_YMD: Final = (
    r"^(\d{4})-(\d{1,2})(?:-(\d{1,2}))?(?:[ t]+(\d{1,2}):(\d{2})(?::(\d{2}))?"
    r"(?:\.\d+)?(?: ?z| ?[+-]\d\d:?\d\d)?)?$"
)
_DIGIT: Final = re.compile(r"\d")
_ISO: Final = re.compile(r"\d{4}([-/])\d\d\1\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?Z?)?)?\Z", re.ASCII)
_EARLIEST: Final = np.datetime64("1900-01-01", "us")
_LATEST: Final = np.datetime64("2100-12-31T23:59:59", "us")
_DMY: Final = r"^(\d{1,2})-(\d{1,2})-(\d{4})(?:,?[ t]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?)?$"


_SHORT_YEAR: Final = re.compile(r"^(\d{1,2}-\d{1,2}-)(\d{2})(?!\d)")
_PIVOT: Final = 70  # two-digit years below are of this century
_MUCH_CLOSER: Final = 3
_MONTHS: Final = (
    *(("jan", "янв"), ("feb", "фев"), ("mar", "мар"), ("apr", "апр"), ("may", "май", "мая"), ("jun", "июн")),
    *(("jul", "июл"), ("aug", "авг"), ("sep", "сен"), ("oct", "окт"), ("nov", "ноя"), ("dec", "дек")),
)
_NAME: Final = rf"((?:{'|'.join(name for names in _MONTHS for name in names)})[a-zа-я]*)\.?"
_MONTH: Final = re.compile(
    rf"^(\d{{1,2}})[-/. ]+{_NAME}[-/., ]+(\d{{4}}|\d{{2}})(?=\D|$)(?: г\.)?,?"
    rf"|^{_NAME}[-/. ]+(\d{{1,2}})[-/., ]+(\d{{4}}|\d{{2}})(?=\D|$),?"
    rf"|^{_NAME}[-/., ]+(\d{{4}}|\d{{2}})$"
)
_HALF: Final = (
    r"(上午|下午|am|pm|a\.m\.|p\.m\.)?\s*(\d{1,2}):(\d{2}(?::\d{2})?)\s*(上午|下午|am|pm|a\.m\.|p\.m\.)?"
)


def _with_half(match: re.Match[str]) -> str:
    """Return a time of day with its half (上午, PM) worked into the hour."""
    half = (match[1] or match[4] or "")[:1]
    if not half:
        return match[0]
    late = half in ("下", "p")
    return f" {int(match[2]) % 12 + 12 * late:02d}:{match[3]}"


def dates(
    values: Sequence[str],
    date_format: str = "",
    missing: frozenset[str] = frozenset(),
    *,
    close: bool = False,
) -> Dates:
    """Return dates of distinct values, to the microsecond.

    ``date_format`` (strptime) comes first. Then: year-month[-day] with any separator or 年月日, compact
    ``20260903`` and ``202609``, month-year, months by name (3-Sep-26), a spreadsheet's serial number, and
    day-month-year or month-day-year, whichever fits all values. Where both do, which is reported as
    ambiguous, the order is taken in which the dates lie much closer together, if they should (``close``: the
    answers to one survey); else the month comes first if it is written as in the United States (9/3/2026,
    without zeros), else the day. A year of two digits is 1970 to 2069.
    """
    if date_format:
        return _dates_otherwise(values, date_format, missing, close)
    result = np.full(len(values), np.datetime64("NaT"), dtype="datetime64[us]")
    # values without a digit, such as the heading above a column, are no dates
    rest = np.array([bool(_DIGIT.search(value)) for value in values], dtype=bool)
    bad = np.zeros(len(values), dtype=bool)
    for n in np.flatnonzero(~rest).tolist():
        bad[n] = plain(values[n]) not in MISSING | missing
    iso = [n for n, value in enumerate(values) if _ISO.match(value) and value not in missing]
    try:
        written = [values[n].rstrip("Z").replace("/", "-") for n in iso]
        result[iso] = np.array(written, dtype="datetime64[us]")
        rest[iso] = (result[iso] < _EARLIEST) | (result[iso] > _LATEST)
    except ValueError:  # there is no 31 February
        pass
    if not rest.any():
        return Dates(result, bad, "")
    others = [value for value, flag in zip(values, rest, strict=True) if flag]
    other = _dates_otherwise(others, date_format, missing, close)
    result[rest], bad[rest] = other.value, other.bad
    return Dates(result, bad, other.ambiguous)


def _dates_otherwise(values: Sequence[str], date_format: str, missing: frozenset[str], close: bool) -> Dates:
    """Return dates of values that needn't be ISO dates."""
    text = pd.Series([plain(value) for value in values], dtype=object)
    blank = text.isin(MISSING | missing).to_numpy()
    result = pd.Series(np.full(len(text), np.datetime64("NaT"), dtype="datetime64[us]"))
    if date_format:
        raw = pd.Series([" ".join(value.split()) for value in values], dtype=object)
        result = pd.to_datetime(raw, format=date_format, errors="coerce").astype("datetime64[us]")
    if any(map(_MONTH.search, text)):
        text = text.str.replace(_MONTH, _month_as_number, regex=True)
    slashed = text.str.extract(r"^(\d{1,2})/(\d{1,2})/\d{4}\b")
    unpadded = bool(((slashed[0].str.len() == 1) | (slashed[1].str.len() == 1)).any())
    text = text.str.replace(_HALF, _with_half, regex=True).str.replace(
        r"\s*(?:gmt|utc)[+-]?\d*$", "", regex=True
    )
    form = (
        text.str.replace(r"[年月/.](?=\d)", "-", regex=True)
        .str.replace(r"[年月日号]", " ", regex=True)
        .str.strip()
    )
    form = form.str.replace(r"(?<=\d)-(\d\d:)", r" \1", regex=True)
    form = form.str.replace(r"^(\d{4})(0[1-9]|1[0-2])(\d\d)?$", r"\1-\2-\3", regex=True).str.rstrip("-")
    form = form.str.replace(r"^(\d{1,2})-(\d{4})$", r"\2-\1", regex=True)
    result = result.fillna(
        _assembled(form.str.extract(_YMD), ("year", "month", "day", "hour", "minute", "second"))
    )
    form = form.str.replace(_SHORT_YEAR, _with_century, regex=True)
    parts = form.str.extract(_DMY)
    first, second = pd.to_numeric(parts[0]), pd.to_numeric(parts[1])
    either = first.notna().any() and not (first > 12).any() and not (second > 12).any()
    month_first = bool((second > 12).any() and not (first > 12).any()) or bool(either and unpadded)
    by_order = {
        flag: _assembled(parts, _order(flag)) for flag in {month_first, *([True, False] if either else [])}
    }
    if close and either:
        spans = {flag: found.max() - found.min() for flag, found in by_order.items()}
        nearer = min(spans, key=lambda flag: spans[flag])
        month_first = nearer if spans[nearer] * _MUCH_CLOSER <= spans[not nearer] else month_first
    result = result.fillna(by_order[month_first])
    guessed = bool(either and (first != second).any())
    serial = pd.to_numeric(
        form.where(form.str.fullmatch(r"\d{5}(?:-\d+)?")).str.replace("-", "."), errors="coerce"
    )
    result = result.fillna(
        (_EPOCH + pd.to_timedelta(serial, unit="D")).dt.round("s").astype("datetime64[us]")
    )
    odd = (result < _EARLIEST) | (result > _LATEST)
    result = result.mask(odd | blank)
    ambiguous: Ambiguous = "" if not guessed else "ambiguous_month" if month_first else "ambiguous_date"
    return Dates(result.to_numpy(), (result.isna() & ~blank).to_numpy(), ambiguous)


def _order(month_first: bool) -> tuple[str, ...]:
    order = ("month", "day") if month_first else ("day", "month")
    return (*order, "year", "hour", "minute", "second")


def _with_century(match: re.Match[str]) -> str:
    return match[1] + _century(match[2])


def _century(year: str) -> str:
    """Return a year of two digits with its century."""
    return ("20" if int(year) < _PIVOT else "19") + year


def _month_as_number(match: re.Match[str]) -> str:
    """Return ``3-sep-26``, ``sep 3, 2026`` or ``sep-26`` (a month) as year, month and day in numbers."""
    if match[7]:
        day, name, year = "1", match[7], match[8]
    else:
        day, name, year = (match[1], match[2], match[3]) if match[1] else (match[5], match[4], match[6])
    number = 1 + next(n for n, names in enumerate(_MONTHS) if name.startswith(names))
    return f"{year if len(year) > 2 else _century(year)}-{number:02d}-{int(day):02d}"


def _assembled(parts: pd.DataFrame, names: Sequence[str]) -> "pd.Series[pd.Timestamp]":
    """Return the dates of the extracted parts: first of the month if no day, midnight if no time."""
    table = parts.iloc[:, : len(names)].set_axis(list(names), axis=1).apply(pd.to_numeric)
    defaults = {"day": 1, "hour": 0, "minute": 0, "second": 0}
    table = table.fillna({name: value for name, value in defaults.items() if name in names})
    whole = table.notna().all(axis=1)
    result = pd.Series(np.full(len(table), np.datetime64("NaT"), dtype="datetime64[us]"))
    if whole.any():
        filled = pd.to_datetime(table[whole].astype("int64"), errors="coerce").astype("datetime64[us]")
        result[whole] = filled
    return result
