"""From a design to the terms of each model, in the units of the data."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from engage.errors import Problem, UsageError
from engage.model.cox import cox
from engage.model.design import Design, FloatArray
from engage.model.estimators import binomial, logit, ols
from engage.model.mixed import GroupSums, MixedFit, group_sums, random_intercept
from engage.model.ordered import ordered_logit
from engage.model.slopes import random_slopes

INTERCEPT: Final = "intercept"
MAX_LEVELS: Final = 30
_NO_PROPORTION: Final = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Terms with their estimates and covariance in the units of the data; the rest as in ``DriverFit``.

    ``scale`` (terms,) turns estimates into standardised ones, NaN for intercepts and cuts.
    """

    terms: tuple[str, ...]
    estimate: FloatArray
    covariance: FloatArray
    scale: FloatArray
    df: float
    r_squared: float
    r_squared_adjusted: float
    measures: dict[str, float] = field(default_factory=dict)
    proportional_hazards: pd.DataFrame | None = None
    notes: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """Columns (n, p) centred to 0 and scaled to 1, with what leads back."""

    x: FloatArray
    mean: FloatArray
    spread: FloatArray


def scaled(design: Design) -> Scaled:
    """Fitting on centred, scaled columns keeps wages and five-point answers comparable."""
    mean, spread = design.columns.mean(axis=0), design.columns.std(axis=0, ddof=1)
    return Scaled((design.columns - mean) / spread, mean, spread)


def with_intercept(columns: Scaled) -> tuple[FloatArray, FloatArray]:
    """Return x with its column of ones, and the matrix that leads coefficients back to the data's units."""
    return np.column_stack([np.ones(len(columns.x)), columns.x]), _to_units(columns.mean, columns.spread)


def _to_units(mean: FloatArray, spread: FloatArray) -> FloatArray:
    back = np.diag(np.concatenate([[1.0], 1 / spread]))
    back[0, 1:] = -mean / spread
    return back


def fit_linear(design: Design, model: str, *, jackknife: bool = False) -> Fitted:
    """Least squares, or logit of an outcome of 0 and 1."""
    columns = scaled(design)
    x, back = with_intercept(columns)
    found = (ols if model == "ols" else logit)(design.outcome, x, design.clusters, jackknife=jackknife)
    unit = design.outcome.std(ddof=1) if model == "ols" else 1.0
    return Fitted(
        terms=(INTERCEPT, *design.terms),
        estimate=back @ found.coefficients,
        covariance=back @ found.covariance @ back.T,
        scale=np.concatenate([[np.nan], columns.spread / unit]),
        df=found.df,
        r_squared=found.r_squared,
        r_squared_adjusted=found.r_squared_adjusted,
    )


def fit_binomial(design: Design, trials: FloatArray) -> Fitted:
    """Log-odds of shares of ``trials`` (n,), with the dispersion that such shares have beyond chance."""
    columns = scaled(design)
    x, back = with_intercept(columns)
    found, dispersion = binomial(design.outcome, trials, x, design.clusters)
    return Fitted(
        terms=(INTERCEPT, *design.terms),
        estimate=back @ found.coefficients,
        covariance=back @ found.covariance @ back.T,
        scale=np.concatenate([[np.nan], columns.spread]),
        df=found.df,
        r_squared=found.r_squared,
        r_squared_adjusted=found.r_squared_adjusted,
        measures={"dispersion": dispersion},
    )


def fit_ordered(design: Design, outcome: str) -> Fitted:
    """Proportional odds; the cuts between levels come after the drivers and controls."""
    levels, codes = np.unique(design.outcome, return_inverse=True)
    if len(levels) > MAX_LEVELS:
        raise UsageError("model.too_many_levels", outcome=outcome, levels=len(levels), limit=MAX_LEVELS)
    columns = scaled(design)
    found = ordered_logit(codes, columns.x, design.clusters)
    p, cuts = columns.x.shape[1], len(found.cuts)
    back = np.diag(np.concatenate([1 / columns.spread, np.ones(cuts)]))
    back[p:, :p] = columns.mean / columns.spread
    fit = found.log_likelihood / found.null_log_likelihood
    return Fitted(
        terms=(*design.terms, *(f"{a:g}|{b:g}" for a, b in pairwise(levels))),
        estimate=back @ np.concatenate([found.coefficients, found.cuts]),
        covariance=back @ found.covariance @ back.T,
        scale=np.concatenate([columns.spread, np.full(cuts, np.nan)]),
        df=float("inf"),
        r_squared=1 - fit,
        r_squared_adjusted=1 - (found.log_likelihood - p) / found.null_log_likelihood,
        measures={"log_likelihood": found.log_likelihood},
    )


def fit_cox(design: Design, time: FloatArray, entry: FloatArray | None, *, jackknife: bool = False) -> Fitted:
    """Proportional hazards, always with the test of them."""
    from scipy.special import chdtrc

    columns = scaled(design)
    p = columns.x.shape[1]
    found = cox(columns.x, design.outcome, time, entry, design.clusters, jackknife=jackknife)
    test = pd.DataFrame(
        {
            "term": [*design.terms, "global"],
            "statistic": [*found.statistics, found.overall],
            "df": [*[1] * p, p],
        }
    )
    test["p_value"] = chdtrc(test["df"].to_numpy(dtype=float), test["statistic"].to_numpy(dtype=float))
    broken = list(test.loc[test["p_value"] < _NO_PROPORTION, "term"])
    notes = (Problem("model.not_proportional", "warning", params={"terms": broken}),) if broken else ()
    return Fitted(
        terms=design.terms,
        estimate=found.coefficients / columns.spread,
        covariance=found.covariance / np.outer(columns.spread, columns.spread),
        scale=columns.spread,
        df=float(design.n_clusters - 1) if jackknife and design.n_clusters else float("inf"),
        r_squared=1 - found.log_likelihood / found.null_log_likelihood,
        r_squared_adjusted=1 - (found.log_likelihood - p) / found.null_log_likelihood,
        measures={"log_likelihood": found.log_likelihood, "concordance": found.concordance},
        proportional_hazards=test,
        notes=notes,
    )


def fit_mixed(design: Design, slopes: Sequence[str] = ()) -> Fitted:
    """A random intercept per cluster, on a design whose drivers :func:`within_between` has split.

    ``slopes``: numeric drivers whose slope (of the deviation within groups, where split) differs by cluster.
    """
    assert design.clusters is not None
    columns = scaled(design)
    x = np.column_stack([np.ones(design.n), columns.x])
    y = design.outcome - design.outcome.mean()
    grouped = Grouped(
        terms=design.terms,
        sums=group_sums(y, x, design.clusters),
        mean=columns.mean,
        spread=columns.spread,
        outcome_mean=float(design.outcome.mean()),
        groups=int(design.clusters.max()) + 1,
        between=_varies_between(design),
    )
    if not slopes:
        return fit_grouped(grouped)
    at = [_slope_column(design, name) for name in slopes]
    found = random_slopes(y, x, x[:, [0, *(1 + j for j in at)]], design.clusters)
    back = _to_units(columns.mean[at], columns.spread[at])
    random = back @ found.random @ back.T
    fixed = replace(found.fixed, between=float(random[0, 0]))
    fitted = fit_grouped(grouped, fixed)
    deviations = np.sqrt(np.diag(random))
    measures = dict(fitted.measures)
    for j, name in enumerate(slopes, start=1):
        measures[f"sd_slope[{name}]"] = float(deviations[j])
        both = deviations[0] * deviations[j]
        measures[f"correlation[{name}]"] = float(random[0, j] / both) if both else float("nan")
    return replace(fitted, measures=measures)


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """What a random intercept needs: ``sums`` of ones, the columns centred and scaled, and the outcome
    centred; ``mean`` and ``spread`` (p,) lead back. ``between`` columns are the same for all of a group.
    """

    terms: tuple[str, ...]
    sums: GroupSums
    mean: FloatArray
    spread: FloatArray
    outcome_mean: float
    groups: int
    between: int


def fit_grouped(grouped: Grouped, found: MixedFit | None = None) -> Fitted:
    """Fit a random intercept on group sums, or put a fit of these columns into the units of the data."""
    found = found or random_intercept(grouped.sums)
    null = random_intercept(grouped.sums.only([0]))
    total, total_null = found.between + found.residual, null.between + null.residual
    n, p = grouped.sums.n, len(grouped.terms) + 1
    back = _to_units(grouped.mean, grouped.spread)
    estimate = back @ found.coefficients
    estimate[0] += grouped.outcome_mean
    outcome_spread = np.sqrt(grouped.sums.products[-1, -1] / (n - 1))
    return Fitted(
        terms=(INTERCEPT, *grouped.terms),
        estimate=estimate,
        covariance=back @ found.covariance @ back.T,
        scale=np.concatenate([[np.nan], grouped.spread / outcome_spread]),
        df=float(max(1, grouped.groups - 1 - grouped.between)),
        r_squared=1 - total / total_null,
        r_squared_adjusted=1 - total / total_null * (n - 1) / (n - p),
        measures={
            "sd_group": float(np.sqrt(found.between)),
            "sd_residual": float(np.sqrt(found.residual)),
            "icc": found.between / total,
            "icc_null": null.between / total_null,
            # The restricted likelihood depends on the columns' units: back to those of the data.
            "log_likelihood": found.log_likelihood - float(np.log(grouped.spread).sum()),
        },
        notes=() if found.between else (Problem("model.no_group_variance", "info"),),
    )


def _slope_column(design: Design, name: str) -> int:
    """Return the column of a driver's deviation within groups, or of the driver where it was not split."""
    own = design.terms[: design.n_driver_columns]
    for term in (f"{name}[within]", name):
        if term in own:
            return own.index(term)
    raise UsageError("model.not_a_driver", columns=[name], known=own)


def within_between(design: Design) -> Design:
    """Return the design with each driver split in two: deviations from the group's mean, and that mean.

    A driver that is the same for a whole group, or has the same mean in every group, stays as it is.
    """
    assert design.clusters is not None
    sizes = np.bincount(design.clusters)
    blocks, terms = [], []
    for column, term in zip(design.columns.T, design.terms[: design.n_driver_columns], strict=False):
        mean = (np.bincount(design.clusters, weights=column) / sizes)[design.clusters]
        tiny = 1e-9 * column.std()
        if np.ptp(mean) <= tiny or np.ptp(column - mean) <= tiny:
            blocks.append(column)
            terms.append(term)
        else:
            blocks += [column - mean, mean]
            terms += [f"{term}[within]", f"{term}[between]"]
    controls = design.columns[:, design.n_driver_columns :]
    return replace(
        design,
        columns=np.column_stack([*blocks, controls]),
        terms=(*terms, *design.terms[design.n_driver_columns :]),
        n_driver_columns=len(terms),
    )


def _varies_between(design: Design) -> int:
    """Return how many columns are the same for all of a group."""
    assert design.clusters is not None
    _, first = np.unique(design.clusters, return_index=True)
    steady = np.abs(design.columns - design.columns[first][design.clusters]).max(axis=0)
    return int((steady <= 1e-9 * design.columns.std(axis=0)).sum())


def with_interactions(design: Design, pairs: Sequence[tuple[str, str]]) -> Design:
    """Return the design with products of centred drivers after the drivers, named ``a:b``."""
    own = design.terms[: design.n_driver_columns]
    unknown = sorted({name for pair in pairs for name in pair} - set(own))
    if unknown:
        raise UsageError("model.not_a_driver", columns=unknown, known=own)
    centred = design.columns - design.columns.mean(axis=0)
    products = [centred[:, own.index(a)] * centred[:, own.index(b)] for a, b in pairs]
    k = design.n_driver_columns
    return replace(
        design,
        columns=np.column_stack([design.columns[:, :k], *products, design.columns[:, k:]]),
        terms=(*own, *(f"{a}:{b}" for a, b in pairs), *design.terms[k:]),
        n_driver_columns=k + len(pairs),
    )
