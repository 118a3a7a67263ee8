"""Levels of competence beside what roles need, what they go with in service, and rated contacts by team."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from engage import engine
from engage.errors import TooLittleData
from engage.measure import adjust_pvalues
from engage.model import fit_service, service_panel, team_composites
from engage.model.design import build_design
from engage.model.service import MEASURES
from engage.privacy import Policy, Support, check_support, support_of
from engage.store import Snapshot
from engage.workspace.linking import Survey, service_months
from engage.workspace.serving import TOO_FEW_TEAMS

Targets = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Skills:
    """What the competence questionnaire of a wave asks: ``targets`` by scale and role; ``by`` whom."""

    wave: str
    by: str
    targets: Targets


@dataclass(frozen=True, slots=True)
class Links:
    """What a point of a team's mean level goes with in its service: rows of an outcome table, tried alone.

    ``serving``: roles some of whose people are in teams with service results.
    """

    table: pd.DataFrame
    behind: tuple[Support, ...]
    serving: frozenset[str]


def skills(snapshot: Snapshot, waves: Sequence[str]) -> Skills:
    """Return what the newest of ``waves`` with target levels asks.

    Raises ``TooLittleData`` where none has a questionnaire with targets.
    """
    for wave in reversed(waves):
        for id in snapshot.answered(wave):
            instrument = snapshot.instrument(id, wave)
            if instrument.targets_by:
                targets = {scale.id: dict(scale.targets) for scale in instrument.scales if scale.targets}
                return Skills(wave, instrument.targets_by, targets)
    raise TooLittleData("workspace.no_competence")


def links(survey: Survey, snapshot: Snapshot, asked: Skills, policy: Policy) -> Links:
    """Return how each competence's team mean goes with each service measure in the months after the wave.

    Teams with ``scores_k`` answers to every scale; each scale alone (:func:`engage.model.fit_service`), since
    teams are few; p-values adjusted over the scales of a measure. Raises ``TooLittleData`` without service
    results or teams.
    """
    if "service" not in snapshot.tables:
        raise TooLittleData("workspace.no_service")
    if "team" not in survey.frame:
        raise TooLittleData("workspace.no_team")
    scales = list(asked.targets)
    frame = survey.frame.dropna(subset=["team"])
    there = frame[scales].notna().all(axis=1)
    frame = frame[there & (there.groupby(frame["team"], observed=True).transform("sum") >= policy.scores_k)]
    scored = team_composites(frame, {name: [name] for name in scales}, date="date")
    panel = service_panel(scored, service_months(snapshot))
    rows: list[dict[str, object]] = []
    behind: list[Support] = []
    for measure in (name for name in MEASURES if name in panel):
        found = [_link(panel, measure, scale, policy, behind) for scale in scales]
        adjusted = adjust_pvalues([float(str(row["p_value"])) for row in found])
        rows += [row | {"p_adjusted": p} for row, p in zip(found, adjusted, strict=True)]
    if not behind:
        raise TooLittleData("privacy.model_too_small", least=policy.model_n)
    inside = frame[frame["team"].isin(panel["team"])]
    serving = frozenset(inside[asked.by].dropna().astype(str)) if asked.by in inside else frozenset()
    return Links(pd.DataFrame(rows), tuple(behind), serving)


def _link(
    panel: pd.DataFrame, measure: str, scale: str, policy: Policy, behind: list[Support]
) -> dict[str, object]:
    row: dict[str, object] = {
        "outcome": measure,
        "unit": "team",
        "driver": scale,
        "exploratory": True,
        "role": "outcome",
        "p_value": float("nan"),
        "hidden": TOO_FEW_TEAMS,
    }
    try:
        design = build_design(panel, measure, [scale], cluster="team")
        support = support_of(design, panel, [scale], policy)
        support = replace(support, team=int(panel["n"].iloc[design.rows].min()))
        check_support(support, policy)
        fit = fit_service(panel, measure, [scale])
    except TooLittleData:
        return row
    behind.append(support)
    term = fit.tidy().set_index("term").to_dict("index")[scale]
    figures = {
        name: float(term[name]) for name in ("estimate", "ci_low", "ci_high", "p_value", "standardised")
    }
    return row | figures | {"n": fit.n, "hidden": ""}


def ratings(snapshot: Snapshot, waves: Sequence[str]) -> tuple[pd.DataFrame, tuple[str, ...], str]:
    """Return the newest ratings by others: ``team``, a score per scale; the scales; and the wave.

    Raises ``TooLittleData`` where none of ``waves`` has any with teams.
    """
    for wave in reversed(waves):
        for id in snapshot.instruments(wave):
            instrument = snapshot.instrument(id, wave)
            if instrument.rated_by == "others":
                table = engine.respondent_scores(snapshot, instrument, wave)
                if "team" in table.columns:
                    scales = tuple(scale.id for scale in instrument.scales)
                    return engine.frame(table.select("team", *scales)), scales, wave
    raise TooLittleData("workspace.no_ratings")


def people_by_team(snapshot: Snapshot, wave: str) -> pd.Series:
    """Return how many people each team has, by the staff list as of a wave; empty without one."""
    if "people" not in snapshot.tables:
        return pd.Series(dtype=int)
    people = engine.frame(engine.latest_people(snapshot, as_of_wave=wave))
    return people.drop_duplicates("respondent")["team"].value_counts()
