"""The service desk's tables in the reader's words."""

from collections.abc import Callable
from typing import Final

import pandas as pd

from engage.present import numbers
from engage.present.columns import between, note, p_word, people
from engage.present.desk_words import called, points, tenths_between, word
from engage.present.labels import Names, is_missing


def _desk(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = _heading(names)
    made: dict[str, object] = {
        column("type"): [word(names)(f"type.{one}") for one in frame["type"]],
        column("branch"): [called("branch", one, names) for one in frame["branch"]],
        column("due"): frame["n"],
        column("late"): frame["late"],
        column("on_time"): _tenths(frame["on_time"]),
        column("interval"): _spans(frame, "ci_low", "ci_high", names),
        column("standing"): _words("standing", frame["standing"], names),
        column("limits"): _spans(frame, "low", "high", names),
        column("far_limits"): _spans(frame, "far_low", "far_high", names),
        column("before"): _tenths(frame["before"]),
        column("change"): ["–" if is_missing(one) else points(float(one), names) for one in frame["change"]],
        column("repeat"): _tenths(frame["repeat"]),
        column("opened"): frame["opened"],
        column("backlog"): frame["backlog"],
        column("overdue"): frame["overdue"],
    }
    return made | note(frame, names)


def _desk_weeks(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = _heading(names)
    made: dict[str, object] = {
        column("type"): [word(names)(f"type.{one}") for one in frame["type"]],
        column("week"): [numbers.day(one.date(), names.lang) for one in frame["week"]],
        column("due"): frame["n"],
        column("late"): frame["late"],
        column("on_time"): _tenths(frame["on_time"]),
        column("interval"): _spans(frame, "ci_low", "ci_high", names),
        column("week_limits"): _spans(frame, "low", "high", names),
        column("week_standing"): _words("standing", frame["standing"], names),
        column("before"): _tenths(frame["before"]),
        column("backlog"): frame["backlog"],
        column("overdue"): frame["overdue"],
    }
    return made | note(frame, names)


def _inspections(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = _heading(names)
    made: dict[str, object] = {
        column("branch"): [called("branch", one, names) for one in frame["branch"]],
        column("criterion"): [called("criterion", one, names) for one in frame["criterion"]],
        column("cases"): people(frame, names),
        column("mark"): _whole(frame["mean"]),
        column("interval"): _spans(frame, "ci_low", "ci_high", names, digits=0),
        column("standard"): _whole(frame["standard"]),
        column("gap"): _whole(frame["gap"]),
        column("verdict"): _words("verdict", frame["verdict"], names),
        column("p"): [p_word(one, names) for one in frame["p_value"]],
    }
    return made | note(frame, names)


def _raters(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = _heading(names)
    made: dict[str, object] = {
        column("criterion"): [called("criterion", one, names) for one in frame["criterion"]],
        column("cases"): people(frame, names),
        column("apart"): _whole(frame["apart"]),
        column("alpha"): frame["alpha"],
        column("interval"): between(frame["alpha_low"], frame["alpha_high"], names),
        column("verdict"): _words("verdict", frame["verdict"], names),
        column("icc"): _with_interval(frame, "icc", names),
    }
    if frame["kappa"].notna().any():
        made[column("kappa")] = _with_interval(frame, "kappa", names)
    return made | note(frame, names)


DESK_TABLES: Final[dict[str, Callable[[pd.DataFrame, Names], dict[str, object]]]] = {
    "desk": _desk,
    "desk_weeks": _desk_weeks,
    "inspections": _inspections,
    "raters": _raters,
}
"""What makes the displayed columns of each kind."""


def _heading(names: Names) -> Callable[[str], str]:
    say_it = word(names)
    return lambda name: say_it(f"column.{name}")


def _tenths(share: pd.Series) -> pd.Series:
    # Released to a tenth of a point: this only takes the binary dust off.
    return (share.astype("Float64") * 100).round(1)


def _whole(share: pd.Series) -> pd.Series:
    return (share.astype("Float64") * 100).round().astype("Int64")


def _spans(frame: pd.DataFrame, low: str, high: str, names: Names, *, digits: int = 1) -> list[str]:
    pairs = zip(frame[low], frame[high], strict=True)
    return [tenths_between(a, b, names, digits=digits).removesuffix("%") for a, b in pairs]


def _words(group: str, ids: pd.Series, names: Names) -> list[str]:
    return ["" if is_missing(one) else word(names)(f"{group}.{one}") for one in ids]


def _with_interval(frame: pd.DataFrame, name: str, names: Names) -> list[str]:
    rows = zip(frame[name], between(frame[f"{name}_low"], frame[f"{name}_high"], names), strict=True)
    return [
        "–" if is_missing(one) else f"{numbers.decimal(float(one), names.lang)} ({ends})"
        for one, ends in rows
    ]
