"""Comments: language, tone, intent, themes, redaction. A first version behind the final interface."""

from collections.abc import Callable, Iterable

import pandas as pd

from engage.text import tone as _tone
from engage.text.compare import team_tone, theme_shares, tone_by
from engage.text.intent import intent as _intent
from engage.text.language import detect
from engage.text.redact import Entity, Redacted, redact
from engage.text.themes import ThemeMatch, matched_themes, theme_of, themes

__all__ = [
    "Entity",
    "Redacted",
    "ThemeMatch",
    "matched_themes",
    "redact",
    "sentiment",
    "team_tone",
    "theme_shares",
    "themes",
    "tone_by",
]


def sentiment(texts: Iterable[str], *, progress: Callable[[int, int], None] | None = None) -> pd.DataFrame:
    """Return language, tone, intent and theme of each text.

    Columns: ``language`` (zh, en, ru, other, none), ``tone`` (negative, neutral, positive), ``tone_score``
    (0–1, P(positive)), ``intent`` (complaint, suggestion, praise, question, other), ``theme`` (a factor,
    another theme or ``none``). One row per text, indexed like ``texts`` if that is a Series, else from 0.

    Tone comes from SnowNLP (zh; negative below .4, positive above .6), VADER (en; compound −.05 and +.05,
    that is .475 and .525 of ``tone_score``) and a word list of our own (ru; .4 and .6). These are stock
    models made for other texts: on hard workplace comments they reach a macro-F1 of about .37–.44 over three
    tones (:mod:`engage.text.tone`). Don't act on a single comment's tone, and compare groups only within a
    question and source (:func:`tone_by`). Intent and theme are stated rules and word lists.

    Missing data: a text that is missing, empty, without letters or says nothing (无, n/a, нет) has language
    ``none``, tone and tone_score missing, intent ``other``, theme ``none``: it is not counted as neutral.
    Text in another language has tone and tone_score missing too.

    Equal texts are scored once. ``progress(done, total)`` counts different texts; SnowNLP takes about 4 ms
    each.
    """
    series = texts if isinstance(texts, pd.Series) else pd.Series(list(texts), dtype=object)
    clean = ["" if pd.isna(text) else str(text) for text in series]
    place, different = pd.factorize(pd.Series(clean, dtype=object))
    rows = _different([str(text) for text in different], progress)
    return rows.take(place).set_axis(series.index)


def _different(texts: list[str], progress: Callable[[int, int], None] | None) -> pd.DataFrame:
    languages = detect(texts)
    spoken = [str(language) for language in languages]
    scores = _tone.score_all(texts, spoken, progress)
    tones = _tone.cut(scores, languages)
    rows = list(zip(texts, spoken, tones, strict=True))
    return pd.DataFrame(
        {
            "language": pd.Series(spoken, dtype="str"),
            "tone": pd.Series(tones, dtype="str"),
            "tone_score": scores,
            "intent": pd.Series(
                ["other" if s == "none" else _intent(t, s, tone) for t, s, tone in rows], dtype="str"
            ),
            "theme": pd.Series(["none" if s == "none" else theme_of(t, s) for t, s, _ in rows], dtype="str"),
        }
    )
