"""Differences in differences among units that differ from the start: regression, weighting, or both."""

from typing import Final, Literal

import numpy as np

from engage.model.design import FloatArray
from engage.model.estimators import expit, newton_logit

Method = Literal["dr", "regression", "weighting"]

_NO_OVERLAP: Final = 0.999
"""A unit this sure to be in the programme has nobody like it outside."""


def adjusted(
    change: FloatArray, inside: FloatArray, columns: FloatArray, method: Method
) -> tuple[float, FloatArray] | None:
    """Return the effect on those inside and what each unit adds to it, ``None`` without overlap.

    ``change`` (n,) of the outcome, ``inside`` (n,) 1 or 0, ``columns`` (n, k) what units are alike by.
    ``"regression"``: the change that a least-squares fit among those outside expects of those inside;
    ``"weighting"``: those outside weighted by the odds of a logit, weights summing to one; ``"dr"``: both,
    right if either is (Sant'Anna & Zhao 2020). The sum of squares of what units add estimates the variance.
    R: ``DRDID::reg_did_panel``, ``std_ipw_did_panel``, ``drdid_panel``.
    """
    spread = columns.std(axis=0)
    varying = spread > 0
    scaled = (columns[:, varying] - columns[:, varying].mean(axis=0)) / spread[varying]
    x = np.column_stack([np.ones(len(change)), scaled])
    n, outside = len(change), 1 - inside
    weight = inside
    by_score: FloatArray | None = None
    if method != "regression":
        chance = expit(x @ newton_logit(inside, x)[0])
        if chance.max() > _NO_OVERLAP:
            return None
        weight = chance * outside / (1 - chance)
        information = np.linalg.inv(x.T @ (x * (chance * (1 - chance))[:, None]) / n)
        by_score = ((inside - chance)[:, None] * x) @ information
    expected = np.zeros(n)
    by_fit = np.zeros_like(x)
    if method != "weighting":
        bread = x.T @ (x * outside[:, None]) / n
        if np.linalg.cond(bread) > 1e12:
            return None
        slopes = np.linalg.solve(bread, x.T @ (outside * change) / n)
        expected = x @ slopes
        by_fit = ((outside * (change - expected))[:, None] * x) @ np.linalg.inv(bread)
    left = change - expected
    share = inside.mean()
    effect_in = float((inside * left).mean() / share)
    pull_in = (inside * (left - effect_in) - by_fit @ (inside[:, None] * x).mean(axis=0)) / share
    if by_score is None:
        return effect_in, pull_in / n
    effect_out = float((weight * left).mean() / weight.mean())
    gone = weight * (left - effect_out)
    pull_out = gone + by_score @ (gone[:, None] * x).mean(axis=0)
    pull_out = (pull_out - by_fit @ (weight[:, None] * x).mean(axis=0)) / weight.mean()
    return effect_in - effect_out, (pull_in - pull_out) / n
