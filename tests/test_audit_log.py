"""The audit log: who did what, chained by hashes, whole after a crash and with several writers."""

import json
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from workspace_inputs import PULSE, answers, as_csv

from engage.cli import run
from engage.errors import InputError
from engage.store import AuditLog
from engage.workspace import Workspace


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    log = AuditLog(tmp_path / "audit.jsonl")
    assert log.check().entries == ()
    for i in range(4):
        log.append("analyst.frame", who="ann", rows=i)
    return log


def test_it_holds_who_codes_and_counts(log: AuditLog):
    digest = "0" * 64
    told = log.append("erase", who="李\n雷", originals=[digest], rows=1)
    entries = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert [(e["code"], e["rows"]) for e in entries[:4]] == [("analyst.frame", i) for i in range(4)]
    assert set(entries[0]) == {"at", "code", "who", "rows", "previous", "hash"}
    assert (entries[4]["who"], entries[4]["originals"], entries[4]["hash"]) == ("李雷", [digest], told)
    assert list(log.verify()) == entries
    assert log.check().last
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600
    with pytest.raises(TypeError, match="counts only"):
        log.append("analyst.frame", rows="Wang Fang")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="hash only"):
        log.append("erase", originals=["answers of Wang Fang.csv"])


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda lines: [lines[0].replace(b'"rows": 0', b'"rows": 9'), *lines[1:]], 1),
        (lambda lines: [lines[0].replace(b"ann", b"bob"), *lines[1:]], 1),
        (lambda lines: [lines[0], *lines[2:]], 2),
        (lambda lines: [*lines[:2], lines[3], lines[2]], 3),
        (lambda lines: [*lines, lines[-1]], 5),
        (lambda lines: [*lines[:2], lines[2][:20] + b"\n", lines[3]], 3),
        (lambda lines: [*lines, b"[]\n"], 5),
        (lambda lines: [*lines, b"\n"], 5),
    ],
    ids=["changed", "by another", "removed", "swapped", "repeated", "cut", "foreign", "empty"],
)
def test_the_first_broken_line_is_named(log: AuditLog, spoil, line: int):
    log.path.write_bytes(b"".join(spoil(log.path.read_bytes().splitlines(keepends=True))))
    for _ in range(2):
        assert log.check().broken == line
        with pytest.raises(InputError, match=f"Line {line} "):
            log.verify()
        log.append("workspace.opened", count=1)  # going on does not heal it
    assert json.loads(log.path.read_bytes().splitlines()[-1])["code"] == "workspace.opened"


@pytest.mark.parametrize("kept", [1, 40, -1])
def test_a_line_torn_by_a_crash_is_mended(log: AuditLog, kept: int):
    """Every byte of the last entry may be the last that reached the disk; what is before it stands."""
    whole = log.path.read_bytes()
    *_, last = whole.splitlines(keepends=True)
    log.path.write_bytes(whole[: len(whole) - len(last)] + last[:kept])
    assert len(log.verify()) == 3
    log.append("close", cells=7)
    entries = log.verify()
    assert [entry["code"] for entry in entries[3:]] == ["log_mended", "close"]
    assert entries[3]["bytes"] == len(last[:kept])


def test_a_log_of_one_torn_line_begins_anew(tmp_path: Path):
    log = AuditLog(tmp_path / "audit.jsonl")
    log.path.write_bytes(b'{"at": "2026')
    log.append("import", rows=1)
    assert [entry["code"] for entry in log.verify()] == ["log_mended", "import"]


def test_long_lines_are_read_whole(tmp_path: Path):
    log = AuditLog(tmp_path / "audit.jsonl")
    for _ in range(3):
        log.append("erase", originals=[f"{i:064x}" for i in range(2500)], rows=1)
    assert len(log.verify()) == 3


WRITER = """
import sys
from engage.store import AuditLog
log = AuditLog(sys.argv[1])
for i in range(int(sys.argv[3])):
    log.append(sys.argv[2], who=sys.argv[2], number=i)
    print("" if i else "ready\\n", end="", flush=True)
"""


def writer(log: AuditLog, mark: str, entries: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(log.path), mark, str(entries)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_and_a_killed_one_leave_a_whole_chain(log: AuditLog):
    with writer(log, "doomed", 1_000_000) as doomed, writer(log, "a", 40) as other:
        for one in (doomed, other):
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for i in range(40):
            log.append("b", number=i)
        doomed.send_signal(signal.SIGKILL)
    assert other.returncode == 0
    entries = log.verify()
    for mark in "ab":
        assert [e["number"] for e in entries if e["code"] == mark] == list(range(40))
    assert [e["number"] for e in entries if e["code"] == "doomed"][:1] == [0]


# -- in a workspace


def test_what_is_done_is_told_with_who_did_it(tmp_path: Path, capfd):
    space = Workspace(tmp_path / "ws", who="ann@example.org")
    space.import_file(as_csv(answers(PULSE, comments=True)), wave="w1", instrument=PULSE)
    space.close("w1")
    space.frame()
    space.tone("theme")
    (space.path / "policy.yaml").write_text("scores_k: 6\n", encoding="utf-8")
    assert space.policy.scores_k == 6
    entries = Workspace(space.path).audit_log().entries
    assert [entry["code"] for entry in entries] == ["import", "close", "frame", "tone", "policy"]
    assert {entry["who"] for entry in entries} == {"ann@example.org"}
    assert Workspace(space.path).who

    asked = ["audit", "--log", "--workspace", str(space.path), "--lang", "en"]
    assert run(asked) == 0
    out = capfd.readouterr().out
    assert "ann@example.org  close  " in out
    assert space.audit_log().last in out
    assert run([*asked, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["whole"] is True
    log = space.path / "audit.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"frame"', b'"trend"'))
    for form in ([], ["--json"]):
        assert run([*asked, *form]) == 1
        assert "Line 3 of the audit log" in "".join(capfd.readouterr())
