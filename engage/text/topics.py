"""The words that ``surveys/themes.yaml`` lists for each theme, found in whole batches of texts."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import yaml

from engage.text.features import Listed, Read, listed, matches, normalise
from engage.text.grams import Places

THEMES: Final = (
    *("pay", "status", "job_security", "working_conditions", "relationships"),
    *("recognition", "promotion", "bonus", "growth", "responsibility", "achievement"),
    *("workload", "tools_and_process", "management", "training", "customers", "none"),
)


@cache
def document() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return ``surveys/themes.yaml``: theme → language → words."""
    package = Path(__file__).parents[1]
    packed, checkout = package / "surveys" / "themes.yaml", package.parent / "surveys" / "themes.yaml"
    source = packed if packed.is_file() else checkout  # an editable install does not see packed files
    return dict(yaml.load(source.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


@cache
def _listed(language: str) -> tuple[Listed, npt.NDArray[np.float64]]:
    """Return the words of a language, numbered, and which themes each stands for: (words, themes)."""
    themes_of: dict[str, list[int]] = {}
    for theme, words in document().items():
        for word in normalise(list(words.get(language, ())), language):
            themes_of.setdefault(word, []).append(THEMES.index(theme))
    stands_for = np.zeros((len(themes_of), len(THEMES) - 1))
    for number, themes in enumerate(themes_of.values()):
        stands_for[number, themes] = 1
    return listed({word: number for number, word in enumerate(themes_of)}), stands_for


def listed_words(seen: Read, language: str) -> tuple[Places, Places, npt.NDArray[np.float64]]:
    """Return start and end of each listed word in the texts, and the themes it stands for."""
    known, stands_for = _listed(language)
    start, end, number = matches(seen.laid, seen.words, known)
    return start, end, stands_for[number]


def listed_themes(seen: Read, language: str) -> npt.NDArray[np.float64]:
    """Return how strongly the listed words speak for each theme: √ of their number, (texts, themes)."""
    start, _, themes = listed_words(seen, language)
    counts = np.zeros((seen.laid.texts, len(THEMES) - 1))
    np.add.at(counts, seen.laid.owner[start], themes)
    return np.sqrt(counts)
