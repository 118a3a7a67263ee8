"""Where the units of the organisation lie, as the staff list has them now. Names of units, and no person."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pandas as pd

from engage import engine
from engage.privacy.access import SEPARATOR, path_parts
from engage.store import Snapshot


@dataclass(frozen=True, slots=True)
class _State:
    folder: str
    key: str
    snapshot: Snapshot = field(compare=False)


def unit_paths(snapshot: Snapshot) -> Mapping[str, frozenset[str]]:
    """Return of each unit's name the paths, from the top, at which units of that name lie.

    By the last that is known of everybody who is still there; of teams in which nobody is, of those who left.
    A team lies under its people's ``org_path``, without one under the ``unit`` that a team map names, else at
    the top. A name that a reorganisation took from a team means both the team that has it now and what the
    former one became.
    """
    return _paths(_State(str(snapshot.path), snapshot.key, snapshot))


@lru_cache(maxsize=8)
def _paths(state: _State) -> Mapping[str, frozenset[str]]:
    snapshot = state.snapshot.renamed
    if "people" not in snapshot.tables:
        return {}
    found: defaultdict[str, set[str]] = defaultdict(set)
    teams = _teams(snapshot)
    for team, path in teams:
        found[team].add(SEPARATOR.join(path))
        for depth, unit in enumerate(path[:-1], start=1):
            found[unit].add(SEPARATOR.join(path[:depth]))
    for _, renames in snapshot.renames:
        for before in _names(state.snapshot):
            now = renames.present(before)
            if now != before:
                found[before] |= found.get(now, set())
    return {name: frozenset(paths) for name, paths in found.items() if paths}


def _names(snapshot: Snapshot) -> set[str]:
    """Return every name that a team ever had on the staff list."""
    people = engine.open_table(snapshot, "people")
    return set(engine.frame(people.select("team").distinct())["team"].dropna())


def _teams(snapshot: Snapshot) -> list[tuple[str, tuple[str, ...]]]:
    """Return every team with each path at which people of it are."""
    people = engine.frame(engine.latest_people(snapshot))
    people = people[people["team"].notna()]
    there = people[~people["left"].fillna(False).astype(bool)] if "left" in people else people
    people = pd.concat([there, people[~people["team"].isin(there["team"])]])
    columns = ["team", *(name for name in ("org_path", "unit") if name in people)]
    return [_placed(*row) for row in people[columns].drop_duplicates().itertuples(index=False)]


def _placed(team: str, *above: Any) -> tuple[str, tuple[str, ...]]:
    """Return a team and its path; ``above`` holds the org path and the unit, whichever there are."""
    told = (path_parts(one) for one in above if isinstance(one, str))
    path = next((parts for parts in told if parts), ())
    return team, path if path[-1:] == (team,) else (*path, team)
