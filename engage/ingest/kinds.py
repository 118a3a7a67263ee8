"""Files that aren't survey answers: staff list, service, comments, tickets, activities and others."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

import numpy as np
import pandas as pd

from engage.ingest.desk_kinds import as_rows, finished_inspections, finished_tickets, melted
from engage.ingest.dialects import Column, Layout
from engage.ingest.fields import FieldReader, FieldType
from engage.ingest.mapping import FileMapping, find_header
from engage.ingest.names import fold_field, synonyms
from engage.ingest.plans import check_counts, totals, wide_plan, year_columns
from engage.ingest.validate import Faults, named

ACTIVITIES: Final = ("service_stars", "suggestions", "answered", "interviews")
"""What is counted of recognition and participation, by team and month."""
FIELDS: Final[Mapping[str, Mapping[str, FieldType]]] = {
    "people": {
        "respondent": "id", "as_of": "date", "hire_date": "date", "leave_date": "date", "leave_type": "word",
        "left": "yes_no", "team": "text", "role_group": "text", "contract": "text", "org_path": "text",
        "performance": "text", "star": "text", "ability": "number", "wave": "text",
    },
    "service": {
        "team": "text", "month": "month", "csat": "number", "on_time": "share", "quality": "number",
        "handled": "number",
    },
    "programmes": {
        "programme": "text", "type": "text", "start": "date", "end": "date", "unit": "word", "member": "id",
        "applied": "yes_no", "accepted": "yes_no",
    },
    "plan": {"role_group": "text", "year": "year", "target": "number"},
    "activities": {
        "team": "text", "month": "month", **dict.fromkeys(ACTIVITIES, "number"),
    },
    "comments": {
        "respondent": "id", "question": "text", "source": "word", "text": "long_text", "date": "date",
        "team": "text",
    },
    "tickets": {
        "ticket": "text", "branch": "text", "type": "word", "opened": "date", "due": "date", "closed": "date",
        "repeat": "yes_no", "as_of": "date",
    },
    "inspections": {
        "case": "text", "branch": "text", "date": "date", "method": "word", "respondent": "id", "rater": "id",
        "criterion": "text", "score": "number", "top": "number", "standard": "number",
    },
}  # fmt: skip
_REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "people": ("respondent",),
    "service": ("team", "month"),
    "programmes": ("programme", "unit", "member", "start"),
    "plan": ("role_group", "year", "target"),
    "activities": ("team", "month"),
    "comments": ("text",),
    "tickets": ("branch", "opened"),
    "inspections": ("case", "branch", "criterion", "score"),
}
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "people": ("respondent", "as_of", "wave"),
    "service": ("team", "month"),
    "programmes": ("programme", "member", "start"),
    "tickets": ("ticket",),
    "inspections": ("case", "rater", "criterion"),
    "plan": ("role_group", "year"),
    "activities": ("team", "month"),
}
_MELTED: Final = ("criterion", "score")


@dataclass(frozen=True, slots=True)
class Records:
    """The table of a file of one kind, ``{column: field}`` as understood, and the columns not read."""

    table: pd.DataFrame
    fields: Mapping[str, str]
    ignored: tuple[str, ...]


def read_kind(
    kind: str, layout: Layout, mapping: FileMapping, faults: Faults, key: bytes | None = None
) -> Records:
    """Return the table of a file of one kind that isn't survey answers.

    A row without a required field is left out and noted as an error; of rows with equal keys the last stays.
    ``key`` is what pseudonyms are made with, if not the user's own.
    """
    if not len(layout.cells):
        faults.add("no_rows", "error")
    found = _fields(kind, layout, mapping, faults)
    extras = _extras(kind, layout, mapping)
    reader = FieldReader(layout, mapping, faults, key)
    if kind == "plan" and (years := year_columns(layout, found)):
        table = wide_plan(years, found["role_group"], reader, layout.first_rows, faults)
        fields = {found["role_group"].header: "role_group"} | {c.header: "target" for _, c in years}
        return _records(table, fields, layout, mapping, faults)
    columns = {name: reader.read(found.get(name), name, form) for name, form in FIELDS[kind].items()}
    columns |= {name: reader.read(column, name, form) for name, (column, form) in extras.items()}
    for name in _REQUIRED[kind]:
        told_elsewhere = (
            (name == "unit" and "member" in found)
            or (name == "text" and mapping.comments)
            or (name in _MELTED and kind == "inspections" and mapping.numbers)
        )
        if name not in found and not told_elsewhere:
            faults.add("field_absent", "error", field=name, kind=kind)
    table = _finished(kind, pd.DataFrame(columns), found, layout, mapping, faults)
    fields = {column.header: name for name, column in found.items()}
    fields |= {column.header: name for name, (column, _) in extras.items()}
    texts = {_header(name, layout): "text" for name in mapping.comments} if kind == "comments" else {}
    fields |= {header: name for header, name in texts.items() if header}
    return _records(table, fields, layout, mapping, faults)


def _records(
    table: pd.DataFrame, fields: Mapping[str, str], layout: Layout, mapping: FileMapping, faults: Faults
) -> Records:
    ignored = [column for column in layout.columns if column.header not in fields]
    _report_ignored(ignored, mapping, faults)
    return Records(table, fields, tuple(column.header for column in ignored))


def _extras(kind: str, layout: Layout, mapping: FileMapping) -> dict[str, tuple[Column, FieldType]]:
    """Return the mapping's extra columns of people and service files, and criteria of inspections, by id."""
    if kind not in ("people", "service", "inspections"):
        return {}
    wanted: list[tuple[str, str, FieldType]] = [
        (name, id, "text") for name, id in mapping.demographics.items() if kind != "inspections"
    ]
    wanted += [(name, id, "number") for name, id in mapping.numbers.items()]
    columns = [(id, _named(name, layout), form) for name, id, form in wanted]
    return {id: (column, form) for id, column, form in columns if column is not None}


def _header(name: str, layout: Layout) -> str | None:
    return find_header(name, [column.header for column in layout.columns])


def _named(name: str, layout: Layout) -> Column | None:
    header = _header(name, layout)
    return next((column for column in layout.columns if column.header == header), None)


def _fields(kind: str, layout: Layout, mapping: FileMapping, faults: Faults) -> dict[str, Column]:
    """Return ``{field: column}``: by the mapping, then by the synonyms of ``headers.yaml``."""
    found: dict[str, Column] = {}
    told: set[str] = set()
    wanted = [*mapping.columns.items(), *([(mapping.respondent, "respondent")] if mapping.respondent else [])]
    for name, id in wanted:
        column = _named(name, layout)
        if column is None:
            faults.add("mapped_header_absent", "warning", column=name)
        elif id not in FIELDS[kind]:
            near = get_close_matches(id, FIELDS[kind], 1)
            faults.add("mapped_id_unknown", "error", column=name, id=id, near=near[0] if near else "—")
        else:
            found[id] = column
            told.add(column.header)
    for name in (*mapping.demographics, *mapping.numbers, *mapping.comments, *mapping.ignore):
        header = _header(name, layout)
        if header is None:
            faults.add("mapped_header_absent", "warning", column=name)
        else:
            told.add(header)
    words = synonyms(kind)
    for column in layout.columns:
        field = next((words[key] for name in column.names if (key := fold_field(name)) in words), "")
        # a survey tool's own "source" is the channel (link, app), not who speaks
        channel = field == column.field == "source" and not layout.dialect.startswith("plain")
        barred = column.role == "identifier" and field != "respondent"
        if not field or column.header in told or barred or channel:
            continue
        if field in found:
            if found[field].header not in told:
                faults.add(
                    "column_twice", "warning", column=column.header, id=field, first=found[field].header
                )
            continue
        found[field] = column
    return found


def _finished(
    kind: str,
    table: pd.DataFrame,
    found: Mapping[str, Column],
    layout: Layout,
    mapping: FileMapping,
    faults: Faults,
) -> pd.DataFrame:
    """Return the table with derived fields, without rows that lack a required one or are repeated."""
    rows = layout.first_rows
    if kind == "comments":
        return _finished_comments(table, found, layout, mapping, faults)
    if kind == "people":
        table = _with_left(table, found)
        early = (table["leave_date"] < table["hire_date"]).to_numpy(dtype=bool)
        faults.flag("left_before_hired", "warning", early, rows, _shown(found, "leave_date"))
    if kind == "programmes":
        table = _with_unit(table, found, faults)
    if kind == "tickets":
        table = finished_tickets(table, found, rows, faults)
    if kind == "inspections":
        table = melted(table, mapping)
        rows = as_rows(rows, table.index)
        table = finished_inspections(table.reset_index(drop=True), found, rows, faults)
    if kind in ("plan", "activities"):
        check_counts(table, found, rows, faults)
    if kind == "plan":
        total = totals(table, rows, faults)
        table, rows = table[~total].reset_index(drop=True), rows[~total]
    keys = [name for name in _REQUIRED[kind] if name in found]
    blank = np.zeros(len(table), dtype=bool)
    for name in keys:
        lacking = table[name].isna().to_numpy(dtype=bool)
        faults.flag("row_without_key", "error", lacking, rows, found[name].header, field=name)
        blank |= lacking
    told = {*keys, "unit", *(_MELTED if mapping.numbers else ())}
    if set(_REQUIRED[kind]) - told:
        return table[~blank].reset_index(drop=True)
    again = table.duplicated(list(_KEYS[kind]), keep="last").to_numpy(dtype=bool) & ~blank
    if kind == "tickets":
        again &= table["ticket"].notna().to_numpy(dtype=bool)
    faults.flag(
        "record_repeated", "warning", again, rows, _shown(found, _KEYS[kind][0]), fields=list(_KEYS[kind])
    )
    return table[~blank & ~again].reset_index(drop=True)


def _shown(found: Mapping[str, Column], name: str) -> str | None:
    return found[name].header if name in found else None


def _with_unit(table: pd.DataFrame, found: Mapping[str, Column], faults: Faults) -> pd.DataFrame:
    """Return programmes with ``unit``: as told, else by how the members are headed."""
    if "unit" in found or "member" not in found:
        return table
    keys = {fold_field(name) for name in found["member"].names}
    person = any(synonyms("people").get(key) == "respondent" for key in keys)
    unit = "person" if person else "team"
    faults.add("unit_assumed", "info", column=found["member"].header, unit=unit)
    return table.assign(unit=pd.array([unit] * len(table), dtype="string"))


def _with_left(table: pd.DataFrame, found: Mapping[str, Column]) -> pd.DataFrame:
    """Return people with ``left``: as told, else whether a leave date (by ``as_of``) or type is given."""
    if "left" in found or not {"leave_date", "leave_type"} & set(found):
        return table
    later = (table["leave_date"] > table["as_of"]).fillna(False)
    left = (table["leave_date"].notna() & ~later) | (table["leave_date"].isna() & table["leave_type"].notna())
    return table.assign(left=left.astype("boolean"))


def _finished_comments(
    table: pd.DataFrame, found: Mapping[str, Column], layout: Layout, mapping: FileMapping, faults: Faults
) -> pd.DataFrame:
    parts = [table] if "text" in found else []
    for name, question in mapping.comments.items():
        column = _named(name, layout)
        if column is not None:
            text = pd.Series(layout.cells[:, column.position].__array__(), dtype="string").str.strip()
            parts.append(table.assign(text=text, question=pd.array([question] * len(table), dtype="string")))
    if "source" not in found:
        faults.add("source_assumed", "info")
        parts = [part.assign(source=pd.array(["employee"] * len(part), dtype="string")) for part in parts]
    if not parts:
        return table.iloc[:0]
    blank = np.logical_and.reduce([(part["text"].fillna("") == "").to_numpy() for part in parts])
    header = found["text"].header if "text" in found else None
    faults.flag("comment_blank", "info", blank, layout.first_rows, header)
    whole = pd.concat(parts, ignore_index=True)
    return whole[whole["text"].fillna("") != ""].reset_index(drop=True)


def _report_ignored(ignored: list[Column], mapping: FileMapping, faults: Faults) -> None:
    told = {fold_field(name) for name in mapping.ignore}
    identifiers = [column.header for column in ignored if column.role == "identifier"]
    others = [
        column.header
        for column in ignored
        if column.role != "identifier" and fold_field(column.header) not in told
    ]
    if identifiers:
        faults.add("identifiers_ignored", "info", count=len(identifiers), columns=named(identifiers))
    if others:
        faults.add("fields_ignored", "info", count=len(others), columns=named(others))
