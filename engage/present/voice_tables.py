"""Released comments, wishes, emerging themes and agreement with scores, in the reader's words."""

from collections.abc import Callable
from typing import Final

import pandas as pd

from engage.present import numbers
from engage.present.columns import heading, p_word, people, per_cent, words
from engage.present.labels import Names, is_missing
from engage.words import say


def _asked(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    return {
        column("question"): [names.question(str(q) or "none") for q in frame["question"]],
        column("source"): [names.source(str(source)) for source in frame["source"]],
    }


def reading(row: pd.Series, names: Names) -> str:
    """Return how a comment was read, in words: theme, tone, intent."""
    intent = say(f"labels.intent.{row['intent']}", names.lang)
    return " · ".join((names.theme(str(row["theme"])), names.tone(str(row["tone"])), intent))


def corrected(row: pd.Series, names: Names) -> str:
    """Return how people of the company corrected the reading, ``""`` where nobody did."""
    if is_missing(row["corrected"]):
        return ""
    labels = dict(part.split("=", 1) for part in str(row["corrected"]).split(";"))
    return reading(pd.Series(labels), names)


def _comments(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    made: dict[str, object] = {
        column("id"): frame["comment"],
        **_asked(frame, names),
        names.demographic("theme"): [names.theme(theme) for theme in frame["theme"]],
        column("comment"): frame["text"],
        column("tone_of"): [names.tone(tone) for tone in frame["tone"]],
        column("intent"): words("intent", frame["intent"], names),
    }
    fixed = [corrected(row, names) for _, row in frame.iterrows()]
    return made | ({column("corrected"): fixed} if any(fixed) else {})


def wish_name(row: pd.Series, names: Names) -> str:
    """Return what a wish is called: one of its comments, shared words, or the further wishes."""
    by = str(row["named_by"])
    if by == "comment":
        return str(row["name"])
    if by == "words":
        return say("voices.about_words", names.lang, words=str(row["name"]))
    return say("voices.further" if by == "further" else "voices.unnamed", names.lang)


def _wishes(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    dash = [tuple(one or "–" for one in waves) for waves in frame["per_wave"]]
    return {
        column("rank"): frame["rank"],
        column("id"): ["" if is_missing(one) else one for one in frame["wish"]],
        column("wish"): [wish_name(row, names) for _, row in frame.iterrows()],
        **_asked(frame, names),
        column("n"): people(frame, names),
        column("per_wave"): [" → ".join(waves).replace("-", "–") for waves in dash],
        column("negative"): per_cent(frame["negative"]),
        column("novelty"): per_cent(frame["novelty"]),
        column("score_points"): frame["score"],
        column("status"): words("status", frame["status"], names),
        column("reason"): ["" if is_missing(one) else one for one in frame["reason"]],
        column("noted_by"): [
            "" if is_missing(who) else f"{who} · {since}"
            for who, since in zip(frame["who"], frame["since"], strict=True)
        ],
    }


def _emerging(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    return {
        **_asked(frame, names),
        column("phrases"): [_listed(phrases, names) for phrases in frame["phrases"]],
        column("filed"): ["–" if is_missing(theme) else names.theme(theme) for theme in frame["theme"]],
        column("wave"): frame["wave"],
        column("comments"): people(frame, names),
        column("comment_share"): per_cent(frame["share"]),
        column("share_before"): per_cent(frame["share_before"]),
        column("moved"): [
            "–" if is_missing(one) else say(f"labels.moved.{one}", names.lang) for one in frame["change"]
        ],
    }


def _listed(phrases: tuple[str, ...], names: Names) -> str:
    return ("、" if names.lang == "zh" else ", ").join(phrases)


def _agreement(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    return {
        column("wave"): frame["wave"],
        **_asked(frame, names),
        names.demographic("theme"): [names.theme(theme) for theme in frame["theme"]],
        column("comments"): people(frame, names),
        column("negative"): per_cent(frame["negative"]),
        column("positive"): per_cent(frame["positive"]),
        column("favourable"): per_cent(frame["favourable"]),
        column("rank_words"): frame["rank_words"],
        column("rank_scores"): frame["rank_scores"],
        column("verdict"): [say(f"labels.agreement.{one}", names.lang) for one in frame["verdict"]],
        column("tau"): [
            "–" if is_missing(tau) else numbers.decimal(tau, names.lang, 2) for tau in frame["tau"]
        ],
        column("p_value"): [p_word(p, names) for p in frame["p_value"]],
    }


VOICE_TABLES: Final[dict[str, Callable[[pd.DataFrame, Names], dict[str, object]]]] = {
    "comments": _comments,
    "wishes": _wishes,
    "emerging": _emerging,
    "agreement": _agreement,
}
"""What makes the displayed columns of each kind."""


def part_of(frame: pd.DataFrame, question: str, source: str) -> pd.DataFrame:
    """Return the rows of a released table within one question and source."""
    return frame[(frame["question"] == question) & (frame["source"] == source)].reset_index(drop=True)
