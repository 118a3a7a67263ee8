"""What the models read in a comment: n-grams, and word classes in their order.

A bag of words can't tell 从不发火 from 总发火, nor "fun but tiring" from "tiring but fun". So beside
character (zh) or word and character n-grams (en, ru) every comment is rewritten as a sequence of classes
— good, bad, negator, contrast, wish, question … from ``lexicons/`` — in which the first polar word in
reach of a negator becomes its own class. N-grams and ordered pairs of that sequence carry scope, clause
order and modality to words never seen in training; n-grams of the last clause, or of what follows the last
contrast, count twice.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from engage.text.grams import Hashes, Laid, Places, chain, lay, mix, salt
from engage.text.lexicons import lexicon
from engage.text.lists import Listed, Words, listed, matches, words_of

CLASSES: Final = (
    *("start", "end", "break", "asked", "shouted"),
    *("good", "bad", "turned_good", "turned_bad", "negator", "neither", "contrast", "concede", "relief"),
    *("only_if", "wish", "ask", "why", "more", "less", "past", "now", "same", "always", "very", "irony"),
    *("boon", "burden", "up", "down"),
)
_CODE: Final = {name: code for code, name in enumerate(CLASSES)}
_START, _END, _BREAK, _ASKED, _SHOUTED = range(5)
_REACH: Final = {"zh": 5, "en": 4, "ru": 3}  # characters or words between a negator and what it turns
_LONGEST: Final = 2000  # characters read
_ODD: Final = {ord("’"): "'", ord("`"): "'", ord("ё"): "е", 0: " "}

_SOURCES: Final[Mapping[str, Sequence[tuple[str, Mapping[str, str]]]]] = {
    "zh": (("zh_tone", {}),),
    "en": (("en_tone", {}),),
    "ru": (
        ("ru_scope", {}),
        # stems without a mark: every word that begins so
        ("ru_tone", {"positive": "good*", "negative": "bad*", "neutral": "neither*", "negators": "negator"}),
    ),
}


class Found(NamedTuple):
    """Things found in laid texts: which text, what (a hash), how much, and the stretch of code points."""

    owner: Places
    what: Hashes
    weight: npt.NDArray[np.float32]
    start: Places
    end: Places


def normalise(texts: Sequence[str], language: str) -> list[str]:
    """Return texts in compatibility form and lower case, digits as 0, Chinese characters simplified."""
    cut = [text[:_LONGEST].translate(_ODD) if "\0" in text else text[:_LONGEST] for text in texts]
    joined = unicodedata.normalize("NFKC", "\0".join(cut)).lower()
    if language == "en":
        joined = _SHORT_NOT.sub(" not", joined.replace("’", "'"))
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    small = np.minimum(points, _TABLE_SIZE - 1)
    plain = np.where(points < _TABLE_SIZE, _table(language)[small], points).astype("<u4")
    text = plain.tobytes().decode("utf-32-le", "surrogatepass")
    return _SPACES.sub(" ", text).split("\0")


_SHORT_NOT: Final = re.compile(r"(?<=[a-z])n't\b")
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
def classes(language: str) -> Listed:
    """Return the word classes of ``language``: the lists of ``lexicons/``, earlier groups first."""
    entries: dict[str, int] = {}
    for name, alias in _SOURCES[language]:
        for group, words in lexicon(name).items():
            as_ = alias.get(group, group)
            for word in normalise(words, language) if isinstance(words, list) else ():
                open_end = "*" if as_.endswith("*") and not word.endswith("*") else ""
                entries.setdefault(word + open_end, _CODE[as_.rstrip("*")])
    return listed(entries)


class Classed(NamedTuple):
    """The classes of laid texts in order, with the starts, ends and breaks of each text among them."""

    owner: Places
    code: Places
    start: Places
    end: Places


def class_sequence(laid: Laid, language: str, words: Words | None) -> Classed:
    """Return the word classes of ``laid`` in their order, polar ones turned where a negator reaches them."""
    start, end, code = matches(laid, words, classes(language))
    broken = _breaks()[np.minimum(laid.points, _TABLE_SIZE - 1)]
    clause = np.cumsum(broken | (laid.points == 0))
    place = end - 1 if words is None else words.number[end - 1]
    code = _turned(code, clause[start], place, _REACH[language])
    kept = code != _CODE["neither"]
    marks = np.flatnonzero(broken)
    asked = np.flatnonzero(laid.points == ord("?"))
    shouted = np.flatnonzero(laid.points == ord("!"))
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
    return Classed(owner, code, start, all_end[order])


@cache
def _breaks() -> npt.NDArray[np.bool_]:
    table = np.zeros(_TABLE_SIZE, dtype=np.bool_)
    table[[ord(mark) for mark in ",，。.;；、:：…~～—–()（）\n"]] = True
    return table


def _turned(code: Places, clause: Places, place: Places, reach: int) -> Places:
    """Return the classes with the first polar one after a negator, in its reach and clause, turned."""
    here = np.arange(len(code))
    polar = (code == _CODE["good"]) | (code == _CODE["bad"])
    negator = np.maximum.accumulate(np.where(code == _CODE["negator"], here, -1)) if len(code) else here
    polar_at = np.maximum.accumulate(np.where(polar, here, -1)) if len(code) else here
    polar_before = np.concatenate([[-1], polar_at[:-1]]) if len(code) else here
    hit = polar & (negator > polar_before)
    hit &= (clause[negator] == clause) & (place - place[negator] <= reach)
    turned = np.where(code == _CODE["good"], _CODE["turned_bad"], _CODE["turned_good"])
    return np.where(hit, turned, code)


def last_part(laid: Laid, sequence: Classed) -> npt.NDArray[np.bool_]:
    """Return for each code point whether it lies after its text's last contrast or, without one, its
    last break that something follows; all of a text of one clause.
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


# How much a group of features counts beside the others: scope, then n-grams; chosen by cross-validation.
_SHARE: Final = {"zh": (0.5, 1.0), "en": (1.0, 2.0, 1.0), "ru": (1.0, 1.0, 1.0)}


@dataclass(frozen=True, slots=True)
class Read:
    """Texts as the models read them: laid out, their words (not for Chinese) and their features by group."""

    laid: Laid
    words: Words | None
    groups: tuple[Found, ...]


def read(texts: Sequence[str], language: str) -> Read:
    """Return the features of texts by group: scope first, then the n-grams.

    Weights are a group's share / √(features of the group in the text), so that long texts don't shout.
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
    shares = _SHARE[language]
    return Read(laid, words, tuple(_weighed(g, laid.texts, s) for g, s in zip(groups, shares, strict=True)))


def _weighed(found: tuple[Places, Hashes, Places, Places], texts: int, share: float) -> Found:
    owner, what, start, end = found
    count = np.maximum(np.bincount(owner, minlength=texts), 1)
    return Found(owner, what, (share / np.sqrt(count)).astype(np.float32)[owner], start, end)


def _scope(seq: Classed) -> tuple[Places, Hashes, Places, Places]:
    code = mix(seq.code.astype(np.uint64) + np.uint64(7))
    size = len(code)
    parts = []
    gram = code
    for length in range(1, 5):
        if length > 1:
            gram = chain(gram[: max(size - length + 1, 0)], code[length - 1 :])
        same = seq.owner[: max(size - length + 1, 0)] == seq.owner[length - 1 :]
        place = np.flatnonzero(same)
        parts.append(
            (seq.owner[place], salt(gram[place], 10 + length), seq.start[place], seq.end[place + length - 1])
        )
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


def word_feature(hashed: Hashes) -> Hashes:
    """Return the feature of single words from their hashes, as :func:`read` gives it."""
    return salt(hashed, 41)


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
    """Return 2- to 5-grams of characters within words, each marked where it begins or ends its word."""
    inside = np.zeros(len(laid.points) + 1, dtype=np.int64)
    letter = np.zeros(len(laid.points), dtype=np.int64)
    np.add.at(letter, words.start, 1)
    np.add.at(letter, np.minimum(words.end, len(letter) - 1), -1)
    inside[1:] = np.cumsum(np.cumsum(letter))
    at_start = np.zeros(len(laid.points) + 1, dtype=np.bool_)
    at_end = at_start.copy()
    at_start[words.start], at_end[words.end] = True, True
    parts = []
    for length in range(2, 6):
        start = np.arange(len(laid.points) - length + 1)
        start = start[inside[start + length] - inside[start] == length]
        begins, ends = at_start[start], at_end[start + length]
        kind = begins.astype(np.uint64) * np.uint64(2) + ends.astype(np.uint64)
        hashed = chain(laid.stretch(start, start + length), mix(kind + np.uint64(1)))
        parts.append((laid.owner[start], salt(hashed, 60), start, start + length))
    return _joined(parts)


def _joined(parts: list[tuple[Places, Hashes, Places, Places]]) -> tuple[Places, Hashes, Places, Places]:
    owner, what, start, end = (np.concatenate(column) for column in zip(*parts, strict=True))
    return owner, what, start, end
