"""Groups beside all others and waves beside each other: against R's tests, and what they may not tell."""

import numpy as np
import pandas as pd
import pytest
from quality_tables import TEAMS, differences, distribution, moved
from safe_tables import POLICY
from scipy.stats import ttest_ind, ttest_rel

from engage.measure.effect import hedges_g
from engage.privacy import Policy, release_changes, release_comparisons, release_distribution


def tables(groups, noise=0.0):
    """Return the released table, the total and the moments of groups of answers on a 0.1 grid of means."""
    rows = [(name, "pay", len(y), None, round(float(y.mean()), 1), None) for name, y in groups.items()]
    cells = pd.DataFrame(rows, columns=["team", "scale", "n", "n_band", "mean", "hidden_reason"])
    every = np.concatenate(list(groups.values()))
    totals = pd.DataFrame({"scale": ["pay"], "mean": [round(float(every.mean()), 1) + noise]})
    moments = pd.DataFrame({"scale": ["pay"], "n": [len(every)], "var": [every.var(ddof=1)]})
    return cells, totals, moments


def with_mean(rng, n, mean, spread=1.0):
    y = rng.normal(0, spread, n)
    return y - y.mean() + mean


def test_differences_are_students_t_widened_by_rounding():
    """Where the means are not rounded away, all but the rounding's share of the interval is t.test's."""
    rng = np.random.default_rng(3)
    groups = {"a": with_mean(rng, 40, 3.0), "b": with_mean(rng, 60, 3.5), "c": with_mean(rng, 100, 3.55)}
    rows = release_comparisons(*tables(groups), ["team"], POLICY).tidy().set_index("team")
    x, y = groups["a"], np.concatenate([groups["b"], groups["c"]])
    test = ttest_ind(x, y)
    ends = test.confidence_interval()
    assert rows.loc["a", "difference"] == round(x.mean() - y.mean(), 1)
    assert rows.loc["a", "rest"] == round(y.mean(), 1)
    # the standard error grows from .177 to .181; ends go outwards to .05
    assert ends.low - 0.08 <= rows.loc["a", "ci_low"] <= ends.low
    assert ends.high <= rows.loc["a", "ci_high"] <= ends.high + 0.08
    assert rows.loc["a", "hedges_g"] == round(hedges_g(x, y, 0.95).g, 1)
    assert rows.loc["a", "verdict"] == "lower"


def test_nothing_is_read_of_a_group_but_its_mean_and_size():
    """A group of six who all answer alike gives the table of one whose answers differ."""
    rng = np.random.default_rng(5)
    spread = with_mean(rng, 6, 2.0)
    rest = with_mean(rng, 94, 3.4)
    alike = np.full(6, 2.0)
    inside = ((spread - 2.0) ** 2).sum() / ((rest - rest.mean()) ** 2).sum()
    wider = rest.mean() + (rest - rest.mean()) * np.sqrt(1 + inside)  # the whole wave's spread stays
    found = [release_comparisons(*tables({"a": a, "b": b}), ["team"], POLICY).tidy()
             for a, b in ((spread, rest), (alike, wider))]  # fmt: skip
    pd.testing.assert_frame_equal(*found)


def test_hidden_groups_have_no_comparison_and_small_waves_none_at_all():
    frame = differences().tidy()
    hidden = frame["mean"].isna()
    assert hidden.any()
    assert (
        frame.loc[hidden, ["rest", "difference", "ci_low", "hedges_g", "p_value", "verdict"]]
        .isna()
        .all(axis=None)
    )
    rng = np.random.default_rng(1)
    small = release_comparisons(
        *tables({"a": with_mean(rng, 12, 2.0), "b": with_mean(rng, 12, 4.0)}), ["team"], POLICY
    ).tidy()
    assert small["difference"].isna().all()
    assert set(small["hidden_reason"]) == {"too_few_rows"}


def test_p_values_are_adjusted_over_the_whole_table():
    frame = differences(shift=1.2).tidy().dropna(subset=["difference"])
    assert frame.loc[(frame["team"] == TEAMS[0]) & (frame["scale"] == "pay"), "verdict"].tolist() == ["lower"]
    assert set(frame["p_value"]) <= {0.001, 0.01, 0.05, 0.1, 1.0}
    assert ((frame["p_value"] <= 0.05) == (frame["verdict"] != "no_reliable_difference")).all()


@pytest.mark.simulation
@pytest.mark.slow
def test_no_difference_is_flagged_in_five_per_cent_of_worlds_at_most():
    """Teams of one population, means and total rounded as they are shown: any flag at all is a false one."""
    rng = np.random.default_rng(20261123)
    worlds, flagged = 2000, 0
    for _ in range(worlds):
        sizes = rng.integers(20, 400, 6)
        middle = rng.uniform(3.2, 3.8)
        groups = {f"t{i}": rng.normal(middle, 0.9, n) for i, n in enumerate(sizes)}
        verdicts = release_comparisons(*tables(groups), ["team"], POLICY).tidy()["verdict"]
        flagged += bool((verdicts != "no_reliable_difference").any())
    assert flagged / worlds <= 0.05 + 3.5 * np.sqrt(0.05 * 0.95 / worlds)


# -- waves


def two_waves(x, y):
    parts = [(w, "pay", len(v), v.mean(), v.var(ddof=1)) for w, v in (("a", x), ("b", y))]
    return pd.DataFrame(parts, columns=["wave", "scale", "n", "mean", "var"])


def test_changes_of_linked_people_are_paired():
    rng = np.random.default_rng(8)
    before = rng.normal(3.4, 0.8, 200)
    after = before + with_mean(rng, 200, 0.06, 0.35)
    links = pd.DataFrame({"wave_from": ["a"], "wave_to": ["b"], "scale": ["pay"], "linked": [200],
                          "r": [np.corrcoef(before, after)[0, 1]]})  # fmt: skip
    cells = two_waves(before, after)
    paired = release_changes(cells, ["a", "b"], POLICY, links).tidy().iloc[0]
    plain = release_changes(cells, ["a", "b"], POLICY).tidy().iloc[0]
    assert ttest_rel(after, before).pvalue < 0.05 < ttest_ind(after, before, equal_var=False).pvalue
    assert (paired["reliable"], plain["reliable"]) == (True, False)
    ends = ttest_rel(after, before).confidence_interval()
    assert ends.low - 0.05 <= paired["ci_low"] <= ends.low
    assert ends.high <= paired["ci_high"] <= ends.high + 0.05
    assert paired["ci_high"] - paired["ci_low"] < plain["ci_high"] - plain["ci_low"]


def test_few_linked_people_count_as_not_linked():
    few = moved(0.12, linked=POLICY.model_n - 1, r=0.9).tidy().drop(columns=["linked", "linked_band"])
    none = moved(0.12, linked=0, r=0.0).tidy().drop(columns=["linked", "linked_band"])
    pd.testing.assert_frame_equal(few, none)
    assert not few["reliable"].any()
    many = moved(0.12).tidy().set_index("scale").loc["engagement"]
    assert many["reliable"]
    assert many["linked"] == 700
    assert moved(0.12, linked=7).tidy()["linked_band"].iloc[0] == "5-9"


def test_a_change_without_a_doubt_has_a_number_and_the_others_an_interval():
    frame = moved(0.5).tidy()
    assert frame.loc[frame["reliable"], "scale"].tolist() == ["engagement"]
    assert frame.loc[~frame["reliable"], "change"].isna().all()
    assert frame[["ci_low", "ci_high"]].notna().all(axis=None)
    assert (frame["ci_low"] <= frame["ci_high"]).all()


# -- shares


def test_shares_add_up_and_hide_together():
    frame = distribution().tidy()
    told = frame.dropna(subset=["unfavourable"])
    assert len(told)
    assert (told[["favourable", "neutral", "unfavourable"]].sum(axis=1).round(2) == 1).all()
    assert (told[["favourable", "neutral", "unfavourable"]] >= 0).all(axis=None)
    for _, part in frame.groupby("scale"):
        hidden = part[part["unfavourable"].isna()]
        if len(hidden) < len(part):
            sizes = dict(zip(TEAMS, (60, 45, 40, 35, 24, 18, 12, 3), strict=True))
            left = sum(sizes[team] for team in hidden["team"])
            assert left == 0 or (left >= POLICY.model_n and len(hidden) > 1)


def test_an_unfavourable_share_needs_a_favourable_one_and_no_objection_of_the_gate():
    cell = {"scale": "pay", "n": 60, "n_band": None, "favourable": 0.5, "hidden_reason": None}
    base = pd.DataFrame({"team": TEAMS[:4], **cell, "size": 60, "unfavourable": 0.2, "reason": ""})
    whole = release_distribution(base, ["team"], Policy()).tidy()
    assert whole["unfavourable"].tolist() == [0.2] * 4
    for column, value in (("favourable", np.nan), ("reason", "combination"), ("unfavourable", np.nan)):
        changed = base.copy()
        changed.loc[0, column] = value
        shown = release_distribution(changed, ["team"], Policy()).tidy()["unfavourable"].notna()
        assert not shown[0]
        assert (~shown).sum() == 2  # one alone would follow from the whole
