"""The words that ``surveys/themes.yaml`` lists for each theme, found in whole batches of texts."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import yaml

from engage.text.features import Read, normalise
from engage.text.grams import Hashes, Places, hash_of
from engage.text.lists import Listed, listed, matches

THEMES: Final = (
    *("pay", "status", "job_security", "working_conditions", "relationships"),
    *("recognition", "promotion", "bonus", "growth", "responsibility", "achievement"),
    *("workload", "tools_and_process", "management", "training", "customers", "none"),
)


@cache
def document() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return ``surveys/themes.yaml``: theme → language → words."""
    return dict(yaml.load(themes_file().read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def themes_file() -> Path:
    """Return where ``surveys/themes.yaml`` lies."""
    package = Path(__file__).parents[1]
    packed, checkout = package / "surveys" / "themes.yaml", package.parent / "surveys" / "themes.yaml"
    return packed if packed.is_file() else checkout  # an editable install does not see packed files


class ListedWords(NamedTuple):
    """Listed words: numbered, the themes each stands for (words, themes), a hash of each entry."""

    known: Listed
    stands_for: npt.NDArray[np.float64]
    entry: Hashes


@cache
def theme_words(language: str) -> ListedWords:
    """Return the listed words of ``language``; an entry's hash changes with its word and with its themes."""
    themes_of: dict[str, list[int]] = {}
    for theme, words in document().items():
        for word in normalise(list(words.get(language, ())), language):
            themes_of.setdefault(word, []).append(THEMES.index(theme))
    stands_for = np.zeros((len(themes_of), len(THEMES) - 1))
    for number, themes in enumerate(themes_of.values()):
        stands_for[number, themes] = 1
    entry = [hash_of(f"{word} {sorted(themes)}") for word, themes in themes_of.items()]
    return ListedWords(
        listed({word: number for number, word in enumerate(themes_of)}),
        stands_for,
        np.array(entry, dtype=np.uint64),
    )


def listed_words(seen: Read, language: str) -> tuple[Places, Places, npt.NDArray[np.float64]]:
    """Return start and end of each listed word in the texts, and the themes it stands for."""
    start, end, number = _found(seen, language)
    return start, end, theme_words(language).stands_for[number]


def listed_themes(
    seen: Read, language: str, weight: npt.NDArray[np.float64] | None = None
) -> npt.NDArray[np.float64]:
    """Return how strongly the listed words speak for each theme: √ of Σ ``weight``², (texts, themes).

    ``weight`` has a number for each listed word, all 1 if not given: then √ of how many.
    """
    words = theme_words(language)
    start, _, number = _found(seen, language)
    each = words.stands_for if weight is None else words.stands_for * weight[:, None] ** 2
    total = np.zeros((seen.laid.texts, len(THEMES) - 1))
    np.add.at(total, seen.laid.owner[start], each[number])
    return np.sqrt(total)


def _found(seen: Read, language: str) -> tuple[Places, Places, Places]:
    return matches(seen.laid, seen.words, theme_words(language).known)
