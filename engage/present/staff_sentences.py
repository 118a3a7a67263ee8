"""Leaving in words: ratios of risk on the staff list, head-counts to come, one model beside another."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from engage.present import numbers
from engage.present.columns import p_word
from engage.present.driver_charts import SURE
from engage.present.labels import Names, is_missing
from engage.present.look import released
from engage.privacy import SafeTable
from engage.privacy.support import OTHER
from engage.words import say


def hazards(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return what stars and groups go with, whether ratios hold at every tenure, and the first 90 days.

    ``table``: of kind ``hazards``.
    """
    frame, lang = released(table, "hazards"), names.lang
    later = frame[(frame["part"] == "later") & frame["hidden_reason"].isna()]
    lines = [] if later.empty else [_star(later, table, names), *_part(later, names)]
    early = frame[frame["part"] == "early"]
    if early["hidden_reason"].notna().any():
        why = names.hidden(early["hidden_reason"].iloc[0])
        return (*lines, say("attrition.hazards.early_hidden", lang, reason=why))
    if len(early):
        head = say("attrition.hazards.early", lang, **_people(table, "early", names))
        lines.append(("" if lang == "zh" else " ").join((head, *_part(early, names))))
    return tuple(lines)


def headcount(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return each role group's head-count in the last year projected; ``table``: of kind ``headcount``."""
    whole, lang = released(table, "headcount"), names.lang
    frame = whole[whole["hidden_reason"].isna()]
    if frame.empty:
        return (names.refusal(whole["hidden_reason"]),)
    years = int(str(table.notes["years"]))
    now = frame[frame["year"] == 0].set_index("role_group")["expected"]
    parts = [
        say(
            "attrition.headcount.part", lang, group=names.level("role_group", row["role_group"]),
            now=numbers.whole(now[row["role_group"]], lang),
            **{name: numbers.whole(row[name], lang) for name in ("expected", "low", "high")},
        )
        for row in frame[frame["year"] == years].to_dict("records")
    ]  # fmt: skip
    separator = "；" if lang == "zh" else "; "
    dates = {name: str(table.notes[name]) for name in ("since", "until")}
    lines = [say("attrition.headcount.headline", lang, years=years, parts=separator.join(parts), **dates)]
    hidden = whole[whole["hidden_reason"].notna()]
    if len(hidden):
        reasons = list(dict.fromkeys(map(names.hidden, hidden["hidden_reason"])))
        lines.append(say("attrition.headcount.hidden", lang, count=len(hidden), reasons=reasons))
    return tuple(lines)


def challenger(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return which of two models of leaving is better and by how much, and the figures of both.

    ``table``: of kind ``attrition``; nothing where it holds one model.
    """
    frame, lang = released(table, "attrition"), names.lang
    lines = []
    first = str(frame["model"].iloc[0])
    for row in frame[frame["part"] == "difference"].to_dict("records"):
        gain, low, high = (float(row[name]) for name in ("value", "ci_low", "ci_high"))
        key = "better" if low > 0 else "worse" if high < 0 else "neither"
        if key == "worse":
            gain, low, high = -gain, -high, -low
        lines.append(
            say(
                f"attrition.challenger.{key}", lang, difference=numbers.decimal(gain, lang, 3),
                interval=numbers.between(low, high, lang, 3),
                model=names.inline(model_name(row["model"], names)),
                against=names.inline(model_name(first, names)),
            )
        )  # fmt: skip
    if lines:
        scores = frame[frame["part"] == "score"]
        lines += [_figures(model, part, names) for model, part in scores.groupby("model", sort=False)]
    return tuple(lines)


def model_name(model: object, names: Names) -> str:
    """Return what a model of leaving is called."""
    return say(f"attrition.model.{model}", names.lang)


def group_name(term: str, level: object, names: Names) -> str:
    """Return the name of a level of a group of the staff list."""
    return say("attrition.merged", names.lang) if level == OTHER else names.level(term, level)


def _figures(model: object, part: pd.DataFrame, names: Names) -> str:
    of, lang = part.set_index("item").astype({"value": float}), names.lang
    ends = {name: float(of[name].to_dict()["auc"]) for name in ("ci_low", "ci_high")}
    value = of["value"].to_dict()
    return say(
        "attrition.challenger.figures", lang, model=model_name(model, names),
        auc=numbers.decimal(value["auc"], lang),
        interval=numbers.between(ends["ci_low"], ends["ci_high"], lang),
        precision=numbers.decimal(value["average_precision"], lang),
        brier=numbers.decimal(value["brier"], lang, 3),
        slope=numbers.decimal(value["calibration_slope"], lang),
    )  # fmt: skip


def _people(table: SafeTable, part: str, names: Names) -> dict[str, str]:
    events = names.n(table.notes[f"events_{part}"], table.notes[f"events_band_{part}"])
    return {"n": names.n(table.notes[f"n_{part}"], None), "events": events}


def _star(part: pd.DataFrame, table: SafeTable, names: Names) -> str:
    people = _people(table, "later", names)
    rows = part[(part["term"] == "star") & (part["level"] == "")].to_dict("records")
    if not rows:
        return say("attrition.hazards.no_star", names.lang, **people)
    low, high = float(rows[0]["ci_low"]), float(rows[0]["ci_high"])
    key = "star_lower" if high < 1 else "star_higher" if low > 1 else "star_none"
    return say(f"attrition.hazards.{key}", names.lang, **people, **_ratio(rows[0], names))


def _part(part: pd.DataFrame, names: Names) -> list[str]:
    """Return the groups that differ from the one they are compared with, and the test of proportionality."""
    groups = part[(part["term"] != "") & (part["level"] != "")]
    sure = groups[groups["p_adjusted"] <= SURE]
    base = groups[groups["ratio"].isna()].set_index("term")["level"]
    told = [
        say(
            "attrition.hazards.group", names.lang, column=names.demographic(row["term"]),
            group=group_name(row["term"], row["level"], names),
            base=group_name(row["term"], base[row["term"]], names), **_ratio(row, names),
        )
        for row in sure.to_dict("records")
    ]  # fmt: skip
    separator = "；" if names.lang == "zh" else "; "
    key = "groups" if told else "no_groups"
    of_groups = [
        say(f"attrition.hazards.{key}", names.lang, **({"groups": separator.join(told)} if told else {}))
    ]
    return [*(of_groups if len(groups) else []), _proportional(part, names)]


def _proportional(part: pd.DataFrame, names: Names) -> str:
    """Return the test that ratios are the same at every tenure, which is always told."""
    whole = part.loc[part["term"] == "", "changing"].iloc[0]
    p = p_word(whole, names)
    broken = part[(part["term"] != "") & (part["changing"] <= SURE)]
    if len(broken):
        terms = [_term(row, names) for row in broken.to_dict("records")]
        return say("attrition.hazards.changing", names.lang, terms=terms, p=p)
    key = "changing_all" if not is_missing(whole) and whole <= SURE else "constant"
    return say(f"attrition.hazards.{key}", names.lang, p=p)


def _term(row: Mapping[Any, Any], names: Names) -> str:
    term = str(row["term"])
    if row["level"] == "":
        return names.inline(names.demographic(term))
    return f"{names.demographic(term)} · {group_name(term, row['level'], names)}"


def _ratio(row: Mapping[Any, Any], names: Names) -> dict[str, str]:
    low, high = float(row["ci_low"]), float(row["ci_high"])
    ratio = numbers.decimal(float(row["ratio"]), names.lang)
    return {"ratio": ratio, "interval": numbers.between(low, high, names.lang)}
