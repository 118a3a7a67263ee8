"""What the tone model reads in a comment: n-grams, and word classes in their order.

A bag of words can't tell 从不发火 from 总发火, nor "fun but tiring" from "tiring but fun". So beside character
(zh) or word and character n-grams (en, ru) every comment is rewritten as a sequence of classes — good, bad,
negator, contrast, wish, question … from ``lexicons/`` — in which a polar word within reach of a negator becomes
its own class. N-grams of that sequence, the last polar class, what follows the last contrast, and whether bad
words stand beside a wish or a question carry scope, clause order and modality to examples never seen.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from engage.text.lexicons import lexicon

# One letter per class; upper case is what a negator turns a polar word into.
_LETTERS: Final = {
    **{"good": "g", "bad": "b", "negator": "n", "neither": "", "contrast": "c", "concede": "v"},
    **{"relief": "r", "only_if": "f", "wish": "w", "ask": "q", "why": "y", "more": "m", "less": "l"},
    **{"past": "p", "now": "t", "same": "s", "always": "a", "very": "e", "irony": "i"},
}
_TURNED: Final = {"g": "B", "b": "G"}
_REACH: Final = {"zh": 5, "en": 4, "ru": 3}  # characters or words between a negator and what it turns
_CLAUSE: Final = re.compile(r"[,，。.;；!！?？、:：…~～—–()（）\n]+")
_WORD: Final = re.compile(r"[a-z]+(?:['’][a-z]+)?|[а-яё]+(?:-[а-яё]+)?|\d+")
_LONGEST_PHRASE: Final = 5


@dataclass(frozen=True, slots=True)
class Classes:
    """The word classes of one language: whole entries, entries open at the end, and the longest of each."""

    whole: Mapping[str, str]
    stems: Mapping[str, str]
    longest_whole: int
    longest_stem: int


@cache
def classes(language: str) -> Classes:
    """Return the classes of ``language``: the lists of ``lexicons/``, earlier groups first."""
    groups: dict[str, list[str]] = {}
    for name, alias in _SOURCES[language]:
        for group, words in lexicon(name).items():
            if isinstance(words, list):
                groups.setdefault(alias.get(group, group), []).extend(words)
    whole: dict[str, str] = {}
    stems: dict[str, str] = {}
    for group, words in groups.items():
        for word in words:
            into = stems if word.endswith("*") else whole
            into.setdefault(word.rstrip("*"), _LETTERS[group])
    unit = len if language == "zh" else (lambda word: len(word.split()))
    return Classes(whole, stems, max(map(unit, whole)), max(map(len, stems), default=0))


_SOURCES: Final[Mapping[str, Sequence[tuple[str, Mapping[str, str]]]]] = {
    "zh": (("zh_tone", {}),),
    "en": (("en_tone", {}),),
    "ru": (("ru_scope", {}),),
}


def normalise(text: str, simplified: Mapping[int, str] | None = None) -> str:
    """Return ``text`` in compatibility form, lower case, Chinese characters simplified by ``simplified``."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    return plain.translate(simplified) if simplified else plain


def sequence(text: str, language: str) -> str:
    """Return the classes of a normalised text in order, a letter each; ``|`` between clauses."""
    read = _read_characters if language == "zh" else _read_words
    reach, known = _REACH[language], classes(language)
    clauses = []
    for clause in _CLAUSE.split(text):
        letters: list[str] = []
        negated = -reach - 1
        for place, letter in read(clause, known):
            if letter == "n":
                negated = place
            elif letter in _TURNED and place - negated <= reach:
                letter = _TURNED[letter]
                negated = -reach - 1
            letters.append(letter)
        clauses.append("".join(letters))
    tail = "?" if text.rstrip().endswith("?") else "!" if text.rstrip().endswith("!") else ""
    return "|".join(clause for clause in clauses if clause) + tail


def _read_characters(clause: str, known: Classes) -> list[tuple[int, str]]:
    found, place, whole = [], 0, known.whole
    while place < len(clause):
        for length in range(min(known.longest_whole, len(clause) - place), 0, -1):
            letter = whole.get(clause[place : place + length])
            if letter is not None:
                place += length
                if letter:
                    found.append((place - 1, letter))
                break
        else:
            place += 1
    return found


def _read_words(clause: str, known: Classes) -> list[tuple[int, str]]:
    words = _WORD.findall(clause)
    found, place = [], 0
    while place < len(words):
        for length in range(min(known.longest_whole, len(words) - place), 0, -1):
            letter = known.whole.get(" ".join(words[place : place + length]))
            if letter is not None:
                break
        else:
            length, letter = 1, _stem_class(words[place], known)
        if letter is None and words[place].endswith("n't"):
            letter = "n"
        if letter:
            found.append((place + length - 1, letter))
        place += length
    return found


def _stem_class(word: str, known: Classes) -> str | None:
    for end in range(min(len(word), known.longest_stem), 1, -1):
        letter = known.stems.get(word[:end])
        if letter is not None:
            return letter
    return None
