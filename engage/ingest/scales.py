"""The answer scales in common use, and what a set of answer words means on them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import yaml

from engage.ingest.names import fold_word
from engage.words import Language

_HAN: Final = re.compile(r"[一-鿿]")
_CYRILLIC: Final = re.compile(r"[а-яё]", re.IGNORECASE)
_LATIN: Final = re.compile(r"[a-z]", re.IGNORECASE)

_STEPS: Final[Mapping[int, tuple[str, ...]]] = {
    4: ("far_low", "low", "high", "far_high"),
    5: ("far_low", "low", "middle", "high", "far_high"),
    6: ("far_low", "low", "mild_low", "mild_high", "high", "far_high"),
    7: ("far_low", "low", "mild_low", "middle", "mild_high", "high", "far_high"),
}


@dataclass(frozen=True, slots=True)
class UsualScale:
    """A usual scale that holds every word of a column: ``place`` is 0 for the lowest step, by folded word."""

    family: str
    points: int
    place: Mapping[str, int]

    @property
    def name(self) -> str:
        """Family and number of points, such as ``agree5``."""
        return f"{self.family}{self.points}"


@cache
def _written() -> Mapping[str, Mapping[str, list[str]]]:
    """Return ``{family: {step: words}}`` as ``scales.yaml`` has them."""
    text = files("engage.ingest").joinpath("scales.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Mapping[str, list[str]]] = yaml.safe_load(text)
    return loaded


@cache
def families() -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Return ``{family: {step: folded words}}``."""
    return {
        family: {step: frozenset(fold_word(word) for word in words) for step, words in steps.items()}
        for family, steps in _written().items()
    }


def usual_scales(words: Iterable[str], points: int | None = None) -> tuple[UsualScale, ...]:
    """Return every usual scale that gives each of ``words`` a step of its own; none for fewer than two.

    ``points`` restricts the answer; without it, scales are listed from few points to many. A word with two
    possible steps takes the one that the others leave it; if both stay possible the scale is not listed.
    """
    keys = sorted({fold_word(word) for word in words} - {""})
    if len(keys) < 2:
        return ()
    found = []
    for family, steps in families().items():
        for count, names in _STEPS.items():
            if points in (None, count):
                place = _placed(keys, [steps[name] for name in names])
                if place is not None:
                    found.append(UsualScale(family, count, place))
    return tuple(sorted(found, key=lambda scale: scale.points))


def _placed(keys: list[str], steps: list[frozenset[str]]) -> dict[str, int] | None:
    options = {key: {n for n, words in enumerate(steps) if key in words} for key in keys}
    place: dict[str, int] = {}
    while options:
        sure = [key for key, rest in options.items() if len(rest) == 1]
        if not sure or any(not rest for rest in options.values()):
            return None
        key = sure[0]
        (at,) = options.pop(key)
        place[key] = at
        for rest in options.values():
            rest.discard(at)
    return place


def in_language(word: str, lang: Language) -> bool:
    """Return whether a word is written in the letters of a language."""
    return bool({"zh": _HAN, "ru": _CYRILLIC}.get(lang, _LATIN).search(word))


def steps_in(scale: UsualScale, lang: Language) -> list[str]:
    """Return one word per step of a scale in a language, the first that ``scales.yaml`` lists."""
    steps = _written()[scale.family]
    return [
        next((word for word in steps[name] if in_language(word, lang)), steps[name][0])
        for name in _STEPS[scale.points]
    ]
