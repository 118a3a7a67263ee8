"""How much of an outcome's explained variance goes with each driver, with bootstrap intervals."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from engage.errors import Problem, UsageError
from engage.measure.intervals import check_level
from engage.model import diagnostics
from engage.model.design import Design, FloatArray, IntArray, build_design, names
from engage.model.display import as_html
from engage.model.dominance import (
    MAX_EXACT_DRIVERS,
    lmg_from_moments,
    relative_weights_from_moments,
    sweep_out,
)
from engage.model.drivers import check_design, check_outcome_time, complete_in, spell_times
from engage.model.latent import latent_cox, latent_logit
from engage.model.resample import bootstrap_covariances, covariance_of

Method = Literal["lmg", "relative_weights"]
Split = Literal["ols", "logit", "cox"]
Explained = Literal["r_squared", "mckelvey_zavoina", "royston_sauerbrei"]

_DECOMPOSE: Final = {"lmg": lmg_from_moments, "relative_weights": relative_weights_from_moments}
_EXPLAINED: Final[dict[Split, Explained]] = {
    "ols": "r_squared",
    "logit": "mckelvey_zavoina",
    "cox": "royston_sauerbrei",
}
# Of columns scaled to variance 1, what a resample (or the controls) has left of a constant one.
_NO_VARIANCE: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Importance:
    """The explained variance of an outcome, split over its drivers.

    Arrays have one entry per driver, in the order of ``drivers``. ``importance`` is a share of the outcome's
    variance and sums to ``r_squared − r_squared_controls``; ``share`` is a share of that sum. ``ci_low`` and
    ``ci_high`` are of ``importance``, ``share_low`` and ``share_high`` of ``share``; ``rank_low`` and
    ``rank_high`` are ranks, 1 the most important; all six are missing without a bootstrap. ``direction`` is
    the sign of the coefficient beside all the others. ``explained`` names the R² that is split.
    ``beside`` has a row per driver with what else is used as importance: lmg (missing above 20 drivers),
    relative_weights, standardised (the coefficient, in standard deviations), correlation (plain).
    """

    method: Method
    explained: Explained
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
    beside: pd.DataFrame
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
    model: Split = "ols",
    time: str | None = None,
    entry: str | None = None,
) -> Importance:
    """Split the R² of a model over its drivers; importance is association, not effect.

    ``"lmg"``: mean gain in R² over all orders of entry (:func:`lmg_from_moments`), at most 20 drivers;
    ``"relative_weights"``: Johnson's weights, any number. ``controls`` always enter first: what they explain
    is in ``r_squared_controls`` and split over nobody.

    What is split: with ``"ols"`` the linear R², of an outcome of 0 and 1, too; with ``"logit"`` McKelvey and
    Zavoina's, var(x'β)/(var(x'β) + π²/3), of the propensity behind a 0 or 1; with ``"cox"`` Royston and
    Sauerbrei's, var(x'β)/(var(x'β) + π²/6), with ``time`` and ``entry`` as in :func:`fit_drivers` and
    variances over rows. Of a set of columns it is the share that they tell of the whole model's latent
    outcome, which needs no further fits; so both are split exactly as a linear R² is.

    ``bootstrap`` resamples of rows, or of whole clusters (then also the person of several rows), give
    percentile intervals at ``level`` for importance, share and rank, those of importance and share with the
    low end lowered by what chance adds; coefficients of logit and Cox follow by
    their influence functions (one-step bootstrap). Rows with a missing value in any column used are left out
    and counted.

    Raises as :func:`fit_drivers`; ``UsageError`` also for a driver that is not numeric.
    Source: Lindeman, Merenda & Gold (1980); Johnson (2000); McKelvey & Zavoina (1975); Royston & Sauerbrei
    (2004). R: ``relaimpo::calc.relimp(fit, type = "lmg", always = controls)``, ``boot.relimp``; ``rwa::rwa``.
    """
    drivers = names(drivers)
    check_importance_options(method, bootstrap, level, model)
    check_outcome_time(model, time, entry)
    rows = complete_in(frame, time, entry)
    design = build_design(rows, outcome, drivers, controls, cluster)
    if design.terms[: design.n_driver_columns] != drivers:
        raise UsageError("model.not_numeric", columns=sorted(set(drivers) - set(design.terms)))
    notes = design.notes + check_design(design, outcome, model)
    vif = dict(zip(drivers, diagnostics.vif(design.columns).tolist(), strict=False))
    source = _source(design, model, spell_times(rows, design, time, entry))
    return Importance(
        method=method,
        explained=_EXPLAINED[model],
        outcome=outcome,
        drivers=drivers,
        level=level,
        **split(source, drivers, method, bootstrap, seed, level),
        n=design.n,
        n_dropped=len(frame) - design.n,
        n_clusters=design.n_clusters,
        resamples=bootstrap,
        notes=notes + diagnostics.check_vif(vif),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """``covariance`` (q, q) of ``held`` controls, the drivers and the outcome, in this order; ``resampled``
    yields chunks (b, q, q) of it in so many resamples.
    """

    covariance: FloatArray
    held: int
    resampled: Callable[[int, np.random.Generator], Iterator[FloatArray]]


def _source(design: Design, model: Split, times: tuple[FloatArray, FloatArray | None] | None) -> Source:
    k = design.n_driver_columns
    held = len(design.terms) - k
    table = np.column_stack([design.columns[:, k:], design.columns[:, :k], design.outcome])
    scaled = (table - table.mean(axis=0)) / table.std(axis=0)
    if model == "ols":
        own = covariance_of(scaled)
        return Source(
            own, held, lambda count, rng: bootstrap_covariances(scaled, count, rng, design.clusters)
        )
    if times is None:
        latent = latent_logit(design.outcome, scaled[:, :-1])
    else:
        latent = latent_cox(design.outcome, scaled[:, :-1], *times)
    return Source(latent.covariance(), held, lambda count, rng: latent.resampled(count, rng, design.clusters))


def split(
    source: Source, drivers: tuple[str, ...], method: Method, bootstrap: int, seed: int, level: float
) -> dict[str, Any]:
    """Return the fields of an ``Importance`` that follow from covariances alone."""
    covariance, held = source.covariance, source.held
    importance = _importance(covariance, held, method)
    of_controls = 1 - float(sweep_out(covariance, held)[-1, -1] / covariance[-1, -1])
    coefficients = np.linalg.solve(covariance[:-1, :-1], covariance[:-1, -1])[held:]
    spread = np.sqrt(np.diag(covariance))
    exact = len(drivers) <= MAX_EXACT_DRIVERS
    return {
        "importance": importance,
        "share": importance / importance.sum(),
        **_intervals(source, importance, method, bootstrap, np.random.default_rng(seed), level),
        "direction": np.asarray(np.sign(coefficients), dtype=np.intp),
        "r_squared": of_controls + float(importance.sum()),
        "r_squared_controls": of_controls,
        "beside": pd.DataFrame(
            {
                "driver": list(drivers),
                "lmg": _importance(covariance, held, "lmg") if exact else np.nan,
                "relative_weights": _importance(covariance, held, "relative_weights"),
                "standardised": coefficients * spread[held:-1] / spread[-1],
                "correlation": covariance[held:-1, -1] / (spread[held:-1] * spread[-1]),
            }
        ),
    }


def check_importance_options(method: str, bootstrap: int, level: float, model: str = "ols") -> None:
    """Raise ``UsageError`` for an unknown method or model, resamples under 0, or a level outside (0, 1)."""
    if model not in get_args(Split):
        raise UsageError("model.unknown_option", option="model", value=model, known=get_args(Split))
    if method not in get_args(Method):
        raise UsageError("model.unknown_option", option="method", value=method, known=get_args(Method))
    if bootstrap < 0:
        raise UsageError("model.bad_bootstrap", value=bootstrap)
    check_level(level)


def _importance(covariance: FloatArray, held: int, method: Method) -> FloatArray:
    """Return ``(…, q, q)`` → ``(…, p)`` shares of the outcome's whole variance, ``held`` controls first."""
    rest = sweep_out(covariance, held)
    spread = np.diagonal(rest, axis1=-2, axis2=-1)
    alive = (spread > _NO_VARIANCE).astype(float)
    rest = rest * alive[..., :, None] * alive[..., None, :]
    total = np.maximum(covariance[..., -1, -1], _NO_VARIANCE)
    return _DECOMPOSE[method](rest) * (spread[..., -1] / total)[..., None]


def _intervals(
    source: Source,
    importance: FloatArray,
    method: Method,
    resamples: int,
    rng: np.random.Generator,
    level: float,
) -> dict[str, FloatArray]:
    """Return percentile intervals (p,) of importance, share and rank; NaN without resamples."""
    if not resamples:
        names = ("ci_low", "ci_high", "share_low", "share_high", "rank_low", "rank_high")
        return dict.fromkeys(names, np.full(len(importance), np.nan))
    drawn = np.concatenate(
        [_importance(covariances, source.held, method) for covariances in source.resampled(resamples, rng)]
    )
    # Ties share the better rank; they occur only where a resample leaves drivers without any variance.
    ranks = 1 + (drawn[:, None, :] > drawn[:, :, None]).sum(axis=2)
    tail = (1 - level) / 2
    low, high = _percentiles(drawn, importance, tail)
    shares = drawn / np.maximum(drawn.sum(axis=1, keepdims=True), _NO_VARIANCE)
    share_low, share_high = _percentiles(shares, importance / importance.sum(), tail)
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


def _percentiles(drawn: FloatArray, found: FloatArray, tail: float) -> tuple[FloatArray, FloatArray]:
    """Return low and high (p,) of draws (b, p); the low ends are freed of chance, which only adds.

    Of a driver that does nearly nothing, chance lifts the estimate by some bias and a resample by another, so
    a plain percentile would exclude the truth. The draws' mean less ``found`` measures the one; twice that
    comes off the low end, not below 0.
    """
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    lift = np.maximum(drawn.mean(axis=0) - found, 0)
    return np.asarray(np.maximum(low - 2 * lift, 0), dtype=float), np.asarray(high, dtype=float)
