"""Released tables of every kind, made by the gate from small synthetic cells."""

from pathlib import Path

import numpy as np
import pandas as pd

from engage.instrument import load_instrument
from engage.privacy import (
    Policy,
    Support,
    release_drivers,
    release_grouped_drivers,
    release_scores,
    release_tone,
    released_cells,
    select_cells,
)
from engage.privacy.suppress import suppress

ROOT = Path(__file__).parents[1]
INSTRUMENT = load_instrument(ROOT / "surveys" / "herzberg_service.yaml")
POLICY = Policy()
FACTORS = [s.id for s in INSTRUMENT.scales_with("hygiene", "motivator", "unlabelled")]
SCALES = [s.id for s in INSTRUMENT.scales]


def cells(groups, by, seed=0, scales=(*SCALES, "hygiene", "motivator", "enps_net"), sizes=None):
    """Make group cells as the engine gives them: one row per group and scale."""
    rng = np.random.default_rng(seed)
    centre = {scale: rng.uniform(0.38, 0.78) for scale in scales}
    rows = []
    for place, group in enumerate(groups):
        n = int(rng.integers(8, 60)) if sizes is None else sizes[place]
        for scale in scales:
            fav = float(np.clip(centre[scale] + rng.normal(0, 0.09), 0, 1))
            mean = rng.uniform(-30, 40) if scale == "enps_net" else 1 + 4 * fav
            key = group if isinstance(group, tuple) else (group,)
            rows.append((*key, scale, n, mean, np.nan if scale == "enps_net" else fav))
    return pd.DataFrame(rows, columns=[*by, "scale", "n", "mean", "favourable"])


def totals(seed=0, n=1912):
    return release_scores(cells([()], [], seed, sizes=[n]), [], POLICY)


def team_scores(teams=24, small=3, seed=1):
    names = [f"客服{i + 1}组" for i in range(teams)]
    sizes = [3 if i < small else 12 + 3 * i for i in range(teams)]
    return release_scores(cells(names, ["team"], seed, sizes=sizes), ["team"], POLICY)


def trend_scores(hide=None):
    parts = []
    for place, wave in enumerate(("2025上半年", "2025下半年", "2026上半年")):
        table = release_scores(
            cells([()], [], place, sizes=[3 if place == hide else 1500 + 200 * place]), [], POLICY
        )
        parts.append(released_cells({(): table}).assign(wave=wave))
    return select_cells(pd.concat(parts, ignore_index=True), (), {}, with_wave=True)


def support(n=1912, **facts):
    """Say what stands behind a model of n people: by default more than enough."""
    return Support(**{"n": n, "people": n, "coefficients": 3, "df": n - 3, "differing": n // 2, **facts})


def drivers_of(rows, *, n=1912, policy=POLICY, **notes):
    return release_drivers(rows, notes, policy, behind=[support(n)])


def grouped(tables, by="star", outcome="engagement"):
    """Lay driver tables of groups under each other; 300 people are in each, and as many in none."""
    groups = [value for value in [*tables, None] for _ in range(300)]
    members = pd.DataFrame({by: groups}, index=range(len(groups)))
    return release_grouped_drivers(tables, by, outcome, members, POLICY)


def driver_rows(outcome="engagement", drivers=FACTORS, seed=3):
    rng = np.random.default_rng(seed)
    share = np.sort(rng.dirichlet(np.full(len(drivers), 2.0)))[::-1]
    rank = np.arange(1, len(drivers) + 1)
    estimate = rng.normal(0.2, 0.15, len(drivers)) * (-1 if outcome == "attrition" else 1)
    roles = {s.id: s.role for s in INSTRUMENT.scales}
    return pd.DataFrame(
        {
            "outcome": outcome, "block": "survey", "driver": drivers,
            "role": [roles.get(d, d) for d in drivers],
            "estimate": estimate, "standardised": estimate / 2, "std_error": 0.06,
            "ci_low": estimate - 0.12, "ci_high": estimate + 0.12, "p_value": 0.003,
            "importance": share * 0.5, "share": share,
            "importance_low": share * 0.75, "importance_high": share * 1.3,
            "rank_low": np.maximum(rank - 1, 1), "rank_high": np.minimum(rank + 2, len(drivers)),
            "direction": np.sign(estimate).astype(int),
            "johnson": share, "correlation": np.sign(estimate) * np.sqrt(share), "vif": 1.4,
        }
    )  # fmt: skip


def driver_table(outcome="engagement", drivers=FACTORS, theme=True, **notes):
    rows = driver_rows(outcome, drivers)
    tone = rows.iloc[[len(rows) // 2]].assign(driver="comment_tone", block="comments", role=None)
    parts = [rows, tone]
    if theme:
        parts.append(
            pd.DataFrame(
                {"outcome": outcome, "block": "theme", "driver": ["workload", "pay"], "role": None,
                 "estimate": [-0.61, 0.02], "standardised": [-0.1, 0.0], "std_error": 0.1,
                 "ci_low": [-0.8, -0.2],                 "ci_high": [-0.42, 0.24], "p_value": [0.0004, 0.8]}
            )
        )  # fmt: skip
    notes = {
        "outcome": outcome,
        "model": "ols",
        "explained": "r_squared",
        "r_squared": 0.523,
        "out_of_sample": 0.497,
        **notes,
    }
    return drivers_of(pd.concat(parts, ignore_index=True), **notes)


def tone_table(by="theme", small=True):
    rng = np.random.default_rng(5)
    groups = {
        "theme": ["pay", "workload", "tools_and_process", "training", "customers", "none"],
        "wave": ["2025上半年", "2025下半年", "2026上半年"],
        "team": [f"客服{i}组" for i in range(1, 7)],
    }[by]
    rows = []
    for question, source in (("change", "employee"), ("proud", "employee"), ("change", "customer_relayed")):
        for place, group in enumerate(groups):
            shares = rng.dirichlet([6, 3, 2] if question == "change" else [1, 3, 8])
            n = 4 if small and place == 3 else int(rng.integers(12, 400))
            rows.append((question, source, group, n, *shares))
    columns = ["question", "source", by, "n", "negative", "neutral", "positive"]
    cells = pd.DataFrame(rows, columns=columns)
    parts = cells.groupby(["question", "source"], sort=False)
    return release_tone(cells, by, POLICY, pd.concat(suppress(part, [by], 10) for _, part in parts))
