"""What became of programmes, and what it is worth, in words."""

from typing import Any

import pandas as pd

from engage.present import numbers
from engage.present.labels import Names, is_missing
from engage.present.look import released
from engage.privacy import SafeTable
from engage.words import say

_CHANGED = ("helped", "harmed", "rose", "fell")


def programmes(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return, programme by programme, what changed, with whom it was compared, and how much is left open.

    ``table``: of kind ``programmes``.
    """
    whole = released(table, "programmes")
    overall = whole[whole["term"] == "overall"]
    lines: list[str] = []
    for programme, own in overall.groupby("programme", sort=False):
        lines += _of_one(str(programme), own, names)
    return tuple(lines)


def programme_on(table: SafeTable, family: str, outcome: str, names: Names) -> tuple[str, ...]:
    """Return what is known of one outcome of one programme; ``table`` holds no other programme."""
    whole = released(table, "programmes")
    mine = whole[(whole["family"] == family) & (whole["outcome"] == outcome)]
    rows: dict[str, dict[Any, Any]] = {str(row["term"]): row for row in mine.to_dict("records")}
    row, lang = rows["overall"], names.lang
    called, reason = names.outcome(outcome), row["reason"]
    if is_missing(row["estimate"]):
        return (say("programmes.one_untold", lang, outcome=called, reason=_reason(reason, names)),)
    why = "" if is_missing(reason) else say("programmes.because", lang, reason=_reason(reason, names))
    verdict = say(f"programmes.verdict.{row['verdict']}", lang)
    found = {"change": _amount(row, names), "interval": interval(row, names)}
    lines = [say("programmes.one", lang, outcome=called, **found, verdict=verdict, reason=why)]
    if "stayers" in rows:
        told = {"change": _amount(rows["stayers"], names), "interval": interval(rows["stayers"], names)}
        lines.append(say("programmes.stayers", lang, **told))
    fakes = [one for term, one in rows.items() if term.startswith("placebo")]
    if fakes:
        told_each = [f"{_amount(one, names)} ({interval(one, names)})" for one in fakes]
        lines.append(say("programmes.placebo", lang, changes=told_each))
    if {"year_members", "year_others"} <= set(rows):
        members, others = (_amount(rows[f"year_{who}"], names) for who in ("members", "others"))
        lines.append(say("programmes.year", lang, members=members, others=others))
    if row["watch"]:
        lines.append(say("programmes.watch", lang))
    return tuple(lines)


def stars(table: SafeTable, names: Names, outcome: str = "") -> tuple[str, ...]:
    """Return whether a step up in stars comes before or after a change of an outcome, and on how many.

    ``table``: of kind ``programmes``, as ``Workspace.stars`` gives it; without ``outcome`` of engagement, or
    of the first there is.
    """
    whole = released(table, "programmes")
    known = list(dict.fromkeys(whole["outcome"]))
    about = outcome or ("engagement" if "engagement" in known else known[0])
    own = whole[whole["outcome"] == about].set_index("term")
    lang, sides = names.lang, {}
    told: dict[str, str] = {}
    for side, term in (("before", "event[-1]"), ("after", "overall")):
        if term in own.index:
            row = own.loc[term].to_dict()
            sides[side] = row["ci_low"] > 0 or row["ci_high"] < 0
            told[side] = say("stars.change", lang, change=_amount(row, names), interval=interval(row, names))
        else:
            sides[side], told[side] = False, say("stars.unknown", lang)
    kinds = {(True, True): "both", (True, False): "first", (False, True): "later"}
    so = say(f"stars.so.{kinds.get((sides['before'], sides['after']), 'neither')}", lang)
    overall = own.loc["overall"]
    return (
        say("stars.headline", lang, outcome=names.outcome(about), **told, so=so),
        say("stars.behind", lang, n=names.n(overall["n"], overall["n_band"]),
            others=names.n(overall["comparison"], overall["comparison_band"])),
    )  # fmt: skip


def statement(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return what each line of a statement comes to, or still lacks; ``table``: of kind ``statement``."""
    frame, lang = released(table, "statement"), names.lang
    if frame.empty:
        return (say("programmes.statement.none", lang),)
    return tuple(_line(row, names) for row in frame.to_dict("records"))


def amount(value: float, unit: str, names: Names) -> str:
    """Return a change with its sign and unit: in points, percentage points, or per cent."""
    digits = 2 if unit == "points" else 1
    text = numbers.decimal(value if unit == "points" else 100 * value, names.lang, digits)
    signed = text if text.startswith("\u2212") or not value else f"+{text}"
    return signed if unit == "points" else say(f"programmes.unit.{unit}", names.lang, value=signed)


def interval(row: Any, names: Names) -> str:
    """Return the interval of a change, in the numbers of its unit."""
    points = row["unit"] == "points"
    factor = 1 if points else 100
    low, high = factor * float(row["ci_low"]), factor * float(row["ci_high"])
    return numbers.between(low, high, names.lang, 2 if points else 1)


def _of_one(programme: str, own: pd.DataFrame, names: Names) -> list[str]:
    lang = names.lang
    told = own[own["estimate"].notna()]
    if told.empty:
        reasons = list(dict.fromkeys(_reason(one, names) for one in own["reason"]))
        return [
            say(
                "programmes.silent",
                lang,
                programme=programme,
                reason=("；" if lang == "zh" else "; ").join(reasons),
            )
        ]
    parts = []
    for verdict in _CHANGED:
        called = [
            names.inline(names.outcome(str(o))) for o in told.loc[told["verdict"] == verdict, "outcome"]
        ]
        if called:
            parts.append(say(f"programmes.{verdict}", lang, outcomes=list(dict.fromkeys(called))))
    joined = ("；" if lang == "zh" else "; ").join(parts) or say("programmes.nothing", lang)
    lines = [say("programmes.headline", lang, programme=programme, parts=joined)]
    people = told[told["family"].isin(["people", "conditions"])]
    if len(people):
        sizes = {"n": _fewest(people, "n", names), "others": _fewest(people, "comparison", names)}
        lines.append(say(f"programmes.basis.{people['basis'].iloc[0]}", lang, **sizes))
    counts = own["verdict"].value_counts()
    lines.append(
        say("programmes.counts", lang, all=len(own), none=int(counts.get("no_clear_difference", 0)),
            cannot=int(counts.get("cannot_tell", 0)))
    )  # fmt: skip
    return lines


def _fewest(rows: pd.DataFrame, column: str, names: Names) -> str:
    """Return the smallest number of people, a band where it is small."""
    bands = rows[f"{column}_band"].dropna()
    if len(bands):
        return names.n(None, min(bands, key=lambda band: int(str(band).split("-")[0])))
    return names.n(rows[column].min(), None)


def _amount(row: dict[Any, Any], names: Names) -> str:
    return amount(float(row["estimate"]), str(row["unit"]), names)


def _reason(reason: object, names: Names) -> str:
    return say(f"programmes.reason.{reason}", names.lang)


def _line(row: dict[Any, Any], names: Names) -> str:
    lang = names.lang
    item = say(f"programmes.statement.item.{row['item']}", lang)
    if row["state"] == "told":
        value, low, high = (worth(row[name], row["item"], names) for name in ("value", "low", "high"))
        unit = "ratio" if row["outcome"] == "handled" else "share"
        return say("programmes.statement.told", lang, item=item, value=value, interval=f"{low} … {high}",
                   change=amount(float(row["change"]), unit, names))  # fmt: skip
    if row["state"] == "not_attributable":
        why = "no_shift" if "channel_shift" in row["missing"] else "no_change"
        return say("programmes.statement.not_attributable", lang, item=item,
                   why=say(f"programmes.statement.{why}", lang))  # fmt: skip
    missing = [assumption(name, names) for name in row["missing"]]
    return say("programmes.statement.not_entered", lang, item=item, missing=missing)


def assumption(name: str, names: Names) -> str:
    """Return an assumption in words, as it stands inside a sentence."""
    return say(f"programmes.statement.assumption.{name}", names.lang)


def worth(value: float, item: str, names: Names) -> str:
    """Return a value of a statement: person-months and leavers with a decimal, all else whole."""
    in_tenths = item in ("person_months", "leavers")
    return numbers.decimal(value, names.lang, 1) if in_tenths else numbers.whole(value, names.lang)
