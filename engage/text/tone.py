"""The stock parts that tone was read with before there was a model: yardstick and ``method="snownlp"``.

SnowNLP for Chinese, VADER for English, a small word list for Russian, cut into negative, neutral and
positive. They were made for shop reviews and social media. `docs/text.md` sets them beside the models of
:mod:`engage.text.model`.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from engage.text.lexicons import lexicon

Tone = Literal["negative", "neutral", "positive"]
TONES: Final[tuple[Tone, ...]] = ("negative", "neutral", "positive")

# Below the first number negative, above the second positive. VADER's are its authors' own: compound ±.05.
CUTS: Final = {"zh": (0.4, 0.6), "en": (0.475, 0.525), "ru": (0.4, 0.6)}

_LONGEST: Final = 2000  # characters read; longer texts add time and, the scores being saturated, nothing else


def score(text: str, language: str) -> float:
    """Return P(positive) of one text, 0..1; NaN where there is no model for the language.

    zh: SnowNLP's ``sentiments`` (naive Bayes). en: (VADER compound + 1) / 2. ru: (p + ½) / (p + n + 1), with
    p and n the number of positive and negative words of ``lexicons/ru_tone.yaml``, negation turned round.
    Only the first 2,000 characters are read.
    """
    scorer = _SCORERS.get(language)
    return float("nan") if scorer is None else scorer()(text[:_LONGEST])


def cut(scores: npt.NDArray[np.float64], languages: npt.NDArray[np.str_]) -> npt.NDArray[np.object_]:
    """Return the tone of each score at the fixed cut-offs of its language (``CUTS``); None where NaN."""
    tones = np.full(len(scores), None, dtype=object)
    for language, (low, high) in CUTS.items():
        mine = (languages == language) & ~np.isnan(scores)
        tones[mine] = np.select(
            [scores[mine] < low, scores[mine] > high], ["negative", "positive"], "neutral"
        )
    return tones


def _chinese() -> Callable[[str], float]:
    # 2.2 s and 420 MB: only when there is Chinese text to score
    from snownlp import sentiment

    return lambda text: float(sentiment.classify(text))


def _english() -> Callable[[str], float]:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyser = SentimentIntensityAnalyzer()
    return lambda text: (float(analyser.polarity_scores(text)["compound"]) + 1) / 2


def _russian() -> Callable[[str], float]:
    words = lexicon("ru_tone")
    values = {"positive": 1, "negative": -1, "neutral": 0}
    stems = {stem: value for name, value in values.items() for stem in words[name]}
    negators, reach = frozenset(words["negators"]), int(words["negation_reach"])
    longest = max(map(len, stems))

    def polarity(word: str) -> int:
        for end in range(min(len(word), longest), 0, -1):
            if word[:end] in stems:
                return stems[word[:end]]
        return 0

    def scored(text: str) -> float:
        found: list[int] = []
        for clause in _CLAUSE.split(text.casefold()):
            tokens = _CYRILLIC_WORD.findall(clause)
            for place, token in enumerate(tokens):
                value = polarity(token) if token not in negators else 0
                negated = any(before in negators for before in tokens[max(0, place - reach) : place])
                found.append(-value if negated else value)
        return _share(found.count(1), found.count(-1))

    return scored


_CLAUSE: Final = re.compile(r"[,.;:!?…()\n—–]+")
_CYRILLIC_WORD: Final = re.compile(r"[а-яё]+")


def _share(positive: int, negative: int) -> float:
    return (positive + 0.5) / (positive + negative + 1)


_SCORERS: Final[dict[str, Callable[[], Callable[[str], float]]]] = {
    "zh": cache(_chinese),
    "en": cache(_english),
    "ru": cache(_russian),
}


def score_all(
    texts: Sequence[str], languages: Sequence[str], progress: Callable[[int, int], None] | None = None
) -> npt.NDArray[np.float64]:
    """Return :func:`score` of each text; ``progress(done, total)`` after every 50 texts and at the end."""
    scores = np.empty(len(texts))
    for done, (text, language) in enumerate(zip(texts, languages, strict=True), start=1):
        scores[done - 1] = score(text, language)
        if progress is not None and (done % 50 == 0 or done == len(texts)):
            progress(done, len(texts))
    return scores
