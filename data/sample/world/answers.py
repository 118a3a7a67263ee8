"""From what people think to what they tick: latent views, ordinal answers, careless ones, missing ones."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.instrument import Instrument, Item

from . import planted as p
from .staff import Floats, correlated

_LOADING: Final = 0.82  # of a driver's item on what it measures
_TEAM_SHARE: Final = 0.115  # of a view's variance lies between teams: about .08 of an observed score's
_PERSON_SHARE: Final = 0.60  # keeps from wave to wave; the rest is of the day
_CUTS: Final = np.array([-1.55, -0.70, 0.15, 1.10])
_LEVEL: Final = {  # how well a driver is seen: moves all cuts
    **{
        "pay": -0.35,
        "status": -0.10,
        "job_security": 0.10,
        "working_conditions": 0.05,
        "relationships": 0.45,
    },
    **{"recognition": -0.10, "promotion": -0.25, "bonus": -0.20, "growth": 0.0, "responsibility": 0.15},
    **{"achievement": 0.20, "supervisor": 0.35, "participation": -0.25, "workload": -0.20},
}
_WAVE_SHIFT: Final = {
    "2025H2": {"pay": -0.08, "workload": -0.06},
    "2026H1": {"growth": 0.12, "recognition": 0.08, "pay": -0.05},
}
_ROLE_SHIFT: Final = {
    "management": {"status": 0.5, "responsibility": 0.5, "participation": 0.5, "pay": 0.3},
    "operations_support": {"workload": 0.3, "responsibility": 0.1},
    "smart_service": {"growth": 0.15, "working_conditions": 0.1},
    "traditional_service": {"workload": -0.12, "status": -0.1},
}
_REGULAR_SHIFT: Final = {"job_security": 0.35, "pay": 0.20}
_OUTCOME_CUTS: Final = {
    "engagement": (-1.55, -0.70, 0.15, 1.20),
    "satisfaction": (-1.95, -1.10, -0.25, 0.75),
    "intent_to_stay": (-1.70, -0.90, -0.05, 0.90),
    "job_search": (-0.55, 0.35, 1.10, 1.95),
    "withdrawal": (-0.40, 0.55, 1.35, 2.15),
    "pride": (-1.65, -0.80, 0.05, 1.15),
    "accomplishment": (-1.65, -0.80, 0.05, 1.15),
    "enps": tuple(-2.3 + 0.34 * k for k in range(10)),
}
_OUTCOME_TEAM, _OUTCOME_PERSON, _OUTCOME_DAY, _OUTCOME_ITEM = 0.15, 0.35, 0.42, 0.66  # standard deviations


@dataclass(frozen=True, slots=True)
class TeamEffects:
    """What a team's members share: teams × drivers and teams × outcomes, standard deviation 1."""

    drivers: Floats
    outcomes: Floats


def team_effects(rng: np.random.Generator, teams: int) -> TeamEffects:
    """Return the lasting part of the team effects."""
    return TeamEffects(correlated(rng, teams), rng.standard_normal((teams, len(p.OUTCOMES))))


def respond(
    rng: np.random.Generator,
    instrument: Instrument,
    panel: pd.DataFrame,
    traits: tuple[Floats, Floats],
    effects: TeamEffects,
    *,
    workload_shift: Floats,
    withdrawal_shift: Floats,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``panel`` with scale scores and how it was answered, and the raw answers by item.

    ``traits`` are people × drivers and people × outcomes, in the panel's order. Everybody gets careful
    scores, also those who don't respond: they too leave or stay by them. Answers are missing for them.
    """
    views = _views(rng, panel, traits[0], effects)
    views[:, p.DRIVERS.index("workload")] += workload_shift
    answers: dict[str, npt.NDArray[np.int8]] = {}
    for column, scale in enumerate(p.DRIVERS):
        for item in _items(instrument, scale):
            noise = np.sqrt(1 - _LOADING**2) * rng.standard_normal(len(panel))
            answers[item.id] = _tick(_LOADING * views[:, column] + noise, _CUTS, item)
    scores = careful_scores(instrument, answers, p.DRIVERS)
    index = _indices(rng, panel, scores, traits[1], effects, withdrawal_shift)
    for scale in p.OUTCOMES:
        for item in _items(instrument, scale):
            noise = _OUTCOME_ITEM * (scale != "enps") * rng.standard_normal(len(panel))
            answers[item.id] = _tick(index[scale] + noise, np.asarray(_OUTCOME_CUTS[scale]), item)
    scores |= careful_scores(instrument, answers, p.OUTCOMES)
    panel = panel.assign(**scores, **_manner(rng, panel))
    return panel, _as_given(rng, instrument, panel, answers)


def _items(instrument: Instrument, scale: str) -> list[Item]:
    return [instrument.item(id) for id in instrument.scale(scale).items]


def _tick(latent: Floats, cuts: Floats, item: Item) -> npt.NDArray[np.int8]:
    """Cut a latent answer into options; a reverse-keyed item is ticked at the other end."""
    value = item.minimum + np.searchsorted(cuts, latent)
    if item.reverse_keyed:
        value = item.minimum + item.maximum - value
    return value.astype(np.int8)


def _views(rng: np.random.Generator, panel: pd.DataFrame, traits: Floats, effects: TeamEffects) -> Floats:
    wave = panel["wave"].iloc[0]
    team = panel["team_number"].to_numpy()
    drift = correlated(rng, len(effects.drivers))
    shared = (np.sqrt(0.8) * effects.drivers + np.sqrt(0.2) * drift)[team]
    today = correlated(rng, len(panel))
    rest = 1 - _TEAM_SHARE - _PERSON_SHARE
    views: Floats = np.sqrt(_TEAM_SHARE) * shared + np.sqrt(_PERSON_SHARE) * traits + np.sqrt(rest) * today
    for column, scale in enumerate(p.DRIVERS):
        role = panel["role_group"].map({r: shift.get(scale, 0.0) for r, shift in _ROLE_SHIFT.items()})
        regular = (panel["contract"] == "regular") * _REGULAR_SHIFT.get(scale, 0.0)
        views[:, column] += _LEVEL[scale] + _WAVE_SHIFT.get(wave, {}).get(scale, 0.0) + role + regular
    return views


def _indices(
    rng: np.random.Generator,
    panel: pd.DataFrame,
    scores: dict[str, Floats],
    traits: Floats,
    effects: TeamEffects,
    withdrawal_shift: Floats,
) -> dict[str, Floats]:
    team = panel["team_number"].to_numpy()
    index: dict[str, Floats] = {}
    for column, outcome in enumerate(p.OUTCOMES):
        own = _OUTCOME_TEAM * effects.outcomes[team, column] + _OUTCOME_PERSON * traits[:, column]
        own += _OUTCOME_DAY * rng.standard_normal(len(panel))
        for scale, slope in p.LINEAR.get(outcome, {}).items():
            own += slope * (scores[scale] - 3)
        for scale, slope in p.SHORTFALL.get(outcome, {}).items():
            own += slope * np.maximum(0, p.KNOT - scores[scale])
        index[outcome] = own
    index["withdrawal"] += withdrawal_shift
    index["enps"] += 0.55 * index["engagement"] + 0.55 * index["satisfaction"]
    return index


def careful_scores(
    instrument: Instrument, answers: dict[str, npt.NDArray[np.int8]], scales: tuple[str, ...]
) -> dict[str, Floats]:
    """Return scale scores of complete answers: the mean of the items after reverse-keying."""
    scores = {}
    for scale in scales:
        items = _items(instrument, scale)
        keyed = [i.minimum + i.maximum - answers[i.id] if i.reverse_keyed else answers[i.id] for i in items]
        scores[scale] = np.mean(np.asarray(keyed, dtype=np.float64), axis=0)
    return scores


def _manner(rng: np.random.Generator, panel: pd.DataFrame) -> dict[str, npt.NDArray[np.generic]]:
    """Decide who responds, who does so carelessly, and how long it takes."""
    n = len(panel)
    lean = 0.6 * panel["willing"].to_numpy()
    responded = rng.random(n) < 1 / (
        1 + np.exp(-(np.log(p.RESPONSE_RATE / (1 - p.RESPONSE_RATE)) + 0.09 + lean))
    )
    kinds = rng.choice(list(p.CARELESS_KINDS), n, p=list(p.CARELESS_KINDS.values()))
    careless = np.where(responded & (rng.random(n) < p.CARELESS_RATE), kinds, "")
    seconds = np.clip(rng.lognormal(np.log(395), 0.33, n), 170, 2400)
    hasty = rng.uniform(38, 100, n)
    seconds = np.where(
        careless == "speeder", hasty, np.where(careless == "straight_line", 1.6 * hasty, seconds)
    )
    return {"responded": responded, "careless": careless, "seconds": np.round(seconds).astype(np.int64)}


def _as_given(
    rng: np.random.Generator,
    instrument: Instrument,
    panel: pd.DataFrame,
    answers: dict[str, npt.NDArray[np.int8]],
) -> pd.DataFrame:
    """Return the answers as handed in: careless ones overwritten, some missing, none of non-respondents."""
    n = len(panel)
    careless = panel["careless"].to_numpy()
    line = rng.choice([2, 3, 4, 5], n, p=[0.1, 0.4, 0.3, 0.2])
    stops = np.where(rng.random(n) < 0.01, rng.integers(20, 50, n), len(instrument.items))
    given = {}
    for place, item in enumerate(instrument.items):
        raw = answers[item.id].astype(np.int64)
        ticked = rng.integers(item.minimum, item.maximum + 1, n)
        raw = np.where(np.isin(careless, ["random", "speeder"]), ticked, raw)
        same = line if item.maximum == 5 else 2 * line
        raw = np.where(careless == "straight_line", same, raw)
        lost = (rng.random(n) < p.MISSING_RATE) | (place >= stops) | ~panel["responded"].to_numpy()
        given[item.id] = pd.arrays.IntegerArray(raw.astype(np.int8), lost)
    return pd.DataFrame(given)


def observed_scores(instrument: Instrument, given: pd.DataFrame) -> pd.DataFrame:
    """Return the scale scores of answers as given: missing unless at least half of the items are answered."""
    scores = {}
    for scale in instrument.scales:
        items = [instrument.item(id) for id in scale.items]
        columns = [
            (i.minimum + i.maximum - given[i.id] if i.reverse_keyed else given[i.id]).to_numpy(
                float, na_value=np.nan
            )
            for i in items
        ]
        table = np.column_stack(columns)
        answered = (~np.isnan(table)).sum(axis=1)
        total = np.nansum(table, axis=1)
        scores[scale.id] = np.where(2 * answered >= len(items), total / np.maximum(answered, 1), np.nan)
    return pd.DataFrame(scores, index=given.index)
