"""Imports at the same time: nothing is lost, nobody counted twice, and a closed wave stays closed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from store_inputs import called
from workspace_inputs import PULSE, answers, as_csv, contents, people

from engage import engine
from engage.errors import InputError
from engage.store import Store
from engage.workspace import Workspace

IMPORTS = 3

WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from workspace_inputs import PULSE, answers, as_csv, people
from engage.errors import InputError
from engage.workspace import Workspace

path, mark, mode, imports = sys.argv[1], sys.argv[3], sys.argv[4], int(sys.argv[5])
space = Workspace(path)
files = []
for i in range(imports):
    prefix = f"{mark}{i}-" if mode != "same" else f"{i}-"
    staff = answers(PULSE, {"north": 9, "south": 6}, seed=i, prefix=prefix)
    extra = people(staff).assign(**{f"shoe_{mark}_{i}": mark})
    wider = {"demographics": {f"shoe_{mark}_{i}": f"shoe_{mark}_{i}"}}
    if mode == "same":  # the same people, in another file
        files.append((as_csv(staff if mark == "a" else staff.iloc[::-1]), "responses", None))
    else:
        files.append((as_csv(staff), "responses", None))
        files.append((as_csv(extra if mode == "wider" else people(staff)), "people",
                      wider if mode == "wider" else None))
print("ready", flush=True)
sys.stdin.readline()
refused = []
for i, (content, kind, mapping) in enumerate(files):
    wave = f"w{i % 3}" if kind == "responses" else None
    try:
        space.import_file(content, kind, wave, PULSE if kind == "responses" else None, mapping, name=f"{i}")
    except InputError as error:
        refused.append(error.code)
print(" ".join(refused))
"""


def race(path: Path, modes: dict[str, str]) -> dict[str, list[str]]:
    """Run a writer per mark at once; return what each was refused with."""
    Store.create(path)
    tests = str(Path(__file__).parent)
    writers = {
        mark: subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), tests, mark, mode, str(IMPORTS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for mark, mode in modes.items()
    }
    try:
        for writer in writers.values():
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers.values():
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        said = {mark: writer.communicate(timeout=120)[0].split() for mark, writer in writers.items()}
    finally:
        for writer in writers.values():
            writer.kill()
    assert [writer.returncode for writer in writers.values()] == [0] * len(writers)
    return said


def test_two_processes_import_at_once_and_one_adds_columns(tmp_path):
    assert race(tmp_path / "ws", {"a": "plain", "b": "wider"}) == {"a": [], "b": []}
    space = Workspace(tmp_path / "ws")
    everyone = {f"{m}{i}-{1000 + j}" for m in "ab" for i in range(IMPORTS) for j in range(15)}
    frame = space.frame("all", ids=everyone)
    assert len(frame) == len(everyone)
    assert set(frame["respondent"]) == everyone
    store = Store.open(space.path)
    staff = called(store, engine.frame(engine.open_table(store.snapshot(), "people")), everyone)
    assert set(staff["respondent"]) == everyone
    assert len(staff) == len(everyone)
    for i in range(IMPORTS):
        wearers = staff.loc[staff[f"shoe_b_{i}"].notna(), "respondent"]
        assert set(wearers) == {f"b{i}-{1000 + j}" for j in range(15)}
    assert len(list((space.path / "originals").iterdir())) == 4 * IMPORTS


@pytest.mark.rest
def test_two_processes_import_the_same_people_and_one_wins(tmp_path):
    refused = race(tmp_path / "ws", {"a": "same", "b": "same"})
    codes = refused["a"] + refused["b"]
    assert codes == ["workspace.already_answered"] * IMPORTS
    frame = Workspace(tmp_path / "ws").frame("all")
    assert len(frame) == 15 * IMPORTS
    assert not frame.duplicated(["respondent", "wave"]).any()


def meanwhile(act: Callable[[], object]) -> Callable[[str, int, int], None]:
    """Return a progress report that acts once: after the checks of an import, before it is written."""
    pending = [act]

    def progress(step: str, done: int, of: int) -> None:
        if step == "writing" and pending:
            pending.pop()()

    return progress


@pytest.fixture
def space(tmp_path) -> Workspace:
    space = Workspace(tmp_path / "ws")
    space.import_file(as_csv(answers(PULSE)), wave="w1", instrument=PULSE)
    return space


def test_no_answer_slips_into_a_wave_that_is_closed_meanwhile(space):
    """It is kept, and no table moves: it waits for the next close like any other late answer."""
    late = as_csv(answers(PULSE, seed=2, prefix="late"))
    shown: list[str] = []

    def close() -> None:
        shown.append(space.close("w1").tidy().to_csv())

    done = space.import_file(late, wave="w1", instrument=PULSE, progress=meanwhile(close), name="late.csv")
    assert done.waits
    assert [space.scores("w1").tidy().to_csv()] == shown
    assert len(space.frame("w1")) == 76
    assert space.waiting_waves == space.ready_waves == ("w1",)
    assert len(list((space.path / "originals").iterdir())) == 2


@pytest.mark.parametrize(
    ("wave", "content", "code"),
    [
        ("w1", "same people", "workspace.already_answered"),
        ("w1", "same file", "workspace.same_file"),
        ("w2", "same file", "workspace.same_file"),
    ],
)
def test_what_others_import_meanwhile_is_seen(space, wave, content, code):
    theirs = answers(PULSE, seed=3, prefix="new")
    mine = theirs if content == "same file" else theirs.iloc[::-1]
    act = meanwhile(lambda: space.import_file(as_csv(theirs), wave="w1", instrument=PULSE))
    with pytest.raises(InputError) as caught:
        space.import_file(as_csv(mine), wave=wave, instrument=PULSE, progress=act)
    assert caught.value.code == code
    assert len(space.frame("all")) == 2 * 76


def test_an_import_that_disturbs_nothing_goes_through(space):
    """What others do to another wave, or to the people, is no reason to refuse."""
    staff = people(answers(PULSE))
    act = meanwhile(lambda: (space.import_file(as_csv(staff), "people"), space.close("w1")))
    space.import_file(
        as_csv(answers(PULSE, seed=4)), wave="w2", instrument=PULSE, progress=act, name="second.csv"
    )
    assert space.closed_waves == ("w1",)
    assert space.open_waves == ("w2",)


def test_a_wave_that_grows_while_it_is_closed_stays_open(space, monkeypatch):
    """Its cells were computed without the late answers: closing with them would publish half a wave."""
    from engage import workspace

    compute = workspace.publish

    def slow(*given: object, **more: object) -> object:
        publication = compute(*given, **more)
        space.import_file(as_csv(answers(PULSE, seed=5, prefix="late")), wave="w1", instrument=PULSE)
        return publication

    monkeypatch.setattr(workspace, "publish", slow)
    with pytest.raises(InputError) as caught:
        space.close("w1")
    assert caught.value.code == "store.changed"
    monkeypatch.undo()
    assert space.open_waves == ("w1",)
    space.close("w1")
    assert space.scores().tidy()["n"].max() == 2 * 76


def test_a_check_refuses_before_anything_is_written(space):
    """``Store.commit`` asks under its lock, with the state as it is then."""
    store = Store.open(space.path)
    seen = []

    def check(now):
        seen.append(now.key)
        raise InputError("store.changed", where="check")

    before = contents(space.path)
    table = engine.open_table(store.snapshot(), "responses_pulse").drop("import_id", "wave").to_pyarrow()
    with pytest.raises(InputError):
        store.commit(
            "responses", "w3", {"responses_pulse": table}, instrument=PULSE, original=b"x", check=check
        )
    assert seen == [store.snapshot().key]
    assert contents(space.path) == before
