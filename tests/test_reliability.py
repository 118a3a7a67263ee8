"""Alpha, omega and item-rest correlations against R, formulas written out, and what must hold."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from known_moments import attitude, rows_with, schools

from engage.errors import InputError, TooLittleData, UsageError
from engage.measure import cronbach_alpha, item_rest_correlation, omega_total

R = 1e-9  # numbers printed by R 4.2.2
SEARCH = 1e-6  # an optimiser stopped elsewhere
SHOWN = 5e-4  # figures published with three decimals

DATA = Path(__file__).parents[2] / "shared" / "data"
BFI = DATA / "psychTools_bfi.csv"
LQ = DATA / "multilevel_lq2002.csv"


def needs(path):
    return pytest.mark.skipif(not path.is_file(), reason=f"{path.name} is not beside this checkout")


def test_alpha_and_feldt_interval_agree_with_r():
    result = cronbach_alpha(attitude())
    assert result.alpha == pytest.approx(0.8431427696, abs=R)
    assert result.ci_low == pytest.approx(0.7393756856, abs=R)
    assert result.ci_high == pytest.approx(0.9157730722, abs=R)
    assert (result.n, result.n_items, result.n_dropped, result.notes) == (30, 7, 0, ())


def test_alpha_of_published_scales():
    nine = schools()
    assert cronbach_alpha(nine[["x1", "x2", "x3"]]).alpha == pytest.approx(0.626, abs=SHOWN)
    assert cronbach_alpha(nine[["x4", "x5", "x6"]]).alpha == pytest.approx(0.883, abs=SHOWN)


@needs(LQ)
def test_alpha_of_lq2002():
    items = pd.read_csv(LQ).filter(regex=r"^LEAD\d")
    assert cronbach_alpha(items).alpha == pytest.approx(0.902, abs=SHOWN)


@needs(BFI)
def test_alpha_of_bfi_with_and_without_keying():
    raw = pd.read_csv(BFI)[["A1", "A2", "A3", "A4", "A5"]]
    keyed = raw.assign(A1=7 - raw["A1"])
    wrong = cronbach_alpha(raw)
    assert cronbach_alpha(keyed).alpha == pytest.approx(0.704, abs=SHOWN)
    assert wrong.alpha == pytest.approx(0.431, abs=SHOWN)
    assert (wrong.n, wrong.n_dropped) == (2709, 91)
    assert [note.params["columns"] for note in wrong.notes] == [["A1"]]
    assert cronbach_alpha(keyed).notes == ()


def test_item_rest_agrees_with_r():
    expected = [0.6712620572, 0.7421097102, 0.5607111115, 0.7144454981]
    expected += [0.7862755938, 0.2650343392, 0.4608105495]
    result = item_rest_correlation(attitude())
    np.testing.assert_allclose(result.correlation, expected, rtol=0, atol=R)
    for k, item in enumerate(result.items):
        without = cronbach_alpha(attitude().drop(columns=item))
        assert result.alpha_if_dropped[k] == pytest.approx(without.alpha, abs=1e-12)
    assert list(result.tidy()["item"]) == list(attitude().columns)


@pytest.mark.parametrize(
    ("convention", "expected"),
    [("psych", 0.8509924651), ("minres", 0.8506823948), ("ml", 0.8405446727)],
)
def test_omega_agrees_with_r_in_each_convention(convention, expected):
    result = omega_total(attitude(), convention=convention)
    assert result.omega == pytest.approx(expected, abs=SEARCH)
    assert result.convention == convention


def test_omega_by_maximum_likelihood_is_the_default():
    assert omega_total(attitude()).omega == omega_total(attitude(), convention="ml").omega


def test_conventions_agree_where_one_factor_fits_and_give_alpha_where_items_are_alike():
    loadings = np.full(4, 0.7)
    covariance = np.outer(loadings, loadings) + np.diag(1 - loadings**2)
    items = pd.DataFrame(rows_with(50, np.zeros(4), covariance))
    exact = 2.8**2 / (2.8**2 + 4 * 0.51)
    assert cronbach_alpha(items).alpha == pytest.approx(exact, abs=1e-12)
    for convention in ("ml", "minres", "psych"):
        assert omega_total(items, convention=convention).omega == pytest.approx(exact, abs=SEARCH)


def test_alpha_by_hand_with_missing_answers():
    frame = pd.DataFrame(
        {"a": [1, 2, 4, 5, None, 3], "b": [2, 2, 5, 4, 3, pd.NA], "c": [1, 3, 3, 5, 4, 4]}
    ).astype("Int8")
    before = frame.copy()
    whole = frame.dropna().astype(float)
    total = whole.sum(axis=1).var()
    result = cronbach_alpha(frame)
    assert result.alpha == pytest.approx(1.5 * (1 - whole.var().sum() / total), abs=1e-12)
    assert (result.n, result.n_dropped) == (4, 2)
    pairs = whole.corr().to_numpy()[np.triu_indices(3, 1)]
    assert (result.r_mean, result.r_min, result.r_max) == pytest.approx(
        (pairs.mean(), pairs.min(), pairs.max()), abs=1e-12
    )
    assert result.tidy().loc[0, "alpha"] == result.alpha
    assert "4" in result._repr_html_()
    pd.testing.assert_frame_equal(frame, before)


def test_two_items_give_spearman_brown_of_equal_spreads():
    frame = pd.DataFrame({"a": [1, 2, 3, 4], "b": [2, 1, 4, 3]})
    assert cronbach_alpha(frame).alpha == pytest.approx(2 * 0.6 / 1.6, abs=1e-12)
    assert item_rest_correlation(frame).correlation == pytest.approx([0.6, 0.6])
    assert np.isnan(item_rest_correlation(frame).alpha_if_dropped).all()


def test_reliability_refuses_what_it_can_not_answer():
    three = pd.DataFrame({"a": [1, 2, 3, 4], "b": [2, 1, 4, 3], "c": [3, 3, 3, 3]})
    with pytest.raises(UsageError, match="1 items are too few"):
        cronbach_alpha(three[["a"]])
    with pytest.raises(UsageError, match="2 items are too few"):
        omega_total(three[["a", "b"]])
    with pytest.raises(TooLittleData, match="alike: c"):
        cronbach_alpha(three)
    with pytest.raises(TooLittleData, match="2 complete rows"):
        cronbach_alpha(three.head(2))
    with pytest.raises(TooLittleData, match="cancel"):
        cronbach_alpha(three[["a"]].assign(b=5 - three["a"]))
    with pytest.raises(TooLittleData, match="worked out exactly"):
        omega_total(three[["a", "b"]].assign(c=three["a"] + three["b"]))
    with pytest.raises(InputError, match="Not numbers: a"):
        cronbach_alpha(three.assign(a="agree"))
    with pytest.raises(UsageError, match="convention"):
        omega_total(three, convention="mcdonald")
    with pytest.raises(UsageError, match="confidence level"):
        cronbach_alpha(three[["a", "b"]], level=95)


@pytest.mark.simulation
@pytest.mark.rest
@pytest.mark.parametrize(("n", "k", "r"), [(20, 3, 0.3), (60, 7, 0.5)])
def test_feldt_interval_covers_parallel_items(n, k, r):
    rng = np.random.default_rng(41)
    alpha = k * r / (1 + (k - 1) * r)
    held = 0
    for _ in range(2000):
        shared = rng.normal(size=(n, 1)) * np.sqrt(r)
        result = cronbach_alpha(pd.DataFrame(shared + rng.normal(size=(n, k)) * np.sqrt(1 - r)))
        held += result.ci_low <= alpha <= result.ci_high
    assert 0.935 < held / 2000 < 0.965
