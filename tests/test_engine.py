"""The engine against brute force: plain pandas and numpy on the same random data."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from store_inputs import SMALL, answers, called, instrument, responses

from engage import engine
from engage.engine import MomentTable
from engage.instrument import Instrument
from engage.store import Store, declared_schema, to_arrow

EXACT = 1e-12
SUMS = 1e-9  # the order of summation differs

EVERY_POINTS = instrument(
    {f"s{points}": (points, [i % 3 == 2 for i in range(points % 4 + 1)]) for points in range(2, 12)}
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "ws")


def put(store: Store, wave: str, frame: pd.DataFrame, known: Instrument = SMALL):
    return store.commit("responses", wave, responses(known, frame), instrument=known)


def brute_scores(frame: pd.DataFrame, known: Instrument) -> pd.DataFrame:
    """Score one respondent and one scale at a time, as one would by hand."""
    scored = []
    for _, row in frame.iterrows():
        one = {"respondent": row["respondent"], "team": row["team"]}
        for scale in known.scales:
            values, tops = [], []
            for item in map(known.item, scale.items):
                if pd.isna(row[item.id]):
                    continue
                options = [option.value for option in item.options]
                value = options[::-1][options.index(row[item.id])] if item.reverse_keyed else row[item.id]
                values.append(value)
                tops.append(value in (options[-2:] if len(options) >= 4 else options[-1:]))
            enough = len(values) >= len(scale.items) / 2 and values
            one[scale.id] = sum(values) / len(values) if enough else np.nan
            one[scale.id + "__fav"] = sum(tops) / len(tops) if enough else np.nan
        scored.append(one)
    return pd.DataFrame(scored)


def scores(store: Store, known: Instrument = SMALL, wave: str | None = None) -> pd.DataFrame:
    found = called(store, engine.frame(engine.respondent_scores(store.snapshot(), known, wave)))
    return found.sort_values(["wave", "respondent"], ignore_index=True)


@pytest.mark.parametrize("missing", [0.0, 0.3, 0.7, 1.0])
def test_scores_agree_with_brute_force_from_2_to_11_points(store: Store, missing: float):
    frame = answers(EVERY_POINTS, 150, 11, missing=missing)
    put(store, "2025", frame, EVERY_POINTS)
    expected = brute_scores(frame, EVERY_POINTS).sort_values("respondent", ignore_index=True)
    found = scores(store, EVERY_POINTS)
    assert found.columns[:5].tolist() == ["import_id", "wave", "respondent", "started", "team"]
    pd.testing.assert_frame_equal(found[expected.columns], expected, rtol=EXACT, check_dtype=False)
    halves = expected.drop(columns=["respondent", "team"]).isna().mean().mean()
    assert (halves == 0) == (missing == 0)
    assert (halves == 1) == (missing == 1)


def test_the_half_rule_and_reverse_keying_by_hand(store: Store):
    frame = answers(SMALL, 4, 1)
    frame["growth_1"] = pd.array([5, 5, None, None], dtype="Int8")
    frame["growth_2"] = pd.array([4, None, 2, None], dtype="Int8")
    frame["growth_3"] = pd.array([1, 2, None, None], dtype="Int8")  # reverse-keyed: 5, 4
    put(store, "2025", frame)
    found = scores(store)
    np.testing.assert_allclose(found["growth"], [14 / 3, 4.5, np.nan, np.nan], rtol=EXACT)
    np.testing.assert_allclose(found["growth__fav"], [1, 1, np.nan, np.nan], rtol=EXACT)


def test_scores_by_wave_and_over_all(store: Store):
    for i, wave in enumerate(["2025", "2025上半年", "a/b"]):
        put(store, wave, answers(SMALL, 30 + i, i))
    assert scores(store)["wave"].value_counts().to_dict() == {"2025": 30, "2025上半年": 31, "a/b": 32}
    expected = brute_scores(answers(SMALL, 31, 1), SMALL).sort_values("respondent", ignore_index=True)
    np.testing.assert_allclose(scores(store, wave="2025上半年")["pay"], expected["pay"], rtol=EXACT)
    assert scores(store, wave="nowhere").empty


def test_an_extra_demographic_comes_with_the_scores_and_a_retired_item_does_not(store: Store):
    frame = answers(SMALL, 5, 1).assign(shift=["day", "night", None, "day", "day"])
    table = to_arrow(frame, declared_schema("responses_pulse", SMALL, {"shift": "string"}))
    store.commit("responses", "1", {"responses_pulse": table}, instrument=SMALL)
    narrower = instrument({"pay": (5, [False])}, version=2)
    put(store, "2", answers(narrower, 3, 1), narrower)
    found = scores(store, narrower)
    assert found.columns.tolist() == [
        "import_id", "wave", "respondent", "started", "team", "shift", "pay", "pay__fav",
    ]  # fmt: skip
    assert found["shift"].fillna("-").tolist() == ["day", "night", "-", "day", "day", "-", "-", "-"]


def test_who_answers_a_wave_twice_counts_once_by_the_last_import(store: Store):
    first, second, third = (answers(SMALL, 10, seed, missing=0) for seed in (1, 2, 3))
    put(store, "1", first)
    again = put(store, "1", second[5:])
    put(store, "2", third)
    expected = brute_scores(pd.concat([first[:5], second[5:]]), SMALL)
    found = scores(store, wave="1")
    assert found["respondent"].tolist() == expected["respondent"].tolist()
    np.testing.assert_allclose(found["pay"], expected["pay"], rtol=EXACT)
    assert len(scores(store)) == 20
    store.undo(again.id)
    np.testing.assert_allclose(scores(store, wave="1")["pay"], brute_scores(first, SMALL)["pay"], rtol=EXACT)


@pytest.mark.parametrize("by", [(), ("team",), ("wave", "team")])
def test_group_cells_agree_with_pandas(store: Store, by: tuple[str, ...]):
    put(store, "1", answers(SMALL, 60, 1, missing=0.6))
    frame = answers(SMALL, 40, 2, missing=0.6)
    frame.loc[:3, "team"] = pd.NA
    frame.loc[4, "team"] = "alone"
    put(store, "2", frame)
    expr = engine.respondent_scores(store.snapshot(), SMALL, None)
    cells = engine.group_cells(expr, ["pay", "growth"], by)
    assert cells.columns.tolist() == [*by, "scale", "n", "mean", "var", "favourable"]
    people = scores(store)
    people["one"] = 0
    for scale in ("pay", "growth"):
        grouped = people.groupby([*by] or ["one"], dropna=False)
        expected = pd.DataFrame({
            "n": grouped[scale].count(), "mean": grouped[scale].mean(), "var": grouped[scale].var(ddof=1),
            "favourable": grouped[scale + "__fav"].mean(),
        }).reset_index()  # fmt: skip
        found = cells[cells["scale"] == scale]
        if by:
            expected, found = (d.sort_values([*by], ignore_index=True) for d in (expected, found))
            pd.testing.assert_frame_equal(found[[*by]], expected[[*by]], check_dtype=False)
        columns = ["n", "mean", "var", "favourable"]
        np.testing.assert_allclose(found[columns].astype(float), expected[columns].astype(float), rtol=SUMS)


def brute_moments(frame: pd.DataFrame, columns: list[str]) -> tuple[int, np.ndarray, np.ndarray]:
    x = frame[columns].dropna().to_numpy(float)
    return len(x), x.sum(0), x.T @ x


def test_cross_products_agree_with_numpy(store: Store):
    put(store, "1", answers(EVERY_POINTS, 200, 4, missing=0.25), EVERY_POINTS)
    columns = ["s5", "s2", "s11", "s7__fav"]
    moments = engine.cross_products(engine.respondent_scores(store.snapshot(), EVERY_POINTS, None), columns)
    n, sums, products = brute_moments(scores(store, EVERY_POINTS), columns)
    assert (moments.columns, moments.by, moments.groups) == (tuple(columns), (), ((),))
    assert moments.n.tolist() == [n]
    assert 20 < n < 200
    np.testing.assert_allclose(moments.sums[0], sums, rtol=SUMS)
    np.testing.assert_allclose(moments.products[0], products, rtol=SUMS)
    complete = scores(store, EVERY_POINTS)[columns].dropna()
    np.testing.assert_allclose(moments.covariance()[0], np.cov(complete.T, ddof=1), rtol=1e-8)


def test_cross_products_by_group_pool_to_the_whole(store: Store):
    frame = answers(SMALL, 120, 5)
    frame.loc[:9, "team"] = pd.NA
    put(store, "1", frame)
    expr = engine.respondent_scores(store.snapshot(), SMALL, None)
    moments = engine.cross_products(expr, ["pay", "growth"], ["team"])
    people = scores(store)
    people["team"] = people["team"].astype(object).where(people["team"].notna(), None)
    assert set(moments.groups) == {("north",), ("south",), ("东区",), (None,)}
    for i, (team,) in enumerate(moments.groups):
        part = people[people["team"].isna() if team is None else people["team"] == team]
        n, sums, products = brute_moments(part, ["pay", "growth"])
        assert moments.n[i] == n
        np.testing.assert_allclose(moments.sums[i], sums, rtol=SUMS)
        np.testing.assert_allclose(moments.products[i], products, rtol=SUMS)
    assert_same(moments.pooled(), engine.cross_products(expr, ["pay", "growth"]))


def assert_same(a: MomentTable, b: MomentTable) -> None:
    assert (a.columns, a.by, set(a.groups)) == (b.columns, b.by, set(b.groups))
    order = [b.groups.index(group) for group in a.groups]
    np.testing.assert_array_equal(a.n, b.n[order])
    np.testing.assert_allclose(a.sums, b.sums[order], rtol=SUMS)
    np.testing.assert_allclose(a.products, b.products[order], rtol=SUMS)


@pytest.mark.parametrize("by", [(), ("team",)])
def test_moments_of_waves_add_up_to_the_pooled_ones(store: Store, by: tuple[str, ...]):
    for i, wave in enumerate(["1", "2", "3"]):
        frame = answers(SMALL, 50, i)
        put(store, wave, frame[frame["team"] != "north"] if i == 1 else frame)
    snapshot = store.snapshot()

    def moments(wave: str | None) -> MomentTable:
        return engine.cross_products(engine.respondent_scores(snapshot, SMALL, wave), ["pay", "growth"], by)

    first, second, third = (moments(wave) for wave in "123")
    before = first.n.copy()
    assert_same(first + second + third, moments(None))
    np.testing.assert_array_equal(first.n, before)
    with pytest.raises(ValueError, match="other columns"):
        first + engine.cross_products(engine.respondent_scores(snapshot, SMALL, "1"), ["pay"], by)


def test_moments_of_nothing(store: Store):
    put(store, "1", answers(SMALL, 5, 1, missing=1))
    expr = engine.respondent_scores(store.snapshot(), SMALL, None)
    nothing = engine.cross_products(expr, ["pay", "growth"])
    assert nothing.n.tolist() == [0]
    assert not nothing.products.any()
    assert np.isnan(nothing.covariance()).all()
    assert engine.cross_products(expr, ["pay"], ["team"]).groups == ()


# --- people and comments -----------------------------------------------------------------------------------


def people(store: Store, rows: list[dict[str, object]], **extras: str):
    schema = declared_schema("people", extras=extras)
    columns = [name for name in schema.names if name != "import_id"]
    frame = pd.DataFrame([{name: row.get(name) for name in columns} for row in rows])
    frame["as_of"] = pd.to_datetime(frame["as_of"])
    return store.commit("people", None, {"people": to_arrow(frame, schema)})


def test_latest_people_takes_the_last_known_value_of_each_column(store: Store):
    people(store, [
        {"respondent": "a", "as_of": "2025-01-01", "team": "north", "ability": 1.0, "wave": "1"},
        {"respondent": "a", "as_of": "2025-07-01", "team": "south", "wave": "2"},
        {"respondent": "b", "as_of": "2025-07-01", "team": "north", "left": False, "wave": "2"},
    ])  # fmt: skip
    # imported later, but tells of an earlier day: it only fills what is not known
    people(store, [
        {"respondent": "a", "as_of": "2024-07-01", "team": "east", "star": "5", "ability": 9.0},
        {"respondent": "b", "as_of": "2025-12-01", "left": True},
    ])  # fmt: skip
    # without a date it tells of the day of import
    people(store, [{"respondent": "b", "team": "west", "shift": "night"}], shift="string")
    found = (
        called(store, engine.frame(engine.latest_people(store.snapshot())))
        .set_index("respondent")
        .sort_index()
    )
    assert found.index.tolist() == ["a", "b"]
    assert found.loc["a", ["team", "ability", "star", "wave"]].tolist() == ["south", 1.0, "5", "2"]
    assert found.loc["b", ["team", "left", "shift"]].tolist() == ["west", True, "night"]
    assert found.loc["a", "as_of"] == pd.Timestamp("2025-07-01")
    assert pd.isna(found.loc["a", "shift"])


def test_latest_people_agrees_with_brute_force(store: Store):
    rng = np.random.default_rng(7)
    everything = []
    for number in range(4):
        rows = []
        for respondent in rng.permutation(40)[:25]:
            row: dict[str, object] = {
                "respondent": f"r{respondent}",
                "as_of": f"2025-0{rng.integers(1, 7)}-01",
            }
            for column in ("team", "star", "ability"):
                if rng.random() < 0.6:
                    row[column] = (
                        float(rng.integers(9)) if column == "ability" else f"{column}{rng.integers(9)}"
                    )
            rows.append(row)
            everything.append(row | {"number": number})
        people(store, rows)
    expected: dict[str, dict[str, object]] = {}
    for row in sorted(everything, key=lambda r: (r["as_of"], r["number"])):
        expected.setdefault(row["respondent"], {}).update(row)
    found = called(store, engine.frame(engine.latest_people(store.snapshot()))).set_index("respondent")
    assert set(found.index) == set(expected)
    for respondent, row in expected.items():
        for column in ("team", "star", "ability"):
            value = found.loc[respondent, column]
            assert pd.isna(value) if column not in row else value == row[column]


def test_latest_people_and_comments_of_an_empty_workspace(store: Store):
    snapshot = store.snapshot()
    assert engine.frame(engine.latest_people(snapshot)).columns[:3].tolist() == [
        "import_id",
        "wave",
        "respondent",
    ]
    assert engine.frame(engine.comments(snapshot, None)).empty


def test_comments_of_a_wave(store: Store):
    schema = declared_schema("comments")
    for wave, text in [("1", "很好"), ("2", "it's fine")]:
        frame = pd.DataFrame([dict.fromkeys(schema.names[2:]) | {"question": "change", "text": text}])
        store.commit("comments", wave, {"comments": to_arrow(frame, schema)})
    snapshot = store.snapshot()
    assert engine.frame(engine.comments(snapshot, "1"))["text"].tolist() == ["很好"]
    assert set(engine.frame(engine.comments(snapshot, None))["text"]) == {"很好", "it's fine"}


def test_threads_do_not_share_a_connection(store: Store):
    from concurrent.futures import ThreadPoolExecutor

    put(store, "1", answers(SMALL, 200, 1))
    snapshot = store.snapshot()

    def mean(_: int) -> float:
        cells = engine.group_cells(engine.respondent_scores(snapshot, SMALL, None), ["pay"], ())
        return float(cells["mean"].iloc[0])

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(mean, range(12)))) == 1
