"""Which drivers go with an outcome, all else in the model held equal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from engage.errors import InputError, Problem, UsageError
from engage.measure.intervals import check_level
from engage.model import diagnostics
from engage.model.design import Design, FloatArray, build_design, check_columns, names
from engage.model.display import as_html
from engage.model.estimators import t_quantile, two_sided
from engage.model.families import (
    Fitted,
    fit_binomial,
    fit_cox,
    fit_linear,
    fit_mixed,
    fit_ordered,
    scaled,
    with_interactions,
    within_between,
)
from engage.model.survival import check_spans
from engage.model.wild import Weights, wild_bootstrap

Model = Literal["ols", "logit", "binomial", "ordered", "cox", "mixed"]

_FEWEST_DRAWS: Final = 99
# With fewer clusters ±1 gives too few different draws (Webb 2023).
_FEW_FOR_RADEMACHER: Final = 12


@dataclass(frozen=True, slots=True, eq=False)
class DriverFit:
    """A fitted driver model.

    Arrays have one entry per term, in the order of ``terms``: the intercept, the drivers, the controls (no
    intercept for Cox; for ordered levels the cuts between them last). ``estimate`` is in units of the outcome
    (logit, binomial, ordered: log-odds; Cox: log hazard ratio) per unit of the driver; ``standardised`` in
    standard deviations of the outcome (or those logs) per standard deviation of the driver. ``covariance`` is
    of the estimates. ``df`` are the degrees of freedom of the t distribution used (infinite: normal).
    ``r_squared`` is McFadden's for a logit, ordered levels and Cox (partial likelihood), of deviance for
    shares, and for a mixed model the share by which the drivers lower the variance between and within groups
    together. ``vif`` has one entry per driver term. ``n_dropped`` rows were incomplete. ``notes`` hold what a
    reader must be told. ``measures`` are further figures of the fit: ``log_likelihood``, ``concordance``
    (Cox), ``sd_group``, ``sd_residual``, ``icc``, ``icc_null``, of slopes ``sd_slope[driver]`` and
    ``correlation[driver]`` with the intercept (mixed), ``dispersion`` (binomial). ``proportional_hazards``
    (Cox): term, statistic, df and p_value of its test.
    """

    model: Model
    outcome: str
    drivers: tuple[str, ...]
    controls: tuple[str, ...]
    cluster: str | None
    level: float
    terms: tuple[str, ...]
    estimate: FloatArray
    std_error: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    p_value: FloatArray
    standardised: FloatArray
    covariance: FloatArray
    df: float
    n: int
    n_dropped: int
    n_clusters: int | None
    r_squared: float
    r_squared_adjusted: float
    vif: Mapping[str, float]
    notes: tuple[Problem, ...]
    measures: Mapping[str, float] = field(default_factory=dict)
    proportional_hazards: pd.DataFrame | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Codes of the notes, such as ``model.few_clusters``."""
        return tuple(note.code for note in self.notes)

    def tidy(self) -> pd.DataFrame:
        """Return one row per term: term, estimate, std_error, ci_low, ci_high, p_value, standardised."""
        return pd.DataFrame(
            {
                "term": list(self.terms),
                "estimate": self.estimate,
                "std_error": self.std_error,
                "ci_low": self.ci_low,
                "ci_high": self.ci_high,
                "p_value": self.p_value,
                "standardised": self.standardised,
            }
        )

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), self.outcome, self.n, self.n_dropped, self.notes)


def fit_drivers(
    frame: pd.DataFrame,
    outcome: str,
    drivers: Sequence[str],
    controls: Sequence[str] = (),
    cluster: str | None = None,
    model: Model = "ols",
    *,
    level: float = 0.95,
    time: str | None = None,
    entry: str | None = None,
    trials: str | None = None,
    interactions: Sequence[tuple[str, str]] = (),
    slopes: Sequence[str] = (),
    wild: int = 0,
    jackknife: bool = False,
    seed: int = 0,
) -> DriverFit:
    """Fit an outcome on drivers and controls; estimates are associations, not effects.

    ``"ols"``: least squares; without ``cluster`` HC3 errors and t(n−p), with it CR1 errors
    (G/(G−1)·(n−1)/(n−p)) and t(G−1). ``"logit"``: maximum likelihood on an outcome of 0 and 1; model-based
    errors, or with ``cluster`` the sandwich with the same CR1 factor (statsmodels' default); normal.
    ``"binomial"``: a share 0..1 of ``trials`` (the column of their number), log-odds; errors allow for more
    spread than chance gives (:func:`engage.model.estimators.binomial`).
    ``"ordered"``: proportional odds for ordered levels (at most 30), errors as for a logit; the cuts between
    levels come last. ``"cox"``: proportional hazards; the outcome is 1 if the row ends in the event, ``time``
    the column of its end and ``entry`` that of its start (delayed entry; several rows per person where
    drivers change, with ``cluster`` the person); ``proportional_hazards`` holds the test of the assumption.
    ``"mixed"``: a random intercept per ``cluster`` by restricted maximum likelihood, every driver split into
    ``driver[within]`` (deviation from the group's mean) and ``driver[between]`` (that mean);
    t(G − 1 − terms between groups), which is cautious for terms within. ``slopes`` names drivers whose slope
    differs by group, too, in any correlation with the intercepts.

    ``interactions``: pairs of drivers whose product, of centred columns, is added as ``a:b``. ``wild`` > 0
    (least squares with clusters): p-values and intervals by that many draws of the wild cluster bootstrap
    (:mod:`engage.model.wild`), the remedy for fewer than 30 clusters. ``jackknife`` (least squares, logit or
    Cox with clusters): errors by leaving clusters out one by one (CR3) and t(G − 1), for drivers that are the
    same for a whole cluster; the usual errors are too small for those even with 60 clusters.

    Text columns become dummies, first level the base. Rows with a missing value in any column used are left
    out and counted in ``n_dropped``. ``cluster`` names the group whose members share an error (the team).

    Raises ``UsageError`` for unknown, repeated or unusable columns; ``InputError`` for an end not after its
    start; ``TooLittleData`` for too few rows, events or clusters (:mod:`engage.model.diagnostics` lists the
    limits), a driver that does not vary, exact collinearity, or perfect separation.
    R: ``lmtest::coeftest(lm(…), sandwich::vcovHC, type = "HC3")``; ``summary(glm(…, family = binomial))``;
    ``MASS::polr``; ``survival::coxph(Surv(entry, time, outcome) ~ …, cluster =)``;
    ``lme4::lmer(y ~ x + (1 + slope | cluster))``.
    """
    check_options(model, level)
    slopes = names(slopes)
    check_outcome_time(model, time, entry)
    _check_for_model(model, cluster, trials, slopes, wild)
    if jackknife and (model not in ("ols", "logit", "cox") or cluster is None or wild):
        raise UsageError("model.jackknife_needs_clusters", model=model)
    rows = complete_in(frame, time, entry, trials)
    design = build_design(rows, outcome, drivers, controls, cluster)
    design = replace(design, n_dropped=len(frame) - design.n)
    if model == "mixed":
        design = within_between(design)
    if interactions:
        design = with_interactions(design, interactions)
    notes = design.notes + check_design(design, outcome, model, few=bool(wild) or jackknife)
    times = spell_times(rows, design, time, entry)
    if times is not None:
        fitted = fit_cox(design, *times, jackknife=jackknife)
    elif trials is not None:
        fitted = fit_binomial(design, _counts(rows, design, trials))
    elif model == "mixed":
        fitted = fit_mixed(design, slopes)
    elif model == "ordered":
        fitted = fit_ordered(design, outcome)
    else:
        fitted = fit_linear(design, model, jackknife=jackknife)
    driver_terms = design.terms[: design.n_driver_columns]
    fit = driver_fit(
        fitted,
        model=model,
        outcome=outcome,
        drivers=names(drivers),
        controls=names(controls),
        cluster=cluster,
        level=level,
        n=design.n,
        n_dropped=design.n_dropped,
        n_clusters=design.n_clusters,
        vif=dict(zip(driver_terms, diagnostics.vif(design.columns).tolist(), strict=False)),
        notes=notes,
    )
    return replace(fit, **_by_wild_bootstrap(design, wild, seed, level)) if wild else fit


def driver_fit(
    fitted: Fitted,
    *,
    level: float,
    vif: dict[str, float],
    notes: tuple[Problem, ...],
    **facts: Any,
) -> DriverFit:
    """Return a fit with its intervals and tests; ``facts`` are the fields of ``DriverFit`` it can't know."""
    std_error = np.sqrt(np.diag(fitted.covariance))
    quantile = t_quantile((1 + level) / 2, fitted.df)
    return DriverFit(
        level=level,
        terms=fitted.terms,
        estimate=fitted.estimate,
        std_error=std_error,
        ci_low=fitted.estimate - quantile * std_error,
        ci_high=fitted.estimate + quantile * std_error,
        p_value=two_sided(fitted.estimate / std_error, fitted.df),
        standardised=fitted.estimate * fitted.scale,
        covariance=fitted.covariance,
        df=fitted.df,
        r_squared=fitted.r_squared,
        r_squared_adjusted=fitted.r_squared_adjusted,
        vif=vif,
        notes=notes + fitted.notes + diagnostics.check_vif(vif),
        measures=fitted.measures,
        proportional_hazards=fitted.proportional_hazards,
        **facts,
    )


def complete_in(frame: pd.DataFrame, *columns: str | None) -> pd.DataFrame:
    """Return the rows in which the ``columns`` that are named hold numbers; all rows where none is named."""
    named = [name for name in columns if name is not None]
    check_columns(frame, named)
    wrong = [name for name in named if not pd.api.types.is_numeric_dtype(frame[name].dtype)]
    if wrong:
        raise UsageError("model.not_numeric", columns=wrong)
    return frame.dropna(subset=named) if named else frame


def _counts(rows: pd.DataFrame, design: Design, trials: str) -> FloatArray:
    """Return the trials (n,) behind a design's shares."""
    counts = rows[trials].iloc[design.rows].to_numpy(dtype=float)
    outside = int((counts <= 0).sum())
    if outside:
        raise InputError("model.no_trials", count=outside, column=trials)
    return counts


def spell_times(
    rows: pd.DataFrame, design: Design, time: str | None, entry: str | None
) -> tuple[FloatArray, FloatArray | None] | None:
    """Return the end and start (n,) of a design's rows, ``None`` where ``time`` is not asked for."""
    if time is None:
        return None
    kept = rows.iloc[design.rows]
    ends = kept[time].to_numpy(dtype=float)
    starts = None if entry is None else kept[entry].to_numpy(dtype=float)
    check_spans(np.full(len(ends), -np.inf) if starts is None else starts, ends)
    return ends, starts


def check_outcome_time(model: str, time: str | None, entry: str | None) -> None:
    """Raise ``UsageError`` unless Cox, and it alone, has a column of time."""
    if (model == "cox") != (time is not None) or (entry is not None and model != "cox"):
        raise UsageError("model.time_is_for_cox", model=model)


def _check_for_model(
    model: Model, cluster: str | None, trials: str | None, slopes: tuple[str, ...], wild: int
) -> None:
    if (model == "binomial") != (trials is not None):
        raise UsageError("model.trials_are_for_binomial", model=model)
    if model == "mixed" and cluster is None:
        raise UsageError("model.mixed_needs_cluster")
    if slopes and model != "mixed":
        raise UsageError("model.slopes_need_mixed", model=model)
    if wild and (model != "ols" or cluster is None):
        raise UsageError("model.wild_needs_clusters", model=model)
    if wild and wild < _FEWEST_DRAWS:
        raise UsageError("model.few_resamples", value=wild, needed=_FEWEST_DRAWS)


def _by_wild_bootstrap(design: Design, draws: int, seed: int, level: float) -> dict[str, Any]:
    """Return p-values and intervals of all terms, in the units of the data."""
    assert design.clusters is not None
    columns = scaled(design)
    spread = np.concatenate([[1.0], columns.spread])
    # Only the slopes are the same whether columns are centred or not; the intercept needs the raw ones.
    x = np.column_stack([np.ones(design.n), design.columns / columns.spread])
    weights: Weights = "webb" if int(design.clusters.max()) + 1 < _FEW_FOR_RADEMACHER else "rademacher"
    found = wild_bootstrap(
        design.outcome, x, design.clusters, draws=draws, weights=weights, seed=seed, level=level
    )
    return {"p_value": found.p_value, "ci_low": found.ci_low / spread, "ci_high": found.ci_high / spread}


def check_options(model: str, level: float) -> None:
    """Raise ``UsageError`` for an unknown model or a level outside (0, 1)."""
    if model not in get_args(Model):
        raise UsageError("model.unknown_option", option="model", value=model, known=get_args(Model))
    check_level(level)


def check_design(design: Design, outcome: str, model: Model, *, few: bool = False) -> tuple[Problem, ...]:
    """Refuse what the data can't support, return the warnings that go with what they can.

    ``few``: the errors are made for few clusters, as the mixed model's are, so there is no warning of those.
    """
    if model in ("logit", "cox"):
        if not np.isin(design.outcome, (0, 1)).all():
            raise UsageError("model.not_binary", outcome=outcome)
        notes = diagnostics.check_events(design, censored=model == "cox")
    else:
        if model == "binomial" and not ((design.outcome >= 0) & (design.outcome <= 1)).all():
            raise UsageError("model.not_a_share", outcome=outcome)
        notes = diagnostics.check_rows(design.n, len(design.terms))
    diagnostics.check_collinearity(diagnostics.correlations(design.columns), design.terms)
    of_clusters = diagnostics.check_clusters(design.n_clusters)
    return notes if few or model == "mixed" else notes + of_clusters
