"""Plans of head-count, also with a column per year, and the checks of what is counted by group or month."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from engage.ingest.cells import Rows
from engage.ingest.dialects import Column, Layout
from engage.ingest.fields import FieldReader, years_of
from engage.ingest.names import fold_word, value_words
from engage.ingest.validate import Faults, Flags

_LONGEST_HEADING: Final = 12
"""A heading that is a year, such as "2027年底人数", is not longer."""
_COUNTS: Final = frozenset({"target", "service_stars", "suggestions", "answered", "interviews"})


def year_columns(layout: Layout, found: Mapping[str, Column]) -> list[tuple[float, Column]]:
    """Return the columns headed by years, where a plan has a group but no columns for year and target."""
    if "role_group" not in found or {"year", "target"} <= set(found):
        return []
    free = [column for column in layout.columns if column.header != found["role_group"].header]
    short = [column for column in free if len(column.header) <= _LONGEST_HEADING]
    years, _ = years_of([column.header for column in short])
    return [(float(year), column) for year, column in zip(years, short, strict=True) if not np.isnan(year)]


def wide_plan(
    years: list[tuple[float, Column]], group: Column, reader: FieldReader, rows: Rows, faults: Faults
) -> pd.DataFrame:
    """Return a plan with a row per group and a column per year as rows; an empty cell is no target.

    Rows without a group are left out as errors; of a group told twice the last stays.
    """
    named = pd.DataFrame({"role_group": reader.read(group, "role_group", "text")})
    lacking = named["role_group"].isna().to_numpy(dtype=bool)
    faults.flag("row_without_key", "error", lacking, rows, group.header, field="role_group")
    away = lacking | totals(named, rows, faults)
    again = named.duplicated(keep="last").to_numpy(dtype=bool) & ~away
    faults.flag("record_repeated", "warning", again, rows, group.header, fields=["role_group"])
    parts = []
    for year, column in years:
        part = named.assign(year=year, target=reader.read(column, "target", "number"))
        check_counts(part, {"target": column}, rows, faults)
        parts.append(part[~away & ~again & part["target"].notna().to_numpy()])
    return pd.concat(parts, ignore_index=True)


def totals(table: pd.DataFrame, rows: Rows, faults: Faults) -> Flags:
    """Return which rows of a plan are sums over its groups; they are left out, with a note."""
    known = value_words("total")
    total = np.array([fold_word(str(name)) in known for name in table["role_group"].fillna("")], dtype=bool)
    faults.flag("plan_total", "info", total, rows)
    return total


def check_counts(table: pd.DataFrame, found: Mapping[str, Column], rows: Rows, faults: Faults) -> None:
    """Note counts below nothing, and more suggestions answered than made."""
    for name in sorted(set(found) & _COUNTS):
        below = (table[name] < 0).to_numpy(dtype=bool)
        faults.flag("count_negative", "error", below, rows, found[name].header, field=name)
    if {"answered", "suggestions"} <= set(found):
        more = (table["answered"] > table["suggestions"]).to_numpy(dtype=bool)
        faults.flag("answered_more", "warning", more, rows, found["answered"].header)
