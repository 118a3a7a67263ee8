"""Tables of the workforce and of competence in the reader's words."""

from collections.abc import Callable
from typing import Final

import pandas as pd

from engage.present import numbers
from engage.present.columns import between, heading, note, p_word, people, per_cent, spans
from engage.present.labels import Names, is_missing
from engage.words import say

Maker = Callable[[pd.DataFrame, Names], dict[str, object]]


def _workforce(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column, own = heading(names), _own("workforce", names)
    made: dict[str, object] = {
        own("part"): [say(f"workforce.part_of.{part}", names.lang) for part in frame["part"]],
        names.demographic("role_group"): [names.level("role_group", group) for group in frame["role_group"]],
        own("date"): [f"{day:%Y-%m-%d}" for day in frame["date"]],
        own("people"): frame["expected"].astype("Int64"),
        column("interval_plain"): between(frame["low"], frame["high"], names, 0),
        own("share"): per_cent(frame["share"]),
        own("share_interval"): spans(frame["share_low"], frame["share_high"]),
        own("target"): frame["target"].round().astype("Int64"),
        own("target_share"): per_cent(frame["target_share"]),
        own("difference"): frame["difference"].round().astype("Int64"),
        own("difference_interval"): between(frame["difference_low"], frame["difference_high"], names, 0),
        own("chance"): [_chance(value) for value in frame["chance"]],
        own("verdict"): [
            "–" if is_missing(one) else say(f"workforce.verdict.{one}", names.lang)
            for one in frame["verdict"]
        ],
    }
    return made | note(frame, names)


def _chance(value: object) -> str:
    if is_missing(value):
        return "–"
    shown = round(float(str(value)) * 100)
    return f"≤{shown}" if shown <= 5 else f"≥{shown}" if shown >= 95 else str(shown)


def _competence(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column, own = heading(names), _own("competence", names)
    by = str(frame.columns[0])
    made: dict[str, object] = {
        names.demographic(by): [names.level(by, group) for group in frame[by]],
        column("scale"): [names.scale(scale) for scale in frame["scale"]],
        column("n"): people(frame, names),
        own("mean"): frame["mean"],
        own("target"): frame["target"],
        own("gap"): frame["gap"],
        column("interval_plain"): between(frame["ci_low"], frame["ci_high"], names),
        column("p_adjusted"): [p_word(p, names) for p in frame["p_value"]],
        column("verdict"): [
            "–" if is_missing(one) else say(f"competence.verdict.{one}", names.lang)
            for one in frame["verdict"]
        ],
    }
    return made | note(frame, names)


def _training(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column, own = heading(names), _own("competence", names)
    several = frame["outcome"].nunique() > 1
    return {
        **({column("outcome"): [names.outcome(one) for one in frame["outcome"]]} if several else {}),
        own("rank"): frame["rank"],
        names.demographic("role_group"): [names.level("role_group", role) for role in frame["role"]],
        column("scale"): [names.scale(scale) for scale in frame["scale"]],
        own("gap"): frame["gap"],
        column("interval_plain"): between(frame["ci_low"], frame["ci_high"], names),
        own("slope"): frame["slope"].where(frame["known"]),
        own("gain"): frame["gain"],
        own("gain_interval"): _gain(frame, names),
        own("known"): [
            say(f"competence.known.{'yes' if known else 'no'}", names.lang) for known in frame["known"]
        ],
    }


def _gain(frame: pd.DataFrame, names: Names) -> list[str]:
    shares = frame["outcome"] == "on_time"
    ends = zip(frame["gain_low"], frame["gain_high"], shares, strict=True)
    return [
        "–" if is_missing(a) else numbers.between(float(a), float(b), names.lang, 4 if share else 2)
        for a, b, share in ends
    ]


def _profile(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column, own = heading(names), _own("competence", names)
    every = say("competence.every_team", names.lang)
    made: dict[str, object] = {
        names.demographic("team"): [every if is_missing(team) else str(team) for team in frame["team"]],
        column("scale"): [names.scale(scale) for scale in frame["scale"]],
        column("n"): people(frame, names),
        own("mean"): frame["mean"],
        column("interval_plain"): between(frame["ci_low"], frame["ci_high"], names),
    }
    return made | note(frame, names)


def _activities(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column, own = heading(names), _own("activities", names)
    made: dict[str, object] = {
        own("activity"): [say(f"activities.name.{one}", names.lang) for one in frame["activity"]],
        own("outcome"): [names.outcome(one) for one in frame["outcome"]],
        own("estimate"): frame["estimate"],
        column("interval_plain"): between(frame["ci_low"], frame["ci_high"], names, 3),
        column("p_adjusted"): [p_word(p, names) for p in frame["p_adjusted"]],
        column("n"): [names.n(n, None) for n in frame["n"]],
        own("teams"): frame["teams"],
    }
    return made | note(frame, names)


def _places(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column, own = heading(names), _own("places", names)
    every = say("activities.every_applicant", names.lang)
    made: dict[str, object] = {
        own("programme"): frame["programme"].astype(str),
        own("by"): ["–" if by == "" else names.demographic(by) for by in frame["by"]],
        own("group"): [
            every if by == "" else names.level(by, group)
            for by, group in zip(frame["by"], frame["group"], strict=True)
        ],
        column("n"): people(frame, names),
        own("share"): per_cent(frame["share"]),
        column("interval"): spans(frame["ci_low"], frame["ci_high"]),
        column("p_adjusted"): [p_word(p, names) for p in frame["p_value"]],
    }
    return made | note(frame, names)


def _own(area: str, names: Names) -> Callable[[str], str]:
    return lambda name: say(f"labels.column.{area}_{name}", names.lang)


WORKFORCE_TABLES: Final[dict[str, Maker]] = {
    "workforce": _workforce,
    "competence": _competence,
    "training": _training,
    "profile": _profile,
    "activities": _activities,
    "places": _places,
}
"""What makes the displayed columns of each kind."""
