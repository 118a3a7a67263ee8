"""Two processes write to one workspace at once; nothing is lost, and no reader sees half an import."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from store_inputs import SMALL, answers, called, responses

from engage import engine
from engage.store import Store

COMMITS = 6
PEOPLE = 9
COMMENTS = 4
EVERYBODY = [f"{mark}{i}-{j}" for mark in "ab" for i in range(COMMITS) for j in range(PEOPLE)]

WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
import pandas as pd
from store_inputs import SMALL, answers, instrument, responses
from engage.store import Store, declared_schema, responses_table, to_arrow

WIDER = instrument({"pay": (5, [False, True, False]), "growth": (5, [False, False, True])}, version=2)
path, mark, commits, people, comments, mode = sys.argv[1], sys.argv[3], *map(int, sys.argv[4:7]), sys.argv[7]
store = Store.open(path)
schema = declared_schema("comments")
said = pd.DataFrame([dict.fromkeys(schema.names[2:]) | {"text": f"{mark} {i}"} for i in range(comments)])
print("ready", flush=True)
sys.stdin.readline()
for i in range(commits):
    known = WIDER if mode == "item" and i >= commits // 2 else SMALL
    frame = answers(known, people, i, prefix=f"{mark}{i}-")
    name = responses_table("pulse")
    extras = {f"extra_{mark}_{i}": "string"} if mode == "extras" else {}
    frame = frame.assign(**dict.fromkeys(extras, mark))
    tables = {name: to_arrow(frame, declared_schema(name, known, extras))}
    tables["comments"] = to_arrow(said, schema)
    store.commit("responses", f"{i}", tables, instrument=known, original=f"{mark}{i}".encode())
"""


def start(path: Path, mark: str, mode: str) -> subprocess.Popen[str]:
    numbers = [str(COMMITS), str(PEOPLE), str(COMMENTS)]
    command = [sys.executable, "-c", WRITER, str(path), str(Path(__file__).parent), mark, *numbers, mode]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def release(writers: Sequence[subprocess.Popen[str]]) -> None:
    """Let all go at once, when all have imported what they need."""
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()


def finish(writers: Sequence[subprocess.Popen[str]]) -> None:
    for writer in writers:
        writer.communicate(timeout=120)
        assert writer.returncode == 0


def read(store: Store) -> tuple[pd.DataFrame, pd.DataFrame]:
    snapshot = store.snapshot()
    if not snapshot.events:
        return pd.DataFrame(columns=["import_id"]), pd.DataFrame(columns=["import_id"])
    rows = engine.frame(engine.open_table(snapshot, "responses_pulse"))
    said = engine.frame(engine.open_table(snapshot, "comments"))
    assert set(rows["import_id"]) == set(said["import_id"]) == {event.id for event in snapshot.events}
    return called(store, rows, EVERYBODY), said


def assert_whole(rows: pd.DataFrame, said: pd.DataFrame) -> None:
    assert set(rows["import_id"].value_counts()) <= {PEOPLE}
    assert set(said["import_id"].value_counts()) <= {COMMENTS}


def race(path: Path, first: str, second: str) -> pd.DataFrame:
    """Run two writers against a polling reader; return all rows."""
    store = Store.create(path)
    engine.frame(engine.open_table(store.snapshot(), "people"))  # warm up, or the reader comes too late
    writers = [start(path, "a", first), start(path, "b", second)]
    seen: list[int] = []
    try:
        release(writers)
        while any(writer.poll() is None for writer in writers):
            rows, said = read(store)
            assert_whole(rows, said)
            seen.append(rows["import_id"].nunique())
        finish(writers)
    finally:
        for writer in writers:
            writer.kill()
    assert seen == sorted(seen), "what was committed stays"
    rows, said = read(store)
    assert_whole(rows, said)
    assert set(rows["respondent"]) == set(EVERYBODY)
    assert len(rows) == len(EVERYBODY)
    assert len(said) == 2 * COMMITS * COMMENTS
    assert len(list((path / "originals").iterdir())) == 2 * COMMITS
    return rows


def test_two_processes_lose_nothing_and_show_nothing_half_done(tmp_path: Path):
    rows = race(tmp_path / "ws", "plain", "plain")
    assert rows["wave"].value_counts().to_dict() == {str(i): 2 * PEOPLE for i in range(COMMITS)}


def test_one_process_adds_columns_meanwhile(tmp_path: Path):
    rows = race(tmp_path / "ws", "plain", "extras")
    for i in range(COMMITS):
        filled = rows[f"extra_b_{i}"].notna()
        assert set(rows.loc[filled, "respondent"]) == {f"b{i}-{j}" for j in range(PEOPLE)}


def test_one_process_brings_a_new_version_of_the_instrument(tmp_path: Path):
    rows = race(tmp_path / "ws", "plain", "item")
    asked = rows.loc[rows["pay_3"].notna(), "respondent"].str[:2]
    assert set(asked) <= {f"b{i}" for i in range(COMMITS // 2, COMMITS)}
    assert len(asked)
    assert Store.open(tmp_path / "ws").snapshot().instrument("pulse").version == 2


def test_both_create_the_first_table(tmp_path: Path):
    """Both writers find no table and add different columns from their first commit on."""
    rows = race(tmp_path / "ws", "extras", "extras")
    extras = [name for name in rows.columns if name.startswith("extra_")]
    assert len(extras) == 2 * COMMITS
    assert rows[extras].notna().sum().eq(PEOPLE).all()


def test_a_pinned_snapshot_does_not_move_while_others_write(tmp_path: Path):
    store = Store.create(tmp_path / "ws")
    store.commit("responses", "0", responses(SMALL, answers(SMALL, 5, 1, prefix="mine")), instrument=SMALL)
    pinned = store.snapshot()
    writer = start(store.path, "b", "extras")
    try:
        release([writer])
        finish([writer])
    finally:
        writer.kill()
    rows = engine.frame(engine.open_table(pinned, "responses_pulse"))
    assert len(rows) == 5
    assert not [name for name in rows.columns if name.startswith("extra_")]
    assert store.snapshot().key != pinned.key
