"""Groups beside everybody else, waves beside each other, and answers from bottom to top; for the gate."""

import json
import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from engage.ingest.responses import STAND_IN
from engage.measure.effect import correlation
from engage.privacy import Measure, Policy, SafeTable, hidden_cells, release_comparisons, release_distribution
from engage.store import Snapshot
from engage.workspace.answering import UNFAVOURABLE, Answered, given, person_scores
from engage.workspace.cells import WaveCells


def compared(cells: WaveCells, by: Sequence[str], policy: Policy) -> SafeTable:
    """Return how the groups of a published table differ from everybody else."""
    return release_comparisons(cell_table(cells, by), cell_table(cells, ()), cells.moments, by, policy)


def links(snapshot: Snapshot, waves: Sequence[str]) -> pd.DataFrame:
    """Return, for consecutive waves and each scale, how many answered both and how their scores correlate.

    Columns ``wave_from, wave_to, scale, linked, r``. Who has no id is linked to nobody.
    """
    frames = {wave: _identified(snapshot, wave) for wave in waves}
    rows = []
    for before, after in pairwise(waves):
        left, right = frames[before], frames[after]
        both = left.index.intersection(right.index)
        for scale in left.columns.intersection(right.columns):
            x, y = (one.loc[both, scale].to_numpy(dtype=float) for one in (right, left))
            there = np.isfinite(x) & np.isfinite(y)
            rows.append((before, after, scale, int(there.sum()), correlation(x[there], y[there])))
    return pd.DataFrame(rows, columns=["wave_from", "wave_to", "scale", "linked", "r"])


def distribution(
    data: Answered, cells: WaveCells, by: Sequence[str], policy: Policy, scale: str | None = None
) -> SafeTable:
    """Return favourable, neutral and unfavourable shares of a published table, of one scale or of all.

    Scales are checked one by one, so that it makes no difference. Unfavourable shares pass the same checks
    beside each other as favourable ones do at a close.
    """
    table = cell_table(cells, by)
    shares = data.unfavourable()
    if scale is not None:
        table = table[table["scale"] == scale].reset_index(drop=True)
        shares = shares[[name for name in shares if name == scale + UNFAVOURABLE]]
    grid, roster = data.release.grid, data.release.roster
    steps = {str(name): data.measures[str(name).removesuffix(UNFAVOURABLE)].step for name in shares}
    measures = {name: Measure(0.0, 1.0, step, share_of=UNFAVOURABLE) for name, step in steps.items()}
    people = pd.concat([roster.groups, shares.reset_index(drop=True)], axis=1)
    asked = grid.tables if by else ((),)  # the whole is the same whatever groups are shown beside it
    hidden = hidden_cells(people.assign(respondent=roster.people), asked, measures, policy)
    rows = []
    for key, asked_of in zip(_keys(table, by), table["scale"], strict=True):
        name, place = asked_of + UNFAVOURABLE, grid.places.get((tuple(by), key))
        if name not in shares or place is None:
            rows.append((0, np.nan, "not_published"))
            continue
        inside = np.any(grid.codes == place, axis=1) & shares[name].notna().to_numpy()
        reason = hidden.reasons[name][hidden.grid.places[tuple(by), key]]
        rows.append((int(inside.sum()), shares[name][inside].mean(), reason))
    counted = pd.DataFrame(rows, columns=["size", "unfavourable", "reason"], index=table.index)
    return release_distribution(pd.concat([table, counted], axis=1), by, policy)


def cell_table(cells: WaveCells, by: Sequence[str]) -> pd.DataFrame:
    """Return the released rows of one table, its groups in columns of their own."""
    frame = cells.frame
    rows = frame[frame["by"] == json.dumps(list(by))].reset_index(drop=True)
    keys = rows["key"].map(json.loads).tolist()
    named = pd.DataFrame(keys, columns=list(by), index=rows.index, dtype=object)
    return pd.concat([named, rows.drop(columns=["by", "key", "wave"])], axis=1)


def _keys(table: pd.DataFrame, by: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(map(str, row)) for row in table[list(by)].itertuples(index=False, name=None)]


def _identified(snapshot: Snapshot, wave: str) -> pd.DataFrame:
    """Return the scores of a wave's respondents by their id, of those who have one."""
    instruments, items, _ = given(snapshot, wave)
    frame = person_scores(instruments, items)
    return frame[[re.fullmatch(STAND_IN, str(id)) is None for id in frame.index]]
