"""Answer words, numbers and dates: one look-up per distinct value of a column, then one take per cell."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.ingest.cells import Codes
from engage.ingest.mapping import Word
from engage.ingest.names import fold_word, plain
from engage.instrument import Demographic, Item

Verdict = Literal[
    "ok", "missing", "unknown", "out_of_range", "not_whole", "number_among_words", "mapped_out_of_range"
]

MISSING: Final = frozenset({"", "na", "n/a", "#n/a", "#null!", "nan", "null", "<na>", "-", "--", "—"})
_NUMERAL: Final = re.compile(r"^[+-]?\d+(?:\.\d+)?$")
_OTHER: Final = re.compile(r"\s*〖.*?〗\s*", re.DOTALL)
_LEADING: Final = re.compile(r"^(?:\(?(?:\d+|[a-z])\s*[.、:)=-]|\d+(?=\D))\s*(.+)$", re.DOTALL)
_TRAILING: Final = re.compile(r"^(.+?)\s*\(-?\d+\)$", re.DOTALL)
_THOUSANDS: Final = re.compile(r"^[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$")
_DECIMAL_COMMA: Final = re.compile(r"^[+-]?\d+,(?:\d{1,2}|\d{4,})%?$")
_TRUE, _FALSE = "yes", "no"
_EPOCH: Final = pd.Timestamp("1899-12-30")  # day 0 of a spreadsheet's serial dates
_SPAN: Final = re.compile(
    r"^(?:(\d+)\s*(?:天|days?|дн\w*|d)\s*)?(?:(\d+)\s*(?:小时|时|hours?|hrs?|h|ч\w*)\s*)?"
    r"(?:(\d+)\s*(?:分钟|分|minutes?|mins?|m|мин\w*)\s*)?(?:(\d+(?:\.\d+)?)\s*(?:秒钟|秒|seconds?|secs?|s|сек\w*)?)?$"
)
_CLOCK: Final = re.compile(r"^(?:(\d+):)?(\d{1,3}):(\d{2}(?:\.\d+)?)$")


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """What each distinct value of an item's column means: ``value`` (0 where none), ``verdict``."""

    value: npt.NDArray[np.int8]
    verdict: npt.NDArray[np.object_]


def answer_key(
    values: Sequence[str], item: Item, words: Mapping[str, Word], missing: frozenset[str]
) -> AnswerKey:
    """Return the meaning of the distinct ``values`` of one item's column.

    The mapping's ``words`` come first, then the item's option labels in any language, then whole numbers
    within the item's range, which count only where no value of the column is a label: 3 beside "agree" may be
    a position, a code or a slip.
    """
    labels = {
        fold_word(label): option.value
        for option in item.options
        for label in (*option.label.values(),)
        if label
    }
    outcome = [_answer(value, item, labels, words, missing) for value in values]
    worded = any(verdict == "ok" and not numeral for _, verdict, numeral in outcome)
    if worded:
        outcome = [
            (0, "number_among_words", numeral) if numeral and verdict == "ok" else (number, verdict, numeral)
            for number, verdict, numeral in outcome
        ]
    return AnswerKey(
        np.array([number for number, _, _ in outcome], dtype=np.int8),
        np.array([verdict for _, verdict, _ in outcome], dtype=object),
    )


def _answer(
    text: str, item: Item, labels: Mapping[str, int], words: Mapping[str, Word], missing: frozenset[str]
) -> tuple[int, Verdict, bool]:
    """Return value, verdict, and whether the value is a bare numeral that is no label."""
    word = fold_word(text)
    # a mapping names the option "other" once, whatever was typed in beside it
    told = next((key for key in (word, fold_word(_OTHER.sub("", text))) if key in words), None)
    if told is not None:
        return *_mapped(words[told], item), False
    if word in labels:
        # numerals as labels (0 to 10) speak neither for words nor against numbers
        return labels[word], "ok", bool(_NUMERAL.match(word))
    if plain(text) in missing:
        return 0, "missing", False
    bare = plain(_OTHER.sub("", text)).replace("−", "-")
    if _NUMERAL.match(bare):
        number = float(bare)
        if not number.is_integer():
            return 0, "not_whole", True
        inside = item.minimum <= number <= item.maximum
        return (int(number), "ok", True) if inside else (0, "out_of_range", True)
    for pattern in (_LEADING, _TRAILING):
        part = pattern.match(bare)
        if part and fold_word(part[1]) in labels:
            return labels[fold_word(part[1])], "ok", False
    return (labels[fold_word(bare)], "ok", False) if fold_word(bare) in labels else (0, "unknown", False)


def _mapped(value: Word, item: Item) -> tuple[int, Verdict]:
    if value is None:
        return 0, "missing"
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not float(value).is_integer():
        return 0, "mapped_out_of_range"
    inside = item.minimum <= value <= item.maximum
    return (int(value), "ok") if inside else (0, "mapped_out_of_range")


def level_key(
    values: Sequence[str],
    demographic: Demographic,
    words: Mapping[str, Word],
    missing: frozenset[str],
    coded: bool,
) -> tuple[list[str | None], list[Verdict], bool]:
    """Return level id (``None`` where missing) and verdict of each distinct value, and whether order counted.

    A demographic without levels keeps the text. In an export by option number (``coded``) a number that is
    no level id is taken as the position of the level.
    """
    known = {fold_word(level.id): level.id for level in demographic.levels}
    for level in demographic.levels:
        known |= {fold_word(label): level.id for label in level.label.values() if label}
    result: list[str | None] = []
    verdicts: list[Verdict] = []
    by_order = False
    for value in values:
        text = _OTHER.sub("", value).strip() or value
        word = fold_word(text)
        if word in words:
            mapped = words[word]
            result.append(None if mapped is None else _as_word(mapped))
            verdicts.append("missing" if mapped is None else "ok")
        elif word in known:
            result.append(known[word])
            verdicts.append("ok")
        elif not value or plain(value) in missing:
            result.append(None)
            verdicts.append("missing")
        elif not demographic.levels:
            result.append(clean(value))
            verdicts.append("ok")
        elif coded and word.isdecimal() and 1 <= int(word) <= len(demographic.levels):
            by_order = True
            result.append(demographic.levels[int(word) - 1].id)
            verdicts.append("ok")
        else:
            bare = _LEADING.match(plain(text))
            level_id = known.get(fold_word(bare[1])) if bare else None
            result.append(level_id or clean(value))
            verdicts.append("ok" if level_id else "unknown")
    return result, verdicts, by_order


def _as_word(value: Word) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def clean(text: str) -> str:
    """Return free text on one line, stripped, and a spreadsheet's whole number without ``.0``."""
    if text.isalnum():
        return text
    text = " ".join(text.split())
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text


def texts(words: Sequence[str | None], codes: Codes) -> pd.api.extensions.ExtensionArray:
    """Return a column of strings from its distinct values, ``None`` where missing."""
    return pd.array(words, dtype="string").take(codes)


def numbers(
    values: Sequence[str], missing: frozenset[str] = frozenset()
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return numbers (NaN where none), which were percentages (divided by 100), and which are unreadable.

    A comma before three digits parts thousands, unless another value shows a decimal comma.
    """
    comma = any(_DECIMAL_COMMA.match(value.replace(" ", "")) for value in values)
    parsed = [_number(value, missing, comma) for value in values]
    return (
        np.array([number for number, _, _ in parsed], dtype=np.float64),
        np.array([percent for _, percent, _ in parsed], dtype=bool),
        np.array([bad for _, _, bad in parsed], dtype=bool),
    )


def _number(value: str, missing: frozenset[str], comma: bool) -> tuple[float, bool, bool]:
    text = plain(value).replace("−", "-")
    if text in MISSING or text in missing:
        return np.nan, False, False
    percent = text.endswith("%")
    text = text.removesuffix("%").replace(" ", "").replace("'", "")
    if not comma and _THOUSANDS.match(text):
        text = text.replace(",", "")
    elif "," in text and text.rfind(",") > text.rfind("."):
        text = text.replace(".", "").replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return np.nan, percent, True
    if not np.isfinite(number):
        return np.nan, percent, True
    return (number / 100 if percent else number), percent, False


def seconds(values: Sequence[str]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return durations such as ``10秒``, ``1分20秒``, ``00:01:20``, ``80`` in seconds; and which are bad."""
    result = np.full(len(values), np.nan)
    bad = np.zeros(len(values), dtype=bool)
    for index, value in enumerate(values):
        text = plain(value)
        if text in MISSING:
            continue
        clock, span = _CLOCK.match(text), _SPAN.match(text)
        if clock:
            hours, minutes, rest = clock.groups()
            result[index] = 3600 * int(hours or 0) + 60 * int(minutes) + float(rest)
        elif span:
            days, hours, minutes, rest = span.groups()
            result[index] = (
                86400 * int(days or 0) + 3600 * int(hours or 0) + 60 * int(minutes or 0) + float(rest or 0)
            )
        else:
            bad[index] = True
    return result, bad


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
_ISO: Final = re.compile(r"\d{4}([-/])\d\d\1\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?\Z", re.ASCII)
_EARLIEST: Final = np.datetime64("1900-01-01", "us")
_LATEST: Final = np.datetime64("2100-12-31T23:59:59", "us")
_DMY: Final = r"^(\d{1,2})-(\d{1,2})-(\d{4})(?:,?[ t]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?)?$"


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


def dates(values: Sequence[str], date_format: str = "", missing: frozenset[str] = frozenset()) -> Dates:
    """Return dates of distinct values, to the microsecond.

    ``date_format`` (strptime) comes first. Then: year-month[-day] with any separator or 年月日, compact
    ``20260903`` and ``202609``, month-year, a spreadsheet's serial number, and day-month-year or
    month-day-year, whichever fits all values. Where both do, which is reported as ambiguous, the month comes
    first if it is written as in the United States (9/3/2026, without zeros), else the day.
    """
    result = np.full(len(values), np.datetime64("NaT"), dtype="datetime64[us]")
    rest = np.array([bool(value) for value in values], dtype=bool)
    if not date_format:
        iso = [n for n, value in enumerate(values) if _ISO.match(value) and value not in missing]
        try:
            result[iso] = np.array([values[n].replace("/", "-") for n in iso], dtype="datetime64[us]")
            rest[iso] = (result[iso] < _EARLIEST) | (result[iso] > _LATEST)
        except ValueError:  # there is no 31 February
            pass
    if not rest.any():
        return Dates(result, rest, "")
    others = [value for value, flag in zip(values, rest, strict=True) if flag]
    other = _dates_otherwise(others, date_format, missing)
    result[rest] = other.value
    bad = rest.copy()
    bad[rest] = other.bad
    return Dates(result, bad, other.ambiguous)


def _dates_otherwise(values: Sequence[str], date_format: str, missing: frozenset[str]) -> Dates:
    """Return dates of values that needn't be ISO dates."""
    text = pd.Series([plain(value) for value in values], dtype=object)
    blank = text.isin(MISSING | missing).to_numpy()
    result = pd.Series(np.full(len(text), np.datetime64("NaT"), dtype="datetime64[us]"))
    if date_format:
        raw = pd.Series([" ".join(value.split()) for value in values], dtype=object)
        result = pd.to_datetime(raw, format=date_format, errors="coerce").astype("datetime64[us]")
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
    parts = form.str.extract(_DMY)
    first, second = pd.to_numeric(parts[0]), pd.to_numeric(parts[1])
    either = first.notna().any() and not (first > 12).any() and not (second > 12).any()
    month_first = bool((second > 12).any() and not (first > 12).any()) or bool(either and unpadded)
    order = ("month", "day") if month_first else ("day", "month")
    us = _assembled(parts, (*order, "year", "hour", "minute", "second"))
    result = result.fillna(us)
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


def yes_no(words: Mapping[str, str], value: str) -> bool | None:
    """Return the truth a word stands for, or ``None`` if it is none of ``words``."""
    meaning = words.get(fold_word(value))
    return None if meaning is None else meaning == _TRUE
