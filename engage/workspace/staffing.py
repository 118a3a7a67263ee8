"""The mix of role groups beside the plan: as it was, as it is, and as it will be if all goes on."""

from dataclasses import dataclass

import pandas as pd

from engage import engine
from engage.model import workforce_plan
from engage.privacy import Policy
from engage.store import Snapshot
from engage.workspace.findings import SEED
from engage.workspace.naming import GROUP, as_ids, role_ids
from engage.workspace.projecting import YEARS, Flows, dated_staff, employed_on, flows

ACTUAL, AHEAD = "actual", "ahead"
_FURTHEST = 6
"""A plan is looked at so many years ahead: further, a projection says nothing."""
_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Staffing:
    """``table``: a row per role group and day (``part``: ``actual``, the day of a list, or ``ahead``, the end
    of a planned year): ``role_group, date, expected, low, high, share, share_low, share_high, target,
    target_share, difference, difference_low, difference_high, chance, verdict``. ``smallest``: by group, the
    fewest people that anything said of it rests on. ``unmatched``: groups of the plan that nobody is in.
    """

    table: pd.DataFrame
    smallest: pd.Series
    since: pd.Timestamp | None
    until: pd.Timestamp
    unmatched: tuple[str, ...]
    planned: bool


def staffing(snapshot: Snapshot, policy: Policy, *, leaving: float, ahead: bool) -> Staffing:
    """Return head-counts by role group on every dated staff list, and at the end of the planned years.

    Without a plan, of the next ``YEARS`` years. ``ahead=False`` leaves the projection out. Raises
    ``TooLittleData`` as :func:`engage.workspace.projecting.flows` does.
    """
    people = dated_staff(snapshot, policy)
    days = sorted(people["as_of"].unique())
    until = pd.Timestamp(days[-1])
    seen = flows(snapshot, policy) if ahead else None
    now = _heads(people, days)
    plan = _plan(snapshot)
    known = set(now["group"]) if seen is None else set(seen.counts["group"])
    unmatched = tuple(sorted(set(plan["group"]) - known))
    plan = plan[plan["group"].isin(known)]
    parts = [now.assign(part=ACTUAL)]
    if seen is not None:
        parts.append(_ahead(seen, plan, until, leaving))
    table = pd.concat(parts, ignore_index=True).rename(columns={"group": GROUP})
    smallest = now.groupby("group")["expected"].min()
    if seen is not None:
        followed = seen.counts.set_index("group")["followed"]
        smallest = pd.concat([smallest, followed], axis=1).min(axis=1)
    return Staffing(table, smallest, seen.since if seen else None, until, unmatched, bool(len(plan)))


def _heads(people: pd.DataFrame, days: list[pd.Timestamp]) -> pd.DataFrame:
    """Return head-counts and shares on the days of the lists; a group counts 0 where nobody is in it."""
    counts = {pd.Timestamp(day): employed_on(people, pd.Timestamp(day)).value_counts() for day in days}
    table = pd.DataFrame(counts).fillna(0).rename_axis("group")
    long = table.reset_index().melt("group", var_name="date", value_name="expected")
    long["date"] = pd.to_datetime(long["date"])
    return long.assign(share=long["expected"] / long.groupby("date")["expected"].transform("sum"))


def _plan(snapshot: Snapshot) -> pd.DataFrame:
    """Return ``group, year, target``, groups by ids; of a group and year told twice, the last stands."""
    if "plan" not in snapshot.tables:
        return pd.DataFrame({"group": pd.Series(dtype=object), "year": pd.Series(dtype=int), "target": []})
    rows = engine.frame(engine.open_table(snapshot, "plan"))
    order = {id: place for place, id in enumerate(snapshot.import_ids("plan"))}
    rows = rows.sort_values("import_id", key=lambda ids: ids.map(order), kind="stable")
    rows = rows.assign(
        group=as_ids(rows[GROUP], role_ids(snapshot)).astype(object), year=rows["year"].astype(int)
    )
    return rows.drop_duplicates(["group", "year"], keep="last")[["group", "year", "target"]]


def _ahead(seen: Flows, plan: pd.DataFrame, until: pd.Timestamp, leaving: float) -> pd.DataFrame:
    ends = {year: pd.Timestamp(year=year, month=12, day=31) for year in sorted(set(plan["year"]))}
    ends = {year: day for year, day in ends.items() if 0 < (day - until).days <= _FURTHEST * _YEAR}
    if not ends:
        ends = {
            until.year + k: pd.Timestamp(year=until.year + k, month=12, day=31) for k in range(1, YEARS + 1)
        }
    window = (until - seen.since).days
    found = workforce_plan(
        seen.counts,
        plan[plan["year"].isin(ends)],
        {year: (day - until).days / window for year, day in ends.items()},
        moves=seen.paths,
        leaving=leaving,
        seed=SEED,
    ).tidy()
    return found.assign(part=AHEAD, date=found["year"].map(ends)).drop(columns="year")
