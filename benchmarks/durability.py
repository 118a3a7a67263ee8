"""What is left of a workspace when writers are killed or the disk is full: never half of anything.

python benchmarks/durability.py [--points 560] [--write docs/durability.md]

Each point is a fresh copy of a small workspace and three processes at once: a command (import, undo, close,
erase, compact, key rotate, backup), the app's import of another file, and a reader that asks again and again.
One of the two writers meets a fault: killed at a place around a write (:mod:`faults`), killed from outside
at any time, told at such a place that the disk is full, or put on a disk that really is (a small tmpfs, where
one may be mounted). Then everything is looked at, the command is given once more, and something is imported.
Point k is drawn from the seed 20261123 + k. Needs a system that can fork.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import contextlib
import csv
import io
import json
import random
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import faults
import ibis.backends.duckdb  # noqa: F401  # every child begins with what is imported here
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tables import write_section

from engage import cli, engine  # noqa: F401
from engage.errors import EngageError
from engage.instrument import parse_instrument
from engage.keys import key_id, read_key
from engage.store import Store, originals, switching
from engage.store.tracing import search
from engage.text import sentiment
from engage.workspace import Workspace

SEED = 20261123
PEOPLE = 24
PERSON = "Q7731VEXILLO"
WAVES = ("2024H1", "2024H2", "2025H1")
NEW, APPS = "2025H2", "2026H1"
TABLE = "responses_pulse"
PULSE = parse_instrument("""
instrument: pulse
version: 1
name: {en: pulse}
source: made for a test
licence: MIT
responses:
  p5: [{value: 1, en: a}, {value: 2, en: b}, {value: 3, en: c}, {value: 4, en: d}, {value: 5, en: e}]
scales:
  pay:
    role: hygiene
    name: {en: pay}
    responses: p5
    items:
      pay_1: {en: pay one}
      pay_2: {en: pay two}
demographics:
  team: {name: {en: Team}, text: {en: Your team}}
questions:
  change: {en: What should change?}
""")
COMMANDS: dict[str, tuple[str, ...]] = {
    "import": ("import", "{files}/2025H2.csv", "--kind", "responses", "--wave", NEW, "--instrument", "pulse"),
    "undo": ("undo", WAVES[1]),
    "close": ("close", WAVES[1]),
    "erase": ("erase", PERSON, "--yes"),
    "compact": ("compact", "--days", "1"),
    "key rotate": ("key", "rotate"),
    "backup": ("backup", "{aside}/copy"),
}
FAULTS = ("killed at a write", "killed at any time", "disk full at a write", "disk really full")


def ids() -> list[str]:
    return [PERSON, *(f"P{1000 + i}" for i in range(1, PEOPLE))]


def answers(wave: str) -> bytes:
    """Return the answers of everybody in a wave, each with a comment; the app's is without who is erased."""
    rng = random.Random(wave)
    rows = [("employee id", "start time", "pay_1", "pay_2", "team", "change")]
    for number, id in enumerate(ids()[wave == APPS :]):
        said = f"The {wave} queue number {number} is far too long for everybody here"
        ticks = [str(rng.randint(1, 5)) for _ in range(2)]
        rows.append((id, f"{wave[:4]}-03-04 09:{number:02d}:00", *ticks, "north", said))
    return _csv(rows)


def staff() -> bytes:
    return _csv([("employee id", "team", "hire date"), *((id, "north", "2019-02-01") for id in ids())])


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def build(folder: Path, files: Path) -> None:
    """Make the workspace that every point begins with: one wave closed, one open, one import undone."""
    files.mkdir()
    for wave in (*WAVES, NEW, APPS):
        (files / f"{wave}.csv").write_bytes(answers(wave))
    space = Workspace(folder)
    space.import_file(staff(), "people", name="staff.csv")
    (folder / "surveys").mkdir(exist_ok=True)
    (folder / "surveys" / "pulse.yaml").write_text(PULSE.document, encoding="utf-8")
    for wave in WAVES:
        space.import_file(files / f"{wave}.csv", wave=wave, instrument=PULSE)
    space.close(WAVES[0])
    space.undo(WAVES[2])


# -- what is asked of every state


def held(store: Store) -> dict[str, Any]:
    """Return who answered and commented in each wave that a reader sees, and who is in the staff list.

    Raises ``AssertionError`` if an import is seen in part.
    """
    snapshot = store.snapshot()
    found: dict[str, Any] = {}
    for name in (TABLE, "comments", "people"):
        if name not in snapshot.tables:
            continue
        seen = pa.array(snapshot.import_ids(name), pa.string())
        for wave, parts in snapshot.parts(name).items():
            table = pa.concat_tables(
                [pq.ParquetFile(part).read() for part in parts], promote_options="default"
            )
            table = table.filter(pc.is_in(table["import_id"], value_set=seen))
            if len(table):
                who = table["respondent"].to_pylist()
                assert len(who) == len(set(who)), f"somebody is twice in {name} {wave}"
                found[f"{name} {wave}"] = frozenset(who)
    people = found.get("people all", frozenset())
    assert len(people) in (PEOPLE - 1, PEOPLE), "the staff list is not whole"
    apps = {place: who for place, who in found.items() if place.endswith(APPS)}
    for place, who in found.items():
        whole = len(who) == PEOPLE - 1 and who <= people if place in apps else who == people
        assert whole, f"{place} holds others than the staff list: part of an import, or a mix"
    assert {p.split(" ")[1] for p in found if p.startswith(TABLE)} == {
        p.split(" ")[1] for p in found if p.startswith("comments")
    }, "answers without their comments"
    return {"waves": sorted(p.split(" ")[1] for p in found if p.startswith(TABLE)), "people": people}


def examine(folder: Path, aside: Path, command: str, done: dict[str, bool]) -> dict[str, Any]:
    """Look at everything after a fault; ``done`` says which writers were told that theirs was done.

    Returns what was left half-done for the next writer. Raises ``AssertionError`` where something is wrong.
    """
    store = Store.open(folder)
    state, left = held(store), switching.holding(folder)[1] is not None
    names = {store.pseudonyms().of(id): id for id in ids()}
    assert state["people"] <= set(names), "pseudonyms are of no key, or of another"
    gone = {names[name] for name in set(names) - state["people"]}
    assert gone <= {PERSON}
    assert not gone or command == "erase"
    log = store.snapshot().log
    assert (APPS in state["waves"]) or not done["app"], "the app's import was acknowledged and is lost"
    stands = {
        "import": NEW in state["waves"],
        "undo": WAVES[1] not in state["waves"],
        "close": sum(event.event == "close" for event in log) == 2,
        "erase": bool(gone),
        "key rotate": len(read_key(Path(os.environ["ENGAGE_KEY_FILE"])).back_to(store.key_id).all) == 2,
        "compact": True,
        "backup": (aside / "copy" / "backup.json").is_file(),
    }[command]
    assert stands or not done["command"], f"{command} was acknowledged and is lost"
    space = Workspace(folder)
    assert space.audit_log().broken is None
    for file in originals.kept(folder / "originals"):
        assert store.original(file.name)
    assert WAVES[0] in space.closed_waves
    assert len(space.scores(WAVES[0])) > 0
    if command == "erase" and done["command"]:
        assert search(folder, {PERSON, *(n for n, id in names.items() if id == PERSON)}, store.key())[1] == ()
    return {"left": left, "stands": stands}


def go_on(folder: Path, aside: Path, command: str, stands: bool) -> None:
    """Give the command once more where it did not take effect, import something, and look again."""
    again = command in ("erase", "key rotate") or not stands
    if again:
        code = cli.run(_asked(command, folder, aside))
        assert code == 0 or (command == "erase" and stands and code == 2), f"{command} again: exit {code}"
    space = Workspace(folder)
    space.import_file(b"team,month,handled\nnorth,2025-01,5\n", "service", name="service.csv")
    store = Store.open(folder)
    held(store)
    assert switching.holding(folder)[1] is None
    if command == "erase":
        needles = {PERSON, store.pseudonyms().of(PERSON)}
        assert search(folder, needles, store.key())[1] == (), "somebody erased is left in a file"
    if command == "key rotate":
        headers = {originals.read_header(file).key for file in originals.kept(folder / "originals")}
        assert headers == {store.key_id} == {key_id(read_key(Path(os.environ["ENGAGE_KEY_FILE"])))}
    if command == "backup":
        assert cli.run(["restore", f"{aside}/copy", "--workspace", f"{aside}/back"]) == 0
        held(Store.open(aside / "back"))


def _asked(command: str, folder: Path, aside: Path) -> list[str]:
    places = {"files": str(folder.parent / "files"), "aside": str(aside)}
    return [*(part.format(**places) for part in COMMANDS[command]), "--workspace", str(folder), "--json"]


# -- the processes


def child(work: Callable[[], Any], out: Path) -> int:
    """Run ``work`` in a process of its own, what comes of it goes to ``out``; return its id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        document = {"returned": work()}
        code = 0
    except BaseException as error:
        document = {"failed": "".join(traceback.format_exception(error))}
    with contextlib.suppress(OSError):
        out.write_text(json.dumps(document))
    os._exit(code)


def outcome(pid: int, out: Path) -> dict[str, Any]:
    os.waitpid(pid, 0)
    return json.loads(out.read_text()) if out.is_file() and out.stat().st_size else {}


def finished(work: Callable[[], Any], out: Path) -> Any:
    """Run ``work`` in a process of its own and return what it returns; raises what it raises."""
    document = outcome(child(work, out), out)
    if "returned" not in document:
        raise AssertionError(document.get("failed", "a process died"))
    return document["returned"]


def commanded(command: str, folder: Path, aside: Path, fault: faults.Fault, at: int) -> Any:
    """Give a command, with a fault at one of its places; return its exit code and the places it passed."""
    places = faults.armed(fault, at)
    code = cli.run(_asked(command, folder, aside))
    return [code, places.passed]


def app(folder: Path, fault: faults.Fault, at: int) -> Any:
    """Import a file as the app does; return whether it was done, and the places passed."""
    places = faults.armed(fault, at)
    try:
        Workspace(folder).import_file(folder.parent / "files" / f"{APPS}.csv", wave=APPS, instrument=PULSE)
    except (EngageError, OSError) as error:
        return [1, places.passed, str(error)]
    return [0, places.passed]


def reader(folder: Path, stop: Path) -> Any:
    """Ask for the present state until told to stop; return how often, and how often a file had just gone."""
    asked = gone = 0
    while not stop.exists():
        try:
            held(Store.open(folder))
            asked += 1
        except FileNotFoundError:
            gone += 1  # the history went while it was being read: the page fails once
        time.sleep(0.02)
    return [asked, gone]


# -- one point


def places_of(template: Path, scratch: Path) -> dict[str, int]:
    """Return how many places each command and the app's import pass when nothing goes wrong."""
    found = {}
    for name in (*COMMANDS, "app"):
        folder, aside = fresh(template, scratch / "count")
        work = (
            (lambda f=folder: app(f, "count", 0))
            if name == "app"
            else (lambda n=name, f=folder, a=aside: commanded(n, f, a, "count", 0))
        )
        code, passed, *_ = finished(work, scratch / "out")
        assert code == 0, name
        found[name] = passed
    return found


def fresh(template: Path, place: Path) -> tuple[Path, Path]:
    """Return a new copy of the workspace, and an empty folder beside it; the key is that of the copy."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(template, place)
    (place / "aside").mkdir()
    os.environ["ENGAGE_KEY_FILE"] = str(place / "key")
    return place / "workspace", place / "aside"


@contextlib.contextmanager
def disk(place: Path, kilobytes: int) -> Iterator[None]:
    """Mount a file system of that size at ``place``; ``OSError`` where that may not be done."""
    place.mkdir(exist_ok=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "engage", str(place)], capture_output=True
    )
    if made.returncode:
        raise OSError("no file system may be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def point(number: int, template: Path, scratch: Path, known: dict[str, int], fault: str) -> dict[str, Any]:
    """Meet one fault; return what is to be counted. Raises ``AssertionError`` where something is wrong."""
    rng = random.Random(SEED + number)
    command = list(COMMANDS)[number % len(COMMANDS)]
    victim = "app" if fault != "disk really full" and rng.random() < 0.25 else "command"
    place = scratch / "point"
    with contextlib.ExitStack() as stack:
        if fault == "disk really full":
            used = sum(-(-f.stat().st_size // 4096) * 4 for f in template.rglob("*") if f.is_file())
            stack.enter_context(disk(place, used + rng.randint(8, 450)))
            for part in template.iterdir():
                (shutil.copytree if part.is_dir() else shutil.copy2)(part, place / part.name)
            (place / "aside").mkdir()
            folder, aside = place / "workspace", place / "aside"
            os.environ["ENGAGE_KEY_FILE"] = str(place / "key")
        else:
            folder, aside = fresh(template, place)
        result = meet(rng, command, victim, fault, folder, aside, scratch, known)
        if fault == "disk really full":
            subprocess.run(["mount", "-o", "remount,size=64m", str(place)], check=True)
        after = finished(lambda: examine(folder, aside, command, result["done"]), scratch / "out")
        finished(lambda: go_on(folder, aside, command, after["stands"]), scratch / "out")
    return result | after | {"command": command, "fault": fault}


def meet(
    rng: random.Random,
    command: str,
    victim: str,
    fault: str,
    folder: Path,
    aside: Path,
    scratch: Path,
    known: dict[str, int],
) -> dict[str, Any]:
    """Run both writers and the reader, one writer meeting the fault; return who was told that it was done."""
    name = command if victim == "command" else "app"
    at = rng.randint(1, known[name])
    kind: faults.Fault = {FAULTS[0]: "kill", FAULTS[2]: "full"}.get(fault, "count")  # type: ignore[assignment]
    mine = {victim: (kind, at)}
    outs = {one: scratch / f"out-{one}" for one in ("command", "app", "reader")}
    for out in (*outs.values(), scratch / "stop"):
        out.unlink(missing_ok=True)
    watching = child(lambda: reader(folder, scratch / "stop"), outs["reader"])
    pids = {
        "app": child(lambda: app(folder, *mine.get("app", ("count", 0))), outs["app"]),
        "command": child(
            lambda: commanded(command, folder, aside, *mine.get("command", ("count", 0))), outs["command"]
        ),
    }
    if fault == FAULTS[1]:
        time.sleep(rng.uniform(0, 1.6))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pids[victim], signal.SIGKILL)
    told = {one: outcome(pid, outs[one]) for one, pid in pids.items()}
    (scratch / "stop").touch()
    seen = outcome(watching, outs["reader"])
    assert "returned" in seen, seen.get("failed", "the reader died")
    for one, document in told.items():
        assert "failed" not in document or one == victim or fault == FAULTS[3], document["failed"]
    done = {one: document.get("returned", [1])[0] == 0 for one, document in told.items()}
    other = "app" if victim == "command" else "command"
    refusable = (other, command) == ("command", "close")  # something was imported while it was computed
    assert fault == FAULTS[3] or done[other] or refusable, told
    return {"done": done, "looks": seen["returned"][0], "gone": seen["returned"][1]}


def run(numbers: Sequence[int], *, only: Sequence[str] = FAULTS) -> list[dict[str, Any]]:
    """Go through the points with these numbers, return what came of each; raise at the first wrong one."""
    found = []
    with TemporaryDirectory(prefix="durability-") as scratch_name:
        scratch = Path(scratch_name)
        template = scratch / "template"
        template.mkdir()
        os.environ["ENGAGE_KEY_FILE"] = str(template / "key")
        sentiment(["The queue is too long"])
        finished(lambda: build(template / "workspace", template / "files"), scratch / "out")
        known = places_of(template, scratch)
        for number in numbers:
            fault = only[number // len(COMMANDS) % len(only)]
            try:
                found.append(point(number, template, scratch, known, fault))
            except OSError as error:
                if "mounted" not in str(error):
                    raise
                found.append(point(number, template, scratch, known, FAULTS[2]))
            except AssertionError as error:
                raise AssertionError(f"point {number} ({fault}): {error}") from error
            if number % 50 == 49:
                print(f"{number + 1} points", file=sys.stderr, flush=True)
    return found


def table(found: Sequence[dict[str, Any]]) -> list[str]:
    """Return the lines of the page."""
    tried = Counter((one["fault"], one["command"]) for one in found)
    kinds = [fault for fault in FAULTS if any(one["fault"] == fault for one in found)]
    done = sum(sum(one["done"].values()) for one in found)
    return [
        f"{len(found):,} points; {sum(one['looks'] for one in found):,} looks of readers meanwhile. "
        f"Acknowledged: {done:,}, lost: 0. Seen in part: 0. "
        f"Writers that were refused or killed: {2 * len(found) - done}. "
        f"Taken back or finished by the next writer: {sum(one['left'] for one in found)}. "
        f"Readers that met a file just deleted: {sum(one['gone'] for one in found)}.",
        "",
        f"| command, with an import by the app | {' | '.join(kinds)} |",
        f"|---|{'---|' * len(kinds)}",
        *(f"| `{name}` | {' | '.join(str(tried[kind, name]) for kind in kinds)} |" for name in COMMANDS),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=560)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    lines = table(run(range(given.points)))
    print("\n".join(lines))
    if given.write:
        write_section(given.write, "durability", lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
