"""Plans, and released cells to judge them by."""

from datetime import date

import numpy as np
import pandas as pd

from engage.privacy import Plan, Policy, SafeTable, release_changes, release_plans

WAVES = ["w1", "w2", "w3"]
TODAY = date(2026, 6, 1)


def world(before: float, after: float, *, n: int = 40, band: str | None = None):
    """Released cells of one scale: a team that goes from one mean to another, and everybody, who stay."""
    rows, moments = [], []
    for place, wave in enumerate(WAVES):
        rows.append((wave, "[]", "[]", "pay", 600, None, 3.0, None))
        mean = before if place == 0 else after
        rows.append((wave, '["team"]', '["A"]', "pay", pd.NA if band else n, band, mean, None))
        rows.append((wave, '["team"]', '["B"]', "pay", pd.NA, None, np.nan, "too_few"))
        moments.append((wave, "pay", 600.0, 3.0, 0.8))
    columns = ["wave", "by", "key", "scale", "n", "n_band", "mean", "hidden_reason"]
    cells = pd.DataFrame(rows, columns=columns).astype({"n": "Int64"})
    return cells, pd.DataFrame(moments, columns=["wave", "scale", "n", "mean", "var"])


def plan(wave: str = "w1", level: str = "A", id: str = "1", **more: str) -> Plan:
    return Plan("pay", "", "talk", "Ann", "2026-05-01", wave, "team" if level else "", level, id=id, **more)


def released_plans(several: list[Plan], cells: pd.DataFrame, moments: pd.DataFrame, breaks=None) -> SafeTable:
    changes = release_changes(moments, WAVES, Policy())
    return release_plans(several, cells, moments, changes, breaks or {}, WAVES, Policy(), today=TODAY)
