"""When a model is refused, when it is shown with a warning, and why.

The thresholds are conventions of the field, kept in one place:

- ``MIN_ROWS``: Culture Amp shows driver impact above 25 people, TalentMap from 30; below 20 nothing is said,
  which is also what the rule for teams asks of two predictors.
- ``ROWS_PER_PREDICTOR``: ten rows per predictor are the usual advice for a linear model, five the least
  (Green 1991; Austin & Steyerberg 2015 find coefficients and their intervals sound even below that).
- ``EVENTS_PER_PREDICTOR``: ten of the rarer outcome per predictor (Peduzzi et al. 1996), five the least
  (Vittinghoff & McCulloch 2007).
- ``TEAMS_PER_PREDICTOR``: at team level the teams are the sample, whatever the number of answers or months.
- ``MIN_CLUSTERS``, ``FEW_CLUSTERS``: cluster-robust errors are too small with few clusters (Cameron & Miller
  2015): refused under 5, warned of under 30.
- ``HIGH_VIF``: above 5 a driver shares more than 80 % of its variance with the others.
"""

import math
from typing import Final

import numpy as np

from engage.errors import Problem, TooLittleData
from engage.model.design import Design, FloatArray

MIN_ROWS: Final = 20
MIN_ROWS_PER_PREDICTOR: Final = 5
ROWS_PER_PREDICTOR: Final = 10
MIN_EVENTS_PER_PREDICTOR: Final = 5
EVENTS_PER_PREDICTOR: Final = 10
TEAMS_PER_PREDICTOR: Final = 10
MIN_CLUSTERS: Final = 5
FEW_CLUSTERS: Final = 30
HIGH_VIF: Final = 5.0

# A correlation matrix with a smaller eigenvalue has, to working precision, a column made of the others.
_SINGULAR: Final = 1e-10


def vif(columns: FloatArray) -> FloatArray:
    """Return the variance inflation factor of each column, (n, p) → (p,).

    VIF_j = 1/(1 − R²_j), R²_j of column j on the others: the diagonal of the inverse correlation matrix.
    Complete rows only. The columns must vary and not be exactly collinear (:func:`check_collinearity`).
    R: ``car::vif``.
    """
    return inflation(correlations(columns))


def inflation(correlation: FloatArray) -> FloatArray:
    """Return the variance inflation factors (p,) from the columns' correlations (p, p)."""
    return np.diag(np.linalg.inv(correlation)).copy()


def check_collinearity(correlation: FloatArray, terms: tuple[str, ...]) -> None:
    """Raise ``TooLittleData`` naming the terms of which one is an exact sum of the others."""
    values, vectors = np.linalg.eigh(correlation)
    if values[0] < _SINGULAR:
        part = np.abs(vectors[:, 0])
        involved = [term for term, size in zip(terms, part, strict=True) if size > 0.05 * part.max()]
        raise TooLittleData("model.collinear", columns=involved)


def is_collinear(correlation: FloatArray) -> bool:
    """Whether one of the columns is, to working precision, an exact sum of the others."""
    return bool(np.linalg.eigvalsh(correlation)[0] < _SINGULAR)


def check_rows(n: int, predictors: int) -> tuple[Problem, ...]:
    """Refuse a linear model on too few rows; return the warnings that go with the others."""
    needed = max(MIN_ROWS, MIN_ROWS_PER_PREDICTOR * predictors)
    if n < needed:
        raise TooLittleData("model.too_few_rows", n=n, needed=needed, predictors=predictors)
    if n < ROWS_PER_PREDICTOR * predictors:
        params = {"n": n, "predictors": predictors, "needed": ROWS_PER_PREDICTOR * predictors}
        return (Problem("model.few_rows", "warning", params=params),)
    return ()


def check_events(design: Design, *, censored: bool = False) -> tuple[Problem, ...]:
    """Refuse a logit on too few of the rarer outcome; return the warnings that go with the others.

    Where rows without an event are ``censored``, only the events count.
    """
    p = len(design.terms)
    ones = int(design.outcome.sum())
    events = ones if censored else min(ones, design.n - ones)
    needed = MIN_EVENTS_PER_PREDICTOR * p
    if events < needed:
        raise TooLittleData("model.too_few_events", events=events, needed=needed, predictors=p)
    if events < EVENTS_PER_PREDICTOR * p:
        params = {"events": events, "predictors": p, "needed": EVENTS_PER_PREDICTOR * p}
        return (Problem("model.few_events", "warning", params=params),)
    return ()


def check_clusters(clusters: int | None) -> tuple[Problem, ...]:
    """Refuse cluster-robust errors on too few clusters; return the warnings that go with the others."""
    if clusters is None:
        return ()
    if clusters < MIN_CLUSTERS:
        raise TooLittleData("model.too_few_clusters", clusters=clusters, needed=MIN_CLUSTERS)
    if clusters < FEW_CLUSTERS:
        params = {"clusters": clusters, "needed": FEW_CLUSTERS}
        return (Problem("model.few_clusters", "warning", params=params),)
    return ()


def check_vif(factors: dict[str, float]) -> tuple[Problem, ...]:
    """Return a warning naming the drivers whose variance inflation factor is above ``HIGH_VIF``."""
    high = [term for term, factor in factors.items() if factor > HIGH_VIF]
    if not high:
        return ()
    params = {"columns": high, "highest": math.floor(max(factors.values())), "limit": HIGH_VIF}
    return (Problem("model.high_vif", "warning", count=len(high), params=params),)


def check_teams(teams: int, predictors: int) -> None:
    """Raise ``TooLittleData`` unless there are ``TEAMS_PER_PREDICTOR`` teams for each predictor."""
    needed = TEAMS_PER_PREDICTOR * predictors
    if teams < needed:
        raise TooLittleData("model.too_few_teams", teams=teams, needed=needed, predictors=predictors)


def correlations(columns: FloatArray) -> FloatArray:
    """Return the correlations (p, p) of columns (n, p), one column's, too."""
    return np.atleast_2d(np.corrcoef(columns, rowvar=False))
