"""Which language a comment is written in, from the scripts of its letters.

Script ranges are enough to tell Chinese, English and Russian apart once @mentions and addresses are gone, and
they cost microseconds. They can't tell English from another language in plain Latin letters, nor Russian from
another one in plain Cyrillic: only letters that English or Russian don't have give those away.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from engage.text.lexicons import lexicon

TextLanguage = Literal["zh", "en", "ru", "other", "none"]

_NOISE: Final = re.compile(
    r"(?:https?://|www\.)[^\s\u3000-\u9fff\uff00-\uffef]+"  # an address ends where Chinese text begins
    r"|[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]+"
    r"|@\w+",
    re.ASCII,
)
_MENTION_OF_ANY_SCRIPT: Final = re.compile(r"@[^\s@，。！？、,.!?:：]+")

# (first, last code point, class); the classes are columns of the counts below
_HAN, _LATIN, _CYRILLIC, _FOREIGN, _ACCENTED, _NOT_RUSSIAN = range(6)
_RANGES: Final[tuple[tuple[int, int, int], ...]] = (
    (0x41, 0x5A, _LATIN),
    (0x61, 0x7A, _LATIN),
    (0xC0, 0x24F, _ACCENTED),
    (0x370, 0x3FF, _FOREIGN),
    (0x400, 0x400, _NOT_RUSSIAN),
    (0x401, 0x401, _CYRILLIC),
    (0x402, 0x40F, _NOT_RUSSIAN),
    (0x410, 0x44F, _CYRILLIC),
    (0x450, 0x450, _NOT_RUSSIAN),
    (0x451, 0x451, _CYRILLIC),
    (0x452, 0x52F, _NOT_RUSSIAN),
    (0x530, 0x10FF, _FOREIGN),  # Armenian to Georgian: Hebrew, Arabic, the Indian scripts, Thai, Tibetan …
    (0x1100, 0x11FF, _FOREIGN),
    (0x1780, 0x18AF, _FOREIGN),
    (0x1E00, 0x1EFF, _ACCENTED),
    (0x3040, 0x30FF, _FOREIGN),
    (0x3400, 0x4DBF, _HAN),
    (0x4E00, 0x9FFF, _HAN),
    (0xAC00, 0xD7AF, _FOREIGN),
    (0xF900, 0xFAFF, _HAN),
    (0xFF21, 0xFF3A, _LATIN),
    (0xFF41, 0xFF5A, _LATIN),
    (0x20000, 0x2FA1F, _HAN),
)
_BREAKS: Final = np.array([edge for first, last, _ in _RANGES for edge in (first, last + 1)])
_CLASS_AFTER: Final = np.array([c for *_, kind in _RANGES for c in (kind, -1)])

# One Chinese character says about as much as four letters, so code-mixed Chinese stays Chinese.
_LETTERS_PER_CHARACTER: Final = 4.0
# A borrowed "café" does not make a comment French: two such letters and 3 % of the text do.
_FEWEST_ODD_LETTERS: Final = 2
_ODD_SHARE: Final = 0.03


def detect(texts: Sequence[str]) -> npt.NDArray[np.str_]:
    """Return the language of each text: ``zh``, ``en``, ``ru``, ``other`` or ``none``.

    @mentions, e-mail and web addresses are left out; then letters are counted by script, a Chinese character
    weighing as much as four letters, and the heaviest script names the language. ``none``: no letters left
    (empty, digits, emoji), or an answer that says nothing (无, 没什么意见, n/a, нет …:
    ``lexicons/blank.yaml``). ``other``: another script, or Latin or Cyrillic text in which at least two
    letters and 3 % are ones that English or Russian don't use.
    """
    if not len(texts):
        return np.empty(0, dtype="<U5")
    counts = _count([_strip(text) for text in texts])
    odd_latin = _odd(counts[:, _ACCENTED], counts[:, _LATIN])
    odd_cyrillic = _odd(counts[:, _NOT_RUSSIAN], counts[:, _CYRILLIC])
    weights = np.column_stack(
        [
            counts[:, _HAN] * _LETTERS_PER_CHARACTER,
            counts[:, _LATIN] + counts[:, _ACCENTED],
            counts[:, _CYRILLIC] + counts[:, _NOT_RUSSIAN],
            counts[:, _FOREIGN] * _LETTERS_PER_CHARACTER,
        ]
    )
    # Japanese is written with Chinese characters too; its own syllables give it away
    japanese = counts[:, _FOREIGN] > 0.2 * counts[:, _HAN]
    heaviest = np.array(["zh", "en", "ru", "other"])[weights.argmax(axis=1)]
    other = (
        ((heaviest == "zh") & japanese)
        | ((heaviest == "en") & odd_latin)
        | ((heaviest == "ru") & odd_cyrillic)
    )
    found = np.where(other, "other", heaviest)
    blank = np.fromiter((is_blank(text) for text in texts), dtype=bool, count=len(texts))
    return np.where(blank | (weights.sum(axis=1) == 0), "none", found)


def is_blank(text: str) -> bool:
    """Return whether ``text`` is empty or one of the stock ways of saying nothing."""
    if len(text) > _longest_blank():
        return False
    bare = "".join(c for c in text.casefold() if c.isalnum())
    return not bare or bare in _blanks()


@cache
def _blanks() -> frozenset[str]:
    phrases = (phrase for words in lexicon("blank").values() for phrase in words)
    return frozenset("".join(c for c in phrase.casefold() if c.isalnum()) for phrase in phrases)


@cache
def _longest_blank() -> int:
    return 2 * max(len(phrase) for phrase in _blanks())  # room for spaces and punctuation


def _strip(text: str) -> str:
    if "@" not in text and "://" not in text and "www." not in text:
        return text
    return _MENTION_OF_ANY_SCRIPT.sub(" ", _NOISE.sub(" ", text))


def _count(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """Count letters by class: (texts, classes), all texts in one pass over their code points."""
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
    place = np.searchsorted(_BREAKS, points, side="right") - 1
    kind = np.where(place >= 0, _CLASS_AFTER[place], -1)
    owner = np.repeat(np.arange(len(texts)), lengths)
    letters = kind >= 0
    cell = owner[letters] * 6 + kind[letters]
    return np.bincount(cell, minlength=6 * len(texts)).reshape(len(texts), 6)


def _odd(odd: npt.NDArray[np.int64], usual: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    return (odd >= _FEWEST_ODD_LETTERS) & (odd > _ODD_SHARE * (odd + usual))
