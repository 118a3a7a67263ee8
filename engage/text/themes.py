"""What a comment is about: a factor or one of six more themes, by listed words and a model that knows more.

``surveys/themes.yaml`` lists words for each theme and may be edited; a word there counts at once. The model
(:mod:`engage.text.model`) adds what it learned from labelled comments, and finds a theme where no listed word
stands.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.text.features import Read, read
from engage.text.language import detect
from engage.text.model import LANGUAGES, Model, probabilities, theme_evidence
from engage.text.model import model as model_of
from engage.text.topics import THEMES, listed_words

__all__ = ["THEMES", "ThemeMatch", "matched_themes", "named_themes", "theme_of", "themes"]

_SHOWN = 3  # stretches shown where a theme has no listed word in the text


class ThemeMatch(NamedTuple):
    """A theme and the different words that speak for it in a text, in the order of the text."""

    theme: str
    words: tuple[str, ...]


def matched_themes(text: str, language: str | None = None) -> tuple[ThemeMatch, ...]:
    """Return every theme of ``text``, likeliest first, with the words that earned it.

    Words are as the models read them: lower case, simplified characters. They are the theme's listed words in
    the text or, where it has none, the up to three stretches that weigh most. ``language`` is detected if not
    given; a text that says nothing or a language without a model gives ``()``.
    """
    spoken = str(detect([text])[0]) if language is None else language
    if spoken not in LANGUAGES:
        return ()
    known = model_of(spoken)
    p = probabilities([text], spoken).theme
    picked = named_themes(p, known)[0]
    seen = read([text], spoken)
    order = [int(theme) for theme in np.argsort(-p[0], kind="stable") if picked[theme]]
    return tuple(ThemeMatch(THEMES[theme], _words(seen, spoken, known, theme)) for theme in order)


def named_themes(p: npt.NDArray[np.float64], known: Model) -> npt.NDArray[np.bool_]:
    """Return which themes each row of probabilities (n, 17) names: (n, 17), the last column always false."""
    first, further = known.theme_cuts
    named: npt.NDArray[np.bool_] = ((p == p.max(axis=1, keepdims=True)) & (p >= first)) | (p >= further)
    named[:, -1] = False
    return named


def main_themes(p: npt.NDArray[np.float64], language: str) -> list[str]:
    """Return the likeliest theme that each row names, or ``none``."""
    named = named_themes(p, model_of(language))
    best = np.where(named, p, -1.0).argmax(axis=1)
    return [THEMES[theme] if named[row, theme] else "none" for row, theme in enumerate(best)]


def theme_of(text: str, language: str | None = None) -> str:
    """Return the likeliest theme of one text, or ``none``."""
    found = matched_themes(text, language)
    return found[0].theme if found else "none"


def themes(texts: Iterable[str]) -> pd.Series:
    """Return the likeliest theme of each text, indexed like ``texts`` if that is a Series, else from 0.

    A missing or empty text, one that names no theme and one in a language without a model are ``none``.
    """
    series = texts if isinstance(texts, pd.Series) else pd.Series(list(texts), dtype=object)
    clean = ["" if pd.isna(text) else str(text) for text in series]
    found = np.full(len(clean), "none", dtype=object)
    spoken = detect(clean)
    for language in LANGUAGES:
        mine = np.flatnonzero(spoken == language)
        if len(mine):
            p = probabilities([clean[place] for place in mine], language).theme
            found[mine] = main_themes(p, language)
    return pd.Series(found, index=series.index, name="theme", dtype="str")


def _words(seen: Read, language: str, known: Model, theme: int) -> tuple[str, ...]:
    start, end, stands_for = listed_words(seen, language)
    spans = [(int(s), int(e)) for s, e, row in zip(start, end, stands_for, strict=True) if row[theme]]
    if not spans:
        spans = _heaviest(seen, known, theme)
    points = seen.laid.points
    words = (points[s:e].astype("<u4").tobytes().decode("utf-32-le") for s, e in sorted(spans))
    return tuple(dict.fromkeys(word.strip() for word in words))


def _heaviest(seen: Read, known: Model, theme: int) -> list[tuple[int, int]]:
    points = seen.laid.points
    spans: list[tuple[int, int]] = []
    for _, start, end in theme_evidence(seen, known, theme):
        inside = (points[start:end] != 0).all() and end - start > 1
        if inside and all(end <= s or start >= e for s, e in spans):
            spans.append((start, end))
        if len(spans) == _SHOWN:
            break
    return spans
