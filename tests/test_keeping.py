"""Backups, compaction, another key, and changes of several tables that readers see at one go."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from format_1 import rows
from store_inputs import SMALL, responses
from store_inputs import answers as small_answers
from workspace_inputs import PULSE, answers, as_csv, people

from engage import keys
from engage.cli import run
from engage.errors import EngageError, InputError, UsageError
from engage.ingest.pseudonyms import Pseudonyms
from engage.store import Store, compacting, delta, erase, originals, switching
from engage.workspace import Workspace

W = "2025H1"
TEAMS = {"north": 12, "south": 9}
EVERYBODY = [f"P{1000 + i}" for i in range(21)] + ["ann@example.org"]


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "key"
    monkeypatch.setenv("ENGAGE_KEY_FILE", str(file))
    return file


@pytest.fixture
def space(tmp_path: Path, key: Path) -> Workspace:
    """A staff list and two waves, the first closed."""
    space = Workspace(tmp_path / "ws")
    first = answers(PULSE, TEAMS, comments=True)
    first.loc[3, "employee id"] = "ann@example.org"
    space.import_file(as_csv(people(first)), "people", name="staff.csv")
    space.import_file(as_csv(first), wave=W, instrument=PULSE, name="first.csv")
    space.close(W)
    second = answers(PULSE, TEAMS, seed=2, day="2025-09-01")
    second.loc[0, "employee id"] = ""
    space.import_file(as_csv(second), wave="2025H2", instrument=PULSE, name="second.csv")
    return space


def say(space: Workspace, *asked: object) -> int:
    return run([*map(str, asked), "--workspace", str(space.path)])


# -- backup and restore


def test_a_backup_is_put_back_by_one_command(space: Workspace, tmp_path: Path, key: Path, capfd):
    before, scores = rows(space.path), space.scores(W).tidy()
    assert say(space, "backup", tmp_path / "b", "--json") == 0
    made = json.loads(capfd.readouterr().out)
    assert made["files"] > 20
    assert key.read_text().strip() not in "".join(
        file.read_bytes().decode("latin-1") for file in (tmp_path / "b").rglob("*") if file.is_file()
    )
    space.undo("2025H2")
    shutil.rmtree(space.path)
    assert say(space, "restore", tmp_path / "b", "--json") == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["files"], found["key"]) == (made["files"], "there")
    assert rows(space.path) == before
    pd.testing.assert_frame_equal(space.scores(W).tidy(), scores)
    codes = [entry["code"] for entry in space.audit_log().entries]
    assert codes[-2:] == ["backup", "restored"]
    assert space.path.stat().st_mode & 0o077 == 0
    assert Store.open(space.path).original(originals.kept(space.path / "originals")[0].name)
    space.undo("2025H2")
    assert space.waves() == (W,)


@pytest.mark.rest
def test_nothing_is_put_back_over_something_or_from_something_else(space: Workspace, tmp_path: Path, capfd):
    place = tmp_path / "b"
    assert say(space, "backup", place) == 0
    assert say(space, "backup", place) == 2, "a backup never replaces another"
    assert say(space, "backup", space.path / "b") == 2
    assert say(space, "restore", place) == 2, "the workspace is there"
    assert run(["restore", str(tmp_path), "--workspace", str(tmp_path / "new")]) == 2, "no backup at all"
    file = next((place / "workspace" / "originals").iterdir())
    whole = file.read_bytes()
    harms = {
        "changed": lambda: file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1])),
        "missing": file.unlink,
        "foreign": lambda: (file.write_bytes(whole), (place / "workspace" / "x").write_text("x")),
    }
    for harm in harms.values():
        harm()
        assert run(["restore", str(place), "--workspace", str(tmp_path / "new")]) == 1
        assert not (tmp_path / "new").exists()
    (place / "workspace" / "x").unlink()
    manifest = json.loads((place / "backup.json").read_text())
    manifest["files"]["../x"] = manifest["files"]["workspace.json"]
    (place / "backup.json").write_text(json.dumps(manifest))
    assert run(["restore", str(place), "--workspace", str(tmp_path / "new")]) == 1
    assert "backup.json" in capfd.readouterr().err


@pytest.mark.rest
@pytest.mark.parametrize("state", ["there", "missing", "other"])
def test_it_says_whether_the_key_is_there(tmp_path: Path, key: Path, state: str, capfd):
    space = Workspace(Store.create(tmp_path / "ws").path)
    space.backup(tmp_path / "b")
    if state != "there":
        key.unlink()
    if state == "other":
        keys.make_key(key)
    assert run(["restore", str(tmp_path / "b"), "--workspace", str(tmp_path / "new"), "--lang", "en"]) == 0
    said = capfd.readouterr().out
    assert {"there": "is there", "missing": "not there", "other": "Another key"}[state] in said
    assert str(key) in said


@pytest.mark.rest
def test_a_backup_that_was_cut_short_is_none(space: Workspace, tmp_path: Path, monkeypatch):
    from engage.store import backing

    def crash(part: Path, target: Path) -> None:
        raise RuntimeError("the power went off")

    with monkeypatch.context() as patch:
        patch.setattr(backing, "_place", crash)
        with pytest.raises(RuntimeError):
            space.backup(tmp_path / "b")
    assert not (tmp_path / "b").exists()
    space.backup(tmp_path / "b")
    assert not list(tmp_path.glob(".b.part"))


# -- several tables at one go


def test_readers_see_all_of_an_erasure_or_nothing(space: Workspace, monkeypatch):
    """What is seen between any two writes of it is the state before, the same in every table."""
    store = Store.open(space.path)
    person = store.pseudonyms().of("P1005")
    seen: list[tuple[str, frozenset[str]]] = []

    def look(*_: object) -> None:
        snapshot = Store.open(space.path).snapshot()
        holding = set()
        for table in snapshot.tables:
            named = pd.concat([pd.read_parquet(file) for file in snapshot.files(table)])
            column = {"programmes": "member"}.get(table, "respondent")
            if column in named and (named[column] == person).any():
                holding.add(table)
        seen.append((snapshot.key, frozenset(holding)))

    def looking(real):
        def around(*given, **more):
            look()
            done = real(*given, **more)
            look()
            return done

        return around

    look()
    with monkeypatch.context() as patch:
        for name in ("rewrite", "append", "forget"):
            patch.setattr(delta, name, looking(getattr(delta, name)))
        space.erase("P1005")
    states = list(dict.fromkeys(seen))
    assert len(states) == 2, "before and after, and nothing between"
    assert len(states[0][1]) == 4
    assert states[1][1] == frozenset()
    assert states[0][0] != states[1][0]


@pytest.mark.rest
@pytest.mark.parametrize("left", [0, 1, 3, 5])
def test_a_change_that_was_cut_short_is_taken_back_by_the_next_writer(
    space: Workspace, monkeypatch, left: int
):
    before, key = rows(space.path), Store.open(space.path).snapshot().key
    real = delta.rewrite

    def failing(folder: Path, change) -> int:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(28, "No space left on device")
        return real(folder, change)

    with monkeypatch.context() as patch:
        patch.setattr(delta, "rewrite", failing)
        with pytest.raises(EngageError) as caught:
            space.erase("P1005")
    assert caught.value.code == "store.disk_full"
    assert Store.open(space.path).snapshot().key == key, "readers see the state before"
    assert switching.holding(space.path)[1] is not None
    with Store.open(space.path).writing():
        pass
    assert switching.holding(space.path)[1] is None
    assert rows(space.path) == before
    assert space.erase("P1005").removed.left == ()


# -- compaction


def commit(store: Store, wave: str, n: int, seed: int) -> str:
    tables = responses(SMALL, small_answers(SMALL, n, seed, prefix=f"{wave}-{seed}-"))
    return store.commit("responses", wave, tables, instrument=SMALL, original=f"{wave}{seed}".encode()).id


def test_compaction_moves_nothing_that_anybody_sees_and_every_undo_stays(tmp_path: Path, key: Path):
    store = Store.create(tmp_path / "ws")
    ids = [commit(store, str(seed % 2), 5, seed) for seed in range(8)]
    store.undo(ids[0])
    everything, pinned = rows(store.path), store.snapshot()
    done = Workspace(store.path).compact()
    after = store.snapshot()
    assert (after.key, after.events) == (pinned.key, pinned.events)
    assert rows(store.path) == everything, "what was just taken back is kept, too"
    assert (done.rows, done.imports, done.unfinished) == (0, 0, 0)
    assert len(after.files("responses_pulse")) == 2
    assert len(pinned.files("responses_pulse")) == 8
    assert all(Path(file).is_file() for file in pinned.files("responses_pulse")), "pinned readers go on"
    for id in reversed(ids[1:]):
        store.undo(id)
    assert store.snapshot().tables == ()


@pytest.mark.rest
def test_what_is_over_goes_and_what_a_release_saw_stays(space: Workspace, monkeypatch):
    space.undo("2025H2")  # no release ever saw it
    space.undo(W)  # a release did
    folder = space.path / "tables" / "responses_pulse"
    torn = delta.pin(folder)
    assert torn is not None
    whole = rows(space.path)["responses_pulse"]
    delta.append(folder, _foreign(next(iter(delta.waves(folder)))))
    originals.keep(space.path / "originals", "0" * 64, b"x", Store.open(space.path).key(), 365)
    held = {id: sum(row["import_id"] == id for row in whole) for id in {row["import_id"] for row in whole}}
    assert sorted(held.values()) == [21, 21]
    early = space.compact()
    assert (early.rows, early.imports, early.unfinished) == (4, 0, 1), "a crash's rows go at once"
    assert "0" * 64 not in [file.name for file in originals.kept(space.path / "originals")]
    monkeypatch.setattr(compacting, "datetime", _Later)
    late = space.compact()
    assert (late.rows, late.imports, late.unfinished) == (21, 1, 0)
    left = {row["import_id"] for row in rows(space.path)["responses_pulse"]}
    (event,) = (e for e in Store.open(space.path).snapshot().log if e.id in left)
    assert event.wave == W


class _Later(pd.Timestamp):
    @classmethod
    def now(cls, tz=None):
        return pd.Timestamp.now(tz) + pd.Timedelta(days=31)


def _foreign(table):
    import pyarrow as pa

    some = table.slice(0, 4)
    place = some.schema.get_field_index("import_id")
    return some.set_column(place, some.schema.field("import_id"), pa.array(["torn"] * len(some)))


# -- another key


def test_a_new_key_changes_who_is_called_what_and_nothing_else(space: Workspace, key: Path, capfd):
    ids = [f"P{1000 + i}" for i in range(21)] + ["ANN@example.org"]
    old, scores, frame = space.pseudonyms(ids), space.scores(W).tidy(), space.frame(W, ids=ids)
    first = keys.read_key(key)
    digests = {
        f.name: Store.open(space.path).original(f.name) for f in originals.kept(space.path / "originals")
    }
    history = json.dumps(rows(space.path), default=str).encode()
    assert say(space, "key", "rotate", "--json") == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["originals"], told["finished"]) == (3, False)
    assert told["people"] == 22, "P1003 wrote as ann once"
    now = keys.read_key(key)
    assert now.all[1:] == first.all
    new = space.pseudonyms(ids)
    assert not set(new.values()) & set(old.values())
    assert {id: Pseudonyms(now[:]).of(old[id]) for id in ids} == new
    pd.testing.assert_frame_equal(space.scores(W).tidy(), scores)
    pd.testing.assert_frame_equal(space.frame(W, ids=ids), frame)
    store = Store.open(space.path)
    assert {name: store.original(name) for name in digests} == digests
    ids_of = {originals.read_header(f).key for f in originals.kept(space.path / "originals")}
    assert ids_of == {keys.key_id(now)}
    everything = json.dumps(rows(space.path), default=str).encode()
    everything += b"".join(f.read_bytes() for f in space.path.rglob("*") if f.is_file())
    names = [name.encode() for name in old.values()]
    assert any(name in history for name in names)
    assert not [name for name in names if name in everything], "no old pseudonym is left, in no history"
    # people are recognised as before
    with pytest.raises(InputError, match="answered"):
        space.import_file(as_csv(answers(PULSE, {"north": 12}, seed=9)), wave=W, instrument=PULSE)
    assert space.erase("ann@example.org").removed.rows["responses_pulse"] == 1
    # and with the old key alone nothing is
    key.write_text(bytes(first).hex())
    with pytest.raises(InputError) as caught:
        space.pseudonyms(ids)
    assert caught.value.code == "rights.key_other"


@pytest.mark.rest
def test_a_backup_from_before_opens_under_the_newer_key(space: Workspace, tmp_path: Path, key: Path):
    old = space.pseudonyms(["P1001"])
    space.backup(tmp_path / "b")
    space.rotate_key()
    space.rotate_key()
    shutil.rmtree(space.path)
    assert say(space, "restore", tmp_path / "b") == 0
    assert space.pseudonyms(["P1001"]) == old
    done = space.rotate_key()
    assert done.finished, "the key is there already"
    assert len(keys.read_key(key).all) == 3
    assert space.pseudonyms(["P1001"]) != old
    assert space.frame(W, ids=["P1001"])["respondent"].eq("P1001").sum() == 1


@pytest.mark.rest
@pytest.mark.parametrize(
    ("home", "name", "left"),
    [
        ("rotating", "renew_key", 0),
        ("delta", "rewrite", 0),
        ("delta", "rewrite", 2),
        ("originals", "encrypt_again", 1),
        ("delta", "forget", 1),
    ],
)
def test_a_change_of_the_key_that_was_cut_short_is_finished(
    space: Workspace, key: Path, monkeypatch, home: str, name: str, left: int
):
    from engage.store import rotating

    frame = space.frame(W, ids=EVERYBODY)
    place = {"rotating": rotating, "delta": delta, "originals": originals}[home]
    real = getattr(place, name)

    def failing(*given, **more):
        nonlocal left
        left -= 1
        if left < 0:
            raise RuntimeError("the power went off")
        return real(*given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(place, name, failing)
        with pytest.raises(RuntimeError):
            space.rotate_key()
    pd.testing.assert_frame_equal(space.frame(W, ids=EVERYBODY), frame)
    assert space.pseudonyms(["P1001"])["P1001"] in set(space.frame(W)["respondent"])
    assert [Store.open(space.path).original(f.name) for f in originals.kept(space.path / "originals")]
    done = space.rotate_key()
    assert done.finished == (name != "renew_key")
    assert len(keys.read_key(key).all) == 2
    assert {originals.read_header(f).key for f in originals.kept(space.path / "originals")} == {done.now}
    assert "rotating_from" not in json.loads((space.path / "workspace.json").read_text())
    pd.testing.assert_frame_equal(space.frame(W, ids=EVERYBODY), frame)


def test_who_opened_the_workspace_before_writes_nothing_under_the_old_key(space: Workspace):
    store = Store.open(space.path)
    space.rotate_key()
    with pytest.raises(InputError) as caught:
        erase(store, "P1001")
    assert caught.value.code == "store.key_changed"


def test_a_full_disk_is_called_one_wherever_it_is_met(tmp_path: Path, monkeypatch, capfd):
    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device", "audit.jsonl")

    monkeypatch.setattr(Workspace, "_audit", full)
    Store.create(tmp_path / "ws")
    assert run(["backup", str(tmp_path / "b"), "--workspace", str(tmp_path / "ws"), "--lang", "en"]) == 3
    assert "The disk is full" in capfd.readouterr().err


def test_a_backup_elsewhere_is_needed(tmp_path: Path):
    with pytest.raises(UsageError):
        Workspace(tmp_path / "nothing").backup(tmp_path / "b")
