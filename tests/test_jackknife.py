"""Errors by leaving clusters out one by one, against fits without each cluster."""

import numpy as np
import pandas as pd
import pytest

from engage.errors import UsageError
from engage.model import fit_drivers

TEAMS = 14


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(61)
    team = np.repeat(np.arange(TEAMS), rng.integers(20, 40, TEAMS))
    n = len(team)
    own, of_team = rng.normal(size=n), rng.normal(size=TEAMS)[team]
    score = 0.4 * own + 0.3 * of_team + 0.4 * rng.normal(size=TEAMS)[team]
    days = rng.exponential(np.exp(-score))
    return pd.DataFrame(
        {
            "own": own, "of_team": of_team, "team": team, "score": score + rng.normal(size=n),
            "left": (score + rng.logistic(size=n) > 0.5).astype(int),
            "gone": (days < 0.8).astype(int), "days": np.minimum(days, 0.8),
            "start": np.where(days > 0.2, rng.choice([0.0, 0.1], n), 0.0),
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "model", "options", "rel"),
    [
        ("score", "ols", {}, 1e-9),
        ("left", "logit", {}, 0.05),
        ("gone", "cox", {"time": "days", "entry": "start"}, 0.05),
    ],
)
def test_it_is_the_spread_of_fits_without_each_cluster(frame, outcome, model, options, rel):
    """Exactly so for least squares; by one Newton step, and so nearly, for the others."""
    drivers = ["own", "of_team"]
    fit = fit_drivers(frame, outcome, drivers, (), "team", model, jackknife=True, **options)
    without = [
        fit_drivers(frame[frame["team"] != team], outcome, drivers, (), None, model, **options).estimate
        for team in range(TEAMS)
    ]
    moved = np.array(without) - fit.estimate
    expected = np.sqrt((TEAMS - 1) / TEAMS * (moved**2).sum(axis=0))
    np.testing.assert_allclose(fit.std_error, expected, rtol=rel)
    assert fit.df == TEAMS - 1
    usual = fit_drivers(frame, outcome, drivers, (), "team", model, **options)
    np.testing.assert_allclose(fit.estimate, usual.estimate, atol=1e-12)
    at = fit.terms.index("of_team")
    assert fit.std_error[at] > usual.std_error[at]


def test_it_needs_clusters(frame):
    for options in (
        {"cluster": None},
        {"cluster": "team", "model": "mixed"},
        {"cluster": "team", "wild": 999},
    ):
        with pytest.raises(UsageError) as caught:
            fit_drivers(frame, "score", ["own"], jackknife=True, **options)
        assert caught.value.code == "model.jackknife_needs_clusters"
