"""Which weeks' shares lie beyond what usual weeks do: Laney's p′ chart with exact limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engage.errors import TooLittleData
from engage.measure.answers import FloatArray
from engage.measure.display import as_html
from engage.measure.funnel import exact_limits, whole_counts
from engage.words import say

WeekStanding = Literal["low", "within", "high"]

FEW_WEEKS: Final = 8
"""Below this many periods no limits are drawn: too little is known of usual weeks."""
_THREE_SIGMA: Final = 0.001349898
_RANGE_TO_SD: Final = 1.128
_RANGE_LIMIT: Final = 3.267


@dataclass(frozen=True, slots=True, eq=False)
class ControlChart:
    """Shares over time beside limits; arrays have one entry per period, in order.

    ``centre`` is the share of all periods together; ``sigma_z`` by how much more weeks vary than chance
    alone would have them (at least 1 in the limits); ``standing`` where each share lies.
    """

    n: NDArray[np.int64]
    events: NDArray[np.int64]
    share: FloatArray
    low: FloatArray
    high: FloatArray
    standing: tuple[WeekStanding, ...]
    centre: float
    sigma_z: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per period: period, n, events, share, low, high, standing."""
        columns = {name: getattr(self, name) for name in ("n", "events", "share", "low", "high")}
        return pd.DataFrame({"period": np.arange(len(self.n)), **columns, "standing": list(self.standing)})

    def _repr_html_(self) -> str:
        centre, sigma = f"{self.centre:.3f}", f"{self.sigma_z:.2f}"
        return as_html(self.tidy(), say("measure.control_chart", centre=centre, sigma=sigma))


def control_chart(events: Sequence[int], n: Sequence[int]) -> ControlChart:
    """Return a p′ chart of shares over time: three-sigma limits that allow for weeks that differ anyway.

    With p the share of all periods, z = (y − p)/sqrt(p(1 − p)/n) and σ_z the mean of |z(t+1) − z(t)| over
    1.128; ranges beyond 3.267 times their mean are left out and the mean taken again, lest one bad week
    widens its own limits. Limits are p + (q − p)·max(σ_z, 1), q the exact binomial quantiles of a normal
    three sigma (.00135 from each end; see :func:`engage.measure.funnel.funnel`): with shares near 100 % the
    usual p ± 3 sigma would be crossed seven times too often from below.

    ``events``, ``n``: counts, one per period, in order; a period with n = 0 has no place here.
    Raises ``TooLittleData`` for fewer than eight periods, ``UsageError`` for counts that are no counts.
    Source: Laney (2002), Quality Engineering 14, 531–537. R: ``qicharts2::qic(events, n = n, chart = "pp")``
    but for the exact quantiles and σ_z not below 1.
    """
    k, sizes = whole_counts(events, n)
    if len(k) < FEW_WEEKS:
        raise TooLittleData("measure.too_few_periods", periods=len(k), least=FEW_WEEKS)
    centre, share = float(k.sum() / sizes.sum()), k / sizes
    sigma_z = _sigma_z(share, sizes, centre)
    widened = max(sigma_z, 1.0)
    ends = {
        "low": exact_limits(centre, sizes, _THREE_SIGMA),
        "high": 1 - exact_limits(1 - centre, sizes, _THREE_SIGMA),
    }
    low, high = (np.clip(centre + (ends[name] - centre) * widened, 0.0, 1.0) for name in ("low", "high"))
    standing: list[WeekStanding] = [
        "low" if one < a else "high" if one > b else "within"
        for one, a, b in zip(share, low, high, strict=True)
    ]
    return ControlChart(sizes, k, share, low, high, tuple(standing), centre, sigma_z)


def _sigma_z(share: FloatArray, n: NDArray[np.int64], centre: float) -> float:
    if centre in (0.0, 1.0):
        return 1.0
    z = (share - centre) / np.sqrt(centre * (1 - centre) / n)
    ranges = np.abs(np.diff(z))
    usual = ranges[ranges < _RANGE_LIMIT * ranges.mean()]
    return float((usual if len(usual) else ranges).mean() / _RANGE_TO_SD)
