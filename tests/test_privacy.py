"""The gate: what is hidden, how coarse the rest is, and that nothing else can be made."""

import itertools
import math
import pickle

import numpy as np
import pandas as pd
import pytest
from safe_tables import drivers_of

from engage.errors import InputError, TooLittleData
from engage.measure import wilson_interval
from engage.privacy import (
    SCORE_COLUMNS,
    Policy,
    SafeTable,
    load_policy,
    release_changes,
    release_counts,
    release_open_wave,
    release_scores,
    release_waves,
    released_cells,
    rounding,
    select_cells,
    spread_of,
)
from engage.privacy.suppress import suppress
from engage.workspace.toning import tone_table

POLICY = Policy()


def cells(sizes: dict[str, int], scale="pay", mean=3.456, favourable=0.437) -> pd.DataFrame:
    rows = [(team, scale, n, mean, 1.0, favourable) for team, n in sizes.items()]
    return pd.DataFrame(rows, columns=["team", "scale", "n", "mean", "var", "favourable"])


def test_score_table_has_its_final_shape():
    table = release_scores(cells({"a": 40, "b": 120}), ["team"], POLICY)
    assert list(table.tidy().columns) == ["team", *SCORE_COLUMNS]
    a, b = table.tidy().to_dict("records")
    assert (a["n"], a["n_band"], a["mean"], a["favourable"]) == (40, None, 3.5, 0.45)
    assert (b["n"], b["mean"], b["favourable"]) == (120, 3.5, 0.44)
    assert a["hidden_reason"] is None


def test_small_groups_and_their_complement_are_hidden():
    frame = release_scores(cells({"a": 4, "b": 6, "c": 30}), ["team"], POLICY).tidy().set_index("team")
    assert frame["hidden_reason"].to_dict() == {"a": "too_few", "b": "complement", "c": None}
    hidden = frame.loc[["a", "b"], ["n", "n_band", "mean", "favourable", "ci_low", "ci_high"]]
    assert hidden.isna().all(axis=None)


def test_suppression_leaves_no_recoverable_cell():
    """Brute force over small tables: hidden cells number two or more and hold k people, or none is hidden."""
    k = 5
    for sizes in itertools.product((1, 2, 4, 5, 6, 8), repeat=4):
        n = pd.DataFrame({"team": list("abcd"), "n": sizes})
        reason = suppress(n, ["team"], k)
        hidden = n["n"][reason != ""]
        assert (n["n"][reason == ""] >= k).all()
        if len(hidden) and len(hidden) < 4:
            assert len(hidden) >= 2
            assert hidden.sum() >= k


def test_two_way_suppression_protects_every_line():
    rng = np.random.default_rng(11)
    for _ in range(200):
        table = pd.DataFrame(
            [
                (r, c, int(n))
                for (r, c), n in zip(itertools.product("abc", "xyz"), rng.integers(1, 14, 9), strict=True)
            ],
            columns=["row", "column", "n"],
        )
        reason = suppress(table, ["row", "column"], 5)
        for name in ("row", "column"):
            for _, line in table.groupby(name):
                hidden = line["n"][reason[line.index] != ""]
                if len(hidden) and len(hidden) < len(line):
                    assert len(hidden) >= 2
                    assert hidden.sum() >= 5


def test_people_without_a_group_protect_the_others():
    """Those who did not state a team are part of the total, so they count as a cell."""
    table = cells({"a": 40, "b": 40})
    unknown = cells({"?": 2}).assign(team=pd.NA)
    frame = release_scores(pd.concat([table, unknown], ignore_index=True), ["team"], POLICY).tidy()
    assert frame["hidden_reason"].notna().sum() == 2


def test_intervals_come_from_released_values():
    """Two groups that look alike when released have the same interval: it tells nothing more."""
    one = release_scores(cells({"a": 11}, favourable=0.41), ["team"], POLICY).tidy().iloc[0]
    two = release_scores(cells({"a": 19}, favourable=0.42), ["team"], POLICY).tidy().iloc[0]
    columns = ["n_band", "favourable", "ci_low", "ci_high"]
    assert one[columns].to_dict() == two[columns].to_dict()
    assert one["favourable"] == 0.4
    exact = wilson_interval(0.4 * 10, 10)
    assert one["ci_low"] <= exact.low
    assert one["ci_high"] >= exact.high


@pytest.mark.parametrize(
    ("share", "n", "shown"),
    [
        (0.0, 90, 0.05),
        (1.0, 90, 0.95),
        (0.0, 30, 0.15),
        (1.0, 30, 0.85),
        (0.0, 300, 0.02),
        (1.0, 300, 0.98),
        (0.0, 12, 0.4),
        (0.53, 12, 0.5),
        (0.437, 30, 0.45),
        (0.437, 300, 0.44),
    ],
)
def test_shares_are_coarse_and_capped(share, n, shown):
    assert rounding.share(share, n, 3) == shown


def test_shares_of_very_small_groups_are_not_shown():
    """With three who compare notes, no share of fewer than ten answers could be shown."""
    for n in range(1, 10):
        assert math.isnan(rounding.share(0.5, n, 3))
    assert rounding.share(0.5, 5, 0) == 0.5


def test_behind_every_capped_share_there_is_more_than_the_colluders_know():
    for colluders in (0, 1, 3, 5):
        for n in range(5, 400):
            cap = rounding.share_cap(n, colluders)
            if not math.isnan(cap):
                assert round(cap * n, 6) >= colluders + 1
                assert cap < 0.5


def test_bands():
    assert [rounding.n_band(n) for n in (0, 1, 4, 5, 9, 10, 19, 20)] == [
        "0",
        "1-4",
        "1-4",
        "5-9",
        "5-9",
        "10-19",
        "10-19",
        None,
    ]
    assert rounding.open_band(7) == "5-9"
    assert rounding.open_band(58) == "40+"
    assert [rounding.p_band(p) for p in (0.0001, 0.004, 0.03, 0.07, 0.6)] == [0.001, 0.01, 0.05, 0.1, 1.0]


def test_only_the_gate_makes_tables():
    with pytest.raises(TypeError):
        SafeTable("scores", pd.DataFrame(), {}, seal=object())
    table = release_counts({"w": {"invited": 100, "responses": 80}}, of="invited")
    with pytest.raises(AttributeError):
        table.kind = "scores"
    with pytest.raises(TypeError):
        table.notes["n"] = 3
    copy = table.tidy()
    copy["n"] = 7
    assert table.tidy()["n"].tolist() == [100, 80]


def test_a_cached_copy_is_the_same_table():
    table = release_scores(cells({"a": 40, "b": 120}), ["team"], POLICY)
    copy = pickle.loads(pickle.dumps(table))
    assert copy.kind == "scores"
    pd.testing.assert_frame_equal(copy.tidy(), table.tidy())


def test_stored_cells_come_back_as_asked():
    by_team = release_scores(cells({"a": 40, "b": 30, "c": 3, "d": 3}), ["team"], POLICY)
    total = release_scores(cells({"all": 76}).drop(columns="team"), [], POLICY)
    stored = released_cells({(): total, ("team",): by_team})
    assert select_cells(stored, (), {}).tidy()["n"].tolist() == [76]
    assert select_cells(stored, ("team",), {}).tidy()["team"].tolist() == ["a", "b", "c", "d"]
    one = select_cells(stored, (), {"team": "b"}).tidy()
    assert one["n"].tolist() == [30]
    for by, where in [(("team", "tenure"), {}), (("tenure",), {"team": "a"}), ((), {"team": "nowhere"})]:
        hidden = select_cells(stored, by, where).tidy()
        assert (hidden["hidden_reason"] == "not_published").all()
        assert hidden[["n", "n_band", "mean", "favourable"]].isna().all(axis=None)


def test_an_open_wave_says_only_a_band():
    frame = release_open_wave(["pay", "status"], 47, ["team"]).tidy()
    assert frame["n_band"].tolist() == ["40+", "40+"]
    assert frame[["n", "mean", "favourable", "ci_low", "ci_high"]].isna().all(axis=None)
    fact = {"n": 47, "first_day": None, "last_day": None, "instruments": "i"}
    listed = release_waves(["x", "y"], {"x": fact, "y": fact}, {"x"}).tidy().set_index("wave")
    assert listed.loc["x", "n"] == 47
    assert pd.isna(listed.loc["y", "n"])
    assert listed.loc["y", "n_band"] == "40+"


def test_models_need_people_and_show_p_in_bands():
    table = pd.DataFrame(
        {"outcome": "engagement", "driver": ["pay"], "estimate": [0.12345], "p_value": [0.0234]}
    )
    with pytest.raises(TooLittleData):
        drivers_of(table, n=29)
    row = drivers_of(table, n=30, r_squared=0.12345)
    assert row.tidy().loc[0, ["estimate", "p_value"]].tolist() == [0.123, 0.05]
    assert row.notes["r_squared"] == 0.12


def test_tone_needs_ten_comments_within_question_and_source():
    sizes = {"change": {"pay": 40, "status": 12, "growth": 9}, "proud": {"pay": 30, "growth": 25}}
    table = tone_table(comments(sizes), "theme", [], POLICY).tidy()
    change = table[table["question"] == "change"].set_index("theme")["hidden_reason"].fillna("").to_dict()
    assert change == {"pay": "", "status": "complement", "growth": "too_few"}
    assert table[table["question"] == "proud"]["hidden_reason"].isna().all()


def comments(sizes, wave="2025H1", by="theme", writers=None):
    """Return as many comments of a wave as are said, by question and group, negative and positive in turn."""
    rows = [(q, value) for q, groups in sizes.items() for value, n in groups.items() for _ in range(n)]
    frame = pd.DataFrame(rows, columns=["question", by]).assign(wave=wave, source="employee")
    who = range(len(rows)) if writers is None else [i % writers for i in range(len(rows))]
    tones = [("negative", "positive")[i % 2] for i in range(len(rows))]
    return frame.assign(respondent=[f"{i}" for i in who], tone=tones, tone_score=0.5)


def test_ten_comments_of_one_writer_are_not_ten_writers():
    alone = comments({"change": {"pay": 40}}, writers=9)
    assert tone_table(alone, "theme", [], POLICY).tidy()["hidden_reason"].tolist() == ["too_few"]
    assert tone_table(alone, "wave", [], POLICY).tidy()["hidden_reason"].tolist() == ["too_few"]
    nobody_knows = alone.assign(respondent=None)
    assert tone_table(nobody_knows, "theme", [], POLICY).tidy()["hidden_reason"].isna().all()


def test_tone_of_groups_adds_up_to_no_hidden_one():
    """What is hidden beside a shown group has the comments of ten writers, those of no group among them."""
    rng = np.random.default_rng(41)
    for _ in range(8):
        sizes = {"change": {f"t{i}": int(n) for i, n in enumerate(rng.integers(1, 40, 5))}}
        wave = comments(sizes, by="team")
        wave.loc[rng.random(len(wave)) < 0.1, "team"] = None
        shown = tone_table(wave, "team", ["team"], POLICY).tidy().set_index("team")["hidden_reason"].isna()
        hidden = len(wave) - sum(wave["team"].value_counts()[team] for team in shown[shown].index)
        assert not shown.any() or hidden == 0 or hidden >= POLICY.comments_k
        if tone_table(wave, "wave", ["team"], POLICY).tidy()["hidden_reason"].notna().any():
            assert not shown.any()


def test_waves_are_pooled_from_what_each_shows():
    """Otherwise all waves less those shown would be the comments of a wave that hides them."""
    waves = [comments({"change": {"a": 40, "b": 30}}, "2025H1", by="team")]
    waves += [comments({"change": {"a": 40, "b": 4}}, "2025H2", by="team").assign(tone="negative")]
    table = tone_table(pd.concat(waves), "team", ["team"], POLICY).tidy().set_index("team")
    first = tone_table(waves[0], "team", ["team"], POLICY).tidy().set_index("team")
    second = tone_table(waves[1], "team", ["team"], POLICY).tidy()
    assert second["hidden_reason"].notna().all()
    assert table[["n", "n_band", "negative"]].equals(first[["n", "n_band", "negative"]])


def test_changes_are_tested_before_rounding():
    def wave(name, mean, n=400):
        return pd.DataFrame({"wave": name, "scale": ["pay"], "n": [n], "mean": [mean], "var": [1.0]})

    noise = release_changes(pd.concat([wave("a", 3.04), wave("b", 3.06)]), ["a", "b"], POLICY).tidy()
    assert noise["reliable"].tolist() == [False]
    assert math.isnan(noise["change"][0])
    moved = release_changes(pd.concat([wave("a", 3.0), wave("b", 3.5)]), ["a", "b"], POLICY).tidy()
    assert moved["reliable"].tolist() == [True]
    assert moved["change"].tolist() == [0.5]


@pytest.mark.parametrize("text", ["scores_k: 2", "scores_k: many", "unheard_of: 5", "crosses: [team]", "- 5"])
def test_a_policy_below_the_floor_is_refused(tmp_path, text):
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_policy(path)
    assert caught.value.where == "policy.yaml"


def test_a_policy_can_be_raised(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text("scores_k: 8\ncrosses: [[tenure, star]]\n", encoding="utf-8")
    policy = load_policy(path)
    assert (policy.scores_k, policy.crosses) == (8, (("star", "tenure"),))
    assert load_policy(tmp_path / "none.yaml") == Policy()
    assert policy.key != Policy().key


def test_intervals_of_shares_are_as_wide_as_the_whole_wave_says():
    table = cells({"a": 40, "b": 120})
    wide = release_scores(table, ["team"], POLICY).tidy()
    narrow = release_scores(table, ["team"], POLICY, spreads=dict.fromkeys(table["scale"], 0.4)).tidy()
    span = [frame["ci_high"] - frame["ci_low"] for frame in (wide, narrow)]
    assert (span[1] < span[0]).all()
    rest = [frame.drop(columns=["ci_low", "ci_high"]) for frame in (wide, narrow)]
    pd.testing.assert_frame_equal(*rest)


def test_spread_of_a_wave_is_coarse_and_of_many_people_only():
    shares = np.tile([0.0, 0.5, 0.5, 1.0], 30)  # s² = 1/8 of p(1 − p) = 1/4
    assert spread_of(shares, 3) == 0.5
    assert spread_of(np.append(shares, 1.0), 3) == 0.55
    assert spread_of(shares[:96], 3) == 1
