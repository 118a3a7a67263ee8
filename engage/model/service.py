"""Team scores of a wave against the service the same teams gave in the months after it."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import pandas as pd

from engage.errors import UsageError
from engage.model.design import build_design, check_columns, names
from engage.model.diagnostics import check_teams
from engage.model.drivers import DriverFit, fit_drivers

MONTHS: Final = 3
MEASURES: Final = ("csat", "on_time", "quality")
HANDLED: Final = "handled"

ServiceModel = Literal["ols", "mixed", "binomial"]


def person_composite(scores: pd.DataFrame, scales: Sequence[str]) -> pd.Series:
    """Return each row's mean of ``scales``, missing unless at least half of them are there."""
    values = scores[list(scales)].astype("Float64")
    return values.mean(axis=1).where(2 * values.notna().sum(axis=1) >= len(scales))


def team_composites(
    scores: pd.DataFrame, composites: Mapping[str, Sequence[str]], *, date: str = "started"
) -> pd.DataFrame:
    """Return team means of composites of scales: team, wave, wave_date, n, then a column per composite.

    A person's composite is that of :func:`person_composite`; a team's is the mean over its persons.
    ``wave_date`` is the wave's last response, the same for all teams, so that no month of service lies before
    anybody's answer. ``n`` counts a team's respondents.

    ``scores``: one row per respondent with ``team``, ``wave``, the column named by ``date`` and the scales,
    e.g. ``{"hygiene": ["pay", …], "motivator": [...]}``. Rows without a team are left out.
    Raises ``UsageError`` for unknown columns.
    """
    check_columns(scores, ["team", "wave", date, *(s for scales in composites.values() for s in scales)])
    person = pd.DataFrame({"team": scores["team"], "wave": scores["wave"]})
    for name, scales in composites.items():
        person[name] = person_composite(scores, scales)
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
    monthly: bool = False,
) -> pd.DataFrame:
    """Return a row per team and wave: its scores, and its service in the ``months`` after the wave's month.

    A measure is the plain mean over the full calendar months that follow the month of ``wave_date``; a wave
    in June is followed by July, August, September. So service is always later than the answers. It is
    missing unless at least half of those months hold a value. ``months_seen`` counts the months with a row.
    ``monthly`` gives a row per team and month instead, ``month`` its first day, with the scores of the last
    wave before it; ``handled``, where ``service`` has it, is kept there as the number that shares are of.

    ``team_scores`` has ``team``, ``wave``, ``wave_date`` and any score columns, all kept;
    ``service`` has ``team``, ``month`` (any day of it) and the measures. Teams without service in that window
    are left out, as are measures that ``service`` lacks.
    Raises ``UsageError`` for missing columns or a number of months under 1.
    """
    if months < 1:
        raise UsageError("model.bad_months", months=months)
    check_columns(team_scores, ["team", "wave", "wave_date"])
    check_columns(service, ["team", "month"])
    wanted = [*measures, *([HANDLED] if monthly else [])]
    present = [name for name in wanted if name in service.columns]
    rows = service[["team", *present]].assign(_month=_month_number(service["month"]))
    asked = team_scores[["team", "wave"]].assign(_asked=_month_number(team_scores["wave_date"]))
    pairs = asked.merge(rows, on="team")
    lag = pairs["_month"] - pairs["_asked"]
    pairs = pairs[((lag >= 1) & (lag <= months)).fillna(False)]
    if monthly:
        return _by_month(team_scores, pairs)
    groups = pairs.groupby(["team", "wave"], observed=True)
    means = groups[present].mean()
    enough = 2 * groups[present].count() >= months
    outcome = means.where(enough).astype(float).assign(months_seen=groups["_month"].nunique())
    return team_scores.merge(outcome.reset_index(), on=["team", "wave"], how="inner")


def _by_month(team_scores: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    last = pairs.sort_values("_asked", kind="stable").drop_duplicates(["team", "_month"], keep="last")
    month = [pd.Timestamp(year=number // 12, month=number % 12 + 1, day=1) for number in last["_month"]]
    rows = last.assign(month=month).drop(columns=["_asked", "_month"])
    return team_scores.merge(rows, on=["team", "wave"], how="inner")


def fit_service(
    panel: pd.DataFrame,
    outcome: str,
    predictors: Sequence[str] = ("hygiene", "motivator"),
    *,
    model: ServiceModel = "ols",
    trials: str | None = None,
    wild: int = 0,
    level: float = 0.95,
) -> DriverFit:
    """Fit a service measure on team scores, at team level.

    The teams are the sample: one predictor is allowed per ``TEAMS_PER_PREDICTOR`` (10) teams with complete
    rows, however many waves or months there are. Several waves (in a monthly panel, months) enter as dummies,
    and errors are then clustered by team, with ``wild`` draws of the wild bootstrap for few teams; with one
    row per team they are HC3. ``"mixed"``: a random intercept per team, predictors split into a team's
    changes and its level. ``"binomial"``: a share, such as ``on_time``, of ``trials``, such as ``handled``.
    Estimates are of teams and say nothing about persons.

    Raises ``TooLittleData`` for too few teams, and as :func:`fit_drivers`.
    """
    predictors = names(predictors)
    design = build_design(panel, outcome, predictors, cluster="team")
    check_teams(design.n_clusters or 0, len(predictors))
    rows = panel.iloc[design.rows]
    when = "month" if "month" in panel.columns else "wave"
    several = rows[when].nunique() > 1
    repeated = bool(rows["team"].duplicated().any())
    return fit_drivers(
        panel.assign(**{when: panel[when].astype("string")}),
        outcome,
        predictors,
        controls=(when,) if several else (),
        cluster="team" if repeated or model == "mixed" else None,
        model=model,
        trials=trials,
        wild=wild,
        level=level,
    )


def _month_number(dates: pd.Series) -> pd.Series:
    """Return months since year 0, so that consecutive months differ by one."""
    when = pd.to_datetime(dates)
    return (12 * when.dt.year + when.dt.month - 1).astype("Int64")
