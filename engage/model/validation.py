"""How well drivers tell an outcome in people the model has not seen."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd

from engage.errors import TooLittleData, UsageError
from engage.model.design import Design, FloatArray, IntArray, build_design
from engage.model.drivers import Model, check_design, check_options
from engage.model.estimators import newton_logit

FOLDS: Final = 5
REPEATS: Final = 10
_SCORED: Final = ("ols", "logit")


def out_of_sample(
    frame: pd.DataFrame,
    outcome: str,
    drivers: Sequence[str],
    controls: Sequence[str] = (),
    cluster: str | None = None,
    model: Model = "ols",
    *,
    seed: int = 0,
) -> float:
    """Return the out-of-sample R² (``"ols"``) or AUC (``"logit"``), 5-fold, mean of 10 seeded repeats.

    R² = 1 − Σ(y − ŷ)²/Σ(y − ȳ)², ŷ and the mean ȳ both from the other folds, so a model that is worse than
    the mean is negative. AUC: the probability that a random 1 is ranked above a random 0 of the same fold
    (ties half), mean over folds. Rows of a ``cluster`` stay together: use the team to ask about new teams,
    or a group of duplicate rows to keep them from leaking. Without clusters a logit's folds are stratified.

    Rows, dummies and refusals as in :func:`engage.model.fit_drivers`; ``TooLittleData`` also if no fold holds
    both outcomes. R: ``cvTools::cvFit``; ``pROC::auc`` on held-out predictions.
    """
    check_options(model, 0.95)
    if model not in _SCORED:
        raise UsageError("model.unknown_option", option="model", value=model, known=_SCORED)
    design = build_design(frame, outcome, drivers, controls, cluster)
    check_design(design, outcome, model)
    spread = design.columns.std(axis=0, ddof=1)
    x = np.column_stack([np.ones(design.n), (design.columns - design.columns.mean(axis=0)) / spread])
    rng = np.random.default_rng(seed)
    score = _auc if model == "logit" else _r_squared
    scores = [score(design.outcome, x, _folds(design, model, rng)) for _ in range(REPEATS)]
    usable = [value for value in scores if not np.isnan(value)]
    if not usable:
        raise TooLittleData("model.no_usable_fold", folds=FOLDS)
    return float(np.mean(usable))


def auc(y: FloatArray, prediction: FloatArray) -> float:
    """Return the area under the ROC curve, NaN unless ``y`` (n,) holds both 0 and 1.

    The Mann–Whitney form, ties counted half. R: ``pROC::auc``.
    """
    ones = int(y.sum())
    zeros = len(y) - ones
    if not ones or not zeros:
        return float("nan")
    _, position, counts = np.unique(prediction, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[position]
    return float((ranks[y == 1].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def _folds(design: Design, model: Model, rng: np.random.Generator) -> IntArray:
    """Return a fold number for each row: clusters kept together, else shuffled (a logit's stratified)."""
    if design.clusters is not None:
        groups = int(design.clusters.max()) + 1
        return np.asarray((rng.permutation(groups) % FOLDS)[design.clusters], dtype=np.intp)
    order = rng.permutation(design.n)
    if model == "logit":
        order = order[np.argsort(design.outcome[order], kind="stable")]
    folds = np.empty(design.n, dtype=np.intp)
    folds[order] = np.arange(design.n) % FOLDS
    return folds


def _splits(y: FloatArray, folds: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    for fold in range(FOLDS):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if len(test) and np.ptp(y[train]) > 0:
            yield train, test


def _r_squared(y: FloatArray, x: FloatArray, folds: IntArray) -> float:
    wrong = total = 0.0
    for train, test in _splits(y, folds):
        # Scaled columns make the normal equations safe; lstsq because a rare level may be absent from a fold.
        kept = x[train]
        coefficients = np.linalg.lstsq(kept.T @ kept, kept.T @ y[train], rcond=None)[0]
        wrong += float(((y[test] - x[test] @ coefficients) ** 2).sum())
        total += float(((y[test] - y[train].mean()) ** 2).sum())
    return 1 - wrong / total if total else float("nan")


def _auc(y: FloatArray, x: FloatArray, folds: IntArray) -> float:
    # A fold whose training rows happen to be separated still ranks people: only the scale is then arbitrary.
    areas = [auc(y[test], x[test] @ newton_logit(y[train], x[train])[0]) for train, test in _splits(y, folds)]
    usable = [area for area in areas if not np.isnan(area)]
    return float(np.mean(usable)) if usable else float("nan")
