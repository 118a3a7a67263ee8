"""How good predicted shares of leavers are: ranking, calibration, and their intervals."""

import math
from typing import Final

import numpy as np
import pandas as pd

from engage.measure.intervals import wilson_interval
from engage.model.design import FloatArray, IntArray
from engage.model.estimators import newton_logit
from engage.model.validation import auc

# Predictions of 0 or 1 have no log-odds.
_EDGE: Final = 1e-9


def auc_interval(y: FloatArray, prediction: FloatArray, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of the area under the ROC curve (DeLong 1988, on the logit scale).

    ``y`` (n,) of 0 and 1. NaN unless both occur twice. R: ``pROC::ci.auc(logit)``.
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    ones, zeros = prediction[y == 1], prediction[y == 0]
    if min(len(ones), len(zeros)) < 2:
        return float("nan"), float("nan")
    ranks = rankdata(np.concatenate([ones, zeros]))
    above = (ranks[: len(ones)] - rankdata(ones)) / len(zeros)
    below = 1 - (ranks[len(ones) :] - rankdata(zeros)) / len(ones)
    area = float(above.mean())
    spread = math.sqrt(above.var(ddof=1) / len(ones) + below.var(ddof=1) / len(zeros))
    if not 0 < area < 1:
        return area, area
    wide = float(ndtri((1 + level) / 2)) * spread / (area * (1 - area))
    low, high = (1 / (1 + math.exp(-(math.log(area / (1 - area)) + side * wide))) for side in (-1, 1))
    return low, high


def auc_difference(
    y: FloatArray, one: FloatArray, other: FloatArray, owner: IntArray | None = None
) -> tuple[float, float]:
    """Return AUC(one) − AUC(other) on the same rows, and its standard error.

    DeLong's (1988): the variance of the difference of the two models' placements, of leavers among stayers
    and the other way round. Rows of the same ``owner`` (n,) count as one in it (Obuchowski 1997), times
    G/(G − 1) for G owners. NaN unless both outcomes occur twice. R: ``pROC::roc.test(paired = TRUE)``.
    """
    from scipy.stats import rankdata

    left, stayed = y == 1, y == 0
    if min(left.sum(), stayed.sum()) < 2:
        return float("nan"), float("nan")
    place = np.zeros(len(y))
    for sign, prediction in ((1.0, one), (-1.0, other)):
        ranks = rankdata(prediction)
        place[left] += sign * (ranks[left] - rankdata(prediction[left])) / stayed.sum()
        place[stayed] += sign * (1 - (ranks[stayed] - rankdata(prediction[stayed])) / left.sum())
    difference = float(place[left].mean())
    pull = np.where(left, (place - difference) / left.sum(), (place - difference) / stayed.sum())
    sums = np.bincount(np.arange(len(y)) if owner is None else np.unique(owner, return_inverse=True)[1], pull)
    return difference, float(np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum()))


def average_precision(y: FloatArray, prediction: FloatArray) -> float:
    """Return Σ (recall_k − recall_{k−1})·precision_k over thresholds; NaN without a 1.

    A random ranking has the share of ones. R: ``yardstick::average_precision``.
    """
    if not y.sum():
        return float("nan")
    order = np.argsort(-prediction, kind="stable")
    last = np.append(np.flatnonzero(np.diff(prediction[order])), len(y) - 1)
    hits = np.cumsum(y[order])[last]
    return float((np.diff(hits, prepend=0) * hits / (last + 1)).sum() / y.sum())


def calibration_line(y: FloatArray, prediction: FloatArray) -> tuple[float, float]:
    """Return intercept and slope of the logit of ``y`` on the log-odds predicted (Cox 1958).

    1 is right; below, predictions are too extreme. R: ``glm(y ~ qlogis(p), binomial)``.
    """
    share = np.clip(prediction, _EDGE, 1 - _EDGE)
    found, _ = newton_logit(y, np.column_stack([np.ones(len(y)), np.log(share / (1 - share))]))
    return float(found[0]), float(found[1])


def calibration_curve(y: FloatArray, prediction: FloatArray, bins: int = 10) -> pd.DataFrame:
    """Return a row per bin of about equal size: n, predicted (mean), observed, ci_low, ci_high (Wilson)."""
    rows = []
    for part in np.array_split(np.argsort(prediction, kind="stable"), bins):
        interval = wilson_interval(int(y[part].sum()), len(part))
        rows.append(
            {
                "n": len(part),
                "predicted": float(prediction[part].mean()),
                "observed": float(y[part].mean()),
                "ci_low": interval.low,
                "ci_high": interval.high,
            }
        )
    return pd.DataFrame(rows)


def quality(y: FloatArray, prediction: FloatArray, level: float = 0.95) -> dict[str, float]:
    """Return auc with interval, average_precision, brier, calibration_slope, mean predicted and observed."""
    low, high = auc_interval(y, prediction, level)
    return {
        "auc": auc(y, prediction),
        "auc_low": low,
        "auc_high": high,
        "average_precision": average_precision(y, prediction),
        "brier": float(((y - prediction) ** 2).mean()),
        "calibration_slope": calibration_line(y, prediction)[1],
        "predicted": float(prediction.mean()),
        "observed": float(y.mean()),
    }
