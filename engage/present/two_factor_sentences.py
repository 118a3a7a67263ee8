"""The two-factor test in plain words: what the answers tell, what they can't, and beside it the theory."""

from typing import Final

import pandas as pd

from engage.present import numbers
from engage.present.labels import Names
from engage.present.look import released
from engage.privacy import SafeTable
from engage.words import say

_EXPECTED: Final = {"hygiene": "hygiene_like", "motivator": "motivator_like"}


def two_factor(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return which factors weigh more on one side, how that fits the theory, and what can't be told.

    ``table``: of kind ``two_factor``.
    """
    whole = released(table, "two_factor")
    frame = whole.dropna(subset=["verdict"])
    lang = names.lang
    if frame.empty:
        return (names.refusal(whole["hidden_reason"]),)
    told = frame[frame["verdict"] != "cannot_tell"]
    n = numbers.whole(float(str(table.notes["n"])), lang)
    factors = frame["driver"].nunique()
    lines = []
    if told.empty:
        lines.append(say("two_factor.headline_none", lang, n=n, factors=factors))
    else:
        parts = [
            say(f"two_factor.side.{verdict}", lang, named=_pairs(told[told["verdict"] == verdict], names))
            for verdict in ("hygiene_like", "motivator_like", "symmetric")
            if (told["verdict"] == verdict).any()
        ]
        joined = ("；" if lang == "zh" else "; ").join(parts)
        lines.append(say("two_factor.headline", lang, n=n, parts=joined))
        lines += [_furthest(told, "largest", names), *_theory(told, names)]
    lines += _untold(frame, names)
    known = frame.dropna(subset=["ci_low", "ci_high"])
    if told.empty and len(known):
        lines.append(_furthest(known, "widest", names))
    return tuple(lines)


def two_factor_on(table: SafeTable, outcome: str, names: Names) -> str:
    """Return what the map of one outcome shows: the factor whose sides differ most, with its interval."""
    whole = released(table, "two_factor")
    frame = whole[whole["outcome"] == outcome].dropna(subset=["low"])
    lang, words = names.lang, names.inline(names.outcome(outcome))
    if frame.empty:
        return names.refusal(whole.loc[whole["outcome"] == outcome, "hidden_reason"])
    sided = frame[frame["verdict"].isin(["hygiene_like", "motivator_like"])]
    n = names.n(frame["n"].iloc[0], None)
    if sided.empty and frame["ci_low"].isna().all():
        return names.refusal(frame["hidden_reason"])
    if sided.empty:
        known = frame.dropna(subset=["ci_low", "ci_high"])
        wide = known.iloc[int((known["ci_high"] - known["ci_low"]).argmax())]
        return say(
            "two_factor.map_none", lang, outcome=words, n=n, factors=len(frame),
            driver=names.inline(names.scale(wide["driver"])),
            interval=numbers.between(float(wide["ci_low"]), float(wide["ci_high"]), lang),
        )  # fmt: skip
    first = sided.iloc[int(sided["difference"].abs().argmax())]
    turned = -1.0 if first["side"] == "strain" else 1.0
    low, high = turned * float(first["low"]), turned * float(first["high"])
    ends = sorted(abs(float(first[name])) for name in ("ci_low", "ci_high"))
    key = "map_strain" if turned < 0 else "map_good"
    return say(
        f"two_factor.{key}", lang, outcome=words, n=n, driver=names.inline(names.scale(first["driver"])),
        low=numbers.decimal(low, lang), high=numbers.decimal(high, lang),
        interval=numbers.between(ends[0], ends[1], lang),
    )  # fmt: skip


def _furthest(rows: pd.DataFrame, key: str, names: Names) -> str:
    """Say the interval of the largest difference between the sides, or of the least certain one."""
    size = rows["difference"].abs() if key == "largest" else rows["ci_high"] - rows["ci_low"]
    row = rows.iloc[int(size.argmax())]
    low, high = float(row["ci_low"]), float(row["ci_high"])
    if low * high > 0:
        low, high = sorted((abs(low), abs(high)))
    return say(
        f"two_factor.{key}", names.lang, driver=names.inline(names.scale(row["driver"])),
        outcome=names.inline(names.outcome(str(row["outcome"]))), n=names.n(row["n"], None),
        interval=numbers.between(low, high, names.lang),
    )  # fmt: skip


def _pairs(rows: pd.DataFrame, names: Names) -> list[str]:
    """Return factors with the outcomes that a verdict is about: "pay (job search)"."""
    named = []
    for driver, part in rows.groupby("driver", sort=False):
        outcomes = [names.inline(names.outcome(one)) for one in part["outcome"]]
        named.append(
            say(
                "two_factor.pair",
                names.lang,
                driver=names.inline(names.scale(str(driver))),
                outcomes=outcomes,
            )
        )
    return named


def _theory(told: pd.DataFrame, names: Names) -> list[str]:
    """Say how many verdicts on labelled factors are what the theory says."""
    labelled = told[told["role"].isin(list(_EXPECTED))]
    if labelled.empty:
        return []
    fits = int((labelled["verdict"] == labelled["role"].map(_EXPECTED)).sum())
    against = labelled[labelled["verdict"] != labelled["role"].map(_EXPECTED)]
    if against.empty:
        return [say("two_factor.theory_all", names.lang, count=len(labelled))]
    return [
        say("two_factor.theory", names.lang, fits=fits, count=len(labelled), named=_pairs(against, names))
    ]


def _untold(frame: pd.DataFrame, names: Names) -> list[str]:
    """Say how often the answers can't tell, and why; that is not to say that both sides are alike."""
    counts = frame.loc[frame["verdict"] == "cannot_tell", "reason"].value_counts()
    if counts.empty:
        return []
    reasons = [
        say(f"two_factor.untold.{reason}", names.lang, count=int(counts[reason]))
        for reason in ("no_direction", "undecided", "few_in_tail")
        if reason in counts
    ]
    joined = ("；" if names.lang == "zh" else "; ").join(reasons)
    return [
        say("two_factor.cannot_tell", names.lang, count=int(counts.sum()), all=len(frame), reasons=joined)
    ]
