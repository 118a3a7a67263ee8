"""How alike wordings are: a stated score, and whether it may be acted upon without asking."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from engage.ingest.dialects import Column
from engage.ingest.names import fold

LISTED: Final = 0.75  # wordings less alike are not worth a look
SURE: Final = 0.9
_MARGIN: Final = 0.05  # by which the best must lead
_MOST_COMPARED: Final = 300  # columns: comparing wordings is quadratic
_LONGEST: Final = 300
_TURNS: Final = re.compile(
    r"[不没未无非莫别]|\b(?:not|no|never|nobody|nothing|without|hardly|rarely|too little|too few)\b"
    r"|n't\b|\bun(?=[a-z]{4})"
    r"|(?<!\w)(?:не|нет|ни|никогда|без|никто|ничего)(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Likeness:
    """A column worded almost like something known: ``score`` is 0 to 1.

    ``sure``: nothing else comes near, and no negation or number differs, so that it may be taken for it.
    """

    column: Column
    id: str
    score: float
    sure: bool


def likenesses(columns: Sequence[Column], texts: Mapping[str, str]) -> tuple[Likeness, ...]:
    """Return the nearest of ``{wording: id}`` for each column that has one at least 75 % alike.

    The score is the share of matching characters of the folded wordings (Ratcliff and Obershelp: twice the
    matching characters over all characters).
    """
    known = {fold(text)[:_LONGEST]: (text, id) for text, id in texts.items()}
    found = []
    for column in columns[:_MOST_COMPARED]:
        best = _nearest(column, known)
        if best is not None:
            found.append(best)
    rivals = {
        id: sorted((one.score for one in found if one.id == id), reverse=True) for _, id in known.values()
    }
    return tuple(
        Likeness(one.column, one.id, one.score, one.sure and _leads(one.score, rivals[one.id]))
        for one in found
    )


def _leads(score: float, scores: Sequence[float]) -> bool:
    return scores[0] == score and (len(scores) < 2 or scores[1] <= score - _MARGIN)


def _nearest(column: Column, known: Mapping[str, tuple[str, str]]) -> Likeness | None:
    best: dict[str, tuple[float, str, str]] = {}
    for name in column.names:
        key = fold(name)[:_LONGEST]
        matcher = SequenceMatcher(b=key, autojunk=False)
        for wording, (text, id) in known.items():
            matcher.set_seq1(wording)
            if matcher.real_quick_ratio() < LISTED or matcher.quick_ratio() < LISTED:
                continue
            score = matcher.ratio()
            if score >= LISTED and score > best.get(id, (0.0, "", ""))[0]:
                best[id] = (score, name, text)
    if not best:
        return None
    ranked = sorted(best.items(), key=lambda pair: -pair[1][0])
    id, (score, name, text) = ranked[0]
    leads = len(ranked) < 2 or ranked[1][1][0] <= score - _MARGIN
    return Likeness(column, id, score, score >= SURE and leads and _same_sense(name, text))


def _same_sense(one: str, other: str) -> bool:
    """Return whether two wordings negate as often and name the same numbers."""
    return len(_TURNS.findall(one)) == len(_TURNS.findall(other)) and re.findall(
        r"\d+", fold(one)
    ) == re.findall(r"\d+", fold(other))
