"""Kinds of things that a comment mentions: money, shifts, rooms, bosses … from ``lexicons/``.

They are wider than the themes and overlap. What a kind says about the theme of a comment is learned from
labelled comments, so a word that no labelled comment holds still counts.
"""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from engage.text.features import Read, normalise
from engage.text.lexicons import lexicon
from engage.text.lists import Listed, listed, matches

KINDS: Final = (
    *("wage", "money", "household", "allowance", "bonus", "promotion", "growth", "training", "recognition"),
    *("status", "security", "responsibility", "achievement", "shift", "overload", "rest", "climate_room"),
    *("building", "body_safety", "computer", "paperwork", "equipment", "boss", "steering", "mates", "client"),
    "factual",
)


@cache
def _listed(language: str) -> tuple[Listed, npt.NDArray[np.float64]]:
    """Return the words of a language, numbered, and the kinds that each belongs to: (words, kinds)."""
    kinds_of: dict[str, list[int]] = {}
    words_by_kind = lexicon(f"{language}_kinds")
    for number, kind in enumerate(KINDS):
        for word in normalise([str(word) for word in words_by_kind[kind]], language):
            kinds_of.setdefault(word, []).append(number)
    belongs = np.zeros((len(kinds_of), len(KINDS)))
    for row, kinds in enumerate(kinds_of.values()):
        belongs[row, kinds] = 1
    return listed({word: row for row, word in enumerate(kinds_of)}), belongs


def kinds(seen: Read, language: str) -> npt.NDArray[np.float64]:
    """Return how much of each kind the texts mention: √ of the number of its words, (texts, kinds)."""
    known, belongs = _listed(language)
    start, _, word = matches(seen.laid, seen.words, known)
    counts = np.zeros((seen.laid.texts, len(KINDS)))
    np.add.at(counts, seen.laid.owner[start], belongs[word])
    return np.sqrt(counts)
