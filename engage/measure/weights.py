"""Weights that make respondents match the known make-up of the staff."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from engage.errors import InputError, Problem, TooLittleData, UsageError
from engage.measure.answers import FloatArray, IntArray, need_columns
from engage.measure.display import as_html
from engage.words import say

Margins = Mapping[str, Mapping[object, float]]

# One person who counts for more than this many is named in the notes; the usual limit for trimming.
HEAVY: Final = 5.0

_TOLERANCE: Final = 1e-10
_ROUNDS: Final = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """One weight per respondent, mean 1, in the order and with the index of the frame.

    ``design_effect`` n·Σw²/(Σw)² (Kish 1965) is by how much unequal weights inflate a mean's variance;
    ``effective_n`` = n/design_effect. ``margins`` has column, level, sample, target and weighted share.
    """

    weights: pd.Series
    design_effect: float
    effective_n: float
    rounds: int
    margins: pd.DataFrame
    notes: tuple[Problem, ...]

    def tidy(self) -> pd.DataFrame:
        """Return one row per level of each margin: column, level, sample, target, weighted (shares)."""
        return self.margins.copy()

    def _repr_html_(self) -> str:
        caption = say(
            "measure.weights_caption",
            n=len(self.weights),
            effective=f"{self.effective_n:.0f}",
            effect=f"{self.design_effect:.2f}",
        )
        return as_html(self.tidy(), caption, self.notes)


def rake(frame: pd.DataFrame, margins: Margins) -> Weights:
    """Return weights under which respondents match known shares of each margin (raking).

    The weights are multiplied to fit one margin after the other, until all fit to 1e-10 (iterative
    proportional fitting, Deming & Stephan 1940): of all weights that fit, the ones nearest to equal in
    Kullback–Leibler distance. They correct for who answered by these columns alone.

    ``margins``: for each column the share (or head count) of each level in the staff; scaled to sum to 1. A
    level that the staff does not have is left out, not given as 0.
    Raises ``UsageError`` for unknown columns, no margin, or shares that are not positive; ``InputError`` for
    respondents at a level without a share or with a missing level; ``TooLittleData`` for a level without
    respondents, or margins that no weights can fit together.
    R: ``survey::rake``; ``survey::calibrate(calfun = "raking")``.
    """
    if not margins:
        raise UsageError("measure.no_margins")
    need_columns(frame, list(margins))
    if frame.empty:
        raise TooLittleData("model.no_answers")
    targets = {column: _target(column, shares) for column, shares in margins.items()}
    codes = {column: _codes(frame[column], target) for column, target in targets.items()}
    weights, rounds = _fit([(codes[column], target.to_numpy()) for column, target in targets.items()])
    effect = float(len(weights) * (weights**2).sum() / weights.sum() ** 2)
    return Weights(
        weights=pd.Series(weights, index=frame.index, name="weight"),
        design_effect=effect,
        effective_n=len(weights) / effect,
        rounds=rounds,
        margins=pd.concat(
            [_margin(column, target, codes[column], weights) for column, target in targets.items()],
            ignore_index=True,
        ),
        notes=_heavy(weights),
    )


def _target(column: str, shares: Mapping[object, float]) -> pd.Series:
    target = pd.Series(dict(shares), dtype=float)
    if target.empty or not (target > 0).all() or not np.isfinite(target).all():
        raise UsageError("measure.bad_margin", column=column)
    return target / target.sum()


def _codes(levels: pd.Series, target: pd.Series) -> IntArray:
    """Return the position of each respondent's level in the target."""
    codes = np.asarray(target.index.get_indexer(pd.Index(levels)), dtype=np.intp)
    unknown = int((codes < 0).sum())
    if unknown:
        raise InputError("measure.level_without_share", column=levels.name, count=unknown)
    empty = np.flatnonzero(np.bincount(codes, minlength=len(target)) == 0)
    if len(empty):
        names = [str(level) for level in target.index[empty]]
        raise TooLittleData("measure.level_without_people", column=levels.name, levels=names)
    return codes


def _fit(margins: list[tuple[IntArray, FloatArray]]) -> tuple[FloatArray, int]:
    """Return the weights and the rounds it took to fit all margins."""
    n = len(margins[0][0])
    weights = np.ones(n)
    for done in range(1, _ROUNDS + 1):
        for codes, target in margins:
            weights *= (target * n / np.bincount(codes, weights=weights))[codes]
        miss = max(np.abs(np.bincount(codes, weights=weights) / n - t).max() for codes, t in margins)
        if miss < _TOLERANCE:
            return weights, done
    raise TooLittleData("measure.margins_clash")


def _margin(column: str, target: pd.Series, codes: IntArray, weights: FloatArray) -> pd.DataFrame:
    n = len(weights)
    return pd.DataFrame(
        {
            "column": column,
            "level": list(target.index),
            "sample": np.bincount(codes, minlength=len(target)) / n,
            "target": target.to_numpy(),
            "weighted": np.bincount(codes, weights=weights, minlength=len(target)) / weights.sum(),
        }
    )


def _heavy(weights: FloatArray) -> tuple[Problem, ...]:
    heavy = int((weights > HEAVY).sum())
    if not heavy:
        return ()
    params = {"limit": f"{HEAVY:g}", "highest": f"{weights.max():.1f}"}
    return (Problem("measure.heavy_weights", "warning", count=heavy, params=params),)
