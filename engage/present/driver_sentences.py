"""The lines of the driver page: for a scale, for leaving, for service. Association, said as such."""

import math
from typing import Final

import pandas as pd

from engage.present import numbers
from engage.present.driver_charts import SURE
from engage.present.labels import Names, is_missing
from engage.present.look import FAVOURABLE_LINE, released
from engage.privacy import SafeTable
from engage.words import say

_TOP: Final = 5
"""A reversed direction is only worth a line among the most important drivers."""
_IN_POINTS: Final = ("on_time",)
"""Outcomes that are shares: their changes are said in percentage points."""


def drivers(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return what goes most with an outcome, how sure that is, reversed directions, and comment themes.

    ``table``: drivers of a scale, of ``attrition`` or of ``service``, or of a scale by groups.
    """
    frame = released(table, "drivers")
    lead = list(frame.columns)[: list(frame.columns).index("outcome")]
    if lead:
        return (_groups(frame, lead[0], names),)
    shares = frame[frame["share"].notna()] if "share" in frame else frame.iloc[:0]
    survey = shares[shares["block"] == "survey"].sort_values("share", ascending=False, kind="stable")
    if survey.empty:
        return (say("sentences.nothing", names.lang),)
    if table.notes.get("outcome") == "service":
        return *_service(survey, table, names), *_agreement_by_measure(shares, names)
    ranked = shares.sort_values("share", ascending=False, kind="stable")
    outcome = str(ranked["outcome"].iloc[0])
    if outcome == "attrition":
        detail = _team_leaving if table.notes.get("level") == "team" else _odds
        lines = [_attrition(ranked, table, names), detail(survey.iloc[0], names)]
    else:
        lines = [_scale(ranked, outcome, table, names)]
    lines += _agreement(ranked, names)
    lines += _reversed(survey, outcome, names)
    lines += _themes(frame[frame["block"] == "theme"], outcome, names)
    return tuple(lines)


def driver_map(table: SafeTable, scores: SafeTable, names: Names) -> str:
    """Return what the map of importance and standing shows: the important factors that stand low.

    ``table``: drivers of one outcome, ``scores``: totals of one wave.
    """
    frame = released(table, "drivers")
    frame = frame[frame["share"].notna() & (frame["block"] != "theme")]
    line = 1 / len(frame) if len(frame) else 1.0
    totals = released(scores, "scores").dropna(subset=["favourable"]).drop_duplicates("scale")
    found = frame.merge(
        totals[["scale", "favourable", "ci_low", "ci_high", "n", "n_band"]],
        left_on="driver", right_on="scale", suffixes=("_b", ""),
    ).sort_values("share", ascending=False, kind="stable")  # fmt: skip
    if found.empty:
        return say("sentences.nothing", names.lang)
    act = found[(found["share"] >= line) & (found["favourable"] < FAVOURABLE_LINE)]
    row = (found if act.empty else act).iloc[0]
    words = {
        "share": numbers.percent(row["share"]),
        "interval": numbers.span(row["importance_low"], row["importance_high"]),
        "n": numbers.whole(float(str(table.notes["n"])), names.lang),
        "favourable": numbers.percent(row["favourable"]),
        "span": numbers.span(row["ci_low"], row["ci_high"]), "people": names.n(row["n"], row["n_band"]),
        "outcome": names.inline(names.outcome(str(row["outcome"]))),
    }  # fmt: skip
    if act.empty:
        return say(
            "sentences.drivers.map_none", names.lang, **words, line=numbers.percent(FAVOURABLE_LINE),
            driver=names.inline(names.driver(str(row["driver"]))),
        )  # fmt: skip
    called = [names.inline(names.driver(str(driver))) for driver in act["driver"]]
    return say("sentences.drivers.map", names.lang, **words, named=called)


def _agreement(ranked: pd.DataFrame, names: Names) -> list[str]:
    """Say whether Johnson's weights give the same order; what is equal as shown may stand either way."""
    moved = _moved(ranked)
    if moved is None:
        return []
    if not moved:
        return [say("sentences.drivers.agree_same", names.lang)]
    first = ranked.iloc[int(ranked["johnson"].astype(float).argmax())]
    if ranked["driver"].iloc[0] in moved and first["johnson"] > ranked["johnson"].iloc[0]:
        called = names.inline(names.driver(str(first["driver"])))
        share = numbers.percent(float(first["johnson"]))
        return [say("sentences.drivers.agree_other", names.lang, driver=called, share=share)]
    called_all = [names.inline(names.driver(driver)) for driver in moved]
    return [say("sentences.drivers.agree_first", names.lang, drivers=called_all)]


def _agreement_by_measure(shares: pd.DataFrame, names: Names) -> tuple[str, ...]:
    """Say for which service measures Johnson's weights give another order."""
    found = {str(outcome): _moved(part) for outcome, part in shares.groupby("outcome", sort=False)}
    if any(moved is None for moved in found.values()):
        return ()
    other = [names.inline(names.outcome(outcome)) for outcome, moved in found.items() if moved]
    if other:
        return (say("sentences.drivers.agree_other_in", names.lang, measures=other),)
    return (say("sentences.drivers.agree_same_in", names.lang),)


def _moved(rows: pd.DataFrame) -> list[str] | None:
    """Return the drivers that another one passes by Johnson's weights; ``None`` where there are none."""
    if "johnson" not in rows or rows["johnson"].isna().any():
        return None
    pairs = list(zip(rows["driver"], rows["share"], rows["johnson"], strict=True))
    return [
        str(driver)
        for driver, lmg, johnson in pairs
        if any((lmg - other) * (johnson - others) < 0 for _, other, others in pairs)
    ]


def _groups(frame: pd.DataFrame, by: str, names: Names) -> str:
    hidden = (
        frame["hidden_reason"].notna() if "hidden_reason" in frame else pd.Series(False, index=frame.index)
    )
    return say(
        "sentences.drivers.groups", names.lang, group=names.inline(names.demographic(by)),
        shown=frame.loc[~hidden, by].nunique(), hidden=frame.loc[hidden, by].nunique(),
    )  # fmt: skip


def _scale(ranked: pd.DataFrame, outcome: str, table: SafeTable, names: Names) -> str:
    first = ranked.iloc[0]
    words = _first(first, table, names)
    key = "headline_plain" if is_missing(first.get("importance_low")) else "headline"
    if key == "headline_plain":
        words.pop("interval")
    return say(
        f"sentences.drivers.{key}", names.lang, **words, outcome=names.inline(names.outcome(outcome)),
        order=_order(ranked, names),
    )  # fmt: skip


def _attrition(ranked: pd.DataFrame, table: SafeTable, names: Names) -> str:
    words = _first(ranked.iloc[0], table, names)
    days = table.notes.get("horizon_days")
    words["events"] = names.n(table.notes.get("events"), table.notes.get("events_band"))
    if days is None:
        key = "headline_undated"
    else:
        words["days"] = str(days)
        key = "headline_any" if table.notes.get("counted") == "any" else "headline"
    if table.notes.get("level") == "team":
        key = "team_undated" if days is None else "team"
    return say(f"sentences.attrition.{key}", names.lang, **words, order=_order(ranked, names))


def _odds(first: pd.Series, names: Names) -> str:
    """Return the odds ratio for one point, turned so that it is above 1; from the released log-odds."""
    driver = names.inline(names.driver(str(first["driver"])))
    low, high, estimate = float(first["ci_low"]), float(first["ci_high"]), float(first["estimate"])
    if not (low > 0 or high < 0):
        return say("sentences.attrition.odds_unsure", names.lang, driver=driver)
    if estimate < 0:
        key, estimate, low, high = "odds_lower", -estimate, -high, -low
    else:
        key = "odds_higher"
    return say(
        f"sentences.attrition.{key}", names.lang, driver=driver,
        ratio=numbers.decimal(math.exp(estimate), names.lang),
        interval=numbers.between(math.exp(low), math.exp(high), names.lang),
    )  # fmt: skip


def _team_leaving(first: pd.Series, names: Names) -> str:
    """Return the difference in a team's share of leavers for one point, as for anonymous surveys."""
    driver = names.inline(names.driver(str(first["driver"])))
    low, high, estimate = (100 * float(first[name]) for name in ("ci_low", "ci_high", "estimate"))
    if not (low > 0 or high < 0):
        return say("sentences.attrition.odds_unsure", names.lang, driver=driver)
    key = "team_lower" if estimate < 0 else "team_higher"
    if estimate < 0:
        estimate, low, high = -estimate, -high, -low
    return say(
        f"sentences.attrition.{key}",
        names.lang,
        driver=driver,
        change=numbers.decimal(estimate, names.lang, 1),
        interval=numbers.between(low, high, names.lang, 1),
    )


def _service(survey: pd.DataFrame, table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return the factor that goes with most service measures, then a line for each measure."""
    sure = survey[(survey["ci_low"] > 0) | (survey["ci_high"] < 0)]
    n = numbers.whole(float(str(table.notes["n"])), names.lang)
    if sure.empty:
        head = say("sentences.service.headline_none", names.lang, n=n)
    else:
        ways = sure.assign(up=sure["estimate"] > 0).groupby(["driver", "up"], sort=False)["outcome"].agg(list)
        driver, up = max(ways.index, key=lambda way: len(ways[way]))
        head = say(
            f"sentences.service.{'headline' if up else 'headline_worse'}", names.lang, n=n,
            driver=names.inline(names.driver(driver)),
            measures=[names.inline(names.outcome(one)) for one in ways[(driver, up)]],
        )  # fmt: skip
    return head, *(_measure(part, names) for _, part in survey.sort_index().groupby("outcome", sort=False))


def _measure(part: pd.DataFrame, names: Names) -> str:
    """Say how much one service measure goes with the factor that matters most among the reliable ones."""
    ranked = part.sort_values("share", ascending=False, kind="stable")
    sure = ranked[(ranked["ci_low"] > 0) | (ranked["ci_high"] < 0)]
    row = (ranked if sure.empty else sure).iloc[0]
    lang = names.lang
    words = {
        "measure": names.outcome(str(row["outcome"])),
        "driver": names.inline(names.driver(str(row["driver"]))),
    }
    low, high, estimate = float(row["ci_low"]), float(row["ci_high"]), float(row["estimate"])
    if not (low > 0 or high < 0):
        return say("sentences.service.unsure", lang, **words)
    if estimate < 0:
        key, estimate, low, high = "lower", -estimate, -high, -low
    else:
        key = "higher"
    if row["outcome"] in _IN_POINTS:
        change = say("sentences.service.points", lang, value=numbers.decimal(100 * estimate, lang, 1))
        interval = numbers.between(100 * low, 100 * high, lang, 1)
    else:
        change, interval = numbers.decimal(estimate, lang), numbers.between(low, high, lang)
    return say(f"sentences.service.{key}", lang, **words, change=change, interval=interval)


def _first(first: pd.Series, table: SafeTable, names: Names) -> dict[str, str]:
    low, high = (float(first.get(name, math.nan)) for name in ("importance_low", "importance_high"))
    return {
        "n": numbers.whole(float(str(table.notes["n"])), names.lang),
        "driver": names.inline(names.driver(str(first["driver"]))),
        "share": numbers.percent(first["share"]),
        "interval": numbers.span(low, high),
    }


def _order(ranked: pd.DataFrame, names: Names) -> str:
    """Say how sure the first rank is: the first driver's own ranks, and others that may be first."""
    if "rank_high" not in ranked or is_missing(ranked["rank_high"].iloc[0]):
        return say("sentences.drivers.order_unknown", names.lang)
    rivals = int((ranked["rank_low"].iloc[1:] <= 1).sum())
    count = max(int(ranked["rank_high"].iloc[0]), rivals + 1)
    if count <= 1:
        return say("sentences.drivers.order_sure", names.lang)
    if count == 2:
        return say("sentences.drivers.order_two", names.lang)
    return say("sentences.drivers.order_many", names.lang, count=count)


def _reversed(survey: pd.DataFrame, outcome: str, names: Names) -> list[str]:
    """Name the important drivers that reliably go against what one hopes for."""
    bad = outcome == "attrition" or names.role_of(outcome) == "strain"
    hoped = -1 if bad else 1
    top = survey.head(_TOP)
    against = top[(top["direction"] == -hoped) & (top["p_value"] <= SURE)]
    if against.empty:
        return []
    called = [names.inline(names.driver(str(driver))) for driver in against["driver"]]
    if outcome == "attrition":
        return [say("sentences.attrition.reversed", names.lang, drivers=called)]
    key = "sentences.drivers.reversed_up" if bad else "sentences.drivers.reversed"
    return [say(key, names.lang, drivers=called, outcome=names.inline(names.outcome(outcome)))]


def _themes(themes: pd.DataFrame, outcome: str, names: Names) -> list[str]:
    """Name the comment themes whose negative share reliably goes with the outcome, besides the survey."""
    lines = []
    themes = themes[~themes["driver"].isin(["none", "theme:none"])]
    sure = themes[themes["p_value"] <= SURE]
    area = "attrition" if outcome == "attrition" else "drivers"
    words = {} if area == "attrition" else {"outcome": names.inline(names.outcome(outcome))}
    for key, part in (
        ("themes_less", sure[sure["estimate"] < 0]),
        ("themes_more", sure[sure["estimate"] > 0]),
    ):
        if len(part):
            called = [names.inline(names.theme(str(theme))) for theme in part["driver"]]
            lines.append(say(f"sentences.{area}.{key}", names.lang, themes=called, **words))
    return lines
