"""What the service desk's tables say, in plain lines with n, interval and doubt."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from engage.present import numbers
from engage.present.desk_words import (
    EVERY,
    LOW_STANDINGS,
    called,
    day,
    points,
    tenths,
    tenths_between,
    word,
)
from engage.present.labels import Names, is_missing
from engage.present.look import released
from engage.privacy import SafeTable

_LISTED: Final = 6


def desk(table: SafeTable, names: Names, type_: str = EVERY) -> tuple[str, ...]:
    """Return the share on time, branches out of line, the change from a year earlier, and what is open.

    ``table``: of kind ``desk``; ``type_``: the tickets that the lines are of.
    """
    frame = released(table, "desk")
    own = frame[frame["type"] == type_]
    whole = own[own["branch"] == EVERY]
    if whole.empty or is_missing(whole["on_time"].iloc[0]):
        return (names.refusal(whole["hidden_reason"]),)
    row = _first(whole)
    lines = [_headline(frame, row, table, names), _branches(own[own["branch"] != EVERY], names)]
    return tuple(filter(None, [*lines, _year(row, names), _open(row, table, names)]))


def desk_weeks(table: SafeTable, names: Names, type_: str = EVERY) -> tuple[str, ...]:
    """Return in which weeks fewer were on time than usual weeks explain.

    ``table``: of kind ``desk_weeks``.
    """
    frame, said = released(table, "desk_weeks"), word(names)
    own = frame[(frame["type"] == type_) & frame["on_time"].notna()]
    if own["low"].isna().all():
        return (said("said.weeks_few"),)
    low = own[own["standing"] == "low"].iloc[::-1]
    if low.empty:
        return (said("said.weeks_none", all=len(own)),)
    weeks = [
        said(
            "said.week", week=numbers.day(one["week"].date(), names.lang), share=tenths(one["on_time"], names)
        )
        for one in low.head(_LISTED).to_dict("records")
    ]
    return (said("said.weeks_low", count=len(low), all=len(own), weeks=weeks),)


def training(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return how much lies reliably below the standard, and the largest gap.

    ``table``: of kind ``inspections``.
    """
    frame = released(table, "inspections")
    shown = frame[(frame["branch"] != EVERY) & frame["mean"].notna()]
    if shown.empty:
        return (names.refusal(frame["hidden_reason"]),)
    said, weak = word(names), shown[shown["verdict"] == "below"]
    if weak.empty:
        return (said("said.training_none", all=len(shown)),)
    row = _first(weak)
    return (
        said(
            "said.training", count=len(weak), all=len(shown), branch=called("branch", row["branch"], names),
            criterion=called("criterion", row["criterion"], names), mark=numbers.percent(row["mean"]),
            interval=tenths_between(row["ci_low"], row["ci_high"], names, digits=0),
            standard=numbers.percent(row["standard"]), n=names.n(row["n"], row["n_band"]),
        ),
    )  # fmt: skip


def raters(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return how far inspectors agree, and on what too little; ``table``: of kind ``raters``."""
    frame, said = released(table, "raters"), word(names)
    whole = frame[frame["criterion"] == EVERY]
    if whole.empty or is_missing(whole["alpha"].iloc[0]):
        return (names.refusal(frame["hidden_reason"]),)
    row = _first(whole)
    lines = [
        said(
            "said.raters", n=names.n(row["n"], row["n_band"]),
            alpha=numbers.decimal(row["alpha"], names.lang),
            interval=numbers.between(row["alpha_low"], row["alpha_high"], names.lang),
            verdict=said(f"verdict.{row['verdict']}"),
            apart=numbers.decimal(100 * row["apart"], names.lang, 0),
        )
    ]  # fmt: skip
    weak = frame[(frame["criterion"] != EVERY) & (frame["verdict"] == "unreliable")]
    if len(weak):
        criteria = [called("criterion", one, names) for one in weak["criterion"]]
        lines.append(said("said.raters_weak", criteria=criteria))
    return tuple(lines)


def late_list(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return which branches had late tickets, the most first; ``table``: of kind ``desk``, of all types."""
    frame = released(table, "desk")
    own = frame[(frame["type"] == EVERY) & (frame["branch"] != EVERY)]
    late = own[own["late"].fillna(0) > 0].sort_values(["late", "n"], ascending=[False, True], kind="stable")
    if late.empty:
        return ()
    said = word(names)
    branches = [
        said("said.late_one", branch=called("branch", one["branch"], names), late=one["late"], n=one["n"])
        for one in late.head(2 * _LISTED).to_dict("records")
    ]
    return (said("said.late", branches=branches),)


def _first(frame: pd.DataFrame) -> Mapping[str, Any]:
    return {str(name): value for name, value in frame.iloc[0].items()}


def _headline(frame: pd.DataFrame, row: Mapping[str, Any], table: SafeTable, names: Names) -> str:
    said = word(names)
    head = said(
        "said.on_time", n=_many(row["n"], names), share=tenths(row["on_time"], names),
        start=day(table.notes["first_day"], names), end=day(table.notes["last_day"], names),
        interval=tenths_between(row["ci_low"], row["ci_high"], names),
    )  # fmt: skip
    parts = frame[(frame["branch"] == EVERY) & (frame["type"] != EVERY) & frame["on_time"].notna()]
    if row["type"] != EVERY:
        of = said(f"type.{row['type']}")
        return said("said.alone", head=f"{of}{_colon(names)}{head}")
    if parts.empty:
        return said("said.alone", head=head)
    told = [
        said(
            "said.part", type=names.inline(said(f"type.{one['type']}")), share=tenths(one["on_time"], names),
            n=_many(one["n"], names), interval=tenths_between(one["ci_low"], one["ci_high"], names),
        )
        for one in parts.to_dict("records")
    ]  # fmt: skip
    return said("said.join", head=head, parts=told)


def _branches(own: pd.DataFrame, names: Names) -> str:
    said = word(names)
    if own["standing"].isna().all():
        return said("said.few_branches")
    lines = []
    for key, standings in (("far_below", ("far_below",)), ("below", ("below",))):
        found = own[own["standing"].isin(standings)].sort_values("on_time", kind="stable")
        if len(found):
            branches = [
                said(
                    "said.one", branch=called("branch", one["branch"], names),
                    share=tenths(one["on_time"], names), n=_many(one["n"], names),
                )
                for one in found.to_dict("records")
            ]  # fmt: skip
            lines.append(said(f"said.{key}", branches=branches))
    if not own["standing"].isin(LOW_STANDINGS).any():
        return said("said.within")
    return ("" if names.lang == "zh" else " ").join(lines)


def _year(row: Mapping[str, Any], names: Names) -> str:
    if is_missing(row["change"]):
        return ""
    said, low, high = word(names), float(row["change_low"]), float(row["change_high"])
    sure = low > 0 or high < 0
    return said(
        "said.year", change=points(float(row["change"]), names),
        interval=numbers.between(100 * low, 100 * high, names.lang, 1),
        verdict=said("said.year_sure" if sure else "said.year_unsure"),
    )  # fmt: skip


def _open(row: Mapping[str, Any], table: SafeTable, names: Names) -> str:
    said = word(names)
    counts = {"end": day(table.notes["last_day"], names), "backlog": _many(row["backlog"], names)}
    counts |= {"overdue": _many(row["overdue"], names)}
    if is_missing(row["repeat"]):
        return said("said.open_only", **counts)
    interval = tenths_between(row["repeat_low"], row["repeat_high"], names)
    return said("said.open", **counts, repeat=tenths(row["repeat"], names), interval=interval)


def _many(n: object, names: Names) -> str:
    return numbers.whole(float(str(n)), names.lang)


def _colon(names: Names) -> str:
    return "：" if names.lang == "zh" else ": "
