"""What is kept of a wave agrees with a full scan, whatever was done to the tables since."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from store_inputs import SMALL, answers, responses

from engage import engine
from engage.engine import kept
from engage.store import Store, declared_schema, erase, to_arrow

COLUMNS = ["pay", "growth"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "ws")


def put(store: Store, wave: str, seed: int, rows: slice = slice(None)) -> str:
    return store.commit(
        "responses", wave, responses(SMALL, answers(SMALL, 60, seed).iloc[rows]), instrument=SMALL
    ).id


def staff(store: Store, team: str) -> None:
    names = declared_schema("people").names
    rows = pd.DataFrame({"respondent": [f"r{i}" for i in range(60)], "team": team, "contract": team})
    rest = dict.fromkeys(n for n in names if n not in (*rows, "import_id", "wave"))
    store.commit("people", None, {"people": to_arrow(rows.assign(**rest), declared_schema("people"))})


def agrees(store: Store, *waves: str) -> int:
    """Compare what is kept with a scan of the same snapshot; return the people it is of."""
    snapshot = store.snapshot().present
    for wave in waves:
        scores = engine.joined_scores(snapshot, wave)
        for by in ((), ("team",)):
            scanned = engine.group_cells(scores.scores, scores.scales, by)
            found = engine.wave_cells(snapshot, wave, by)
            order = [*by, "scale"]
            pd.testing.assert_frame_equal(
                found.sort_values(order, ignore_index=True), scanned.sort_values(order, ignore_index=True)
            )
            moments, exact = (
                engine.wave_moments(snapshot, wave, COLUMNS, by),
                engine.cross_products(scores.scores, COLUMNS, by),
            )
            assert moments.groups == exact.groups
            np.testing.assert_allclose(moments.products, exact.products, rtol=1e-12)
            assert moments.n.tolist() == exact.n.tolist()
    return int(engine.wave_moments(snapshot, waves[0], COLUMNS).n.sum())


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The waves that are worked out, as they are."""
    seen: list[str] = []
    joined: Callable[..., engine.Joined] = kept.joined_scores
    monkeypatch.setattr(kept, "joined_scores", lambda s, wave: seen.append(wave) or joined(s, wave))
    return seen


def test_a_full_scan_agrees_after_every_change(store: Store, scans: list[str]):
    put(store, "1", 1, slice(0, 40))
    put(store, "2", 2)
    n = agrees(store, "1", "2")
    assert set(scans) == {"1", "2"}
    late = put(store, "1", 1, slice(40, 60))
    scans.clear()
    assert agrees(store, "1", "2") > n
    assert set(scans) == {"1"}, "the wave that nothing came to is not scanned again"
    store.undo(late)
    assert agrees(store, "1", "2") == n
    again = put(store, "1", 3, slice(0, 20))
    agrees(store, "1", "2")
    store.undo(again)
    staff(store, "known")
    scans.clear()
    agrees(store, "1", "2")
    assert set(scans) == {"1", "2"}, "the staff list is part of every wave"
    put(store, "3", 4)
    scans.clear()
    agrees(store, "3", "1", "2")
    assert set(scans) == {"3"}


def test_an_erasure_takes_what_is_kept_with_it(store: Store):
    put(store, "1", 1)
    before = store.snapshot()
    n = agrees(store, "1")
    folder = store.path / "statistics"
    assert list(folder.iterdir())
    scores = engine.frame(engine.respondent_scores(before, SMALL, "1"))
    complete = scores.dropna(subset=COLUMNS)["respondent"].iloc[0]
    pseudonyms = store.pseudonyms()
    who = next(f"r{i}" for i in range(60) if pseudonyms.of(f"r{i}") == complete)
    erase(store, who)
    assert not folder.exists()
    assert agrees(store, "1") == n - 1
    files = sorted(folder.iterdir())
    version = engine.version(before, "1")
    gone = [file for part in before.parts("responses_pulse").values() for file in part]
    kept.keep_statistic(store.path, "old", version, b"what was", gone)
    assert sorted(folder.iterdir()) == files, "worked out before, too late to be kept"


def test_one_state_is_kept_of_a_question(store: Store):
    for seed in (1, 2, 3):
        put(store, "1", seed, slice(20 * seed - 20, 20 * seed))
        engine.wave_cells(store.snapshot(), "1")
    assert len(list((store.path / "statistics").iterdir())) == 1


def test_a_folder_that_takes_nothing_changes_no_answer(store: Store):
    put(store, "1", 1)
    (store.path / "statistics").write_text("in the way")
    assert agrees(store, "1") > 0
