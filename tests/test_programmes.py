"""Differences in differences against regressions, brute force, and worlds with a known effect."""

import numpy as np
import pandas as pd
import pytest

from engage.errors import TooLittleData, UsageError
from engage.model import difference_in_differences

TIGHT = 1e-9


def draw(rng, units=60, effect=0.5, drift=0.0, shared=0.0):
    """Teams in six periods, starting in period 3 or 5 or never; the effect grows by a tenth each period."""
    start = rng.choice([3.0, 5.0, np.nan], size=units, p=[0.3, 0.3, 0.4])
    town = np.arange(units) % 15
    rows = []
    for t in range(1, 7):
        inside = t >= start
        y = rng.normal(size=units) + 0.3 * t + np.where(inside, effect + 0.1 * (t - np.nan_to_num(start)), 0)
        y = y + drift * t * ~np.isnan(start) + shared * rng.normal(size=15)[town]
        rows.append(pd.DataFrame({"unit": np.arange(units), "town": town, "time": t, "start": start, "y": y}))
    return pd.concat(rows, ignore_index=True)


@pytest.fixture(scope="module")
def panel():
    return draw(np.random.default_rng(41))


def test_two_by_two_is_the_regression_with_errors_by_unit(panel):
    import statsmodels.formula.api as smf

    rows = panel[panel["time"].isin([2, 3]) & (panel["start"] != 5)]
    result = difference_in_differences(rows, "y", "unit", "time", "start")
    rows = rows.assign(inside=rows["start"].notna().astype(int), after=(rows["time"] == 3).astype(int))
    fit = smf.ols("y ~ inside * after", rows).fit()
    overall = result.tidy().iloc[0]
    assert overall["estimate"] == pytest.approx(fit.params["inside:after"], abs=TIGHT)
    change = rows.pivot(index="unit", columns="time", values="y").diff(axis=1)[3]
    inside = rows.groupby("unit")["inside"].first()
    parts = [change[inside == k] for k in (0, 1)]
    assert overall["std_error"] == pytest.approx(
        np.sqrt(sum(p.var(ddof=0) / len(p) for p in parts)), abs=TIGHT
    )
    assert result.tidy()["term"].tolist() == ["overall", "event[0]"]
    assert np.isnan(result.pre_trend_p)


def brute(panel):
    """Every start and period, written out."""
    wide = panel.pivot(index="unit", columns="time", values="y")
    start = panel.groupby("unit")["start"].first()
    cells = {}
    for g in (3, 5):
        for t in range(2, 7):
            base = g - 1 if t >= g else t - 1
            change = wide[t] - wide[base]
            control = (start.isna() | (start > t)) & (start != g)
            cells[g, t] = change[start == g].mean() - change[control].mean()
    return cells, start.value_counts()


def test_staggered_starts_are_compared_with_those_not_yet_in(panel):
    result = difference_in_differences(panel, "y", "unit", "time", "start")
    cells, size = brute(panel)
    table = result.group_times.set_index(["treated_from", "time"])["estimate"]
    assert len(table) == 10
    for key, value in cells.items():
        assert table[key] == pytest.approx(value, abs=TIGHT)
    tidy = result.tidy().set_index("term")["estimate"]
    after = [(g, t) for g, t in cells if t >= g]
    assert tidy["overall"] == pytest.approx(
        np.average([cells[k] for k in after], weights=[size[g] for g, _ in after])
    )
    for e in range(-3, 4):
        these = [(g, t) for g, t in cells if t - g == e]
        mean = np.average([cells[k] for k in these], weights=[size[g] for g, _ in these])
        assert tidy[f"event[{e}]"] == pytest.approx(mean)
    # Those who start in period 5 serve as a comparison up to period 4, and not from then on.
    counts = result.group_times.set_index(["treated_from", "time"])["n_controls"]
    never = panel.groupby("unit")["start"].first().isna().sum()
    assert (counts[3, 4], counts[3, 5]) == (never + size[5], never)


def test_errors_are_those_of_the_jackknife(panel):
    result = difference_in_differences(panel, "y", "unit", "time", "start", cluster="town")
    estimates = np.array(
        [
            difference_in_differences(panel[panel["town"] != town], "y", "unit", "time", "start").tidy()[
                "estimate"
            ]
            for town in range(15)
        ]
    )
    jackknife = np.sqrt(14 / 15 * ((estimates - estimates.mean(axis=0)) ** 2).sum(axis=0))
    np.testing.assert_allclose(result.tidy()["std_error"], jackknife, rtol=0.15)
    assert (result.n_clusters, result.df) == (15, 14)
    assert "model.few_clusters" in result.warnings


def test_periods_may_be_words_and_gaps_are_counted(panel):
    named = panel.assign(
        time=panel["time"].map("2025-{:02d}".format),
        start=panel["start"].map("2025-{:02.0f}".format, na_action="ignore"),
    )
    plain = difference_in_differences(panel, "y", "unit", "time", "start")
    words = difference_in_differences(named, "y", "unit", "time", "start")
    pd.testing.assert_frame_equal(words.tidy(), plain.tidy())
    gaps = panel.assign(y=panel["y"].where((panel["unit"] > 3) | (panel["time"] != 4)))
    result = difference_in_differences(gaps, "y", "unit", "time", "start")
    assert (result.n_partial, result.n_dropped, result.n_units) == (4, 4, 60)
    early = difference_in_differences(panel[panel["time"] > 2], "y", "unit", "time", "start")
    assert "model.always_treated" in early.warnings
    assert early.n_treated == (panel.groupby("unit")["start"].first() == 5).sum()
    assert "overall" in plain._repr_html_()


def test_few_in_the_programme_are_told(panel):
    starters = panel.loc[panel["start"] == 3, "unit"].unique()[:4]
    rows = panel.assign(start=panel["start"].where(panel["unit"].isin(starters)))
    assert difference_in_differences(rows, "y", "unit", "time", "start").warnings == ("model.few_in_arm",)


def test_drifting_apart_is_told():
    result = difference_in_differences(
        draw(np.random.default_rng(42), 200, drift=0.8), "y", "unit", "time", "start"
    )
    assert result.pre_trend_p < 0.001
    assert result.warnings == ("model.pre_trend",)


def test_refusals(panel):
    few = panel[panel["unit"] < 4]
    one = panel.assign(
        start=panel["start"].where(panel["unit"] == panel.loc[panel["start"] == 3, "unit"].iloc[0])
    )
    for code, rows, options in [
        ("model.unknown_column", panel, {"cluster": "twn"}),
        ("model.not_numeric", panel.assign(y="a"), {}),
        ("model.repeated_unit_time", pd.concat([panel, panel.head(1)]), {}),
        ("model.changes_within_unit", panel.assign(start=panel["time"]), {}),
        ("model.bad_level", panel, {"level": 5}),
        ("model.too_few_clusters", few, {}),
        ("model.too_few_in_arm", one, {}),
        ("model.too_few_in_arm", panel[panel["time"].isin([1, 2])], {}),
        ("model.no_comparison", panel[panel["time"] != panel["start"] - 1], {}),
        ("model.no_complete_rows", panel.assign(y=np.nan), {}),
    ]:
        with pytest.raises((UsageError, TooLittleData)) as caught:
            difference_in_differences(rows, "y", "unit", "time", "start", **options)
        assert caught.value.code == code


@pytest.mark.simulation
@pytest.mark.rest
@pytest.mark.parametrize("cluster", [None, "town"])
def test_intervals_cover_the_effect(cluster):
    """The effect is 0.5 at the start and grows; the truth is averaged as the estimate is."""
    rng = np.random.default_rng(20261202)
    held = quiet = 0
    for _ in range(300):
        panel = draw(rng, 120, shared=0.0)
        result = difference_in_differences(panel, "y", "unit", "time", "start", cluster=cluster)
        start = panel.groupby("unit")["start"].first().value_counts()
        cells = [(g, 0.5 + 0.1 * e) for g in (3, 5) for e in range(7 - g)]
        truth = np.average([value for _, value in cells], weights=[start[g] for g, _ in cells])
        row = result.tidy().iloc[0]
        held += row["ci_low"] <= truth <= row["ci_high"]
        quiet += result.pre_trend_p > 0.05
    assert 0.91 < held / 300 < 0.985
    assert 0.85 < quiet / 300 < 0.985
