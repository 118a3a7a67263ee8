"""The workforce in words: head-counts beside the plan, what-if on leaving, places, time in grade."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from engage.present import numbers
from engage.present.labels import Names, is_missing
from engage.present.look import released
from engage.privacy import SafeTable
from engage.words import say

_SURE = 0.05


def workforce(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return whether the plan is met at the end of its last year, and the mix then: ``workforce``."""
    whole, lang, notes = released(table, "workforce"), names.lang, table.notes
    frame = whole[whole["hidden_reason"].isna()]
    if frame.empty:
        return (names.refusal(whole["hidden_reason"]),)
    now = _last(frame, "actual").set_index("role_group")
    last = _last(frame, "ahead")
    lines = (
        [_now(now.reset_index(), table, names)]
        if last.empty
        else [_planned(last, table, names), _mix(last, now, names)]
    )
    hidden = whole[whole["hidden_reason"].notna()]
    if len(hidden):
        reasons = list(dict.fromkeys(map(names.hidden, hidden["hidden_reason"])))
        lines.append(say("workforce.hidden", lang, count=hidden["role_group"].nunique(), reasons=reasons))
    if notes["unmatched"]:
        lines.append(say("workforce.unmatched", lang, groups=notes["unmatched"]))
    return tuple(lines)


def leaving_changed(table: SafeTable, base: SafeTable, names: Names) -> str:
    """Return what head-counts would be if people left faster or slower; ``base``: as they did."""
    rows, before = (_last(released(one, "workforce"), "ahead") for one in (table, base))
    if rows.empty:
        return names.refusal(released(table, "workforce")["hidden_reason"])
    known = dict(zip(before["role_group"], before["expected"].astype(float), strict=True))
    factor, lang = float(str(table.notes["leaving"])), names.lang
    parts = [
        say(
            "workforce.what_if_part",
            lang,
            group=names.level("role_group", row["role_group"]),
            expected=numbers.whole(float(row["expected"]), lang),
            base=numbers.whole(known[row["role_group"]], lang),
        )
        for row in rows.to_dict("records")
    ]
    way = say(f"workforce.{'slower' if factor < 1 else 'faster'}", lang)
    year = rows["date"].iloc[0].year
    return say(
        "workforce.what_if",
        lang,
        change=round(abs(factor - 1) * 100),
        way=way,
        year=year,
        parts=_joined(parts, lang),
    )


def places(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return who got the places that people applied for, and by which groups shares differ: ``places``."""
    frame, lang = released(table, "places"), names.lang
    lines = []
    for programme, own in frame.groupby("programme", sort=False):
        whole = own[own["by"] == ""].to_dict("records")[0]
        if is_missing(whole["share"]):
            continue
        said = {"n": names.n(whole["n"], whole["n_band"]), "programme": programme}
        lines.append(say("activities.places", lang, **said, **_share(whole)))
        lines += _compared(own[own["by"] != ""], names)
    return tuple(lines) or (names.refusal(frame["hidden_reason"]),)


def grade(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return, by star, the share that has not stepped up at the last time shown: ``survival`` by star."""
    whole = released(table, "survival")
    frame = whole.dropna(subset=["time"])
    if frame.empty:
        return (names.refusal(whole["hidden_reason"]),)
    return tuple(
        say(
            "activities.grade",
            names.lang,
            star=names.level("star", star),
            months=numbers.whole(row["time"], names.lang),
            share=numbers.percent(float(row["survival"])),
            n=names.n(row["n"], None),
            interval=numbers.span(float(row["ci_low"]), float(row["ci_high"])),
        )
        for star, row in ((star, part.iloc[-1]) for star, part in frame.groupby("star", sort=True))
    )


def _last(frame: pd.DataFrame, part: str) -> pd.DataFrame:
    own = frame[(frame["part"] == part) & frame["hidden_reason"].isna()]
    last: pd.DataFrame = own[own["date"] == own["date"].max()]
    return last


def _joined(parts: list[str], lang: str) -> str:
    return ("；" if lang == "zh" else "; ").join(parts)


def _now(now: pd.DataFrame, table: SafeTable, names: Names) -> str:
    parts = [say("workforce.part_now", names.lang, **_people(row, names)) for row in now.to_dict("records")]
    return say("workforce.now_only", names.lang, until=table.notes["until"], parts=_joined(parts, names.lang))


def _people(row: Mapping[Any, Any], names: Names) -> dict[str, str]:
    figures = {
        n: numbers.whole(float(row[n]), names.lang)
        for n in ("expected", "low", "high", "target")
        if not is_missing(row[n])
    }
    return {"group": names.level("role_group", row["role_group"]), **figures}


def _planned(last: pd.DataFrame, table: SafeTable, names: Names) -> str:
    lang, notes = names.lang, table.notes
    facts = {"year": last["date"].iloc[0].year, "since": notes["since"], "until": notes["until"]}
    aimed = last[last["target"].notna()]
    if aimed.empty:
        parts = [say("workforce.part_free", lang, **_people(row, names)) for row in last.to_dict("records")]
        return say("workforce.no_plan", lang, parts=_joined(parts, lang), **facts)
    missed = aimed[aimed["verdict"] != "within"]
    told = aimed if missed.empty else missed
    parts = [say("workforce.part", lang, **_people(row, names)) for row in told.to_dict("records")]
    if missed.empty:
        return say("workforce.on_course", lang, parts=_joined(parts, lang), **facts)
    return say(
        "workforce.headline", lang, count=len(missed), of=len(aimed), parts=_joined(parts, lang), **facts
    )


def _mix(last: pd.DataFrame, now: pd.DataFrame, names: Names) -> str:
    parts = []
    for row in last.to_dict("records"):
        planned = not is_missing(row["target_share"])
        facts = {"target": numbers.percent(float(row["target_share"]))} if planned else {}
        group = row["role_group"]
        share = float(now.loc[group, "share"]) if group in now.index else 0.0
        parts.append(
            say(
                f"workforce.mix_{'part' if planned else 'free'}",
                names.lang,
                group=names.level("role_group", group),
                share=numbers.percent(float(row["share"])),
                now=numbers.percent(share),
                interval=numbers.span(float(row["share_low"]), float(row["share_high"])),
                **facts,
            )
        )
    return say("workforce.mix", names.lang, year=last["date"].iloc[0].year, parts=_joined(parts, names.lang))


def _share(row: Mapping[Any, Any]) -> dict[str, str]:
    low, high = float(row["ci_low"]), float(row["ci_high"])
    return {"share": numbers.share(float(row["share"]), low, high), "interval": numbers.span(low, high)}


def _compared(rows: pd.DataFrame, names: Names) -> list[str]:
    """Return by which groups shares differ, then by which they do not, then by which nothing can be told."""
    told: list[str] = []
    quiet: dict[str, list[str]] = {"alike": [], "untested": []}
    for by, part in rows.groupby("by", sort=False):
        p, said = part["p_value"].iloc[0], names.inline(names.demographic(str(by)))
        if is_missing(p) or p > _SURE:
            quiet["untested" if is_missing(p) else "alike"].append(said)
            continue
        parts = [
            say(
                "activities.places_part",
                names.lang,
                group=names.level(str(by), row["group"]),
                share=_share(row)["share"],
            )
            for row in part[part["share"].notna()].to_dict("records")
        ]
        told.append(say("activities.places_differ", names.lang, by=said, parts=_joined(parts, names.lang)))
    return told + [
        say(f"activities.places_{kind}", names.lang, by=every) for kind, every in quiet.items() if every
    ]
