"""What a comment is about: a factor or one of six more themes, by the words in ``surveys/themes.yaml``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd
import yaml

from engage.text.language import detect

THEMES: Final = (
    *("pay", "status", "job_security", "working_conditions", "relationships"),
    *("recognition", "promotion", "bonus", "growth", "responsibility", "achievement"),
    *("workload", "tools_and_process", "management", "training", "customers", "none"),
)


class ThemeMatch(NamedTuple):
    """A theme and the different words of its list that a text holds, in the order of the text."""

    theme: str
    words: tuple[str, ...]


def matched_themes(text: str, language: str | None = None) -> tuple[ThemeMatch, ...]:
    """Return every theme with a word in ``text``, best first.

    Best is the theme with most different words; on a tie the one that comes first in ``surveys/themes.yaml``.
    Where listed words overlap the longest counts (话务高峰, not 高峰 as well). ``language`` is detected if
    not given; a language without a list gives ``()``.
    """
    spoken = str(detect([text])[0]) if language is None else language
    words = _lists().get(spoken)
    if words is None:
        return ()
    found: dict[str, list[str]] = {}
    for word, themes in words.find(text.casefold()):
        for theme in themes:
            listed = found.setdefault(theme, [])
            if word not in listed:
                listed.append(word)
    order = {theme: place for place, theme in enumerate(_document())}
    ranked = sorted(found.items(), key=lambda item: (-len(item[1]), order[item[0]]))
    return tuple(ThemeMatch(theme, tuple(listed)) for theme, listed in ranked)


def theme_of(text: str, language: str | None = None) -> str:
    """Return the best theme of ``text`` (see :func:`matched_themes`), ``none`` if no listed word is in it."""
    matches = matched_themes(text, language)
    return matches[0].theme if matches else "none"


def themes(texts: Iterable[str]) -> pd.Series:
    """Return the theme of each text, indexed like ``texts``; missing and empty texts have theme ``none``."""
    series = texts if isinstance(texts, pd.Series) else pd.Series(list(texts), dtype=object)
    clean = ["" if pd.isna(text) else str(text) for text in series]
    found = [theme_of(text, str(spoken)) for text, spoken in zip(clean, detect(clean), strict=True)]
    return pd.Series(found, index=series.index, name="theme", dtype="str")


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of one language by their first two characters, longest first."""

    by_start: Mapping[str, tuple[tuple[str, bool, tuple[str, ...]], ...]]
    spaced: bool

    def find(self, text: str) -> Iterable[tuple[str, tuple[str, ...]]]:
        """Yield the listed words in ``text`` with their themes, none overlapping another."""
        place = 0
        while place < len(text):
            word, themes = self._at(text, place)
            if word:
                yield word, themes
            place += len(word) or 1

    def _at(self, text: str, place: int) -> tuple[str, tuple[str, ...]]:
        if self.spaced and place and text[place - 1].isalnum():
            return "", ()
        for length in (2, 1):
            for word, stem, themes in self.by_start.get(text[place : place + length], ()):
                if text.startswith(word, place) and (stem or not self._goes_on(text, place + len(word))):
                    return word, themes
        return "", ()

    def _goes_on(self, text: str, end: int) -> bool:
        return self.spaced and end < len(text) and text[end].isalnum()


@cache
def _document() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    package = Path(__file__).parents[1]
    packed, checkout = package / "surveys" / "themes.yaml", package.parent / "surveys" / "themes.yaml"
    source = packed if packed.is_file() else checkout  # an editable install does not see packed files
    return dict(yaml.load(source.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


@cache
def _lists() -> Mapping[str, _Words]:
    languages = {language for words in _document().values() for language in words}
    return {language: _index(language) for language in languages}


def _index(language: str) -> _Words:
    themes_of: dict[tuple[str, bool], list[str]] = {}
    for theme, words in _document().items():
        for word in words.get(language, ()):
            key = (word.removesuffix("*").casefold(), word.endswith("*"))
            themes_of.setdefault(key, []).append(theme)
    by_start: dict[str, list[tuple[str, bool, tuple[str, ...]]]] = {}
    for (word, stem), themes in sorted(themes_of.items(), key=lambda item: -len(item[0][0])):
        by_start.setdefault(word[:2], []).append((word, stem, tuple(themes)))
    return _Words({start: tuple(words) for start, words in by_start.items()}, spaced=language != "zh")
