"""How long people stay: Kaplan–Meier curves, and cumulative incidence where kinds of exit compete."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.errors import InputError, TooLittleData, UsageError
from engage.measure.intervals import check_level
from engage.model.design import FloatArray
from engage.model.display import as_html

Column = Sequence[object] | npt.NDArray[np.generic] | pd.Series

CENSORED: Final = 0


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalCurve:
    """The share still there at each time somebody left or was last seen.

    ``table`` has a row per distinct exit time (within each group of ``by``): the group, ``time``, ``at_risk``
    people (entered before it, not gone before it), ``events`` at it, ``survival`` just after it, and its
    interval, NaN where the share is 0. ``n`` people (rows), ``n_dropped`` rows with a missing value.
    """

    table: pd.DataFrame
    level: float
    n: int
    n_dropped: int

    def tidy(self) -> pd.DataFrame:
        """Return the table: the group if any, time, at_risk, events, survival, ci_low, ci_high."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return as_html(self.table, "survival", self.n, self.n_dropped, ())


@dataclass(frozen=True, slots=True, eq=False)
class CumulativeIncidence:
    """The share gone by each time, by kind of exit, the kinds competing.

    ``table`` has a row per kind of exit and distinct exit time (within each group of ``by``): the group,
    ``cause``, ``time``, ``at_risk``, ``events`` of that kind, ``incidence``, ``std_error``, interval.
    """

    table: pd.DataFrame
    level: float
    n: int
    n_dropped: int

    def tidy(self) -> pd.DataFrame:
        """Return the table: the group if any, cause, time, at_risk, events, incidence, std_error, …"""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return as_html(self.table, "cumulative incidence", self.n, self.n_dropped, ())


def survival_curve(
    time: Column,
    event: Column,
    entry: Column | None = None,
    by: Column | None = None,
    *,
    level: float = 0.95,
) -> SurvivalCurve:
    """Return the Kaplan–Meier curve of ``time`` (when last seen) and ``event`` (1 left then, 0 still there).

    S(t) = Π_{s ≤ t} (1 − d/n), d events among n at risk at s. With ``entry`` (delayed entry, left truncation:
    who was hired before follow-up began counts only from then on) at risk means entry < s ≤ time. Greenwood's
    variance Σ d/(n(n−d)) on the log-log scale: S^exp(±z·√V/log S); at S = 1 the interval is [1, 1].
    ``by`` gives a curve per group, in its order of categories or values.

    Columns of equal length; rows with a missing value are left out and counted. Raises ``UsageError`` for
    columns of unequal length or events other than 0 and 1, ``InputError`` for an exit not after its entry,
    ``TooLittleData`` if no row is left.
    R: ``survival::survfit(Surv(entry, time, event) ~ by, conf.type = "log-log")``.
    """
    check_level(level)
    rows, dropped = _rows(time, event, entry, by)
    if not rows["event"].isin([0, 1]).all():
        raise UsageError("model.not_binary", outcome="event")
    table = _by_group(rows, lambda part: _kaplan_meier(part, level))
    return SurvivalCurve(table=table, level=level, n=len(rows), n_dropped=dropped)


def cumulative_incidence(
    time: Column,
    cause: Column,
    entry: Column | None = None,
    by: Column | None = None,
    *,
    level: float = 0.95,
) -> CumulativeIncidence:
    """Return the Aalen–Johansen cumulative incidence of each kind of exit, the other kinds competing.

    F_c(t) = Σ_{s ≤ t} S(s−)·d_c/n, S the Kaplan–Meier curve of all exits. Unlike 1 − Kaplan–Meier with other
    exits censored, the incidences and S add up to 1. ``cause``: 0 for still there, any other value for a kind
    of exit, such as ``"voluntary"``. Variance by the delta method (Aalen's; Marubini & Valsecchi 1995);
    intervals on the log-log scale of 1 − F.

    Rows, entry, groups and errors as :func:`survival_curve`; ``TooLittleData`` also without any exit.
    R: ``cmprsk::cuminc``, ``mstate::Cuminc`` (variance "aalen"); ``survfit(Surv(time, factor(cause)) ~ by)``.
    """
    check_level(level)
    rows, dropped = _rows(time, cause, entry, by)
    still = rows["event"].map(lambda kind: kind == CENSORED)
    causes = sorted(rows.loc[~still, "event"].unique(), key=str)
    if not causes:
        raise TooLittleData("model.no_exits")
    table = _by_group(rows, lambda part: _aalen_johansen(part, causes, level))
    return CumulativeIncidence(table=table, level=level, n=len(rows), n_dropped=dropped)


def _rows(time: Column, event: Column, entry: Column | None, by: Column | None) -> tuple[pd.DataFrame, int]:
    """Return complete rows: time, event, entry (−∞ if not given), by; and how many were incomplete."""
    given = {"time": time, "event": event, "entry": entry, "by": by}
    columns = {name: pd.Series(list(column)) for name, column in given.items() if column is not None}
    if len({len(column) for column in columns.values()}) > 1:
        raise UsageError("model.unequal_lengths", lengths={n: len(c) for n, c in columns.items()})
    if isinstance(by, pd.Series) and isinstance(by.dtype, pd.CategoricalDtype):
        columns["by"] = by.reset_index(drop=True)
    table = pd.DataFrame(columns)
    for name in {"time", "entry"} & set(columns):
        table[name] = pd.to_numeric(table[name])
    rows = table.dropna()
    if not len(rows):
        raise TooLittleData("model.no_complete_rows", rows=len(table))
    if entry is None:
        rows = rows.assign(entry=-np.inf)
    check_spans(rows["entry"].to_numpy(dtype=float), rows["time"].to_numpy(dtype=float))
    return rows, len(table) - len(rows)


def check_spans(entry: FloatArray, time: FloatArray) -> None:
    """Raise ``InputError`` unless every exit comes after its entry."""
    wrong = int((time <= entry).sum())
    if wrong:
        raise InputError("model.exit_before_entry", count=wrong)


def _by_group(rows: pd.DataFrame, curve: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    if "by" not in rows.columns:
        return curve(rows)
    parts = []
    for group, part in rows.groupby("by", observed=True):
        table = curve(part)
        table.insert(0, "by", [group] * len(table))
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _counts(rows: pd.DataFrame) -> tuple[FloatArray, FloatArray, npt.NDArray[np.intp]]:
    """Return the distinct exit times (k,), the number at risk at each, and each row's position among them."""
    times, position = np.unique(rows["time"].to_numpy(dtype=float), return_inverse=True)
    exits, entries = np.sort(rows["time"].to_numpy(dtype=float)), np.sort(rows["entry"].to_numpy(dtype=float))
    gone = np.searchsorted(exits, times, side="left")
    entered = np.searchsorted(entries, times, side="left")
    return times, (entered - gone).astype(float), position


def _kaplan_meier(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    times, at_risk, position = _counts(rows)
    events = np.bincount(position, weights=rows["event"].to_numpy(dtype=float), minlength=len(times))
    survival = np.asarray(np.cumprod(1 - events / at_risk), dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.asarray(np.cumsum(events / (at_risk * (at_risk - events))), dtype=float)
    low, high = _log_log(survival, np.sqrt(variance), level)
    return pd.DataFrame(
        {
            "time": times,
            "at_risk": at_risk.astype(int),
            "events": events.astype(int),
            "survival": survival,
            "ci_low": low,
            "ci_high": high,
        }
    )


def _aalen_johansen(rows: pd.DataFrame, causes: Sequence[Hashable], level: float) -> pd.DataFrame:
    times, at_risk, position = _counts(rows)
    of = {
        cause: np.bincount(position[(rows["event"] == cause).to_numpy()], minlength=len(times))
        for cause in causes
    }
    exits = np.sum(list(of.values()), axis=0).astype(float)
    after = np.cumprod(1 - exits / at_risk)
    before = np.concatenate([[1.0], after[:-1]])
    parts = []
    for cause, count in of.items():
        events = count.astype(float)
        incidence = np.asarray(np.cumsum(before * events / at_risk), dtype=float)
        std_error = np.sqrt(_incidence_variance(incidence, before, at_risk, exits, events))
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = _log_log(1 - incidence, std_error / (1 - incidence), level)
        parts.append(
            pd.DataFrame(
                {
                    "cause": [cause] * len(times),
                    "time": times,
                    "at_risk": at_risk.astype(int),
                    "events": count,
                    "incidence": incidence,
                    "std_error": std_error,
                    "ci_low": 1 - high,
                    "ci_high": 1 - low,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _incidence_variance(
    incidence: FloatArray, before: FloatArray, at_risk: FloatArray, exits: FloatArray, events: FloatArray
) -> FloatArray:
    """Return Σ (F(t)−F(s))² d/(n(n−d)) + Σ S(s−)² (n−d_c)d_c/n³ − 2 Σ (F(t)−F(s)) S(s−) d_c/n², (k,).

    The sums over s ≤ t are expanded in F(t), so that they are cumulative. Where everybody has gone the first
    term is a limit of 0·∞ that counts nothing.
    """
    room = at_risk - exits
    every = np.divide(exits, at_risk * room, out=np.zeros_like(exits), where=room > 0)
    own = before**2 * (at_risk - events) * events / at_risk**3
    both = before * events / at_risk**2
    total = (
        incidence**2 * np.cumsum(every)
        - 2 * incidence * np.cumsum(every * incidence)
        + np.cumsum(every * incidence**2)
        + np.cumsum(own)
        - 2 * incidence * np.cumsum(both)
        + 2 * np.cumsum(both * incidence)
    )
    return np.asarray(np.maximum(total, 0.0), dtype=float)


def _log_log(share: FloatArray, std_error: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Return the interval share^exp(±z·std_error/log share), ``std_error`` that of log share."""
    from scipy.special import ndtri

    inside = (share > 0) & (share < 1)
    log = np.log(np.where(inside, share, 0.5))
    wide = float(ndtri((1 + level) / 2)) * std_error / np.abs(log)
    edge = np.where(share >= 1, 1.0, np.nan)
    low = np.where(inside, np.exp(log * np.exp(wide)), edge)
    high = np.where(inside, np.exp(log * np.exp(-wide)), edge)
    return low, high
