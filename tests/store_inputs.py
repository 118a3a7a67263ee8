"""Small instruments and random answers for the tests of the store and the engine."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from engage.instrument import Instrument, parse_instrument
from engage.store import Store, declared_schema, responses_table, to_arrow

IDS = (*(f"r{i}" for i in range(300)), *"abc")
"""Those of the people in these tests."""


def instrument(
    scales: Mapping[str, tuple[int, Sequence[bool]]], *, version: int = 1, id: str = "pulse"
) -> Instrument:
    """Build an instrument from {scale: (points, reverse flag per item)}; eleven points run from 0."""
    lines = [
        f"instrument: {id}",
        f"version: {version}",
        "name: {en: Pulse}",
        "source: own",
        "licence: MIT",
        "responses:",
    ]
    for points in sorted({points for points, _ in scales.values()}):
        first = 0 if points == 11 else 1
        options = ", ".join(f"{{value: {first + i}, en: o{i}}}" for i in range(points))
        lines.append(f"  p{points}: [{options}]")
    lines.append("scales:")
    for scale, (points, flags) in scales.items():
        lines += [
            f"  {scale}:",
            "    role: hygiene",
            f"    name: {{en: {scale}}}",
            f"    responses: p{points}",
        ]
        lines.append("    items:")
        for i, reverse in enumerate(flags, 1):
            lines.append(f"      {scale}_{i}: {{en: {scale} {i}, reverse: {str(reverse).lower()}}}")
    lines += ["demographics:", "  team: {name: {en: Team}, text: {en: Your team}}"]
    return parse_instrument("\n".join(lines) + "\n")


SMALL = instrument({"pay": (5, [False, True]), "growth": (5, [False, False, True])})


def answers(
    instrument: Instrument, n: int, seed: int, *, missing: float = 0.2, prefix: str = "r"
) -> pd.DataFrame:
    """Return n random respondents, a share ``missing`` of whose answers are missing."""
    rng = np.random.default_rng(seed)
    columns: dict[str, object] = {
        "respondent": [f"{prefix}{i}" for i in range(n)],
        "started": pd.Timestamp("2025-03-04 05:06:07"),
        "seconds": pd.array(rng.integers(30, 900, n), dtype="Float64"),
        "language": "zh",
        "source": pd.array([pd.NA] * n, dtype="string"),
    }
    for item in instrument.items:
        values = pd.array(rng.integers(item.minimum, item.maximum + 1, n), dtype="Int8")
        values[rng.random(n) < missing] = pd.NA
        columns[item.id] = values
    columns["team"] = rng.choice(["north", "south", "东区"], n)
    return pd.DataFrame(columns)


def responses(instrument: Instrument, frame: pd.DataFrame) -> dict[str, pa.Table]:
    """Return the tables of an import of those answers."""
    name = responses_table(instrument.id)
    return {name: to_arrow(frame, declared_schema(name, instrument))}


def called(store: Store, frame: pd.DataFrame, ids: Iterable[str] = IDS) -> pd.DataFrame:
    """Return stored rows with people called by their ids again; all are stored as pseudonyms."""
    pseudonyms = store.pseudonyms()
    known = {pseudonyms.of(id): id for id in ids}
    assert frame["respondent"].dropna().str.fullmatch("p-[0-9a-f]{24}").all()
    return frame.assign(respondent=[known.get(one, one) for one in frame["respondent"]])
