"""High performers against average or low ones, with the association over everybody beside it."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from engage.errors import TooLittleData, UsageError
from engage.measure.answers import FloatArray, need_columns, numbers
from engage.measure.display import as_html
from engage.measure.effect import Difference, Standardised, Verdict, correlation, hedges_g, verdict, welch
from engage.measure.intervals import check_level, normal_quantile
from engage.measure.multiplicity import adjust_pvalues
from engage.words import say

Against = Literal["average", "low"]


@dataclass(frozen=True, slots=True)
class Extreme:
    """One score: the high group minus the other one, and its correlation with the ranking over everybody."""

    value: str
    n_high: int
    n_other: int
    difference: Difference
    standardised: Standardised
    r: float
    r_low: float
    r_high: float
    n: int
    p_adjusted: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Extremes:
    """Contrasts of the people high in ``by`` with those ``against`` whom they are held, one per score.

    ``share`` of the people at either end. A difference of chosen groups looks larger than the association
    over everybody is; read ``hedges_g`` beside ``r``.
    """

    by: str
    against: Against
    share: float
    contrasts: tuple[Extreme, ...]
    level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per score.

        value, n_high, n_other, difference, std_error, ci_low, ci_high, df, p_value, p_adjusted, hedges_g,
        g_low, g_high, r, r_low, r_high, n, verdict.
        """
        return pd.DataFrame([_row(contrast) for contrast in self.contrasts])

    def _repr_html_(self) -> str:
        return as_html(
            self.tidy(), say(f"measure.extremes_{self.against}", by=self.by, share=f"{self.share:.0%}")
        )


def contrast_extremes(
    frame: pd.DataFrame,
    values: Sequence[str],
    by: str,
    *,
    against: Against = "average",
    share: float = 0.25,
    level: float = 0.95,
) -> Extremes:
    """Contrast those highest in ``by`` with average or low ones on scores, such as attitude beside ability.

    The high group is everybody at or above the 1 − ``share`` quantile of ``by`` among those with the score,
    the low group everybody at or below the ``share`` quantile, ties included, and average is who is in
    neither; ``against`` says with whom the high are contrasted. Welch's interval, Hedges' g, p-values
    adjusted over the scores (Benjamini–Hochberg); beside them Pearson's r over everybody with Fisher's
    interval tanh(artanh r ± z/√(n−3)).

    ``by`` is a number, such as a performance rating. Rows without it or a score are left out of that score.
    Raises ``UsageError`` for unknown columns, an unknown ``against`` or a share outside (0, .5];
    ``InputError`` for columns not in numbers; ``TooLittleData`` for fewer than four people, or where ties
    leave one of the two groups with fewer than two.
    R: ``t.test``, ``effectsize::hedges_g`` on the ends; ``cor.test`` on everybody.
    Source: Preacher et al. (2005), Psychol. Methods 10, on what contrasting extremes does to effect sizes.
    """
    check_level(level)
    if not 0 < share <= 0.5:
        raise UsageError("measure.bad_share", share=share)
    if against not in get_args(Against):
        raise UsageError("model.unknown_option", option="against", value=against, known=get_args(Against))
    need_columns(frame, [*values, by])
    rank = numbers(frame[[by]])[:, 0]
    ends = [_ends(rank, numbers(frame[[value]])[:, 0], value, share, against) for value in values]
    tests = [welch(high, other, level) for high, other, _, _ in ends]
    adjusted = adjust_pvalues([test.p_value for test in tests]).tolist()
    contrasts = []
    for value, (high, other, order, scores), test, p in zip(values, ends, tests, adjusted, strict=True):
        r = correlation(order, scores)
        r_low, r_high = _fisher(r, len(scores), level)
        contrasts.append(
            Extreme(
                value=value,
                n_high=len(high),
                n_other=len(other),
                difference=test,
                standardised=hedges_g(high, other, level),
                r=r,
                r_low=r_low,
                r_high=r_high,
                n=len(scores),
                p_adjusted=p,
                verdict=verdict(test.difference, p, level),
            )
        )
    return Extremes(by=by, against=against, share=share, contrasts=tuple(contrasts), level=level)


def _ends(
    rank: FloatArray, scores: FloatArray, value: str, share: float, against: Against
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the scores of the high and the other group, and the ranking and scores of everybody."""
    kept = ~np.isnan(rank) & ~np.isnan(scores)
    order, known = rank[kept], scores[kept]
    if len(known) < 4:
        raise TooLittleData("measure.too_few_rows", n=len(known), needed=4)
    bottom, top = np.quantile(order, [share, 1 - share])
    beside = order <= bottom if against == "low" else (order > bottom) & (order < top)
    high, other = known[order >= top], known[beside]
    if bottom >= top or min(len(high), len(other)) < 2:
        raise TooLittleData("measure.ends_meet", value=value, share=f"{share:.0%}")
    return high, other, order, known


def _fisher(r: float, n: int, level: float) -> tuple[float, float]:
    if abs(r) >= 1 - 1e-12:
        return r, r
    reach = normal_quantile(level) / math.sqrt(n - 3)
    return math.tanh(math.atanh(r) - reach), math.tanh(math.atanh(r) + reach)


def _row(contrast: Extreme) -> dict[str, object]:
    return {
        "value": contrast.value,
        "n_high": contrast.n_high,
        "n_other": contrast.n_other,
        **asdict(contrast.difference),
        "p_adjusted": contrast.p_adjusted,
        "hedges_g": contrast.standardised.g,
        "g_low": contrast.standardised.g_low,
        "g_high": contrast.standardised.g_high,
        "r": contrast.r,
        "r_low": contrast.r_low,
        "r_high": contrast.r_high,
        "n": contrast.n,
        "verdict": contrast.verdict,
    }
