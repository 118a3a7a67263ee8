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
from engage.model.design import build_design
from engage.model.drivers import Model
from engage.model.service import MEASURES
from engage.privacy import (
    Policy,
    SafeTable,
    Support,
    check_support,
    merge_few,
    poolable,
    refusal,
    release_drivers,
    support_of,
)
from engage.privacy.safe import Note
from engage.store import Snapshot
from engage.workspace.linking import TONE, Survey, latest_people, service_months
from engage.workspace.shared import TEAM, shared_by

RESAMPLES: Final = 400
SEED: Final = 20260309
ATTRITION: Final = "attrition"
SERVICE: Final = "service"
_EVENT: Final = "leaves"
_TEAM_SIZE: Final = "team_size"
_THEME_TEAMS: Final = 10
"""A theme that fewer teams wrote about has no row: clustered errors of so few come out far too small."""
_TOO_MANY_PREDICTORS: Final = ("privacy.model_rows", "privacy.model_df", "privacy.model_events",
                               "privacy.model_leverage")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """The driver rows of an outcome, the notes of the whole table, and what stands behind each model.

    ``used`` are the rows of the question's frame that the (first) model rests on.
    """

    table: pd.DataFrame
    notes: dict[str, Note]
    behind: tuple[Support, ...]
    used: pd.Index

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must be told, as codes."""
        return tuple(map(str, self.notes["warnings"])) if isinstance(self.notes["warnings"], tuple) else ()

    def released(self, policy: Policy) -> SafeTable:
        """Return the table as readers may have it; who left, and what service was, are known to many."""
        known = self.notes["outcome"] in (ATTRITION, SERVICE)
        return release_drivers(self.table, self.notes, policy, behind=self.behind, known_outcome=known)


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
    def person(self) -> str | None:
        """The column that says whose answers a row holds; rows of teams are nobody's."""
        return None if self.per_team else "respondent"

    @property
    def design(self) -> tuple[pd.DataFrame, str, tuple[str, ...], tuple[str, ...], str | None, Model]:
        """The arguments that :func:`fit_drivers` and :func:`out_of_sample` share."""
        return self.frame, self.outcome, self.drivers, self.controls, self.cluster, self.model


def driver_answer(survey: Survey, snapshot: Snapshot, outcome: str, policy: Policy) -> Answer:
    """Return what goes with an outcome; service has a part per measure.

    Raises ``UsageError`` for an unknown outcome, ``TooLittleData`` where the data can't support a model that
    may be released; its words say which threshold is missed and nothing of the data.
    """
    try:
        if outcome != SERVICE:
            return answer(person_question(survey, snapshot, outcome), survey, policy)
        parts = [answer(question, survey, policy) for question in service_questions(survey, snapshot)]
    except TooLittleData as error:
        raise refusal(error, policy) from None
    notes: dict[str, Note] = {**parts[0].notes, "outcome": SERVICE}
    for name in ("r_squared", "out_of_sample"):
        notes |= {f"{name}:{part.notes['outcome']}": part.notes[name] for part in parts}
        del notes[name]
    codes = (code for part in parts for code in part.warnings)
    return replace(
        parts[0],
        table=pd.concat([part.table for part in parts], ignore_index=True),
        notes=notes | {"warnings": tuple(dict.fromkeys(codes))},
        behind=tuple(support for part in parts for support in part.behind),
    )


def person_question(survey: Survey, snapshot: Snapshot, outcome: str) -> Question:
    """Ask what goes with a scale or with leaving."""
    if outcome == ATTRITION:
        return attrition_question(survey, snapshot)
    return scale_question(survey, outcome)


def scale_question(survey: Survey, outcome: str) -> Question:
    """Ask what goes with a scale, among the hygiene, motivator and unlabelled scales and the comments.

    Errors are clustered by team where there are at least eight (:func:`shared_by`), else HC3; comments,
    which are a team's, are then no predictors, since HC3 takes them for far surer than they are.
    Raises ``UsageError`` for an unknown outcome, ``TooLittleData`` where there is nothing to explain it with.
    """
    known = survey.scales("outcome", "strain", "lift")
    if outcome not in known:
        asked = (*known, ATTRITION, SERVICE)
        raise UsageError("workspace.unknown_outcome", where=outcome, name=outcome, known=asked)
    frame, teams = shared_by(survey.frame)
    return Question(
        frame,
        outcome,
        outcome,
        tuple(name for name in _predictors(survey) if teams or name != TONE),
        survey.themes if teams else (),
        cluster=teams,
    )


def attrition_question(survey: Survey, snapshot: Snapshot) -> Question:
    """Ask what goes with leaving voluntarily within the horizon after the wave.

    Where answers can't be joined to people (an anonymous survey), teams are compared instead: the share of a
    team's people who left with the team's composites, which says nothing about who left.

    Errors are clustered by team where there are at least eight, else by person (:func:`shared_by`); comments,
    which are a team's, are then no predictors, since errors by person take them for far surer than they are.
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
    frame, teams = shared_by(frame)
    several = "respondent" if frame["respondent"].duplicated().any() else None
    return Question(
        frame,
        _EVENT,
        ATTRITION,
        tuple(name for name in _predictors(survey) if teams or name != TONE),
        survey.themes if teams else (),
        model="logit",
        cluster=teams or several,
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
    """Return ``team, wave, wave_date``, each team's mean composites and comment tone, and their names.

    ``team_size`` is the fewest answers behind one of the means.
    """
    known = (name for name in (*COMPOSITES, TONE) if name in survey.frame)
    names = tuple(name for name in known if survey.frame[name].nunique() > 1)
    if not names:
        raise TooLittleData("workspace.no_drivers")
    if "team" not in survey.frame:
        raise TooLittleData("workspace.no_team")
    teams = survey.frame.dropna(subset=["team"]).groupby(["team", "wave"], observed=True)
    dates = teams["date"].max().rename("wave_date")
    sizes = teams[list(names)].count().min(axis=1).rename(_TEAM_SIZE)
    return pd.concat([teams[list(names)].mean(), dates, sizes], axis=1).reset_index(), names


def _per_team(
    panel: pd.DataFrame, outcome: str, shown_as: str, names: tuple[str, ...], notes: dict[str, Note]
) -> Question:
    repeated = bool(panel["team"].duplicated().any())
    return Question(
        panel, outcome, shown_as, names, cluster="team" if repeated else None, per_team=True, notes=notes
    )


def answer(question: Question, survey: Survey, policy: Policy) -> Answer:
    """Fit the model and split what it explains."""
    asked, question, support = settled(question, policy)
    fit = _fit(question)
    split = relative_importance(
        question.frame,
        question.outcome,
        question.drivers,
        bootstrap=RESAMPLES,
        seed=SEED,
        controls=question.controls,
        cluster=question.cluster,
        model="logit" if question.model == "logit" else "ols",
    )
    rows = fit.tidy().rename(columns={"term": "driver"}).merge(_shares(split), on="driver")
    rows["vif"] = rows["driver"].map(dict(fit.vif))
    rows["block"] = rows["driver"].map(lambda name: "comments" if name == TONE else "survey")
    themes, theme_support = _theme_rows(asked, policy)
    table = pd.concat([rows, themes], ignore_index=True)
    table.insert(0, "outcome", question.shown_as)
    table["role"] = table["driver"].map(lambda name: name if name in COMPOSITES else survey.roles.get(name))
    notes: dict[str, Note] = {
        "outcome": question.shown_as,
        "model": question.model,
        "predictors": "composites" if question.is_coarse else "factors",
        "controls": question.controls,
        "explained": split.explained,
        "n": fit.n,
        "n_clusters": fit.n_clusters,
        "clustered_by": question.cluster,
        "r_squared": fit.r_squared,
        "out_of_sample": out_of_sample(*question.design),
        "measure": "auc" if question.model == "logit" else "r2",
        "events": int(question.frame[question.outcome].sum()) if question.model == "logit" else None,
        "warnings": tuple(dict.fromkeys((*fit.warnings, *split.warnings))),
        **question.notes,
    }
    return Answer(table, notes, (support, *theme_support), question.frame.index)


def settled(question: Question, policy: Policy) -> tuple[Question, Question, Support]:
    """Return the question as asked and made ready: of every factor, or of the composites where the data can't
    support so many.
    """
    try:
        return question, *_ready(question, policy)
    except TooLittleData as refused:
        coarse = tuple(name for name in COMPOSITES if name in question.frame)
        if question.is_coarse or not coarse or refused.code not in _TOO_MANY_PREDICTORS:
            raise
    smaller = replace(question, drivers=coarse, themes=())
    return smaller, *_ready(smaller, policy)


def _ready(question: Question, policy: Policy) -> tuple[Question, Support]:
    """Return the question with the rows and categories that a released model may have, and its support.

    Rows are complete; of teams, only those with enough answers count; waves that would follow from other
    models are left out; small categories of controls are merged.
    """
    used = [question.outcome, *question.drivers, *([question.cluster] if question.cluster else [])]
    frame = question.frame.dropna(subset=used)
    if question.per_team:
        frame = frame[frame[_TEAM_SIZE] >= policy.scores_k]
    by_wave = frame.groupby("wave", observed=True)
    people = by_wave[question.person].nunique() if question.person else by_wave.size()
    waves = poolable(people, policy, 1 + len(question.drivers))
    frame = frame[frame["wave"].isin(waves)]
    if frame.empty:
        raise TooLittleData("privacy.model_too_small", least=policy.model_n)
    shown: dict[str, Note] = {"waves": tuple(sorted(frame["wave"].astype(str).unique()))}
    frame, merged = merge_few(frame, question.outcome, question.controls, policy, person=question.person)
    if merged:
        shown["merged"] = merged
    ready = replace(question, frame=frame, notes={**question.notes, **shown})
    names = (*ready.drivers, *ready.controls)
    design = build_design(ready.frame, ready.outcome, ready.drivers, ready.controls, ready.cluster)
    support = support_of(design, ready.frame, names, policy, person=ready.person)
    if ready.per_team:
        support = replace(support, team=int(frame[_TEAM_SIZE].iloc[design.rows].min()))
    check_support(support, policy)
    return ready, support


def _fit(question: Question) -> DriverFit:
    if question.per_team:
        return fit_service(question.frame, question.outcome, question.drivers)
    return fit_drivers(*question.design, jackknife=question.cluster == TEAM)


def _shares(split: Importance) -> pd.DataFrame:
    """Return importance with the interval of its share, Johnson's weights as shares, and plain correlations.

    The model's own interval keeps the name ``ci``.
    """
    weights = split.beside["relative_weights"]
    beside = {"johnson": weights / weights.sum(), "correlation": split.beside["correlation"]}
    table = split.tidy().drop(columns=["ci_low", "ci_high"]).assign(**beside)
    return table.rename(columns={"share_low": "importance_low", "share_high": "importance_high"})


def _theme_rows(question: Question, policy: Policy) -> tuple[pd.DataFrame, list[Support]]:
    """Add each theme's share of negative comments to the model by itself; p-values adjusted (BH)."""
    from scipy.stats import false_discovery_control

    rows, behind = [], []
    for theme in question.themes:
        if _teams_with(question.frame, theme) < _THEME_TEAMS:
            continue
        try:
            asked, support = _ready(replace(question, drivers=(*question.drivers, theme)), policy)
            fit = _fit(asked)
        except TooLittleData:
            continue
        rows.append(fit.tidy().query("term == @theme"))
        behind.append(support)
    if not rows:
        return pd.DataFrame(), behind
    table = pd.concat(rows).rename(columns={"term": "driver"})
    table["p_value"] = false_discovery_control(table["p_value"])
    return table.assign(block="theme"), behind


def _teams_with(frame: pd.DataFrame, theme: str) -> int:
    """Return how many teams have another share of a theme than most rows have."""
    usual = frame[theme].mode()
    return int(frame.loc[frame[theme].notna() & ~frame[theme].isin(usual), "team"].nunique())


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
