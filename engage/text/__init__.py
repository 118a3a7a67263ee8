"""Comments: language, tone, intent, themes, redaction."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from engage.text import tone as _tone
from engage.text.alike import SameWish, same_wishes
from engage.text.blocks import Method, check_method, sentiment_blocks
from engage.text.compare import team_tone, theme_shares, tone_by
from engage.text.emerging import EmergingTheme, emerging_themes
from engage.text.intent import INTENTS, unread_intent
from engage.text.language import detect
from engage.text.local import tones_by
from engage.text.model import LANGUAGES, probabilities
from engage.text.own import OwnLayer
from engage.text.redact import Entity, Redacted, redact
from engage.text.themes import ThemeMatch, main_themes, matched_themes, theme_of, themes

__all__ = [
    "EmergingTheme",
    "Entity",
    "Method",
    "Redacted",
    "SameWish",
    "ThemeMatch",
    "emerging_themes",
    "matched_themes",
    "redact",
    "same_wishes",
    "sentiment",
    "sentiment_blocks",
    "team_tone",
    "theme_of",
    "theme_shares",
    "themes",
    "tone_by",
]

Progress = Callable[[int, int], None]


def sentiment(
    texts: Iterable[str],
    *,
    method: Method = "model",
    model: str | Path | None = None,
    progress: Progress | None = None,
    own: OwnLayer | None = None,
) -> pd.DataFrame:
    """Return language, tone, intent and theme of each text.

    Columns: ``language`` (zh, en, ru, other, none), ``tone`` (negative, neutral, positive), ``tone_score``
    (0–1, P(positive)), ``intent`` (complaint, suggestion, praise, question, other), ``theme`` (a factor,
    another theme or ``none``). One row per text, indexed like ``texts`` if that is a Series, else from 0.

    ``method="model"``: the shipped models (:mod:`engage.text.model`); the tone is the likeliest of three
    calibrated probabilities. ``method="snownlp"``: tone from the stock parts instead (SnowNLP, VADER, a word
    list; :mod:`engage.text.tone`); slow, and worse on workplace text. ``method="onnx"``: tone from a
    transformer of one's own, in the folder ``model`` (needs ``engage[onnx]``; `docs/text.md` says what the
    folder holds). Language, intent and theme are always those of the shipped models. `docs/text.md` has the
    measurements: no single comment's tone is sure, so compare groups, within a question and source
    (:func:`tone_by`).

    Missing data: a text that is missing, empty, without letters or says nothing (无, n/a, нет) has language
    ``none``, tone and tone_score missing, intent ``other``, theme ``none``: it is not counted as neutral.
    Text in another language has tone and tone_score missing too, unless a model of one's own reads it. The
    first 2,000 characters are read.

    ``own``: a last layer that a workspace learned from corrections (:mod:`engage.text.own`), over the models.

    Equal texts are scored once. ``progress(done, total)`` counts different texts; :func:`sentiment_blocks`
    takes more texts than fit into memory. Raises ``UsageError`` for an unknown method, or a ``model`` that is
    missing or not used; ``InputError`` where the model of one's own can't be understood or run.
    """
    check_method(method, model)
    series = texts if isinstance(texts, pd.Series) else pd.Series(list(texts), dtype=object)
    clean = ["" if pd.isna(text) else str(text) for text in series]
    place, different = pd.factorize(pd.Series(clean, dtype=object))
    rows = _different([str(text) for text in different], method, model, progress, own)
    return rows.take(place).set_axis(series.index)


def _different(
    texts: list[str],
    method: Method,
    model: str | Path | None,
    progress: Progress | None,
    own: OwnLayer | None,
) -> pd.DataFrame:
    languages = detect(texts)
    frame = _by_model(texts, languages, progress if method == "model" else None, own)
    if method == "snownlp":
        frame["tone_score"] = _tone.score_all(texts, [str(one) for one in languages], progress)
        frame["tone"] = pd.Series(_tone.cut(frame["tone_score"].to_numpy(), languages), dtype="str")
    elif model is not None:
        mine = np.flatnonzero(languages != "none")
        more = _counter(len(texts) - len(mine), len(texts), progress)
        tone, score = np.full(len(texts), None, dtype=object), np.full(len(texts), np.nan)
        tone[mine], score[mine] = tones_by(model, [texts[place] for place in mine], more)
        frame["tone"], frame["tone_score"] = pd.Series(tone, dtype="str"), score
    return frame


def _counter(done: int, total: int, progress: Progress | None) -> Callable[[int], None]:
    """Return what takes how many more are done, and reports how many are."""

    def more(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, total)

    return more


def _by_model(
    texts: list[str], languages: np.ndarray, progress: Progress | None, own: OwnLayer | None
) -> pd.DataFrame:
    tone = np.full(len(texts), None, dtype=object)
    score = np.full(len(texts), np.nan)
    intent = np.full(len(texts), "other", dtype=object)
    theme = np.full(len(texts), "none", dtype=object)
    more = _counter(int((~np.isin(languages, LANGUAGES)).sum()), len(texts), progress)
    for language in LANGUAGES:
        mine = np.flatnonzero(languages == language)
        if len(mine):
            said = [texts[place] for place in mine]
            found = probabilities(said, language, more)
            if own is not None:
                found = own.adjusted(said, language, found)
            tone[mine] = np.array(_tone.TONES, dtype=object)[found.tone.argmax(axis=1)]
            score[mine] = found.tone[:, _tone.TONES.index("positive")]
            intent[mine] = np.array(INTENTS, dtype=object)[found.intent.argmax(axis=1)]
            theme[mine] = main_themes(found.theme, language)
    for place in np.flatnonzero(languages == "other"):
        intent[place] = unread_intent(texts[place])
    return pd.DataFrame(
        {
            "language": pd.Series([str(one) for one in languages], dtype="str"),
            "tone": pd.Series(tone, dtype="str"),
            "tone_score": score,
            "intent": pd.Series(intent, dtype="str"),
            "theme": pd.Series(theme, dtype="str"),
        }
    )
