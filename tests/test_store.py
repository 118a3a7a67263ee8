"""The store: schemas, commits, undo, close, crashes, and what lies on disk afterwards."""

import datetime as dt
import hashlib
import json
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from store_inputs import SMALL, answers, called, instrument, responses

from engage import engine
from engage.errors import EngageError, InputError, UsageError
from engage.store import Store, declared_schema, delta, files, responses_table, to_arrow, wave_name

TABLE = responses_table("pulse")
COMMENTS = pd.DataFrame(
    {
        "respondent": ["r1", None],
        "question": "change",
        "source": "employee",
        "text": ["SECRETWORD the fan is loud", "工资太低"],
        "date": [pd.Timestamp("2025-03-04 17:30"), pd.NaT],
        "team": ["north", None],
        "language": ["en", "zh"],
        "tone": "negative",
        "tone_score": [0.25, 0.5],
        "intent": "complaint",
        "theme": "pay",
    }
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "ws")


def comments() -> pa.Table:
    return to_arrow(COMMENTS, declared_schema("comments"))


def people(**columns: object) -> pa.Table:
    """A people table of the given columns; the rest is missing; extras by their type."""
    schema = declared_schema("people")
    extras = {
        k: "double" if isinstance(v[0], float) else "string"
        for k, v in columns.items()
        if k not in schema.names
    }
    schema = declared_schema("people", extras=extras)
    n = len(next(iter(columns.values())))
    names = [f for f in schema.names if f not in {"import_id", "wave"} - set(columns)]
    return to_arrow(pd.DataFrame({name: columns.get(name, [None] * n) for name in names}), schema)


def rows(store: Store, table: str) -> pd.DataFrame:
    found = engine.frame(engine.open_table(store.snapshot(), table))
    return called(store, found) if "respondent" in found else found


def put(store: Store, wave: str | None = "2025", n: int = 20, seed: int = 1, **more: object):
    return store.commit(
        "responses", wave, responses(SMALL, answers(SMALL, n, seed)), instrument=SMALL, **more
    )


# --- workspace.json -----------------------------------------------------------------------------------------


def test_create_writes_a_format_and_open_reads_it(tmp_path: Path):
    made = Store.create(tmp_path / "a" / "ws", sample=True)
    document = json.loads((made.path / "workspace.json").read_text())
    assert document == {"format": 2, "id": made.id, "sample": True, "key": made.key_id}
    found = Store.open(tmp_path / "a" / "ws")
    assert (found.id, found.sample, found.path) == (made.id, True, made.path)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ('{"format": 3, "id": "x", "sample": false}', "store.format"),
        ('{"format": 2, "id": "x", "sample": false}', "store.broken"),
        ('{"format": 0, "id": "x", "sample": false}', "store.format"),
        ('{"format": "1"', "store.broken"),
        ('{"format": 1}', "store.broken"),
        ("[]", "store.broken"),
    ],
)
def test_open_refuses_what_it_does_not_know(store: Store, content: str, code: str):
    (store.path / "workspace.json").write_text(content)
    with pytest.raises(InputError) as refused:
        Store.open(store.path)
    assert refused.value.code == code
    assert str(refused.value)


def test_create_and_open_refuse_the_wrong_folder(store: Store, tmp_path: Path):
    with pytest.raises(UsageError, match="already"):
        Store.create(store.path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.doc").touch()
    with pytest.raises(UsageError, match="not empty"):
        Store.create(tmp_path / "full")
    with pytest.raises(UsageError, match="is a file"):
        Store.create(tmp_path / "full" / "thesis.doc")
    with pytest.raises(UsageError, match="no workspace"):
        Store.open(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="can't hold"):
        Store.create(tmp_path / "100%")


@pytest.mark.parametrize("name", ["a b", "人事 数据", "wave=2024", "import_id=3", "it's", "a*b?", "#1 {x}"])
def test_any_other_path_can_hold_a_workspace(tmp_path: Path, name: str):
    store = Store.create(tmp_path / name / "ws")
    put(store, "2025", 5)
    found = rows(store, TABLE)
    assert len(found) == 5
    assert set(found["wave"]) == {"2025"}


def test_a_star_in_the_path_does_not_read_the_copy_beside_it(tmp_path: Path):
    store = Store.create(tmp_path / "a*b")
    put(store, "2025", 5)
    shutil.copytree(store.path, tmp_path / "a_b")
    assert len(rows(store, TABLE)) == 5


# --- what goes in comes out ---------------------------------------------------------------------------------


def test_rows_come_back_as_they_went_in(store: Store):
    frame = answers(SMALL, 50, 3)
    event = store.commit("responses", "2025", responses(SMALL, frame), instrument=SMALL)
    found = rows(store, TABLE).sort_values("respondent", ignore_index=True)
    frame = frame.sort_values("respondent", ignore_index=True)
    for item in SMALL.items:
        np.testing.assert_array_equal(found[item.id].astype("Float64"), frame[item.id].astype("Float64"))
    assert found["team"].tolist() == frame["team"].tolist()
    assert found["seconds"].tolist() == frame["seconds"].tolist()
    assert set(found["started"]) == {pd.Timestamp("2025-03-04 05:06:07", tz="UTC")}
    assert found["source"].isna().all()
    assert set(found["import_id"]) == {event.id}
    assert (event.event, event.kind, event.wave, event.rows) == ("import", "responses", "2025", 50)
    assert (event.instrument, event.instrument_version, event.tables) == ("pulse", 1, (TABLE,))


WAVES = [
    "2025",
    "2025上半年",
    "Q1 2025",
    "a/b",
    "..",
    "50% x=1&y#?",
    "a%2Fb",
    "01",
    "2025-01-01",
    "null",
    "__HIVE_DEFAULT_PARTITION__",
    "é'\"\\:*",
    "[x]{y}",
    "+ +",
    "😀",
    "汉" * 27,
]


def test_wave_names_come_back_as_the_same_strings(store: Store):
    for i, wave in enumerate(WAVES):
        put(store, wave, 3, seed=i)
    found = rows(store, TABLE)
    assert found["wave"].value_counts().to_dict() == dict.fromkeys(WAVES, 3)
    snapshot = store.snapshot()
    for wave in WAVES:
        assert len(engine.frame(engine.respondent_scores(snapshot, SMALL, wave))) == 3


def test_one_wave_of_any_name_is_rewritten_and_its_history_forgotten(store: Store):
    for wave in WAVES:
        store.commit("comments", wave, {"comments": comments()})
    folder = store.path / "tables" / "comments"
    for wave in WAVES:

        def change(rows: pa.Table, wave: str = wave) -> pa.Table:
            every = zip(rows["wave"].to_pylist(), rows["text"].to_pylist(), strict=True)
            return rows.filter(pa.array([name != wave or text[0] != "S" for name, text in every]))

        assert delta.rewrite(folder, change) == 1
    assert delta.rewrite(folder, lambda rows: rows) == 0
    left = pa.concat_tables(delta.waves(folder))
    assert sorted(left["wave"].to_pylist()) == sorted(WAVES)
    assert set(left["text"].to_pylist()) == {"工资太低"}
    assert left.schema == declared_schema("comments")
    assert len(list(folder.rglob("*.parquet"))) > len(WAVES)
    delta.forget(folder)
    assert len(list(folder.rglob("*.parquet"))) == len(WAVES)
    assert len(rows(store, "comments")) == len(WAVES)
    store.commit("comments", "more", {"comments": comments()})
    assert len(rows(store, "comments")) == len(WAVES) + 2
    delta.rewrite(folder, lambda rows: rows.slice(0, 0))
    assert rows(store, "comments").empty


def test_wave_names_are_normalised_or_refused():
    assert wave_name(None) == wave_name("") == wave_name("  ") == "all"
    assert wave_name(" 2025 ") == "2025"
    assert wave_name("e\u0301") == "\u00e9"
    for bad, code in [
        ("a\nb", "unprintable"),
        ("\u200b1", "unprintable"),
        ("x" * 61, "long"),
        ("汉" * 28, "long"),
    ]:
        with pytest.raises(UsageError) as refused:
            wave_name(bad)
        assert refused.value.code.endswith(code)


def test_a_column_added_later_is_null_before(store: Store):
    store.commit("people", None, {"people": people(respondent=["a", "b"], team=["n", "s"])})
    store.commit("people", None, {"people": people(respondent=["c"], shift=["night"], pay_gap=[0.5])})
    store.commit("people", None, {"people": people(respondent=["d"])})
    found = rows(store, "people").set_index("respondent")
    assert found["shift"].dropna().to_dict() == {"c": "night"}
    assert found["pay_gap"].dropna().to_dict() == {"c": 0.5}
    assert found["team"].dropna().to_dict() == {"a": "n", "b": "s"}
    assert set(found["wave"]) == {"all"}


def test_a_new_version_of_the_instrument_adds_its_item(store: Store):
    put(store, "1", 10)
    wider = instrument({"pay": (5, [False, True, False]), "growth": (5, [False, False, True])}, version=2)
    store.commit("responses", "2", responses(wider, answers(wider, 10, 2, missing=0)), instrument=wider)
    found = rows(store, TABLE).groupby("wave")["pay_3"].count()
    assert found.to_dict() == {"1": 0, "2": 10}
    snapshot = store.snapshot()
    assert snapshot.instrument("pulse") == wider
    assert sorted(f.name for f in (store.path / "surveys").iterdir()) == ["pulse.v1.yaml", "pulse.v2.yaml"]
    assert (store.path / "surveys" / "pulse.v1.yaml").read_text(encoding="utf-8") == SMALL.document
    # the old version still opens, and without the column
    assert len(engine.frame(engine.respondent_scores(snapshot, SMALL, "1"))) == 10


def test_an_item_never_changes_its_meaning(store: Store):
    put(store, "1")
    same_version = instrument({"pay": (5, [False, True]), "growth": (5, [False, False])})
    with pytest.raises(InputError) as refused:
        store.commit(
            "responses", "2", responses(same_version, answers(same_version, 3, 1)), instrument=same_version
        )
    assert refused.value.code == "store.instrument_changed"
    for scales in ({"pay": (5, [True, True])}, {"pay": (7, [False, True])}):
        turned = instrument(scales, version=2)
        with pytest.raises(InputError) as refused:
            store.commit("responses", "2", responses(turned, answers(turned, 3, 1)), instrument=turned)
        assert (refused.value.code, refused.value.where[:3]) == ("store.item_changed", "pay")
    assert len(store.snapshot().events) == 1


def test_a_row_keeps_its_own_wave(store: Store):
    store.commit("people", "2025", {"people": people(respondent=["a", "b", "c"], wave=["2024", None, ""])})
    assert rows(store, "people").set_index("respondent")["wave"].to_dict() == {
        "a": "2024",
        "b": "2025",
        "c": "2025",
    }


def test_an_import_may_have_no_rows(store: Store):
    event = put(store, "2025", 0)
    assert event.rows == 0
    assert len(rows(store, TABLE)) == 0


def test_fixed_tables_open_before_anything_is_imported(store: Store):
    for table in (
        "comments",
        "people",
        "service",
        "programmes",
        "tickets",
        "inspections",
        "plan",
        "activities",
    ):
        assert rows(store, table).empty
        assert rows(store, table).columns.tolist() == declared_schema(table).names
    with pytest.raises(UsageError, match="Nothing is stored"):
        rows(store, TABLE)


# --- strictness ---------------------------------------------------------------------------------------------


def broken_answers(values: object) -> pd.DataFrame:
    return answers(SMALL, 3, 1, missing=0).assign(pay_1=values)


@pytest.mark.parametrize(
    "values",
    [
        [3.7, 1, 2],
        [300, 1, 2],
        [-129, 1, 2],
        ["3", "1", "2"],
        [True, False, True],
        [1, "x", 2],
        [np.inf, 1, 2],
        [dt.date(2025, 1, 1)] * 3,
        [1 + 2j] * 3,
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_not_quoted(values: list[object]):
    with pytest.raises(InputError) as refused:
        responses(SMALL, broken_answers(values))
    assert refused.value.code == "store.value_does_not_fit"
    assert refused.value.params == {"column": "pay_1", "declared": "int8"}
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None or refused.value.__suppress_context__


@pytest.mark.parametrize("values", [[3.0, np.nan, 1.0], pd.array([3, None, 1], dtype="Int64"), [3, None, 1]])
def test_whole_numbers_in_other_clothes_fit(values: object):
    table = responses(SMALL, broken_answers(values))[TABLE]
    assert table["pay_1"].to_pylist() == [3, None, 1]
    assert table.schema.field("pay_1").type == pa.int8()


def test_to_arrow_takes_categories_dates_and_flags():
    frame = pd.DataFrame(
        {
            "team": pd.Categorical(["a", None]),
            "month": [dt.date(2025, 1, 1), None],
            "csat": [1, 2],
            "on_time": [0.5, None],
            "quality": pd.array([None, None], dtype="object"),
            "handled": [1.5, 2],
        }
    )
    table = to_arrow(frame, declared_schema("service"))
    assert table.to_pylist()[0] == {
        "team": "a",
        "month": dt.date(2025, 1, 1),
        "csat": 1.0,
        "on_time": 0.5,
        "quality": None,
        "handled": 1.5,
    }
    found = comments()
    assert found["date"].to_pylist() == [dt.date(2025, 3, 4), None]


def test_to_arrow_names_missing_and_unknown_columns():
    schema = declared_schema("comments")
    with pytest.raises(InputError, match="column theme is missing"):
        to_arrow(COMMENTS.drop(columns="theme"), schema)
    with pytest.raises(InputError, match="no such columns: mood"):
        to_arrow(COMMENTS.assign(mood=1), schema)


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ("Team", "store.column_name"),
        ("a b", "store.column_name"),
        ("1st", "store.column_name"),
        ("mean", "store.column_taken"),
        ("pay", "store.column_taken"),
        ("a__fav", "store.column_taken"),
    ],
)
def test_extras_need_a_free_plain_name(extra: str, code: str):
    with pytest.raises(UsageError) as refused:
        declared_schema(TABLE, SMALL, {extra: "string"})
    assert refused.value.code == code


def test_declared_schema_adds_extras_once_and_knows_its_tables():
    schema = declared_schema("people", extras={"team": "double", "shift": "string", "gap": "double"})
    assert schema.names[:2] == ["import_id", "wave"]
    assert schema.names[-2:] == ["shift", "gap"]
    assert schema.field("team").type == pa.string()
    for table, known in [("nonsense", None), (TABLE, None), ("responses_other", SMALL)]:
        with pytest.raises(UsageError, match="no table called"):
            declared_schema(table, known)


def test_commit_refuses_a_schema_that_is_not_the_declared_one(store: Store):
    good = responses(SMALL, answers(SMALL, 3, 1))[TABLE]
    at = good.schema.get_field_index("pay_1")
    floats = good.set_column(at, "pay_1", pa.array([3.7, 1, 2]))
    for bad, code in [(floats, "store.column_type"), (good.drop_columns(["pay_1"]), "store.column_missing")]:
        with pytest.raises(InputError) as refused:
            store.commit("responses", "1", {TABLE: bad}, instrument=SMALL)
        assert refused.value.code == code
    assert not (store.path / "tables").exists()


def test_a_column_is_never_retyped_and_nothing_of_the_import_stays(store: Store):
    store.commit("people", None, {"people": people(respondent=["a"], grade=["B"])})
    before = sorted(p.name for p in (store.path / "tables").rglob("*"))
    with pytest.raises(InputError) as refused:
        store.commit(
            "people", None, {"comments": comments(), "people": people(respondent=["b"], grade=[2.0])}
        )
    assert (refused.value.code, refused.value.params["column"]) == ("store.column_type", "grade")
    assert sorted(p.name for p in (store.path / "tables").rglob("*")) == before


def test_wrong_combinations_are_refused(store: Store):
    tables = responses(SMALL, answers(SMALL, 3, 1))
    for kind, given, known, code in [
        ("responses", tables, None, "store.instrument_needed"),
        ("gossip", tables, None, "store.kind_unknown"),
        ("people", {"comments": comments()}, None, "store.table_needed"),
        ("people", tables | {"people": people(respondent=["a"])}, None, "store.table_unknown"),
    ]:
        with pytest.raises(UsageError) as refused:
            store.commit(kind, "1", given, instrument=known)
        assert refused.value.code == code
    assert store.snapshot().events == ()


# --- events -------------------------------------------------------------------------------------------------


def test_undo_hides_one_import_and_only_that(store: Store):
    first, second = put(store, "1", 10), put(store, "2", 20, seed=2)
    before = store.snapshot()
    undone = store.undo(first.id)
    after = store.snapshot()
    assert (undone.event, undone.target, undone.wave) == ("undo", first.id, "1")
    assert [event.id for event in after.events] == [second.id]
    assert after.import_ids(TABLE) == (second.id,)
    assert len(engine.frame(engine.open_table(after, TABLE))) == 20
    assert len(engine.frame(engine.open_table(before, TABLE))) == 30, "a snapshot does not move"
    with pytest.raises(UsageError) as refused:
        store.undo(first.id)
    assert refused.value.code == "store.already_undone"
    for unknown in ("nonsense", undone.id):
        with pytest.raises(UsageError) as refused:
            store.undo(unknown)
        assert refused.value.code == "store.event_unknown"


def cells(*means: float) -> pa.Table:
    return pa.table(
        {"team": pa.array(["n"] * len(means), pa.large_string()), "mean": pa.array(means, pa.float64())}
    )


def test_close_keeps_cells_and_undo_reopens(store: Store):
    put(store, "1")
    put(store, "2", seed=2)
    event = store.close("1", cells(3.5, 4.0), seen=store.snapshot().key)
    assert (event.event, event.wave, event.rows, event.tables) == ("close", "1", 2, ("cells",))
    found = rows(store, "cells")
    assert found["mean"].tolist() == [3.5, 4.0]
    assert set(found["wave"]) == {"1"}
    with pytest.raises(UsageError, match="closed already"):
        store.close("1", cells(1.0))
    with pytest.raises(UsageError, match="Nothing is stored for the wave 3"):
        store.close("3", cells(1.0))
    store.undo(event.id)
    assert "cells" not in store.snapshot().tables
    again = store.close("1", cells(2.5))
    assert again.id != event.id
    assert rows(store, "cells")["mean"].tolist() == [2.5]
    with pytest.raises(InputError) as refused:
        store.close("2", pa.table({"mean": pa.array(["high"])}))
    assert refused.value.code == "store.column_type"
    with pytest.raises(InputError) as refused:
        store.close("2", pa.table({"mean": pa.array([{"a": 1}])}))
    assert refused.value.code == "store.type_unknown"


def test_close_refuses_cells_of_an_older_state(store: Store):
    put(store, "1")
    seen = store.snapshot().key
    put(store, "1", seed=2)
    with pytest.raises(InputError) as refused:
        store.close("1", cells(3.0), seen=seen)
    assert refused.value.code == "store.changed"
    assert "cells" not in store.snapshot().tables


def test_the_key_changes_with_every_event_and_only_then(store: Store, tmp_path: Path):
    keys = [store.snapshot().key]
    event = put(store, "1")
    keys.append(store.snapshot().key)
    store.close("1", cells(3.0))
    keys.append(store.snapshot().key)
    store.undo(event.id)
    keys.append(store.snapshot().key)
    assert store.snapshot().key == keys[-1]
    assert len(set(keys)) == 4
    assert Store.create(tmp_path / "other").snapshot().key not in keys


def test_snapshot_names_instruments_tables_and_files(store: Store):
    other = instrument({"mood": (7, [False])}, id="mood_check")
    put(store, "1")
    store.commit("responses", "1", responses(other, answers(other, 5, 1)), instrument=other)
    store.commit("comments", "2", {"comments": comments()})
    snapshot = store.snapshot()
    assert snapshot.instruments("1") == snapshot.instruments(None) == ("pulse", "mood_check")
    assert snapshot.instruments("2") == ()
    assert snapshot.instrument("mood_check") == other
    assert snapshot.tables == ("comments", "responses_mood_check", "responses_pulse")
    assert all(Path(file).is_file() for table in snapshot.tables for file in snapshot.files(table))
    assert snapshot.files("people") == []
    with pytest.raises(UsageError, match="No answers"):
        snapshot.instrument("nonsense")


def test_events_stay_in_order_when_the_clock_is_set_back(store: Store, monkeypatch: pytest.MonkeyPatch):
    from engage.store import events

    class Late(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return dt.datetime(2001, 1, 1, tzinfo=tz)

    first = put(store, "1")
    monkeypatch.setattr(events, "datetime", Late)
    second = put(store, "2")
    assert second.at > first.at
    assert [event.id for event in store.snapshot().events] == [first.id, second.id]


# --- originals and the disk ---------------------------------------------------------------------------------


def test_the_original_is_kept_byte_for_byte_and_to_oneself(store: Store):
    original = bytes(range(256)) * 3
    event = put(store, "1", original=original, file_name="/home/someone/2025 答卷.csv")
    digest = hashlib.sha256(original).hexdigest()
    kept = store.path / "originals" / digest
    assert store.original(digest) == original
    assert original[:40] not in kept.read_bytes()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert [p.name for p in kept.parent.iterdir()] == [digest]
    assert (event.file_sha256, event.file_name) == (digest, "2025 答卷.csv")


def test_a_file_counts_once_per_kind_and_wave(store: Store):
    first = put(store, "1", original=b"x", file_name="a.csv")
    with pytest.raises(InputError) as refused:
        put(store, "1", original=b"x")
    assert (refused.value.code, refused.value.params["id"]) == ("store.duplicate", first.id)
    put(store, "2", original=b"x")
    store.undo(first.id)
    put(store, "1", original=b"x")
    assert len(list((store.path / "originals").iterdir())) == 1


def test_no_text_enters_the_transaction_log(store: Store):
    for i in range(3):
        store.commit("comments", str(i), {"comments": comments()})
    logs = list((store.path / "tables" / "comments" / "_delta_log").iterdir())
    assert len(logs) == 4
    assert all(b"SECRETWORD" not in log.read_bytes() for log in logs)
    assert b"2025-03-04" not in b"".join(log.read_bytes() for log in logs), "nor a date"


def test_a_checkpoint_changes_nothing_and_holds_no_text(store: Store):
    from deltalake import DeltaTable

    folder = store.path / "tables" / "comments"
    for i in range(3):
        store.commit("comments", str(i), {"comments": comments()})
        DeltaTable(folder.as_uri()).create_checkpoint()
    assert len(list((folder / "_delta_log").glob("*.checkpoint.parquet"))) == 3
    assert all(b"SECRETWORD" not in log.read_bytes() for log in (folder / "_delta_log").iterdir())
    assert rows(store, "comments")["wave"].value_counts().to_dict() == {"0": 2, "1": 2, "2": 2}


# --- crashes and conflicts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("writes", [0, 1, 2], ids=["before any table", "between tables", "before the event"])
def test_a_failure_between_writes_leaves_nothing_to_see(
    store: Store, monkeypatch: pytest.MonkeyPatch, writes: int
):
    put(store, "1", 10)
    before = store.snapshot()
    tables = responses(SMALL, answers(SMALL, 5, 2, prefix="x")) | {"comments": comments()}
    real, left = delta.append, writes

    def failing(folder: Path, table: pa.Table, *, partitioned: bool = True) -> None:
        nonlocal left
        if left == 0:
            raise OSError("disk full")
        left -= 1
        real(folder, table, partitioned=partitioned)

    with monkeypatch.context() as patch:
        patch.setattr(delta, "append", failing)
        with pytest.raises(OSError, match="disk full"):
            store.commit("responses", "2", tables, instrument=SMALL, original=b"o")
    after = store.snapshot()
    assert (after.key, after.events, after.tables) == (before.key, before.events, before.tables)
    assert len(rows(store, TABLE)) == 10
    assert rows(store, "comments").empty
    store.commit("responses", "2", tables, instrument=SMALL, original=b"o")
    assert rows(store, TABLE)["wave"].value_counts().to_dict() == {"1": 10, "2": 5}
    assert len(rows(store, "comments")) == 2


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from store_inputs import SMALL, answers, responses
from engage.store import Store, delta
real = delta.append
def append(folder, table, *, partitioned=True):
    if folder.name == "imports":
        os.kill(os.getpid(), signal.SIGKILL)
    real(folder, table, partitioned=partitioned)
delta.append = append
tables = responses(SMALL, answers(SMALL, 7, 2, prefix="x"))
Store.open(sys.argv[1]).commit("responses", "2", tables, instrument=SMALL)
"""


def test_a_process_killed_before_its_event_leaves_invisible_rows_and_no_lock(store: Store):
    put(store, "1", 10)
    key, files = store.snapshot().key, len(store.snapshot().files(TABLE))
    done = subprocess.run([sys.executable, "-c", KILLED, store.path, Path(__file__).parent], check=False)
    assert done.returncode == -signal.SIGKILL
    snapshot = store.snapshot()
    assert snapshot.key == key
    assert len(snapshot.files(TABLE)) == files + 1, "the rows are there …"
    assert set(rows(store, TABLE)["wave"]) == {"1"}, "… and nobody sees them"
    put(store, "2", 5, seed=3)
    assert rows(store, TABLE)["wave"].value_counts().to_dict() == {"1": 10, "2": 5}


def stale_once(monkeypatch: pytest.MonkeyPatch, rival, times: int) -> None:
    """Let a rival that knows no lock change the table just before each of the first writes."""
    import deltalake

    real, left = deltalake.write_deltalake, times

    def write(target, data, **options):
        nonlocal left
        if left and isinstance(target, deltalake.DeltaTable):
            left -= 1
            rival(times - left)
        real(target, data, **options)

    monkeypatch.setattr(deltalake, "write_deltalake", write)


def test_a_metadata_conflict_is_tried_again(store: Store, monkeypatch: pytest.MonkeyPatch):
    folder = store.path / "tables" / "t"
    delta.append(folder, pa.table({"wave": ["1"], "a": ["x"]}))
    stale_once(monkeypatch, lambda i: _add_column(folder, f"c{i}"), times=2)
    delta.append(folder, pa.table({"wave": ["1"], "b": ["y"]}))
    pinned = delta.pin(folder)
    assert pinned is not None
    assert sorted(pinned.schema.names) == ["a", "b", "c1", "c2", "wave"]
    assert sum(len(files) for files in pinned.files.values()) == 2


def test_a_conflict_without_end_is_an_error(store: Store, monkeypatch: pytest.MonkeyPatch):
    folder = store.path / "tables" / "t"
    delta.append(folder, pa.table({"wave": ["1"], "a": ["x"]}))
    stale_once(monkeypatch, lambda i: _add_column(folder, f"c{i}"), times=99)
    monkeypatch.setattr(delta, "_ATTEMPTS", 2)
    with pytest.raises(EngageError) as refused:
        delta.append(folder, pa.table({"wave": ["1"], "b": ["y"]}))
    assert refused.value.code == "store.conflict"


def _add_column(folder: Path, name: str) -> None:
    from deltalake import DeltaTable, Field
    from deltalake.schema import PrimitiveType

    DeltaTable(folder.as_uri()).alter.add_columns([Field(name, PrimitiveType("string"))])


def test_a_lock_that_is_never_let_go_is_reported(store: Store, monkeypatch: pytest.MonkeyPatch):
    from filelock import FileLock

    monkeypatch.setattr(files, "_PATIENCE", 0.1)
    with FileLock(store.path / ".lock"), pytest.raises(EngageError) as refused:
        put(store, "1")
    assert refused.value.code == "store.busy"
