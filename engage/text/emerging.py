"""What comments talk about, without a word list: groups of comments named by their own phrases."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from engage.errors import TooLittleData
from engage.text.features import normalise
from engage.text.language import detect
from engage.text.lexicons import lexicon

_FEWEST_TEXTS: Final = 30
_LANGUAGES: Final = ("zh", "en", "ru")
_PHRASES: Final = 5
_SWEEPS: Final = 200
_WORD: Final = re.compile(r"[a-z]{3,}|[а-я]{4,}")
_RUN: Final = re.compile(r"[\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class EmergingTheme:
    """A group of comments: its key phrases, strongest first, how many comments it is the main one of, and the
    places of the (up to ten) most typical ones in the texts given, and of all.
    """

    phrases: tuple[str, ...]
    n: int
    typical: tuple[int, ...]
    places: tuple[int, ...] = ()


def emerging_themes(
    texts: Iterable[str], *, count: int = 8, language: str = "zh"
) -> tuple[EmergingTheme, ...]:
    """Return ``count`` groups of what ``texts`` of one language talk about, largest first.

    Non-negative matrix factorisation of TF-IDF weights, X ≈ WH with W, H ≥ 0 (Lee & Seung's updates), begun
    from the singular vectors instead of at random, so that the same texts give the same groups. Terms are
    runs of 2–4 characters (zh) or words (en, ru), without stop words of the language and of suggestion boxes
    (``lexicons/stop.yaml``), in at least 3 texts and in at most a third. A group's phrases are the terms that
    weigh most in it, without those inside another.

    Texts that say nothing or are in another language are left out. Raises ``TooLittleData`` below 30 texts or
    where fewer terms than groups recur.
    """
    clean = ["" if text is None else str(text) for text in texts]
    mine = np.flatnonzero(detect(clean) == language)
    if len(mine) < _FEWEST_TEXTS:
        raise TooLittleData("text.few_texts", where="texts", n=len(mine), needed=_FEWEST_TEXTS)
    bags = [set(_terms(text, language)) for text in normalise([clean[place] for place in mine], language)]
    weights, terms = _weights(bags, count)
    shares, loads = _factor(weights, count)
    main = np.where(shares.max(axis=1) > 0, shares.argmax(axis=1), -1)
    found = []
    for group in range(count):
        members = np.flatnonzero(main == group)
        typical = members[np.argsort(-shares[members, group], kind="stable")[:10]]
        phrases = _phrases([terms[t] for t in np.argsort(-loads[group], kind="stable")[:40]])
        places = (tuple(int(mine[place]) for place in some) for some in (typical, members))
        found.append(EmergingTheme(phrases, len(members), *places))
    return tuple(sorted(found, key=lambda theme: -theme.n))


def terms_of(text: str, language: str) -> set[str]:
    """Return the terms of one text: runs of 2–4 characters (zh) or words (en, ru), without stop words."""
    return set(_terms(normalise([text], language)[0], language)) if language in _LANGUAGES else set()


def _terms(text: str, language: str) -> Iterable[str]:
    stop = _stop(language)
    if language != "zh":
        yield from (word for word in _WORD.findall(text) if word not in stop)
        return
    for run in _RUN.findall(text):
        for size in (2, 3, 4):
            for place in range(len(run) - size + 1):
                term = run[place : place + size]
                if not any(word in term for word in stop):
                    yield term


@cache
def _stop(language: str) -> frozenset[str]:
    return frozenset(str(word) for word in lexicon("stop")[language])


def _weights(bags: list[set[str]], count: int) -> tuple[npt.NDArray[np.float64], list[str]]:
    frequency: dict[str, int] = {}
    for bag in bags:
        for term in bag:
            frequency[term] = frequency.get(term, 0) + 1
    kept = {term: n for term, n in frequency.items() if 3 <= n <= max(len(bags) / 3, 3)}
    # the most frequent 2,000 are plenty to tell groups apart, and bound the memory
    terms = sorted(kept, key=lambda term: (-kept[term], term))[:2000]
    if len(terms) <= count:
        raise TooLittleData("text.few_terms", where="texts", n=len(terms), needed=count + 1)
    number = {term: place for place, term in enumerate(terms)}
    weights = np.zeros((len(bags), len(terms)))
    for row, bag in enumerate(bags):
        for term in bag & number.keys():
            weights[row, number[term]] = np.log(len(bags) / kept[term])
    length = np.sqrt((weights**2).sum(axis=1, keepdims=True))
    return weights / np.where(length > 0, length, 1), terms


def _factor(
    weights: npt.NDArray[np.float64], count: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return W (texts, count) and H (count, terms)."""
    if len(weights) < weights.shape[1]:  # of XX' and X'X the smaller one gives the same singular vectors
        values, vectors = np.linalg.eigh(weights @ weights.T)
        sizes = np.sqrt(np.maximum(values[::-1][:count], 1e-12))
        right = weights.T @ (vectors[:, ::-1][:, :count] / sizes)
    else:
        right = np.linalg.eigh(weights.T @ weights)[1][:, ::-1][:, :count]
    left = weights @ right
    shares, loads = np.zeros((len(weights), count)), np.zeros((count, weights.shape[1]))
    for k in range(count):
        # of a singular pair keep the side, positive or negative, that carries more (NNDSVD)
        sides = [(np.maximum(s * left[:, k], 0), np.maximum(s * right[:, k], 0)) for s in (1, -1)]
        shares[:, k], loads[k] = max(
            sides, key=lambda side: np.linalg.norm(side[0]) * np.linalg.norm(side[1])
        )
    small = 1e-9
    shares, loads = shares + 1e-3 * weights.mean(), loads + 1e-3 * weights.mean()
    for _ in range(_SWEEPS):
        loads *= (shares.T @ weights) / (shares.T @ shares @ loads + small)
        shares *= (weights @ loads.T) / (shares @ (loads @ loads.T) + small)
    return shares, loads


def _phrases(terms: list[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for term in terms:
        if any(term in other for other in kept):
            continue
        kept = [other for other in kept if other not in term] + [term]
        if len(kept) == _PHRASES:
            break
    return tuple(kept)
