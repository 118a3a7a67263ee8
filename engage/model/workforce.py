"""A plan of head-counts beside what leaving, moves and hires lead to: stock and flow, with the mix."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from engage.errors import UsageError
from engage.measure.display import as_html
from engage.measure.intervals import check_level
from engage.model.design import FloatArray, IntArray, check_columns
from engage.model.headcount import headcount_draws
from engage.words import say

COLUMNS: Final = (
    "group",
    "year",
    "expected",
    "low",
    "high",
    "share",
    "share_low",
    "share_high",
    "target",
    "target_share",
    "difference",
    "difference_low",
    "difference_high",
    "chance",
    "verdict",
)


@dataclass(frozen=True, slots=True, eq=False)
class WorkforcePlan:
    """Head-counts and mix at the end of each planned year, beside the plan: ``table`` has ``COLUMNS``.

    Head-counts in people, shares of all groups together (0–1). ``difference``: expected less target.
    ``chance``: how likely the target is reached or passed. ``verdict``: ``short`` or ``over`` where the whole
    interval lies on one side of the target, else ``within``; ``None`` without a target.
    """

    table: pd.DataFrame
    level: float
    leaving: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per group and year."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return as_html(self.table, say("model.headcount_caption", level=f"{100 * self.level:g}"))


def workforce_plan(
    groups: pd.DataFrame,
    plan: pd.DataFrame,
    ahead: Mapping[int, float],
    *,
    moves: pd.DataFrame | None = None,
    hires: Mapping[str, float] | None = None,
    leaving: float = 1.0,
    seed: int = 0,
    level: float = 0.95,
) -> WorkforcePlan:
    """Return head-counts and their mix at the end of the planned years, beside the plan.

    ``groups``, ``moves`` and ``hires`` (per window) as in :func:`project_headcount`: a Markov chain of stock
    and flow, whose rates are drawn from what the counts leave open. ``plan``: ``group, year, target``, a row
    per group and year, gaps allowed. ``ahead``: how far each year's end lies from now, in windows. A group's
    share is its head-count over that of all groups in the same draw, so shares of a year add up to 1; its
    planned share is of the planned total, where every group has a target. ``leaving``: what if people leave
    this many times as fast (see :func:`headcount_draws`).

    Raises ``UsageError`` for a year that does not lie ahead, a negative ``leaving``, targets that repeat or
    are of groups that are not there; ``InputError`` for impossible counts.
    """
    check_level(level)
    check_columns(plan, ["group", "year", "target"])
    if not ahead or min(ahead.values()) <= 0:
        raise UsageError("model.bad_horizon", days=min(ahead.values(), default=0))
    if not leaving >= 0:
        raise UsageError("model.bad_leaving", leaving=leaving)
    unknown = sorted(set(plan["group"]) - set(groups["group"]), key=str)
    if unknown or plan.duplicated(["group", "year"]).any():
        raise UsageError("model.bad_plan", groups=unknown)
    years = sorted(ahead, key=lambda year: ahead[year])
    lengths = np.diff([0.0, *(ahead[year] for year in years)]).tolist()
    targets = plan.dropna(subset=["target"]).set_index(["group", "year"])["target"].astype(float).to_dict()
    drawn = headcount_draws(groups, lengths, hires, moves=moves, leaving=leaving, seed=seed)
    rows = [
        row for year, people in zip(years, drawn, strict=True) for row in _year(year, people, targets, level)
    ]
    return WorkforcePlan(pd.DataFrame(rows, columns=list(COLUMNS)), level, leaving)


def _year(
    year: int, people: Mapping[Any, IntArray], targets: Mapping[Any, float], level: float
) -> list[dict[str, object]]:
    total = np.maximum(np.sum(list(people.values()), axis=0), 1)
    planned = [targets.get((group, year), np.nan) for group in people]
    rows = []
    for (group, counts), target in zip(people.items(), planned, strict=True):
        expected, low, high = _summary(counts, level)
        share = dict(zip(("share", "share_low", "share_high"), _summary(counts / total, level), strict=True))
        verdict = (
            None if np.isnan(target) else "short" if high < target else "over" if low > target else "within"
        )
        rows.append(
            {
                "group": group,
                "year": year,
                "expected": expected,
                "low": low,
                "high": high,
                **share,
                "target": target,
                "target_share": target / sum(planned) if sum(planned) else np.nan,
                "difference": expected - target,
                "difference_low": low - target,
                "difference_high": high - target,
                "chance": np.nan if verdict is None else float(np.mean(counts >= target)),
                "verdict": verdict,
            }
        )
    return rows


def _summary(values: IntArray | FloatArray, level: float) -> tuple[float, float, float]:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(values.mean()), float(low), float(high)
