"""The command line around a file: settings, faulty rows and back, drafts, templates; and their page."""

import csv
import io
import json
import runpy
from pathlib import Path

import pytest
from ingest_files import csv_bytes
from tool_exports import EXPORTS, INSTRUMENT

from engage.cli import run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("ENGAGE_WORKSPACE", "ENGAGE_LANG"):
        monkeypatch.delenv(name, raising=False)
    Path("climate.yaml").write_text(INSTRUMENT, encoding="utf-8")
    return tmp_path


def ask(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, dict]:
    capsys.readouterr()
    code = run([*args, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_settings_answer_what_a_file_leaves_open(folder: Path, capsys) -> None:
    export = next(one for one in EXPORTS if one.name == "wjx code")
    Path("a.csv").write_bytes(export.make())
    told = ("check", "a.csv", "--instrument", "climate.yaml")
    code, document = ask(capsys, *told)
    assert code == 1
    assert [p["code"] for p in document["problems"] if p["severity"] == "error"] == [
        "ingest.direction_unknown"
    ]
    code, _ = ask(
        capsys, *told, "--set", "first_option=lowest", "--set", "encoding=gb18030", "--save-mapping", "m.yaml"
    )
    assert code == 0
    code, _ = ask(capsys, *told, "--mapping", "m.yaml")
    assert code == 0
    for wrong in ("first_option", "colour=red"):
        code, document = ask(capsys, *told, "--set", wrong)
        assert (code, document["error"]["code"]) == (2, "cli.bad_setting")


def test_faulty_rows_out_and_corrected_rows_in(folder: Path, capsys) -> None:
    rows = [["工号", "team", "pay_1", "pay_2"], *([f"E{n}", "甲", "同意", "同意"] for n in range(9))]
    rows[4][2] = "超级同意"
    Path("wave.csv").write_bytes(csv_bytes(rows))
    Path("teams.yaml").write_text("teams: {甲: 新甲}", encoding="utf-8")
    told = ("--instrument", "climate.yaml")
    code, _ = ask(capsys, "check", "wave.csv", *told, "--faulty-rows", "rows.csv")
    assert code == 1
    lines = list(csv.reader(io.StringIO(Path("rows.csv").read_text(encoding="utf-8-sig"), newline="")))
    assert [line[0] for line in lines[1:]] == ["5"]
    lines[1][4] = "非常同意"
    Path("rows.csv").write_bytes(csv_bytes(lines, "utf-8-sig"))
    wave = ("import", "wave.csv", "--kind", "responses", "--wave", "2026H1", *told)
    assert ask(capsys, *wave)[0] == 1
    code, done = ask(capsys, *wave, "--corrected", "rows.csv", "--teams", "teams.yaml")
    assert (code, done["rows"]) == (0, 9)
    assert "ingest.teams_renamed" in {p["code"] for p in done["problems"]}


def test_draft_and_templates(folder: Path, capsys) -> None:
    Path("a.csv").write_bytes(next(one for one in EXPORTS if one.name == "google en").make())
    code, found = ask(capsys, "draft", "a.csv", "--out", "Mine 1.yaml")
    assert (code, found["instrument"]) == (0, "mine_1")
    assert [item["points"] for item in found["items"]][:3] == [5, 5, 5]
    assert ask(capsys, "check", "a.csv", "--instrument", "Mine 1.yaml")[0] == 0
    code, _ = ask(capsys, "template", "people", "--out", "people.csv", "--lang", "zh")
    assert code == 0
    assert Path("people.csv").read_text(encoding="utf-8-sig").startswith("工号,")
    assert ask(capsys, "template", "nothing", "--out", "x.csv")[0] == 2
    assert ask(capsys, "template", "people", "--out", "no/where.csv")[0] == 2


def test_the_page_holds_every_message_as_the_catalogues_say_it() -> None:
    script = Path(__file__).parents[2] / "docs" / "uploading" / "run.py"
    module = runpy.run_path(str(script))
    assert module["page"]() == module["PAGE"].read_text(encoding="utf-8")
