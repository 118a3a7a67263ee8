"""Both back ends give the same: every expression, a closed wave, and scored comments.

Spark runs as a cluster of two worker processes on this machine.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import workspace_inputs as inputs
from store_inputs import SMALL, answers, instrument, responses

from engage import Workspace, engine
from engage.engine.spark import settings
from engage.errors import EngageError, InputError, UsageError
from engage.store import Snapshot, Store, declared_schema, to_arrow

pytestmark = [
    pytest.mark.spark,
    pytest.mark.rest,
    # PySpark's own sockets
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SAME = 1e-9
HARD_NAME = "2025上半年 a/b'c\\d"


@pytest.fixture(scope="module", autouse=True)
def there() -> None:
    """Skip where Spark can't run, but never where it must."""
    must = os.environ.get("ENGAGE_REQUIRE_SPARK")
    if shutil.which("java") is None:
        assert not must, "Java is missing"
        pytest.skip("needs Java 17")
    if not must:
        pytest.importorskip("pyspark", reason="needs engage[spark]")


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], tuple[object, object]]:
    def run(question: Callable[[], object]) -> tuple[object, object]:
        found = []
        for name in ("duckdb", "spark"):
            monkeypatch.setenv("ENGAGE_ENGINE", name)
            found.append(question())
        return found[0], found[1]

    return run


def ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in an order of their own; an expression gives them in any."""
    keys = frame.astype(object).where(frame.notna(), "").astype(str)
    keys = keys.apply(lambda c: c.str.slice(0, 12))  # below the last digits, which may differ
    return frame.loc[keys.sort_values(list(keys)).index].reset_index(drop=True)


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(ordered(one), ordered(other), rtol=SAME, atol=SAME)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Two waves and a late batch, an undone import, a version with other items, people, and comments."""
    store = Store.create(tmp_path_factory.mktemp("spark") / "w s{1}*")
    store.commit("responses", "2024", responses(SMALL, answers(SMALL, 120, 1)), instrument=SMALL)
    late = answers(SMALL, 40, 2, missing=0.6).iloc[20:]
    late.loc[late.index[0], "team"] = pd.NA
    store.commit("responses", "2024", responses(SMALL, late), instrument=SMALL)
    gone = store.commit("responses", "2024", responses(SMALL, answers(SMALL, 9, 3)), instrument=SMALL)
    store.undo(gone.id)
    wider = instrument(
        {"pay": (5, [False, True]), "growth": (5, [False, False, True]), "enps": (11, [False])}, version=2
    )
    store.commit("responses", HARD_NAME, responses(wider, answers(wider, 90, 4)), instrument=wider)
    ids = [f"r{i}" for i in range(100)]
    for day, teams in (("2024-05-01", ["north", None]), ("2025-05-01", ["south", "东区"])):
        staff = pd.DataFrame({"respondent": ids, "as_of": pd.Timestamp(day), "hire_date": pd.Timestamp(day)})
        staff["team"] = [teams[i % 2] for i in range(100)]
        staff["left"] = pd.array([None, True, False, None] * 25, dtype="boolean")
        staff["ability"] = np.linspace(0, 1, 100)
        rest = [n for n in declared_schema("people").names if n not in (*staff, "import_id", "wave")]
        table = to_arrow(staff.assign(**dict.fromkeys(rest)), declared_schema("people"))
        store.commit("people", None, {"people": table})
    rng = np.random.default_rng(5)
    said = pd.DataFrame(
        {"respondent": ids, "question": None, "source": "employee", "text": "排班太乱 \\ 'x'"}
    )
    said["date"] = pd.Timestamp("2024-05-02")
    said["team"] = [["north", "south", None, "东区"][i % 4] for i in range(100)]
    said["language"], said["intent"] = "zh", "complaint"
    said["tone"] = rng.choice(["negative", "neutral", "positive"], 100)
    said["tone_score"] = np.where(rng.random(100) < 0.1, np.nan, rng.random(100))
    said["theme"] = rng.choice(["pay", "none", "workload"], 100)
    store.commit("comments", "2024", {"comments": to_arrow(said, declared_schema("comments"))})
    return store.snapshot()


QUESTIONS: dict[str, Callable[[Snapshot], pd.DataFrame]] = {
    "scores": lambda s: engine.frame(engine.respondent_scores(s, s.instrument("pulse"), None)),
    "scores of a wave with a late batch": lambda s: engine.frame(
        engine.respondent_scores(s, s.instrument("pulse", "2024"), "2024")
    ),
    "answers": lambda s: engine.answers(s, s.instrument("pulse"), HARD_NAME),
    "joined": lambda s: engine.frame(engine.joined_scores(s, HARD_NAME).scores),
    "people": lambda s: engine.frame(engine.latest_people(s)),
    "people as of a wave": lambda s: engine.frame(engine.latest_people(s, as_of_wave="2024")),
    "comments": lambda s: engine.frame(engine.comments(s, None)),
    "nothing": lambda s: engine.frame(engine.open_table(s, "service")),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_expressions_agree(snapshot: Snapshot, both, question: str):
    one, other = both(lambda: QUESTIONS[question](snapshot))
    assert len(one) == len(other)
    assert one.empty == (question == "nothing")
    same(one, other)


@pytest.mark.parametrize("by", [(), ("team",), ("wave", "team")])
def test_cells_and_cross_products_agree(snapshot: Snapshot, both, by: tuple[str, ...]):
    def cells() -> pd.DataFrame:
        scores = engine.respondent_scores(snapshot, snapshot.instrument("pulse"), None)
        return engine.group_cells(scores, ["pay", "growth"], by)

    def products() -> pd.DataFrame:
        scores = engine.respondent_scores(snapshot, snapshot.instrument("pulse"), None)
        return engine.cross_products(scores, ["pay", "growth"], by).to_frame()

    same(*both(cells))
    same(*both(products))


def test_parts_keep_their_rows_in_order(both):
    def twice(rows: pa.Table) -> pa.Table:
        return pa.table({"twice": pc.multiply(rows["x"], 2)})

    numbers = pa.table({"x": pa.array(range(1001), pa.int64())})
    schema = pa.schema([("twice", pa.int64())])
    here, there = both(lambda: engine.by_parts(numbers, twice, schema))
    assert here is None
    assert there.equals(pa.table({"twice": pa.array(range(0, 2002, 2), pa.int64())}))


def test_a_closed_wave_is_the_same_to_the_last_hidden_cell(tmp_path: Path, both, monkeypatch):
    """Import, score the comments, close and ask: once on each back end, in copies of one workspace."""
    monkeypatch.setenv("ENGAGE_ENGINE", "duckdb")
    empty = tmp_path / "empty"
    Store.create(empty)
    turn = iter(("duckdb", "spark"))

    def whole() -> list[pd.DataFrame]:
        folder = tmp_path / next(turn)
        shutil.copytree(empty, folder)
        workspace = Workspace(folder)
        table = inputs.answers(inputs.PULSE, comments=True)
        content = inputs.as_csv(table)
        workspace.import_file(content, wave="1", name="a.csv", instrument=inputs.PULSE)
        staff = inputs.people(table[["employee id", "team"]])
        workspace.import_file(inputs.as_csv(staff), kind="people", name="p.csv")
        workspace.close("1")
        asked = [workspace.scores(), workspace.scores(by="team"), workspace.scores(by=["team", "site"])]
        asked += [workspace.drivers("engagement"), workspace.wave_table()]
        return [*(one.tidy() for one in asked), workspace.frame()]

    for one, other in zip(*both(whole), strict=True):
        pd.testing.assert_frame_equal(one, other, rtol=SAME, atol=SAME)


def test_a_file_that_is_gone_is_said_to_be(snapshot: Snapshot, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("ENGAGE_ENGINE", "spark")
    pinned = snapshot.pins["comments"]
    away = replace(pinned, files={"2024": (str(tmp_path / "gone.parquet"),)})
    with pytest.raises(EngageError, match=r"."):
        engine.frame(
            engine.open_table(replace(snapshot, pins={**snapshot.pins, "comments": away}), "comments")
        )


def test_an_unknown_engine_is_refused(snapshot: Snapshot, monkeypatch):
    monkeypatch.setenv("ENGAGE_ENGINE", "abacus")
    with pytest.raises(UsageError) as caught:
        engine.open_table(snapshot, "comments")
    assert caught.value.code == "engine.unknown"


def test_settings_of_a_cluster_that_is_there(tmp_path: Path):
    file = tmp_path / "spark.conf"
    file.write_text(
        "# ours\nspark.master   spark://host:7077\nspark.executor.memory=8g\n\n", encoding="utf-8"
    )
    found = settings(file)
    assert (found["spark.master"], found["spark.executor.memory"]) == ("spark://host:7077", "8g")
    assert "spark.authenticate.secret" not in found
    assert found["spark.io.encryption.enabled"] == "true"
    assert settings(None)["spark.master"].startswith("local-cluster[2,")
    file.write_text("spark.master\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        settings(file)
    assert (caught.value.code, caught.value.params) == ("engine.conf_line", {"line": 1})
    with pytest.raises(InputError):
        settings(tmp_path / "nowhere")
