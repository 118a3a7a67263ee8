"""What many people ask for in nearly the same words: how many, wave by wave, and what became of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from engage.privacy import rounding
from engage.privacy.policy import Policy
from engage.privacy.safe import SafeTable, seal
from engage.privacy.suppress import suppress
from engage.privacy.voices import PART, common_words, is_plain, masked, people_of, reference, worded
from engage.text.covering import representatives
from engage.text.emerging import terms_of
from engage.text.telling import KnownNames

STATUSES: Final = ("open", "planned", "done", "declined")
WISH_COLUMNS: Final = (
    "wish", *PART, "theme", "intent", "name", "named_by", "first_wave", "wave", "waves",
    "per_wave", "n", "n_band",
    "negative", "reach", "constructive", "novelty", "score", "rank", "status", "reason", "who", "since",
)  # fmt: skip
WEIGHTS: Final = {"reach": 0.5, "constructive": 0.25, "novelty": 0.25}
"""What the score of the shortlist is made of; see :func:`follow_up`."""

_PHRASES: Final = 3
_MARKS: Final = 100


@dataclass(frozen=True, slots=True)
class Wishes:
    """Released wishes, and for each the digests of its comments that may be read (not for readers)."""

    table: SafeTable
    marks: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Following:
    """What became of a wish: one of ``STATUSES``, why, who said so, and on which day (ISO)."""

    status: str
    reason: str
    who: str
    since: str


def release_wishes(
    members: pd.DataFrame, waves: Sequence[str], known: KnownNames, policy: Policy, *, salt: str
) -> Wishes:
    """Release what is asked for, one row per wish and one for all further wishes of a question and source.

    ``members``: the comments of closed waves that ask for or complain of something, one row each: ``wave,
    question, source, wish`` (a number, the same over waves), ``theme, tone, intent, language, text,
    respondent`` (missing where nobody knows). ``waves``: the closed waves, oldest first.

    In each wave, question and source a wish is shown if ``comments_k`` people ask for it and those who ask
    for anything else are as many in two wishes or more, or none (:mod:`engage.privacy.suppress`). People of
    several waves are never added up. ``per_wave``: the people of each wave, exact from 20 on, else in bands,
    ``""`` where hidden; ``n, n_band, negative`` (a share, rounded and capped as that of a theme) are of
    ``wave``, the newest one in which it is shown. ``name`` is one of its comments of the first wave in which
    it is shown (``named_by`` is ``comment``) if one may be read unaltered, else words that ``comments_k`` of
    these people use (``words``); it and the id stay when waves are added.
    """
    rows: list[dict[str, object]] = []
    marks: dict[str, frozenset[str]] = {}
    for (question, source), part in members.groupby(list(PART), sort=True):
        cells = _cells(part, policy.comments_k)
        further = cells[cells["hidden"]]
        for number, mine in cells[~cells["hidden"]].groupby("wish", sort=True):
            comments = part[part["wish"] == number]
            row, some = _row(comments, mine, waves, known, policy, salt)
            row |= {"question": question, "source": source}
            row["wish"] = reference(
                salt, question, source, row["name"], row["theme"], "" if row["name"] else number
            )
            rows.append(row)
            marks[str(row["wish"])] = some
        if len(further):
            rows.append({"question": question, "source": source, **_further(part, cells, waves, policy)})
    frame = pd.DataFrame(rows).reindex(columns=list(WISH_COLUMNS))
    return Wishes(seal("wishes", _ordered(frame)), marks)


def follow_up(table: SafeTable, waves: Sequence[str], following: Mapping[str, Following]) -> SafeTable:
    """Lay what became of each wish beside it, and rank the open suggestions for the contest.

    score = 100 · (½ · reach + ¼ · constructive + ¼ · novelty), of released numbers alone: ``reach`` is the
    people (the lower end of a band) over those of the widest wish, ``constructive`` 1 less the negative
    share, ``novelty`` 1 over the waves in which the wish was shown. Ranked are wishes that are mostly
    suggestions, shown in the newest wave of ``waves``, and not yet planned, done or declined.
    """
    frame = table.tidy()
    there = frame["wish"].notna()
    for column in ("status", "reason", "who", "since"):
        given = [getattr(following[w], column) if w in following else "" for w in frame["wish"]]
        frame[column] = pd.Series(given, frame.index, dtype=object).where(there, None)
    frame.loc[there & (frame["status"] == ""), "status"] = "open"
    sizes = [_sure(n, band) for n, band in zip(frame["n"], frame["n_band"], strict=True)]
    people = pd.Series(sizes, frame.index, dtype=float)
    ranked = there & (frame["status"] == "open") & (frame["intent"] == "suggestion")
    ranked &= frame["wave"] == (waves[-1] if waves else "")
    widest = people[ranked].max() if ranked.any() else 1.0
    frame["reach"] = (people / widest).where(ranked).round(2)
    frame["constructive"] = (1 - frame["negative"].astype(float)).where(ranked).round(2)
    frame["novelty"] = (1 / frame["waves"].astype(float)).where(ranked).round(2)
    parts = frame[list(WEIGHTS)].mul(pd.Series(WEIGHTS))
    frame["score"] = (100 * parts.sum(axis=1, skipna=False)).round()
    frame["rank"] = frame["score"].rank(method="min", ascending=False).astype("Int64")
    order = frame.assign(size=people, further=~there)
    order = order.sort_values(
        [*PART, "further", "size", "score"], ascending=[True, True, True, False, False], kind="stable"
    )
    return seal("wishes", order[list(WISH_COLUMNS)])


def _sure(n: Any, band: object) -> float:
    if not pd.isna(n):
        return float(str(n))
    return float(str(band).partition("-")[0]) if isinstance(band, str) else 0.0


def _cells(part: pd.DataFrame, enough: int) -> pd.DataFrame:
    """Return ``wave, wish, people, hidden`` of one question and source."""
    counted = part.assign(who=people_of(part)).groupby(["wave", "wish"], sort=True)["who"].nunique()
    cells = counted.rename("people").reset_index()
    for _, wave in cells.groupby("wave"):
        sizes = wave.rename(columns={"people": "n"})
        cells.loc[wave.index, "hidden"] = suppress(sizes, ["wish"], enough) != ""
    return cells.assign(hidden=cells["hidden"].astype(bool))


def _row(
    comments: pd.DataFrame,
    cells: pd.DataFrame,
    waves: Sequence[str],
    known: KnownNames,
    policy: Policy,
    salt: str,
) -> tuple[dict[str, object], frozenset[str]]:
    people = {str(wave): int(n) for wave, n in zip(cells["wave"], cells["people"], strict=True)}
    there = [wave for wave in waves if wave in people]
    first, last = (comments[comments["wave"] == wave] for wave in (there[0], there[-1]))
    n = people[there[-1]]
    name, by = _name(first, known, policy.comments_k)
    negative = rounding.share(float((last["tone"] == "negative").mean()), n, 0)
    return {
        "theme": str(first["theme"].mode().iloc[0]),
        "intent": str(first["intent"].mode().iloc[0]),
        "name": name,
        "named_by": by,
        "first_wave": there[0],
        "wave": there[-1],
        "waves": len(there),
        "per_wave": tuple(_shown(people.get(wave)) for wave in waves),
        "n": rounding.n_shown(n),
        "n_band": rounding.n_band(n),
        "negative": negative,
    }, _marks(comments[comments["wave"].isin(there)], known, salt)


def _shown(n: int | None) -> str:
    if n is None:
        return ""
    exact = rounding.n_shown(n)
    return str(rounding.n_band(n)) if exact is None else str(exact)


def _name(comments: pd.DataFrame, known: KnownNames, enough: int) -> tuple[str, str]:
    """Return what a wish is called, and by what: a comment, words, or nothing that enough people share."""
    parts = [masked(str(text), known) for text in comments["text"]]
    people = people_of(comments).tolist()
    common = common_words(parts, people, enough)
    texts = [worded(part, set()) for part in parts]
    languages = comments["language"].astype(str).tolist()
    plain = [
        bool(text) and is_plain(text, language, common)
        for text, language in zip(texts, languages, strict=True)
    ]
    chosen = representatives(texts, count=1, allowed=plain)
    if chosen:
        return texts[chosen[0]], "comment"
    behind: dict[str, set[object]] = {}
    for part, language, who in zip(parts, languages, people, strict=True):
        for term in terms_of(part.text, language):
            behind.setdefault(term, set()).add(who)
    shared = sorted((t for t, who in behind.items() if len(who) >= enough), key=lambda t: (-len(t), t))
    words: list[str] = []
    for term in shared:
        if not any(term in other for other in words) and len(words) < _PHRASES:
            words.append(term)
    return " · ".join(words), "words" if words else ""


def _marks(comments: pd.DataFrame, known: KnownNames, salt: str) -> frozenset[str]:
    """Return digests of the words of a wish's comments that may be read: what a note of it is kept under."""
    found = set()
    for question, source, text in zip(
        comments["question"], comments["source"], comments["text"], strict=True
    ):
        words = worded(masked(str(text), known), set())
        if words:
            found.add(reference(salt, question, source, words))
    return frozenset(sorted(found)[:_MARKS])


def _further(
    part: pd.DataFrame, cells: pd.DataFrame, waves: Sequence[str], policy: Policy
) -> dict[str, object]:
    """Return the row of all that is hidden: how many people, where they are enough."""
    keyed = part.assign(who=people_of(part)).merge(cells[cells["hidden"]], on=["wave", "wish"])
    people = keyed.groupby("wave")["who"].nunique()
    counts = {str(wave): int(n) for wave, n in people.items() if n >= policy.comments_k}
    last = [wave for wave in waves if wave in counts][-1:]
    n = counts[last[0]] if last else 0
    return {
        "name": "",
        "named_by": "further",
        "wave": last[0] if last else None,
        "per_wave": tuple(_shown(counts.get(wave)) for wave in waves),
        "n": rounding.n_shown(n) if n else None,
        "n_band": rounding.n_band(n) if n else None,
    }


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    people = [_sure(n, band) for n, band in zip(frame["n"], frame["n_band"], strict=True)]
    order = frame.assign(size=people, last=frame["named_by"] == "further")
    order = order.sort_values([*PART, "last", "size", "wish"], ascending=[True, True, True, False, True])
    frame = order[list(WISH_COLUMNS)].astype({"n": "Int64", "waves": "Int64", "rank": "Int64"})
    for name in ("negative", "reach", "constructive", "novelty", "score"):
        frame[name] = frame[name].astype(float)
    return frame


def marks_of(statuses: Iterable[tuple[frozenset[str], Following]], wishes: Wishes) -> dict[str, Following]:
    """Return what became of each released wish: the last status noted under any of its comments."""
    found: dict[str, Following] = {}
    for marks, following in statuses:
        for wish, mine in wishes.marks.items():
            if mine & marks or wish in marks:
                found[wish] = following
    return found
