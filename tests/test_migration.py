"""A workspace of format 1 becomes one of format 2: pseudonyms everywhere, originals encrypted."""

import json
import re
import subprocess
import sys
from pathlib import Path

import format_1
import pytest
from workspace_inputs import PULSE, answers, as_csv

from engage import keys
from engage.errors import InputError
from engage.store import Store, originals
from engage.workspace import Workspace

IDS = [f"P{1000 + i}" for i in range(21)]


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "key"
    monkeypatch.setenv("ENGAGE_KEY_FILE", str(file))
    return file


def everything(path: Path) -> bytes:
    """Return every byte of a workspace, with its tables unpacked."""
    files = b"".join(f.name.encode() + f.read_bytes() for f in path.rglob("*") if f.is_file())
    return files.lower() + json.dumps(format_1.rows(path), default=str, ensure_ascii=False).lower().encode()


def holding(path: Path) -> list[str]:
    """Return the ids that are anywhere in a workspace."""
    content = everything(path)
    return [id for id in IDS if any(id.lower().encode(how) in content for how in ("ascii", "utf-16-le"))]


@pytest.mark.rest
def test_what_is_stored_stays_and_who_it_is_of_becomes_a_pseudonym(tmp_path: Path, key: Path):
    path = tmp_path / "ws"
    before = format_1.workspace(path, key)
    digests = {file.name: file.read_bytes() for file in originals.kept(path / "originals")}
    assert holding(path) == IDS
    assert not key.exists()

    store = Store.open(path)
    document = json.loads((path / "workspace.json").read_text())
    assert document == {"format": 2, "id": store.id, "sample": False, "key": keys.key_id(store.key())}
    after = format_1.rows(path)
    assert set(after) == set(before)
    pseudonyms, named = store.pseudonyms(), 0
    for table, rows in after.items():
        assert list(map(format_1.nameless, rows)) == list(map(format_1.nameless, before[table]))
        for new, old in zip(rows, before[table], strict=True):
            for column in ("respondent", "member"):
                was = old.get(column)
                kept = was is None or was == "north" or re.fullmatch(r"row-\d+-[0-9a-f]{8}", was)
                assert new.get(column) == (was if kept else pseudonyms.of(was))
                named += not kept
    assert named > 90
    for digest, content in digests.items():
        assert store.original(digest) == content
        assert originals.read_header(path / "originals" / digest) is not None
    # in the name of a file, which whoever takes it back is told, an id may stand until it is erased
    assert holding(path) == ["P1001"]

    space = Workspace(path)
    assert [entry["code"] for entry in space.audit_log().entries][-1] == "migrated"
    assert space.scores("w1").tidy()["n"].max() == 21
    with pytest.raises(InputError, match="answered"):
        space.import_file(as_csv(answers(PULSE, {"north": 12}, seed=9)), wave="w1", instrument=PULSE)
    assert set(space.frame("w1", ids=IDS)["respondent"]) == set(IDS)
    assert Store.open(path).snapshot().key == store.snapshot().key


def crash(path: Path, at: str, times: int) -> None:
    """Open the workspace in a process that is killed in the middle of the step."""
    code = (
        "import os, signal, sys\n"
        "from engage.store import Store, delta, migrations, originals\n"
        f"home, name, left = {at.split('.')[0]}, {at.split('.')[1]!r}, [{times}]\n"
        "whole = getattr(home, name)\n"
        "def dying(*given, **more):\n"
        "    left[0] -= 1\n"
        "    if left[0] < 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return whole(*given, **more)\n"
        "setattr(home, name, dying)\n"
        f"Store.open({str(path)!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -9


@pytest.mark.rest
@pytest.mark.parametrize(
    ("at", "times"),
    [
        ("delta.forget", 1),
        ("delta.rewrite", 0),
        ("delta.rewrite", 2),
        ("originals.encrypt_in_place", 1),
        ("originals.seal", 1),
        ("migrations.describe", 1),
    ],
)
def test_a_crash_is_no_end(tmp_path: Path, key: Path, at: str, times: int):
    path = tmp_path / "ws"
    before = format_1.workspace(path, key)
    crash(path, at, times)
    half = json.loads((path / "workspace.json").read_text())
    assert (half["format"], half["migrating_from"]) == (2, 1)  # an older program refuses it
    made = key.read_bytes()
    key.unlink()
    with pytest.raises(InputError) as caught:  # no second key is made half-way
        Store.open(path)
    assert caught.value.code == "rights.key_missing"
    key.write_bytes(made)
    store = Store.open(path)
    after = format_1.rows(path)
    for table, rows in after.items():
        assert list(map(format_1.nameless, rows)) == list(map(format_1.nameless, before[table]))
    assert {store.pseudonyms().of(id) for id in IDS} == {row["respondent"] for row in after["people"]}
    assert holding(path) == ["P1001"]
    assert all(originals.read_header(file) for file in originals.kept(path / "originals"))
    assert not list(path.rglob(".*.part"))


@pytest.mark.rest
def test_people_named_by_mail_keep_their_pseudonyms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Format 1 made them with the key of the user; it becomes the workspace's, in a file of its own."""
    format_1.workspace(tmp_path / "ws", tmp_path / "key")
    monkeypatch.delenv("ENGAGE_KEY_FILE")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    own = keys.make_key(keys.key_path())
    store = Store.open(tmp_path / "ws")
    assert store.key() == own
    assert keys.key_path(store.id) == tmp_path / "config" / "engage" / "keys" / f"{store.id}.key"


@pytest.mark.parametrize("document", ['"format": 3', '"format": 0', '"format": 3, "migrating_from": 2'])
def test_a_newer_format_is_refused_and_left_alone(tmp_path: Path, document: str):
    store = Store.create(tmp_path / "ws")
    text = f'{{{document}, "id": "x", "sample": false, "key": "y"}}'
    (store.path / "workspace.json").write_text(text)
    with pytest.raises(InputError) as caught:
        Store.open(store.path)
    assert caught.value.code == "store.format"
    assert (store.path / "workspace.json").read_text() == text
