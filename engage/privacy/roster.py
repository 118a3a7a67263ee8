"""Who answered a wave and to which published groups they belong: the attacker's knowledge, made exact."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engage.privacy.leverage import Ints, Places

By = tuple[str, ...]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Roster:
    """The people of one release.

    ``people`` (n,): identifiers, each once; ``groups``: one text column per demographic (``""`` where it is
    not known, a group of its own), in the order of ``people``; ``answered``: by measure, who has a value.
    """

    people: NDArray[np.object_]
    groups: pd.DataFrame
    answered: Mapping[str, Flags]

    @classmethod
    def of(cls, scores: pd.DataFrame, groups: Sequence[str], measures: Iterable[str]) -> "Roster":
        """Make the roster of a frame with one row per person: ``respondent``, groups and measures."""
        answered = {measure: scores[measure].notna().to_numpy() for measure in measures}
        return cls(scores["respondent"].to_numpy(dtype=object), as_text(scores, groups), answered)


def as_text(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return columns as the names of groups: text, ``""`` where nothing is known."""
    return frame[list(names)].astype(object).where(frame[list(names)].notna(), "").astype(str)


@dataclass(frozen=True)
class Grid:
    """The cells of a release's tables, numbered.

    ``codes`` (people, tables): the number of each person's cell in each table. ``cells``: one row per cell,
    by number, with ``table`` (its place in ``tables``) and ``key`` (its values in the table's demographics).
    """

    tables: tuple[By, ...]
    codes: Ints
    cells: pd.DataFrame

    @classmethod
    def of(cls, roster: Roster, tables: Sequence[By]) -> "Grid":
        """Number the cells of ``tables`` that hold anyone."""
        codes = np.zeros((len(roster.people), len(tables)), dtype=np.int32)
        rows: list[tuple[int, tuple[str, ...]]] = []
        for place, by in enumerate(tables):
            first = len(rows)
            if not by:
                codes[:, place] = first
                rows.append((place, ()))
                continue
            number = roster.groups.groupby(list(by), sort=True).ngroup().to_numpy()
            codes[:, place] = number + first
            _, one = np.unique(number, return_index=True)
            rows += [(place, tuple(key)) for key in roster.groups[list(by)].iloc[one].to_numpy(object)]
        return cls(tuple(tables), codes, pd.DataFrame(rows, columns=["table", "key"]))

    def sizes(self, there: Flags | None = None) -> NDArray[np.int64]:
        """Return how many people (of those ``there``) each cell holds."""
        codes = self.codes if there is None else self.codes[there]
        return np.bincount(codes.ravel(), minlength=len(self.cells))

    def numbers(self, table: int) -> Places:
        """Return the numbers of the cells of a table."""
        return np.flatnonzero(self.cells["table"].to_numpy() == table)

    @cached_property
    def places(self) -> dict[tuple[By, tuple[str, ...]], int]:
        """The number of each cell by its table and key."""
        return {(self.tables[t], key): n for n, (t, key) in enumerate(self.cells.itertuples(index=False))}

    @cached_property
    def parents(self) -> list[int]:
        """The one-way tables that others lie in: org subtrees, and the lines of listed crosses."""
        single = [place for place, by in enumerate(self.tables) if len(by) == 1]
        return [outer for outer in single if any(self._lies_in(t, outer) for t in range(len(self.tables)))]

    @cached_property
    def parts(self) -> list[tuple[int, Places]]:
        """Each cell with the cells of a finer table that lie in it, for every such table."""
        found = []
        for outer in range(len(self.tables)):
            for inner in range(len(self.tables)):
                if not self._lies_in(inner, outer):
                    continue
                pairs = np.unique(self.codes[:, [outer, inner]], axis=0)
                found += [(int(n), pairs[pairs[:, 0] == n, 1].astype(np.intp)) for n in self.numbers(outer)]
        return found

    def _lies_in(self, inner: int, outer: int) -> bool:
        """Return whether each cell of a table lies in a single one of another, which has fewer."""
        inside, outside = len(self.numbers(inner)), len(self.numbers(outer))
        if outside >= inside:
            return False
        pairs = self.codes[:, inner].astype(np.int64) * len(self.cells) + self.codes[:, outer]
        return len(pd.unique(pairs)) == inside
