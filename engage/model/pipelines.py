"""Models of leaving with everything learned inside the training rows, and the ways to split rows."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from engage.errors import TooLittleData
from engage.model.design import FloatArray, IntArray

Challenger = Literal["logit", "boosting"]
Scheme = Literal["stratified", "grouped", "forward"]

INNER_FOLDS: Final = 4
_GRIDS: Final[dict[Challenger, list[dict[str, float]]]] = {
    "logit": [{"C": c} for c in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)],
    "boosting": [{"max_leaf_nodes": leaves, "max_iter": rounds} for leaves in (3, 8) for rounds in (50, 150)],
}
# A share of 0 or 1 that is wrong would cost infinitely much.
_EDGE: Final = 1e-12
_MIN_EVENTS_IN_FOLD: Final = 2


def pipeline(model: Challenger, features: pd.DataFrame, seed: int) -> Any:
    """Return an unfitted pipeline: filling, scaling and dummies, then the model.

    ``"logit"``: ridge logistic regression; ``"boosting"``: gradient boosted trees. Missing numbers become the
    training rows' median with a mark (logit) or a branch of their own (boosting); unseen levels count as
    none.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    numeric = [c for c in features.columns if pd.api.types.is_numeric_dtype(features[c].dtype)]
    text = [c for c in features.columns if c not in numeric]
    if model == "logit":
        fill = Pipeline([("fill", SimpleImputer(add_indicator=True)), ("scale", StandardScaler())])
        fill.set_params(fill__strategy="median")
        dummies = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        estimator: Any = LogisticRegression(solver="newton-cholesky")
    else:
        fill = "passthrough"
        dummies = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        estimator = HistGradientBoostingClassifier(learning_rate=0.05, random_state=seed)
    blocks = [("numbers", fill, numeric)] * bool(numeric) + [("levels", dummies, text)] * bool(text)
    return Pipeline([("columns", ColumnTransformer(blocks)), ("model", estimator)])


def tuned(model: Challenger, features: pd.DataFrame, y: IntArray, groups: IntArray | None, seed: int) -> Any:
    """Return the pipeline fitted with the settings of least log loss in folds inside these rows."""
    from sklearn.base import clone

    fresh = pipeline(model, features, seed)
    loss = np.zeros(len(_GRIDS[model]))
    for train, test in fold_rows(y, groups, INNER_FOLDS, seed):
        columns = clone(fresh["columns"]).fit(features.iloc[train])
        seen, unseen = (columns.transform(features.iloc[rows]) for rows in (train, test))
        for k, setting in enumerate(_GRIDS[model]):
            fitted = clone(fresh["model"]).set_params(**setting).fit(seen, y[train])
            loss[k] += _log_loss(y[test], fitted.predict_proba(unseen)[:, 1])
    fresh["model"].set_params(**_GRIDS[model][int(loss.argmin())])
    return fresh.fit(features, y)


def _log_loss(y: IntArray, share: FloatArray) -> float:
    inside = np.clip(share, _EDGE, 1 - _EDGE)
    return -float(np.log(np.where(y == 1, inside, 1 - inside)).sum())


def fold_rows(y: IntArray, groups: IntArray | None, folds: int, seed: int) -> list[tuple[IntArray, IntArray]]:
    """Return (train, test) rows of stratified folds; rows of a group are never on both sides."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    found = kind(folds, shuffle=True, random_state=seed).split(np.zeros(len(y)), y, groups)
    return _usable(y, list(found), folds)


def forward_rows(y: IntArray, time: Sequence[Any]) -> list[tuple[IntArray, IntArray]]:
    """Return (train, test) rows: each period but the first is told from all those before it."""
    periods, place = np.unique(np.asarray(time), return_inverse=True)
    found = [(np.flatnonzero(place < k), np.flatnonzero(place == k)) for k in range(1, len(periods))]
    return _usable(y, found, max(1, len(periods) - 1))


def _usable(
    y: IntArray, found: list[tuple[IntArray, IntArray]], folds: int
) -> list[tuple[IntArray, IntArray]]:
    def mixed(rows: IntArray) -> bool:
        return _MIN_EVENTS_IN_FOLD <= int(y[rows].sum()) <= len(rows) - _MIN_EVENTS_IN_FOLD

    kept = [(train, test) for train, test in found if mixed(train) and mixed(test)]
    if not kept:
        raise TooLittleData("model.no_usable_fold", folds=folds)
    return kept


def probability(model: Any, features: pd.DataFrame) -> FloatArray:
    """Return the predicted probability of 1 (n,)."""
    return np.asarray(model.predict_proba(features)[:, 1], dtype=float)
