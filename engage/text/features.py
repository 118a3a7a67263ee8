"""What the models read in a comment: n-grams, and word classes in their order.

A bag of words can't tell 从不发火 from 总发火, nor "fun but tiring" from "tiring but fun". So beside character
(zh) or word and character n-grams (en, ru) every comment is rewritten as a sequence of classes — good, bad,
negator, contrast, wish, question … from ``lexicons/`` — in which the first polar word within reach of a negator
becomes its own class. N-grams and ordered pairs of that sequence carry scope, clause order and modality to
words never seen in training; n-grams of the last clause, or of what follows the last contrast, count twice.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from engage.text.grams import Hashes, Laid, Lookup, Places, chain, lay, lookup, mix, salt
from engage.text.lexicons import lexicon

CLASSES: Final = (
    *("start", "end", "break", "asked", "shouted"),
    *("good", "bad", "turned_good", "turned_bad", "negator", "neither", "contrast", "concede", "relief"),
    *("only_if", "wish", "ask", "why", "more", "less", "past", "now", "same", "always", "very", "irony"),
    *("boon", "burden", "up", "down"),
)
_CODE: Final = {name: code for code, name in enumerate(CLASSES)}
_START, _END, _BREAK, _ASKED, _SHOUTED = range(5)
_REACH: Final = {"zh": 5, "en": 4, "ru": 3}  # characters or words between a negator and what it turns
_PHRASE: Final = 5  # words in the longest phrase of a list
_LONGEST: Final = 2000  # characters read
_ODD: Final = {ord("’"): "'", ord("`"): "'", ord("ё"): "е", 0: " "}

_SOURCES: Final[Mapping[str, Sequence[tuple[str, Mapping[str, str]]]]] = {
    "zh": (("zh_tone", {}),),
    "en": (("en_tone", {}),),
    "ru": (("ru_scope", {}),),
}


class Found(NamedTuple):
    """Things found in laid texts: which text, what (a hash), how much, and the stretch of code points."""

    owner: Places
    what: Hashes
    weight: npt.NDArray[np.float32]
    start: Places
    end: Places


@dataclass(frozen=True, slots=True)
class Classes:
    """The word classes of one language: whole entries and entries open at the end."""

    whole: Lookup
    stems: Lookup
    lengths: tuple[int, ...]  # of whole entries, in characters
    stem_lengths: tuple[int, ...]


def normalise(texts: Sequence[str], language: str) -> list[str]:
    """Return texts in compatibility form and lower case, digits as 0, Chinese characters simplified."""
    cut = [text[:_LONGEST].translate(_ODD) if "\0" in text else text[:_LONGEST] for text in texts]
    joined = unicodedata.normalize("NFKC", "\0".join(cut)).lower()
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    small = np.minimum(points, _TABLE_SIZE - 1)
    plain = np.where(points < _TABLE_SIZE, _table(language)[small], points).astype("<u4")
    text = plain.tobytes().decode("utf-32-le", "surrogatepass")
    return _SPACES.sub(" ", text).split("\0")


_SPACES: Final = re.compile(r"[^\S\0]+")
_TABLE_SIZE: Final = 0x10000


@cache
def _table(language: str) -> npt.NDArray[np.uint32]:
    table = np.arange(_TABLE_SIZE, dtype=np.uint32)
    table[ord("0") : ord("9") + 1] = ord("0")
    for odd, plain in _ODD.items():
        if odd:
            table[odd] = ord(plain)
    if language == "zh":
        pairs = {side: "".join(rows) for side, rows in lexicon("zh_traditional").items()}
        for traditional, simplified in zip(pairs["traditional"], pairs["simplified"], strict=True):
            table[ord(traditional)] = ord(simplified)
    return table


@cache
def classes(language: str) -> Classes:
    """Return the classes of ``language``: the lists of ``lexicons/``, earlier groups first."""
    whole: dict[str, int] = {}
    stems: dict[str, int] = {}
    for name, alias in _SOURCES[language]:
        for group, words in lexicon(name).items():
            for word in normalise(words, language) if isinstance(words, list) else ():
                into = stems if word.endswith("*") else whole
                into.setdefault(word.rstrip("*"), _CODE[alias.get(group, group)])
    return Classes(
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


class Sequence_(NamedTuple):
    """The classes of laid texts in order, with the starts, ends and breaks of each text among them."""

    owner: Places
    code: Places
    start: Places
    end: Places


def class_sequence(laid: Laid, language: str, words: Words | None) -> Sequence_:
    """Return the word classes of ``laid`` in their order, polar ones turned where a negator reaches them."""
    start, end, code = _matches(laid, language, words)
    broken = _breaks()[np.minimum(laid.points, _TABLE_SIZE - 1)]
    clause = np.cumsum(broken | (laid.points == 0))
    place = end - 1 if words is None else words.number[end - 1]
    code = _turned(code, clause[start], place, _REACH[language])
    kept = code != _CODE["neither"]
    marks = np.flatnonzero(broken)
    asked = np.flatnonzero((laid.points == ord("?")))
    shouted = np.flatnonzero((laid.points == ord("!")))
    edges = np.flatnonzero(laid.points == 0)
    all_start = np.concatenate([start[kept], marks, asked, shouted, edges[:-1], edges[1:]])
    all_end = np.concatenate([end[kept], marks + 1, asked + 1, shouted + 1, edges[:-1] + 1, edges[1:]])
    all_code = np.concatenate(
        [
            code[kept],
            np.full(len(marks), _BREAK),
            np.full(len(asked), _ASKED),
            np.full(len(shouted), _SHOUTED),
            np.full(len(edges) - 1, _START),
            np.full(len(edges) - 1, _END),
        ]
    )
    # an edge is the end of one text and the start of the next
    order = np.lexsort((all_code != _END, all_start))
    code = all_code[order]
    before = np.concatenate([[_END], code[:-1]])
    idle = (code == _BREAK) & ((before == _BREAK) | (before == _START))
    order, code = order[~idle], code[~idle]
    start = all_start[order]
    owner = np.cumsum(code == _START) - 1
    return Sequence_(owner, code, start, all_end[order])


@cache
def _breaks() -> npt.NDArray[np.bool_]:
    table = np.zeros(_TABLE_SIZE, dtype=np.bool_)
    table[[ord(mark) for mark in ",，。.;；、:：…~～—–()（）\n"]] = True
    return table


def _matches(laid: Laid, language: str, words: Words | None) -> tuple[Places, Places, Places]:
    """Return start, end and class of the longest entry at each place, unless it begins inside another."""
    known = classes(language)
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
    order = np.lexsort((-end, start))
    start, end, code = start[order], end[order], code[order]
    if not len(start):
        return start, end, code
    first = np.concatenate([[True], start[1:] != start[:-1]])
    start, end, code = start[first], end[first], code[first]
    reach = np.concatenate([[0], np.maximum.accumulate(end)[:-1]])
    free = start >= reach
    return start[free], end[free], code[free]


def _word_spans(
    laid: Laid, words: Words, known: Classes
) -> list[tuple[Places, Places, npt.NDArray[np.int16]]]:
    spans = []
    count = len(words.start)
    for length in range(1, _PHRASE + 1):
        start, end = words.start[: count - length + 1], words.end[length - 1 :]
        found = known.whole.find(salt(laid.stretch(start, end), 0))
        hit = np.flatnonzero(found >= 0)
        spans.append((start[hit], end[hit], found[hit]))
    # of the open entries at one word the longest counts, and a whole entry before any of them
    best = np.full(count, -1, dtype=np.int16)
    for size in known.stem_lengths:
        long = np.flatnonzero(words.end - words.start >= size)
        found = known.stems.find(salt(laid.stretch(words.start[long], words.start[long] + size), 1))
        best[long[found >= 0]] = found[found >= 0]
    not_ = np.flatnonzero(
        (words.end - words.start > 3) & (laid.stretch(np.maximum(words.end - 3, 0), words.end) == _not())
    )
    best[not_] = _CODE["negator"]
    whole = spans[0][0]
    best[np.isin(words.start, whole)] = -1
    hit = np.flatnonzero(best >= 0)
    spans.append((words.start[hit], words.end[hit], best[hit]))
    return spans


@cache
def _not() -> np.uint64:
    laid = lay(["n't"])
    return np.uint64(laid.stretch(np.array([1]), np.array([4]))[0])


def _turned(code: Places, clause: Places, place: Places, reach: int) -> Places:
    """Return the classes with the first polar one after a negator, within ``reach`` and its clause, turned."""
    here = np.arange(len(code))
    polar = (code == _CODE["good"]) | (code == _CODE["bad"])
    negator = np.maximum.accumulate(np.where(code == _CODE["negator"], here, -1)) if len(code) else here
    polar_at = np.maximum.accumulate(np.where(polar, here, -1)) if len(code) else here
    polar_before = np.concatenate([[-1], polar_at[:-1]]) if len(code) else here
    hit = polar & (negator > polar_before)
    hit &= (clause[negator] == clause) & (place - place[negator] <= reach)
    turned = np.where(code == _CODE["good"], _CODE["turned_bad"], _CODE["turned_good"])
    return np.where(hit, turned, code)


def last_part(laid: Laid, sequence: Sequence_) -> npt.NDArray[np.bool_]:
    """Return for each code point whether it lies after its text's last contrast or, without one, its last break
    that something follows; all of a text of one clause.
    """
    begin = np.zeros(laid.texts, dtype=np.int64)
    after = np.zeros(laid.texts, dtype=np.int64)
    final = np.concatenate([sequence.code[1:] == _END, [True]])
    breaks = (sequence.code == _BREAK) & ~final
    np.maximum.at(begin, sequence.owner[breaks], sequence.end[breaks])
    contrast = sequence.code == _CODE["contrast"]
    np.maximum.at(after, sequence.owner[contrast], sequence.end[contrast])
    begin = np.where(after > 0, after, begin)
    return np.arange(len(laid.points)) >= begin[laid.owner]


def features(texts: Sequence[str], language: str) -> tuple[Laid, list[Found]]:
    """Return the features of texts by group, and the normalised texts they lie in.

    Each group's weights are 1/√(features of the group in the text), so that long texts don't shout.
    """
    laid = lay(normalise(texts, language))
    words = None if language == "zh" else words_of(laid)
    sequence = class_sequence(laid, language, words)
    late = last_part(laid, sequence)
    groups = [_scope(sequence)]
    if words is None:
        groups += [_characters(laid, late)]
    else:
        groups += [_worded(laid, words, late), _inside_words(laid, words)]
    return laid, [_weighed(group, laid.texts) for group in groups]


def _weighed(found: tuple[Places, Hashes, Places, Places], texts: int) -> Found:
    owner, what, start, end = found
    count = np.maximum(np.bincount(owner, minlength=texts), 1)
    return Found(owner, what, (1 / np.sqrt(count)).astype(np.float32)[owner], start, end)


def _scope(seq: Sequence_) -> tuple[Places, Hashes, Places, Places]:
    code = mix(seq.code.astype(np.uint64) + np.uint64(7))
    size = len(code)
    parts = []
    gram = code
    for length in range(1, 5):
        if length > 1:
            gram = chain(gram[: size - length + 1], code[length - 1 :])
        same = seq.owner[: size - length + 1] == seq.owner[length - 1 :]
        place = np.flatnonzero(same)
        parts.append((seq.owner[place], salt(gram[place], 10 + length), seq.start[place], seq.end[place + length - 1]))
    for gap in (2, 3, 4):
        place = np.flatnonzero(seq.owner[: max(size - gap, 0)] == seq.owner[gap:])
        pair = chain(code[place], code[place + gap])
        parts.append((seq.owner[place], salt(pair, 20), seq.start[place], seq.end[place + gap]))
    return _joined(parts)


def _characters(laid: Laid, late: npt.NDArray[np.bool_]) -> tuple[Places, Hashes, Places, Places]:
    size = len(laid.points)
    edge = np.concatenate([[0], np.cumsum(laid.points == 0)])
    parts = []
    for length in range(1, 5):
        start = np.arange(size - length + 1)
        edges = edge[start + length] - edge[start]
        at_rim = (laid.points[start] == 0) | (laid.points[start + length - 1] == 0)
        start = start[(edges == 0) | ((edges == 1) & at_rim & (length > 1))]
        # the separator before a text belongs to the text after it, for n-grams that begin there
        owner = laid.owner[np.minimum(start + 1, size - 1)] if length > 1 else laid.owner[start]
        owner = np.where(laid.points[start] == 0, owner, laid.owner[start])
        hashed = laid.stretch(start, start + length)
        parts.append((owner, salt(hashed, 30), start, start + length))
        if length in (2, 3):
            tail = late[start] & (laid.points[start] != 0)
            parts.append((owner[tail], salt(hashed[tail], 31), start[tail], start[tail] + length))
    return _joined(parts)


def _worded(laid: Laid, words: Words, late: npt.NDArray[np.bool_]) -> tuple[Places, Hashes, Places, Places]:
    single = laid.stretch(words.start, words.end)
    owner = laid.owner[words.start]
    count = len(single)
    parts = []
    gram = single
    for length in range(1, 4):
        if length > 1:
            gram = chain(gram[: max(count - length + 1, 0)], single[length - 1 :])
        place = np.flatnonzero(owner[: max(count - length + 1, 0)] == owner[length - 1 :])
        start, end = words.start[place], words.end[place + length - 1]
        parts.append((owner[place], salt(gram[place], 40 + length), start, end))
        if length < 3:
            tail = late[start]
            parts.append((owner[place][tail], salt(gram[place][tail], 50 + length), start[tail], end[tail]))
    return _joined(parts)


def _inside_words(laid: Laid, words: Words) -> tuple[Places, Hashes, Places, Places]:
    """Return 3- to 6-grams of characters within words, a word's edge counting as a character."""
    inside = np.zeros(len(laid.points) + 1, dtype=np.int64)
    letter = np.zeros(len(laid.points), dtype=np.int64)
    np.add.at(letter, words.start, 1)
    np.add.at(letter, np.minimum(words.end, len(letter) - 1), -1)
    inside[1:] = np.cumsum(np.cumsum(letter))
    parts = []
    for length in range(2, 6):
        start = np.arange(len(laid.points) - length + 1)
        start = start[inside[start + length] - inside[start] == length]
        begins = np.isin(start, words.start)
        ends = np.isin(start + length, words.end)
        kind = begins.astype(np.uint64) * np.uint64(2) + ends.astype(np.uint64)
        hashed = chain(laid.stretch(start, start + length), mix(kind + np.uint64(1)))
        parts.append((laid.owner[start], salt(hashed, 60), start, start + length))
    return _joined(parts)


def _joined(parts: list[tuple[Places, Hashes, Places, Places]]) -> tuple[Places, Hashes, Places, Places]:
    owner, what, start, end = (np.concatenate(column) for column in zip(*parts, strict=True))
    return owner, what, start, end
