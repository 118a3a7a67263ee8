"""Competence and activities in words: gaps, what to train first, ratings, what activities go with."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from engage.present import numbers
from engage.present.labels import Names, is_missing
from engage.present.look import released
from engage.privacy import SafeTable
from engage.words import say

_SURE: Final = 0.05
_GROWTH: Final = "competence_"
"""The columns of growth begin so; the other ratings are values for the customer."""


def competence(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return how many levels are too low and the widest gap: ``table`` of kind ``competence``."""
    whole, lang = released(table, "competence"), names.lang
    by = str(table.notes["by"])
    frame = whole[whole["verdict"].notna()]
    if frame.empty:
        return (names.refusal(whole["hidden_reason"]),)
    short = frame[frame["verdict"] == "short"].sort_values("gap", ascending=False)
    facts = {"wave": table.notes["wave"], "of": len(frame)}
    if short.empty:
        least = frame.assign(sure=frame["n"].fillna(0)).sort_values("sure").to_dict("records")[0]
        lines = [say("competence.none_short", lang, n=names.n(least["n"], least["n_band"]), **facts)]
    else:
        row = short.iloc[0]
        lines = [
            say(
                "competence.headline",
                lang,
                count=len(short),
                group=names.level(by, row[by]),
                scale=names.scale(row["scale"]),
                gap=numbers.decimal(row["gap"], lang, 1),
                interval=numbers.between(row["ci_low"], row["ci_high"], lang),
                n=names.n(row["n"], row["n_band"]),
                **facts,
            )
        ]
    told = frame["verdict"].value_counts()
    lines.append(
        say("competence.beyond", lang, count=int(told.get("beyond", 0)), rest=int(told.get("met", 0)))
    )
    return (*lines, *_hidden(whole, names))


def training_first(table: SafeTable, names: Names, outcome: str) -> str:
    """Return what to train first for a service measure: ``table`` of kind ``training``."""
    frame, lang = released(table, "training"), names.lang
    own = frame[frame["outcome"] == outcome]
    if own.empty:
        return say("competence.training_empty", lang)
    row = own.iloc[0]
    facts = {"outcome": names.inline(names.outcome(outcome)), "n": names.n(table.notes["n"], None)}
    if lang == "ru":
        facts["outcome"] = names.outcome(outcome)
    if not row["known"]:
        return say("competence.training_none", lang, **facts)
    gain, low, high, digits = gains(dict(row), outcome)
    return say(
        "competence.training",
        lang,
        group=names.level("role_group", row["role"]),
        scale=names.scale(row["scale"]),
        gap=numbers.decimal(row["gap"], lang, 1),
        gain=numbers.decimal(gain, lang, digits),
        unit=say(f"competence.unit.{outcome}", lang),
        interval=numbers.between(low, high, lang, digits),
        **facts,
    )


def trainings(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return what to train first for each service measure there is."""
    outcomes = list(dict.fromkeys(released(table, "training")["outcome"]))
    return tuple(training_first(table, names, one) for one in outcomes) or (
        say("competence.training_empty", names.lang),
    )


def gains(row: Mapping[Any, Any], outcome: str) -> tuple[float, float, float, int]:
    """Return a gain with its interval as it is said, and the digits: shares in percentage points."""
    per, digits = (100.0, 1) if outcome == "on_time" else (1.0, 1)
    gain, low, high = (per * float(row[name]) for name in ("gain", "gain_low", "gain_high"))
    return gain, low, high, digits


def profile(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return all teams' ratings, value by value and column by column: ``table`` of kind ``profile``."""
    frame, lang = released(table, "profile"), names.lang
    whole = frame[frame["team"].isna() & frame["mean"].notna()]
    if whole.empty:
        return (names.refusal(frame["hidden_reason"]),)
    growth = whole["scale"].str.startswith(_GROWTH)
    values, columns = (
        [
            say(
                "competence.profile_part",
                lang,
                scale=names.scale(row["scale"]),
                mean=numbers.decimal(row["mean"], lang, 1),
                interval=numbers.between(row["ci_low"], row["ci_high"], lang),
            )
            for row in part.to_dict("records")
        ]
        for part in (whole[~growth], whole[growth])
    )
    between = "；" if lang == "zh" else "; "
    n = whole["n"].dropna()
    lines = [
        say(
            "competence.profile",
            lang,
            wave=table.notes["wave"],
            n=numbers.whole(int(n.max()), lang) if len(n) else "–",
            values=between.join(values) or "–",
            columns=between.join(columns) or "–",
        )
    ]
    lowest = whole[~growth].sort_values("mean")
    if len(lowest) > 1 and lowest["ci_high"].iloc[0] < lowest["ci_low"].iloc[1]:
        lines.append(say("competence.profile_low", lang, scale=names.scale(lowest["scale"].iloc[0])))
    teams = frame[frame["team"].notna()]
    shown = teams.loc[teams["mean"].notna(), "team"].nunique()
    return (*lines, say("competence.profile_teams", lang, shown=shown, of=teams["team"].nunique()))


def activities(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return what was counted, and what activities go with: ``table`` of kind ``activities``."""
    frame, lang, notes = released(table, "activities"), names.lang, table.notes
    known = frame[frame["hidden_reason"].isna()]
    if known.empty:
        return (names.refusal(frame["hidden_reason"]),)
    sure = known[known["p_adjusted"] <= _SURE]
    facts = {
        "n": names.n(known["n"].max(), None),
        "teams": names.n(known["teams"].max(), None),
        "of": len(known),
    }
    if sure.empty:
        lines = [say("activities.none", lang, **facts)]
    else:
        width = (sure["ci_high"] - sure["ci_low"]).abs() / sure["estimate"].abs()
        row = sure.loc[width.sort_values().index].to_dict("records")[0]
        lines = [
            say(
                "activities.headline",
                lang,
                count=len(sure),
                activity=_activity(row["activity"], names),
                outcome=_outcome(row["outcome"], names),
                interval=numbers.between(row["ci_low"], row["ci_high"], lang),
                **facts,
            )
        ]
        lines += [_pair(row, names) for row in sure.to_dict("records")]
    lines.append(
        say(
            "activities.totals",
            lang,
            start=notes["from"],
            end=notes["to"],
            **{
                word: numbers.whole(int(str(notes[f"total_{name}"])), lang)
                for word, name in (
                    ("stars", "service_stars"),
                    ("suggestions", "suggestions"),
                    ("answered", "answered"),
                    ("talks", "interviews"),
                )
            },
        )
    )
    return tuple(lines)


def _activity(id: object, names: Names) -> str:
    word = say(f"activities.name.{id}", names.lang)
    return word if names.lang == "ru" else names.inline(word)


def _outcome(id: object, names: Names) -> str:
    word = names.outcome(str(id))
    return word if names.lang == "ru" else names.inline(word)


def _pair(row: Mapping[Any, Any], names: Names) -> str:
    lang, family = names.lang, row["family"] if row["family"] == "felt" else row["outcome"]
    digits = 3 if row["outcome"] == "on_time" else 2
    return say(
        "activities.pair",
        lang,
        outcome=names.outcome(row["outcome"]),
        per=say(f"activities.per.{row['activity']}", lang),
        estimate=numbers.decimal(row["estimate"], lang, digits),
        points=say(f"activities.points.{family}", lang),
        interval=numbers.between(row["ci_low"], row["ci_high"], lang, digits),
    )


def _hidden(whole: pd.DataFrame, names: Names) -> tuple[str, ...]:
    hidden = whole[whole["hidden_reason"].notna()]
    if hidden.empty:
        return ()
    reasons = [
        reason
        for reason in dict.fromkeys(map(names.hidden, hidden["hidden_reason"]))
        if not is_missing(reason)
    ]
    return (say("competence.hidden", names.lang, count=len(hidden), reasons=reasons),)
