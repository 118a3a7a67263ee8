"""What a manager sees of a released table: the rows of the own part of the organisation."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from engage.errors import TooLittleData
from engage.privacy.access import Person
from engage.privacy.safe import SafeTable, seal

TEAM: Final = "team"
"""Of units, whatever stands in it."""
LEVEL: Final = "level"
"""Holds groups of several kinds, a kind a row."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The units of the organisation that somebody may see, among all that are ``known``, by name.

    A name that stands for several units is seen only where all of them are.
    """

    own: frozenset[str]
    known: frozenset[str]

    def narrow(self, table: SafeTable, groups: Collection[str]) -> SafeTable:
        """Return the rows of a released table that are of no unit, or of units that may be seen.

        ``groups``: columns that hold groups of people. One of them is of units if it is ``team`` or any of
        its values names a unit; then rows with any value but an own unit are left out, those of people
        without a team among them. Rows are picked from what was released for everybody, so no figure can
        differ from what another reader is shown. Raises ``TooLittleData`` where there were rows and none is
        left.
        """
        frame = table.tidy()
        keep = self.seen(frame, groups)
        if keep.all():
            return table
        if not keep.any():
            raise TooLittleData("rights.nothing_of_yours")
        return seal(table.kind, frame[keep], table.notes)

    def seen(self, frame: pd.DataFrame, groups: Collection[str]) -> pd.Series:
        """Return for each row whether it may be seen."""
        keep = pd.Series(True, index=frame.index)
        for name in frame.columns.intersection([TEAM, *groups]):
            if name == TEAM or frame[name].isin(self.known).any():
                keep &= frame[name].isin(self.own)
        if LEVEL in frame:
            keep &= ~frame[LEVEL].isin(self.known - self.own)
        return keep


def sight_of(person: Person, paths: Mapping[str, Collection[str]]) -> Sight:
    """Return what a person sees; ``paths``: of each unit's name where units of that name lie."""
    own = (name for name, where in paths.items() if where and all(map(person.sees, where)))
    return Sight(frozenset(own), frozenset(paths))
