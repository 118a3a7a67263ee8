"""Employee net promoter score."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engage.errors import InputError, TooLittleData
from engage.measure.display import as_html
from engage.measure.intervals import normal_quantile

PROMOTER_FROM = 9
DETRACTOR_TO = 6
HIGHEST_RATING = 10


@dataclass(frozen=True, slots=True)
class ENPS:
    """eNPS in points, −100..100, its standard error and interval (points), and the answers it rests on."""

    enps: float
    se: float
    ci_low: float
    ci_high: float
    n: int
    promoters: int
    detractors: int

    def tidy(self) -> pd.DataFrame:
        """Return one row: enps, std_error, ci_low, ci_high, n, promoters, detractors."""
        return pd.DataFrame(
            {
                "enps": [self.enps],
                "std_error": [self.se],
                "ci_low": [self.ci_low],
                "ci_high": [self.ci_high],
                "n": [self.n],
                "promoters": [self.promoters],
                "detractors": [self.detractors],
            }
        )

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), "eNPS")


def enps(ratings: Iterable[object], *, level: float = 0.95) -> ENPS:
    """Return the employee net promoter score of ratings from 0 to 10.

    eNPS = 100·(p − d), p the share of ratings 9–10 and d of 0–6; SE = 100·sqrt((p + d − (p − d)²)/n).
    The interval adds one promoter and one detractor before the same formula (Bonett & Price 2012, a
    difference of two shares of one multinomial), so it does not shrink to a point where all agree.

    Missing ratings are left out. Points: −100..100.
    Raises ``TooLittleData`` without any rating, ``InputError`` for a rating that is no number in 0..10.
    R: ``100 * (mean(x >= 9) - mean(x <= 6))``.
    """
    z = normal_quantile(level)
    numbers = _numbers(ratings)
    n = len(numbers)
    if n == 0:
        raise TooLittleData("model.no_answers")
    outside = int(np.count_nonzero((numbers < 0) | (numbers > HIGHEST_RATING)))
    if outside:
        raise InputError("model.out_of_range", count=outside, minimum=0, maximum=HIGHEST_RATING)
    promoters = int(np.count_nonzero(numbers >= PROMOTER_FROM))
    detractors = int(np.count_nonzero(numbers <= DETRACTOR_TO))
    score, se = _difference(promoters, detractors, n)
    centre, wide = _difference(promoters + 1, detractors + 1, n + 2)
    return ENPS(
        enps=score,
        se=se,
        ci_low=max(-100.0, centre - z * wide),
        ci_high=min(100.0, centre + z * wide),
        n=n,
        promoters=promoters,
        detractors=detractors,
    )


def _numbers(ratings: Iterable[object]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    series = pd.Series(list(ratings) if not isinstance(ratings, pd.Series) else ratings).dropna()
    try:
        return series.to_numpy(dtype=float)
    except (TypeError, ValueError):
        raise InputError("model.not_numeric", columns=["ratings"]) from None


def _difference(promoters: int, detractors: int, n: int) -> tuple[float, float]:
    p, d = promoters / n, detractors / n
    return 100 * (p - d), 100 * math.sqrt((p + d - (p - d) ** 2) / n)
