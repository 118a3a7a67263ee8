"""How many people a role group will have, if they leave as often as they did."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from engage.errors import InputError, UsageError
from engage.measure.display import as_html
from engage.measure.intervals import check_level
from engage.model.design import check_columns
from engage.words import say

DRAWS: Final = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Headcount:
    """Projected head-counts: ``table`` has a row per group and period with expected, low and high."""

    table: pd.DataFrame
    level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per group and period: group, period, expected, low, high."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return as_html(self.table, say("model.headcount_caption", level=f"{100 * self.level:g}"))


def project_headcount(
    groups: pd.DataFrame,
    periods: int = 1,
    hires: Mapping[str, float] | None = None,
    *,
    seed: int = 0,
    level: float = 0.95,
) -> Headcount:
    """Return each group's head-count after 1, 2, … periods of the length over which leaving was counted.

    ``groups`` has a row per role group: ``group``, ``now`` (people), ``followed`` (people followed over such
    a period) and ``left`` (of these; any exit). Per draw a rate comes from the Beta(left + ½, followed − left
    + ½) that these leave open (Jeffreys) and leavers of each period are binomial at that rate, so the
    interval holds the doubt about the rate and chance; not that rates change. ``hires`` per group and period
    arrive at a period's end. Counts of ``followed`` people who share a manager vary more than this.

    Raises ``UsageError`` for missing columns or periods under 1, ``InputError`` naming groups whose counts
    are impossible.
    """
    check_level(level)
    check_columns(groups, ["group", "now", "followed", "left"])
    if periods < 1:
        raise UsageError("model.bad_horizon", days=periods)
    bad = (groups["now"] < 0) | (groups["followed"] < 1) | ~groups["left"].between(0, groups["followed"])
    if bad.any() or groups[["now", "followed", "left"]].isna().any(axis=None):
        raise InputError("model.bad_headcount", columns=groups.loc[bad, "group"].tolist())
    rng = np.random.default_rng(seed)
    rows = []
    for group, now, followed, left in groups[["group", "now", "followed", "left"]].itertuples(index=False):
        rate = rng.beta(left + 0.5, followed - left + 0.5, DRAWS)
        people = np.full(DRAWS, int(now))
        for period in range(1, periods + 1):
            people = people - rng.binomial(people, rate) + int((hires or {}).get(group, 0))
            low, high = np.quantile(people, [(1 - level) / 2, (1 + level) / 2])
            rows.append(
                {
                    "group": group,
                    "period": period,
                    "expected": float(people.mean()),
                    "low": float(low),
                    "high": float(high),
                }
            )
    return Headcount(pd.DataFrame(rows), level)
