"""Workspaces of format 1: plain ids, originals as they were uploaded, no key. Made by the present code.

The only differences of that format are undone here: ids stay, originals are written as they are, and
``workspace.json`` says so. What format 1 held was compared with what this makes, table by table.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from workspace_inputs import PULSE, answers, as_csv, people

from engage.store import core, originals
from engage.workspace import Workspace, importing

PROGRAMMES = b"""programme,type,start,end,unit,member
Mentors,mentor,2025-04-01,2025-08-31,person,P1002
Contest,contest,2025-04-01,2025-08-31,team,north
"""


def plain_original(folder: Path, digest: str, content: bytes, key: bytes, days: int) -> None:
    folder.mkdir(exist_ok=True)
    (folder / digest).write_bytes(content)


def workspace(path: Path, key: Path) -> dict[str, list[dict[str, Any]]]:
    """Make a workspace of format 1 with everything that names people; return its tables' rows.

    There are two waves, the first closed; an import that was undone; people without an id; a comment box.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENGAGE_KEY_FILE", str(key))
        patch.setattr(core, "without_ids", lambda name, table, pseudonyms, nobody: table)
        patch.setattr(originals, "keep", plain_original)
        patch.setattr(importing, "_refuse_twice", lambda *_: None)
        space = Workspace(path)
        first = answers(PULSE, {"north": 12, "south": 9}, comments=True)
        space.import_file(as_csv(people(first)), "people", name="staff.csv")
        space.import_file(PROGRAMMES, "programmes", name="programmes.csv")
        space.import_file(as_csv(first), wave="w1", instrument=PULSE, name="answers of P1001.csv")
        space.close("w1")
        again = answers(PULSE, {"north": 12, "south": 9}, seed=2, day="2025-09-01")
        again.loc[0, "employee id"] = ""
        space.import_file(as_csv(again), wave="w2", instrument=PULSE, name="second.csv")
        box = first[["employee id", "change"]].head(6).rename(columns={"change": "text"})
        space.import_file(as_csv(box), "comments", "w2", name="box.csv")
        space.undo("w2")
    file = path / "workspace.json"
    document = json.loads(file.read_text())
    file.write_text(json.dumps({"format": 1, "id": document["id"], "sample": document["sample"]}))
    key.unlink()
    return rows(path)


def rows(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table, also those that no reader sees, in an order that ids don't change."""
    from engage.store import delta

    found = {}
    for table in sorted((path / "tables").iterdir()):
        every = [row for part in delta.waves(table) for row in part.to_pylist()]
        found[table.name] = sorted(every, key=lambda row: json.dumps(nameless(row), default=str))
    return found


def nameless(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("respondent", "member")}
