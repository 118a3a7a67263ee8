"""What the commands about files share: settings laid over a mapping, and files written whole."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engage.errors import UsageError


def told_mapping(
    mapping: Path | None, settings: Sequence[str], teams: Path | None = None
) -> Mapping[str, Any] | None:
    """Return a mapping file with ``KEY=VALUE`` settings and a team map laid over it.

    Raises ``UsageError`` for a setting that isn't one, and as ``load_mapping`` and ``load_team_map``.
    """
    from engage.ingest.mapping import SETTINGS, load_mapping, raw_mapping
    from engage.ingest.teams import load_team_map

    if not settings and teams is None and mapping is None:
        return None
    load_mapping(mapping)  # faults of the file itself are named with the file
    told = dict(raw_mapping(mapping))
    for part in settings:
        key, equals, value = part.partition("=")
        if not equals or key.strip() not in SETTINGS:
            raise UsageError("cli.bad_setting", where="--set", part=part, known=SETTINGS)
        told[key.strip()] = value.replace("\\t", "\t") if key.strip() == "delimiter" else value.strip()
    if teams is not None:
        known = load_team_map(teams)
        for key, names in (("teams", known.names), ("parents", known.parents)):
            told[key] = {**told.get(key, {}), **names}
    return told


def write_whole(out: Path, content: bytes) -> None:
    """Write a file whole or not at all; ``UsageError`` if it can't be written."""
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError("cli.cannot_write", where=str(out)) from error
