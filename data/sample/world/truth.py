"""What an analysis finds with (nearly) endless data: the planted effects on the scale it reports.

Ordinal answers, measurement error and careless respondents make an estimate differ from the number planted in
an index. So the analyses are run once on a very large draw of the same process; plain least squares and
Newton's method here, independent of the product's own code. Respondents only, careless ones left in.
"""

from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from . import planted as p
from .service import composites
from .staff import Floats

if TYPE_CHECKING:
    from . import World

LARGE_SEED = 990_001
LARGE_PEOPLE = 240_000
LARGE_TEAMS = 7_700  # the same people per team as in the sample
_SERVICE_MONTHS = 3
_DIGITS = 4


def analysis_truth(world: "World") -> dict[str, Any]:
    """Return every estimate, by analysis; see the ``how`` beside each."""
    frame = world.analysed()
    drivers = list(p.DRIVERS)
    found: dict[str, Any] = {"people": len(world.people), "answers": len(frame)}
    found["drivers"] = {
        "how": "least squares of an outcome on all fourteen driver scales, raw slopes; three waves pooled",
        **{outcome: _ols(frame, outcome, drivers) for outcome in p.OUTCOMES},
    }
    found["importance"] = {
        "how": "shares of R² of engagement by LMG (average over all orders) on the fourteen driver scales",
        "engagement": _lmg(frame, "engagement", drivers),
    }
    found["shortfall"] = {
        "how": "least squares on every hygiene scale as min(score - 3, 0) and max(score - 3, 0), the "
        "other nine drivers linear: slope below and above 3; three waves pooled",
        **{outcome: _hinges(frame, outcome) for outcome in p.SHORTFALL},
    }
    found["leaving"] = _leaving(frame)
    found["service"] = _service(world)
    found["programmes"] = _programmes(world)
    found["scales"] = _scales(world, frame)
    return found


def _round(value: float) -> float:
    return round(float(value), _DIGITS)


def _least_squares(table: pd.DataFrame, outcome: str) -> tuple[Floats, float]:
    rows = table.dropna()
    y = rows[outcome].to_numpy(float)
    x = np.column_stack([np.ones(len(rows)), rows.drop(columns=outcome).to_numpy(float)])
    slopes, *_ = np.linalg.lstsq(x, y, rcond=None)
    r2 = 1 - np.sum((y - x @ slopes) ** 2) / np.sum((y - y.mean()) ** 2)
    return slopes, float(r2)


def _ols(frame: pd.DataFrame, outcome: str, drivers: list[str]) -> dict[str, float]:
    slopes, r2 = _least_squares(frame[[outcome, *drivers]], outcome)
    return {"r2": _round(r2)} | {d: _round(b) for d, b in zip(drivers, slopes[1:], strict=True)}


def _hinges(frame: pd.DataFrame, outcome: str) -> dict[str, dict[str, float]]:
    table = frame[[outcome, *p.MOTIVATORS, *p.OTHERS]].copy()
    for scale in p.HYGIENE:
        table[f"{scale}:below"] = np.minimum(frame[scale] - p.KNOT, 0)
        table[f"{scale}:above"] = np.maximum(frame[scale] - p.KNOT, 0)
    slopes, _ = _least_squares(table, outcome)
    named = dict(zip(table.columns.drop(outcome), slopes[1:], strict=True))
    return {s: {side: _round(named[f"{s}:{side}"]) for side in ("below", "above")} for s in p.HYGIENE}


def _logit(table: pd.DataFrame, outcome: str) -> dict[str, float]:
    rows = table.dropna()
    y = rows[outcome].to_numpy(float)
    names = [c for c in table.columns if c != outcome]
    x = np.column_stack([np.ones(len(rows)), rows[names].to_numpy(float)])
    beta = np.zeros(x.shape[1])
    for _ in range(25):
        mean = 1 / (1 + np.exp(-x @ beta))
        step = np.linalg.solve((x * (mean * (1 - mean))[:, None]).T @ x, x.T @ (y - mean))
        beta += step
    return {name: _round(b) for name, b in zip(names, beta[1:], strict=True)}


def _leaving(frame: pd.DataFrame) -> dict[str, Any]:
    table = frame[["left", *p.DRIVERS]].assign(left=frame["left"].astype(float))
    tenure = np.minimum(frame["tenure_years"], p.LEAVING_YEARS)
    return {
        "how": "logit of leaving voluntarily within 180 days after the wave, log-odds per point of each "
        "driver scale (and per year of tenure up to 4, per star); three waves pooled",
        "share_leaving": _round(table["left"].mean()),
        "drivers_only": _logit(table, "left"),
        "with_tenure_and_star": _logit(table.assign(tenure_years=tenure, star=frame["star"]), "left"),
    }


def _service(world: "World") -> dict[str, Any]:
    climate = composites(world.panel, world.scores)
    first = {wave: p.WAVE_DATES[wave][1] for wave in p.WAVES}
    month = pd.to_datetime(world.service["month"])
    parts = []
    for wave, day in first.items():
        lag = 12 * month.dt.year + month.dt.month - (12 * day.year + day.month)
        later = world.service[(lag >= 1) & (lag <= _SERVICE_MONTHS)]
        means = later.groupby("team")[list(p.SERVICE)].mean().reset_index()
        parts.append(means.merge(climate[climate["wave"] == wave], on="team"))
    panel = pd.concat(parts)
    waves = [(panel["wave"] == wave).astype(float).rename(wave) for wave in p.WAVES[1:]]
    found: dict[str, Any] = {
        "how": "least squares of a team's mean service in the three full months after the wave on its mean "
        "hygiene and motivator composites (means of the respondents' scale scores) and wave dummies; one row "
        "per team and wave"
    }
    for measure in p.SERVICE:
        table = pd.concat([panel[[measure, "hygiene", "motivator"]], *waves], axis=1)
        slopes, _ = _least_squares(table, measure)
        found[measure] = {"hygiene": _round(slopes[1]), "motivator": _round(slopes[2])}
    return found


def _programmes(world: "World") -> dict[str, Any]:
    frame = world.analysed()
    persons = world.programmes[world.programmes["unit"] == "person"].set_index("member")["accepted"]
    applicants = frame[frame["respondent"].isin(persons.index)]
    mentor = _change(applicants, "withdrawal", applicants["respondent"].map(persons).astype(bool), 1)
    teams = set(world.programmes.loc[world.programmes["unit"] == "team", "member"])
    hotline = frame[frame["role_group"] == "traditional_service"]
    contest = _change(hotline, "workload", hotline["team"].isin(teams), 0)
    return {
        "how": "difference in differences of respondents' mean score, the wave before against the wave after "
        "the start: mentors against applicants without a place; contest teams against other hotline teams",
        "mentor": {"withdrawal": _round(mentor)},
        "contest": {"workload": _round(contest), "on_time": p.CONTEST_ON_TIME, "csat": 0.0},
    }


def _change(frame: pd.DataFrame, scale: str, treated: pd.Series, before: int) -> float:
    means = frame[scale].groupby([treated, frame["wave"]]).mean().unstack()
    change = means[p.WAVES[before + 1]] - means[p.WAVES[before]]
    return float(change[True] - change[False])


def _scales(world: "World", frame: pd.DataFrame) -> dict[str, Any]:
    found: dict[str, Any] = {
        "how": "mean, standard deviation and ICC(1) by team of respondents' scores; alpha"
    }
    teams = frame["team"] + frame["wave"]
    answered = world.answers[world.panel["responded"]]
    for scale in world.instrument.scales:
        items = [world.instrument.item(id) for id in scale.items]
        keyed = np.column_stack(
            [
                (6 - answered[i.id] if i.reverse_keyed else answered[i.id]).to_numpy(float, na_value=np.nan)
                for i in items
            ]
        )
        values = frame[scale.id]
        found[scale.id] = {
            "mean": _round(values.mean()),
            "sd": _round(values.std()),
            "icc1": _icc(values, teams),
        }
        if len(items) > 1:
            found[scale.id]["alpha"] = _alpha(keyed[~np.isnan(keyed).any(axis=1)])
    return found


def _alpha(items: Floats) -> float:
    cov, k = np.cov(items.T), items.shape[1]
    return _round(k / (k - 1) * (1 - np.trace(cov) / cov.sum()))


def _icc(values: pd.Series, teams: pd.Series) -> float:
    groups = values.groupby(teams).agg(["size", "mean", "var"])
    groups = groups[groups["size"] > 1]
    n, k = groups["size"].sum(), len(groups)
    grand = (groups["size"] * groups["mean"]).sum() / n
    between = (groups["size"] * (groups["mean"] - grand) ** 2).sum() / (k - 1)
    within = ((groups["size"] - 1) * groups["var"]).sum() / (n - k)
    size = (n - (groups["size"] ** 2).sum() / n) / (k - 1)
    return _round((between - within) / (between + (size - 1) * within))


def _lmg(frame: pd.DataFrame, outcome: str, drivers: list[str]) -> dict[str, float]:
    """Return LMG shares from the covariances, by R² of every subset (2^14 of them)."""
    cov = np.cov(frame[[*drivers, outcome]].dropna().to_numpy(float).T)
    k = len(drivers)
    fit = np.zeros(1 << k)
    for subset in range(1, 1 << k):
        chosen = [i for i in range(k) if subset >> i & 1]
        with_outcome = cov[chosen, k]
        fit[subset] = with_outcome @ np.linalg.solve(cov[np.ix_(chosen, chosen)], with_outcome) / cov[k, k]
    weight = [1 / (k * comb(k - 1, size)) for size in range(k)]
    importance = np.zeros(k)
    for driver in range(k):
        for subset in range(1 << k):
            if not subset >> driver & 1:
                gain = fit[subset | 1 << driver] - fit[subset]
                importance[driver] += weight[subset.bit_count()] * gain
    return {d: _round(share) for d, share in zip(drivers, importance / importance.sum(), strict=True)}
