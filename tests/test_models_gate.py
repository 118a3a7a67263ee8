"""What models may say: thresholds at their edges, and attacks that work only without the gate."""

import itertools
import re
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safe_tables import driver_rows, drivers_of, support

from engage.errors import InputError, TooLittleData
from engage.model import fit_drivers, relative_importance
from engage.model.design import build_design
from engage.privacy import (
    Policy,
    check_support,
    load_policy,
    merge_few,
    poolable,
    refusal,
    release_confusion,
    release_drivers,
    release_grouped_drivers,
    release_quantiles,
    release_survival,
    support_of,
)
from engage.privacy.nested import group_reasons
from engage.privacy.support import leverages
from engage.words import LANGUAGES

POLICY = Policy()
HALF = 0.0005
"""Half a step of a released coefficient."""


def staff(sizes, seed=4):
    """Return people of some sites with an answer of 1 to 5, which goes with a driver that everybody knows."""
    rng = np.random.default_rng(seed)
    site = [name for name, size in sizes.items() for _ in range(size)]
    x = rng.normal(size=len(site))
    y = np.clip(np.round(3 + 0.8 * x + rng.normal(size=len(site))), 1, 5)
    return pd.DataFrame({"y": y, "x": x, "site": site})


def released_design(frame, controls=("site",)):
    """Return X (n, p) and the coefficients of the library's fit, as an attacker reads them."""
    fit = fit_drivers(frame, "y", ["x"], controls)
    design = build_design(frame, "y", ["x"], controls)
    return np.column_stack([np.ones(design.n), design.columns]), fit.estimate.round(3)


def range_of(x, estimate, person, known):
    """Return the least and the most a person's answer can be, given the estimates and others' answers."""
    from scipy.optimize import linprog

    solve = np.linalg.pinv(x)
    bounds = [(known[i], known[i]) if i in known else (1, 5) for i in range(len(x))]
    a, b = np.vstack([solve, -solve]), np.concatenate([estimate + HALF, HALF - estimate])
    cost = np.eye(len(x))[person]
    ends = [linprog(sign * cost, A_ub=a, b_ub=b, bounds=bounds, method="highs").fun for sign in (1, -1)]
    return ends[0], -ends[1]


# ------------------------------------------------------------------ one person's answer


def test_a_category_of_two_gives_one_away_to_the_other_unless_it_is_merged():
    frame = staff({"main": 30, "hill": 20, "river": 8, "alone": 2})
    victim, colluder = 58, 59
    x, estimate = released_design(frame)
    low, high = range_of(x, estimate, victim, {colluder: frame["y"][colluder]})
    assert high - low < 0.05
    assert round((low + high) / 2) == frame["y"][victim]

    merged, names = merge_few(frame, "y", ["site"], POLICY)
    assert names == ("site[alone]", "site[river]")
    assert merged["site"].value_counts().to_dict() == {"main": 30, "hill": 20, "other": 10}
    x, estimate = released_design(merged)
    known = {i: frame["y"][i] for i in (50, 51, colluder)}
    low, high = range_of(x, estimate, victim, known)
    assert high - low >= 1  # a quarter of the scale


def test_a_column_that_only_one_person_has_is_refused():
    frame = staff({"main": 60}).assign(first=lambda d: (d.index == 7).astype(int))
    solved = np.linalg.lstsq(frame[["x", "first"]].assign(one=1.0), frame["y"], rcond=None)[0]
    assert solved @ [frame["x"][7], 1, 1] == pytest.approx(frame["y"][7])
    found = measured(frame, ["x", "first"])
    assert found.category == 1
    assert found.leverage == pytest.approx(1)
    assert refused(found) == "privacy.model_category"
    # hidden among numbers, it has a leverage
    frame["far"] = np.where(frame.index == 7, 100.0, frame["x"])
    assert refused(measured(frame, ["far"])) == "privacy.model_leverage"


def test_two_columns_that_differ_by_four_people_are_refused():
    """Nobody alone, but three who compare notes know the fourth; each category holds thirty."""
    late = np.r_[np.zeros(34), np.ones(30)]
    frame = staff({"main": 64}).assign(late=late, new=np.r_[np.zeros(30), np.ones(34)])
    found = measured(frame, ["x", "late", "new"])
    assert found.category == 30
    assert found.leverage < 0.5
    assert found.leverage_known > 0.99
    assert refused(found) == "privacy.model_leverage"


def measured(frame, drivers, controls=(), **options):
    design = build_design(frame, "y", drivers, controls)
    return support_of(design, frame, [*drivers, *controls], POLICY, **options)


def refused(found, policy=POLICY):
    with pytest.raises(TooLittleData) as caught:
        check_support(found, policy)
    return caught.value.code


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(8, 14), st.integers(1, 3))
def test_leverages_against_brute_force(seed, n, p):
    """h of each person, and h among the rest for each pair of others known: the search never finds more than
    there is, and misses nobody who is certain.
    """
    rng = np.random.default_rng(seed)
    columns = rng.integers(0, 2, (n, p)).astype(float) + rng.normal(0, 0.01, (n, p)) * rng.integers(0, 2)
    columns = columns[:, np.ptp(columns, axis=0) > 0]
    x = np.column_stack([np.ones(n), columns])
    own, known = leverages(columns, np.arange(n), 2)
    assert own == pytest.approx(np.diag(x @ np.linalg.pinv(x)).max())
    worst = 0.0
    for pair in itertools.combinations(range(n), 2):
        rest = np.delete(x, pair, axis=0)
        worst = max(worst, np.einsum("ij,ji->i", rest, np.linalg.pinv(rest)).max())
    assert known <= max(worst, 0.75) + 1e-6
    if worst > 1 - 1e-6:
        assert known > 0.75


def test_rows_of_one_person_are_taken_together():
    frame = pd.concat([staff({"main": 30})] * 3, ignore_index=True).assign(who=[*range(30)] * 3)
    once, thrice = measured(frame, ["x"]), measured(frame, ["x"], person="who")
    assert (once.people, thrice.people, thrice.n) == (90, 30, 90)
    assert thrice.leverage == pytest.approx(3 * once.leverage)
    assert thrice.differing <= 30 < once.differing


# ------------------------------------------------------------------ what stands beside the coefficients

MOMENTS = ("estimate", "standardised", "importance", "share", "johnson", "correlation", "vif")
"""Figures that follow from X'X, X'y and y'y alone."""


def driver_figures(frame, drivers, policy=POLICY, known_outcome=False):
    """Return the released figures of a model, importance without resamples."""
    fit = fit_drivers(frame, "y", drivers)
    split = relative_importance(frame, "y", drivers)
    rows = (
        fit.tidy().rename(columns={"term": "driver"}).merge(split.tidy()[["driver", "importance", "share"]])
    )
    weights = split.beside["relative_weights"]
    rows["johnson"], rows["correlation"] = weights / weights.sum(), split.beside["correlation"]
    rows["vif"] = rows["driver"].map(dict(fit.vif))
    rows = rows.assign(outcome="y", block="survey")
    behind = measured(frame, drivers)
    return release_drivers(rows, {}, policy, behind=[behind], known_outcome=known_outcome).tidy()


def twin(frame, drivers, seed):
    """Return another y with the same X'y and y'y: what the columns leave of it, turned round."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(len(frame)), frame[drivers]])
    q = np.linalg.qr(x)[0]
    y = frame["y"].to_numpy()
    fitted = q @ (q.T @ y)
    other = rng.normal(size=len(y))
    other -= q @ (q.T @ other)
    return frame.assign(y=fitted + other * np.linalg.norm(y - fitted) / np.linalg.norm(other))


def three_drivers(n=90, seed=4):
    rng = np.random.default_rng(seed)
    return staff({"main": n}, seed).assign(
        z=lambda d: 0.6 * d["x"] + rng.normal(size=n), w=rng.integers(1, 6, n).astype(float)
    )


def test_johnson_and_correlations_say_nothing_that_the_moments_do_not():
    """Two worlds in which X, X'y and y'y are the same have the same figures, and nobody's answer is."""
    frame = three_drivers()
    drivers = ["x", "z", "w"]
    other = twin(frame, drivers, 1)
    assert (frame["y"] - other["y"]).abs().median() > 0.5
    one, two = (driver_figures(each, drivers) for each in (frame, other))
    pd.testing.assert_frame_equal(one[list(MOMENTS)], two[list(MOMENTS)])
    # while a third, in which one answer is another, has others: the comparison can fail
    third = driver_figures(frame.assign(y=frame["y"].where(frame.index != 3, frame["y"] % 5 + 1)), drivers)
    assert not third[list(MOMENTS)].equals(one[list(MOMENTS)])


def test_correlations_add_no_equation_on_anybodys_answer():
    """With three who compare notes, as wide open beside the correlations as beside the estimates alone.

    Worst case: everybody's X and the outcome's exact spread are known, so that a correlation is linear in y.
    """
    from scipy.optimize import linprog

    frame = staff({"main": 34, "hill": 16})
    frame = frame.assign(hill=(frame["site"] == "hill").astype(float))
    drivers = ["x", "hill"]
    found = driver_figures(frame, drivers)
    columns = frame[drivers].to_numpy() - frame[drivers].to_numpy().mean(axis=0)
    solve = np.linalg.solve(columns.T @ columns, columns.T)
    spread = frame["y"].std(ddof=0) * columns.std(axis=0) * len(frame)
    estimates = [(solve, found["estimate"].to_numpy(), HALF)]
    both = [*estimates, (columns.T / spread[:, None], found["correlation"].to_numpy(), 0.005)]
    h = np.einsum("ij,ji->i", columns, solve)

    def room(person, lines):
        known = np.argsort(-np.abs(columns @ solve[:, person]))
        known = [i for i in known if i != person][: POLICY.colluders]
        bounds = [(frame["y"][i],) * 2 if i in known else (1, 5) for i in range(len(frame))]
        a = np.vstack([part for rows, _, _ in lines for part in (rows, -rows)])
        b = np.concatenate([part for _, b, half in lines for part in (b + half, half - b)])
        cost = np.eye(len(frame))[person]
        ends = [linprog(sign * cost, A_ub=a, b_ub=b, bounds=bounds).fun for sign in (1, -1)]
        return -ends[1] - ends[0]

    for person in np.argsort(-h)[:4]:
        before, after = room(person, estimates), room(person, both)
        assert after >= 1  # a quarter of the scale
        assert after >= before - 0.1


def test_a_correlation_is_of_the_models_own_rows():
    """Of all rows that have both answers it would be of a few other people: two sums that differ by them."""
    from engage.workspace.findings import answer, scale_question
    from engage.workspace.linking import Survey

    frame = three_drivers(120).assign(wave="w", respondent=[f"P{i}" for i in range(120)])
    frame.loc[5, "z"] = np.nan
    survey = Survey(frame, {"x": "hygiene", "z": "motivator", "y": "outcome"}, (), ())
    found = answer(scale_question(survey, "y"), survey, POLICY).table.set_index("driver")["correlation"]
    complete = frame.dropna(subset=["z"])
    assert found["x"] == pytest.approx(np.corrcoef(complete["x"], complete["y"])[0, 1])
    assert found["x"] != pytest.approx(np.corrcoef(frame["x"], frame["y"])[0, 1], abs=1e-6)


def test_a_correlation_with_what_many_know_is_no_finer_than_a_score():
    """Who left is known: a correlation then says the leavers' mean, which score tables round to 0.1."""
    rows = driver_rows().assign(correlation=0.1234, johnson=0.4321, vif=[1.234, 27.0] * 7)
    fine = drivers_of(rows, outcome="engagement").tidy()
    coarse = release_drivers(rows, {}, POLICY, behind=[support()], known_outcome=True).tidy()
    assert set(fine["correlation"]) == {0.12}
    assert set(coarse["correlation"]) == {0.1}
    assert set(fine["johnson"]) == {0.43}
    assert set(fine["vif"]) == {1.2, 10.0}
    rng = np.random.default_rng(2)
    for share in (0.1, 0.3, 0.5):
        pay = rng.integers(1, 6, 400).astype(float)
        left = rng.random(400) < share
        step = (
            0.05 * pay.std() / np.sqrt(left.mean() * (1 - left.mean()))
        )  # of the difference of the two means
        assert step * (1 - left.mean()) >= 0.06  # … and of the leavers' own


# ------------------------------------------------------------------ thresholds

ENOUGH = support(200, coefficients=5, df=190, differing=80, binary=True, category=40, side=20, leverage=0.2)
EDGES = [
    ("people", 30, replace(ENOUGH, coefficients=2), "model_too_small"),
    ("people", 50, ENOUGH, "model_rows"),
    ("df", 10, ENOUGH, "model_df"),
    ("differing", 10, replace(ENOUGH, coefficients=2), "model_alike"),
    ("differing", 20, ENOUGH, "model_events"),
    ("category", 5, ENOUGH, "model_category"),
    ("side", 4, ENOUGH, "model_side"),
    ("team", 5, ENOUGH, "model_teams"),
]


@pytest.mark.parametrize(("name", "least", "base", "code"), EDGES)
def test_every_threshold_at_its_edge(name, least, base, code):
    rows = driver_rows()
    at = replace(base, **{name: least})
    assert len(release_drivers(rows, {}, POLICY, behind=[at])) == len(rows)
    with pytest.raises(TooLittleData) as caught:
        release_drivers(rows, {}, POLICY, behind=[base, replace(base, **{name: least - 1})])
    assert caught.value.code == f"privacy.{code}"
    assert set(caught.value.params) == {"least"}
    for lang in LANGUAGES:
        assert str(caught.value.params["least"]) in caught.value.remedy(lang)


@pytest.mark.parametrize(("name", "most"), [("leverage", 0.5), ("leverage_known", 0.75)])
def test_leverage_at_its_edge(name, most):
    check_support(replace(ENOUGH, **{name: most}), POLICY)
    assert refused(replace(ENOUGH, **{name: most + 1e-6})) == "privacy.model_leverage"


def test_a_saturated_model_is_refused():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.normal(size=(40, 39)), columns=[f"d{i}" for i in range(39)])
    frame["y"] = rng.integers(1, 6, 40).astype(float)
    drivers = [f"d{i}" for i in range(39)]
    x = np.column_stack([np.ones(40), frame[drivers]])
    assert x @ np.linalg.solve(x, frame["y"]) == pytest.approx(frame["y"].to_numpy())
    assert refused(measured(frame, drivers)) == "privacy.model_rows"
    assert measured(frame, drivers).leverage == pytest.approx(1)
    assert refused(replace(measured(frame, drivers), people=400)) == "privacy.model_df"


@pytest.mark.parametrize(
    ("setting", "floor"),
    [
        ("model_n", 20),
        ("rows_per_coefficient", 5),
        ("residual_df", 5),
        ("model_differing", 5),
        ("events_per_coefficient", 5),
    ],
)
def test_thresholds_have_floors(tmp_path, setting, floor):
    path = tmp_path / "policy.yaml"
    path.write_text(f"{setting}: {floor}\n", encoding="utf-8")
    assert getattr(load_policy(path), setting) == floor
    path.write_text(f"{setting}: {floor - 1}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_policy(path)
    assert caught.value.code == "privacy.policy_floor"
    assert caught.value.params["floor"] == floor


# ------------------------------------------------------------------ small categories


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=2, max_size=7), st.booleans(), st.integers(0, 99))
def test_no_category_is_small_after_merging(sizes, yes_or_no, seed):
    frame = staff({f"s{i}": size for i, size in enumerate(sizes)}, seed)
    if yes_or_no:
        frame["y"] = np.random.default_rng(seed).integers(0, 2, len(frame)).astype(float)
        if frame["y"].nunique() < 2:
            return
    merged, names = merge_few(frame, "y", ["site"], POLICY)
    again, shuffled = merge_few(frame.sample(frac=1, random_state=seed), "y", ["site"], POLICY)
    assert names == shuffled
    pd.testing.assert_frame_equal(again.sort_index(), merged)
    sides = pd.crosstab(merged["site"], merged["y"])
    if len(sides) > 1:
        assert (sides.sum(axis=1) >= 5).all()
        assert not yes_or_no or (sides >= 4).all(axis=None)
    moved = {f"site[{level}]" for level in frame["site"][merged["site"] != frame["site"]]}
    assert moved == set(names)


def test_controls_in_numbers_stay_and_a_category_called_other_joins():
    frame = staff({"other": 20, "main": 30, "far": 2}).assign(size=3.5)
    merged, names = merge_few(frame, "y", ["site", "size"], POLICY)
    assert merged["site"].value_counts().to_dict() == {"main": 30, "other": 22}
    assert names == ("site[far]", "site[other]")


def test_waves_that_others_would_give_away_are_left_out():
    def kept(coefficients=3, **people):
        return poolable(pd.Series(people), POLICY, coefficients)

    assert kept(a=40, b=30) == ["a", "b"]
    assert kept(a=40, b=29) == ["a"]
    assert kept(a=40, b=15, c=14) == ["a"]
    assert kept(a=40, b=15, c=15) == ["a", "b", "c"]
    assert kept(a=12, b=15) == ["a", "b"]
    # with 15 coefficients, a wave of 149 has no such model of its own: all less the other would be it
    assert kept(15, a=400, b=149) == ["a"]
    assert kept(15, a=400, b=150) == ["a", "b"]
    assert kept(15, a=400, b=80, c=70) == ["a", "b", "c"]


# ------------------------------------------------------------------ groups beside the whole


def test_the_models_of_all_and_of_the_others_give_a_hidden_group_away():
    """The normal equations add up: X'y of the whole less those of the groups shown is that of the rest."""
    frame = staff({"a": 90, "b": 60, "c": 45, "far": 6})

    def rest(shown):
        """Return who is left, and the sum of their answers as an attacker works it out."""
        total = np.zeros(2)
        for part, sign in [(frame, 1), *((frame[frame["site"] == s], -1) for s in shown)]:
            x = np.column_stack([np.ones(len(part)), part["x"]])
            total += sign * x.T @ x @ fit_drivers(part, "y", ["x"]).estimate.round(3)
        return frame[~frame["site"].isin(shown)], total[0]

    naive = [s for s, n in frame["site"].value_counts().items() if n >= POLICY.model_n]
    left, found = rest(naive)
    assert set(left["site"]) == {"far"}
    assert found / 6 == pytest.approx(left["y"].mean(), abs=0.1)

    reasons = group_reasons(frame[["site"]], "site", {}, POLICY.model_n)
    assert reasons == {"a": "", "b": "", "c": "complement", "far": "too_few_rows"}
    left, found = rest([s for s, reason in reasons.items() if not reason])
    assert len(left) >= POLICY.model_n
    assert left["site"].nunique() >= 2


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 70), st.integers(0, 3), st.booleans()), min_size=1, max_size=9),
    st.integers(0, 40),
)
def test_what_groups_leave_of_each_other_is_nothing_or_enough(teams, homeless):
    """Teams lie in sites; some teams are refused a model, some people have no team."""
    rows = [(f"t{i}", f"site{site}") for i, (size, site, _) in enumerate(teams) for _ in range(size)]
    members = pd.DataFrame(rows + [(None, "site0")] * homeless, columns=["team", "site"], dtype="string")
    failed = {f"t{i}": "too_few_rows" for i, (_, _, refuse) in enumerate(teams) if refuse}
    reasons = {
        "team": group_reasons(members, "team", failed, 30),
        "site": group_reasons(members, "site", {}, 30),
    }
    shown = {name: {v for v, reason in found.items() if not reason} for name, found in reasons.items()}
    assert not shown["team"] & set(failed)
    sites = [members["site"] == site for site in shown["site"]]
    for inside in [pd.Series(True, index=members.index), *sites]:
        for name in ("team", "site"):
            within = [v for v in shown[name] if inside[members[name] == v].all()]
            rest = members.loc[inside & ~members[name].isin(within), name]
            if within and len(rest):
                assert len(rest) >= 30
                assert rest.nunique(dropna=False) >= 2
    for name, values in shown.items():
        assert all((members[name] == value).sum() >= 30 for value in values)


def test_what_large_models_leave_of_each_other_has_people_for_a_model_as_large():
    """X'y of all less that of the groups shown is a model of the rest, whatever the rest's own model is.

    With 15 coefficients on 60 people, an answer is more than half explained once three others are known.
    """
    rng = np.random.default_rng(9)
    sizes = {"a": 300, "b": 200, "c": 32, "d": 28}
    n = sum(sizes.values())
    drivers = [f"d{i}" for i in range(14)]
    frame = pd.DataFrame(np.round(rng.normal(3, 1, (n, 14))), columns=drivers)
    frame["y"] = np.clip(np.round(3 + (frame[drivers] - 3).sum(axis=1) * 0.2 + rng.normal(size=n)), 1, 5)
    frame["site"] = [name for name, size in sizes.items() for _ in range(size)]
    rest = frame[frame["site"].isin(["c", "d"])]
    _, known = leverages(rest[drivers].to_numpy(), np.arange(len(rest)), POLICY.colluders)
    assert known > 0.5
    assert len(rest) < POLICY.rows_per_coefficient * 15

    large = release_drivers(driver_rows(), {}, POLICY, behind=[support(coefficients=15)])
    small = release_drivers(driver_rows(), {}, POLICY, behind=[support(coefficients=3)])
    tables = {"a": large, "b": large, "c": small, "d": small}

    def hidden(tables):
        table = release_grouped_drivers(tables, "site", "y", frame[["site"]], POLICY).tidy()
        return table.dropna(subset=["hidden_reason"]).set_index("site")["hidden_reason"].to_dict()

    # composites of c stand; of the large models only a's, so that b, c and d are left
    assert hidden(tables) == {"b": "complement", "d": "too_few_rows", "c": "complement"}
    assert hidden(tables | {"a": small, "b": small}) == {"d": "too_few_rows", "c": "complement"}


def test_a_group_hidden_in_the_score_tables_has_no_model():
    table = drivers_of(driver_rows(), outcome="engagement")
    members = pd.DataFrame({"star": [v for v in "1234" for _ in range(50)]})
    tables = dict.fromkeys("1234", table)
    frame = release_grouped_drivers(tables, "star", "engagement", members, POLICY, unpublished=["3"]).tidy()
    hidden = frame.dropna(subset=["hidden_reason"]).set_index("star")["hidden_reason"]
    assert hidden.to_dict() == {"3": "not_published", "1": "complement"}


# ------------------------------------------------------------------ notes and errors


def test_small_counts_in_notes_are_banded():
    def notes(events, n=200, **facts):
        behind = [support(n, binary=True, **facts)]
        table = release_drivers(driver_rows(), {"events": events, "n": 7}, POLICY, behind=behind)
        return table.notes["n"], table.notes["events"], table.notes["events_band"]

    assert notes(20) == (200, 20, None)
    assert notes(19) == (200, None, "10-19")
    assert notes(180) == (200, 180, None)
    assert notes(181) == (200, None, "180+")  # 19 of 200 did not
    table = drivers_of(driver_rows(), n=60, n_clusters=12)
    assert (table.notes["n_clusters"], table.notes["n_clusters_band"]) == (None, "10-19")
    assert drivers_of(driver_rows(), n_clusters=None).notes["n_clusters"] is None


def test_errors_of_models_say_nothing_of_the_data():
    for code, params in {
        "model.too_few_rows": {"n": 13, "needed": 20, "predictors": 2},
        "model.constant_outcome": {"outcome": "pride"},
        "model.separated": {},
        "model.constant_driver": {"columns": ["pay"]},
    }.items():
        shown = refusal(TooLittleData(code, **params), POLICY)
        assert shown.code == "privacy.model_unsupported"
        assert re.findall(r"\d+", str(shown)) == ["30"]
    passed = TooLittleData("workspace.no_people")
    assert refusal(passed, POLICY) is passed


# ------------------------------------------------------------------ resamples stay inside


def test_nothing_of_a_resample_leaves_a_model():
    frame = staff({"main": 80}).assign(z=lambda d: np.sin(d["x"] * 7))
    found = relative_importance(frame, "y", ["x", "z"], bootstrap=500, seed=1)
    arrays = [getattr(found, field.name) for field in fields(found)]
    assert all(np.shape(value) in ((), (2,)) for value in arrays if isinstance(value, np.ndarray))
    assert len(found.tidy()) == 2


def test_a_driver_table_holds_named_columns_and_one_row_per_driver():
    draws = driver_rows().assign(draws=[[0.1] * 400] * len(driver_rows()), residual=0.5)
    table = drivers_of(draws).tidy()
    assert not {"draws", "residual"} & set(table.columns)
    many = pd.concat([driver_rows(seed=seed) for seed in range(50)])
    with pytest.raises(TypeError):
        drivers_of(many)


# ------------------------------------------------------------------ survival


def life_table(times, events):
    """Return Kaplan and Meier's estimate by its definition, with wide intervals."""
    rows, survival = [], 1.0
    for time in np.unique(times):
        at_risk, gone = int((times >= time).sum()), int(((times == time) & events).sum())
        survival *= 1 - gone / at_risk
        low, high = max(survival - 0.1234, 0), min(survival + 0.1234, 1)
        rows.append((time, at_risk, gone, survival, low, high))
    return pd.DataFrame(rows, columns=["time", "at_risk", "events", "survival", "ci_low", "ci_high"])


@settings(max_examples=40, deadline=None)
@given(st.integers(30, 150), st.integers(0, 10_000), st.sampled_from([7.0, 30.0, 90.0]))
def test_survival_steps_have_people_behind_them(n, seed, step):
    rng = np.random.default_rng(seed)
    times = np.round(rng.exponential(200, n)) + 1
    events = rng.random(n) < rng.uniform(0.05, 1)
    curve = life_table(times, events)
    frame = release_survival(curve, [], POLICY, step=step).tidy()
    shown = frame.dropna(subset=["time"])
    if shown.empty:
        assert frame["hidden_reason"].tolist() == ["too_few"]
        assert frame[["n", "survival", "ci_low", "ci_high"]].isna().all(axis=None)
        return
    assert (shown["time"] % step == 0).all()
    edges = [0.0, *shown["time"]]
    for low, high in itertools.pairwise(edges):
        assert (events & (times > low) & (times <= high)).sum() >= 5
        assert (times > high).sum() >= 5
    rest = (events & (times > edges[-1])).sum()
    assert rest == 0 or rest >= 5
    for row in shown.itertuples():
        exact = curve[curve["time"] <= row.time].iloc[-1]
        assert row.survival == pytest.approx(round(exact["survival"], 2))
        assert exact["ci_low"] - 0.01 < row.ci_low <= exact["ci_low"] + 1e-9
        assert exact["ci_high"] - 1e-9 <= row.ci_high < exact["ci_high"] + 0.01


def test_survival_of_groups_hides_the_complement():
    rng = np.random.default_rng(3)
    parts = []
    for team, n in {"a": 120, "b": 80, "c": 60, "d": 12}.items():
        times = np.round(rng.exponential(200, n)) + 1
        parts.append(life_table(times, rng.random(n) < 0.7).assign(team=team))
    table = release_survival(pd.concat(parts), ["team"], POLICY, step=30)
    hidden = table.tidy().dropna(subset=["hidden_reason"]).set_index("team")["hidden_reason"]
    assert hidden.to_dict() == {"c": "complement", "d": "too_few"}
    assert set(table.tidy()["n"].dropna()) == {120, 80}


# ------------------------------------------------------------------ hits and misses


def pairs(cells):
    names = "abcd"[: len(cells)]
    return pd.DataFrame(
        [(names[i], names[j], n) for i, row in enumerate(cells) for j, n in enumerate(row)],
        columns=["actual", "predicted", "n"],
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 4), st.lists(st.sampled_from([0, 1, 4, 5, 9, 23, 60]), min_size=16, max_size=16))
def test_margins_do_not_give_small_cells_back(size, numbers):
    """Even with every margin known exactly, each hidden cell shares its row and column with others."""
    counts = pairs(np.reshape(numbers, (4, 4))[:size, :size].tolist())
    if counts["n"].sum() < 30:
        with pytest.raises(TooLittleData):
            release_confusion(counts, POLICY)
        return
    frame = release_confusion(counts, POLICY).tidy()
    hidden = frame["hidden_reason"].notna()
    assert hidden[counts["n"] < 5].all()
    assert frame.loc[hidden, "n"].isna().all()
    shown = frame.loc[~hidden, "n"].astype(int)
    assert (shown % 5 == 0).all()
    assert ((shown - counts.loc[shown.index, "n"]).abs() <= 2).all()
    for line in ("actual", "predicted"):
        for _, part in counts.groupby(line):
            gone = part[hidden[part.index]]
            assert len(gone) != 1
            assert gone.empty or len(gone) == len(part) or gone["n"].sum() >= 5


# ------------------------------------------------------------------ quantiles


def answers(values, **by):
    return pd.DataFrame({"value": np.asarray(values, dtype=float), **by})


def test_quantiles_at_their_edge():
    rng = np.random.default_rng(8)
    for n, shown in ((50, True), (49, False)):
        row = release_quantiles(answers(rng.normal(size=n)), [], [0.1], POLICY).tidy().iloc[0]
        assert pd.notna(row["value"]) == shown
        assert (row["hidden_reason"] is None) == shown
    assert release_quantiles(answers(range(30)), [], [0.5], POLICY).tidy()["value"].notna().all()
    frame = release_quantiles(answers(range(29)), [], [0.5], POLICY).tidy()
    assert frame[["value", "n"]].isna().all(axis=None)
    same = [4.0] * 96 + [1.0] * 4
    assert release_quantiles(answers(same), [], [0.5], POLICY).tidy()["value"].isna().all()
    assert release_quantiles(answers([*same, 1.0]), [], [0.5], POLICY).tidy()["value"].tolist() == [4.0]


@settings(max_examples=40, deadline=None)
@given(st.integers(30, 90), st.sampled_from([0.2, 0.25, 0.5, 0.75, 0.8]), st.integers(0, 10_000))
def test_a_quantile_is_never_one_persons_answer(n, q, seed):
    """It is the mean of five neighbours: whoever moves between them moves it by a fifth of that."""
    values = np.sort(np.random.default_rng(seed).normal(50, 20, n))
    value = release_quantiles(answers(values), [], [q], POLICY).tidy()["value"].iloc[0]
    place = round(q * (n - 1))
    around = values[place - 2 : place + 3]
    assert value == pytest.approx(around.mean(), abs=0.051)
    moved = values.copy()
    moved[place] = values[place + 1]
    after = release_quantiles(answers(moved), [], [q], POLICY).tidy()["value"].iloc[0]
    assert abs(after - value) <= (values[place + 1] - values[place]) / 5 + 0.1001


def test_quantiles_of_groups_hide_the_complement():
    team = ["a"] * 80 + ["b"] * 60 + ["c"] * 50 + ["d"] * 9
    values = np.random.default_rng(1).normal(size=len(team))
    frame = release_quantiles(answers(values, team=team), ["team"], [0.25, 0.5], POLICY).tidy()
    hidden = frame.dropna(subset=["hidden_reason"])
    assert set(hidden["team"]) == {"c", "d"}
    assert hidden[["value", "n"]].isna().all(axis=None)
    assert frame["n"].dropna().unique().tolist() == [80, 60]
