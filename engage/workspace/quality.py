"""Whether a wave is fit to use: response, make-up, careless answers, reliability, agreement; for the gate."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from engage import engine
from engage.engine import ENPS_NET
from engage.errors import EngageError, TooLittleData
from engage.instrument import Scale
from engage.measure import (
    Agreement,
    Alpha,
    Careless,
    CarelessRules,
    Omega,
    careless,
    cronbach_alpha,
    icc,
    omega_total,
    rwg_j,
)
from engage.measure.agreement import ICC
from engage.privacy import Policy, ScaleQuality, Split, Staffing, WaveQuality
from engage.store import Snapshot
from engage.workspace import linking
from engage.workspace.answering import Answered, headlines

_TEAM = "team"


def wave_quality(
    snapshot: Snapshot, wave: str, data: Answered, cells: pd.DataFrame, policy: Policy
) -> WaveQuality:
    """Return all that a closed wave's quality is judged by; ``cells``: its stored released cells."""
    counts = linking.response_counts(snapshot)[wave]
    checked = _checked(data)
    unchecked = {note.code.rpartition("unchecked_")[2] for note in checked.notes}
    flags = {name: None if name in unchecked else int(who.sum()) for name, who in checked.flags.items()}
    first = headlines(data.scales)
    by_team = (_TEAM,) in data.release.grid.tables
    return WaveQuality(
        responses=len(data.items),
        invited=counts["invited"],
        staffing=every_staffing(snapshot, wave, data, cells, first[0] if first else ""),
        flagged=flags,
        suspects=int(checked.suspect.sum()),
        flags=checked.rules.flags,
        scales=[_scale(scale, data, policy, by_team=by_team) for scale in data.scales],
        splits=[
            Split(name, data.scores[name].to_numpy(dtype=float), checked.suspect, data.measures[name])
            for name in (*first, ENPS_NET)
            if name in data.scores
        ],
        headlines=first,
        grouped_by=_TEAM if by_team else None,
    )


def every_staffing(
    snapshot: Snapshot, wave: str, data: Answered, cells: pd.DataFrame, headline: str
) -> dict[str, Staffing]:
    """Return who was asked and who answered, for each demographic that staff list and results share."""
    found = {}
    staff = _employed(snapshot, wave)
    for by in data.release.roster.groups.columns:
        if by in staff and staff[by].notna().any() and (by,) in data.release.grid.tables:
            found[str(by)] = _staffing(staff, str(by), data, cells, headline)
    return {by: one for by, one in found.items() if len(one.named)}


def _employed(snapshot: Snapshot, wave: str) -> pd.DataFrame:
    """Return the staff list as of a wave, those employed on its last day."""
    day = linking.wave_dates(snapshot).get(wave)
    if "people" not in snapshot.tables or day is None:
        return pd.DataFrame()
    people = engine.frame(engine.latest_people(snapshot, as_of_wave=wave))
    return people[linking.employed(people, day)]


def _staffing(staff: pd.DataFrame, by: str, data: Answered, cells: pd.DataFrame, headline: str) -> Staffing:
    """Count by the staff list where the respondents are on it, else by what they answered."""
    roster = data.release.roster
    group = staff.set_index("respondent")[by]
    group = group[~group.index.duplicated()]
    known = pd.Series(roster.people).map(group)
    answered = known if known.notna().any() else roster.groups[by].replace("", np.nan)
    shown = _shown_groups(data, by)
    invited = staff[by].value_counts()
    responses = answered.value_counts()
    favourable = _favourable(cells, by, headline)
    rows = [
        (name, int(invited.get(name, 0)), int(responses.get(name, 0)), favourable.get(name, np.nan))
        for name in shown
        if invited.get(name, 0)
    ]
    frame = pd.DataFrame(rows, columns=["group", "invited", "responses", "favourable"])
    others = (len(staff) - frame["invited"].sum(), int(answered.notna().sum()) - frame["responses"].sum())
    if min(others) >= 0 and max(others) > 0:
        frame.loc[len(frame)] = [None, *others, np.nan]
    return Staffing(frame)


def _shown_groups(data: Answered, by: str) -> list[str]:
    """Return the groups of a demographic with any result that is shown."""
    grid, shown = data.release.grid, data.release.shown
    numbers = grid.numbers(grid.tables.index((by,)))
    there = np.any([shown[name][numbers] for name in shown], axis=0)
    return [
        key[0] for key, any_shown in zip(grid.cells["key"].iloc[numbers], there, strict=True) if any_shown
    ]


def _favourable(cells: pd.DataFrame, by: str, headline: str) -> Mapping[str, float]:
    """Return the released favourable share of the headline by group."""
    mine = cells[(cells["by"] == f'["{by}"]') & (cells["scale"] == headline)]
    names = mine["key"].map(lambda key: key[2:-2])
    return dict(zip(names, mine["favourable"].astype(float), strict=True))


def _checked(data: Answered) -> Careless:
    """Look for careless answers over the items that share the commonest range of answers."""
    items = data.alike()
    names = [item.id for item in items]
    part = data.items[names]
    given, every = part.notna().sum(axis=1), data.items.notna().sum(axis=1)
    seconds = data.seconds * (given / every.where(every > 0))
    scales = {s.id: [i for i in s.items if i in names] for s in data.scales if set(s.items) & set(names)}
    return careless(
        part,
        scales,
        seconds=seconds if seconds.notna().any() else None,
        reverse=[item.id for item in items if item.reverse_keyed],
        answers=(float(items[0].minimum), float(items[0].maximum)),
        rules=CarelessRules(),
    )


def _scale(scale: Scale, data: Answered, policy: Policy, *, by_team: bool) -> ScaleQuality:
    keyed = data.keyed(scale)
    alpha, omega = _reliability(keyed, policy)
    agreed = _agreement(scale, keyed, data, policy) if by_team and len(scale.items) > 1 else None
    return ScaleQuality(scale.id, alpha, omega, len(scale.items), *(agreed or (None, None)))


def _reliability(keyed: pd.DataFrame, policy: Policy) -> tuple[Alpha | None, Omega | None]:
    """Return alpha and omega (maximum likelihood) where enough people stand behind them."""
    whole = keyed.dropna()
    alike = [int((whole[name] != whole[name].mode().iloc[0]).sum()) for name in whole] if len(whole) else [0]
    if keyed.shape[1] < 2 or len(whole) < policy.model_n or min(alike) < policy.model_differing:
        return None, None
    try:
        alpha = cronbach_alpha(keyed)
    except TooLittleData:
        return None, None
    try:
        return alpha, omega_total(keyed) if keyed.shape[1] > 2 else None
    except EngageError:
        return alpha, None


def _agreement(
    scale: Scale, keyed: pd.DataFrame, data: Answered, policy: Policy
) -> tuple[ICC, Agreement] | None:
    """Return how teams differ and agree, over the teams whose result on the scale is shown."""
    grid, items = data.release.grid, data.of(scale)
    table = grid.tables.index((_TEAM,))
    shown = data.release.shown[scale.id][grid.codes[:, table]]
    teams = data.release.roster.groups[_TEAM].where(shown & data.release.roster.answered[scale.id])
    teams = teams.replace("", np.nan).set_axis(keyed.index)
    whole = teams.notna() & keyed.notna().all(axis=1)
    if whole.sum() < policy.model_n or len({(i.minimum, i.maximum) for i in items}) > 1:
        return None
    try:
        return icc(data.scores[scale.id], teams), rwg_j(keyed, teams, items[0].points)
    except TooLittleData:
        return None
