"""What a change in drivers goes with: expected changes of outcomes, with all the doubt that is in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from engage.errors import Problem, TooLittleData, UsageError
from engage.measure.display import as_html
from engage.measure.intervals import check_level
from engage.model import diagnostics
from engage.model.answers import read_answers
from engage.model.design import Design, FloatArray, build_design, check_columns, names
from engage.model.drivers import check_design
from engage.model.estimators import expit, logit, ols, t_quantile
from engage.words import say

CAP_QUANTILE: Final = 0.75
MIN_TEAM_CHANGES: Final = 10
MIN_ANSWERS: Final = 5
# Hidden extrapolation: so many people further out than all but a hundredth are now.
FAR_QUANTILE: Final = 0.99
MOST_FAR: Final = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """What a change in drivers goes with.

    ``changes``: a row per changed driver, with the change asked for, the one used, the ``cap`` and ``moved``,
    by how much the mean really moves when nobody leaves the scale. ``effects``: a row per outcome, with its
    mean ``now``, the expected ``change`` of that mean, std_error, interval, ``n``; for an outcome of 0 and 1
    these are shares. ``models``: each outcome's change and std_error under every model that was tried.
    """

    changes: pd.DataFrame
    effects: pd.DataFrame
    models: pd.DataFrame
    level: float
    notes: tuple[Problem, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Codes of the notes, such as ``model.change_capped``."""
        return tuple(note.code for note in self.notes)

    def tidy(self) -> pd.DataFrame:
        """Return one row per outcome: outcome, now, change, std_error, ci_low, ci_high, n."""
        return self.effects.copy()

    def _repr_html_(self) -> str:
        used = self.changes[["driver", "used"]].itertuples(index=False)
        changes = ", ".join(f"{driver} {change:+.2f}" for driver, change in used)
        caption = say("model.what_if_caption", changes=changes, level=f"{100 * self.level:g}")
        return as_html(self.effects, caption, self.notes)


@dataclass(frozen=True, slots=True, eq=False)
class _Variant:
    """One model of an outcome: its columns (n, q) as they are and as changed, and how it is fitted."""

    name: str
    before: FloatArray
    after: FloatArray
    logit: bool


def changes_made(
    frame: pd.DataFrame, drivers: Sequence[str], *, team: str = "team", wave: str = "wave"
) -> pd.DataFrame:
    """Return how much team means really changed from one wave to the next: driver, changes, cap.

    ``cap`` is the 75th percentile of the sizes of changes, NaN under ``MIN_TEAM_CHANGES`` (10) of them. A
    change counts where ``MIN_ANSWERS`` (5) people of the team answered in both of two waves that follow each
    other (waves in order of their names or values). The sizes hold the chance in small teams' means, too.
    Raises ``UsageError`` for unknown columns.
    """
    drivers = names(drivers)
    check_columns(frame, [*drivers, team, wave])
    rows = []
    for driver in drivers:
        cells = frame.dropna(subset=[driver]).groupby([team, wave], observed=True)[driver]
        means = cells.mean().where(cells.size() >= MIN_ANSWERS).unstack().sort_index(axis=1)
        sizes = means.astype(float).diff(axis=1).abs().stack().dropna().to_numpy()
        enough = len(sizes) >= MIN_TEAM_CHANGES
        cap = float(np.quantile(sizes, CAP_QUANTILE)) if enough else float("nan")
        rows.append({"driver": driver, "changes": len(sizes), "cap": cap})
    return pd.DataFrame(rows)


def what_if(
    frame: pd.DataFrame,
    outcomes: Sequence[str],
    drivers: Sequence[str],
    changes: Mapping[str, float],
    caps: Mapping[str, float],
    *,
    controls: Sequence[str] = (),
    cluster: str | None = None,
    scales: Mapping[str, tuple[float, float]] | None = None,
    level: float = 0.95,
) -> WhatIf:
    """Return the change of each outcome's mean that ``changes`` of drivers go with.

    Everybody's answer to a driver moves by its change, no further than the ends of its scale (``scales``;
    else the range of the answers), other drivers held equal; the outcome's mean and its interval stay on the
    outcome's scale. ``caps`` (by driver, from :func:`changes_made`): a larger change is cut to it and noted.

    Several models answer, each with equal weight: ``straight`` (least squares on all drivers and controls;
    for an outcome of 0 and 1 a logit, averaged over people, and ``linear``, the linear probability); ``bent``
    (a slope of its own above and below the middle of each changed driver); ``within`` (with ``cluster`` and
    30 of them: drivers' group means added, so that only differences within groups count). With θ_m and s_m of
    M models, the estimate is their mean θ and its error Σ √(s_m² + (θ_m − θ)²)/M (Buckland, Burnham &
    Augustin 1997), so the interval holds both doubts: what the coefficients are, and which model is right. t
    with the fewest degrees of freedom of the models. Errors as in :func:`fit_drivers`.

    Raises ``TooLittleData`` for a driver without a cap, and where the changed answers would lie outside the
    data: more than 5 % of people further from the centre of all columns (by leverage) than all but 1 % are
    now; else as :func:`fit_drivers`. ``UsageError`` for a change of what is no driver, or of 0.
    """
    drivers, outcomes = names(drivers), names(outcomes)
    check_level(level)
    unknown = sorted(set(changes) - set(drivers))
    if unknown or not changes or not all(changes.values()):
        raise UsageError("model.bad_change", columns=unknown or sorted(changes), known=drivers)
    used, notes = _capped(changes, caps)
    tables = [
        _outcome(frame, outcome, drivers, used, controls, cluster, scales or {}, level)
        for outcome in outcomes
    ]
    for _, _, own in tables:
        notes += tuple(note for note in own if note not in notes)
    return WhatIf(
        changes=_moved(frame, changes, used, caps, scales or {}),
        effects=pd.DataFrame([effect for effect, _, _ in tables]),
        models=pd.DataFrame([model for _, models, _ in tables for model in models]),
        level=level,
        notes=notes,
    )


def _capped(
    changes: Mapping[str, float], caps: Mapping[str, float]
) -> tuple[dict[str, float], tuple[Problem, ...]]:
    without = [driver for driver in changes if not np.isfinite(caps.get(driver, np.nan))]
    if without:
        raise TooLittleData("model.no_cap", columns=without, needed=MIN_TEAM_CHANGES)
    used = {driver: float(np.clip(change, -caps[driver], caps[driver])) for driver, change in changes.items()}
    cut = [driver for driver, change in changes.items() if used[driver] != change]
    if not cut:
        return used, ()
    return used, (Problem("model.change_capped", "warning", params={"columns": cut}),)


def _ends(values: FloatArray, scale: tuple[float, float] | None) -> tuple[float, float]:
    return scale or (float(values.min()), float(values.max()))


def _moves(values: FloatArray, change: float, scale: tuple[float, float] | None) -> FloatArray:
    """Return by how much each answer moves without leaving the scale."""
    return np.asarray(np.clip(values + change, *_ends(values, scale)) - values, dtype=float)


def _moved(
    frame: pd.DataFrame,
    asked: Mapping[str, float],
    used: Mapping[str, float],
    caps: Mapping[str, float],
    scales: Mapping[str, tuple[float, float]],
) -> pd.DataFrame:
    rows = []
    for driver, change in asked.items():
        values = frame[driver].dropna().to_numpy(dtype=float)
        moved = float(_moves(values, used[driver], scales.get(driver)).mean())
        rows.append(
            {"driver": driver, "asked": change, "used": used[driver], "cap": caps[driver], "moved": moved}
        )
    return pd.DataFrame(rows)


def _outcome(
    frame: pd.DataFrame,
    outcome: str,
    drivers: tuple[str, ...],
    used: Mapping[str, float],
    controls: Sequence[str],
    cluster: str | None,
    scales: Mapping[str, tuple[float, float]],
    level: float,
) -> tuple[dict[str, object], list[dict[str, object]], tuple[Problem, ...]]:
    """Return the outcome's row of effects, its rows of models, and what to tell."""
    design = build_design(frame, outcome, drivers, controls, cluster)
    text = [driver for driver in used if driver not in design.terms]
    if text:
        raise UsageError("model.not_numeric", columns=text)
    y = design.outcome
    binary = bool(np.isin(y, (0, 1)).all())
    notes = design.notes + check_design(design, outcome, "logit" if binary else "ols")
    at = {driver: design.terms.index(driver) for driver in used}
    after = design.columns.copy()
    for driver, column in at.items():
        after[:, column] += _moves(after[:, column], used[driver], scales.get(driver))
    _refuse_extrapolation(design.columns, after)
    found = [_change(design, variant) for variant in _variants(design, after, list(at.values()), binary)]
    change, std_error = _average([row[1:3] for row in found])
    quantile = t_quantile((1 + level) / 2, min(row[3] for row in found))
    low, high = _ends(y, (0, 1) if binary else scales.get(outcome))
    now = float(y.mean())
    ends = [change, change - quantile * std_error, change + quantile * std_error]
    clipped = np.clip(ends, low - now, high - now).tolist()
    effect: dict[str, object] = {
        "outcome": outcome,
        "now": now,
        "change": clipped[0],
        "std_error": std_error,
        "ci_low": clipped[1],
        "ci_high": clipped[2],
        "n": design.n,
    }
    models: list[dict[str, object]] = [
        {"outcome": outcome, "model": name, "change": own, "std_error": error}
        for name, own, error, _ in found
    ]
    return effect, models, notes


def _variants(design: Design, after: FloatArray, changed: list[int], binary: bool) -> list[_Variant]:
    """Return the models that the data can carry, the straight one first."""
    before = design.columns
    variants = [_Variant("straight", before, after, binary)]
    if binary:
        variants.append(_Variant("linear", before, after, False))
    knots = [(column, _middle(before[:, column])) for column in changed]
    hinges = [
        np.column_stack([np.maximum(x[:, column] - knot, 0) for column, knot in knots if knot is not None])
        for x in ((before, after) if any(knot is not None for _, knot in knots) else ())
    ]
    if hinges:
        bent = [np.hstack([x, hinge]) for x, hinge in zip((before, after), hinges, strict=True)]
        variants.append(_Variant("bent", bent[0], bent[1], binary))
    if (design.n_clusters or 0) >= diagnostics.FEW_CLUSTERS:
        means = _group_means(design)
        variants.append(_Variant("within", np.hstack([before, means]), np.hstack([after, means]), binary))
    return [variants[0], *(variant for variant in variants[1:] if _bearable(design.outcome, variant))]


def _middle(column: FloatArray) -> float | None:
    """Return the level nearest to the median with enough people on both sides, if there is one."""
    scale = read_answers(column)
    return scale.original(scale.knots[1]) if scale.knots else None


def _group_means(design: Design) -> FloatArray:
    """Return each row's group means of the drivers that vary both within and between groups."""
    assert design.clusters is not None
    sizes = np.bincount(design.clusters)
    blocks = []
    for column in design.columns[:, : design.n_driver_columns].T:
        mean = (np.bincount(design.clusters, weights=column) / sizes)[design.clusters]
        if min(np.ptp(mean), np.ptp(column - mean)) > 1e-9 * column.std():
            blocks.append(mean)
    return np.column_stack(blocks) if blocks else np.empty((design.n, 0))


def _bearable(y: FloatArray, variant: _Variant) -> bool:
    """Whether a further model has rows (events) enough and no column made of the others."""
    q = variant.before.shape[1]
    if variant.logit:
        enough = min(y.sum(), len(y) - y.sum()) >= diagnostics.MIN_EVENTS_PER_PREDICTOR * q
    else:
        enough = len(y) >= diagnostics.MIN_ROWS_PER_PREDICTOR * q
    return bool(enough) and not diagnostics.is_collinear(diagnostics.correlations(variant.before))


def _change(design: Design, variant: _Variant) -> tuple[str, float, float, float]:
    """Return a model's name, its change of the outcome's mean, the error of that, and degrees of freedom."""
    mean, spread = variant.before.mean(axis=0), variant.before.std(axis=0)
    ones = np.ones((design.n, 1))
    before, after = (np.hstack([ones, (x - mean) / spread]) for x in (variant.before, variant.after))
    found = (logit if variant.logit else ols)(design.outcome, before, design.clusters)
    if variant.logit:
        shares = [expit(x @ found.coefficients) for x in (before, after)]
        change = float((shares[1] - shares[0]).mean())
        slopes = [share * (1 - share) for share in shares]
        gradient = (after * slopes[1][:, None] - before * slopes[0][:, None]).mean(axis=0)
    else:
        gradient = (after - before).mean(axis=0)
        change = float(gradient @ found.coefficients)
    return variant.name, change, float(np.sqrt(gradient @ found.covariance @ gradient)), found.df


def _average(found: Sequence[tuple[float, float]]) -> tuple[float, float]:
    changes, errors = np.array(found).T
    mean = float(changes.mean())
    return mean, float(np.sqrt(errors**2 + (changes - mean) ** 2).mean())


def _refuse_extrapolation(before: FloatArray, after: FloatArray) -> None:
    mean = before.mean(axis=0)
    inverse = np.linalg.inv(np.atleast_2d(np.cov(before, rowvar=False)))
    distances = [np.einsum("ij,jk,ik->i", x - mean, inverse, x - mean) for x in (before, after)]
    far = float((distances[1] > np.quantile(distances[0], FAR_QUANTILE)).mean())
    if far > MOST_FAR:
        raise TooLittleData("model.extrapolation", share=round(100 * far), limit=round(100 * MOST_FAR))
