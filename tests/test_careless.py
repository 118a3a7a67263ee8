"""Indices of careless responding against R's careless, brute force, and made-up respondents."""

import runpy
import statistics
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from known_moments import attitude

from engage.errors import InputError, TooLittleData, UsageError
from engage.measure import CarelessRules, careless

R = 1e-9  # numbers printed by R's careless 1.2.2
EXACT = 1e-9

PEOPLE = {
    "A": (4, 4, 5, 4, 2, 2, 1, 2, 3, 3, 3, 4),
    "B": (5, 4, 5, 4, 2, 1, 2, 1, 4, 3, 4, 2),
    "C": (1, 5, 2, 4, 3, 3, 5, 1, 2, 4, 1, 5),
    "D": (3,) * 12,
}
NAMES = [f"q{i}" for i in range(1, 13)]
SCALES = {"pay": NAMES[:4], "growth": NAMES[4:8], "safety": NAMES[8:]}


def people():
    return pd.DataFrame.from_dict(PEOPLE, orient="index", columns=NAMES)


@pytest.mark.parametrize("scales", [SCALES, [4, 4, 4]])
def test_indices_agree_with_r(scales):
    result = careless(people(), scales)
    assert result.longstring.tolist() == [3, 1, 2, 12]
    np.testing.assert_allclose(result.irv, [1.164500153, 1.443375673, 1.59544807, 0], rtol=0, atol=R)
    np.testing.assert_allclose(
        result.even_odd, [-0.9799919936, -0.9909083395, 1, np.nan], rtol=0, atol=R, equal_nan=True
    )
    assert np.isnan(result.mahalanobis).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_mahalanobis_agrees_with_scipy(seed):
    from scipy.spatial.distance import mahalanobis

    x = np.random.default_rng(seed).integers(1, 6, size=(40, 6)).astype(float)
    inverse = np.linalg.inv(np.cov(x, rowvar=False))
    expected = [mahalanobis(row, x.mean(axis=0), inverse) ** 2 for row in x]
    np.testing.assert_allclose(careless(pd.DataFrame(x)).mahalanobis, expected, rtol=EXACT)


def test_mahalanobis_sums_to_what_it_must():
    result = careless(attitude())
    assert result.mahalanobis.sum() == pytest.approx(29 * 7, rel=1e-9)


def answers_with_gaps(rng, n=80):
    trait = rng.normal(size=(n, 3)).repeat(4, axis=1)
    raw = np.clip(np.round(3 + trait + 0.8 * rng.normal(size=(n, 12))), 1, 5)
    raw[rng.random(raw.shape) < 0.1] = np.nan
    raw[0], raw[1, 1:], raw[2, :4] = np.nan, np.nan, np.nan
    return raw


def brute_longstring(row):
    best = run = 0
    last = None
    for answer in row:
        run = 0 if np.isnan(answer) else run + 1 if answer == last else 1
        last = answer
        best = max(best, run)
    return best


def brute_even_odd(row):
    halves = []
    for start in (0, 4, 8):
        odd = [x for x in (row[start], row[start + 2]) if not np.isnan(x)]
        even = [x for x in (row[start + 1], row[start + 3]) if not np.isnan(x)]
        if odd and even:
            halves.append((statistics.mean(odd), statistics.mean(even)))
    if len(halves) < 3 or any(len({half[side] for half in halves}) == 1 for side in (0, 1)):
        return np.nan
    r = statistics.correlation(*zip(*halves, strict=True))
    return 1.0 if r <= -1 / 3 else -2 * r / (1 + r)


def brute_mahalanobis(frame, i):
    row = frame.iloc[i]
    kept = row.index[row.notna()]
    if not len(kept):
        return np.nan
    away = (row - frame.mean())[kept].to_numpy()
    return away @ np.linalg.inv(frame.cov().loc[kept, kept]) @ away


def test_indices_by_brute_force_with_gaps():
    raw = answers_with_gaps(np.random.default_rng(8))
    frame = pd.DataFrame(raw, columns=NAMES)
    before = frame.copy()
    result = careless(frame, SCALES, reverse=["q2", "q7"], answers=(1, 5))
    keyed = raw.copy()
    keyed[:, [1, 6]] = 6 - keyed[:, [1, 6]]
    pairs = [(0, 1), (2, 1), (3, 1), (4, 6), (5, 6), (7, 6)]
    for i, row in enumerate(raw):
        given = [x for x in row if not np.isnan(x)]
        assert result.answered[i] == len(given)
        assert result.longstring[i] == brute_longstring(row)
        spread = statistics.stdev(given) if len(given) > 1 else np.nan
        assert result.irv[i] == pytest.approx(spread, abs=EXACT, nan_ok=True)
        assert result.even_odd[i] == pytest.approx(brute_even_odd(keyed[i]), abs=1e-7, nan_ok=True)
        assert result.mahalanobis[i] == pytest.approx(brute_mahalanobis(frame, i), rel=1e-8, nan_ok=True)
        known = [(row[f] - 3) * (row[b] - 3) for f, b in pairs if not np.isnan(row[f] + row[b])]
        share = sum(x > 0 for x in known) / len(known) if known else np.nan
        assert result.contradictions[i] == pytest.approx(share, nan_ok=True)
        same = sum(np.array_equal(row, other, equal_nan=True) for other in raw) - 1
        assert result.repeats[i] == same
    pd.testing.assert_frame_equal(frame, before)


def test_flags_follow_the_rules():
    rng = np.random.default_rng(5)
    raw = np.clip(np.round(3 + rng.normal(size=(60, 1)) + rng.normal(size=(60, 12))), 1, 5)
    raw[0] = 4
    raw[1], raw[2] = PEOPLE["C"], PEOPLE["C"]
    seconds = np.full(60, 90.0)
    seconds[3], seconds[4] = 23.9, np.nan
    frame = pd.DataFrame(raw, columns=NAMES)
    args = {"seconds": pd.Series(seconds), "reverse": ["q2", "q3", "q6"], "answers": (1, 5)}
    result = careless(frame, SCALES, **args)
    flags = result.flags
    assert flags["longstring"][0]
    assert flags["irv"][0]
    assert flags["contradictions"][0]
    assert result.n_flags[0] == 3
    assert result.suspect[0]
    assert flags["repeated"].nonzero()[0].tolist() == [1, 2]
    assert flags["speeding"].nonzero()[0].tolist() == [3]
    middle = np.median(result.irv)
    limit = max(0.3, middle - 3 * 1.4826 * np.median(np.abs(result.irv - middle)))
    np.testing.assert_array_equal(flags["irv"], result.irv < limit)
    np.testing.assert_array_equal(flags["mahalanobis"], result.mahalanobis_p < 0.001)
    np.testing.assert_array_equal(flags["even_odd"], -result.even_odd < 0.3)
    assert result.notes == ()
    table = result.tidy()
    assert len(table) == 60
    np.testing.assert_array_equal(table["n_flags"], table.filter(like="flag_").sum(axis=1))
    assert result.summary().set_index("check").loc["speeding", "flagged"] == 1
    strict = careless(frame, SCALES, **args, rules=CarelessRules(flags=4, irv_share=0, irv_deviations=99))
    assert not strict.flags["irv"].any()
    assert not strict.suspect[0]


def test_a_straight_line_is_no_repeated_submission():
    frame = pd.DataFrame(np.vstack([np.full((3, 12), 3), people().to_numpy()]))
    result = careless(frame)
    assert result.repeats.tolist() == [3, 3, 3, 0, 0, 0, 3]
    assert not result.flags["repeated"].any()


def test_empty_and_constant_items_change_nothing_of_the_distance():
    raw = answers_with_gaps(np.random.default_rng(9))
    more = pd.DataFrame(raw).assign(empty=np.nan, same=3.0)
    np.testing.assert_array_equal(careless(more).mahalanobis, careless(pd.DataFrame(raw)).mahalanobis)
    assert np.isnan(careless(more[["empty", "same"]]).mahalanobis).all()


def test_one_spread_of_most_people_makes_nobody_an_outlier():
    frame = pd.DataFrame([[1, 3]] * 8 + [[2, 3]] * 3, columns=["a", "b"])
    assert not careless(frame, answers=(1, 5)).flags["irv"].any()


def test_what_could_not_be_checked_is_said():
    notes = [note.code.removeprefix("measure.unchecked_") for note in careless(people()).notes]
    assert notes == ["mahalanobis", "even_odd", "contradictions", "speeding"]
    short = careless(people()[NAMES[:5]])
    assert "measure.unchecked_repeated" in [note.code for note in short.notes]
    assert "nobody was removed" in short._repr_html_()


@pytest.mark.parametrize("lang", ["zh", "en", "ru"])
def test_every_unchecked_index_has_words(lang):
    notes = careless(people()[NAMES[:5]]).notes
    assert len({note.reason(lang) + note.remedy(lang) for note in notes}) == 6


def test_careless_refuses_what_it_can_not_read():
    frame = people()
    with pytest.raises(UsageError, match="no column q99"):
        careless(frame, {"pay": ["q1", "q99"]})
    with pytest.raises(UsageError, match="no column"):
        careless(frame, reverse=["x"])
    with pytest.raises(UsageError, match="16 items, the table has 12"):
        careless(frame, [4, 4, 4, 4])
    with pytest.raises(InputError, match="1 to 4: 6"):
        careless(frame, answers=(1, 4))
    with pytest.raises(InputError, match="Not numbers: q1"):
        careless(frame.assign(q1="yes"))
    with pytest.raises(UsageError, match="4 rows and 2 rows"):
        careless(frame, seconds=pd.Series([1, 2]))
    with pytest.raises(TooLittleData, match="no answer"):
        careless(frame.head(0))


@pytest.mark.simulation
@pytest.mark.rest
def test_flags_find_careless_people_and_leave_honest_ones_alone():
    script = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "careless.py"))
    for asked in script["QUESTIONNAIRES"]:
        shares = {style: script["found"](asked, style, 5, 400, 5) for style in script["STYLES"]}
        assert all(share["specificity, suspect"] > 0.98 for share in shares.values())
        assert all(share["specificity, flagged"] > 0.75 for share in shares.values())
        assert shares["straight line"]["sensitivity, suspect"] > 0.85
        for style, least in (("random", 0.6), ("midpoint", 0.7), ("zigzag", 0.9)):
            assert shares[style]["sensitivity, flagged"] > least, style
        for share in shares.values():
            assert share["sensitivity, with times"] >= share["sensitivity, suspect"]
