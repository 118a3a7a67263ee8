"""Effects by start and period: the differences in differences that programme evaluation is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.errors import TooLittleData, UsageError
from engage.model.adjusting import Method, adjusted
from engage.model.design import FloatArray, IntArray, check_columns

Controls = Literal["not_yet", "never"]
Mask = npt.NDArray[np.bool_]

_ROWS_PER_COLUMN: Final = 5
"""A comparison with covariates needs as many units on each side for each of them, or it is left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """``y`` (units, periods), NaN where unseen; ``x`` (units, periods, k) covariates; ``start`` and ``end``
    (units,) the first and the last period in the programme, ``periods`` for a start that never comes;
    ``clusters`` (units,) codes.
    """

    y: FloatArray
    x: FloatArray
    start: IntArray
    end: IntArray
    clusters: IntArray
    times: Sequence[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Names of the columns of a panel."""

    outcome: str
    unit: str
    time: str
    treated_from: str
    treated_until: str | None
    cluster: str | None
    covariates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparing:
    """How starts and periods are compared; see :func:`engage.model.difference_in_differences`."""

    covariates: bool = False
    earlier: int = 0
    method: Method = "dr"
    controls: Controls = "not_yet"
    everybody: bool = False
    anticipation: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One start and period against a base period: the estimate and what each unit adds to it (units,).

    ``kind``: ``before`` the programme, in the ``lead`` (anticipation), ``during`` or ``after`` it.
    ``inside``, ``outside``: units seen in the period; ``fewest``: the smallest of both sides and periods.
    """

    start: int
    period: int
    base: int
    kind: Literal["before", "lead", "during", "after"]
    estimate: float
    influence: FloatArray
    inside: int
    outside: int
    fewest: int
    treated: Mask
    control: Mask

    @property
    def event(self) -> int:
        """Periods since the start."""
        return self.period - self.start


def panel_of(frame: pd.DataFrame, names: Columns) -> tuple[Panel, int, int]:
    """Return the panel, the rows left out, and the units left out because they began in the programme."""
    own_cluster = [names.cluster] if names.cluster and names.cluster != names.unit else []
    optional = [names.treated_until] if names.treated_until else []
    used = [names.outcome, names.unit, names.time, *own_cluster]
    check_columns(frame, [*used, names.treated_from, *optional, *names.covariates])
    numeric = [names.outcome, *names.covariates]
    wrong = [name for name in numeric if not pd.api.types.is_numeric_dtype(frame[name].dtype)]
    if wrong:
        raise UsageError("model.not_numeric", columns=wrong)
    rows = frame.dropna(subset=used)
    if not len(rows):
        raise TooLittleData("model.no_complete_rows", rows=len(frame))
    unit, units = pd.factorize(rows[names.unit], sort=True)
    when, times = pd.factorize(rows[names.time], sort=True)
    counts = np.bincount(unit * len(times) + when)
    if counts.max() > 1:
        raise UsageError("model.repeated_unit_time", count=int((counts - 1).clip(0).sum()))
    first = np.unique(unit, return_index=True)[1]
    steady = {name: rows[name].iloc[first] for name in [names.treated_from, *optional, *own_cluster]}
    changing = [name for name in steady if _changes(rows[name], unit, first)]
    if changing:
        raise UsageError("model.changes_within_unit", columns=changing)

    def wide(name: str) -> FloatArray:
        table = np.full((len(units), len(times)), np.nan)
        table[unit, when] = rows[name].to_numpy(dtype=float, na_value=np.nan)
        return table

    start = _places(steady[names.treated_from], times, inclusive=False)
    end = np.full(len(units), len(times) - 1)
    if names.treated_until:
        end = _places(steady[names.treated_until], times, inclusive=True) - 1
    keep = start > 0
    owner = steady[own_cluster[0]].to_numpy() if own_cluster else np.asarray(units)
    y = wide(names.outcome)
    x = [wide(name) for name in names.covariates]
    panel = Panel(
        y=y[keep],
        x=(np.stack(x, axis=2) if x else np.empty((*y.shape, 0)))[keep],
        start=start[keep],
        end=end[keep],
        clusters=pd.factorize(owner[keep])[0],
        times=list(times),
    )
    left_out = int((~np.isnan(y[~keep])).sum())
    return panel, len(frame) - len(rows) + left_out, int((~keep).sum())


def _changes(column: pd.Series, unit: IntArray, first: IntArray) -> bool:
    codes = pd.factorize(column)[0]
    return bool((codes != codes[first][unit]).any())


def _places(values: pd.Series, times: Any, *, inclusive: bool) -> IntArray:
    """Return how many periods lie before each value (``inclusive``: up to it); all, where it is missing."""
    codes, distinct = pd.factorize(values)
    places = [sum(bool(t <= one if inclusive else t < one) for t in times) for one in distinct]
    return np.array([*places, len(times)], dtype=np.intp)[codes]


def cells_of(panel: Panel, how: Comparing) -> list[Cell]:
    """Return every start and period that can be compared, by start and period."""
    periods = len(panel.times)
    found = []
    for start in sorted({int(g) for g in panel.start if g < periods}):
        for period in range(1, periods):
            early = period < start - how.anticipation
            base = period - 1 if early else start - 1 - how.anticipation
            if base >= 0 and base != period:
                cell = _cell(panel, how, start, period, base)
                if cell is not None:
                    found.append(cell)
    return found


def _cell(panel: Panel, how: Comparing, start: int, period: int, base: int) -> Cell | None:
    never = len(panel.times)
    own = panel.start == start
    running = own & (panel.end >= period)
    over = bool(period >= start and not running.any())
    treated = running if period >= start and not over else own
    # Those who start in this very period, or before, are no comparison.
    latest = max(period, base) + how.anticipation
    control = (panel.start == never) | (panel.start > latest) & (how.controls == "not_yet")
    control &= ~own
    now, then = panel.y[:, period], panel.y[:, base]
    seen_now, seen_then = ~np.isnan(now), ~np.isnan(then)
    if not how.everybody:
        seen_now = seen_then = seen_now & seen_then
    sides = [treated & seen_now, treated & seen_then, control & seen_now, control & seen_then]
    counts = [int(side.sum()) for side in sides]
    if not min(counts):
        return None
    kind: Literal["before", "lead", "during", "after"] = (
        "after" if over else "during" if period >= start
        else "before" if period < start - how.anticipation else "lead"
    )  # fmt: skip
    if how.covariates or how.earlier:
        found = _with_covariates(panel, how, sides[0], sides[2], period, base)
        if found is None:
            return None
        estimate, influence, used = found
        sides = [sides[0] & used, sides[0] & used, sides[2] & used, sides[2] & used]
        counts = [int(side.sum()) for side in sides]
    else:
        estimate, influence = _plain(now, then, sides)
    return Cell(start, period, base, kind, estimate, influence, counts[0], counts[2], min(counts),
                sides[0] | sides[1], sides[2] | sides[3])  # fmt: skip


def _plain(now: FloatArray, then: FloatArray, sides: list[Mask]) -> tuple[float, FloatArray]:
    """Return the difference of the differences of means, and what each unit adds to it."""
    influence = np.zeros(len(now))
    estimate = 0.0
    for side, values, sign in zip(sides, (now, then, now, then), (1, -1, -1, 1), strict=True):
        mean = values[side].mean()
        estimate += sign * mean
        influence[side] += sign * (values[side] - mean) / side.sum()
    return float(estimate), influence


def _with_covariates(
    panel: Panel, how: Comparing, treated: Mask, control: Mask, period: int, base: int
) -> tuple[float, FloatArray, Mask] | None:
    """Return the adjusted estimate, what each unit adds, and the units used, where it can be had."""
    if base - how.earlier + 1 < 0:
        return None
    past = [panel.y[:, base - back] for back in range(how.earlier)]
    columns = np.column_stack([panel.x[:, base], *past])
    used = (treated | control) & np.isfinite(columns).all(axis=1)
    inside = treated[used]
    least = _ROWS_PER_COLUMN * (columns.shape[1] + 1)
    if min(inside.sum(), (~inside).sum()) < least:
        return None
    change = panel.y[used, period] - panel.y[used, base]
    found = adjusted(change, inside.astype(float), columns[used], how.method)
    if found is None:
        return None
    influence = np.zeros(len(panel.y))
    influence[used] = found[1]
    return found[0], influence, used


def stacked(cells: Sequence[Cell], weights: FloatArray, panel: Panel, *, everybody: bool) -> tuple[
    FloatArray, FloatArray, IntArray
]:  # fmt: skip
    """Return ``y, x, clusters`` of the least-squares fit whose first coefficient is Σ weights·estimates.

    Each cell brings its own rows, intercepts and difference; the differences b are parted anew so that the
    first coefficient is w·b. For comparisons without covariates.
    """
    blocks = [_block(cell, panel, everybody=everybody) for cell in cells]
    rows, width = sum(len(y) for y, _ in blocks), blocks[0][1].shape[1]
    x = np.zeros((rows, width * len(blocks)))
    at = 0
    for place, (y, own) in enumerate(blocks):
        x[at : at + len(y), place * width : (place + 1) * width] = own
        at += len(y)
    first = x[:, 0] / weights[0]
    for place in range(1, len(blocks)):
        x[:, place * width] -= weights[place] * first
    x[:, 0] = first
    clusters = np.concatenate([panel.clusters[_rows(cell, panel, everybody=everybody)[0]] for cell in cells])
    return np.concatenate([y for y, _ in blocks]), x, pd.factorize(clusters)[0]


def _rows(cell: Cell, panel: Panel, *, everybody: bool) -> tuple[IntArray, IntArray]:
    """Return the units and periods of a cell's rows."""
    both = cell.treated | cell.control
    if not everybody:
        units = np.flatnonzero(both)
        return units, np.full(len(units), cell.period)
    parts = [np.flatnonzero(both & ~np.isnan(panel.y[:, when])) for when in (cell.base, cell.period)]
    whens = [np.full(len(part), when) for part, when in zip(parts, (cell.base, cell.period), strict=True)]
    return np.concatenate(parts), np.concatenate(whens)


def _block(cell: Cell, panel: Panel, *, everybody: bool) -> tuple[FloatArray, FloatArray]:
    units, whens = _rows(cell, panel, everybody=everybody)
    inside, ones = cell.treated[units].astype(float), np.ones(len(units))
    if not everybody:
        return panel.y[units, cell.period] - panel.y[units, cell.base], np.column_stack([inside, ones])
    later = (whens == cell.period).astype(float)
    return panel.y[units, whens], np.column_stack([inside * later, ones, inside, later])
