"""Which drivers go with an outcome, all else in the model held equal: least squares and logit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from engage.errors import Problem, UsageError
from engage.model import diagnostics
from engage.model.design import Design, FloatArray, build_design, names
from engage.model.display import as_html
from engage.model.estimators import Estimate, logit, ols

Model = Literal["ols", "logit"]

INTERCEPT = "intercept"


@dataclass(frozen=True, slots=True, eq=False)
class DriverFit:
    """A fitted driver model.

    Arrays have one entry per term, in the order of ``terms``: the intercept, the drivers, the controls.
    ``estimate`` is in units of the outcome (logit: log-odds) per unit of the driver; ``standardised`` in
    standard deviations of the outcome (logit: log-odds) per standard deviation of the driver. ``covariance``
    is of the estimates. ``df`` are the degrees of freedom of the t distribution used (infinite: normal).
    ``r_squared`` is McFadden's for a logit. ``vif`` has one entry per driver term. ``n_dropped`` rows were
    incomplete. ``notes`` hold what a reader must be told.
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
) -> DriverFit:
    """Fit an outcome on drivers and controls; estimates are associations, not effects.

    ``"ols"``: least squares; without ``cluster`` HC3 errors and t(n−p), with it CR1 errors
    (G/(G−1)·(n−1)/(n−p)) and t(G−1). ``"logit"``: maximum likelihood on an outcome of 0 and 1; model-based
    errors, or with ``cluster`` the sandwich with the same CR1 factor (statsmodels' default); normal.

    Text columns become dummies, first level the base. Rows with a missing value in any column used are left
    out and counted in ``n_dropped``. ``cluster`` names the group whose members share an error (the team).

    Raises ``UsageError`` for unknown, repeated or unusable columns; ``TooLittleData`` for too few rows,
    events or clusters (:mod:`engage.model.diagnostics` lists the limits), a driver that does not vary, exact
    collinearity, or perfect separation.
    R: ``lmtest::coeftest(lm(…), sandwich::vcovHC, type = "HC3")``; ``summary(glm(…, family = binomial))``.
    """
    check_options(model, level)
    design = build_design(frame, outcome, drivers, controls, cluster)
    notes = design.notes + check_design(design, outcome, model)
    # Fitting on centred, scaled columns keeps wages and five-point answers comparable; `back` undoes it.
    mean, spread = design.columns.mean(axis=0), design.columns.std(axis=0, ddof=1)
    x = np.column_stack([np.ones(design.n), (design.columns - mean) / spread])
    fitted = (ols if model == "ols" else logit)(design.outcome, x, design.clusters)
    back = np.diag(np.concatenate([[1.0], 1 / spread]))
    back[0, 1:] = -mean / spread
    estimate, covariance = back @ fitted.coefficients, back @ fitted.covariance @ back.T
    std_error = np.sqrt(np.diag(covariance))
    quantile, p_value = _inference(fitted, estimate / std_error, level)
    unit = design.outcome.std(ddof=1) if model == "ols" else 1.0
    driver_terms = design.terms[: design.n_driver_columns]
    vif = dict(zip(driver_terms, diagnostics.vif(design.columns).tolist(), strict=False))
    return DriverFit(
        model=model,
        outcome=outcome,
        drivers=names(drivers),
        controls=names(controls),
        cluster=cluster,
        level=level,
        terms=(INTERCEPT, *design.terms),
        estimate=estimate,
        std_error=std_error,
        ci_low=estimate - quantile * std_error,
        ci_high=estimate + quantile * std_error,
        p_value=p_value,
        standardised=np.concatenate([[np.nan], fitted.coefficients[1:] / unit]),
        covariance=covariance,
        df=fitted.df,
        n=design.n,
        n_dropped=design.n_dropped,
        n_clusters=design.n_clusters,
        r_squared=fitted.r_squared,
        r_squared_adjusted=fitted.r_squared_adjusted,
        vif=vif,
        notes=notes + diagnostics.check_vif(vif),
    )


def check_options(model: str, level: float) -> None:
    """Raise ``UsageError`` for an unknown model or a level outside (0, 1)."""
    if model not in get_args(Model):
        raise UsageError("model.unknown_option", option="model", value=model, known=get_args(Model))
    if not 0 < level < 1:
        raise UsageError("model.bad_level", level=level)


def check_design(design: Design, outcome: str, model: Model) -> tuple[Problem, ...]:
    """Refuse what the data can't support, return the warnings that go with what they can."""
    if model == "logit":
        if not np.isin(design.outcome, (0, 1)).all():
            raise UsageError("model.not_binary", outcome=outcome)
        notes = diagnostics.check_events(design)
    else:
        notes = diagnostics.check_rows(design)
    diagnostics.check_collinearity(design.columns, design.terms)
    return notes + diagnostics.check_clusters(design)


def _inference(fitted: Estimate, statistic: FloatArray, level: float) -> tuple[float, FloatArray]:
    """Return the quantile for the intervals and the two-sided p-values."""
    from scipy.special import ndtr, ndtri, stdtr, stdtrit

    if np.isinf(fitted.df):
        return float(ndtri((1 + level) / 2)), 2 * ndtr(-np.abs(statistic))
    return float(stdtrit(fitted.df, (1 + level) / 2)), 2 * stdtr(fitted.df, -np.abs(statistic))
