"""A team map: old names, new names and parents, so that trends go on through a reorganisation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd
import yaml

from engage.errors import InputError, UsageError
from engage.ingest.names import fold_word

_KEYS: Final = ("teams", "parents")
_MAX_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class TeamMap:
    """``names`` is ``{folded old name: present name}``, chains of renamings followed to their end.

    ``parents`` is ``{present name folded: name of the unit above}``.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)

    def present(self, team: str) -> str:
        """Return the present name of a team; one that the map does not know keeps its name."""
        return self.names.get(fold_word(team), team)

    def above(self, teams: "pd.Series[str]") -> "pd.Series[str]":
        """Return the unit above each team of a column; missing where the map has none."""
        known = {
            team: self.parents.get(fold_word(self.present(str(team)))) for team in teams.dropna().unique()
        }
        return teams.map(known).astype("string")

    def renamed(self, teams: "pd.Series[str]") -> "pd.Series[str]":
        """Return a column of teams by their present names; missing stays missing."""
        known = {team: self.present(str(team)) for team in teams.dropna().unique()}
        return teams.map(known).astype("string")


def load_team_map(source: str | Path | Mapping[str, Any] | None) -> TeamMap:
    """Return a checked team map from YAML (``teams: {old: new}``, ``parents: {team: parent}``) or in memory.

    A new name may be renamed again. Raises ``UsageError`` if there is no such file; ``InputError`` naming
    every fault: what isn't text, circles of renamings, and circles of parents.
    """
    if source is None:
        return TeamMap()
    where = "" if isinstance(source, Mapping) else Path(source).name
    raw = source if isinstance(source, Mapping) else _loaded(Path(source))
    faults = [str(key) for key in raw if key not in _KEYS]
    names = _texts(raw.get("teams"), "teams", faults)
    parents = _texts(raw.get("parents"), "parents", faults)
    folded = {fold_word(old): new for old, new in names.items()}
    final = {old: _end(old, folded, faults) for old in folded}
    faults += [f"parents: {team}" for team, up in parents.items() if fold_word(team) == fold_word(up)]
    present = {
        fold_word(final.get(fold_word(team), team)): final.get(fold_word(up), up)
        for team, up in parents.items()
    }
    for team in present:
        _end(team, present, faults)
    if faults:
        raise InputError("ingest.team_map_broken", where=where, faults=list(dict.fromkeys(faults)))
    return TeamMap(final, present)


def _loaded(path: Path) -> Mapping[Any, Any]:
    try:
        loaded = yaml.safe_load(path.read_bytes()[:_MAX_BYTES].decode("utf-8-sig"))
    except OSError as error:
        raise UsageError("ingest.no_team_map", where=str(path)) from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InputError("ingest.team_map_broken", where=path.name, faults=["YAML"]) from error
    if not isinstance(loaded, Mapping):
        raise InputError("ingest.team_map_broken", where=path.name, faults=["YAML"])
    return loaded


def _texts(value: object, key: str, faults: list[str]) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        faults.append(key)
        return {}
    faults += [
        f"{key}: {old}"
        for old, new in value.items()
        if not isinstance(new, (str, int)) or not str(new).strip()
    ]
    return {str(old).strip(): str(new).strip() for old, new in value.items()}


def _end(start: str, steps: Mapping[str, str], faults: list[str]) -> str:
    """Return where a chain of steps ends; a chain that comes back to itself is a fault."""
    seen = {start, fold_word(start)}
    at = steps[start]
    while (key := at if at in steps else fold_word(at)) in steps:
        if key in seen:
            if fold_word(steps[start]) != fold_word(start):
                faults.append(start)
            return at
        seen.add(key)
        at = steps[key]
    return at
