"""Lists of words and phrases, found in whole batches of laid texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from engage.text.grams import Laid, Lookup, Places, lookup, salt

_PHRASE: Final = 5  # words in the longest phrase of a list
_TABLE_SIZE: Final = 0x10000


@dataclass(frozen=True, slots=True)
class Listed:
    """Words and phrases with a number each: whole entries and entries open at the end."""

    whole: Lookup
    stems: Lookup
    lengths: tuple[int, ...]  # of whole entries, in characters
    stem_lengths: tuple[int, ...]


def listed(entries: Mapping[str, int]) -> Listed:
    """Return a list of normalised entries; one that ends in ``*`` fits every word that begins so."""
    whole = {word: code for word, code in entries.items() if not word.endswith("*")}
    stems = {word.rstrip("*"): code for word, code in entries.items() if word.endswith("*")}
    return Listed(
        lookup(whole),
        lookup(stems, kind=1),
        tuple(sorted({len(word) for word in whole})),
        tuple(sorted({len(word) for word in stems})),
    )


class Words(NamedTuple):
    """Where words begin and end in laid texts, and the number of each within the whole batch."""

    start: Places
    end: Places
    number: Places  # of every code point: the words that begin before or at it


def words_of(laid: Laid) -> Words:
    """Return the words of ``laid``: runs of letters, digits, apostrophes and inner hyphens."""
    letter = _letters()[np.minimum(laid.points, _TABLE_SIZE - 1)]
    edge = np.diff(letter.astype(np.int8), prepend=0)
    return Words(np.flatnonzero(edge == 1), np.flatnonzero(edge == -1), np.cumsum(edge == 1))


@cache
def _letters() -> npt.NDArray[np.bool_]:
    table = np.zeros(_TABLE_SIZE, dtype=np.bool_)
    for first, last in ((0x30, 0x39), (0x61, 0x7A), (0xDF, 0x24F), (0x430, 0x45F)):
        table[first : last + 1] = True
    table[[ord("'"), ord("-")]] = True
    return table


def matches(laid: Laid, words: Words | None, known: Listed) -> tuple[Places, Places, Places]:
    """Return start, end and number of the longest entry at each place, unless it begins inside another.

    With ``words`` entries begin and end where words do (open ones only begin there); without, anywhere.
    """
    spans: list[tuple[Places, Places, npt.NDArray[np.int16]]] = []
    if words is None:
        size = len(laid.points)
        for length in known.lengths:
            start = np.arange(1, max(size - length, 1))
            found = known.whole.find(salt(laid.stretch(start, start + length), 0))
            hit = np.flatnonzero(found >= 0)
            spans.append((start[hit], start[hit] + length, found[hit]))
    else:
        spans += _word_spans(laid, words, known)
    start = np.concatenate([span[0] for span in spans])
    end = np.concatenate([span[1] for span in spans])
    code = np.concatenate([span[2] for span in spans]).astype(np.int64)
    # a stem's span is as long as a whole word's: the one listed first, the whole entry, wins
    order = np.lexsort((np.arange(len(start)), -end, start))
    start, end, code = start[order], end[order], code[order]
    kept = _left_to_right(start, end)
    return start[kept], end[kept], code[kept]


def _left_to_right(start: Places, end: Places) -> Places:
    """Return the places of the stretches, from the left, that begin inside no earlier one of them."""
    kept, reach = [], 0
    for place, (first, last) in enumerate(zip(start.tolist(), end.tolist(), strict=True)):
        if first >= reach:
            kept.append(place)
            reach = last
    return np.array(kept, dtype=np.int64)


def _word_spans(
    laid: Laid, words: Words, known: Listed
) -> list[tuple[Places, Places, npt.NDArray[np.int16]]]:
    spans = []
    count = len(words.start)
    for length in range(1, _PHRASE + 1):
        start, end = words.start[: max(count - length + 1, 0)], words.end[length - 1 :]
        found = known.whole.find(salt(laid.stretch(start, end), 0))
        hit = np.flatnonzero(found >= 0)
        spans.append((start[hit], end[hit], found[hit]))
    for size in known.stem_lengths:
        start = words.start[words.start + size < len(laid.points)]
        found = known.stems.find(salt(laid.stretch(start, start + size), 1))
        hit = np.flatnonzero(found >= 0)
        # to the end of the word in which the entry breaks off
        end = words.end[words.number[start[hit] + size - 1] - 1]
        spans.append((start[hit], end, found[hit]))
    return spans
