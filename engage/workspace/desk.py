"""The service desk: tickets in time, weeks, weaknesses in quality inspections, and agreement of raters."""

from collections.abc import Collection, Mapping

import pandas as pd

from engage import engine
from engage.errors import TooLittleData
from engage.model.inspections import rater_agreement, weaknesses
from engage.model.tickets import EVERY, ticket_rates, ticket_weeks
from engage.privacy import (
    Policy,
    SafeTable,
    nameable,
    release_desk,
    release_desk_weeks,
    release_inspections,
    release_raters,
    unnamed,
)
from engage.privacy.safe import Note
from engage.store import Snapshot
from engage.workspace import linking
from engage.workspace.base import Base

KINDS = ("tickets", "inspections")
_NUMBER = "ticket"


class Desk(Base):
    """The part of a workspace that tells how the desk serves. It needs no wave, and none is closed for it."""

    @property
    def desk_kinds(self) -> tuple[str, ...]:
        """Which of ``tickets`` and ``inspections`` are imported."""
        snapshot = self._snapshot()
        return tuple(kind for kind in KINDS if snapshot is not None and kind in snapshot.tables)

    def desk(self, weeks: int = 13) -> SafeTable:
        """Return on-time shares, repeats and backlog of the last ``weeks`` full weeks, by type and branch.

        With intervals, funnel limits and the change from a year earlier; see
        :func:`engage.model.tickets.ticket_rates` and :func:`engage.privacy.desk.release_desk`. Raises
        ``TooLittleData`` where there are no tickets, or none was due.
        """
        snapshot = self._with_desk("tickets")
        found = ticket_rates(tickets_of(snapshot, self.policy), weeks=weeks)
        self._audit("desk", rows=len(found.table))
        last = found.end - pd.Timedelta(days=1)
        notes: dict[str, Note] = {
            "weeks": weeks,
            "first_day": f"{found.start:%Y-%m-%d}",
            "last_day": f"{last:%Y-%m-%d}",
        }
        notes |= {"as_of": f"{found.as_of:%Y-%m-%d %H:%M}"}
        spread: dict[str, Note] = {f"rho_{name}": round(rho, 4) for name, rho in found.rho.items()}
        return release_desk(found.table, notes | spread, self.policy, people=head_counts(snapshot))

    def desk_weeks(self, weeks: int = 52) -> SafeTable:
        """Return each of the last ``weeks`` full weeks beside p′ limits, with backlog and the year before.

        See :func:`engage.model.tickets.ticket_weeks`. Raises ``TooLittleData`` where there are no tickets.
        """
        table = ticket_weeks(tickets_of(self._with_desk("tickets"), self.policy), weeks=weeks)
        self._audit("desk_weeks", rows=len(table))
        return release_desk_weeks(table, {"weeks": weeks}, self.policy)

    def inspections(self) -> SafeTable:
        """Return mean marks by branch and criterion beside the standard, the largest gaps first.

        What is reliably below the standard is the training list. See
        :func:`engage.model.inspections.weaknesses` and :func:`engage.privacy.desk.release_inspections`.
        Raises ``TooLittleData`` where there are no inspections.
        """
        snapshot = self._with_desk("inspections")
        marks = marks_of(snapshot, self.policy)
        table = weaknesses(marks)
        self._audit("inspections", rows=len(table))
        days = pd.to_datetime(marks["date"]).dropna()
        notes = (
            {}
            if days.empty
            else {"first_day": f"{days.min():%Y-%m-%d}", "last_day": f"{days.max():%Y-%m-%d}"}
        )
        return release_inspections(table, notes, self.policy, people=head_counts(snapshot))

    def raters(self) -> SafeTable:
        """Return how far raters of the same cases agree, all raters together, by criterion.

        See :func:`engage.model.inspections.rater_agreement`. Raises ``TooLittleData`` where no case was
        rated twice.
        """
        policy = self.policy
        table = rater_agreement(marks_of(self._with_desk("inspections"), policy), least=policy.comments_k)
        self._audit("raters", rows=len(table))
        return release_raters(table, {}, policy)

    def _with_desk(self, kind: str) -> Snapshot:
        snapshot = self._snapshot()
        if snapshot is None or kind not in snapshot.tables:
            raise TooLittleData("workspace.no_tickets" if kind == "tickets" else "workspace.no_inspections")
        return snapshot


def tickets_of(snapshot: Snapshot, policy: Policy) -> pd.DataFrame:
    """Return tickets once each, branches that hardly any ticket bears numbered."""
    tickets = newest(snapshot)
    return _named(tickets, "branch", tickets, set(head_counts(snapshot)), policy)


def marks_of(snapshot: Snapshot, policy: Policy) -> pd.DataFrame:
    """Return marks of inspections; branches of hardly any agent, criteria of hardly any case numbered."""
    marks = engine.frame(engine.open_table(snapshot, "inspections"))
    agents = marks.dropna(subset=["respondent"]).drop_duplicates(["branch", "respondent"])
    marks = _named(marks, "branch", agents, set(head_counts(snapshot)), policy)
    return _named(marks, "criterion", marks.drop_duplicates(["criterion", "case"]), set(), policy)


def _named(
    frame: pd.DataFrame, column: str, seen: pd.DataFrame, known: Collection[str], policy: Policy
) -> pd.DataFrame:
    """Return the frame with rare names numbered: a column taken for another would show what it holds.

    ``seen``: a row per ticket, agent or case that bears the name.
    """
    names = nameable(seen[column], known, policy.scores_k)
    return frame.assign(**{column: unnamed(frame[column], names | {EVERY})})


def newest(snapshot: Snapshot) -> pd.DataFrame:
    """Return tickets once each, as the newest extract has them.

    Extracts overlap. Tickets are told by their number; those without by branch, type, time and deadline, and
    by their place among the same of one import.
    """
    rows = engine.frame(engine.open_table(snapshot, "tickets"))
    order = {id: place for place, id in enumerate(snapshot.import_ids("tickets"))}
    rows = rows.assign(place=rows["import_id"].map(order))
    numbered = rows["branch"].astype(str) + "#" + rows[_NUMBER].astype(str)
    bare = rows[rows[_NUMBER].isna()]
    if len(bare):
        alike = ["branch", "type", "opened", "due"]
        again = bare.groupby(["import_id", *alike], dropna=False).cumcount().astype(str)
        numbered[bare.index] = bare[alike].astype(str).agg("/".join, axis=1) + "/" + again
    rows["told_by"] = numbered
    newest_last = rows.sort_values(["as_of", "place"], kind="stable")
    kept = newest_last.drop_duplicates("told_by", keep="last")
    return kept.drop(columns=["place", "told_by"]).sort_values(
        ["opened", "branch"], kind="stable", ignore_index=True
    )


def head_counts(snapshot: Snapshot) -> Mapping[str, int]:
    """Return how many people each team of the newest staff list has."""
    if "people" not in snapshot.tables:
        return {}
    people = linking.latest_people(snapshot)
    left = people["left"].fillna(False).astype(bool) if "left" in people else False
    sizes = people[~left].groupby("team").size()
    return {str(team): int(n) for team, n in sizes.items()}
