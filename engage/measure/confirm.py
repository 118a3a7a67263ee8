"""Does an instrument's own structure hold: confirmatory factor analysis."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engage.errors import Problem
from engage.measure.answers import FloatArray
from engage.measure.covariance_model import Fitted, Places, fit, place
from engage.measure.display import as_html
from engage.measure.fit_indices import Fit, fit_of
from engage.measure.intervals import check_level, normal_quantile
from engage.measure.structure import Measured, Structure, measure, warnings_of
from engage.words import say


@dataclass(frozen=True, slots=True, eq=False)
class Confirmed:
    """A confirmatory factor analysis of n people; ``n_dropped`` had a missing answer.

    ``fit`` holds the indices. ``estimates`` has a row per parameter: kind (``loading``, ``covariance`` of two
    factors, ``variance`` of a factor, ``residual`` of an item), factor, item (or second factor), estimate,
    std_error, ci_low, ci_high, p_value, standardised. The first item of each factor is its unit: its loading
    is 1 and has no error. ``notes`` hold what a reader must be told.
    """

    fit: Fit
    estimates: pd.DataFrame
    level: float
    n: int
    n_dropped: int
    notes: tuple[Problem, ...]

    def tidy(self) -> pd.DataFrame:
        """Return one row per parameter, the columns of ``estimates``."""
        return self.estimates.copy()

    def _repr_html_(self) -> str:
        indices = {name: f"{getattr(self.fit, name):.3f}" for name in ("chi2", "cfi", "tli", "rmsea", "srmr")}
        caption = say("measure.fit_caption", n=self.n, dropped=self.n_dropped, df=self.fit.df, **indices)
        return as_html(self.tidy(), caption, self.notes)


def confirm_structure(frame: pd.DataFrame, structure: Structure, *, level: float = 0.95) -> Confirmed:
    """Fit an instrument's own structure, each item loading on its scale only, by maximum likelihood.

    Σ = ΛΦΛ' + Θ with correlated factors and uncorrelated residuals; normal theory, errors from the expected
    information, normal intervals. Indices in :class:`engage.measure.fit_indices.Fit`, the estimator in
    :mod:`engage.measure.covariance_model`. Answers on few options are treated as numbers, which makes χ² too
    large and loadings somewhat small; with five options or more that is slight (Rhemtulla et al. 2012).

    ``structure``: the items of each scale; reverse-keyed items may stay as given. Rows with a missing answer
    are left out (listwise) and counted.
    Raises ``UsageError`` for unknown or repeated items, a scale of one item or fewer than three items in all;
    ``TooLittleData`` for too few rows, constant or collinear items, or a model without a solution.
    R: ``lavaan::cfa(model, data)``, ``fitMeasures``, ``standardizedSolution``.
    """
    check_level(level)
    measured = measure(frame, structure)
    samples = (measured.sample(),)
    places = place(measured.pattern, 1, "configural", with_means=False)
    fitted = fit(samples, places)
    return Confirmed(
        fit=fit_of(samples, fitted, with_means=False),
        estimates=_estimates(measured, fitted, level),
        level=level,
        n=measured.rows.n,
        n_dropped=measured.rows.n_dropped,
        notes=warnings_of(fitted, measured),
    )


def _estimates(measured: Measured, fitted: Fitted, level: float) -> pd.DataFrame:
    from scipy.special import ndtr

    table = pd.DataFrame(_rows(measured, fitted.places[0], fitted))
    at = table.pop("at").to_numpy()
    variance = np.where(at < 0, np.nan, np.diag(fitted.covariance)[at])
    error: FloatArray = np.sqrt(variance)
    reach = normal_quantile(level) * error
    estimate = table["estimate"].to_numpy()
    table["std_error"] = error
    table["ci_low"], table["ci_high"] = estimate - reach, estimate + reach
    table["p_value"] = 2 * ndtr(-np.abs(estimate / error))
    return table[[*(c for c in table.columns if c != "standardised"), "standardised"]]


def _rows(measured: Measured, places: Places, fitted: Fitted) -> list[dict[str, object]]:
    """Return the parameters with their place in the vector of all and their standardised value."""
    found, items, factors = fitted.implied[0], measured.rows.names, measured.factors
    # A variance that came out negative has no root: what would be divided by it is missing.
    with np.errstate(invalid="ignore"):
        spread, scale = np.sqrt(np.diag(found.covariance)), np.sqrt(np.diag(found.factors))
    rows: list[dict[str, object]] = []

    def add(kind: str, factor: str, item: str, at: int, estimate: float, standardised: float) -> None:
        names = {"kind": kind, "factor": factor, "item": item, "at": at}
        rows.append(names | {"estimate": estimate, "standardised": standardised})

    for i, f in zip(*np.nonzero(measured.pattern), strict=True):
        value = found.loadings[i, f]
        add("loading", factors[f], items[i], places.loadings[i, f], value, value * scale[f] / spread[i])
    for f in range(len(factors)):
        for g in range(f + 1, len(factors)):
            value = found.factors[f, g]
            add(
                "covariance",
                factors[f],
                factors[g],
                places.factors[f, g],
                value,
                value / (scale[f] * scale[g]),
            )
    for f, factor in enumerate(factors):
        add("variance", factor, "", places.factors[f, f], found.factors[f, f], 1.0)
    for i, item in enumerate(items):
        value = found.errors[i]
        add("residual", "", item, places.errors[i], value, value / spread[i] ** 2)
    return rows
