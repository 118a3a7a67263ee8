"""Every command: what it prints, what it returns, and that a fault is a sentence and never a traceback."""

import csv
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engage.cli import run
from engage.words import LANGUAGES, say

CANARY = "王小明说经理扣了他的奖金"
SCALES = {
    "pay": "hygiene",
    "status": "hygiene",
    "growth": "motivator",
    "recognition": "motivator",
    "engagement": "outcome",
}
DRIVER_COLUMNS = {"outcome", "driver", "estimate", "std_error", "ci_low", "ci_high", "p_value", "importance"}


def instrument() -> str:
    """A small questionnaire: five scales of two items, a team, an open question."""
    agree = ", ".join(f"{{value: {v}, en: a{v}, zh: 答{v}}}" for v in range(1, 6))
    lines = [
        "instrument: small",
        "version: 1",
        "name: {en: Small, zh: 小问卷}",
        "source: made for a test",
        "licence: CC0-1.0",
        f"responses: {{agree5: [{agree}]}}",
        "scales:",
    ]
    for scale, role in SCALES.items():
        items = ", ".join(f"{scale}_{i}: {{en: Item {scale} {i}, zh: 题目 {scale} {i}}}" for i in (1, 2))
        lines.append(
            f"  {scale}: {{role: {role}, name: {{en: {scale.title()}, zh: 量表{scale}}}, responses: agree5,"
            f" items: {{{items}}}}}"
        )
    lines += [
        "demographics: {team: {name: {en: Team, zh: 班组}, text: {en: Your team, zh: 您的班组}}}",
        "questions: {change: {en: 'What should we change?', zh: 我们应该改变什么？}}",
    ]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A folder with a questionnaire, answers of 120 people in four teams, faulty answers and comments."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "small.yaml").write_text(instrument(), encoding="utf-8")
    rng = np.random.default_rng(20)
    mood = rng.normal(size=(120, 1))
    answers = np.clip(np.rint(3.4 + 0.6 * mood + rng.normal(size=(120, 10))), 1, 5).astype(int)
    items = [f"{scale}_{i}" for scale in SCALES for i in (1, 2)]
    table = pd.DataFrame(answers, columns=items)
    table.insert(0, "team", [f"班组{i % 4 + 1}" for i in range(120)])
    table.insert(0, "respondent", [f"E{i:03}" for i in range(120)])
    table["change"] = [
        ("工资太低，加班太多" if i % 3 else "培训很好，谢谢") if i % 2 else "" for i in range(120)
    ]
    table.to_csv(folder / "answers.csv", index=False, encoding="gb18030")
    faulty = table.astype({"pay_1": object})
    faulty.loc[3, "pay_1"] = "77"
    faulty.to_csv(folder / "faulty.csv", index=False)
    comments = pd.DataFrame(
        {
            "no": range(1, 6),
            "text": ["工资太低", "The training is great", "", "=1+1", "Очень плохой график"],
            "language": ["-5", "+7", "x", "", "y"],
        }
    )
    comments.to_csv(folder / "comments.csv", index=False, encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in ("ENGAGE_WORKSPACE", "ENGAGE_LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")


@pytest.fixture
def ask(capsys):
    """Run a command in this process; return its exit code, its stdout and its stderr."""

    def ask(*args: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run([str(arg) for arg in args])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        return code, printed.out, printed.err

    return ask


@pytest.fixture
def ask_json(ask):
    """Run a command with ``--json``; return its exit code and the one document on stdout."""

    def ask_json(*args: object) -> tuple[int, dict]:
        code, out, _ = ask(*args, "--json")
        return code, json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))

    return ask_json


@pytest.fixture(scope="module")
def surveyed(files, tmp_path_factory) -> Path:
    """A workspace with one closed wave. Read, don't write."""
    from engage.workspace import Workspace

    space = Workspace(tmp_path_factory.mktemp("surveyed") / "workspace")
    space.import_file(files / "answers.csv", wave="2026H1", instrument=str(files / "small.yaml"))
    space.close("2026H1")
    return space.path


def test_the_way_of_a_survey(files, tmp_path, ask_json):
    """check → import → waves → close → scores → undo."""
    at = ("--workspace", tmp_path / "space")
    told = ("--instrument", files / "small.yaml")

    code, checked = ask_json("check", files / "answers.csv", *told, *at)
    assert code == 0
    assert set(checked) == {
        "dialect", "encoding", "delimiter", "rows", "respondents", "instrument", "items", "comments",
        "demographics", "ignored", "problems", "preview",
    }  # fmt: skip
    assert (checked["rows"], checked["respondents"], checked["instrument"]) == (120, 120, "small")
    assert checked["items"]["pay_1"] == "pay_1"
    assert checked["encoding"] == "gb18030"
    assert not (tmp_path / "space").exists()

    code, done = ask_json(
        "import", files / "answers.csv", "--kind", "responses", "--wave", "2026H1", *told, *at
    )
    assert code == 0
    assert set(done) == {"import_id", "kind", "wave", "rows", "comments", "instrument", "waits", "problems"}
    assert (done["kind"], done["wave"], done["rows"], done["comments"]) == ("responses", "2026H1", 120, 60)

    code, waves = ask_json("waves", *at)
    assert (code, waves["kind"]) == (0, "waves")
    assert [(row["wave"], row["state"], row["n"]) for row in waves["rows"]] == [("2026H1", "open", None)]

    code, closed = ask_json("close", "2026H1", *at)
    assert (code, closed["kind"]) == (0, "scores")
    assert {row["scale"] for row in closed["rows"]} >= set(SCALES)

    code, scores = ask_json("scores", *at, "--by", "team", "--where", "team=班组1")
    assert code == 0
    assert {row["team"] for row in scores["rows"]} == {"班组1"}
    assert list(scores["rows"][0]) == [
        "team", "scale", "n", "n_band", "mean", "favourable", "ci_low", "ci_high", "hidden_reason",
    ]  # fmt: skip

    code, undone = ask_json("undo", "2026H1", *at)
    assert (code, undone) == (0, {"undone": done["import_id"], "wave": "2026H1", "kind": "responses"})
    assert ask_json("waves", *at)[1]["rows"] == []


def test_drivers_and_comments(surveyed, ask_json):
    code, drivers = ask_json("drivers", "--outcome", "engagement", "--workspace", surveyed)
    assert (code, drivers["kind"], drivers["notes"]["outcome"]) == (0, "drivers", "engagement")
    assert set(drivers["rows"][0]) >= DRIVER_COLUMNS
    code, comments = ask_json("comments", "--workspace", surveyed)
    assert (code, comments["kind"]) == (0, "tone")
    assert set(comments["rows"][0]) >= {"question", "source", "theme", "n", "negative", "positive"}


@pytest.mark.rest
def test_demo_prints_headlines(sample_workspace, monkeypatch, ask, ask_json):
    from engage.workspace import Workspace

    fit = Workspace.drivers
    fitted = functools.cache(lambda outcome: fit(Workspace(sample_workspace), outcome))
    monkeypatch.setattr(Workspace, "drivers", lambda _self, outcome: fitted(outcome))  # each takes seconds
    at = ("demo", "--no-app", "--workspace", sample_workspace)
    code, document = ask_json(*at)
    assert code == 0
    assert set(document) == {"scores", "engagement", "attrition", "service"}
    assert all(set(table) == {"kind", "notes", "rows"} and table["rows"] for table in document.values())
    for outcome in ("engagement", "attrition", "service"):
        assert set(document[outcome]["rows"][0]) >= DRIVER_COLUMNS
    said = {lang: ask(*at, "--lang", lang)[1] for lang in LANGUAGES}
    assert len(set(said.values())) == 3
    assert all(len(lines.splitlines()) >= 5 for lines in said.values())


def test_demo_leaves_a_workspace_of_ones_own_alone(surveyed, ask_json):
    code, document = ask_json("demo", "--no-app", "--workspace", surveyed)
    assert (code, document["error"]["code"]) == (2, "workspace.not_sample")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "command", [["waves"], ["joins"], ["scores"], ["scores", "--by", "team"], ["comments"]], ids=" ".join
)
def test_tables_are_printed_in_words(command, lang, surveyed, ask):
    code, out, _ = ask(*command, "--workspace", surveyed, "--lang", lang)
    assert code == 0
    assert len(out.splitlines()) > 1
    assert "NaN" not in out
    assert "hidden_reason" not in out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_check_is_printed_in_words(lang, files, tmp_path, ask):
    code, out, _ = ask(
        "check", files / "faulty.csv", "--instrument", files / "small.yaml", "--lang", lang,
        "--workspace", tmp_path,
    )  # fmt: skip
    assert code == 1
    assert say("cli.severity.error", lang) in out
    assert "pay_1" in out
    assert "team" in out


def test_a_faulty_file_is_refused_whole(files, tmp_path, ask, ask_json):
    told = ("--instrument", files / "small.yaml", "--workspace", tmp_path / "space")
    code, checked = ask_json("check", files / "faulty.csv", *told)
    assert code == 1
    (fault,) = [problem for problem in checked["problems"] if problem["severity"] == "error"]
    assert set(fault) >= {"severity", "row", "column", "reason", "remedy", "count"}
    assert (fault["row"], fault["column"]) == (5, "pay_1")
    command = ("import", files / "faulty.csv", "--kind", "responses", "--wave", "w", *told)
    code, refused = ask_json(*command)
    assert (code, refused["error"]["code"]) == (1, "workspace.rejected")
    assert fault in refused["problems"]
    assert ask_json("waves", "--workspace", tmp_path / "space")[1]["rows"] == []
    code, out, err = ask(*command)
    assert (code, out) == (1, "")
    assert fault["reason"] in err


FAULTS = {
    "unknown command": (["bogus"], 2, "cli.usage"),
    "no kind": (["import", "FILE"], 2, "cli.usage"),
    "unknown option": (["waves", "--colour"], 2, "cli.usage"),
    "port out of range": (["app", "--port", "70000"], 2, "cli.usage"),
    "no command": ([], 2, "cli.no_command"),
    "no file": (["check", "nowhere.csv"], 2, "ingest.no_file"),
    "folder for a file": (["check", "."], 2, "ingest.no_file"),
    "no mapping": (["check", "FILE", "--mapping", "nowhere.yaml"], 2, "ingest.no_mapping"),
    "unknown kind": (["check", "FILE", "--kind", "people2"], 2, "cli.unknown_kind"),
    "unknown instrument": (["check", "FILE", "--instrument", "nosuch"], 2, "instrument.unknown"),
    "no wave": (["import", "FILE", "--kind", "responses"], 2, "workspace.wave_needed"),
    "unknown wave": (["scores", "--wave", "1999"], 2, "workspace.unknown_wave"),
    "unknown group": (["scores", "--by", "shoe"], 2, "workspace.unknown_demographic"),
    "half a condition": (["scores", "--where", "team"], 2, "cli.where_form"),
    "unknown outcome": (["drivers", "--outcome", "weather"], 2, "workspace.unknown_outcome"),
    "closed wave": (["close", "2026H1"], 2, "workspace.wave_is_closed"),
    "nothing to undo": (["undo", "1999"], 2, "workspace.nothing_to_undo"),
    "too little data": (["drivers", "--outcome", "service"], 1, "workspace.no_service"),
    "unknown column": (["sentiment", "FILE", "--column", "c", "--out", "o.csv"], 2, "cli.no_column"),
    "unknown language": (["waves", "--lang", "fr"], 2, "cli.unknown_language"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_says_what_and_where_and_how_to_mend_it(fault, files, surveyed, ask, ask_json):
    args, exit_code, error_code = FAULTS[fault]
    args = [str(files / "answers.csv") if arg == "FILE" else arg for arg in args]
    if args:
        args += ["--workspace", str(surveyed)]
    code, document = ask_json(*args)
    assert (code, document["error"]["code"]) == (exit_code, error_code)
    assert set(document["error"]) == {"code", "what", "where", "remedy"}
    assert document["error"]["what"]
    assert document["error"]["remedy"]
    assert document["error"]["where"] or error_code == "workspace.no_service"
    if args:
        code, out, err = ask(*args)
        assert (code, out) == (exit_code, "")
        assert document["error"]["what"] in err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_errors_speak_three_languages(lang, surveyed, ask_json):
    for args in (["scores", "--by", "shoe"], ["bogus"]):
        code, document = ask_json(*args, "--lang", lang, "--workspace", surveyed)
        assert code == 2
        assert (
            say(f"{document['error']['code']}.remedy", lang, known=("team",), command="engage")
            == (document["error"]["remedy"])
        )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_unexpected_fault_quotes_no_data(lang, surveyed, monkeypatch, ask, ask_json):
    from engage.workspace import Workspace

    def broken(*_args, **_kwargs):
        raise ValueError(CANARY)

    monkeypatch.setattr(Workspace, "scores", broken)
    code, out, err = ask("scores", "--workspace", surveyed, "--lang", lang)
    assert (code, out) == (3, "")
    assert err.strip() == " ".join(
        (say("cli.internal.what", lang, kind="ValueError"), say("cli.internal.remedy", lang))
    )
    code, document = ask_json("scores", "--workspace", surveyed)
    assert (code, document["error"]["code"]) == (3, "cli.internal")
    assert CANARY not in json.dumps(document, ensure_ascii=False)


def test_flags_stand_before_or_after(surveyed, ask):
    for args in (
        ["waves", "--json", "--workspace", surveyed],
        ["--json", "--workspace", surveyed, "waves"],
        ["--workspace", "elsewhere", "waves", "--json", "--workspace", surveyed],
    ):
        code, out, _ = ask(*args)
        assert code == 0
        assert len(json.loads(out)["rows"]) == 1


def test_a_flag_wins_over_the_environment_and_that_over_the_workspace(
    files, tmp_path, surveyed, monkeypatch, ask, ask_json
):
    def remedy(*args: str) -> str:
        return ask_json("bogus", *args)[1]["error"]["remedy"]

    words = {lang: say("cli.usage.remedy", lang, command="engage") for lang in LANGUAGES}
    assert remedy() == words["en"]
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert remedy() == words["zh"]
    monkeypatch.setenv("LANG", "ru_RU.UTF-8")
    assert remedy() == words["ru"]
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    assert remedy() == words["en"]

    space = tmp_path / "space"
    ask("import", files / "answers.csv", "--kind", "responses", "--wave", "w", "--workspace", space,
        "--instrument", files / "small.yaml")  # fmt: skip
    file = space / "workspace.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "lang": "ru"}))
    monkeypatch.setenv("ENGAGE_WORKSPACE", str(space))
    assert remedy() == words["ru"]
    assert len(ask_json("waves")[1]["rows"]) == 1
    monkeypatch.setenv("ENGAGE_LANG", "zh")
    assert remedy() == words["zh"]
    assert remedy("--lang", "en") == words["en"]
    assert remedy("--lang=en") == words["en"]
    assert ask_json("waves", "--workspace", surveyed)[1]["rows"][0]["wave"] == "2026H1"
    monkeypatch.setenv("ENGAGE_LANG", "tlh")
    assert ask_json("waves")[1]["error"]["where"] == "ENGAGE_LANG"


def test_sentiment_keeps_the_file_and_adds_five_columns(files, tmp_path, ask, ask_json):
    out = tmp_path / "scored.csv"
    before = (files / "comments.csv").read_bytes()
    code, printed, err = ask("sentiment", files / "comments.csv", "--column", "text", "--out", out)
    assert code == 0
    assert str(out) in printed
    assert say("cli.step.comments", "en", done=5, of=5) in err
    assert (files / "comments.csv").read_bytes() == before
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(out.read_text(encoding="utf-8-sig").splitlines()))
    assert list(rows[0]) == [
        "no", "text", "language", "language_2", "tone", "tone_score", "intent", "theme",
    ]  # fmt: skip
    assert [row["no"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert [row["language"] for row in rows] == ["-5", "+7", "x", "", "y"]
    assert [row["language_2"] for row in rows] == ["zh", "en", "none", "none", "ru"]
    assert rows[3]["text"] == "'=1+1"
    assert (rows[1]["tone"], rows[2]["tone"]) == ("positive", "")
    assert 0 <= float(rows[0]["tone_score"]) <= 1
    code, document = ask_json("sentiment", files / "comments.csv", "--column", "text", "--out", out)
    assert (code, document["rows"], document["columns"]["language"]) == (0, 5, "language_2")
    assert [path.name for path in tmp_path.iterdir()] == ["scored.csv"]


def test_sentiment_refuses_what_would_lose_something(files, tmp_path, ask_json):
    source = tmp_path / "in.csv"
    source.write_bytes((files / "comments.csv").read_bytes())
    alias = tmp_path / "alias.csv"
    alias.symlink_to(source)
    twice = tmp_path / "twice.csv"
    twice.write_text("text,text\na,b\n")
    for args, code, name in (
        ([source, "--column", "text", "--out", source], 2, "cli.same_file"),
        ([source, "--column", "text", "--out", alias], 2, "cli.same_file"),
        ([source, "--column", "text", "--out", tmp_path / "no" / "o.csv"], 2, "cli.cannot_write"),
        ([source, "--column", "text", "--out", tmp_path], 2, "cli.cannot_write"),
        ([source, "--column", "txt", "--out", tmp_path / "o.csv"], 2, "cli.no_column"),
        ([twice, "--column", "text", "--out", tmp_path / "o.csv"], 1, "cli.column_twice"),
    ):
        done, document = ask_json("sentiment", *args)
        assert (done, document["error"]["code"]) == (code, name)
    assert "text" in ask_json("sentiment", source, "--column", "txt", "--out", "o.csv")[1]["error"]["remedy"]
    assert source.read_bytes() == (files / "comments.csv").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alias.csv", "in.csv", "twice.csv"]


def test_help_needs_no_heavy_library():
    heavy = ("pandas", "numpy", "ibis", "altair", "streamlit", "sklearn", "snownlp", "deltalake")
    code = (
        "import sys; from engage.cli import run; assert run(['--help']) == 0;"
        f"print('loaded:', [m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("loaded: []")
    for command in (
        "demo",
        "check",
        "import",
        "close",
        "waves",
        "joins",
        "undo",
        "scores",
        "drivers",
        "comments",
    ):
        assert f" {command} " in done.stdout


def test_a_console_without_unicode_gets_an_answer(surveyed):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "engage", "waves", "--lang", "zh", "--workspace", str(surveyed)]
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"2026H1" in done.stdout


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_stops_early_gets_no_traceback(unbuffered, surveyed):
    command = [sys.executable, "-m", "engage", "waves", "--json", "--workspace", str(surveyed)]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


def test_a_taken_port_is_said_before_anything_is_built(tmp_path, ask_json):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for command in ("app", "demo"):
            code, document = ask_json(command, "--port", port, "--workspace", tmp_path / "space")
            assert (code, document["error"]["code"]) == (2, "cli.port_taken")
    assert not (tmp_path / "space").exists()


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's list of sockets")
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_the_app_serves_this_machine_only_and_ends_when_told(ending, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "engage", "app", "--port", str(port), "--json", "--lang", "en"]
    with subprocess.Popen(
        [*command, "--workspace", str(tmp_path / "space")],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as server:
        try:
            wait_until_served(port)
            assert listening_on(port) == {"0100007F"}
        finally:
            server.send_signal(ending)
        out, err = server.communicate(timeout=20)
    assert json.loads(out) == {"url": f"http://127.0.0.1:{port}"}
    assert f"http://127.0.0.1:{port}".encode() in err
    assert b"Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.killpg(server.pid, 0)
    assert listening_on(port) == set()


def wait_until_served(port: int) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(300):
        try:
            with opener.open(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
                assert answer.status == 200
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    pytest.fail("the app did not start within 30 seconds")


def listening_on(port: int) -> set[str]:
    """Return the addresses on which somebody listens on ``port``, as the kernel writes them."""
    listed = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
    rows = [line.split() for path in listed if path.exists() for line in path.read_text().splitlines()[1:]]
    places = [row[1].split(":") for row in rows if row[3] == "0A"]
    return {address for address, hexport in places if int(hexport, 16) == port}


def test_questionnaires_are_listed_with_the_workspaces_own(ask, ask_json, tmp_path):
    folder = tmp_path / "surveys"
    folder.mkdir()
    (folder / "own.yaml").write_text(instrument(), encoding="utf-8")
    (folder / "broken.yaml").write_text("instrument: broken", encoding="utf-8")
    code, found = ask_json("instruments", "--workspace", tmp_path, "--lang", "zh")
    rows = {row["name"]: row for row in found["instruments"]}
    assert code == 0
    assert {"own", "burnout", "herzberg_service"} <= set(rows)
    assert (rows["pulse"]["title"], rows["pulse"]["items"]) == ("脉搏调查（五题）", 5)
    assert rows["service_value"]["rated_by"] == "others"
    assert [one["instrument"] for one in found["broken"]] == ["broken"]
    _, out, err = ask("instruments", "--workspace", tmp_path)
    assert "burnout (version 1)" in out
    assert "broken" in err


def test_a_template_is_a_row_of_headings(ask, ask_json, tmp_path):
    out = tmp_path / "empty.csv"
    code, printed, _ = ask("template", "pulse", "burnout", "--lang", "ru")
    (row,) = csv.reader(printed.splitlines())
    assert code == 0
    assert row[0] == "Табельный номер"
    assert row.count("В какой группе вы работаете?") == 1
    assert len(row) == 2 + 2 + 5 + 12
    assert ask("template", "pulse", "--lang", "zh", "--out", out)[0] == 0
    assert out.read_bytes().startswith("\ufeff工号,开始时间,您所在的班组,".encode())
    code, refused = ask_json("template", "pulse", "--out", out)
    assert (code, refused["error"]["code"]) == (2, "cli.file_there")
    code, found = ask_json("template", "pulse")
    assert [column["kind"] for column in found["columns"]] == ["field"] * 2 + ["demographic"] + ["item"] * 5
    assert found["columns"][3]["answers"][0] == "Strongly disagree"
    assert ask("template", "puls")[0] == 2
    assert ask("template")[0] == 2


def test_a_trend_of_one_wave_has_no_break(ask, ask_json, surveyed):
    code, found = ask_json("trend", "--workspace", surveyed)
    assert (code, found["kind"], found["breaks"]) == (0, "scores", [])
    assert {row["wave"] for row in found["rows"]} == {"2026H1"}
    assert ask("trend", "--workspace", surveyed)[0] == 0
