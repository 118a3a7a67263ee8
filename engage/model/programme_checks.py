"""What a comparison of programmes is checked by: placebo dates, who came and went, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from engage.errors import TooLittleData
from engage.measure.display import as_html
from engage.measure.intervals import check_level
from engage.model.group_times import Cell, Columns, Comparing, Mask
from engage.model.programmes import (
    Comparison,
    compare_changes,
    difference_in_differences,
    spread,
    with_inference,
)

Verdict = Literal["helped", "harmed", "rose", "fell", "no_clear_difference", "cannot_tell"]

SURE: Final = 0.05
MATTERS: Final = 0.5
"""An interval that reaches further than this many standard deviations of the outcome has told too little."""


@dataclass(frozen=True, slots=True, eq=False)
class PlaceboDates:
    """The effect of dates on which nothing began: ``table`` has a row per date, and no row where none fits.

    ``shift`` periods before the start, estimate, std_error, ci_low, ci_high, p_value.
    """

    table: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Return the table."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return as_html(self.table, "placebo")


@dataclass(frozen=True, slots=True, eq=False)
class Composition:
    """An effect on everybody seen in a period, on those seen in both (``stayers``), and their ``difference``.

    ``table``: term, estimate, std_error, ci_low, ci_high, p_value. ``n_everybody`` and ``n_stayers`` units in
    the comparisons; ``fewest``: of units that are in one and not in the other, the smallest number above 0 on
    a side and in a period (0 where nobody came or went).
    """

    table: pd.DataFrame
    n_everybody: int
    n_stayers: int
    fewest: int

    def tidy(self) -> pd.DataFrame:
        """Return a row per term."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return as_html(self.table, "composition")


def placebo_dates(
    frame: pd.DataFrame,
    outcome: str,
    unit: str,
    time: str,
    treated_from: str,
    *,
    most: int = 3,
    **options: Any,
) -> PlaceboDates:
    """Return the overall effect of starts moved 1 … ``most`` periods back, on rows before the true ones.

    Whoever joins loses the rows from the true start on; nothing had begun, so any clear effect shows that the
    comparison does not hold. ``options`` as of :func:`difference_in_differences`. Dates that leave no
    comparison have no row.
    """
    times = sorted(frame[time].dropna().unique())
    anticipation = int(options.get("anticipation", 0))
    place = {when: at for at, when in enumerate(times)}
    start = frame[treated_from].map(lambda one: len(times) if pd.isna(one) else sum(t < one for t in times))
    before = frame[frame[time].map(place) < start - anticipation]
    rows = []
    for shift in range(1, most + 1):
        moved = start - anticipation - shift
        fake = [times[at] if 0 < at < len(times) and own < len(times) else None
                for at, own in zip(moved, start, strict=True)]  # fmt: skip
        early = (start < len(times)) & (moved <= 0)
        trial = frame.assign(**{treated_from: pd.Series(fake, index=frame.index, dtype=object)})
        trial = trial.loc[before.index][~early.loc[before.index]]
        try:
            found = difference_in_differences(
                trial, outcome, unit, time, treated_from,
                **{**options, "treated_until": None, "anticipation": 0},
            )  # fmt: skip
        except TooLittleData:
            continue
        rows.append({"shift": shift, **found.overall.drop(["term", "band_low", "band_high"]).to_dict()})
    columns = ["shift", "estimate", "std_error", "ci_low", "ci_high", "p_value"]
    return PlaceboDates(pd.DataFrame(rows, columns=columns))


def composition(
    frame: pd.DataFrame,
    outcome: str,
    unit: str,
    time: str,
    treated_from: str,
    *,
    cluster: str | None = None,
    treated_until: str | None = None,
    level: float = 0.95,
) -> Composition:
    """Return the overall effect on everybody and on stayers, and whether they differ.

    A mean can change because people do or because other people answer: if the two differ clearly, who came
    and went is part of the result. The difference's error counts units that are in both.
    """
    check_level(level)
    names = Columns(outcome, unit, time, treated_from, treated_until, cluster, ())
    everybody = compare_changes(frame, names, Comparing(everybody=True))
    stayers = compare_changes(frame, names, Comparing())
    clusters = everybody.panel.clusters
    parts = {
        "everybody": everybody.overall,
        "stayers": stayers.overall,
        "difference": (
            everybody.overall[0] - stayers.overall[0],
            everybody.overall[1] - stayers.overall[1],
        ),
    }
    rows = [(name, estimate, spread(own, clusters)) for name, (estimate, own) in parts.items()]
    changed = [
        int((side & (now ^ both)).sum())
        for cell in everybody.during
        for both in [_seen(everybody, cell.base) & _seen(everybody, cell.period)]
        for now in (_seen(everybody, cell.base), _seen(everybody, cell.period))
        for side in (cell.treated, cell.control)
    ]
    return Composition(
        table=with_inference(rows, float(len(np.unique(clusters)) - 1), level),
        n_everybody=_units(everybody.during),
        n_stayers=_units(stayers.during),
        fewest=min((many for many in changed if many), default=0),
    )


def _units(cells: Sequence[Cell]) -> int:
    return int(np.logical_or.reduce([cell.treated | cell.control for cell in cells]).sum())


def _seen(found: Comparison, period: int) -> Mask:
    return ~np.isnan(found.panel.y[:, period])


def programme_verdict(
    low: float,
    high: float,
    p_adjusted: float,
    *,
    better: int,
    spread_of_outcome: float,
    pre_trend_p: float = float("nan"),
    placebo_p: Sequence[float] = (),
    composition_p: float = float("nan"),
    stayers: tuple[float, float] | None = None,
) -> tuple[Verdict, str]:
    """Return a plain verdict on an effect with the interval ``low`` to ``high``, and the reason for doubt.

    ``better``: 1 where more of the outcome is good, −1 where less is, 0 where neither is. ``cannot_tell``
    where the two sides drifted apart before the start (``pre_trend``: p < .05), a placebo date has an effect
    (``placebo``: any p < .05, adjusted for their number), everybody and ``stayers`` differ (``composition``:
    p < .05) and their intervals lie differently to 0, or the interval holds 0 and reaches beyond half a
    standard deviation of the outcome (``imprecise``). ``helped`` or ``harmed`` (``rose``, ``fell``) where the
    interval excludes 0 and ``p_adjusted``, over the outcomes looked at, is at most .05;
    ``no_clear_difference`` otherwise (reason ``chance`` where only the adjustment speaks against it). NaN
    stands for a check that could not be made.
    """
    tried = [p for p in placebo_p if not np.isnan(p)]
    doubts = {
        "pre_trend": pre_trend_p < SURE,
        "placebo": bool(tried) and min(tried) * len(tried) < SURE,
        "composition": composition_p < SURE and stayers is not None and _side(*stayers) != _side(low, high),
    }
    for reason, doubted in doubts.items():
        if doubted:
            return "cannot_tell", reason
    side = _side(low, high)
    if not side:
        vague = max(-low, high) > MATTERS * spread_of_outcome
        return ("cannot_tell", "imprecise") if vague else ("no_clear_difference", "")
    if not p_adjusted <= SURE:
        return "no_clear_difference", "chance"
    if better == 0:
        return ("rose" if side > 0 else "fell"), ""
    return ("helped" if side * better > 0 else "harmed"), ""


def _side(low: float, high: float) -> int:
    """Return on which side of 0 an interval lies, 0 where it holds it."""
    return int(low > 0) - int(high < 0)
