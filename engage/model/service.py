"""Team scores of a wave against the service the same teams gave in the months after it."""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from engage.errors import UsageError
from engage.model.design import build_design, check_columns, names
from engage.model.diagnostics import check_teams
from engage.model.drivers import DriverFit, fit_drivers

MONTHS: Final = 3
MEASURES: Final = ("csat", "on_time", "quality")


def team_composites(
    scores: pd.DataFrame, composites: Mapping[str, Sequence[str]], *, date: str = "started"
) -> pd.DataFrame:
    """Return team means of composites of scales: team, wave, wave_date, n, then a column per composite.

    A person's composite is the mean of the scale scores it is made of, missing unless at least half of them
    are there; a team's is the mean over its persons. ``wave_date`` is the wave's last response, the same for
    all teams, so that no month of service lies before anybody's answer. ``n`` counts a team's respondents.

    ``scores``: one row per respondent with ``team``, ``wave``, the column named by ``date`` and the scales,
    e.g. ``{"hygiene": ["pay", …], "motivator": [...]}``. Rows without a team are left out.
    Raises ``UsageError`` for unknown columns.
    """
    check_columns(scores, ["team", "wave", date, *(s for scales in composites.values() for s in scales)])
    person = pd.DataFrame({"team": scores["team"], "wave": scores["wave"]})
    for name, scales in composites.items():
        values = scores[list(scales)].astype("Float64")
        person[name] = values.mean(axis=1).where(2 * values.notna().sum(axis=1) >= len(scales))
    waves = pd.to_datetime(scores[date]).groupby(scores["wave"]).max().rename("wave_date").reset_index()
    groups = person.groupby(["team", "wave"], observed=True)
    means = groups[list(composites)].mean().astype(float).reset_index()
    counts = groups.size().rename("n").reset_index()
    table = means.merge(counts, on=["team", "wave"]).merge(waves, on="wave")
    return table[["team", "wave", "wave_date", "n", *composites]]


def service_panel(
    team_scores: pd.DataFrame,
    service: pd.DataFrame,
    *,
    months: int = MONTHS,
    measures: Sequence[str] = MEASURES,
) -> pd.DataFrame:
    """Return a row per team and wave: its scores, and its service in the ``months`` after the wave's month.

    A measure is the plain mean over the full calendar months that follow the month of ``wave_date``; a wave
    in June is followed by July, August, September. So service is always later than the answers. It is
    missing unless at least half of those months hold a value. ``months_seen`` counts the months with a row.

    ``team_scores`` has ``team``, ``wave``, ``wave_date`` and any score columns, all kept;
    ``service`` has ``team``, ``month`` (any day of it) and the measures. Teams without service in that window
    are left out, as are measures that ``service`` lacks.
    Raises ``UsageError`` for missing columns or a number of months under 1.
    """
    if months < 1:
        raise UsageError("model.bad_months", months=months)
    check_columns(team_scores, ["team", "wave", "wave_date"])
    check_columns(service, ["team", "month"])
    present = [name for name in measures if name in service.columns]
    monthly = service[["team", *present]].assign(_month=_month_number(service["month"]))
    asked = team_scores[["team", "wave"]].assign(_asked=_month_number(team_scores["wave_date"]))
    pairs = asked.merge(monthly, on="team")
    lag = pairs["_month"] - pairs["_asked"]
    pairs = pairs[((lag >= 1) & (lag <= months)).fillna(False)]
    groups = pairs.groupby(["team", "wave"], observed=True)
    means = groups[present].mean()
    enough = 2 * groups[present].count() >= months
    outcome = means.where(enough).astype(float).assign(months_seen=groups["_month"].nunique())
    return team_scores.merge(outcome.reset_index(), on=["team", "wave"], how="inner")


def fit_service(
    panel: pd.DataFrame,
    outcome: str,
    predictors: Sequence[str] = ("hygiene", "motivator"),
    *,
    level: float = 0.95,
) -> DriverFit:
    """Fit a service measure on team scores, least squares at team level.

    The teams are the sample: one predictor is allowed per ``TEAMS_PER_PREDICTOR`` (10) teams with complete
    rows, however many waves there are. Several waves enter as dummies, and errors are then clustered by
    team; with one wave they are HC3. Estimates are between teams and say nothing about persons.

    Raises ``TooLittleData`` for too few teams, and as :func:`fit_drivers`.
    """
    predictors = names(predictors)
    design = build_design(panel, outcome, predictors, cluster="team")
    check_teams(design.n_clusters or 0, len(predictors))
    rows = panel.iloc[design.rows]
    repeated = bool(rows["team"].duplicated().any())
    several = rows["wave"].nunique() > 1
    return fit_drivers(
        panel.assign(wave=panel["wave"].astype("string")),
        outcome,
        predictors,
        controls=("wave",) if several else (),
        cluster="team" if repeated else None,
        level=level,
    )


def _month_number(dates: pd.Series) -> pd.Series:
    """Return months since year 0, so that consecutive months differ by one."""
    when = pd.to_datetime(dates)
    return (12 * when.dt.year + when.dt.month - 1).astype("Int64")
