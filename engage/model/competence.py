"""Levels of competence beside the level that a role needs, and what to train first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from engage.errors import TooLittleData
from engage.measure.display import as_html
from engage.measure.effect import t_interval
from engage.measure.intervals import check_level
from engage.measure.multiplicity import adjust_pvalues
from engage.model.design import check_columns
from engage.words import say

Targets = Mapping[str, Mapping[str, float]]
"""The mean level to reach: ``{scale: {role: level}}``; a role that is not named needs none."""

GAP_COLUMNS: Final = (
    "role",
    "scale",
    "n",
    "mean",
    "target",
    "gap",
    "ci_low",
    "ci_high",
    "p_value",
    "p_adjusted",
    "verdict",
)
_ALPHA: Final = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class CompetenceGaps:
    """``table``: a row per role and scale with a target, columns ``GAP_COLUMNS``.

    ``gap`` is target less mean, in points of the scale: above 0 the role falls short. ``verdict``: ``short``
    or ``beyond`` where the gap differs from 0 at 5 % after Benjamini–Hochberg over the table, else ``met``.
    """

    table: pd.DataFrame
    level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per role and scale."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return as_html(self.table, say("model.competence_caption", level=f"{100 * self.level:g}"))


def competence_gaps(
    frame: pd.DataFrame, targets: Targets, *, role: str = "role_group", level: float = 0.95
) -> CompetenceGaps:
    """Return how far each role's mean level lies below its target, with the t interval of its mean.

    ``frame``: a row per person with ``role`` and a column per scale of ``targets``; who lacks a scale counts
    in the others. gap = target − m, standard error s / √n, t with n − 1 degrees of freedom: R
    ``t.test(x, mu = target)``, ``p.adjust(method = "BH")``. Roles of fewer than two answers have no row.

    Raises ``UsageError`` for missing columns, ``TooLittleData`` where no role with a target can be told.
    """
    check_columns(frame, [role, *targets])
    rows = []
    for scale, wanted in targets.items():
        for name, target in wanted.items():
            values = frame.loc[frame[role] == name, scale].dropna().to_numpy(dtype=float)
            if len(values) > 1:
                var = float(np.var(values, ddof=1))
                rows.append(
                    (name, scale, len(values), values.mean(), target, var / len(values), len(values) - 1)
                )
    if not rows:
        raise TooLittleData("model.no_levels", where=role)
    columns = ["role", "scale", "n", "mean", "target", "error", "df"]
    return gaps_from(pd.DataFrame(rows, columns=columns), level=level)


def gaps_from(cells: pd.DataFrame, *, level: float = 0.95) -> CompetenceGaps:
    """Return gaps from means: columns ``role, scale, n, mean, target, error`` (its variance), ``df``."""
    check_level(level)
    tests = [
        t_interval(row["target"] - row["mean"], row["error"], row["df"], level)
        for row in cells.to_dict("records")
    ]
    adjusted = adjust_pvalues([test.p_value for test in tests])
    table = cells.assign(
        gap=[test.difference for test in tests],
        ci_low=[test.ci_low for test in tests],
        ci_high=[test.ci_high for test in tests],
        p_value=[test.p_value for test in tests],
        p_adjusted=adjusted,
    )
    sure = np.asarray(adjusted) <= _ALPHA
    table["verdict"] = np.where(~sure, "met", np.where(table["gap"] > 0, "short", "beyond"))
    return CompetenceGaps(table[list(GAP_COLUMNS)].reset_index(drop=True), level)


def training_plan(gaps: pd.DataFrame, slopes: pd.DataFrame, serving: Mapping[str, bool]) -> pd.DataFrame:
    """Return what to train, first what matters most: gap × what a point of it goes with in service.

    ``gaps``: ``role, scale, gap, ci_low, ci_high, verdict`` (95 % intervals); of these, rows that are
    ``short`` are listed. ``slopes``: ``scale, slope, slope_low, slope_high, sure``: what one point of a
    team's mean level goes with in a service measure, and whether that is told from nothing. ``serving``:
    which roles' teams have service results; of the others nothing is said on service. Adds ``slope``,
    ``gain`` = gap × slope with the interval of a product of independent estimates (Goodman 1960: variance
    g²·v(s) + s²·v(g) + v(g)·v(s)), ``known`` (whether the row has one), and ``rank``: rows with a gain that
    is surely positive first, by gain; then by gap. An association: nobody was trained by lot.
    """
    short = gaps[gaps["verdict"] == "short"].merge(slopes, on="scale", how="left")
    useful = short["sure"].fillna(False).astype(bool) & (short["slope"] > 0)
    short["known"] = useful & short["role"].map(serving).fillna(False).astype(bool)
    v_gap, v_slope = (
        _variance(short[low], short[high])
        for low, high in (("ci_low", "ci_high"), ("slope_low", "slope_high"))
    )
    error = np.sqrt(short["gap"] ** 2 * v_slope + short["slope"] ** 2 * v_gap + v_gap * v_slope)
    gain = (short["gap"] * short["slope"]).where(short["known"])
    short = short.assign(gain=gain, gain_low=gain - _Z * error, gain_high=gain + _Z * error)
    order = short.assign(gain=gain.fillna(-1.0)).sort_values(["known", "gain", "gap"], ascending=False).index
    ranked = short.loc[order].reset_index(drop=True)
    return ranked.assign(rank=np.arange(1, len(ranked) + 1))


_Z: Final = 1.959963984540054


def _variance(low: Any, high: Any) -> Any:
    """Return the variance that a symmetric 95 % interval stands for."""
    return ((high.astype(float) - low.astype(float)) / (2 * _Z)) ** 2
