"""Differences in differences against regressions, brute force, and worlds with a known effect."""

import numpy as np
import pandas as pd
import pytest

from engage.errors import TooLittleData, UsageError
from engage.model import (
    composition,
    difference_in_differences,
    placebo_dates,
    programme_verdict,
    two_way_fixed_effects,
)
from engage.model.adjusting import adjusted
from engage.model.wild import sup_t, wild_bootstrap

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
    assert result.tidy()["term"].tolist() == ["overall", "event[0]", "group[3]", "by_event", "by_group"]
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
    groups = {g: np.mean([cells[g, t] for t in range(g, 7)]) for g in (3, 5)}
    events = [tidy[f"event[{e}]"] for e in range(4)]
    assert [tidy["group[3]"], tidy["group[5]"]] == pytest.approx(list(groups.values()))
    assert tidy["by_event"] == pytest.approx(np.mean(events))
    assert tidy["by_group"] == pytest.approx(np.average(list(groups.values()), weights=[size[3], size[5]]))
    never_only = difference_in_differences(panel, "y", "unit", "time", "start", controls="never")
    assert set(never_only.group_times["n_controls"]) == {60 - size.sum()}
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
    numbers = [result.tidy().drop(columns="term") for result in (words, plain)]
    pd.testing.assert_frame_equal(*numbers)
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
        ("model.unknown_option", panel, {"method": "magic"}),
        ("model.negative_option", panel, {"anticipation": -1}),
        ("model.everybody_unmatched", panel, {"everybody": True, "earlier": 1}),
    ]:
        with pytest.raises((UsageError, TooLittleData)) as caught:
            difference_in_differences(rows, "y", "unit", "time", "start", **options)
        assert caught.value.code == code


def alike(rng, n=200):
    """Two periods; who is in depends on x, and so does the change: the plain difference is off."""
    x = rng.normal(size=n)
    inside = rng.random(n) < 1 / (1 + np.exp(-x))
    change = 1.0 + 0.8 * x + 0.5 * inside + rng.normal(size=n)
    before = rng.normal(size=n)
    rows = [
        pd.DataFrame(
            {"unit": np.arange(n), "time": t, "start": np.where(inside, 2.0, np.nan), "x": x, "y": y}
        )
        for t, y in ((1, before), (2, before + change))
    ]
    return pd.concat(rows, ignore_index=True), change, inside.astype(float), x


@pytest.mark.parametrize("method", ["dr", "regression", "weighting"])
def test_units_are_compared_with_like_units(method):
    """Against the formulas with statsmodels' fits, the jackknife, and the planted effect."""
    import statsmodels.api as sm

    frame, change, inside, x = alike(np.random.default_rng(44))
    columns = sm.add_constant(x)
    expected = sm.OLS(change[inside == 0], columns[inside == 0]).fit().predict(columns)
    chance = sm.Logit(inside, columns).fit(disp=0).predict(columns)
    odds = chance / (1 - chance) * (1 - inside)
    left = change - (0 if method == "weighting" else expected)
    hand = np.average(left, weights=inside) - (
        0 if method == "regression" else np.average(left, weights=odds)
    )
    options = {"covariates": ["x"], "method": method}
    result = difference_in_differences(frame, "y", "unit", "time", "start", **options)
    assert result.overall["estimate"] == pytest.approx(hand, abs=1e-6)
    keep = ~np.eye(len(x), dtype=bool)
    every = [adjusted(change[k], inside[k], x[k][:, None], method)[0] for k in keep]
    jackknife = np.sqrt((len(x) - 1) * np.var(every))
    assert result.overall["std_error"] == pytest.approx(jackknife, rel=0.1)
    assert result.overall["ci_low"] < 0.5 < result.overall["ci_high"]
    plain = difference_in_differences(frame, "y", "unit", "time", "start").overall
    assert plain["ci_low"] > 0.5
    alone = adjusted(change, inside, np.zeros((len(x), 1)), method)
    assert alone[0] == pytest.approx(plain["estimate"], abs=1e-6)
    assert np.sqrt((alone[1] ** 2).sum()) == pytest.approx(plain["std_error"], abs=1e-6)


def test_earlier_outcomes_are_covariates_and_need_overlap():
    frame, *_ = alike(np.random.default_rng(45))
    past = frame.assign(x=frame.groupby("unit")["y"].transform("first"))
    found = [
        difference_in_differences(rows, "y", "unit", "time", "start", **options).overall
        for rows, options in ((past, {"covariates": ["x"]}), (frame, {"earlier": 1}))
    ]
    pd.testing.assert_series_equal(*found)
    apart = frame.assign(x=frame["x"] + 50 * frame["start"].notna())
    for rows, options in ((apart, {"covariates": ["x"]}), (frame, {"earlier": 2})):
        with pytest.raises(TooLittleData) as caught:
            difference_in_differences(rows, "y", "unit", "time", "start", **options)
        assert caught.value.code == "model.no_comparison"


def holes(panel, share=0.2):
    return panel.assign(y=panel["y"].where(np.random.default_rng(3).random(len(panel)) > share))


def test_everybody_is_the_regression_on_whoever_was_seen(panel):
    import statsmodels.formula.api as smf

    rows = holes(panel[panel["time"].isin([2, 3]) & (panel["start"] != 5)]).dropna(subset="y")
    result = difference_in_differences(rows, "y", "unit", "time", "start", everybody=True).overall
    rows = rows.assign(inside=rows["start"].notna().astype(int), after=(rows["time"] == 3).astype(int))
    fit = smf.ols("y ~ inside * after", rows).fit(
        cov_type="cluster", cov_kwds={"groups": rows["unit"], "use_correction": False}
    )
    assert result["estimate"] == pytest.approx(fit.params["inside:after"], abs=TIGHT)
    assert result["std_error"] == pytest.approx(fit.bse["inside:after"], abs=TIGHT)


def test_one_date_has_two_way_fixed_effects(panel):
    import statsmodels.formula.api as smf

    rows = holes(panel[panel["start"] != 5]).dropna(subset="y")
    result = two_way_fixed_effects(rows, "y", "unit", "time", "start", cluster="town", draws=0)
    rows = rows[rows.groupby("unit")["y"].transform("size") > 1].assign(
        inside=lambda r: (r["time"] >= r["start"]).astype(int)
    )
    fit = smf.ols("y ~ C(unit) + C(time) + inside", rows).fit(
        cov_type="cluster", cov_kwds={"groups": rows["town"], "use_correction": False}
    )
    assert result.overall["estimate"] == pytest.approx(fit.params["inside"], abs=TIGHT)
    n, p = len(rows), rows["time"].nunique()  # the periods less one, and the programme
    factor = np.sqrt(15 / 14 * (n - 1) / (n - p))
    assert result.overall["std_error"] == pytest.approx(fit.bse["inside"] * factor, abs=1e-8)
    two = rows[rows["time"].isin([2, 3])]
    both = [f(two, "y", "unit", "time", "start").overall["estimate"]
            for f in (two_way_fixed_effects, difference_in_differences)]  # fmt: skip
    assert both[0] == pytest.approx(both[1], abs=TIGHT)
    with pytest.raises(UsageError) as caught:
        two_way_fixed_effects(panel, "y", "unit", "time", "start")
    assert caught.value.code == "model.several_starts"


def test_what_is_after_the_end_or_just_before_the_start_is_in_no_average(panel):
    rows = panel[panel["start"] != 5].assign(until=lambda r: r["start"] + 1)
    options = {"treated_until": "until", "anticipation": 1}
    result = difference_in_differences(rows, "y", "unit", "time", "start", **options)
    kinds = result.group_times.set_index("time")["kind"].to_dict()
    assert kinds == {2: "lead", 3: "during", 4: "during", 5: "after", 6: "after"}
    wide = rows.pivot(index="unit", columns="time", values="y")
    inside = rows.groupby("unit")["start"].first().notna()
    gaps = wide[inside].mean() - wide[~inside].mean()
    assert result.overall["estimate"] == pytest.approx(gaps[[3, 4]].mean() - gaps[1], abs=TIGHT)
    two_way = two_way_fixed_effects(rows, "y", "unit", "time", "start", **options)
    kept = rows[(rows["time"] < 5) & (rows["time"] != 2) | rows["start"].isna()]
    plain = two_way_fixed_effects(kept, "y", "unit", "time", "start")
    assert two_way.overall["estimate"] == pytest.approx(plain.overall["estimate"], abs=TIGHT)


def test_few_clusters_have_the_wild_bootstrap(panel):
    """In the 2×2 it is that of the regression of changes; else the stacked fit has the same estimate."""
    rows = panel[panel["time"].isin([2, 3]) & (panel["start"] != 5)]
    result = difference_in_differences(rows, "y", "unit", "time", "start", cluster="town")
    wide = rows.pivot(index="unit", columns="time", values="y")
    inside = rows.groupby("unit")["start"].first().notna().to_numpy(dtype=float)
    town = pd.factorize(rows.groupby("unit")["town"].first())[0]
    found = wild_bootstrap(
        (wide[3] - wide[2]).to_numpy(), np.column_stack([inside, np.ones(len(inside))]), town, draws=1999
    )
    assert result.wild
    assert result.overall["p_value"] == found.p_value[0]
    assert result.overall["ci_low"] == pytest.approx(found.ci_low[0], abs=TIGHT)
    many = difference_in_differences(panel, "y", "unit", "time", "start")
    assert not many.wild
    for everybody in (False, True):
        some = holes(panel)
        options = {"cluster": "town", "everybody": everybody, "level": 0.01, "draws": 400}
        narrow = difference_in_differences(some, "y", "unit", "time", "start", **options).overall
        assert narrow["ci_low"] <= narrow["estimate"] <= narrow["ci_high"]
        assert narrow["ci_high"] - narrow["ci_low"] < 0.1


@pytest.mark.parametrize("many", [1, 8])
def test_bands_hold_all_at_once(many):
    """Of independent normal estimates the sup-t has a closed form."""
    from scipy.stats import norm

    sums = np.kron(np.eye(many), np.ones((40, 1)))
    exact = norm.ppf((1 + 0.95 ** (1 / many)) / 2)
    assert sup_t(sums, np.inf, 0.95, draws=10_000, seed=1) == pytest.approx(exact, rel=0.04)
    assert sup_t(sums, 14, 0.95, draws=0) == pytest.approx(2.144787, abs=1e-6)


def test_bands_are_wider_than_intervals(panel):
    events = difference_in_differences(panel, "y", "unit", "time", "start").tidy()
    shown = events["term"].str.startswith("event")
    assert (events["band_high"] > events["ci_high"])[shown].all()
    assert events.loc[~shown, "band_low"].isna().all()


def test_placebo_dates_stand_on_rows_before_the_start(panel):
    rows = panel[panel["start"] != 3]
    found = placebo_dates(rows, "y", "unit", "time", "start").tidy().set_index("shift")
    for shift in (1, 2, 3):
        early = rows[(rows["time"] < 5) | rows["start"].isna()].assign(start=rows["start"] - shift)
        plain = difference_in_differences(early, "y", "unit", "time", "start").overall
        assert found.loc[shift, "estimate"] == pytest.approx(plain["estimate"], abs=TIGHT)
    assert placebo_dates(rows[rows["time"] > 3], "y", "unit", "time", "start").tidy().empty


def test_who_came_and_went_is_told(panel):
    whole = composition(panel, "y", "unit", "time", "start")
    table = whole.tidy().set_index("term")
    assert table.loc["difference", "estimate"] == pytest.approx(0, abs=TIGHT)
    assert (whole.fewest, whole.n_stayers) == (0, whole.n_everybody)
    gone = holes(panel[panel["time"].isin([2, 3])])
    found = composition(gone, "y", "unit", "time", "start")
    both = [
        difference_in_differences(gone, "y", "unit", "time", "start", everybody=one).overall["estimate"]
        for one in (True, False)
    ]
    assert found.tidy()["estimate"].tolist() == pytest.approx([*both, both[0] - both[1]], abs=TIGHT)
    wide = gone.pivot(index="unit", columns="time", values="y").notna()
    start = gone.groupby("unit")["start"].first()
    sides = [(wide[a] & ~wide[b] & side).sum() for a, b in ((2, 3), (3, 2))
             for side in (start == 3, start.ne(3))]  # fmt: skip
    assert found.fewest == min(many for many in sides if many)
    assert found.n_stayers < found.n_everybody


def test_verdicts():
    facts = {"better": -1, "spread_of_outcome": 1.0}
    for expected, ends, p, more in [
        (("helped", ""), (-0.8, -0.2), 0.01, {}),
        (("harmed", ""), (0.2, 0.8), 0.01, {}),
        (("rose", ""), (0.2, 0.8), 0.01, {"better": 0}),
        (("fell", ""), (-0.8, -0.2), 0.01, {"better": 0}),
        (("no_clear_difference", "chance"), (-0.8, -0.1), 0.06, {}),
        (("no_clear_difference", ""), (-0.4, 0.3), 0.9, {}),
        (("cannot_tell", "imprecise"), (-0.6, 0.3), 0.9, {}),
        (("cannot_tell", "pre_trend"), (-0.8, -0.2), 0.01, {"pre_trend_p": 0.04}),
        (("cannot_tell", "placebo"), (-0.8, -0.2), 0.01, {"placebo_p": [0.5, np.nan, 0.02]}),
        (("helped", ""), (-0.8, -0.2), 0.01, {"placebo_p": [0.5, 0.03], "composition_p": np.nan}),
        (("cannot_tell", "composition"), (-0.8, -0.2), 0.01, {"composition_p": 0.01, "stayers": (-0.5, 0.1)}),
        (("helped", ""), (-0.8, -0.2), 0.01, {"composition_p": 0.01, "stayers": (-0.5, -0.1)}),
    ]:
        assert programme_verdict(*ends, p, **{**facts, **more}) == expected


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
