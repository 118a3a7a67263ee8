"""What goes with an outcome: the driver tables of scales, leaving and service, made ready for the gate."""

from dataclasses import dataclass, field, replace
from typing import Final

import pandas as pd

from engage import engine
from engage.engine import COMPOSITES
from engage.errors import TooLittleData, UsageError
from engage.model import (
    DriverFit,
    Importance,
    attrition_outcome,
    fit_drivers,
    fit_service,
    out_of_sample,
    relative_importance,
    service_panel,
)
from engage.model.diagnostics import FEW_CLUSTERS
from engage.model.drivers import Model
from engage.model.service import MEASURES
from engage.privacy.safe import Note
from engage.store import Snapshot
from engage.workspace.linking import TONE, Survey, latest_people, service_months

RESAMPLES: Final = 400
SEED: Final = 20260309
ATTRITION: Final = "attrition"
SERVICE: Final = "service"
_EVENT: Final = "leaves"
_TOO_MANY_PREDICTORS: Final = ("model.too_few_events", "model.too_few_rows")


@dataclass(frozen=True, slots=True)
class Question:
    """One model to fit: rows, outcome, predictors, and how errors hang together.

    ``themes`` are tried one at a time beside the ``drivers``; ``per_team`` rows are teams, not people.
    """

    frame: pd.DataFrame
    outcome: str
    shown_as: str
    drivers: tuple[str, ...]
    themes: tuple[str, ...] = ()
    model: Model = "ols"
    cluster: str | None = None
    per_team: bool = False
    notes: dict[str, Note] = field(default_factory=dict)

    @property
    def controls(self) -> tuple[str, ...]:
        """Pooled waves enter as dummies."""
        return ("wave",) if self.frame["wave"].nunique() > 1 else ()

    @property
    def is_coarse(self) -> bool:
        """Whether composites stand for the factors."""
        return set(self.drivers) <= {*COMPOSITES, TONE}

    @property
    def design(self) -> tuple[pd.DataFrame, str, tuple[str, ...], tuple[str, ...], str | None, Model]:
        """The arguments that :func:`fit_drivers` and :func:`out_of_sample` share."""
        return self.frame, self.outcome, self.drivers, self.controls, self.cluster, self.model


def driver_table(survey: Survey, snapshot: Snapshot, outcome: str) -> tuple[pd.DataFrame, dict[str, Note]]:
    """Return the driver rows of an outcome and the notes of the table; service has a part per measure.

    Raises ``UsageError`` for an unknown outcome, ``TooLittleData`` where the data can't support a model.
    """
    if outcome == SERVICE:
        parts = [answer(question, survey) for question in service_questions(survey, snapshot)]
        table = pd.concat([rows for rows, _ in parts], ignore_index=True)
        return table, {**parts[0][1], "outcome": SERVICE}
    question = (
        attrition_question(survey, snapshot) if outcome == ATTRITION else scale_question(survey, outcome)
    )
    return answer(question, survey)


def scale_question(survey: Survey, outcome: str) -> Question:
    """Ask what goes with a scale, among the hygiene, motivator and unlabelled scales and the comments.

    Errors are clustered by team where there are at least 30 teams, else HC3.
    Raises ``UsageError`` for an unknown outcome, ``TooLittleData`` where there is nothing to explain it with.
    """
    known = survey.scales("outcome", "strain", "lift")
    if outcome not in known:
        asked = (*known, ATTRITION, SERVICE)
        raise UsageError("workspace.unknown_outcome", where=outcome, name=outcome, known=asked)
    teams = survey.frame["team"].nunique() if "team" in survey.frame else 0
    return Question(
        survey.frame,
        outcome,
        outcome,
        _predictors(survey),
        survey.themes,
        cluster="team" if teams >= FEW_CLUSTERS else None,
    )


def attrition_question(survey: Survey, snapshot: Snapshot) -> Question:
    """Ask what goes with leaving voluntarily within the horizon after the wave.

    Where answers can't be joined to people (an anonymous survey), teams are compared instead: the share of a
    team's people who left with the team's composites, which says nothing about who left.
    Raises ``TooLittleData`` where nobody's leaving is known.
    """
    if "people" not in snapshot.tables:
        raise TooLittleData("workspace.no_people")
    people = latest_people(snapshot)
    result = attrition_outcome(survey.frame, people, date="date")
    if result.unmatched == len(survey.frame):
        return _team_attrition(survey, snapshot, people)
    frame = survey.frame.assign(**{_EVENT: result.event.astype("Float64")})
    frame = frame[result.observed.to_numpy()]
    if frame.empty:
        raise TooLittleData("workspace.not_followed", days=result.horizon_days or 0)
    several = bool(frame["respondent"].duplicated().any())
    return Question(
        frame,
        _EVENT,
        ATTRITION,
        _predictors(survey),
        survey.themes,
        model="logit",
        cluster="respondent" if several else None,
        notes={
            "horizon_days": result.horizon_days,
            "counted": result.counted,
            "level": "person",
        },
    )


def service_questions(survey: Survey, snapshot: Snapshot) -> list[Question]:
    """Ask, for each service measure, what goes with a team's service in the months after the wave.

    Teams are the sample: composites and comment tone only, at most one predictor per ten teams.
    """
    if "service" not in snapshot.tables:
        raise TooLittleData("workspace.no_service")
    scores, names = _team_scores(survey)
    panel = service_panel(scores, service_months(snapshot))
    measured = [name for name in MEASURES if name in panel and panel[name].notna().any()]
    if not measured:
        raise TooLittleData("workspace.no_service")
    return [_per_team(panel, name, name, names, {"level": "team"}) for name in measured]


def _team_attrition(survey: Survey, snapshot: Snapshot, people: pd.DataFrame) -> Question:
    """Ask whether teams with other scores lost more people, of those employed on the wave's last day."""
    scores, names = _team_scores(survey)
    parts = []
    for wave, day in survey.frame.groupby("wave")["date"].max().items():
        staff = engine.frame(engine.latest_people(snapshot, as_of_wave=str(wave)))[["respondent", "team"]]
        parts.append(staff.assign(wave=str(wave), date=day))
    staff = pd.concat(parts, ignore_index=True).dropna(subset=["team"])
    result = attrition_outcome(staff, people, date="date")
    staff[_EVENT] = result.event.astype("Float64")
    rates = staff.dropna(subset=[_EVENT]).groupby(["team", "wave"])[_EVENT].mean().astype(float).reset_index()
    panel = scores.merge(rates, on=["team", "wave"])
    if panel.empty:
        raise TooLittleData("workspace.not_followed", days=result.horizon_days or 0)
    notes: dict[str, Note] = {
        "events": result.voluntary,
        "horizon_days": result.horizon_days,
        "counted": result.counted,
        "level": "team",
    }
    return _per_team(panel, _EVENT, ATTRITION, names, notes)


def _team_scores(survey: Survey) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return ``team, wave, wave_date`` with each team's mean composites and comment tone, and their names."""
    known = (name for name in (*COMPOSITES, TONE) if name in survey.frame)
    names = tuple(name for name in known if survey.frame[name].nunique() > 1)
    if not names:
        raise TooLittleData("workspace.no_drivers")
    if "team" not in survey.frame:
        raise TooLittleData("workspace.no_team")
    teams = survey.frame.dropna(subset=["team"]).groupby(["team", "wave"], observed=True)
    dates = teams["date"].max().rename("wave_date")
    return pd.concat([teams[list(names)].mean(), dates], axis=1).reset_index(), names


def _per_team(
    panel: pd.DataFrame, outcome: str, shown_as: str, names: tuple[str, ...], notes: dict[str, Note]
) -> Question:
    repeated = bool(panel["team"].duplicated().any())
    return Question(
        panel, outcome, shown_as, names, cluster="team" if repeated else None, per_team=True, notes=notes
    )


def answer(question: Question, survey: Survey) -> tuple[pd.DataFrame, dict[str, Note]]:
    """Fit the model and split what it explains; return the driver rows and the notes of the whole table."""
    question, fit = _fitted(question)
    split = relative_importance(
        question.frame,
        question.outcome,
        question.drivers,
        bootstrap=RESAMPLES,
        seed=SEED,
        controls=question.controls,
        cluster=question.cluster,
    )
    rows = fit.tidy().rename(columns={"term": "driver"}).merge(_shares(split), on="driver")
    rows["block"] = rows["driver"].map(lambda name: "comments" if name == TONE else "survey")
    table = pd.concat([rows, _theme_rows(question)], ignore_index=True)
    table.insert(0, "outcome", question.shown_as)
    table["role"] = table["driver"].map(lambda name: name if name in COMPOSITES else survey.roles.get(name))
    notes: dict[str, Note] = {
        "outcome": question.shown_as,
        "model": question.model,
        "predictors": "composites" if question.is_coarse else "factors",
        "waves": tuple(sorted(question.frame["wave"].astype(str).unique())),
        "n": fit.n,
        "n_clusters": fit.n_clusters,
        "clustered_by": question.cluster,
        "r_squared": fit.r_squared,
        "out_of_sample": out_of_sample(*question.design),
        "measure": "auc" if question.model == "logit" else "r2",
        "events": _events(question),
        "warnings": tuple(dict.fromkeys((*fit.warnings, *split.warnings))),
        **question.notes,
    }
    return table, notes


def _events(question: Question) -> int | None:
    """Return how many of the model's complete rows had the event; ``None`` for an outcome in numbers."""
    if question.model != "logit":
        return None
    used = [question.outcome, *question.drivers, *question.controls]
    return int(question.frame.dropna(subset=used)[question.outcome].sum())


def _fitted(question: Question) -> tuple[Question, DriverFit]:
    """Fit with every factor, or with the composites where there is too little data for that."""
    try:
        return question, _fit(question)
    except TooLittleData as refusal:
        coarse = tuple(name for name in COMPOSITES if name in question.frame)
        if question.is_coarse or not coarse or refusal.code not in _TOO_MANY_PREDICTORS:
            raise
        smaller = replace(question, drivers=coarse, themes=())
        return smaller, _fit(smaller)


def _fit(question: Question) -> DriverFit:
    if question.per_team:
        return fit_service(question.frame, question.outcome, question.drivers)
    return fit_drivers(*question.design)


def _shares(split: Importance) -> pd.DataFrame:
    """Return importance with the interval of its share; the model's own interval keeps the name ``ci``."""
    table = split.tidy().drop(columns=["ci_low", "ci_high"])
    return table.rename(columns={"share_low": "importance_low", "share_high": "importance_high"})


def _theme_rows(question: Question) -> pd.DataFrame:
    """Add each theme's share of negative comments to the model by itself; p-values adjusted (BH)."""
    from scipy.stats import false_discovery_control

    rows = []
    for theme in question.themes:
        if question.frame[theme].nunique() < 2:
            continue
        try:
            fit = fit_drivers(*replace(question, drivers=(*question.drivers, theme)).design)
        except TooLittleData:
            continue  # a theme that too few teams wrote about has no row
        rows.append(fit.tidy().query("term == @theme"))
    if not rows:
        return pd.DataFrame()
    table = pd.concat(rows).rename(columns={"term": "driver"})
    table["p_value"] = false_discovery_control(table["p_value"])
    return table.assign(block="theme")


def _predictors(survey: Survey) -> tuple[str, ...]:
    scales = survey.scales("hygiene", "motivator", "unlabelled")
    usable = [s for s in (*scales, TONE) if s in survey.frame and survey.frame[s].nunique() > 1]
    if not usable:
        raise TooLittleData("workspace.no_drivers")
    return tuple(usable)


def outcome_names(snapshot: Snapshot, wave: str) -> tuple[str, ...]:
    """Return the outcomes that can be asked about, those of the questionnaire first."""
    joined = engine.joined_scores(snapshot, wave)
    names = [scale for scale, role in joined.roles.items() if role in ("outcome", "strain", "lift")]
    names += [ATTRITION] if "people" in snapshot.tables else []
    names += [SERVICE] if "service" in snapshot.tables and "team" in joined.scores.columns else []
    return tuple(names)
