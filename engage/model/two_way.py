"""Two-way fixed effects: a programme that began everywhere on one date."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engage.errors import Problem, UsageError
from engage.measure.intervals import check_level
from engage.model.design import FloatArray
from engage.model.diagnostics import FEW_CLUSTERS
from engage.model.display import as_html
from engage.model.estimators import cluster_sums, cr1
from engage.model.group_times import Columns, panel_of
from engage.model.programmes import DRAWS, arms_of, notes_of, with_inference
from engage.model.wild import wild_bootstrap


@dataclass(frozen=True, slots=True, eq=False)
class TwoWayEffect:
    """The coefficient of being in a programme, beside a level of each unit and each period.

    ``effects``: one row, term ``in_programme``: estimate, std_error, ci_low, ci_high, p_value. ``wild``:
    whether interval and p-value come from the wild bootstrap. ``n`` rows of ``n_units`` units.
    """

    outcome: str
    effects: pd.DataFrame
    level: float
    df: float
    n: int
    n_units: int
    n_treated: int
    n_clusters: int
    n_dropped: int
    wild: bool
    notes: tuple[Problem, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Codes of the notes, such as ``model.few_clusters``."""
        return tuple(note.code for note in self.notes)

    @property
    def overall(self) -> "pd.Series[float]":
        """The row of the table."""
        return self.effects.iloc[0]

    def tidy(self) -> pd.DataFrame:
        """Return the row: term, estimate, std_error, ci_low, ci_high, p_value."""
        return self.effects.copy()

    def _repr_html_(self) -> str:
        return as_html(self.effects, self.outcome, self.n, self.n_dropped, self.notes)


def two_way_fixed_effects(
    frame: pd.DataFrame,
    outcome: str,
    unit: str,
    time: str,
    treated_from: str,
    *,
    cluster: str | None = None,
    treated_until: str | None = None,
    anticipation: int = 0,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
) -> TwoWayEffect:
    """Return τ of ``y_it = unit_i + period_t + τ·(i in the programme in t) + e_it``, by least squares.

    For a programme with one date: all periods before it together are the base, which tells more than one of
    them where trends are parallel throughout. Columns as in :func:`difference_in_differences`; periods after
    ``treated_until``, and ``anticipation`` periods before the start, are left out for those in the programme.
    Errors CR1 by ``cluster`` (else unit), which takes n less the periods' and the programme's columns as its
    degrees of freedom, units being nested in clusters; t with clusters − 1. Under 30 clusters the wild
    bootstrap (``draws`` > 0). Rows without outcome and units seen once are left out.

    Raises ``UsageError`` where starts differ (``model.several_starts``: averages of staggered effects would
    be compared with each other), else as :func:`difference_in_differences`.
    R: ``fixest::feols(y ~ in_programme | unit + time, cluster = ~cluster)``.
    """
    check_level(level)
    names = Columns(outcome, unit, time, treated_from, treated_until, cluster, ())
    panel, dropped, early = panel_of(frame, names)
    arms = arms_of(panel)
    never = len(panel.times)
    starts = {int(g) for g in panel.start if g < never}
    if len(starts) > 1:
        raise UsageError("model.several_starts", count=len(starts))
    periods = np.arange(never)[None, :]
    joined = (panel.start < never)[:, None]
    inside = joined & (periods >= panel.start[:, None]) & (periods <= panel.end[:, None])
    over = joined & (periods > panel.end[:, None])
    lead = joined & (periods < panel.start[:, None]) & (periods >= panel.start[:, None] - anticipation)
    seen = ~np.isnan(panel.y) & ~over & ~lead
    seen &= (seen.sum(axis=1) > 1)[:, None]
    owner, when = np.nonzero(seen)
    dummies = (when[:, None] == np.unique(when)[None, 1:]).astype(float)
    y = _within(panel.y[seen][:, None], owner)[:, 0]
    x = _within(np.column_stack([inside[seen].astype(float), dummies]), owner)
    clusters = pd.factorize(panel.clusters[owner])[0]
    estimate, error = _fit(y, x, clusters)
    n_clusters = int(clusters.max()) + 1
    effects = with_inference([("in_programme", estimate, error)], n_clusters - 1.0, level)
    wild = n_clusters < FEW_CLUSTERS and draws > 0
    if wild:
        found = wild_bootstrap(y, x, clusters, draws=draws, seed=seed, level=level, only=(0,))
        ends = [found.p_value[0], found.ci_low[0], found.ci_high[0]]
        effects.loc[0, ["p_value", "ci_low", "ci_high"]] = ends
    return TwoWayEffect(
        outcome=outcome,
        effects=effects,
        level=level,
        df=n_clusters - 1.0,
        n=len(y),
        n_units=len(np.unique(owner)),
        n_treated=int((panel.start < never).sum()),
        n_clusters=n_clusters,
        n_dropped=dropped,
        wild=wild,
        notes=notes_of(n_clusters, arms, early, float("nan")),
    )


def _within(columns: FloatArray, owner: np.ndarray) -> FloatArray:
    """Return columns (n, p) less each unit's mean."""
    sums = cluster_sums(columns, owner)
    counts = np.bincount(owner, minlength=len(sums))
    return np.asarray(columns - (sums / np.maximum(counts, 1)[:, None])[owner], dtype=float)


def _fit(y: FloatArray, x: FloatArray, clusters: np.ndarray) -> tuple[float, float]:
    """Return the first coefficient and its CR1 error."""
    n, p = x.shape
    bread = np.linalg.inv(x.T @ x)
    coefficients = bread @ (x.T @ y)
    scores = cluster_sums(x * (y - x @ coefficients)[:, None], clusters) @ bread[0]
    return float(coefficients[0]), float(np.sqrt(cr1(len(scores), n, p) * (scores**2).sum()))
