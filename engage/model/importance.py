"""How much of an outcome's explained variance goes with each driver, with bootstrap intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from engage.errors import Problem, UsageError
from engage.model import diagnostics
from engage.model.design import Design, FloatArray, IntArray, build_design, names
from engage.model.display import as_html
from engage.model.dominance import lmg_from_moments, relative_weights_from_moments, sweep_out
from engage.model.resample import bootstrap_covariances, covariance_of

Method = Literal["lmg", "relative_weights"]

_DECOMPOSE: Final = {"lmg": lmg_from_moments, "relative_weights": relative_weights_from_moments}
# Of columns scaled to variance 1, what a resample (or the controls) has left of a constant one.
_NO_VARIANCE: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Importance:
    """The explained variance of an outcome, split over its drivers.

    Arrays have one entry per driver, in the order of ``drivers``. ``importance`` is a share of the outcome's
    variance and sums to ``r_squared − r_squared_controls``; ``share`` is a share of that sum. ``ci_low`` and
    ``ci_high`` are of ``importance``, ``share_low`` and ``share_high`` of ``share``; ``rank_low`` and
    ``rank_high`` are ranks, 1 the most important; all six are missing without a bootstrap. ``direction`` is
    the sign of the coefficient beside all the others.
    """

    method: Method
    outcome: str
    drivers: tuple[str, ...]
    level: float
    importance: FloatArray
    share: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    share_low: FloatArray
    share_high: FloatArray
    rank_low: FloatArray
    rank_high: FloatArray
    direction: IntArray
    r_squared: float
    r_squared_controls: float
    n: int
    n_dropped: int
    n_clusters: int | None
    resamples: int
    notes: tuple[Problem, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Codes of the notes, such as ``model.high_vif``."""
        return tuple(note.code for note in self.notes)

    def tidy(self) -> pd.DataFrame:
        """Return one row per driver, with importance, share, their intervals, ranks and direction."""
        return pd.DataFrame(
            {
                "driver": list(self.drivers),
                "importance": self.importance,
                "share": self.share,
                "ci_low": self.ci_low,
                "ci_high": self.ci_high,
                "share_low": self.share_low,
                "share_high": self.share_high,
                "rank_low": pd.Series(self.rank_low).astype("Int64"),
                "rank_high": pd.Series(self.rank_high).astype("Int64"),
                "direction": self.direction,
            }
        )

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), self.outcome, self.n, self.n_dropped, self.notes)


def relative_importance(
    frame: pd.DataFrame,
    outcome: str,
    drivers: Sequence[str],
    method: Method = "lmg",
    bootstrap: int = 0,
    seed: int = 0,
    *,
    controls: Sequence[str] = (),
    cluster: str | None = None,
    level: float = 0.95,
) -> Importance:
    """Split the R² of a linear model over its drivers; importance is association, not effect.

    ``"lmg"``: mean gain in R² over all orders of entry (:func:`lmg_from_moments`), at most 20 drivers;
    ``"relative_weights"``: Johnson's weights, any number. ``controls`` always enter first: what they explain
    is in ``r_squared_controls`` and split over nobody. An outcome of 0 and 1 is split on its linear R².

    ``bootstrap`` resamples of rows, or of whole clusters, give percentile intervals at ``level`` for
    importance and rank. Rows with a missing value in any column used are left out and counted.

    Raises as :func:`fit_drivers` with ``model="ols"``; ``UsageError`` also for a driver that is not numeric.
    R: ``relaimpo::calc.relimp(fit, type = "lmg", always = controls)``, ``boot.relimp``; ``rwa::rwa``.
    """
    drivers = names(drivers)
    _check_options(method, bootstrap, level)
    design = build_design(frame, outcome, drivers, controls, cluster)
    if design.terms[: design.n_driver_columns] != drivers:
        raise UsageError("model.not_numeric", columns=sorted(set(drivers) - set(design.terms)))
    notes = design.notes + diagnostics.check_rows(design)
    diagnostics.check_collinearity(design.columns, design.terms)
    notes += diagnostics.check_clusters(design)
    vif = dict(zip(drivers, diagnostics.vif(design.columns).tolist(), strict=False))

    columns, held = _scaled(design)
    covariance = covariance_of(columns)
    importance = _importance(covariance, held, method)
    intervals = _intervals(columns, held, method, bootstrap, seed, level, design.clusters)
    of_controls = 1 - float(sweep_out(covariance, held)[-1, -1] / covariance[-1, -1])
    return Importance(
        method=method,
        outcome=outcome,
        drivers=drivers,
        level=level,
        importance=importance,
        share=importance / importance.sum(),
        **intervals,
        direction=_directions(covariance, held),
        r_squared=of_controls + float(importance.sum()),
        r_squared_controls=of_controls,
        n=design.n,
        n_dropped=design.n_dropped,
        n_clusters=design.n_clusters,
        resamples=bootstrap,
        notes=notes + diagnostics.check_vif(vif),
    )


def _check_options(method: str, bootstrap: int, level: float) -> None:
    if method not in get_args(Method):
        raise UsageError("model.unknown_option", option="method", value=method, known=get_args(Method))
    if bootstrap < 0:
        raise UsageError("model.bad_bootstrap", value=bootstrap)
    if not 0 < level < 1:
        raise UsageError("model.bad_level", level=level)


def _scaled(design: Design) -> tuple[FloatArray, int]:
    """Return centred, scaled columns, controls first and the outcome last, and how many are controls'."""
    k = design.n_driver_columns
    table = np.column_stack([design.columns[:, k:], design.columns[:, :k], design.outcome])
    return (table - table.mean(axis=0)) / table.std(axis=0), len(design.terms) - k


def _importance(covariance: FloatArray, held: int, method: Method) -> FloatArray:
    """Return ``(…, q, q)`` → ``(…, p)`` shares of the outcome's whole variance, ``held`` controls first."""
    rest = sweep_out(covariance, held)
    spread = np.diagonal(rest, axis1=-2, axis2=-1)
    alive = (spread > _NO_VARIANCE).astype(float)
    rest = rest * alive[..., :, None] * alive[..., None, :]
    total = np.maximum(covariance[..., -1, -1], _NO_VARIANCE)
    return _DECOMPOSE[method](rest) * (spread[..., -1] / total)[..., None]


def _directions(covariance: FloatArray, held: int) -> IntArray:
    coefficients = np.linalg.solve(covariance[:-1, :-1], covariance[:-1, -1])[held:]
    return np.asarray(np.sign(coefficients), dtype=np.intp)


def _intervals(
    columns: FloatArray,
    held: int,
    method: Method,
    resamples: int,
    seed: int,
    level: float,
    clusters: IntArray | None,
) -> dict[str, FloatArray]:
    """Return percentile intervals (p,) of importance, share and rank; NaN without resamples."""
    if not resamples:
        names = ("ci_low", "ci_high", "share_low", "share_high", "rank_low", "rank_high")
        return dict.fromkeys(names, np.full(columns.shape[1] - held - 1, np.nan))
    rng = np.random.default_rng(seed)
    drawn = np.concatenate(
        [
            _importance(covariances, held, method)
            for covariances in bootstrap_covariances(columns, resamples, rng, clusters)
        ]
    )
    # Ties share the better rank; they occur only where a resample leaves drivers without any variance.
    ranks = 1 + (drawn[:, None, :] > drawn[:, :, None]).sum(axis=2)
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    shares = drawn / np.maximum(drawn.sum(axis=1, keepdims=True), _NO_VARIANCE)
    share_low, share_high = np.quantile(shares, [tail, 1 - tail], axis=0)
    rank_low = np.quantile(ranks, tail, axis=0, method="lower")
    rank_high = np.quantile(ranks, 1 - tail, axis=0, method="higher")
    return {
        "ci_low": low,
        "ci_high": high,
        "share_low": share_low,
        "share_high": share_high,
        "rank_low": rank_low.astype(float),
        "rank_high": rank_high.astype(float),
    }
