"""Statistics kept beside the tables, wave by wave, each under a digest of what it is of.

A file in ``statistics/`` of the workspace holds counts, sums and cross-products, or cells, of one wave. Its
name holds :func:`version`, a digest of the wave's pinned files and of the imports in effect in them: after a
new wave the others' files are as good as before; after a late batch, an undo or an erasure the wave's own is
not found any more and is worked out anew, from that wave alone. So no statistic is ever read for another
state of the tables. They are as private as the tables themselves: a group may have one member.
"""

import hashlib
import io
from collections.abc import Callable, Sequence
from typing import Final

import pandas as pd

from engage.engine.joined import joined_scores
from engage.engine.moments import MomentTable, cross_products
from engage.engine.scores import group_cells
from engage.store import WHOLE, Snapshot, keep_statistic, responses_table, statistic

_FORMAT: Final = 1
"""Raised whenever the same tables give other statistics."""


def version(snapshot: Snapshot, wave: str) -> str:
    """Return a digest of all that the scores of ``wave`` are made of.

    That is files, imports in effect, questionnaires, and teams that were renamed.
    Files of a table never change, so the same digest means the same rows.
    """
    parts = [
        (table, _files(snapshot, table, wave), _imports(snapshot, table, wave))
        for table in _tables(snapshot, wave)
    ]
    asked = [(id, snapshot.instrument(id, wave).version) for id in snapshot.instruments(wave)]
    renamed = [(earlier, sorted(teams.names.items())) for earlier, teams in snapshot.renames]
    return hashlib.sha256(repr((_FORMAT, wave, parts, asked, renamed)).encode()).hexdigest()


def wave_cells(snapshot: Snapshot, wave: str, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return :func:`group_cells` of every scale of ``wave``, kept."""

    def compute() -> pd.DataFrame:
        joined = joined_scores(snapshot, wave)
        return group_cells(joined.scores, joined.scales, by)

    return _kept(snapshot, wave, f"cells {list(by)}", compute)


def wave_moments(
    snapshot: Snapshot, wave: str, columns: Sequence[str], by: Sequence[str] = ()
) -> MomentTable:
    """Return :func:`cross_products` of ``columns`` in ``wave``, kept; add those of several waves up."""

    def compute() -> pd.DataFrame:
        return cross_products(joined_scores(snapshot, wave).scores, columns, by).to_frame()

    return MomentTable.from_frame(_kept(snapshot, wave, f"moments {list(columns)} {list(by)}", compute))


def _kept(snapshot: Snapshot, wave: str, question: str, compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Return what is kept of a question, or work it out and keep it in the place of an older state's."""
    about = hashlib.sha256(f"{wave}\n{question}".encode()).hexdigest()[:24]
    state = version(snapshot, wave)
    kept = statistic(snapshot.path, about, state)
    if kept is not None:
        return pd.read_parquet(io.BytesIO(kept))
    found, out = compute(), io.BytesIO()
    found.to_parquet(out)
    of = [file for table in _tables(snapshot, wave) for file in _files(snapshot, table, wave)]
    keep_statistic(snapshot.path, about, state, out.getvalue(), of)
    return found


def _tables(snapshot: Snapshot, wave: str) -> list[str]:
    asked = (*(responses_table(id) for id in snapshot.instruments(wave)), "people")
    return [table for table in asked if table in snapshot.tables]


def _files(snapshot: Snapshot, table: str, wave: str) -> list[str]:
    return [file for part in (wave, WHOLE) for file in snapshot.parts(table).get(part, ())]


def _imports(snapshot: Snapshot, table: str, wave: str) -> list[tuple[str, str]]:
    """Return the imports in effect that may have rows of a wave, in order, with the days they came."""
    events = [event for event in snapshot.events if table in event.tables]
    return [(e.id, str(e.at.date())) for e in events if table == "people" or e.wave == wave]
