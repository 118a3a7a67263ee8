"""One table for engagement, leaving and service: what goes with each, at the level where it can be told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pandas as pd

from engage.errors import TooLittleData
from engage.measure.display import as_html
from engage.measure.multiplicity import adjust_pvalues
from engage.model.design import check_columns, names
from engage.model.drivers import DriverFit, Model, fit_drivers
from engage.model.service import (
    MEASURES,
    fit_service,
    person_composite,
    service_panel,
    team_composites,
)

_FIGURES: Final = ("estimate", "std_error", "ci_low", "ci_high", "p_value", "standardised")


@dataclass(frozen=True, slots=True, eq=False)
class OutcomeTable:
    """What goes with several outcomes, a row per outcome and predictor.

    ``table``: outcome, ``unit`` (``person`` or ``team``), driver, estimate, std_error, ci_low, ci_high,
    p_value, standardised, ``p_adjusted`` (Benjamini–Hochberg over the predictors of one model, or over the
    factors tried alone), ``exploratory`` (a factor tried alone at team level), ``n`` rows, ``reason``: why a
    row is empty, such as ``model.too_few_teams``.
    """

    table: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Return the table."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        outcomes = ", ".join(self.table["outcome"].unique())
        return as_html(self.table, outcomes)


def outcome_table(
    frame: pd.DataFrame,
    service: pd.DataFrame,
    factors: Sequence[str],
    composites: Mapping[str, Sequence[str]],
    personal: Mapping[str, Model],
    *,
    measures: Sequence[str] = MEASURES,
    controls: Sequence[str] = (),
    date: str = "started",
    level: float = 0.95,
) -> OutcomeTable:
    """Return what goes with each outcome: factors and composites with personal ones, composites with service.

    ``personal`` outcomes (such as ``{"engagement": "ols", "left": "logit"}``) are fitted on ``frame``, a row
    per respondent: all ``factors`` in one model, the ``composites`` (means of factors) in another, with
    ``controls``, errors by team where the frame has one (teams left out one by one). Service
    ``measures`` are fitted at team level on the composites together (:func:`fit_service`), and on each
    factor's team mean alone: exploratory, p-values adjusted. What the data can't carry is an empty row with
    its reason.

    ``frame`` has ``team``, ``wave``, the column named by ``date``; ``service`` as in :func:`service_panel`.
    Raises ``UsageError`` for unknown columns and what else a model asks for.
    """
    factors = names(factors)
    parts = [factor for scales in composites.values() for factor in scales]
    check_columns(frame, [*factors, *personal, *controls, *parts])
    people = frame.assign(
        **{name: person_composite(frame, scales).astype(float) for name, scales in composites.items()}
    )
    cluster = "team" if "team" in frame.columns else None
    left_out = [name for name, model in personal.items() if cluster and model in ("ols", "logit")]
    rows = []
    for outcome, model in personal.items():
        for used in (tuple(composites), factors):
            fit = partial(
                fit_drivers,
                people,
                outcome,
                used,
                controls,
                cluster,
                model,
                level=level,
                jackknife=outcome in left_out,
            )
            rows += _rows(outcome, "person", used, fit)
    scores = team_composites(frame, {**composites, **{name: [name] for name in factors}}, date=date)
    panel = service_panel(scores, service, measures=measures)
    for measure in measures:
        if measure in panel.columns:
            joint = partial(fit_service, panel, measure, tuple(composites), level=level)
            alone = [
                row
                for factor in factors
                for row in _rows(
                    measure, "team", (factor,), partial(fit_service, panel, measure, [factor], level=level)
                )
            ]
            rows += _rows(measure, "team", tuple(composites), joint) + _adjusted(alone, exploratory=True)
    return OutcomeTable(pd.DataFrame(rows))


def _rows(
    outcome: str, unit: str, predictors: tuple[str, ...], fit: Callable[[], DriverFit]
) -> list[dict[str, Any]]:
    """Return a row per predictor of one model, empty ones with the reason if the data can't carry it."""
    try:
        fitted = fit()
    except TooLittleData as refused:
        empty = {"outcome": outcome, "unit": unit} | dict.fromkeys(_FIGURES, float("nan"))
        rows = [empty | {"driver": name, "n": 0, "reason": refused.code} for name in predictors]
    else:
        terms = fitted.tidy().set_index("term")
        rows = [
            {"outcome": outcome, "unit": unit, "driver": name}
            | {figure: terms[figure][name] for figure in _FIGURES}
            | {"n": fitted.n, "reason": ""}
            for name in predictors
        ]
    return _adjusted(rows, exploratory=False)


def _adjusted(rows: list[dict[str, Any]], *, exploratory: bool) -> list[dict[str, Any]]:
    adjusted = adjust_pvalues([row["p_value"] for row in rows])
    return [
        row | {"p_adjusted": float(p), "exploratory": exploratory}
        for row, p in zip(rows, adjusted, strict=True)
    ]
