"""The publishable tables of a wave: computed once at its close, read back from then on."""

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Final

import pandas as pd
import pyarrow as pa

from engage import engine
from engage.privacy import Policy
from engage.store import Snapshot

CELL_SCHEMA: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("import_id", "wave", "by", "key", "scale")),
        ("n", pa.int64()),
        ("n_band", pa.string()),
        *((name, pa.float64()) for name in ("mean", "favourable", "ci_low", "ci_high")),
        ("hidden_reason", pa.string()),
        ("var", pa.float64()),
        ("place", pa.int32()),
    ]
)
_MOMENTS: Final = "moments"
"""In ``by``: the exact n, mean and variance of the whole wave, for tests inside the gate; never released."""


class WaveCells:
    """The stored cells of closed waves, in their order."""

    def __init__(self, snapshot: Snapshot, waves: Sequence[str]) -> None:
        self._snapshot = snapshot
        self._waves = list(waves)

    @property
    def frame(self) -> pd.DataFrame:
        """Rows of :func:`engage.privacy.released_cells` with their ``wave``."""
        released = self._rows[self._rows["by"] != _MOMENTS]
        return released.drop(columns=["var", "place"]).reset_index(drop=True)

    @property
    def moments(self) -> pd.DataFrame:
        """Exact ``wave, scale, n, mean, var`` of each whole wave; raw, for the gate alone."""
        raw = self._rows[self._rows["by"] == _MOMENTS]
        return raw[["wave", "scale", "n", "mean", "var"]].astype({"n": float}).reset_index(drop=True)

    @cached_property
    def _rows(self) -> pd.DataFrame:
        cells = engine.frame(engine.open_table(self._snapshot, "cells"))
        latest = {e.wave: e.id for e in self._snapshot.events if e.event == "close"}
        cells = cells[cells["import_id"].isin([latest.get(wave) for wave in self._waves])]
        cells = cells.drop(columns="import_id")
        cells["n"] = cells["n"].astype("Int64")
        cells["wave_place"] = cells["wave"].map(self._waves.index)
        ordered = cells.sort_values(["wave_place", "place"], ignore_index=True)
        return ordered.drop(columns="wave_place")

    @property
    def tables(self) -> tuple[tuple[str, ...], ...]:
        """The published tables by their demographics; ``()`` is the whole wave."""
        return tuple(tuple(json.loads(by)) for by in self.frame["by"].unique())

    @cached_property
    def demographics(self) -> tuple[str, ...]:
        """Demographics with published tables, in the questionnaire's order."""
        asked = (name for by in self.frame["by"].unique() for name in json.loads(by))
        return tuple(dict.fromkeys(asked))


def stored_cells(released: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Return what a close stores: the released rows, and the exact moments of the whole wave (``totals``)."""
    moments = totals[["scale", "n", "mean", "var"]].assign(by=_MOMENTS, key="[]")
    rows = pd.concat([released, moments], ignore_index=True)
    rows["place"] = range(len(rows))  # a table of a store has no order of its own
    return rows[[name for name in CELL_SCHEMA.names if name not in ("import_id", "wave")]]


def group_tables(joined: engine.Joined, policy: Policy) -> dict[tuple[str, ...], pd.DataFrame]:
    """Return the raw cells of each table a wave may publish, by its grouping; ``()`` is the whole wave.

    One table per demographic, and the crosses that the policy lists.
    """
    groupings: list[tuple[str, ...]] = [(), *((name,) for name in joined.groups)]
    groupings += [pair for pair in policy.crosses if set(pair) <= set(joined.groups)]
    tables = {by: engine.group_cells(joined.scores, joined.scales, by) for by in groupings}
    return {by: _ordered(table, by, joined.scales) for by, table in tables.items()}


def _ordered(table: pd.DataFrame, by: Sequence[str], scales: Sequence[str]) -> pd.DataFrame:
    """Order rows by group and scale: a database's own order could say something about the rows."""
    places = {scale: place for place, scale in enumerate(scales)}
    return table.assign(_place=table["scale"].map(places)).sort_values([*by, "_place"]).drop(columns="_place")
