"""The digests under which a comment may have been noted: what an erasure has to take out of the notes."""

from collections.abc import Collection, Iterable, Iterator
from itertools import combinations
from typing import Final

from engage.privacy.voices import Masked, masked, mentioned, reference, worded
from engage.text.telling import KnownNames
from engage.text.topics import THEMES

_MOST: Final = 12
"""Different names, days, places and numbers in a comment up to which every choice of them is tried."""


def possible_marks(
    texts: Collection[str],
    questions: Iterable[str],
    sources: Iterable[str],
    known: KnownNames,
    *,
    salt: str,
) -> frozenset[str]:
    """Return every digest that a comment with one of ``texts``, or a wish named by it, is known by.

    Which of its names and numbers were shown depended on how many others mentioned them at the time, so each
    choice gives a digest; of a comment that mentions more than 12 only the one with all and that with none.
    """
    places = [(question, source) for question in questions for source in sources]
    wordings = {words for text in texts for words in _wordings(masked(text, known)) if words}
    found = set()
    for words in wordings:
        for question, source in places:
            found.add(reference(salt, question, source, words))
            found |= {reference(salt, question, source, words, theme, "") for theme in THEMES}
    return frozenset(found)


def _wordings(part: Masked) -> Iterator[str]:
    terms = sorted(set(mentioned(part)))
    sizes = range(len(terms) + 1) if len(terms) <= _MOST else (0, len(terms))
    for size in sizes:
        for common in combinations(terms, size):
            yield worded(part, set(common))
