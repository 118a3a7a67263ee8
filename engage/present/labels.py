"""Words for the stable ids of the data: scales, roles, demographics, themes, outcomes, tones."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from engage.instrument import Instrument, Role
from engage.present import numbers
from engage.privacy import UNNAMED
from engage.words import Language, catalogue, known, pick, say

COMPOSITES: Final[dict[str, Role]] = {"hygiene": "hygiene", "motivator": "motivator"}
"""Means over all scales of a role; they are released beside the scales."""

POINTS: Final = "enps_net"
"""The net promoter score, in points from −100 to 100, so never on a favourable-share axis."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names of one instrument in one language.

    Every method falls back on the id itself, so that a table with an unknown id still shows. ``instrument``
    ``None`` knows the catalogue's words only.
    """

    instrument: Instrument | None
    lang: Language

    def scale(self, id: str) -> str:
        """Return the name of a scale, of a composite (``hygiene``, ``motivator``) or of ``enps_net``."""
        if self.instrument is not None:
            for scale in self.instrument.scales:
                if scale.id == id:
                    return pick(scale.name, self.lang)
        return self._word("scale", id)

    def scale_share(self, id: str) -> str:
        """Return what the favourable share of a scale is of: its name, or for eNPS who would recommend."""
        key = f"labels.share_of.{id}"
        return say(key, self.lang) if known(key) else self.scale(id)

    def role(self, id: str) -> str:
        """Return the word for a role, such as ``hygiene``."""
        return self._word("role", id)

    def role_of(self, scale: str) -> Role:
        """Return the role of a scale or composite, ``"unlabelled"`` for an id that is neither."""
        if scale in COMPOSITES:
            return COMPOSITES[scale]
        if self.instrument is not None:
            for known_scale in self.instrument.scales:
                if known_scale.id == scale:
                    return known_scale.role
        return "outcome" if scale == POINTS else "unlabelled"

    def is_level(self, scale: str) -> bool:
        """Return whether a scale is a level to reach (it has targets), which no share of favourable tells."""
        known_scales = self.instrument.scales if self.instrument is not None else ()
        return any(one.id == scale and bool(one.targets) for one in known_scales)

    def demographic(self, id: str) -> str:
        """Return the name of a demographic, of an HR field used as one, or of ``wave``, ``theme`` …"""
        if self.instrument is not None:
            for demographic in self.instrument.demographics:
                if demographic.id == id:
                    return pick(demographic.name, self.lang)
        return self._word("demographic", id)

    def level(self, demographic: str, value: object) -> str:
        """Return the word for a value of a demographic; a missing value is "not stated"."""
        if is_missing(value):
            return say("labels.not_stated", self.lang)
        text = str(value)
        if demographic == "theme":
            return self.theme(text)
        if text.startswith(UNNAMED):
            return say("labels.unnamed_group", self.lang, number=text.removeprefix(UNNAMED))
        if self.instrument is not None:
            for known_one in self.instrument.demographics:
                if known_one.id == demographic:
                    for level in known_one.levels:
                        if level.id == text:
                            return pick(level.label, self.lang)
        return self._word(f"level.{demographic}", text)

    def levels(self, demographic: str) -> tuple[str, ...]:
        """Return the ids of a demographic's levels in the instrument's order, ``()`` where any value goes."""
        if self.instrument is not None:
            for known_one in self.instrument.demographics:
                if known_one.id == demographic:
                    return tuple(level.id for level in known_one.levels)
        return ()

    def theme(self, id: str) -> str:
        """Return the name of a comment theme; the driver tables' ``theme:`` before it is no part of it."""
        return self._word("theme", id.removeprefix("theme:"))

    def question(self, id: str) -> str:
        """Return the wording of an open question."""
        if id.startswith(UNNAMED):
            return say("labels.unnamed_question", self.lang, number=id.removeprefix(UNNAMED))
        if self.instrument is not None:
            for question in self.instrument.questions:
                if question.id == id:
                    return pick(question.text, self.lang)
        return self._word("question", id)

    def source(self, id: str) -> str:
        """Return the name of a comment source (``employee``, ``customer_relayed``)."""
        return self._word("source", id)

    def outcome(self, id: str) -> str:
        """Return the name of an outcome: ``attrition``, ``service``, a service measure or a scale."""
        return say(f"labels.outcome.{id}", self.lang) if known(f"labels.outcome.{id}") else self.scale(id)

    def driver(self, id: str) -> str:
        """Return the name of a driver: one from the comments, a scale or a composite."""
        return say(f"labels.driver.{id}", self.lang) if known(f"labels.driver.{id}") else self.scale(id)

    def tone(self, id: str) -> str:
        """Return the word for ``negative``, ``neutral`` or ``positive``."""
        return self._word("tone", id)

    def intent(self, id: str) -> str:
        """Return the word for what a comment wants, such as ``complaint``."""
        return self._word("intent", id)

    def status(self, id: str) -> str:
        """Return the word for what became of a wish, such as ``planned``."""
        return self._word("status", id)

    def measure(self, id: str) -> str:
        """Return the name of something counted, such as ``responses``."""
        return self._word("measure", id)

    def hidden(self, reason: object) -> str:
        """Return why a cell is hidden, ``""`` for a cell that is shown."""
        if is_missing(reason):
            return ""
        key = f"privacy.hidden.{reason}"
        return say(key, self.lang) if known(key) else str(reason)

    def refusal(self, reasons: Iterable[object]) -> str:
        """Return a sentence that says why there is nothing to say."""
        why = list(dict.fromkeys(filter(None, map(self.hidden, reasons))))
        return (
            say("sentences.all_hidden", self.lang, reasons=why)
            if why
            else say("sentences.nothing", self.lang)
        )

    def n(self, n: object, n_band: object) -> str:
        """Return a released number of people: exact, as its band, or ``"–"`` where it is hidden."""
        if not is_missing(n):
            return numbers.whole(int(str(n)), self.lang)
        return "–" if is_missing(n_band) else str(n_band).replace("-", "–")

    def inline(self, name: str) -> str:
        """Return a name as it stands inside a sentence: quoted in Russian, in lower case in English."""
        if self.lang == "ru":
            return f"«{name}»"
        if self.lang == "en" and name[1:2].islower():
            return name[:1].lower() + name[1:]
        return name

    def _word(self, group: str, id: str) -> str:
        key = f"labels.{group}.{id}"
        return say(key, self.lang) if known(key) else id


def method_lines(area: str, lang: Language) -> tuple[str, ...]:
    """Return how a page's figures are made: its catalogue's ``method_1``, ``method_2`` …"""
    words = catalogue(area, lang)
    return tuple(words[key] for key in sorted(words) if key.startswith("method_"))


def is_missing(value: Any) -> bool:
    """Return whether a cell holds nothing: ``None``, ``NA``, NaN or an empty string."""
    return bool(pd.isna(value)) or (isinstance(value, str) and not value)
