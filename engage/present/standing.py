"""Which factors stand highest and lowest, and what to ask and do about one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from engage.instrument import Guide
from engage.present import numbers
from engage.present.labels import COMPOSITES, Names
from engage.present.look import released
from engage.privacy import SafeTable
from engage.words import pick, say

FACTORS: Final = ("hygiene", "motivator", "unlabelled")
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """A factor's scale id, and where it stands in words: its favourable share with the interval."""

    scale: str
    said: str


@dataclass(frozen=True, slots=True)
class Talk:
    """Questions for a talk about a factor, and what can be done: a name, what it is, what to look out for."""

    questions: tuple[str, ...]
    levers: tuple[tuple[str, str, str], ...]


def strengths_and_concerns(
    scores: SafeTable, names: Names
) -> tuple[tuple[Standing, ...], tuple[Standing, ...]]:
    """Return the factors with the most and with the fewest favourable answers, three of each at most.

    No factor is in both; where there are fewer than two, both are empty.
    """
    frame = released(scores, "scores").dropna(subset=["favourable"])
    own = ~frame["scale"].isin(list(COMPOSITES)) & frame["scale"].map(names.role_of).isin(FACTORS)
    ranked = frame[own].sort_values("favourable", ascending=False, kind="stable")
    many = min(_SHOWN, len(ranked) // 2)
    told = tuple(
        Standing(
            str(row["scale"]),
            say(
                "page_overview.ranked",
                names.lang,
                scale=names.scale(str(row["scale"])),
                share=numbers.percent(row["favourable"]),
                interval=numbers.span(row["ci_low"], row["ci_high"]),
            ),
        )
        for row in ranked.to_dict("records")
    )
    return told[:many], told[::-1][:many]


def response_of(rates: SafeTable, wave: str) -> "pd.Series | None":
    """Return the released row of how many answered in a wave, ``None`` where there is none."""
    frame = released(rates, "counts")
    found = frame[(frame["wave"] == wave) & (frame["measure"] == "responses")]
    return None if found.empty else found.iloc[0]


def talk_about(factor: str, guides: Mapping[str, Guide], names: Names) -> Talk | None:
    """Return what to ask and do about a factor, ``None`` where the list of levers does not have it."""
    guide = guides.get(factor)
    if guide is None:
        return None
    lang = names.lang
    levers = tuple(
        (pick(lever.name, lang), pick(lever.text, lang), pick(lever.watch, lang)) for lever in guide.levers
    )
    return Talk(tuple(pick(text, lang) for text in guide.talk), levers)
