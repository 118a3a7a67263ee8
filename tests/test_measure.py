"""Scores and intervals against R, formulas written out, and brute force."""

import math
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engage.errors import InputError, TooLittleData, UsageError
from engage.measure import (
    answer_bands,
    enps,
    favourable_from,
    favourable_interval,
    favourable_share,
    score_items,
    share_spread,
    wilson_interval,
)

DOCS = Path(__file__).parents[1] / "docs"
EXACT = 1e-12  # formulas written out
R = 1e-9  # numbers printed by R 4.2.2


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (81, 263, 0.2552885199, 0.3662095770),
        (0, 20, 0.0, 0.1611251581),
        (20, 20, 1 - 0.1611251581, 1.0),
    ],
)
def test_wilson_agrees_with_r(k, n, low, high):
    interval = wilson_interval(k, n)
    assert interval.low == pytest.approx(low, abs=R)
    assert interval.high == pytest.approx(high, abs=R)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
@pytest.mark.parametrize(("k", "n"), [(3.4, 17), (0.25, 6), (5, 6), (1, 2)])
def test_wilson_ends_solve_the_score_equation(k, n, level):
    from scipy.stats import norm

    interval = wilson_interval(k, n, level)
    z = norm.ppf((1 + level) / 2)
    for end in (interval.low, interval.high):
        assert abs(k / n - end) == pytest.approx(z * math.sqrt(end * (1 - end) / n), abs=EXACT)


@pytest.mark.simulation
@pytest.mark.parametrize("n", [12, 40])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.83])
def test_wilson_covers_as_often_as_it_says(n, share):
    from scipy.stats import binom

    k = np.arange(n + 1)
    held = [wilson_interval(x, n).low <= share <= wilson_interval(x, n).high for x in k]
    assert 0.92 < binom.pmf(k, n, share)[held].sum() < 0.99


def test_wilson_refuses_what_is_no_share():
    with pytest.raises(TooLittleData, match="no answer"):
        wilson_interval(0, 0)
    for k in (-1, 6):
        with pytest.raises(UsageError, match="not a share"):
            wilson_interval(k, 5)
    with pytest.raises(UsageError, match="confidence level"):
        wilson_interval(1, 5, 95)


def test_enps_agrees_with_the_reference():
    result = enps([10] * 40 + [9] * 50 + [8] * 30 + [7] * 30 + [6] * 20 + [0] * 30)
    assert (result.enps, result.n) == (20, 200)
    assert result.se == pytest.approx(5.744562647, abs=R)
    assert result.tidy().loc[0, "std_error"] == result.se


def test_enps_interval_is_bonett_and_price():
    result = enps([10] * 7 + [8] * 2 + [3] * 4)
    p, d, n = 8 / 15, 5 / 15, 15
    half = 1.959963984540054 * math.sqrt((p + d - (p - d) ** 2) / n)
    assert result.ci_low == pytest.approx(100 * (p - d - half), abs=1e-9)
    assert result.ci_high == pytest.approx(100 * (p - d + half), abs=1e-9)


def test_enps_interval_keeps_width_where_all_agree():
    result = enps([10, 10, 9, 10, 9, 9])
    assert (result.enps, result.se, result.ci_high) == (100, 0, 100)
    assert result.ci_low < 70


@pytest.mark.simulation
def test_enps_interval_covers():
    rng = np.random.default_rng(20)
    held = 0
    for _ in range(2000):
        result = enps(rng.choice([10, 8, 3], size=25, p=[0.5, 0.3, 0.2]))
        held += result.ci_low <= 30 <= result.ci_high
    assert 0.93 < held / 2000 < 0.97


def test_enps_leaves_missing_out_and_refuses_the_rest():
    assert enps(pd.Series([10, None, 0, pd.NA], dtype="Int8")).enps == 0
    assert enps([10, None, 9.0, float("nan")]).n == 2
    with pytest.raises(TooLittleData):
        enps(pd.Series([None], dtype="Float64"))
    with pytest.raises(InputError, match=r"0 to 10: 2"):
        enps([11, -1, 3])
    with pytest.raises(InputError, match="Not numbers"):
        enps(["ten"])


def test_favourable_from_follows_the_field():
    assert [favourable_from(points) for points in range(2, 12)] == [1, 1, *[2] * 8]
    for points in (1, 12):
        with pytest.raises(UsageError):
            favourable_from(points)


def brute_score(row, reverse, minimum, maximum):
    answers = [minimum + maximum - x if k in reverse else x for k, x in row.items() if not pd.isna(x)]
    return sum(answers) / len(answers) if len(answers) * 2 >= len(row) else None


@pytest.mark.parametrize(("items", "points"), [(1, 11), (2, 5), (3, 5), (5, 7), (3, 2)])
def test_scores_agree_with_brute_force(items, points):
    rng = np.random.default_rng(items * points)
    minimum = 0 if points == 11 else 1
    maximum = minimum + points - 1
    raw = rng.integers(minimum, maximum + 1, size=(200, items)).astype(float)
    raw[rng.random(raw.shape) < 0.35] = np.nan
    names = [f"i{k}" for k in range(items)]
    frame = pd.DataFrame(raw, columns=names, index=[f"p{k}" for k in range(200)]).astype("Int8")
    before = frame.copy()
    reverse = names[1::2]
    scores = score_items(frame, reverse=reverse, minimum=minimum, maximum=maximum)
    shares = favourable_share(frame, reverse=reverse, minimum=minimum, maximum=maximum)
    threshold = maximum - (1 if points <= 3 else 2)
    for name, row in frame.iterrows():
        expected = brute_score(row, reverse, minimum, maximum)
        if expected is None:
            assert scores[name] is pd.NA
            assert shares[name] is pd.NA
            continue
        keyed = [minimum + maximum - x if k in reverse else x for k, x in row.items() if not pd.isna(x)]
        assert scores[name] == pytest.approx(expected, abs=EXACT)
        assert shares[name] == pytest.approx(sum(x > threshold for x in keyed) / len(keyed), abs=EXACT)
    pd.testing.assert_frame_equal(frame, before)
    assert list(scores.index) == list(frame.index)


def test_scores_refuse_a_wrong_range_or_name():
    frame = pd.DataFrame({"a": [1, 6], "b": [2, 0]})
    with pytest.raises(InputError, match="1 to 5: 2"):
        score_items(frame, minimum=1, maximum=5)
    with pytest.raises(UsageError, match="no column"):
        favourable_share(frame, reverse=["c"], minimum=0, maximum=6)


def test_bands_of_answers_mirror_each_other_except_for_a_recommendation():
    found = [answer_bands(points) for points in range(2, 12)]
    assert [(b.unfavourable, b.neutral, b.favourable) for b in found] == [
        (1, 0, 1), (1, 1, 1), (2, 0, 2), (2, 1, 2), (2, 2, 2),
        (2, 3, 2), (2, 4, 2), (2, 5, 2), (2, 6, 2), (7, 2, 2),
    ]  # fmt: skip
    with pytest.raises(UsageError):
        answer_bands(12)


def test_the_table_in_the_docs_is_current():
    page = runpy.run_path(str(DOCS / "measurement" / "run.py"))
    text = (DOCS / "measurement.md").read_text(encoding="utf-8")
    assert page["written"](text) == text
    assert "| 5 | 1 to 2 | 3 | 4 to 5 |" in text
    assert "| 11 | 0 to 6 | 7 to 8 | 9 to 10 |" in text


def test_interval_of_a_share_of_several_items():
    """By hand: p = 5/8, s² = 5/64, so that four people count for 4/(s²/(p(1 − p)))."""
    from scipy.stats import t

    shares = pd.Series([0.5, 1.0, 0.25, 0.75, None], dtype="Float64")
    spread = (5 / 64) / (15 / 64)
    assert share_spread(shares, 4) == pytest.approx(spread, abs=EXACT)
    found = favourable_interval(shares, n_items=4)
    for end in (found.low, found.high):
        error = t.ppf(0.975, 3) * math.sqrt(end * (1 - end) * spread / 4)
        assert abs(0.625 - end) == pytest.approx(error, abs=1e-10)


def test_interval_of_a_single_item_is_wilsons():
    found = favourable_interval([1, 0, 0, 1, 1, np.nan], n_items=1)
    assert (found.low, found.high) == pytest.approx(
        (wilson_interval(3, 5).low, wilson_interval(3, 5).high), abs=EXACT
    )


@pytest.mark.parametrize(("shares", "spread"), [([0.5] * 6, 1 / 3), ([1.0] * 6, 1.0), ([0.0, 1.0], 1.0)])
def test_spread_of_shares_has_its_ends(shares, spread):
    assert share_spread(shares, 3) == pytest.approx(spread, abs=EXACT)


def test_interval_of_shares_refuses_what_is_none():
    with pytest.raises(InputError, match="outside 0 to 1"):
        favourable_interval([0.2, 40], n_items=3)
    with pytest.raises(UsageError):
        favourable_interval([0.2, 0.4], n_items=0)
    with pytest.raises(TooLittleData, match="no answer"):
        favourable_interval([0.2, None], n_items=3)
