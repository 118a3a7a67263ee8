"""How many people each role group will have: what the staff list says of the last year or so."""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from engage.errors import TooLittleData
from engage.model import project_headcount
from engage.privacy import Policy, nameable, unnamed
from engage.store import Snapshot
from engage.workspace.findings import SEED
from engage.workspace.leaving import staff_list
from engage.workspace.naming import GROUP, as_ids, role_ids

YEARS: Final = 3
"""As far as a plan of the workforce usually goes."""
_YEAR: Final = 365.25
_SHORTEST: Final = 180
"""A rate of fewer days says little of a year."""
_LOST: Final = 0.1
"""Where more than such a share disappears from the list without an exit, leaving is not known."""


@dataclass(frozen=True, slots=True)
class Projection:
    """A row per role group and year from now (0 is now), and the days over which people were followed.

    ``table``: ``role_group, year, expected, low, high`` and, the same in all rows of a group, ``now`` and
    of those ``followed`` the ones who ``left``, ``moved_out`` and ``moved_in``, and who were ``hired``.
    """

    table: pd.DataFrame
    since: pd.Timestamp
    until: pd.Timestamp


@dataclass(frozen=True, slots=True)
class Flows:
    """Who is in which role group, and who came and went over the window ``since`` to ``until``.

    ``counts``: a row per group, ``group, now, followed, left, hired, moved_out, moved_in``; ``paths``:
    ``origin, to, n`` of those who moved; ``people``: the staff list with its groups called as they may be.
    """

    counts: pd.DataFrame
    paths: pd.DataFrame
    people: pd.DataFrame
    since: pd.Timestamp
    until: pd.Timestamp

    @property
    def windows(self) -> float:
        """How many such windows make a year."""
        return _YEAR / (self.until - self.since).days


def projection(snapshot: Snapshot, years: int, policy: Policy) -> Projection:
    """Project each role group's head-count if people leave (in any way), move and are hired as they were.

    Counted as :func:`flows` says, which also says what is raised.
    """
    seen = flows(snapshot, policy)
    counts = seen.counts
    found = project_headcount(counts, years, moves=seen.paths, length=seen.windows, seed=SEED).tidy()
    now = counts.assign(period=0, expected=counts["now"], low=counts["now"], high=counts["now"])
    table = pd.concat([now[list(found.columns)], found], ignore_index=True)
    table = table.merge(counts, on="group").rename(columns={"group": GROUP, "period": "year"})
    return Projection(table.sort_values([GROUP, "year"], ignore_index=True), seen.since, seen.until)


def flows(snapshot: Snapshot, policy: Policy) -> Flows:
    """Count who left, moved and was hired, by role group.

    Counted from the last day the list was drawn at least a year before its end (or the first, if half a year
    or more): of the people on it then who has left and who is in which group; who is there now and was not
    was hired. People of unknown group are a group. Raises ``TooLittleData`` without a staff list with role
    groups and dates, or one of less than half a year, or on which people disappear without an exit.
    """
    people = dated_staff(snapshot, policy)
    until = pd.Timestamp(people["as_of"].max())
    since = _since(people["as_of"], until)
    there, here = employed_on(people, since), employed_on(people, until)
    lost = there.index.difference(pd.Index(people.loc[people["as_of"] == until, "respondent"]))
    last = people.groupby("respondent").last()
    lost = lost[last.loc[lost, "leave_date"].isna()]
    if len(lost) > _LOST * len(there):
        raise TooLittleData("workspace.not_followed", days=(until - since).days)
    there = there.drop(lost)
    counts, paths = _counts(there, here)
    return Flows(counts, paths, people, since, until)


def dated_staff(snapshot: Snapshot, policy: Policy) -> pd.DataFrame:
    """Return the dated lines of the staff list, role groups by names that may be said, ``""`` for none.

    A group that a questionnaire words has its id. Raises ``TooLittleData`` without role groups or dates.
    """
    people = staff_list(snapshot)
    if GROUP not in people or not people[GROUP].notna().any() or people["as_of"].isna().all():
        raise TooLittleData("workspace.no_role_groups")
    people = people.dropna(subset=["as_of"]).sort_values("as_of")
    known = role_ids(snapshot)
    values = as_ids(people[GROUP], known)
    each = values[~people.assign(value=values).duplicated(["respondent", "value"])]
    names = nameable(each, set(known.values()), policy.scores_k)
    return people.assign(**{GROUP: unnamed(values, names).fillna("")})


def _since(drawn: pd.Series, until: pd.Timestamp) -> pd.Timestamp:
    days = pd.Series(sorted(drawn.unique()))
    early = days[days <= until - pd.Timedelta(days=365)]
    since = pd.Timestamp(early.iloc[-1] if len(early) else days.iloc[0])
    if (until - since).days < _SHORTEST:
        raise TooLittleData("workspace.not_followed", days=_SHORTEST)
    return since


def employed_on(people: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    """Return the role group, by person, of those on the list of a day and not gone by then."""
    last = people.groupby("respondent")["leave_date"].transform("last")
    listed = people[people["as_of"] == day]
    exits = last[listed.index]
    gone = (exits <= day) | (listed["left"].fillna(False).astype(bool) & exits.isna())
    return listed[~gone].set_index("respondent")[GROUP]


def _counts(there: pd.Series, here: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a row per group that somebody was in, and who moved from which group to which."""
    groups = sorted(set(there) | set(here))
    stayed = there.index.intersection(here.index)
    pairs = pd.DataFrame({"origin": there[stayed], "to": here[stayed]})
    pairs = pairs[pairs["origin"] != pairs["to"]]
    paths = pairs.groupby(["origin", "to"]).size().rename("n").reset_index()
    followed = there.value_counts().reindex(groups, fill_value=0)
    gone = there[there.index.difference(here.index)].value_counts().reindex(groups, fill_value=0)
    hired = here[here.index.difference(there.index)].value_counts().reindex(groups, fill_value=0)
    counts = pd.DataFrame(
        {
            "now": here.value_counts().reindex(groups, fill_value=0), "followed": followed, "left": gone,
            "hired": hired, "moved_out": pairs["origin"].value_counts().reindex(groups, fill_value=0),
            "moved_in": pairs["to"].value_counts().reindex(groups, fill_value=0),
        }
    )  # fmt: skip
    # Nothing is known of leaving a group that nobody was in: who went there went out of what is known.
    new = counts.index[counts["followed"] == 0]
    counts["left"] += paths[paths["to"].isin(new)].groupby("origin")["n"].sum().reindex(groups, fill_value=0)
    counts = counts.drop(index=new).rename_axis("group").reset_index()
    return counts, paths[~paths["to"].isin(new)]
