"""Programmes as they were imported: who is in, from when to when, and whom they may be compared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import pandas as pd

from engage import engine
from engage.store import Snapshot

Basis = Literal["applicants", "matched", "others"]

FEWEST_REFUSED: Final = 10
"""With fewer unsuccessful applicants, members are compared with people alike in earlier waves."""
_BY_APPLICATION: Final = frozenset({"mentor", "star", "stars", "star_grading", "project", "project_team"})
"""Types that one applies for, also where the file does not say who applied."""


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme. ``members``: people, or teams (``unit``), with their start and end (``NaT`` for none);
    ``refused``: those who applied and were not taken. ``applied``: whether it is entered by application.
    """

    name: str
    type: str
    unit: Literal["person", "team"]
    members: Mapping[str, tuple[pd.Timestamp, pd.Timestamp]]
    refused: frozenset[str]
    applied: bool

    @property
    def basis(self) -> Basis:
        """With whom members are compared: who volunteers differs from who does not, before it begins."""
        if len(self.refused) >= FEWEST_REFUSED:
            return "applicants"
        return "matched" if self.applied else "others"

    @property
    def start(self) -> pd.Timestamp:
        """The first day of the first member."""
        return min(start for start, _ in self.members.values())


def programmes_of(snapshot: Snapshot) -> tuple[Programme, ...]:
    """Return the programmes in effect that have members, the earliest first."""
    if "programmes" not in snapshot.tables:
        return ()
    rows = _rows(snapshot)
    found = [_programme(str(name), own) for name, own in rows.groupby("programme", sort=True)]
    return tuple(sorted((one for one in found if one.members), key=lambda one: (one.start, one.name)))


def programmes_ever(snapshot: Snapshot) -> tuple[Programme, ...]:
    """Return every programme after each import there was, undone ones too: what readers may have seen."""
    imports = [event for event in snapshot.log if event.event == "import" and event.kind == "programmes"]
    states = [snapshot.only(imports[: place + 1]) for place in range(len(imports))]
    states += [snapshot.only([event]) for event in imports[1:]]
    return tuple(one for state in states for one in programmes_of(state))


def _rows(snapshot: Snapshot) -> pd.DataFrame:
    """Return a row per programme and member; of one imported twice, the last stands."""
    rows = engine.frame(engine.open_table(snapshot, "programmes"))
    order = {id: place for place, id in enumerate(snapshot.import_ids("programmes"))}
    rows = rows.sort_values("import_id", key=lambda ids: ids.map(order), kind="stable")
    return rows.drop_duplicates(["programme", "member"], keep="last")


def _programme(name: str, rows: pd.DataFrame) -> Programme:
    asked = rows["applied"].fillna(False).astype(bool) | rows["accepted"].notna()
    taken = rows["accepted"].fillna(True).astype(bool)
    inside = rows[taken]
    kind = str(rows["type"].dropna().iloc[0]) if rows["type"].notna().any() else ""
    person = bool((rows["unit"] == "person").any())
    return Programme(
        name=name,
        type=kind,
        unit="person" if person else "team",
        members={
            str(row["member"]): (pd.Timestamp(row["start"]), pd.Timestamp(row["end"]))
            for row in inside.to_dict("records")
        },
        refused=frozenset(map(str, rows.loc[asked & ~taken, "member"])),
        applied=bool(asked.any()) or person or kind.strip().casefold() in _BY_APPLICATION,
    )


def other_teams(one: Programme, frame: pd.DataFrame) -> set[str]:
    """Return the teams to compare with: refused ones, else those of the same role groups, else all others."""
    if one.basis == "applicants":
        return set(one.refused)
    teams = frame.dropna(subset=["team"])
    every = set(teams["team"].astype(str)) - set(one.members)
    if "role_group" not in teams or teams["role_group"].isna().all():
        return every
    role = teams.groupby("team", observed=True)["role_group"].agg(lambda own: own.mode().min())
    alike = set(role[role.isin(set(role.reindex(list(one.members)).dropna()))].index) & every
    return alike or every


def silent(family: str, outcome: str, unit: str, reason: str) -> dict[str, Any]:
    """Return the row of an outcome that can't be told, with the reason."""
    return {"family": family, "outcome": outcome, "unit": unit, "term": "overall", "verdict": "cannot_tell",
            "reason": reason, "period": "", "watch": family == "watch"}  # fmt: skip
