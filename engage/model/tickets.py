"""Tickets: how many were handled in time, by branch and by week, what is open, what comes again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from engage.errors import TooLittleData, UsageError
from engage.measure import wilson_interval
from engage.measure.control_chart import FEW_WEEKS, control_chart
from engage.measure.display import as_html
from engage.measure.funnel import FEW_UNITS, funnel
from engage.measure.intervals import difference_interval
from engage.words import say

EVERY: Final = "all"
"""The row of all branches, or of all types, together."""
TYPES: Final = (EVERY, "fault", "complaint")
YEAR: Final = 52
"""Weeks between a period and the one a year earlier: the same days of the week."""
_WEEK: Final = pd.Timedelta(weeks=1)
_LIMITS: Final = ("low", "high", "far_low", "far_high")


@dataclass(frozen=True, slots=True, eq=False)
class DeskRates:
    """Rates of a period, from ``start`` up to ``end`` (exclusive); ``as_of`` is when the extract was made.

    ``table``: a row per ``type`` and ``branch`` (``"all"`` for all together): ``n`` tickets due, ``late`` of
    them, ``on_time`` with ``ci_low``, ``ci_high`` (Wilson); ``n_before``, ``before`` of the same weeks a year
    earlier, ``change`` with ``change_low``, ``change_high`` (Newcombe); ``opened`` in the period, of
    ``n_repeat`` of which it is known, ``repeat`` with its interval; ``backlog`` and ``overdue`` at the end;
    funnel limits ``low``, ``high``, ``far_low``, ``far_high`` and ``standing`` of branches. ``dispersion``
    and ``rho`` are those of each type's funnel, ``sigma_z`` of its weeks.
    """

    table: pd.DataFrame
    start: pd.Timestamp
    end: pd.Timestamp
    as_of: pd.Timestamp
    dispersion: dict[str, float]
    rho: dict[str, float]
    sigma_z: dict[str, float]

    def tidy(self) -> pd.DataFrame:
        """Return the table."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        days = {"start": f"{self.start:%Y-%m-%d}", "end": f"{self.end - pd.Timedelta(days=1):%Y-%m-%d}"}
        return as_html(self.table, say("desk.caption", **days))


def ticket_rates(tickets: pd.DataFrame, *, weeks: int = 13, end: pd.Timestamp | None = None) -> DeskRates:
    """Return on-time shares, repeats and backlog of the last ``weeks`` full weeks, by type and branch.

    A ticket counts in the week of its deadline, and only once that has passed: by then it is closed in time
    or late, whether closed or still open. One that is not due yet is left out even if it is closed, since
    only the quick ones of its kind are closed by now. Repeats are of the tickets opened in the period of
    which it is known; the backlog is what was opened before the end and not closed by then.

    Branches of a type stand in a funnel (:func:`engage.measure.funnel.funnel`, additive), from five branches
    on. A change from a year earlier (52 weeks) is the difference of two shares, its interval Newcombe's with
    both n divided by σ_z² where weeks vary more than chance (:func:`engage.measure.control_chart`).

    ``tickets``: a row each with ``branch, type, opened, due, closed, repeat, as_of`` as
    ``engage.read(kind="tickets")`` gives them. ``end``: a Monday; without, that after the last full week.
    Raises ``TooLittleData`` if no ticket was due in the period, ``UsageError`` for a period that is none.
    """
    if weeks < 1:
        raise UsageError("desk.bad_weeks", weeks=weeks)
    frame, as_of = _prepared(tickets)
    end = pd.Timestamp(end) if end is not None else last_monday(as_of)
    start = end - weeks * _WEEK
    rows: list[dict[str, Any]] = []
    dispersion, rho, sigma = dict[str, float](), dict[str, float](), dict[str, float]()
    for type_ in TYPES:
        own = frame if type_ == EVERY else frame[frame["type"] == type_]
        if not _due(own, start, end).any():
            continue
        sigma[type_] = _sigma(own, end)
        counts = _counts(own, start, end)
        whole = counts.sum().rename(EVERY)
        found = [_row(type_, whole, sigma[type_])]
        found += [_row(type_, counts.loc[branch], sigma[type_]) for branch in counts.index]
        dispersion[type_], rho[type_] = _place(found)
        rows += found
    if not rows:
        raise TooLittleData(
            "desk.none_due", start=f"{start:%Y-%m-%d}", end=f"{end - pd.Timedelta(days=1):%Y-%m-%d}"
        )
    return DeskRates(pd.DataFrame(rows), start, end, as_of, dispersion, rho, sigma)


def ticket_weeks(tickets: pd.DataFrame, *, weeks: int = 52) -> pd.DataFrame:
    """Return each full week's on-time share beside p′ limits, and the backlog at its end, by type.

    A row per ``type`` and ``week`` (its Monday), the last ``weeks`` of them: ``n`` due, ``late``,
    ``on_time``, ``ci_low``, ``ci_high``, ``low``, ``high``, ``standing`` (missing below eight weeks),
    ``centre``, ``backlog``, ``overdue``, and ``before``, the share of the same week a year earlier. Weeks in
    which nothing was due have no row. See :func:`ticket_rates` for what counts when, and
    :func:`engage.measure.control_chart` for the limits. Raises ``TooLittleData`` if no week has a ticket.
    """
    frame, as_of = _prepared(tickets)
    end = last_monday(as_of)
    parts = []
    for type_ in TYPES:
        own = frame if type_ == EVERY else frame[frame["type"] == type_]
        counts = _by_week(own, end)
        shown = counts[counts.index >= end - weeks * _WEEK]
        if len(shown):
            parts.append(_charted(type_, own, counts, shown))
    if not parts:
        raise TooLittleData("desk.none_due", start="–", end=f"{end - pd.Timedelta(days=1):%Y-%m-%d}")
    return pd.concat(parts, ignore_index=True)


def last_monday(as_of: pd.Timestamp) -> pd.Timestamp:
    """Return the Monday that ends the last full week by ``as_of`` (a Sunday's last second is its end)."""
    moment = as_of + pd.Timedelta(seconds=1)
    return moment.normalize() - pd.Timedelta(days=moment.day_of_week)


def _prepared(tickets: pd.DataFrame) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Return tickets with naive moments, ``week`` of the deadline, ``late``; and when the extract is of."""
    frame = tickets.dropna(subset=["branch", "opened"]).reset_index(drop=True)
    if frame.empty:
        raise TooLittleData("workspace.no_tickets")
    for name in ("opened", "due", "closed", "as_of"):
        moments = pd.to_datetime(frame[name])
        frame[name] = moments.dt.tz_localize(None) if moments.dt.tz is not None else moments
    decided = frame["due"].notna() & (frame["due"] <= frame["as_of"])
    frame["late"] = decided & (frame["closed"].isna() | (frame["closed"] > frame["due"]))
    monday = frame["due"].dt.normalize() - pd.to_timedelta(frame["due"].dt.day_of_week, unit="D")
    frame["week"] = monday.where(decided)
    return frame, frame["as_of"].max()


def _due(frame: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> "pd.Series[bool]":
    return (frame["week"] >= start) & (frame["week"] < end)


def _counts(own: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """Return what is counted of each branch; the year before only where tickets go back that far."""
    earlier = YEAR * _WEEK
    due, before = _due(own, start, end), _due(own, start - earlier, end - earlier)
    if not own["week"].min() <= start - earlier:
        before &= False
    opened = (own["opened"] >= start) & (own["opened"] < end)
    repeat = own["repeat"].astype("boolean")
    waiting = (own["opened"] < end) & ~(own["closed"] < end)
    flags = {
        "n": due, "late": due & own["late"], "n_before": before, "late_before": before & own["late"],
        "opened": opened, "n_repeat": opened & repeat.notna(), "repeats": opened & repeat.fillna(False),
        "backlog": waiting, "overdue": waiting & (own["due"] < end),
    }  # fmt: skip
    return pd.DataFrame(flags).astype(int).groupby(own["branch"]).sum()


def _row(type_: str, counts: "pd.Series[Any]", sigma: float) -> dict[str, Any]:
    """Return one branch's shares and intervals from its counts."""
    of = {str(name): int(count) for name, count in counts.items()}
    n, n_before = of["n"], of["n_before"]
    found: dict[str, Any] = {"type": type_, "branch": str(counts.name), "n": n, "late": of["late"]}
    found |= _share(n - of["late"], n, ("on_time", "ci_low", "ci_high"))
    found |= {"n_before": n_before}
    found |= _share(n_before - of["late_before"], n_before, ("before", "before_low", "before_high"))
    found |= dict.fromkeys(("change", "change_low", "change_high"), math.nan)
    if n and n_before:
        m, m_before = n / sigma**2, n_before / sigma**2
        ends = difference_interval(found["on_time"] * m, m, found["before"] * m_before, m_before)
        change = found["on_time"] - found["before"]
        found |= {"change": change, "change_low": ends.low, "change_high": ends.high}
    found |= {"opened": of["opened"], "n_repeat": of["n_repeat"]}
    found |= _share(of["repeats"], of["n_repeat"], ("repeat", "repeat_low", "repeat_high"))
    found |= {"backlog": of["backlog"], "overdue": of["overdue"]}
    return found | dict.fromkeys(_LIMITS, math.nan) | {"standing": None}


def _share(k: int, n: int, names: Sequence[str]) -> dict[str, float]:
    if not n:
        return dict.fromkeys(names, math.nan)
    ends = wilson_interval(k, n)
    return dict(zip(names, (k / n, ends.low, ends.high), strict=True))


def _place(rows: list[dict[str, Any]]) -> tuple[float, float]:
    """Lay the branches' rows into a funnel; return its dispersion and ρ."""
    branches = [row for row in rows if row["branch"] != EVERY and row["n"]]
    if len(branches) < FEW_UNITS:
        return 1.0, 0.0
    found = funnel([row["n"] - row["late"] for row in branches], [row["n"] for row in branches])
    for place, row in enumerate(branches):
        row |= {name: float(getattr(found, name)[place]) for name in _LIMITS} | {
            "standing": found.standing[place]
        }
    return found.dispersion, found.rho


def _by_week(own: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    late = own[own["week"] < end].groupby("week")["late"]
    return pd.DataFrame({"n": late.size(), "late": late.sum()}).astype(int)


def _sigma(own: pd.DataFrame, end: pd.Timestamp) -> float:
    counts = _by_week(own, end)
    if len(counts) < FEW_WEEKS:
        return 1.0
    return max(control_chart((counts["n"] - counts["late"]).tolist(), counts["n"].tolist()).sigma_z, 1.0)


def _charted(type_: str, own: pd.DataFrame, counts: pd.DataFrame, shown: pd.DataFrame) -> pd.DataFrame:
    good, n = (shown["n"] - shown["late"]).tolist(), shown["n"].tolist()
    shares = pd.DataFrame(
        [_share(k, m, ("on_time", "ci_low", "ci_high")) for k, m in zip(good, n, strict=True)]
    )
    table = pd.concat([shown.reset_index(), shares], axis=1)
    table.insert(0, "type", type_)
    table["low"], table["high"], table["standing"] = math.nan, math.nan, None
    table["centre"] = sum(good) / sum(n)
    if len(shown) >= FEW_WEEKS:
        chart = control_chart(good, n)
        table["low"], table["high"], table["standing"] = chart.low, chart.high, list(chart.standing)
    ends = pd.DatetimeIndex(shown.index) + _WEEK
    table["backlog"] = _before(own["opened"], ends) - _before(own["closed"], ends)
    due = own[own["due"].notna()]
    done = due[["closed", "due"]].max(axis=1, skipna=False)
    table["overdue"] = _before(due["due"], ends) - _before(done, ends)
    before = counts.reindex(pd.DatetimeIndex(shown.index) - YEAR * _WEEK)
    table["before"] = (1 - before["late"] / before["n"]).to_numpy()
    return table


def _before(
    moments: "pd.Series[pd.Timestamp]", ends: pd.DatetimeIndex
) -> "np.ndarray[Any, np.dtype[np.intp]]":
    """Return how many moments lie before each end."""
    return np.searchsorted(np.sort(moments.dropna().to_numpy()), ends.to_numpy(), side="left")
