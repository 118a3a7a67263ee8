"""What tickets and quality inspections have of their own: deadlines, extracts, marks and standards."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

from engage.ingest.cells import Rows
from engage.ingest.dialects import Column
from engage.ingest.mapping import FileMapping
from engage.ingest.validate import Faults, named

TOPS: Final = (1.0, 3.0, 5.0, 10.0, 20.0, 100.0)
"""What the highest mark of a criterion is taken for where the file doesn't say."""
STANDARD: Final = 0.8
"""The standard where the file has none, as a part of the highest mark."""
_DAY: Final = pd.Timedelta(days=1) - pd.Timedelta(seconds=1)
_MIDNIGHT: Final = pd.Timedelta(0)


def finished_tickets(
    table: pd.DataFrame, found: Mapping[str, Column], rows: Rows, faults: Faults
) -> pd.DataFrame:
    """Return tickets with ``type``, ``due`` and ``as_of`` filled in; impossible times are errors.

    A deadline or a date of extract without a time means the end of that day.
    """
    if "due" not in found:
        faults.add("field_absent", "error", field="due", kind="tickets")
    if "type" not in found:
        faults.add("type_assumed", "info")
    table = table.assign(type=table["type"].fillna("other"), due=_by_end_of_day(table["due"]))
    opened, closed = table["opened"], table["closed"]
    same_day = closed.notna() & (closed.dt.normalize() == closed) & (opened.dt.normalize() == closed)
    table["closed"] = closed = closed.mask(same_day, opened)
    as_of = _by_end_of_day(table["as_of"], each=True)
    seen = pd.concat([opened, closed]).max()
    if as_of.isna().all() and not pd.isna(seen):
        faults.add("as_of_assumed", "info", moment=f"{seen:%Y-%m-%d %H:%M}")
    table["as_of"] = as_of = as_of.fillna(seen if as_of.isna().all() else as_of.max())
    for fault, flags, field in (
        ("closed_before_opened", closed < opened, "closed"),
        ("due_before_opened", table["due"] < opened, "due"),
        ("after_as_of", (opened > as_of) | (closed > as_of), "as_of"),
    ):
        faults.flag(
            fault, "error", flags.to_numpy(bool), rows, found[field].header if field in found else None
        )
    if "due" in found:
        without = (table["due"].isna() & opened.notna()).to_numpy(bool)
        faults.flag("ticket_without_due", "warning", without, rows, found["due"].header)
    if "repeat" not in found:
        faults.add("repeat_unknown", "info")
    return table


def melted(table: pd.DataFrame, mapping: FileMapping) -> pd.DataFrame:
    """Return inspections with a row per criterion, where the mapping names a column for each."""
    names = [id for id in mapping.numbers.values() if id in table]
    if not names:
        return table
    kept = table.drop(columns=[*names, "criterion", "score"])
    parts = [
        kept.assign(criterion=pd.array([name] * len(table), dtype="string"), score=table[name])
        for name in names
    ]
    return pd.concat(parts).dropna(subset=["score"])


def finished_inspections(
    table: pd.DataFrame, found: Mapping[str, Column], rows: Rows, faults: Faults
) -> pd.DataFrame:
    """Return inspections with ``top`` and ``standard`` filled in, and raters as numbers within the file.

    Who rated is not kept: only which marks of one file are by the same person.
    """
    codes, _ = pd.factorize(table["rater"], sort=False)
    table = table.assign(
        rater=pd.array([str(code + 1) if code >= 0 else None for code in codes], dtype="string"),
        method=table["method"].fillna("recording"),
    )
    highest = table.groupby("criterion", dropna=False)["score"].transform("max")
    guessed = highest.map(lambda most: next((top for top in TOPS if most <= top), most))
    scored = table["score"].notna()
    if table["top"][scored].isna().any():
        faults.add("top_assumed", "info", tops=named(sorted({f"{top:g}" for top in guessed.dropna()})))
    table["top"] = table["top"].fillna(guessed)
    if table["standard"][scored].isna().any():
        faults.add("standard_assumed", "info", share=f"{STANDARD:.0%}")
    table["standard"] = table["standard"].fillna(STANDARD * table["top"])
    outside = ((table["score"] < 0) | (table["score"] > table["top"])).to_numpy(bool)
    faults.flag(
        "score_out_of_range", "error", outside, rows, found["score"].header if "score" in found else None
    )
    beyond = ((table["standard"] <= 0) | (table["standard"] > table["top"])).to_numpy(bool)
    faults.flag(
        "standard_out_of_range",
        "error",
        beyond,
        rows,
        found["standard"].header if "standard" in found else None,
    )
    if "rater" not in found:
        faults.add("rater_unknown", "info")
    return table


def _by_end_of_day(moments: "pd.Series[pd.Timestamp]", *, each: bool = False) -> "pd.Series[pd.Timestamp]":
    """Return moments with the end of the day for dates: where all are (or for ``each`` that is)."""
    whole = moments.dt.normalize() == moments
    if not each and not whole[moments.notna()].all():
        return moments
    return moments.mask(whole, moments + _DAY)


def as_rows(rows: Rows, index: "pd.Index[int]") -> Rows:
    """Return the file's row of each row of a melted table."""
    melted_rows: Rows = rows[index.to_numpy()]
    return melted_rows
