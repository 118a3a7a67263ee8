"""Answer words, numbers and durations: one look-up per distinct value of a column, then one take per cell."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from engage.ingest.cells import Codes
from engage.ingest.mapping import Word
from engage.ingest.names import fold_word, plain, unseen_off
from engage.instrument import Demographic, Item

Verdict = Literal[
    "ok", "missing", "unknown", "out_of_range", "not_whole", "number_among_words", "mapped_out_of_range"
]

MISSING: Final = frozenset({"", "na", "n/a", "#n/a", "#null!", "nan", "null", "<na>", "-", "--", "—"})
_NUMERAL: Final = re.compile(r"^[+-]?\d+(?:[.,]\d+)?$")
_OTHER: Final = re.compile(r"\s*〖.*?〗\s*", re.DOTALL)
_LEADING: Final = re.compile(r"^(?:\(?(?:\d+|[a-z])\s*[.、:)=-]|\d+(?=\D))\s*(.+)$", re.DOTALL)
_TRAILING: Final = re.compile(r"^(.+?)\s*\(-?\d+\s*(?:分|points?|балл\w*)?\)$", re.DOTALL)
_THOUSANDS: Final = re.compile(r"^[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$")
_DECIMAL_COMMA: Final = re.compile(r"^[+-]?\d+,(?:\d{1,2}|\d{4,})%?$")
_TRUE, _FALSE = "yes", "no"
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
        number = float(bare.replace(",", "."))
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
    text = " ".join(unseen_off(text).split())
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text


def texts(words: Sequence[str | None], codes: Codes) -> pd.api.extensions.ExtensionArray:
    """Return a column of strings from its distinct values, ``None`` where missing."""
    distinct = pd.array(pa.array(words, pa.large_string()), dtype="string")
    column: pd.api.extensions.ExtensionArray = distinct.take(codes)
    return column


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


def yes_no(words: Mapping[str, str], value: str) -> bool | None:
    """Return the truth a word stands for, or ``None`` if it is none of ``words``."""
    meaning = words.get(fold_word(value))
    return None if meaning is None else meaning == _TRUE
