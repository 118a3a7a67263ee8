"""Driver models against R, statsmodels, and each other; refusals; attrition and service outcomes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engage.errors import TooLittleData, UsageError
from engage.model import (
    attrition_outcome,
    auc,
    fit_drivers,
    fit_service,
    out_of_sample,
    service_panel,
    team_composites,
    vif,
)

TIGHT = 1e-9  # the same arithmetic in another order
LOOSE = 1e-6  # an iterative fit stopped elsewhere
R = 1e-8  # numbers printed by R 4.2.2

DATA = Path(__file__).parents[2] / "shared" / "data"
ROSSI = DATA / "rdatasets_carData_Rossi.csv"
IBM = DATA / "ibm_hr_attrition.csv"


def needs(path):
    return pytest.mark.skipif(not path.is_file(), reason=f"{path.name} is not beside this checkout")


@pytest.fixture(scope="module")
def staff():
    """Teams, correlated drivers, unequal noise, a categorical control, and holes."""
    rng = np.random.default_rng(7)
    n, teams = 600, 40
    team = rng.integers(0, teams, n)
    shared = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "pay": shared + rng.normal(size=n),
            "growth": shared + rng.normal(size=n),
            "tenure": 100 * rng.gamma(2, 2, size=n),
            "wave": rng.choice(["2024", "2025", "2023"], size=n),
            "team": [f"T{t:02d}" for t in team],
        }
    )
    noise = rng.normal(size=n) * (1 + frame["pay"].abs()) + rng.normal(size=teams)[team]
    frame["engagement"] = 3 + 0.4 * frame["pay"] + 0.2 * frame["growth"] + noise
    frame["left"] = (rng.random(n) < 1 / (1 + np.exp(1 + 0.7 * frame["growth"]))).astype("Int8")
    frame.loc[rng.choice(n, 40, replace=False), "pay"] = np.nan
    frame.loc[rng.choice(n, 10, replace=False), "team"] = None
    return frame


def by_statsmodels(frame, outcome, model, cluster):
    import statsmodels.formula.api as smf

    rows = frame.dropna(subset=[outcome, "pay", "growth", "tenure", "wave", *([cluster] if cluster else [])])
    rows = rows.assign(**{outcome: rows[outcome].astype(float)})
    formula = f"{outcome} ~ pay + growth + tenure + C(wave)"
    how = {}
    if cluster:
        how = {"cov_type": "cluster", "cov_kwds": {"groups": pd.factorize(rows[cluster])[0]}}
    elif model == "ols":
        how = {"cov_type": "HC3"}
    if model == "ols":
        return smf.ols(formula, rows).fit(use_t=True, **how)
    return smf.logit(formula, rows).fit(disp=0, method="newton", tol=1e-12, **how)


@pytest.mark.parametrize("cluster", [None, "team"])
@pytest.mark.parametrize(("model", "outcome"), [("ols", "engagement"), ("logit", "left")])
def test_fits_agree_with_statsmodels(staff, model, outcome, cluster):
    before = staff.copy()
    ours = fit_drivers(staff, outcome, ["pay", "growth", "tenure"], ["wave"], cluster, model)
    theirs = by_statsmodels(staff, outcome, model, cluster)
    tidy = ours.tidy().set_index("term")
    order = ["Intercept", "pay", "growth", "tenure", "C(wave)[T.2024]", "C(wave)[T.2025]"]
    assert list(tidy.index) == ["intercept", "pay", "growth", "tenure", "wave[2024]", "wave[2025]"]
    interval = theirs.conf_int()
    for column, expected in [
        ("estimate", theirs.params),
        ("std_error", theirs.bse),
        ("p_value", theirs.pvalues),
        ("ci_low", interval[0]),
        ("ci_high", interval[1]),
    ]:
        np.testing.assert_allclose(tidy[column], expected[order], rtol=LOOSE, atol=TIGHT, err_msg=column)
    np.testing.assert_allclose(ours.covariance, theirs.cov_params().loc[order, order], rtol=LOOSE, atol=TIGHT)
    fit = theirs.rsquared if model == "ols" else theirs.prsquared
    assert ours.r_squared == pytest.approx(fit, abs=TIGHT)
    if model == "ols":
        assert ours.r_squared_adjusted == pytest.approx(theirs.rsquared_adj, abs=TIGHT)
    assert ours.n == theirs.nobs
    assert ours.n + ours.n_dropped == len(staff)
    assert ours.n_clusters == (40 if cluster else None)
    pd.testing.assert_frame_equal(staff, before)


def test_standardised_is_the_fit_on_z_scores(staff):
    rows = staff[["engagement", "pay", "growth"]].dropna()
    z = (rows - rows.mean()) / rows.std()
    raw, scaled = (fit_drivers(f, "engagement", ["pay", "growth"]) for f in (rows, z))
    np.testing.assert_allclose(raw.standardised[1:], scaled.estimate[1:], atol=TIGHT)
    logit = fit_drivers(staff, "left", ["tenure"], model="logit")
    assert logit.standardised[1] == pytest.approx(logit.estimate[1] * staff["tenure"].std(), abs=TIGHT)


def test_vif_agrees_with_statsmodels(staff):
    from statsmodels.stats.outliers_influence import variance_inflation_factor

    rows = staff[["pay", "growth", "tenure"]].dropna()
    exog = np.column_stack([np.ones(len(rows)), rows])
    expected = [variance_inflation_factor(exog, j) for j in (1, 2, 3)]
    np.testing.assert_allclose(vif(rows.to_numpy()), expected, rtol=TIGHT)
    fit = fit_drivers(rows.assign(y=staff["engagement"]), "y", ["pay", "growth", "tenure"])
    np.testing.assert_allclose(list(fit.vif.values()), expected, rtol=TIGHT)
    assert vif(rows[["pay"]].to_numpy()) == pytest.approx([1])


@needs(ROSSI)
def test_logit_agrees_with_r_on_rossi():
    rossi = pd.read_csv(ROSSI)
    drivers = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
    model_based = fit_drivers(rossi, "arrest", drivers, model="logit")
    clustered = fit_drivers(rossi, "arrest", drivers, cluster="age", model="logit")
    fin = model_based.terms.index("fin[yes]")
    # R's glm takes its covariance one step before the last; the maximum itself is 7e-7 away.
    assert model_based.std_error[fin] == pytest.approx(0.22853290, abs=LOOSE)
    assert clustered.std_error[fin] == pytest.approx(0.24942539, abs=R)
    assert clustered.n_clusters == 28
    assert clustered.warnings == ("model.few_clusters",)


@needs(IBM)
def test_out_of_sample_on_ibm_is_what_an_honest_fit_gives():
    ibm = pd.read_csv(IBM).assign(left=lambda d: (d["Attrition"] == "Yes").astype(int))
    survey = [
        "EnvironmentSatisfaction",
        "JobInvolvement",
        "JobSatisfaction",
        "RelationshipSatisfaction",
        "WorkLifeBalance",
    ]
    assert out_of_sample(ibm, "left", survey, model="logit") == pytest.approx(0.640, abs=0.015)


def test_a_driver_may_be_true_or_false_or_words(staff):
    rows = staff.assign(senior=staff["tenure"] > 400, rank=np.where(staff["tenure"] > 400, "b", "a"))
    logical = fit_drivers(rows, "engagement", ["senior"])
    words = fit_drivers(rows, "engagement", ["rank"])
    assert words.terms == ("intercept", "rank[b]")
    np.testing.assert_allclose(words.estimate, logical.estimate, atol=TIGHT)
    one_name = fit_drivers(rows, "engagement", "senior")
    assert one_name.drivers == ("senior",)


def test_a_row_alone_at_its_level_is_left_out_with_it(staff):
    rows = staff.dropna()
    marked = rows.assign(role=["only", *["agent", "lead"] * (len(rows) // 2)][: len(rows)])
    fit = fit_drivers(marked, "engagement", ["pay"], ["role"])
    rest = fit_drivers(marked.iloc[1:], "engagement", ["pay"], ["role"])
    assert fit.n_dropped == 1
    assert "model.lonely_level" in fit.warnings
    np.testing.assert_array_equal(fit.estimate, rest.estimate)


def test_a_control_that_does_not_vary_is_dropped_with_a_note(staff):
    fit = fit_drivers(staff.assign(wave="2025", site=1), "engagement", ["pay"], ["wave", "site"])
    assert fit.terms == ("intercept", "pay")
    assert fit.warnings == ("model.constant_control", "model.constant_control")
    assert "wave" in fit.notes[0].reason("zh")


def test_warnings_say_what_is_thin():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(30, 4))
    frame = pd.DataFrame(x, columns=list("abcd")).assign(y=rng.normal(size=30), g=np.arange(30) % 6)
    frame["d"] = frame["a"] + 0.1 * frame["d"]
    fit = fit_drivers(frame, "y", list("abcd"), cluster="g")
    assert fit.warnings == ("model.few_rows", "model.few_clusters", "model.high_vif")
    assert fit.notes[2].params["columns"] == ["a", "d"]
    frame["y"] = np.arange(30) < 9
    assert "model.few_events" in fit_drivers(frame, "y", ["b"], model="logit").warnings
    assert (
        "<script>"
        not in fit_drivers(frame.rename(columns={"y": "<script>"}), "<script>", ["b"])._repr_html_()
    )


def refused(code, frame, *args, **kwargs):
    kind = UsageError if code.split(".")[1] in USAGE else TooLittleData
    with pytest.raises(kind) as caught:
        fit_drivers(frame, *args, **kwargs)
    assert caught.value.code == code
    for lang in ("zh", "en", "ru"):
        assert caught.value.what(lang)
        assert caught.value.remedy(lang)
    return caught.value


USAGE = {
    "unknown_column",
    "repeated_column",
    "no_drivers",
    "not_numeric",
    "not_binary",
    "bad_level",
    "unknown_option",
}


def test_refusals_name_the_reason(staff):
    numeric = staff.dropna().assign(one=1, twice=lambda d: 2 * d["pay"] + 1)
    numeric["sum"] = numeric["pay"] - numeric["growth"]
    error = refused("model.unknown_column", staff, "engagement", ["grwth"])
    assert error.params["known"] == ["growth"]
    refused("model.repeated_column", staff, "engagement", ["pay", "engagement"])
    refused("model.no_drivers", staff, "engagement", [])
    refused("model.not_numeric", staff, "team", ["pay"])
    refused("model.not_binary", staff, "engagement", ["pay"], model="logit")
    refused("model.bad_level", staff, "engagement", ["pay"], level=95)
    refused("model.unknown_option", staff, "engagement", ["pay"], model="probit")
    refused("model.no_complete_rows", staff.assign(pay=np.nan), "engagement", ["pay"])
    refused("model.constant_outcome", numeric, "one", ["pay"])
    assert refused("model.constant_driver", numeric, "engagement", ["pay", "one"]).params["columns"] == [
        "one"
    ]
    error = refused("model.collinear", numeric, "engagement", ["pay", "tenure", "twice"])
    assert error.params["columns"] == ["pay", "twice"]
    error = refused("model.collinear", numeric, "engagement", ["pay", "sum", "growth", "tenure"])
    assert error.params["columns"] == ["pay", "sum", "growth"]
    refused("model.too_few_rows", numeric.head(19), "engagement", ["pay"])
    refused("model.too_few_rows", numeric.head(24), "engagement", ["pay", "growth", "tenure"], ["wave"])
    thin = numeric.assign(left=np.arange(len(numeric)) < 9)
    refused("model.too_few_events", thin, "left", ["pay", "growth"], model="logit")
    refused(
        "model.too_few_clusters",
        numeric.assign(site=np.arange(len(numeric)) % 4),
        "engagement",
        ["pay"],
        cluster="site",
    )
    single = numeric.assign(flag=np.arange(len(numeric)) == 3)
    refused("model.single_row", single, "engagement", ["pay", "flag"])


@pytest.mark.parametrize("gap", [0.0, 0.5], ids=["quasi", "complete"])
def test_separation_is_refused(gap):
    rng = np.random.default_rng(5)
    x = np.sort(rng.normal(size=200))
    y = (x > 0).astype(int)
    x = x + np.where(y == 1, gap, -gap)
    if not gap:
        x[(x > -0.2) & (x < 0.2)] = 0.0
        assert set(y[x == 0]) == {0, 1}
    refused(
        "model.separated",
        pd.DataFrame({"x": x, "y": y, "z": rng.normal(size=200)}),
        "y",
        ["x", "z"],
        model="logit",
    )


def test_a_strong_but_overlapping_driver_is_not_called_separated():
    rng = np.random.default_rng(6)
    x = rng.normal(size=4000)
    y = (rng.random(4000) < 1 / (1 + np.exp(-12 * x))).astype(int)
    fit = fit_drivers(pd.DataFrame({"x": x, "y": y}), "y", ["x"], model="logit")
    assert fit.ci_low[1] < 12 < fit.ci_high[1]


@pytest.mark.simulation
@pytest.mark.parametrize("cluster", [None, "team"])
def test_intervals_cover(cluster):
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(400):
        team = np.repeat(np.arange(40), 5)
        x = rng.normal(size=40)[team] if cluster else rng.normal(size=200)
        noise = (
            rng.normal(size=40)[team] + rng.normal(size=200)
            if cluster
            else rng.normal(size=200) * (0.5 + x**2)
        )
        fit = fit_drivers(
            pd.DataFrame({"x": x, "y": 0.3 * x + noise, "team": team}), "y", ["x"], cluster=cluster
        )
        held += fit.ci_low[1] <= 0.3 <= fit.ci_high[1]
    assert 0.90 < held / 400 < 0.985


def brute_auc(y, score):
    pairs = [(a > b) + 0.5 * (a == b) for a in score[y == 1] for b in score[y == 0]]
    return np.mean(pairs)


def test_auc_counts_pairs():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 80).astype(float)
    score = rng.integers(0, 9, 80).astype(float)
    assert auc(y, score) == pytest.approx(brute_auc(y, score), abs=TIGHT)
    assert np.isnan(auc(np.ones(3), np.arange(3.0)))


def test_out_of_sample_is_not_fooled_by_noise_or_by_clusters(staff):
    rng = np.random.default_rng(2)
    noise = pd.DataFrame(rng.normal(size=(80, 8)), columns=list("abcdefgh")).assign(y=rng.normal(size=80))
    assert out_of_sample(noise, "y", list("abcdefgh")) < 0
    rows = staff.dropna()
    good = out_of_sample(rows, "engagement", ["pay", "growth"])
    assert 0 < good < fit_drivers(rows, "engagement", ["pay", "growth"]).r_squared
    assert out_of_sample(rows, "engagement", ["pay", "growth"], seed=0) == good
    doubled = pd.concat([noise.head(60), noise.head(60)]).assign(row=[*range(60), *range(60)])
    leaked = out_of_sample(doubled, "y", list("abcdefgh"))
    assert out_of_sample(doubled, "y", list("abcdefgh"), cluster="row") < leaked
    assert 0.5 < out_of_sample(staff, "left", ["growth"], cluster="team", model="logit") < 0.8


def day(text):
    return pd.Timestamp(text)


@pytest.fixture
def people():
    rows = [
        # respondent, as_of, leave_date, leave_type, left
        ("stays", "2025-12-31", None, None, False),
        ("goes", "2025-12-31", "2025-03-01", "voluntary", True),
        ("last_day", "2025-12-31", "2025-06-30", "voluntary", True),
        ("day_after", "2025-12-31", "2025-07-01", "voluntary", True),
        ("dismissed", "2025-12-31", "2025-02-01", "dismissed", True),
        ("gone", "2025-12-31", "2025-01-01", "voluntary", True),
        ("short", "2025-06-29", None, None, False),
        ("no_type", "2025-12-31", "2025-02-01", None, True),
        ("no_date", "2025-12-31", None, "voluntary", True),
        ("no_as_of", None, None, None, False),
    ]
    table = pd.DataFrame(rows, columns=["respondent", "as_of", "leave_date", "leave_type", "left"])
    return table.assign(as_of=pd.to_datetime(table["as_of"]), leave_date=pd.to_datetime(table["leave_date"]))


FATES = {
    "stays": ("stayed", 0),
    "goes": ("voluntary", 1),
    "last_day": ("voluntary", 1),
    "day_after": ("stayed", 0),
    "dismissed": ("other_exit", 0),
    "gone": ("left_before", None),
    "short": ("not_followed", None),
    "no_type": ("unclassified", None),
    "no_date": ("unclassified", None),
    "no_as_of": ("stayed", 0),
    "stranger": ("unmatched", None),
}


def test_every_fate_after_a_wave(people):
    names = list(reversed(FATES))
    responses = pd.DataFrame({"respondent": names, "wave_date": day("2025-01-01")}, index=range(100, 111))
    outcome = attrition_outcome(responses, people)
    for row, name in zip(responses.index, names, strict=True):
        fate, event = FATES[name]
        assert outcome.fate[row] == fate, name
        assert (outcome.event[row] is pd.NA) if event is None else outcome.event[row] == event, name
    assert (outcome.voluntary, outcome.other_exits, outcome.not_followed, outcome.unmatched) == (2, 1, 1, 1)
    assert outcome.tidy()["n"].sum() == len(names)
    assert outcome.observed.sum() == 6
    assert (outcome.horizon_days, outcome.counted, outcome.followed_to) == (
        180,
        "voluntary",
        day("2025-12-31"),
    )


def test_follow_up_ends_at_the_horizon_of_each_wave(people):
    responses = pd.DataFrame(
        {
            "respondent": ["stays", "stays", "goes"],
            "wave_date": pd.to_datetime(["2025-07-04", "2025-07-05", None]),
        }
    )
    assert list(attrition_outcome(responses, people).fate) == ["stayed", "not_followed", "unclassified"]
    assert list(attrition_outcome(responses, people, 179).fate)[1] == "stayed"


def test_without_dates_leaving_is_not_dated(people):
    responses = pd.DataFrame({"respondent": ["stays", "goes", "dismissed", "stranger"]})
    undated = attrition_outcome(responses, people.drop(columns=["leave_date", "as_of"]))
    assert undated.horizon_days is None
    assert undated.event.tolist() == [0, 1, 0, pd.NA]
    bare = attrition_outcome(responses, people[["respondent", "left"]])
    assert (bare.event.tolist(), bare.counted) == ([0, 1, 1, pd.NA], "any")
    unknown = attrition_outcome(responses, people[["respondent"]])
    assert unknown.not_followed == 3


def test_without_types_every_exit_counts(people):
    responses = pd.DataFrame({"respondent": ["goes", "dismissed"], "wave_date": day("2025-01-01")})
    outcome = attrition_outcome(responses, people.drop(columns=["leave_type", "as_of"]))
    assert (outcome.event.tolist(), outcome.counted) == ([1, 1], "any")
    assert outcome.followed_to == day("2025-07-01")


def test_attrition_refuses_wrong_calls(people):
    responses = pd.DataFrame({"respondent": ["goes"], "wave_date": day("2025-01-01")})
    for bad in (
        lambda: attrition_outcome(responses, people, 0),
        lambda: attrition_outcome(responses, pd.concat([people, people])),
        lambda: attrition_outcome(responses.drop(columns="wave_date"), people),
        lambda: attrition_outcome(responses, people.drop(columns="respondent")),
    ):
        with pytest.raises(UsageError):
            bad()


def test_team_composites_follow_the_half_rule():
    scores = pd.DataFrame(
        {
            "team": ["A", "A", "B", None],
            "wave": "2025",
            "started": pd.to_datetime(["2025-05-30", "2025-06-02", None, "2025-06-09"]),
            "pay": [1, 3, 5, 5],
            "status": [2, None, None, 5],
            "job_security": [3, None, 4, 5],
            "growth": [4.0, 2.0, None, 5.0],
        }
    )
    table = team_composites(scores, {"hygiene": ["pay", "status", "job_security"], "motivator": ["growth"]})
    assert table["team"].tolist() == ["A", "B"]
    assert table["n"].tolist() == [2, 1]
    # The second person answered one of three hygiene scales: no composite.
    assert table["hygiene"].tolist() == [2, 4.5]
    assert table["motivator"][0] == 3
    assert np.isnan(table["motivator"][1])
    assert (table["wave_date"] == day("2025-06-09")).all()


def test_service_panel_takes_the_full_months_after_the_wave():
    months = pd.date_range("2024-11-01", "2025-04-01", freq="MS")
    service = pd.DataFrame(
        {
            "team": ["A"] * 6 + ["B"] * 6 + ["C"] * 2,
            "month": [*months, *months, *months[:2]],
            "csat": [*range(6), *[10, 11, None, None, 12, 13], 1, 1],
        }
    )
    teams = pd.DataFrame(
        {
            "team": list("ABCD"),
            "wave": "2024",
            "wave_date": day("2024-12-15"),
            "hygiene": [3.0, 4.0, 5.0, 6.0],
        }
    )
    panel = service_panel(teams, service)
    assert panel["team"].tolist() == ["A", "B"]
    assert panel.columns.tolist() == ["team", "wave", "wave_date", "hygiene", "csat", "months_seen"]
    assert panel["csat"][0] == 3.0  # January, February, March
    assert np.isnan(panel["csat"][1])  # one of three months
    assert panel["months_seen"].tolist() == [3, 3]
    assert service_panel(teams, service, months=1)["csat"][0] == 2
    with pytest.raises(UsageError):
        service_panel(teams, service, months=0)


def team_panel(teams, waves=1):
    rng = np.random.default_rng(teams)
    n = teams * waves
    frame = pd.DataFrame(
        {
            "team": np.tile([f"T{k}" for k in range(teams)], waves),
            "wave": np.repeat([f"{2023 + k}" for k in range(waves)], teams),
            "hygiene": rng.normal(size=n),
            "motivator": rng.normal(size=n),
        }
    )
    return frame.assign(csat=0.8 + 0.02 * frame["motivator"] + 0.02 * rng.normal(size=n))


def test_service_counts_teams_not_rows():
    with pytest.raises(TooLittleData) as caught:
        fit_service(team_panel(19, waves=5), "csat")
    assert (caught.value.code, caught.value.params["teams"]) == ("model.too_few_teams", 19)
    with pytest.raises(TooLittleData, match="Too few teams"):
        fit_service(team_panel(24).assign(csat=lambda d: d["csat"].where(d.index > 4)), "csat")
    one = fit_service(team_panel(20), "csat")
    assert (one.n_clusters, one.terms) == (None, ("intercept", "hygiene", "motivator"))
    panel = team_panel(20, waves=3)
    several = fit_service(panel, "csat")
    assert several.n_clusters == 20
    assert several.terms[3:] == ("wave[2024]", "wave[2025]")
    direct = fit_drivers(panel, "csat", ["hygiene", "motivator"], ["wave"], "team")
    np.testing.assert_array_equal(several.std_error, direct.std_error)
    assert fit_service(team_panel(20), "csat", ["motivator"]).n == 20
