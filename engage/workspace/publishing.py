"""What a close publishes: the wave's tables as the gate lets them out, and who they are of."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
from threadpoolctl import threadpool_limits

from engage import engine
from engage.errors import TooLittleData
from engage.privacy import (
    POINT_SCALES,
    Measure,
    Past,
    Policy,
    SafeTable,
    bounds_of,
    hidden_cells,
    nameable,
    release_scores,
    released_cells,
    spread_of,
    unnamed,
    with_shares,
)
from engage.privacy.disclosure import REMEMBERED
from engage.privacy.roster import By, Grid, Roster
from engage.store import Snapshot, declared_schema, to_arrow
from engage.workspace import linking
from engage.workspace.cells import CELL_SCHEMA, group_tables, stored_cells

_NET: Final = Measure(-100.0, 100.0, 100.0, in_points=True)


@dataclass(frozen=True, slots=True)
class Publication:
    """The tables of a wave by their grouping, and what its close stores."""

    tables: Mapping[By, SafeTable]
    cells: pa.Table
    members: pa.Table


def publish(snapshot: Snapshot, wave: str, policy: Policy) -> Publication:
    """Compute what may be published of a wave, beside everything that ever was."""
    now = snapshot.present
    joined = engine.held(engine.joined_scores(now, wave))
    scores = linking.in_order(engine.frame(joined.scores))
    raw = group_tables(joined, policy)
    measures = measures_of(now, wave, joined.scales)
    past = _earlier(snapshot, measures, policy)
    with threadpool_limits(1, user_api="blas"):  # many small matrices: threads would wait for each other
        hidden = hidden_cells(scores, tuple(raw), measures, policy, past)
    names = group_names(now, [wave], scores, joined.groups, policy.scores_k)
    spreads = _spreads(scores, measures)
    tables = {}
    for by, whole in raw.items():
        named, reasons = _called(whole, by, names, hidden.of(by, whole))
        tables[by] = release_scores(named, by, policy, reasons, spreads)
    cells = stored_cells(released_cells(tables), raw[()])
    members = _members(hidden.roster)
    return Publication(tables, to_arrow(cells, CELL_SCHEMA), to_arrow(members, declared_schema("members")))


def group_names(
    snapshot: Snapshot, waves: Iterable[str], answers: pd.DataFrame, groups: Sequence[str], k: int
) -> dict[str, frozenset[str]]:
    """Return by demographic the names of groups that may be said (see :func:`engage.privacy.nameable`).

    They are those that the questionnaires of ``waves`` offer, and those that at least ``k`` of the people in
    ``answers`` share, or of those on the staff list.
    """
    asked = [
        one
        for wave in waves
        for id in snapshot.answered(wave)
        for one in snapshot.instrument(id, wave).demographics
    ]
    staff = linking.latest_people(snapshot) if "people" in snapshot.tables else pd.DataFrame()
    names = {}
    for group in groups:
        offered = {level.id for one in asked if one.id == group for level in one.levels}
        people = answers[["respondent", group]].drop_duplicates()[group]
        names[group] = nameable(people, offered, k)
        if group in staff:
            names[group] |= nameable(staff[group], (), k)
    return names


def _called(
    cells: pd.DataFrame, by: By, names: Mapping[str, frozenset[str]], reasons: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cells and reasons with groups called by ``names`` only; the others stand last."""
    called = cells.assign(**{name: unnamed(cells[name], names[name]) for name in by})
    away = pd.Series(False, index=cells.index)
    for name in by:
        away |= called[name].astype(str) != cells[name].astype(str)
    order = away.sort_values(kind="stable").index
    return called.loc[order].reset_index(drop=True), reasons.loc[order].reset_index(drop=True)


def measures_of(snapshot: Snapshot, wave: str, scales: Sequence[str]) -> dict[str, Measure]:
    """Return the ends of every score and share of a wave, and the step where it is known."""
    found: dict[str, Measure] = {}
    for instrument in (snapshot.instrument(id, wave) for id in snapshot.answered(wave)):
        for scale in instrument.scales:
            items = [instrument.item(id) for id in scale.items]
            least, most = min(i.minimum for i in items), max(i.maximum for i in items)
            found[scale.id] = Measure(float(least), float(most), 1 / len(items))
    widest = Measure(
        min((m.least for m in found.values()), default=1.0),
        max((m.most for m in found.values()), default=5.0),
    )
    of_scales = {scale: _NET if scale in POINT_SCALES else found.get(scale, widest) for scale in scales}
    return with_shares(of_scales, engine.FAVOURABLE)


def _spreads(scores: pd.DataFrame, measures: Mapping[str, Measure]) -> dict[str, float]:
    """Return by scale how people's favourable shares vary beside yes or no answers."""
    shares = {name: measure for name, measure in measures.items() if measure.share_of and measure.step}
    return {
        measure.share_of: spread_of(scores[name].dropna().to_numpy(dtype=float), round(1 / measure.step))
        for name, measure in shares.items()
    }


def _members(roster: Roster) -> pd.DataFrame:
    groups = [json.dumps(row, ensure_ascii=False) for row in roster.groups.to_dict("records")]
    missing = [
        json.dumps([name for name, there in zip(roster.answered, row, strict=True) if not there])
        for row in np.column_stack([*roster.answered.values()])
    ]
    return pd.DataFrame({"respondent": roster.people, "groups": groups, "missing": missing})


def _earlier(snapshot: Snapshot, measures: Mapping[str, Measure], policy: Policy) -> list[Past]:
    """Return the latest releases, oldest first; one that was taken back has been seen as well."""
    seen = snapshot.closes
    if not {"cells", "members"} <= set(seen.tables):
        return []
    cells = engine.frame(engine.open_table(seen, "cells"))
    members = engine.frame(engine.open_table(seen, "members"))
    by_close = dict(iter(members.groupby("import_id", sort=False)))
    shown = cells[cells["scale"].isin(list(measures)) & cells["by"].str.startswith("[")]
    parts = dict(iter(shown.groupby("import_id", sort=False)))
    releases = {wave: iter(snapshot.releases(wave)) for wave in {event.wave for event in seen.events}}
    known = [(event, next(releases[event.wave])) for event in seen.events]
    known = [(event, then) for event, then in known if event.id in by_close and event.id in parts]
    return [
        _past(by_close[event.id], parts[event.id], _answers(then, event.wave), measures, policy)
        for event, then in known[-REMEMBERED:]
    ]


def _answers(then: Snapshot, wave: str) -> pd.DataFrame:
    """Return the scores of a wave as a close saw them."""
    return engine.frame(engine.joined_scores(then, wave).scores).set_index("respondent")


def release_of(snapshot: Snapshot, wave: str, measures: Mapping[str, Measure], policy: Policy) -> Past:
    """Return what the latest close of a wave released: its people, their groups, and the cells shown.

    Raises ``TooLittleData`` where the wave was closed by a version that kept no record of its members.
    """
    closes = [event.id for event in snapshot.events if event.event == "close" and event.wave == wave]
    rows = {
        name: engine.frame(engine.open_table(snapshot, name)) if name in snapshot.tables else pd.DataFrame()
        for name in ("members", "cells")
    }
    if rows["members"].empty or closes[-1] not in set(rows["members"]["import_id"]):
        raise TooLittleData("workspace.no_members", where=wave, wave=wave)
    members, cells = (part[part["import_id"] == closes[-1]] for part in rows.values())
    return _past(
        members,
        cells[cells["scale"].isin(list(measures)) & cells["by"].str.startswith("[")],
        pd.DataFrame(),
        measures,
        policy,
    )


def _past(
    members: pd.DataFrame,
    cells: pd.DataFrame,
    scores: pd.DataFrame,
    measures: Mapping[str, Measure],
    policy: Policy,
) -> Past:
    asked = set(cells["scale"])
    here = {name: m for name, m in measures.items() if (m.share_of or name) in asked}
    groups = pd.DataFrame(members["groups"].map(json.loads).tolist(), index=range(len(members)))
    missing = members["missing"].map(json.loads)
    answered = {n: ~missing.map(lambda names, n=n: n in names).to_numpy(dtype=bool) for n in here}
    roster = Roster(members["respondent"].to_numpy(dtype=object), groups, answered)
    grid = Grid.of(roster, [tuple(json.loads(by)) for by in cells["by"].unique()])
    names = zip(cells["by"].map(json.loads), cells["key"].map(json.loads), strict=True)
    at = pd.Series([grid.places.get((tuple(by), tuple(key))) for by, key in names], index=cells.index)
    placed = cells.assign(place=at).dropna(subset=["place"])
    shown, sums = {}, {}
    for name, measure in here.items():
        rows = placed[placed["scale"] == (measure.share_of or name)]
        values = rows["favourable" if measure.share_of else "mean"]
        rows, values = rows[values.notna()], values.dropna()
        places = rows["place"].to_numpy(dtype=np.intp)
        sizes = grid.sizes(answered[name])
        low, high = np.full(len(grid.cells), -np.inf), np.full(len(grid.cells), np.inf)
        for place, value in zip(places, values, strict=True):
            low[place], high[place] = bounds_of(int(sizes[place]), float(value), measure, policy)
        shown[name] = np.isfinite(low)
        sums[name] = (low, high)
    known = scores.reindex(roster.people)
    answers = {name: known[name].to_numpy(dtype=float) for name in here if name in known}
    return Past(roster, grid, shown, sums, answers)
