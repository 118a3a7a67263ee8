"""Which comments may be read, in which words: the gate of the texts themselves."""

import hashlib
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from engage.privacy.policy import Policy
from engage.privacy.safe import SafeTable, seal
from engage.privacy.tone import hidden_tone
from engage.text import redact
from engage.text.covering import representatives
from engage.text.telling import KnownNames, Mention, mentions, with_placeholders

PART: Final = ("question", "source")
COMMENT_COLUMNS: Final = ("comment", *PART, "theme", "text", "tone", "intent", "typical")
LABELS: Final = ("tone", "intent", "theme")

_LONGEST: Final = 600  # characters; a longer one tells a story that somebody knows
_LONGEST_TYPICAL: Final = {"zh": 120}
_LONGEST_TYPICAL_ELSE: Final = 240
_TYPICAL: Final = 3
_PLACEHOLDER: Final = re.compile(r"\[[A-Z_]+\]")
_GAP: Final = re.compile(
    r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])"
)  # no spaces within Chinese
_OWN_NAMES: Final = re.compile(
    r"(?<![.!?…\s])\s+([A-ZА-ЯЁ][\w-]+)|([A-Za-z]{2,})(?=[\u3400-\u9fff])|(?<=[\u3400-\u9fff])([A-Za-z]{2,})"
)


@dataclass(frozen=True, slots=True)
class Masked:
    """A comment as it may be read. ``text`` is ``""`` where it may not be read at all."""

    text: str
    found: tuple[Mention, ...] = ()


def reference(salt: str, *said: object) -> str:
    """Return what a shown comment (or wish) is called: a digest of the words that are shown, keyed by
    ``salt``.
    """
    key = hashlib.sha256(salt.encode()).digest()
    return hashlib.blake2b("\n".join(map(str, said)).encode(), digest_size=6, key=key).hexdigest()


def masked(text: str, known: KnownNames) -> Masked:
    """Return ``text`` without the names in it, and what else in it could tell who wrote it.

    A comment with an identifier of a person other than a name (a number, an address, an account), with a
    respondent's id, or longer than 600 characters may not be read at all.
    """
    redacted = redact(text)
    if len(text) > _LONGEST or any(entity.type != "NAME" for entity in redacted.entities):
        return Masked("")
    found = mentions(redacted.text, known)
    if any(mention.type == "EMPLOYEE_ID" for mention in found):
        return Masked("")
    return Masked(redacted.text, found)


def release_comments(
    comments: pd.DataFrame, groups: Sequence[str], known: KnownNames, policy: Policy, *, salt: str
) -> SafeTable:
    """Release the comments of one closed wave that may be read.

    ``comments``: what the wave's tone tables are of, one row each: ``question, source, theme, tone, intent,
    language, text, respondent`` (missing where nobody knows) and the ``groups``. Read may be those on a theme
    whose tone is shown (:func:`engage.privacy.hidden_tone`: ``comments_k`` writers, and as many beside them
    or none), in the words of :func:`masked`, with ``[DATE]``, ``[PLACE]``, ``[GROUP]``, ``[NUMBER]`` in
    place of what fewer than ``comments_k`` writers on that theme mention.

    Columns ``COMMENT_COLUMNS``: ``comment`` is a keyed digest of the words shown, by which the rows are
    sorted within question and source: an order that has nothing to do with when or by whom they were
    written. Equal ones stand once. ``typical``: 1 to 3 for the comments that represent those on the theme
    (:func:`engage.text.covering.representatives`), 0 for the others; a comment is never typical if anything
    of it was replaced or it holds a name, a long number or a word that looks like a name.
    """
    rows = []
    heard = comments.dropna(subset=["tone", *PART])
    for (question, source), part in heard.groupby(list(PART), sort=True):
        part = part.reset_index(drop=True)
        reasons = hidden_tone(part, "theme", groups, policy)
        for theme, cell in part.groupby("theme", sort=True):
            if reasons[str(theme)] == "":
                shown = _readable(cell, known, policy.comments_k)
                rows += [_row(one, (str(question), str(source), str(theme)), salt) for one in shown]
    frame = pd.DataFrame(rows, columns=list(COMMENT_COLUMNS))
    frame = frame.sort_values([*PART, "comment"]).drop_duplicates(["comment", "theme"])
    return seal("comments", frame)


def pick_comments(
    tables: Sequence[SafeTable],
    *,
    theme: str = "",
    question: str = "",
    source: str = "",
    search: str = "",
    typical: bool = False,
    corrected: Mapping[str, tuple[str, str]] | None = None,
) -> SafeTable:
    """Pick from released comments, those of several waves laid together, newest wave first.

    ``search`` is looked for in the words that are shown, upper and lower case alike; nothing else is
    searched. ``corrected``: by ``comment``, the labels that HR gave it and who did: further columns
    ``corrected, corrected_by``, ``""`` where nobody did. Themes are picked as they were read: a correction
    moves no comment.
    """
    frames = [table.tidy() for table in tables]
    frame = pd.concat(frames) if frames else pd.DataFrame(columns=list(COMMENT_COLUMNS))
    frame = frame.drop_duplicates(["comment", "theme"])
    keep = pd.Series(True, index=frame.index)
    if theme:
        keep &= frame["theme"] == theme
    if question:
        keep &= frame["question"] == question
    if source:
        keep &= frame["source"] == source
    if search.strip():
        keep &= frame["text"].str.casefold().str.contains(search.strip().casefold(), regex=False)
    if typical:
        keep &= frame["typical"] > 0
    frame = frame[keep.to_numpy()].sort_values([*PART, "comment"])
    given = [(corrected or {}).get(str(one), ("", "")) for one in frame["comment"]]
    frame = frame.assign(corrected=[labels for labels, _ in given], corrected_by=[who for _, who in given])
    return seal("comments", frame.astype({"typical": "int64"}))


@dataclass(frozen=True, slots=True)
class _Shown:
    text: str
    tone: str
    intent: str
    typical: int


def _readable(cell: pd.DataFrame, known: KnownNames, enough: int) -> list[_Shown]:
    """Return the comments on a theme as they may be read."""
    parts = [masked(str(text), known) for text in cell["text"]]
    common = common_words(parts, people_of(cell).tolist(), enough)
    texts = [worded(part, common) for part in parts]
    there = [place for place, text in enumerate(texts) if text]
    kept = [texts[place] for place in there]
    languages = [str(cell["language"].iloc[place]) for place in there]
    plain = [is_plain(text, language, common) for text, language in zip(kept, languages, strict=True)]
    chosen = representatives(kept, count=_TYPICAL, allowed=plain) if kept else ()
    rank = {place: number for number, place in enumerate(chosen, start=1)}
    rows = [
        _Shown(texts[place], str(cell["tone"].iloc[place]), str(cell["intent"].iloc[place]), rank.get(at, 0))
        for at, place in enumerate(there)
    ]
    return sorted(rows, key=lambda row: row.typical == 0)  # of equal ones the typical stays


def people_of(comments: pd.DataFrame) -> pd.Series:
    """Return who wrote each comment (``respondent``); whom nobody knows is a person of their own."""
    known = comments["respondent"].astype(object)
    return known.where(known.notna(), pd.Series(comments.index, comments.index, dtype=object))


def common_words(parts: Sequence[Masked], people: Sequence[Hashable], enough: int) -> set[str]:
    """Return what enough people mention: days, places, teams, numbers, and words that look like names."""
    behind: dict[str, set[Hashable]] = {}
    for part, who in zip(parts, people, strict=True):
        for word in (*mentioned(part), *_own_names(part.text)):
            behind.setdefault(word, set()).add(who)
    return {word for word, some in behind.items() if len(some) >= enough}


def mentioned(part: Masked) -> list[str]:
    """Return what a comment mentions: days, places, teams, numbers, without space and case."""
    return ["".join(part.text[m.start : m.end].casefold().split()) for m in part.found]


def _own_names(text: str) -> list[str]:
    """Return words that look like names: capitals within a sentence, Latin letters within Chinese."""
    return [next(filter(None, match.groups())).casefold() for match in _OWN_NAMES.finditer(text)]


def worded(part: Masked, common: set[str]) -> str:
    """Return a comment's words, with placeholders for what it mentions and ``common`` does not hold."""
    rare = [mention for mention, word in zip(part.found, mentioned(part), strict=True) if word not in common]
    return _GAP.sub("", " ".join(with_placeholders(part.text, rare).split()))


def is_plain(text: str, language: str, common: set[str]) -> bool:
    """Return whether a comment may stand for others: short, unaltered, no name-like word outside
    ``common``.
    """
    return (
        len(text) <= _LONGEST_TYPICAL.get(language, _LONGEST_TYPICAL_ELSE)
        and not _PLACEHOLDER.search(text)
        and all(word in common for word in _own_names(text))
    )


def _row(one: _Shown, where: tuple[str, str, str], salt: str) -> tuple[object, ...]:
    question, source, theme = where
    mark = reference(salt, question, source, one.text)
    return mark, question, source, theme, one.text, one.tone, one.intent, one.typical
