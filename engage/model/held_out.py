"""How well models of leaving do on rows they were not fitted to, whatever they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from engage.measure.intervals import normal_quantile, wilson_interval
from engage.model.calibration import auc_difference, auc_interval, calibration_curve, quality
from engage.model.design import FloatArray, IntArray
from engage.model.pipelines import Challenger, probability
from engage.model.validation import auc

# Fairness is told of groups with so many people and so many leavers and stayers.
MIN_GROUP: Final = 30
MIN_GROUP_EVENTS: Final = 5
SHUFFLES: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One outer fold: the rows held out, the model that has not seen them, what it predicts."""

    rows: IntArray
    model: Any
    predicted: FloatArray


def mean_prediction(n: int, parts: list[Part]) -> FloatArray:
    """Return each row's held-out prediction, the mean over repeats; NaN for rows never held out."""
    total, count = np.zeros(n), np.zeros(n)
    for part in parts:
        total[part.rows] += part.predicted
        count[part.rows] += 1
    return np.asarray(np.divide(total, count, out=np.full(n, np.nan), where=count > 0), dtype=float)


def judge(y: IntArray, parts: list[Part], level: float) -> tuple[dict[str, float], pd.DataFrame]:
    """Return the scores of held-out predictions, and the calibration curve.

    The AUC is the mean over folds, since only people of one fold were ranked by one model; DeLong's interval,
    of all of them together, is moved along with it.
    """
    predicted = mean_prediction(len(y), parts)
    seen = ~np.isnan(predicted)
    truth = y[seen].astype(float)
    areas = [_area(y, part) for part in parts]
    found = quality(truth, predicted[seen], level)
    shift = float(np.mean(areas)) - found["auc"]
    found |= {name: min(1.0, found[name] + shift) for name in ("auc", "auc_low", "auc_high")}
    score = found | {
        "fold_sd": float(np.std(areas, ddof=1)) if len(areas) > 1 else float("nan"),
        "n": int(seen.sum()),
        "leavers": int(truth.sum()),
    }
    return score, calibration_curve(truth, predicted[seen])


def auc_differences(
    y: IntArray, held_out: dict[Challenger, list[Part]], owner: IntArray | None, level: float
) -> pd.DataFrame:
    """Return how much higher each further model's AUC is than the first one's, on the same rows.

    The difference is of the means over folds, as the AUCs are; its error is of all held-out rows together.
    """
    first, *others = held_out
    own = mean_prediction(len(y), held_out[first])
    seen = ~np.isnan(own)
    rows = []
    for model in others:
        theirs = mean_prediction(len(y), held_out[model])
        _, error = auc_difference(
            y[seen].astype(float), theirs[seen], own[seen], None if owner is None else owner[seen]
        )
        parts = zip(held_out[model], held_out[first], strict=True)
        gain = float(np.mean([_area(y, part) - _area(y, other) for part, other in parts]))
        wide = normal_quantile(level) * error
        ends = {"auc": gain, "ci_low": gain - wide, "ci_high": gain + wide}
        rows.append({"model": model, "against": first} | ends)
    return pd.DataFrame(rows, columns=["model", "against", "auc", "ci_low", "ci_high"])


def _area(y: IntArray, part: Part) -> float:
    return auc(y[part.rows].astype(float), part.predicted)


def shuffled_importance(x: pd.DataFrame, y: IntArray, parts: list[Part], seed: int) -> pd.DataFrame:
    """Return how much held-out AUC drops when a feature is shuffled among the people of a fold."""
    rng = np.random.default_rng(seed)
    drops: list[list[float]] = []
    for part in parts:
        own, truth = x.iloc[part.rows], y[part.rows].astype(float)
        shuffled = [
            own.assign(**{name: own[name].to_numpy()[rng.permutation(len(own))]})
            for name in x.columns
            for _ in range(SHUFFLES)
        ]
        # One call for all of them: the pipeline's cost is by call more than by row.
        predicted = probability(part.model, pd.concat(shuffled)).reshape(-1, len(own))
        drops.append([auc(truth, part.predicted) - auc(truth, row) for row in predicted])
    of_feature = np.array(drops).reshape(len(parts), len(x.columns), SHUFFLES)
    table = pd.DataFrame(
        {
            "feature": x.columns,
            "drop": of_feature.mean(axis=(0, 2)),
            "sd": of_feature.std(axis=(0, 2), ddof=1),
        }
    )
    return table.sort_values("drop", ascending=False, ignore_index=True)


def fairness_by_group(
    rows: pd.DataFrame, columns: Sequence[str], y: IntArray, predicted: FloatArray, level: float
) -> pd.DataFrame:
    """Return, for each large enough group: how many leave, how many were expected to, and the ranking."""
    z = normal_quantile(level)
    table = []
    for column in columns:
        codes, levels = pd.factorize(rows[column], sort=True)
        for code, group in enumerate(levels):
            own = np.flatnonzero((codes == code) & ~np.isnan(predicted))
            truth, share = y[own].astype(float), predicted[own]
            if len(own) < MIN_GROUP or min(truth.sum(), len(own) - truth.sum()) < MIN_GROUP_EVENTS:
                continue
            interval = wilson_interval(int(truth.sum()), len(own), level)
            gap = truth - share
            wide = z * float(gap.std(ddof=1)) / len(own) ** 0.5
            low, high = auc_interval(truth, share, level)
            table.append(
                {
                    "column": column,
                    "group": str(group),
                    "n": len(own),
                    "observed": float(truth.mean()),
                    "observed_low": interval.low,
                    "observed_high": interval.high,
                    "predicted": float(share.mean()),
                    "gap": float(gap.mean()),
                    "gap_low": float(gap.mean()) - wide,
                    "gap_high": float(gap.mean()) + wide,
                    "auc": auc(truth, share),
                    "auc_low": low,
                    "auc_high": high,
                }
            )
    return pd.DataFrame(table)
