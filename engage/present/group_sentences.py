"""What the one-pager of a group says: where it stands, what is reliable, what is withheld."""

from collections.abc import Collection, Sequence
from typing import Any, Final

import pandas as pd

from engage.present import numbers
from engage.present.difference_charts import sign_of
from engage.present.labels import COMPOSITES, POINTS, Names, is_missing
from engage.present.look import felt, released
from engage.present.standing import strengths_and_concerns
from engage.privacy import SafeTable
from engage.words import say

_HEADLINES: Final = ("engagement", "satisfaction")
_TOP: Final = 5


def standing(own: SafeTable, everyone: SafeTable, called: str, names: Names) -> str:
    """Return the group's headline score with n and interval, beside everyone's."""
    mine, all_of_us = _by_scale(own), _by_scale(everyone)
    shown = mine.dropna(subset=["favourable"])
    scale = next((one for one in (*_HEADLINES, *shown.index) if one in shown.index), "")
    if not scale:
        return say("one_pager.means_only", names.lang, group=called)
    (row,) = shown.loc[[scale]].to_dict("records")
    return say(
        "one_pager.headline", names.lang, group=called, n=names.n(row["n"], row["n_band"]),
        scale=names.inline(names.scale_share(scale)), share=numbers.percent(row["favourable"]),
        interval=numbers.span(row["ci_low"], row["ci_high"]), everyone=_share(all_of_us, scale),
    )  # fmt: skip


def response(rates: SafeTable, by: str, level: str, names: Names) -> str:
    """Return how many of the group were asked and answered, ``""`` where that is not told."""
    frame = released(rates, "response")
    found = frame[frame[by].astype(object) == level]
    if found.empty or is_missing(found["rate"].iloc[0]):
        return ""
    row = found.iloc[0]
    return say(
        "one_pager.response", names.lang, n=names.n(row["n"], row["n_band"]),
        invited=names.n(row["invited"], row["invited_band"]), rate=numbers.percent(row["rate"]),
    )  # fmt: skip


def against_others(differences: SafeTable, by: str, level: str, names: Names) -> str:
    """Return on which scores the group differs reliably from everybody else, over all groups and scores."""
    frame = released(differences, "comparisons")
    frame = felt(frame[(frame[by].astype(object) == level) & frame["difference"].notna()], names)
    frame = frame[~frame["scale"].isin([*COMPOSITES, POINTS])]
    if frame.empty:
        return say("one_pager.not_compared", names.lang)
    parts = []
    for sign in ("better", "worse"):
        some = [
            row for row in frame.to_dict("records") if sign_of(row["verdict"], row["scale"], names) == sign
        ]
        some.sort(key=lambda row: -abs(float(row["difference"])))
        if some:
            parts.append(say(f"one_pager.{sign}", names.lang, named=[_differing(row, names) for row in some]))
    if not parts:
        return say("one_pager.no_difference", names.lang, count=len(frame))
    return ("" if names.lang == "zh" else " ").join(parts)


def moved(own: SafeTable, wave: str, earlier: SafeTable, names: Names, *, apart: Collection[str] = ()) -> str:
    """Return which shares moved so far since ``wave`` that the two 95 % intervals do not meet.

    That is stricter than a test at 5 % (of two equal groups, about one in 180 would move by chance), because
    shares of small groups are rounded and many scores are looked at. ``apart``: scales that don't compare.
    """
    now, then = (_by_scale(table).dropna(subset=["favourable"]) for table in (own, earlier))
    felt_now = felt(now.reset_index(), names)["scale"]
    both = [one for one in felt_now if one in then.index and one not in {*apart, *COMPOSITES, POINTS}]
    if not both:
        return say("one_pager.not_beside", names.lang, wave=wave)
    parts = []
    for key, there in (
        ("up", [one for one in both if now.loc[one, "ci_low"] > then.loc[one, "ci_high"]]),
        ("down", [one for one in both if now.loc[one, "ci_high"] < then.loc[one, "ci_low"]]),
    ):
        if there:
            named = [
                say("one_pager.from_to", names.lang, scale=names.inline(names.scale_share(one)),
                    before=_share(then, one),
                    now=_share(now, one))
                for one in there
            ]  # fmt: skip
            parts.append(say(f"one_pager.{key}", names.lang, wave=wave, named=named))
    if not parts:
        return say("one_pager.unmoved", names.lang, wave=wave, count=len(both))
    return ("" if names.lang == "zh" else " ").join(parts)


def extremes(own: SafeTable, everyone: SafeTable, names: Names) -> tuple[str, ...]:
    """Return up to three strengths and three concerns, each with its interval and everyone's share."""
    strengths, concerns = strengths_and_concerns(own, names)
    if not strengths:
        return (say("one_pager.too_few_factors", names.lang),)
    first = {"best": strengths[0], "worst": concerns[0]}
    called = {key: names.inline(names.scale(one.scale)) for key, one in first.items()}
    lines = [say("one_pager.extremes_first", names.lang, **called)]
    for key, some in (("strengths", strengths), ("concerns", concerns)):
        lines.append(f"{say(f'page_overview.{key}', names.lang)}{_colon(names)}")
        for one in some:
            share = _share(_by_scale(everyone), one.scale)
            lines.append(f"· {say('one_pager.ranked', names.lang, said=one.said, everyone=share)}")
    return *lines, say("page_overview.ranked_note", names.lang)


def beside_drivers(drivers: SafeTable, own: SafeTable, everyone: SafeTable, names: Names) -> tuple[str, ...]:
    """Return the drivers that weigh most in the whole organisation, each beside the group's own share."""
    frame = released(drivers, "drivers")
    if "share" not in frame:
        return ()
    mine, all_of_us = _by_scale(own), _by_scale(everyone)
    frame = frame[frame["share"].notna() & (frame["block"] == "survey") & frame["driver"].isin(mine.index)]
    ranked = frame.sort_values("share", ascending=False, kind="stable").head(_TOP)
    return tuple(
        say(
            "one_pager.driver", names.lang, driver=names.driver(str(row["driver"])),
            weight=numbers.percent(float(row["share"])), share=_share(mine, str(row["driver"])),
            everyone=_share(all_of_us, str(row["driver"])),
        )
        for row in ranked.to_dict("records")
    )  # fmt: skip


def withheld(own: SafeTable, names: Names) -> str:
    """Return which scores of the group are not shown, and why."""
    frame = felt(released(own, "scores"), names)
    frame = frame[(frame["scale"] != POINTS) & frame["favourable"].isna()]
    if frame.empty:
        return say("one_pager.all_shown", names.lang)
    named = [_with_reason(row, names) for row in frame.to_dict("records")]
    return say("one_pager.withheld", names.lang, named=_listed(named, names))


def _with_reason(row: dict[Any, Any], names: Names) -> str:
    why = names.hidden("share" if is_missing(row["hidden_reason"]) else row["hidden_reason"])
    return say("one_pager.reason", names.lang, scale=names.inline(names.scale_share(row["scale"])), why=why)


def _differing(row: dict[Any, Any], names: Names) -> str:
    value = float(row["difference"])
    shown = ("+" if value > 0 else "") + numbers.decimal(value, names.lang, 1)
    return say("one_pager.differing", names.lang, scale=names.inline(names.scale(row["scale"])), by=shown)


def _by_scale(table: SafeTable) -> pd.DataFrame:
    return released(table, "scores").drop_duplicates("scale").set_index("scale")


def _share(scores: pd.DataFrame, scale: str) -> str:
    if scale not in scores.index:
        return "–"
    return numbers.percent(float(scores["favourable"].astype(float)[scale]))


def _listed(parts: Sequence[str], names: Names) -> str:
    return ("；" if names.lang == "zh" else "; ").join(parts)


def _colon(names: Names) -> str:
    return "：" if names.lang == "zh" else ":"
