"""Conditions at one wave, engagement at the next, service after it: how much of a relation goes that way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from engage.errors import Problem, TooLittleData, UsageError
from engage.measure.intervals import check_level
from engage.model.design import FloatArray, build_design, check_columns, names
from engage.model.diagnostics import check_collinearity, check_teams, correlations
from engage.model.display import as_html
from engage.model.resample import bootstrap_covariances, covariance_of

MIN_DRAWS: Final = 500
# Keeps a resample solvable in which a wave has no row; columns are of unit size.
_RIDGE: Final = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Mediation:
    """How a driver goes with a later outcome by way of a mediator in between.

    ``paths`` has the rows ``driver_to_mediator`` (a), ``mediator_to_outcome`` (b), ``direct`` and
    ``indirect`` (a·b): estimate, std_error, ci_low, ci_high, in units of the data. ``n`` rows of ``n_teams``
    teams.
    """

    driver: str
    mediator: str
    outcome: str
    paths: pd.DataFrame
    level: float
    n: int
    n_dropped: int
    n_teams: int
    resamples: int
    notes: tuple[Problem, ...]

    def tidy(self) -> pd.DataFrame:
        """Return one row per path: path, estimate, std_error, ci_low, ci_high."""
        return self.paths.copy()

    def _repr_html_(self) -> str:
        return as_html(self.paths, self.outcome, self.n, self.n_dropped, self.notes)


def mediation(
    panel: pd.DataFrame,
    driver: str,
    mediator: str,
    outcome: str,
    *,
    controls: Sequence[str] = (),
    bootstrap: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Mediation:
    """Split a lagged relation of team scores with service: what goes by way of a mediator, and what doesn't.

    With a row per team and wave, X the driver, M the mediator (engagement), Y the service in the months after
    the wave, C the controls, two least-squares models with wave dummies:

        M_t = a·X_{t−1} + M_{t−1} + C_{t−1},   Y_t = b·M_t + direct·X_{t−1} + M_{t−1} + Y_{t−1} + C_{t−1}

    so everything on the right lies earlier, and levels are adjusted for what they were. Intervals are
    percentiles over resamples of whole teams, which need not make a·b symmetric. A wave counts as the next
    only if it directly follows in ``wave_date``. The reading is of order in time, still not of effect:
    whatever moves both M and Y and is not held equal stays in b.

    ``panel``: ``team``, ``wave``, ``wave_date`` and the columns named, from :func:`service_panel`. Raises
    ``TooLittleData`` without two waves in a row, for fewer than ten teams per predictor of the second model,
    or what does not vary; ``UsageError`` for unknown columns, repeated team and wave, or under 500 resamples.
    R: two ``lm`` fits and ``boot::boot`` over teams. Source: Cole & Maxwell (2003).
    """
    controls = names(controls)
    _check(panel, [driver, mediator, outcome, *controls], bootstrap, level)
    lagged = lagged_rows(panel, (driver, mediator, outcome, *controls))
    earlier = [f"{name}[before]" for name in (driver, mediator, outcome, *controls)]
    design = build_design(lagged, outcome, [mediator, *earlier], ["wave"], cluster="team")
    teams = design.n_clusters or 0
    check_teams(teams, 1 + len(earlier))
    check_collinearity(correlations(design.columns), design.terms)
    table = np.column_stack([design.columns, design.outcome])
    spread = table.std(axis=0)
    scaled = (table - table.mean(axis=0)) / spread
    # Columns: M, X, M before, Y before, controls before, wave dummies, Y.
    unit = np.array([spread[0] / spread[1], spread[-1] / spread[0], spread[-1] / spread[1]])
    found = _paths(covariance_of(scaled)[None], unit)[0]
    chunks = bootstrap_covariances(scaled, bootstrap, np.random.default_rng(seed), design.clusters)
    drawn = np.concatenate([_paths(covariances, unit) for covariances in chunks])
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    paths = pd.DataFrame(
        {
            "path": ["driver_to_mediator", "mediator_to_outcome", "direct", "indirect"],
            "estimate": found,
            "std_error": drawn.std(axis=0, ddof=1),
            "ci_low": low,
            "ci_high": high,
        }
    )
    return Mediation(
        driver=driver,
        mediator=mediator,
        outcome=outcome,
        paths=paths,
        level=level,
        n=design.n,
        n_dropped=len(panel) - design.n,
        n_teams=teams,
        resamples=bootstrap,
        notes=design.notes,
    )


def _check(panel: pd.DataFrame, columns: list[str], bootstrap: int, level: float) -> None:
    check_columns(panel, ["team", "wave", "wave_date", *columns])
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise UsageError("model.repeated_column", columns=repeated)
    wrong = [name for name in columns if not pd.api.types.is_numeric_dtype(panel[name].dtype)]
    if wrong:
        raise UsageError("model.not_numeric", columns=wrong)
    twice = int(panel.duplicated(["team", "wave"]).sum())
    if twice:
        raise UsageError("model.repeated_unit_time", count=twice)
    if bootstrap < MIN_DRAWS:
        raise UsageError("model.few_resamples", value=bootstrap, needed=MIN_DRAWS)
    check_level(level)


def lagged_rows(panel: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the rows that follow the team's row of the wave before, with that row's ``columns`` beside.

    These are called ``<column>[before]``. Raises ``TooLittleData`` without two waves in a row.
    """
    order = panel.groupby("wave", observed=True)["wave_date"].max().rank(method="dense").astype(int)
    rows = panel[["team", "wave", *columns]].assign(_place=panel["wave"].map(order).astype(int))
    before = rows.drop(columns="wave").assign(_place=rows["_place"] + 1)
    before = before.rename(columns={name: f"{name}[before]" for name in columns})
    lagged = rows.merge(before, on=["team", "_place"])
    if not len(lagged):
        raise TooLittleData("model.no_lag", waves=int(order.max()))
    return lagged.assign(wave=lagged["wave"].astype("string"))


def _paths(covariance: FloatArray, unit: FloatArray) -> FloatArray:
    """Return a, b, direct and a·b, ``(b, q, q)`` → ``(b, 4)``."""
    q = covariance.shape[-1] - 1
    # M on X, M before, controls and waves (Y before has no place there).
    first = _solve(covariance, [1, 2, *range(4, q)], 0)[:, 0]
    second = _solve(covariance, list(range(q)), q)[:, :2]
    a, b, direct = first * unit[0], second[:, 0] * unit[1], second[:, 1] * unit[2]
    return np.column_stack([a, b, direct, a * b])


def _solve(covariance: FloatArray, columns: list[int], outcome: int) -> FloatArray:
    index = np.array(columns)
    left = covariance[:, index[:, None], index] + _RIDGE * np.eye(len(index))
    return np.asarray(np.linalg.solve(left, covariance[:, index, outcome, None])[..., 0], dtype=float)
