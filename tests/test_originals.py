"""Originals: encrypted in chunks that can't be changed, kept for a time, their key outside the workspace."""

import io
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest
from workspace_inputs import PULSE, answers, as_csv

from engage import keys
from engage.cli import run
from engage.errors import EngageError, InputError
from engage.store import Store, originals
from engage.words import LANGUAGES
from engage.workspace import Workspace

KEY, OTHER = b"k" * 32, b"o" * 32
DAY = date(2026, 3, 1)
CHUNK, TAG, HEAD = 16, 16, 64


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(originals, "_CHUNK", CHUNK)


def sealed(content: bytes, days: int = 30) -> bytes:
    out = io.BytesIO()
    originals.seal(io.BytesIO(content), out, KEY, made=DAY, days=days)
    return out.getvalue()


def opened(content: bytes, key: bytes = KEY) -> bytes:
    return b"".join(originals.unseal(io.BytesIO(content), key))


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK, 5 * CHUNK + 3])
def test_what_goes_in_comes_out(small_chunks, length: int):
    content = bytes(i % 251 for i in range(length))
    whole = sealed(content)
    assert opened(whole) == content
    assert len(whole) == HEAD + length + TAG * max(1, -(-length // CHUNK))
    assert whole != sealed(content), "no two files share a key"


def test_a_real_chunk_boundary():
    content = bytes(1 << 20) + b"x"
    assert opened(sealed(content)) == content


def test_nothing_of_a_changed_file_is_given_out(small_chunks):
    content = bytes(range(3 * CHUNK))
    whole = sealed(content)
    head, *chunks = whole[:HEAD], *(whole[i : i + CHUNK + TAG] for i in range(HEAD, len(whole), CHUNK + TAG))
    spoilt = [
        whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :] for place in range(0, len(whole), 3)
    ]
    spoilt += [whole[:-1], whole + b"x", head, b"", head[:20]]
    spoilt += [
        head + b"".join(order) for order in (chunks[:2], chunks[1:], [chunks[1], chunks[0], chunks[2]])
    ]
    spoilt += [head + b"".join([*chunks, chunks[2]]), sealed(b"")[:HEAD] + b"".join(chunks)]
    for one in spoilt:
        with pytest.raises(InputError) as caught:
            opened(one)
        assert caught.value.code in ("rights.original_damaged", "rights.key_other")
    with pytest.raises(InputError) as caught:
        opened(whole, OTHER)
    assert caught.value.code == "rights.key_other"


def test_a_period_made_shorter_holds_for_what_is_there(tmp_path: Path):
    file = tmp_path / "one"
    file.write_bytes(sealed(b"x", days=30))
    header = originals.read_header(file)
    assert header is not None
    assert (header.made, header.until) == (DAY, DAY + timedelta(30))
    for days, last in ((30, 30), (7, 7), (365, 30), (0, 0)):
        assert not header.due(DAY + timedelta(last - 1), days)
        assert header.due(DAY + timedelta(last), days)


def test_an_original_goes_when_its_time_is_over_and_the_tables_stay(tmp_path: Path, monkeypatch, capfd):
    space = Workspace(tmp_path / "ws")
    space.import_file(as_csv(answers(PULSE)), wave="w1", instrument=PULSE, name="a.csv")
    (kept,) = originals.kept(space.path / "originals")
    assert space.retain() == ()
    later = originals._today() + timedelta(364)
    monkeypatch.setattr(originals, "_today", lambda: later)
    assert space.retain() == ()
    (space.path / "policy.yaml").write_text("originals_days: 364\n", encoding="utf-8")
    assert run(["retain", "--workspace", str(space.path), "--lang", "en"]) == 0
    assert "removed: 1 (kept for 364 days)" in capfd.readouterr().out
    assert originals.kept(space.path / "originals") == ()
    (entry,) = (e for e in space.audit_log().entries if e["code"] == "retain")
    assert entry["originals"] == [kept.name]
    with pytest.raises(InputError, match="not kept any more"):
        Store.open(space.path).original(kept.name)
    assert len(space.frame()) == 76
    with pytest.raises(InputError, match="imported before"):  # it is still known
        space.import_file(as_csv(answers(PULSE)), wave="w1", instrument=PULSE)
    (space.path / "policy.yaml").write_text("originals_days: 0\n", encoding="utf-8")
    space.import_file(as_csv(answers(PULSE, seed=2, prefix="N")), wave="w1", instrument=PULSE)
    assert originals.kept(space.path / "originals") == ()


# -- the key


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ENGAGE_KEY_FILE")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


def test_each_workspace_has_a_key_that_its_owner_alone_can_read(home: Path, tmp_path: Path, capfd):
    one, two = Store.create(tmp_path / "a"), Store.create(tmp_path / "b")
    files = sorted((home / "engage" / "keys").iterdir())
    assert [file.name for file in files] == sorted(f"{store.id}.key" for store in (one, two))
    assert all(file.stat().st_mode & 0o077 == 0 for file in (*files, files[0].parent))
    assert one.key() != two.key()
    assert one.pseudonyms().of("E1") != two.pseudonyms().of("E1")
    assert one.key().hex() not in (tmp_path / "a" / "workspace.json").read_text()

    assert run(["key", "show-path", "--workspace", str(tmp_path / "a")]) == 0
    assert capfd.readouterr().out.strip() == str(home / "engage" / "keys" / f"{one.id}.key")
    asked = ["key", "backup", "--out", str(tmp_path / "copy"), "--workspace", str(tmp_path / "a")]
    assert run(asked) == 0
    assert keys.read_key(tmp_path / "copy") == one.key()
    assert (tmp_path / "copy").stat().st_mode & 0o077 == 0
    assert run(asked) == 2, "a file that is there is not overwritten"
    assert [e["code"] for e in Workspace(tmp_path / "a").audit_log().entries] == ["key_read"] * 2


def test_many_at_once_make_one_key(tmp_path: Path):
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(keys.make_key(tmp_path / "k" / "key"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [file.name for file in (tmp_path / "k").iterdir()] == ["key"]


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("ENGAGE_KEY_FILE", str(tmp_path / "key"))
    space = Workspace(tmp_path / "ws")
    space.import_file(as_csv(answers(PULSE)), wave="w1", instrument=PULSE)
    space.import_file(as_csv(answers(PULSE, seed=3)), wave="w2", instrument=PULSE)
    space.close("w1")
    return space


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "rights.key_missing"), (OTHER.hex(), "rights.key_other"), ("short", "rights.key_broken")],
)
def test_a_lost_key_is_told_and_never_made_anew(space: Workspace, tmp_path: Path, capfd, content, code):
    file = tmp_path / "key"
    file.unlink()
    if content is not None:
        file.write_text(content)
    more = tmp_path / "more.csv"
    more.write_bytes(as_csv(answers(PULSE, seed=2, prefix="N")))
    before = sorted(path.name for path in space.path.rglob("*"))
    questionnaire = space.path / "surveys" / "pulse.v1.yaml"
    for lang in LANGUAGES:
        for asked in (
            ["erase", "P1001", "--yes"],
            ["export", "--respondent", "P1001", "--out", str(tmp_path / "o.json")],
            ["import", str(more), "--kind", "responses", "--wave", "w1", "--instrument", str(questionnaire)],
            ["key", "backup", "--out", str(tmp_path / "copy")],
        ):
            assert run([*asked, "--workspace", str(space.path), "--lang", lang]) == 1
            out, err = capfd.readouterr()
            assert said(code, lang) in err
            assert "Traceback" not in out + err
    assert (file.read_text() if file.exists() else None) == content
    assert sorted(path.name for path in space.path.rglob("*")) == before
    assert space.scores().tidy()["n"].max() == 76, "results can still be read"
    space.close("w2")
    assert len(space.frame()) == 76


def said(code: str, lang) -> str:
    return EngageError(code, found=keys.key_id(OTHER), needed="").what(lang).partition(keys.key_id(OTHER))[0]


def test_a_place_that_can_hold_no_key_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("ENGAGE_KEY_FILE", str(tmp_path / "file" / "key"))
    with pytest.raises(InputError) as caught:
        Store.create(tmp_path / "ws")
    assert caught.value.code == "rights.key_cannot_be_made"
    assert not (tmp_path / "ws" / "workspace.json").exists()
