"""Writers killed and disks full, at every place around a write: what is left is whole."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BENCHMARKS = HERE.parent / "benchmarks"

EVERY_PLACE = """
import json, os, sys
sys.path[:0] = sys.argv[2:4]
from pathlib import Path
import shutil
import faults
from store_inputs import SMALL, answers, responses
from engage.store import Store, declared_schema, responses_table, to_arrow
import pandas as pd

home, step = Path(sys.argv[1]), int(sys.argv[4])
schema = declared_schema("comments")

def commit(store, wave, n):
    said = pd.DataFrame([dict.fromkeys(schema.names[2:]) | {"text": str(i)} for i in range(n)])
    tables = responses(SMALL, answers(SMALL, n, 1, prefix=wave)) | {"comments": to_arrow(said, schema)}
    store.commit("responses", wave, tables, instrument=SMALL, original=wave.encode())

def seen(path):
    import pyarrow.parquet as pq
    snapshot, counts = Store.open(path).snapshot(), {}
    for table in snapshot.tables:
        ids = set(snapshot.import_ids(table))
        for wave, parts in snapshot.parts(table).items():
            held = [one for part in parts for one in pq.ParquetFile(part).read()["import_id"].to_pylist()]
            counts[f"{table} {wave}"] = sum(one in ids for one in held)
    return {place: n for place, n in counts.items() if n}

def child(work):
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.write(write, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(write)
    said = b"".join(iter(lambda: os.read(read, 4096), b""))
    os.close(read)
    os.waitpid(pid, 0)
    return json.loads(said) if said else None

def first():
    commit(Store.create(home / "ws"), "first", 3)

def meeting(fault, at, path):
    places = faults.armed(fault, at)
    try:
        commit(Store.open(path), "second", 5)
    except Exception as error:
        places.full, places.fault = False, "count"
        return {"refused": getattr(error, "code", type(error).__name__)}
    places.full, places.fault = False, "count"
    return {"done": places.passed}

def again(path):
    store = Store.open(path)
    if "responses_pulse second" not in seen(path):
        commit(store, "second", 5)
    return seen(path)

child(first)
shutil.copytree(home / "ws", home / "count")
count = child(lambda: meeting("count", 0, home / "count"))["done"]
for fault in ("kill", "full"):
    for at in sorted({*range(1, count + 1, step), count}):
        path = home / f"{fault}-{at}"
        shutil.copytree(home / "ws", path)
        told = child(lambda: meeting(fault, at, path))
        left = child(lambda: seen(path))
        print(json.dumps([fault, at, told, left, child(lambda: again(path))]), flush=True)
"""
BEFORE = {"responses_pulse first": 3, "comments first": 3}
AFTER = BEFORE | {"responses_pulse second": 5, "comments second": 5}

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that can fork")


@forks
@pytest.mark.parametrize("step", [10, pytest.param(1, marks=pytest.mark.slow)])
def test_an_import_is_there_whole_or_not_at_all(tmp_path: Path, step: int):
    asked = [sys.executable, "-c", EVERY_PLACE, str(tmp_path), str(HERE), str(BENCHMARKS), str(step)]
    done = subprocess.run(
        asked, env=os.environ | {"ENGAGE_KEY_FILE": str(tmp_path / "key")}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line[0] for line in lines} == {"kill", "full"}
    states = []
    for fault, at, told, left, again in lines:
        assert left in (BEFORE, AFTER), (fault, at)
        if fault == "kill":
            assert told is None
        if told is not None and "done" in told:
            assert left == AFTER, "what was acknowledged is there"
        if fault == "full" and "refused" in told:
            assert told["refused"] == "store.disk_full"
        assert again == AFTER, (fault, at)
        states.append(left == AFTER)
    assert not states[0]
    assert any(states)


@forks
@pytest.mark.slow
def test_every_command_beside_the_app_survives_every_fault():
    points = 28
    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    asked = [sys.executable, str(BENCHMARKS / "durability.py"), "--points", str(points)]
    done = subprocess.run(asked, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.startswith(f"{points} points")
    assert "lost: 0" in done.stdout
