"""Workspaces as earlier releases wrote them, kept byte by byte, open and work in this one.

``data/releases/format_N.zip`` holds a workspace made by the last code of that format from a small
company (a staff list, a closed wave, a second one, comments whose import was undone), the key where there was
one, and the scores that it showed. Only the folder's place in Delta's logs was changed afterwards.
"""

import json
import zipfile
from pathlib import Path

import pytest
from format_1 import rows
from workspace_inputs import PULSE, answers, as_csv

from engage.store import FORMAT, Store, originals
from engage.workspace import Workspace

RELEASES = sorted((Path(__file__).parent / "data" / "releases").glob("*.zip"))
IDS = [f"P{1000 + i}" for i in range(21)]


@pytest.fixture(params=RELEASES, ids=lambda file: file.stem)
def old(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with zipfile.ZipFile(request.param) as file:
        file.extractall(tmp_path)
    key = tmp_path / "key"
    monkeypatch.setenv("ENGAGE_KEY_FILE", str(key))
    assert key.exists() == (request.param.stem != "format_1")
    return tmp_path


def test_every_format_so_far_is_kept():
    assert [file.stem for file in RELEASES] == [f"format_{number + 1}" for number in range(FORMAT)]


@pytest.mark.rest
def test_a_workspace_of_an_earlier_release_opens_and_goes_on(old: Path):
    space = Workspace(old / "workspace")
    shown = space.scores("w1").tidy()
    before = json.loads((old / "scores.json").read_text())
    columns = ["scale", "n", "mean", "favourable"]
    assert json.loads(shown[columns].to_json(orient="records")) == before
    assert (space.closed_waves, space.open_waves) == (("w1",), ("w2",))
    store = Store.open(space.path)
    assert json.loads((space.path / "workspace.json").read_text())["format"] == FORMAT
    known = {store.pseudonyms().of(id) for id in IDS}
    stored = rows(space.path)
    assert {row["respondent"] for row in stored["people"]} == known
    assert {row["respondent"] for row in stored["responses_pulse"] if row["wave"] == "w1"} == known
    assert {name: len(stored[name]) for name in ("people", "responses_pulse")} == {
        "people": 21,
        "responses_pulse": 42,
    }
    assert len([store.original(file.name) for file in originals.kept(space.path / "originals")]) == 4
    assert space.audit_log().broken is None

    frame = space.frame("w1", ids=IDS)
    third = answers(PULSE, {"north": 12, "south": 9}, seed=5, day="2026-03-04")
    space.import_file(as_csv(third), wave="w3", instrument=PULSE)
    space.compact()
    space.rotate_key()
    space.backup(old / "backup")
    assert space.erase("P1005").removed.left == ()
    assert len(space.frame("w1")) == len(frame) - 1
    assert json.loads(space.scores("w1").tidy()[columns].to_json(orient="records")) == before
