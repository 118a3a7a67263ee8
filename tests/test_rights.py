"""One person erased from every byte, told what is stored of them, and stored under a pseudonym only."""

import hmac
import json
from pathlib import Path

import pandas as pd
import pytest
from canaries import Canaries
from format_1 import rows
from hypothesis import given
from hypothesis import strategies as st
from workspace_inputs import PULSE, answers, as_csv, people

from engage.cli import run
from engage.errors import EngageError, InputError, UsageError
from engage.ingest.pseudonyms import Pseudonyms
from engage.store import Store, delta, originals
from engage.workspace import Workspace
from engage.workspace.mappings import remember

PERSON = "QJ7731VEXILLO"
WORDS = {
    "id": PERSON,
    "comment": "brimstonequokka",
    "late": "wattlegrebe",
    "typed in": "鸊鷉蓝靴",
    "extra": "Gloamstar",
}
W = "2025H1"
SHARED = "Nothing to say here today"


def wave(seed: int, word: str, **more: str) -> pd.DataFrame:
    table = answers(PULSE, {"north": 20, "south": 14}, seed=seed, comments=True, **more)
    table.loc[3, ["employee id", "change"]] = [PERSON, f"They took the {word} away without a reason"]
    if seed == 3:
        table.loc[3, "change"] = SHARED  # what others say, too, is no trace of this person
    return table


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """A person in the staff list, a programme, two waves (one closed) and a comment box; others beside."""
    space = Workspace(tmp_path / "ws")
    first = wave(1, WORDS["comment"])
    staff = people(first).assign(star="3")
    staff.loc[3, "star"] = WORDS["extra"]
    space.import_file(as_csv(staff), "people", name=f"staff of {PERSON}.csv")
    joined = pd.DataFrame(
        {
            "programme": "Mentors",
            "type": "mentor",
            "start": "2025-04-01",
            "unit": ["person", "person", "team"],
            "member": [PERSON, "P1001", "north"],
        }
    )
    space.import_file(as_csv(joined), "programmes", name="programmes.csv")
    first.loc[3, "site"] = f"其他〖{WORDS['typed in']}〗"
    space.import_file(as_csv(first), wave=W, instrument=PULSE, name="first.csv")
    mapping = {"values": {"site": {f"其他〖{WORDS['typed in']}〗": "river"}}}
    remember(space.path, list(first.columns), "responses", mapping)
    remember(space.path, ["other", "columns"], "responses", {"values": {"site": {"x": "river"}}})
    space.close(W)
    space.import_file(as_csv(wave(2, WORDS["late"])), wave="2025H2", instrument=PULSE, name="second.csv")
    space.import_file(as_csv(wave(3, "")), wave="2026H1", instrument=PULSE, name="third.csv")
    box = pd.DataFrame({"text": ["The queue is too long", SHARED]})
    space.import_file(as_csv(box), "comments", W, name="box.csv")
    return space


def everything(path: Path) -> list[tuple[str, bytes]]:
    """Return every byte of a workspace: files as they are, tables' files unpacked, originals decrypted."""
    import pyarrow.parquet as pq

    store, found = Store.open(path), []
    for file in sorted(path.rglob("*")):
        if file.is_file():
            content = file.read_bytes() + file.name.encode()
            if file.suffix == ".parquet":
                unpacked = pq.ParquetFile(file).read().to_pylist()
                content += json.dumps(unpacked, default=str, ensure_ascii=False).encode()
            if file.parent.name == "originals":
                content += store.original(file.name)
            found.append((file.relative_to(path).as_posix(), content))
    return found


def test_a_person_is_erased_from_every_byte_and_nobody_else_is(space: Workspace, capfd):
    pseudonym = space.pseudonyms([PERSON])[PERSON]
    canaries = Canaries({**WORDS, "pseudonym": pseudonym})
    there = {name for _, content in everything(space.path) for name in canaries.in_(content)}
    assert there == {*WORDS, "pseudonym"}
    shown = [space.scores(W).tidy(), space.scores(W, by="team").tidy(), space.tone().tidy()]
    before = rows(space.path)

    assert run(["erase", PERSON, "--yes", "--json", "--workspace", str(space.path)]) == 0
    printed = capfd.readouterr().out
    record = json.loads(printed)
    left = [(place, canaries.in_(content)) for place, content in everything(space.path)]
    assert [(place, names) for place, names in left if names] == []
    assert canaries.in_(printed) == []

    # who else is there is as before, to the last value
    after = rows(space.path)
    for table, every in before.items():
        if table != "imports":
            others = [row for row in every if pseudonym not in (row.get("respondent"), row.get("member"))]
            assert after[table] == others
            assert record["rows"].get(table, 0) == len(every) - len(others)
    assert set(record["rows"]) == {"comments", "members", "people", "programmes", "responses_pulse"}
    assert (record["found_in"], record["mappings"], record["file_names"]) == ([], 1, 1)
    assert record["searched_files"] >= len(left) - 1  # the log got a line since
    names = {event.file_sha256: event.file_name for event in Store.open(space.path).snapshot().log}
    held = {names[digest] for digest in record["originals"]}
    assert held == {"", "programmes.csv", "first.csv", "second.csv", "third.csv"}
    assert [file.name for file in originals.kept(space.path / "originals")] == [
        digest for digest, name in names.items() if name == "box.csv"
    ]
    # what was released stays; the log has the proof
    now = [space.scores(W).tidy(), space.scores(W, by="team").tidy(), space.tone().tidy()]
    for old, new in zip(shown[:2], now[:2], strict=True):
        pd.testing.assert_frame_equal(old, new)
    (entry,) = (one for one in space.audit_log().entries if one["code"] == "erase")
    assert (entry["hash"], entry["originals"]) == (record["log_entry"], sorted(record["originals"]))
    assert len(space.frame(W)) == 33
    with pytest.raises(UsageError, match="Nobody"):
        space.erase(PERSON)


@pytest.mark.rest
def test_a_wave_is_not_closed_again_for_the_sake_of_one_who_was_erased(space: Workspace):
    space.erase(PERSON)
    for again in (lambda: None, lambda: space.undo(W)):
        again()  # box.csv goes, then first.csv would
        with pytest.raises(InputError, match="fewer than 5") as caught:
            space.close(W)
        assert caught.value.code == "workspace.few_answers_differ"
    for number in range(4):
        space.erase(f"P{1005 + number}")
    space.close(W)
    assert space.scores(W).tidy()["n"].max() == 29


@pytest.mark.rest
def test_an_erasure_that_was_interrupted_is_finished_by_the_next(space: Workspace, monkeypatch):
    def crash(*_: object) -> None:
        raise RuntimeError("the power went off")

    with monkeypatch.context() as patch:
        patch.setattr(delta, "forget", crash)
        with pytest.raises(RuntimeError):
            space.erase(PERSON)
    canaries = Canaries(WORDS)
    assert [1 for _, content in everything(space.path) if canaries.in_(content)], "the history has it still"
    with pytest.raises(UsageError, match="Nobody"):
        space.erase(PERSON)
    assert [place for place, content in everything(space.path) if canaries.in_(content)] == []


@pytest.mark.rest
def test_a_row_that_was_left_out_at_import_takes_its_file_along(tmp_path: Path):
    """Whoever has no row in the tables may have one in an original; a short number is no proof of it."""
    space = Workspace(tmp_path / "ws")
    first = answers(PULSE, {"north": 20})
    first["employee id"] = [str(200 + i) for i in range(20)]
    space.import_file(as_csv(first), wave=W, instrument=PULSE, name="first.csv")
    said = [f"The queue is too long, number {i}" if i != 7 else "" for i in range(20)]
    box = pd.DataFrame({"employee id": first["employee id"], "text": said})
    assert space.import_file(as_csv(box), "comments", W, name="box.csv").rows == 19
    seconds = pd.DataFrame({"team": ["north"] * 2, "month": ["2025-01", "2025-02"], "handled": [207, 9]})
    space.import_file(as_csv(seconds), "service", name="service.csv")
    erased = space.erase("207")
    log = Store.open(space.path).snapshot().log
    names = {event.file_sha256: event.file_name for event in log}
    assert sorted(names[digest] for digest in erased.removed.originals) == ["box.csv", "first.csv"]


def test_a_person_gets_everything_that_is_stored_of_them(space: Workspace, tmp_path: Path, capfd):
    out = tmp_path / "mine.json"
    asked = ["export", "--respondent", PERSON, "--out", str(out), "--workspace", str(space.path)]
    assert run([*asked, "--lang", "zh"]) == 0
    assert "9 行" in capfd.readouterr().out
    assert out.stat().st_mode & 0o077 == 0
    mine = json.loads(out.read_text(encoding="utf-8"))
    tables = mine["tables"]
    assert {name: len(rows) for name, rows in tables.items()} == {
        "comments": 3, "members": 1, "people": 1, "programmes": 1, "responses_pulse": 3,
    }  # fmt: skip
    given = wave(1, WORDS["comment"]).loc[3]
    (first,) = (row for row in tables["responses_pulse"] if row["wave"] == W)
    assert {item.id: str(first[item.id] or "") for item in PULSE.items} == {
        item.id: given[item.id] for item in PULSE.items
    }
    said = {f"They took the {WORDS[name]} away without a reason" for name in ("comment", "late")}
    assert {row["text"] for row in tables["comments"]} == said | {SHARED}
    assert tables["people"][0]["star"] == WORDS["extra"]
    assert {file["file"] for file in mine["files"]} >= {"first.csv", "second.csv"}
    assert all(file["original_kept"] for file in mine["files"])
    assert space.audit_log().entries[-1]["code"] == "own_data"
    assert PERSON not in (space.path / "audit.jsonl").read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="Nobody"):
        space.own_data("P9999")
    assert run(["erase", PERSON, "--workspace", str(space.path)]) == 2, "not without --yes"


# -- pseudonyms


def test_ids_join_under_one_key_and_not_under_another(tmp_path: Path, monkeypatch):
    frames = []
    for place in ("one", "two"):
        monkeypatch.setenv("ENGAGE_KEY_FILE", str(tmp_path / f"{place}.key"))
        space = Workspace(tmp_path / place)
        table = answers(PULSE)
        table.loc[0, "employee id"] = "Ann@Example.org"
        space.import_file(as_csv(table), wave=W, instrument=PULSE)
        staff = people(table)
        staff.loc[0, "employee id"] = "ann@example.ORG"
        space.import_file(as_csv(staff), "people")
        space.close(W)
        assert space.join_report(W).tidy().set_index("measure").loc["people_matched", "n"] == 76
        known = space.pseudonyms(["P1001", "p1001", "ANN@example.org"])
        stored = set(space.frame(W)["respondent"])
        assert known["P1001"] in stored
        assert known["ANN@example.org"] in stored
        assert known["p1001"] not in stored, "another case may be another person"
        frames.append(space.frame(W))
    one, two = frames
    assert not set(one["respondent"]) & set(two["respondent"])
    # results don't depend on the key: the rows come in the same order
    pd.testing.assert_frame_equal(one.drop(columns="respondent"), two.drop(columns="respondent"))


@given(id=st.text(st.characters(exclude_categories=["Cs"])), key=st.binary(min_size=32, max_size=64))
def test_a_pseudonym_is_the_beginning_of_an_hmac(id: str, key: bytes):
    digest = hmac.new(key, id.encode(), "sha256").hexdigest()
    assert Pseudonyms(key).of(id) == f"p-{digest[:24]}"


def test_two_people_never_share_a_pseudonym(tmp_path: Path, monkeypatch):
    space = Workspace(tmp_path / "ws")
    monkeypatch.setattr(Pseudonyms, "of", lambda self, id: "p-" + "0" * 24)
    with pytest.raises(EngageError) as caught:
        space.import_file(as_csv(answers(PULSE)), wave=W, instrument=PULSE)
    assert caught.value.code == "rights.pseudonyms_collide"
    assert space.is_empty
