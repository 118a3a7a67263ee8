"""``engage sentiment`` on files larger than memory, and on runs that were stopped half way."""

import csv
import io
import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from engage.cli import output, run, scoring
from engage.errors import Rejected, UsageError
from engage.ingest import encodings
from engage.ingest.encodings import decode, recognised
from engage.ingest.files import read_table
from engage.ingest.streaming import _FileBytes, open_rows
from engage.text import sentiment, sentiment_blocks
from engage.words import LANGUAGES, say

CANARY = "王小明说经理扣了他的奖金"
SAID = (
    "工资太低了，而且“从不”涨",
    "排班表出得太晚\n每个月都这样",
    'She said "fine", but the rota is late',
    "Спасибо ночной смене; всё отлично",
    "",
    "无",
    "I love my team,\r\nreally",
    "=1+1 is all the pay slip says",
    "  leading space, trailing too  ",
)
ROWS = 230


def rows(count: int = ROWS) -> list[list[str]]:
    picked = itertools.islice(itertools.cycle(SAID), count)
    return [[str(n), f"{text}{n}" if text else "", f"t{n % 4}"] for n, text in enumerate(picked)]


def write(path: Path, body: list[list[str]], encoding: str = "utf-8", delimiter: str = ",") -> Path:
    with path.open("w", encoding=encoding, newline="", errors="replace") as file:
        csv.writer(file, delimiter=delimiter).writerows([["no", "text", "team"], *body])
    return path


def score(
    file: Path, out: Path, stop_at: int | None = None, column: str = "text", **reader
) -> scoring.Scored:
    """Score a file; ``stop_at`` ends the run once so many rows are kept, as Ctrl+C would."""

    def progress(_step: str, done: int, _of: int) -> None:
        if stop_at is not None and done >= stop_at:
            raise KeyboardInterrupt

    return scoring.score_file(
        file, column, out, scoring.Reader(**reader), progress=progress, began=lambda *_: None
    )


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(scoring, "BLOCK_ROWS", 30)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[Path, bytes]:
    """A file and what an uninterrupted run makes of it."""
    folder = tmp_path_factory.mktemp("whole")
    file = write(folder / "in.csv", rows())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "BLOCK_ROWS", 30)
        score(file, folder / "out.csv")
    return file, (folder / "out.csv").read_bytes()


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [
        ("gb18030", ";"),
        ("utf-16", "\t"),
        *(pytest.param(*one, marks=pytest.mark.rest) for one in (("utf-8-sig", ","), ("utf-8", "|"))),
        pytest.param("utf-16-le", ",", marks=pytest.mark.rest),
    ],
)
def test_streamed_is_what_a_frame_gives(encoding, delimiter, tmp_path):
    file = write(tmp_path / "in.csv", rows(), encoding, delimiter)
    score(file, tmp_path / "out.csv")
    table = read_table(file)
    assert list(table["text"]) == [row[1] for row in rows()]
    expected = sentiment(table["text"])
    found = pd.read_csv(tmp_path / "out.csv", keep_default_na=False, dtype=str, encoding="utf-8-sig")
    assert list(found.columns) == ["no", "text", "team", *expected.columns]
    for name in ("no", "text", "team"):
        masked = ["'" + cell if cell.startswith("=") else cell for cell in table[name]]
        assert list(found[name]) == masked
    for name in ("language", "tone", "intent", "theme"):
        assert list(found[name]) == list(expected[name].fillna(""))
    scores = pd.to_numeric(found["tone_score"]).to_numpy()
    np.testing.assert_array_equal(scores, expected["tone_score"].to_numpy())


def test_the_file_written_is_the_one_a_frame_writes(whole):
    file, written = whole
    table = read_table(file)
    table["text"] = ["'" + cell if cell.startswith("=") else cell for cell in table["text"]]
    text = pd.concat([table, sentiment(read_table(file)["text"])], axis=1)
    assert written == text.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def test_a_workbook_gives_the_same(whole, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in [["no", "text", "team"], *rows()]:
        book.active.append(["'" + cell if cell.startswith("=") else cell for cell in row])
    book.save(tmp_path / "in.xlsx")
    done = score(tmp_path / "in.xlsx", tmp_path / "out.csv")
    assert done.rows == ROWS
    found = pd.read_csv(tmp_path / "out.csv", dtype=str)
    expected = pd.read_csv(io.BytesIO(whole[1]), dtype=str)
    for name in ("no", "language", "tone", "tone_score", "theme"):
        same = expected["text"].fillna("").str.startswith("'=")  # the workbook holds the apostrophe
        assert list(found[name][~same].fillna("")) == list(expected[name][~same].fillna(""))


@pytest.mark.rest
def test_two_processes_write_the_same(whole, tmp_path):
    score(whole[0], tmp_path / "out.csv", workers=2)
    assert (tmp_path / "out.csv").read_bytes() == whole[1]


@pytest.mark.parametrize("stop_at", [30, 210])
def test_a_stopped_run_is_taken_up_where_it_was(whole, tmp_path, stop_at):
    out = tmp_path / "out.csv"
    with pytest.raises(KeyboardInterrupt):
        score(whole[0], out, stop_at)
    assert {path.name for path in tmp_path.iterdir()} == {"out.csv.unfinished", "out.csv.unfinished.log"}
    assert whole[1].startswith((tmp_path / "out.csv.unfinished").read_bytes())
    assert score(whole[0], out).kept == stop_at
    assert out.read_bytes() == whole[1]
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def _torn_log(part: Path, log: Path) -> int:
    log.write_bytes(log.read_bytes()[:-9])
    return 90


def _torn_block(part: Path, log: Path) -> int:
    part.write_bytes(part.read_bytes()[:-20])
    return 90


def _half_a_block_more(part: Path, log: Path) -> int:
    part.write_bytes(part.read_bytes() + b"121,half a blo")
    return 120


def _changed_block(part: Path, log: Path) -> int:
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(bytes(content))
    return 60


def _lost_log(part: Path, log: Path) -> int:
    log.write_bytes(b"")
    return 0


@pytest.mark.parametrize("harm", [_torn_log, _torn_block, _half_a_block_more, _changed_block, _lost_log])
def test_what_a_kill_or_a_power_cut_leaves_is_not_trusted(harm, whole, tmp_path):
    out = tmp_path / "out.csv"
    with pytest.raises(KeyboardInterrupt):
        score(whole[0], out, 120)
    kept = harm(tmp_path / "out.csv.unfinished", tmp_path / "out.csv.unfinished.log")
    assert score(whole[0], out).kept == kept
    assert out.read_bytes() == whole[1]
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.parametrize("change", ["file", "column", pytest.param("method", marks=pytest.mark.rest)])
def test_another_job_begins_anew_and_says_so(change, tmp_path, capfd):
    file, out = write(tmp_path / "in.csv", rows()), tmp_path / "out.csv"
    with pytest.raises(KeyboardInterrupt):
        score(file, out, 120)
    if change == "file":
        write(file, [[*row[:2], "changed"] for row in rows()])
    args = ["--column", "team" if change == "column" else "text"]
    args += ["--method", "snownlp"] if change == "method" else []
    assert run(["sentiment", str(file), *args, "--out", str(out), "--lang", "en"]) == 0
    assert say("cli.begun_anew", "en", out=out, rows=0) in capfd.readouterr().err
    scores = sentiment(read_table(file)[args[1]], method="snownlp" if change == "method" else "model")
    found = pd.read_csv(out, dtype=str, keep_default_na=False)
    assert list(found["language"]) == list(scores["language"])
    assert list(found["tone"]) == list(scores["tone"].fillna(""))
    assert set(found["team"]) == ({"changed"} if change == "file" else {"t0", "t1", "t2", "t3"})


def test_the_command_says_that_it_goes_on_and_how_fast(whole, tmp_path, capfd):
    out = tmp_path / "out.csv"
    with pytest.raises(KeyboardInterrupt):
        score(whole[0], out, 120)
    for lang in LANGUAGES:
        assert "120" in say("cli.resumed", lang, rows=120, out=out)
    assert run(["sentiment", str(whole[0]), "--column", "text", "--out", str(out), "--json"]) == 0
    said = capfd.readouterr()
    assert say("cli.resumed", "en", rows=120, out=out) in said.err
    assert say("cli.step.comments", "en", done=ROWS, of=ROWS) in said.err
    assert '"kept": 120' in said.out
    assert out.read_bytes() == whole[1]


def test_pace_counts_from_where_the_run_began(monkeypatch, capfd):
    clock = iter([100.0, 104.0, 104.5, 110.0])
    monkeypatch.setattr(output.time, "monotonic", lambda: next(clock))
    pace = output.Pace("en")
    for done in (1000, 3000, 3500, 6000):
        pace("comments", done, 9000)
    lines = capfd.readouterr().err.splitlines()
    assert lines == [
        "Reading the comments: 1000 of 9000",
        "Reading the comments: 3000 of 9000 (500 a second, 0:12 left)",
        "Reading the comments: 6000 of 9000 (500 a second, 0:06 left)",
    ]


def test_two_runs_for_one_output_are_refused(whole, tmp_path):
    out = tmp_path / "out.csv"
    with FileLock(tmp_path / "out.csv.unfinished.lock"), pytest.raises(UsageError) as caught:
        score(whole[0], out)
    assert caught.value.code == "cli.busy"
    assert score(whole[0], out).rows == ROWS


def test_nothing_of_a_comment_is_logged(tmp_path, capfd):
    file = write(tmp_path / "in.csv", [[str(n), f"{CANARY}{n}", CANARY] for n in range(100)])
    with pytest.raises(KeyboardInterrupt):
        score(file, tmp_path / "out.csv", 60)
    log = (tmp_path / "out.csv.unfinished.log").read_text("utf-8")
    assert run(["sentiment", str(file), "--column", "text", "--out", str(tmp_path / "out.csv")]) == 0
    said = capfd.readouterr()
    for part in (CANARY, CANARY[:4], "\\u738b"):
        assert part not in log + said.out + said.err
    broken = tmp_path / "broken.csv"
    broken.write_text(file.read_text("utf-8") + f'101,"{CANARY},x\nmore', "utf-8")
    assert run(["sentiment", str(broken), "--column", "text", "--out", str(tmp_path / "o.csv")]) == 1
    said = capfd.readouterr()
    assert CANARY[:4] not in said.out + said.err


FAULTS = {
    "row_too_long": ("7,one, two and three,t1\n", 82, 1),
    "quote_open": ('7,"never closed,t1\n', 82, 1),
    "nul_bytes": ("7,a\0b,t1\n", 82, 1),
    "cell_too_long": (f'7,"{"x" * 140_000}",t1\n', 82, 1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_middle_is_named_with_its_row(fault, tmp_path, capfd):
    line, row, count = FAULTS[fault]
    head = "no,text,team\n" + "".join(f"{n},plain text {n},t1\n" for n in range(80))
    tail = "".join(f"{n},plain text {n},t1\n" for n in range(60))
    file = tmp_path / "in.csv"
    file.write_text(head + line + tail, "utf-8")
    with pytest.raises(Rejected) as caught:
        open_rows(file)
    (problem,) = caught.value.problems
    assert (problem.code, problem.row, problem.count) == (f"ingest.{fault}", row, count)
    for lang in LANGUAGES:
        args = ["sentiment", str(file), "--column", "text", "--out", str(tmp_path / "o.csv")]
        assert run([*args, "--lang", lang]) == 1
        said = capfd.readouterr()
        assert say("cli.place.row", lang, row=row) in said.err
        assert said.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_blank_cells_beyond_the_header_and_short_rows_do_no_harm(tmp_path):
    (tmp_path / "in.csv").write_text("no,text,team\n1,good work,a,,\n2,bad rota\n\n4,ok,b\n\n,,\n", "utf-8")
    table = open_rows(tmp_path / "in.csv")
    found = [["1", "good work", "a"], ["2", "bad rota", ""], ["", "", ""], ["4", "ok", "b"]]
    assert (table.rows, list(table.records())) == (4, found)
    assert list(table.records()) == found


@pytest.mark.parametrize("step", [7, 64, 1 << 20])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "big5", "cp1251", "koi8-r", "cp1252",
                                      "utf-16", "utf-16-be"])  # fmt: skip
def test_an_encoding_is_told_by_slices_as_by_the_whole(encoding, step, tmp_path, monkeypatch):
    monkeypatch.setattr(encodings, "_STEP", step)
    text = {"big5": "請問年假怎麼算？排班太亂了，希望早點公佈。", "cp1252": "Café crème, naïve façade. "}.get(
        encoding,
        "Спасибо ночной смене, всё отлично. " if encoding in ("cp1251", "koi8-r") else "排班太乱了，a。",
    )
    data = ("a,b\n" + f"1,{text}\n" * 40).encode(encoding, "ignore")
    (tmp_path / "f").write_bytes(data)
    with (tmp_path / "f").open("rb") as file:
        by_slices = recognised(_FileBytes(file)).encoding
    assert by_slices == decode(data).encoding == recognised(data).encoding
    assert text in data.decode(by_slices)
    broken = b"\xff" + data if encoding == "utf-8" else data
    if broken is not data:
        assert decode(broken).encoding == "utf-8"
        assert decode(broken).bad == 1


def test_blocks_are_read_one_at_a_time_and_equal_the_whole():
    texts = [row[1] for row in rows()]
    taken = []

    def blocks():
        for start in range(0, len(texts), 50):
            taken.append(start)
            yield texts[start : start + 50]

    found = sentiment_blocks(blocks())
    parts = [next(found)]
    assert taken == [0]
    parts += list(found)
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), sentiment(texts), check_exact=True)
    with pytest.raises(UsageError) as caught:
        next(sentiment_blocks([["x"]], method="magic"))  # type: ignore[arg-type]
    assert caught.value.code == "text.method"


LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks at processes in /proc")
PROGRAM = (
    "import pathlib, re, sys, engage.cli.scoring as s; from engage.cli import run;"
    "s.BLOCK_ROWS = int(sys.argv[1]);"
    "code = run(sys.argv[2:]);"
    "status = pathlib.Path('/proc/self/status').read_text();"  # ru_maxrss would count the test process, too
    "print('peak', *re.findall(r'VmHWM:\\s+(\\d+)', status)); sys.exit(code)"
)


def command(block: int, file: Path, out: Path, workers: int) -> list[str]:
    args = ["sentiment", str(file), "--column", "text", "--out", str(out), "--workers", str(workers)]
    return [sys.executable, "-c", PROGRAM, str(block), *args]


def children(pid: int) -> set[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return {int(child) for child in found.read_text().split()} if found.exists() else set()


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@LINUX
@pytest.mark.parametrize(
    "workers", [pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.rest)]
)
def test_a_killed_run_leaves_no_process_and_is_taken_up(workers, tmp_path):
    file, out = write(tmp_path / "in.csv", rows(4_000)), tmp_path / "out.csv"
    log = tmp_path / "out.csv.unfinished.log"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    killed = subprocess.Popen(command(200, file, out, workers), env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (log.exists() and log.read_bytes().count(b"\n") > 3):
        assert killed.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    helpers = children(killed.pid)
    assert len(helpers) >= workers - (workers == 1)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not out.exists()
    while any(map(alive, helpers)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    again = subprocess.run(
        command(200, file, out, workers), env=environment, capture_output=True, text=True, check=True
    )
    assert say("cli.resumed", "en", rows="{}").partition("{}")[0] in again.stderr
    clean = tmp_path / "clean.csv"
    subprocess.run(command(200, file, clean, 1), env=environment, capture_output=True, check=True)
    assert out.read_bytes() == clean.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "out.csv", "clean.csv"}


@pytest.mark.rest
@LINUX
def test_memory_does_not_grow_with_the_file(tmp_path):
    """Four times the rows, 40 MB more of them; reading them whole would take that and more."""
    filler = "the rota came late and the heating was off again in the evening " * 12
    peaks = []
    for count in (15_000, 60_000):
        body = [[str(n), f"row {n}: nobody answers", f"{n} {filler}"] for n in range(count)]
        file = write(tmp_path / f"{count}.csv", body)
        done = subprocess.run(
            command(5_000, file, tmp_path / f"{count}.out.csv", 1), capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout.split("peak ")[1]) / 1024)
    assert peaks[1] - peaks[0] < 15, peaks
    assert peaks[1] < 400, peaks
