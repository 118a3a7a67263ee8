"""What the stored tables look like, and the strict way from a DataFrame into that shape.

Appending 3.7 to an int8 column of a Delta table stores 3 without a word, so nothing is appended whose Arrow
schema is not the declared one, and nothing is converted whose values do not fit.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import quote

import pandas as pd
import pyarrow as pa

from engage.errors import InputError, UsageError
from engage.instrument import RESERVED, Instrument

Kind = Literal[
    "responses", "comments", "people", "service", "programmes", "tickets", "inspections", "plan", "activities"
]
ExtraType = Literal["string", "double"]

WHOLE: Final = "all"
"""The wave of rows that belong to no wave in particular (people, service, programmes, tickets …)."""

_TEXT, _NUMBER, _DAY = pa.string(), pa.float64(), pa.date32()
_MOMENT: Final = pa.timestamp("us", tz="UTC")
_KEY: Final = {"import_id": _TEXT, "wave": _TEXT}
_FIXED: Final[Mapping[str, Mapping[str, pa.DataType]]] = {
    "comments": {
        **dict.fromkeys(("respondent", "question", "source", "text"), _TEXT),
        "date": _DAY,
        **dict.fromkeys(("team", "language", "tone"), _TEXT),
        "tone_score": _NUMBER,
        **dict.fromkeys(("intent", "theme"), _TEXT),
    },
    "people": {
        "respondent": _TEXT,
        **dict.fromkeys(("as_of", "hire_date", "leave_date"), _DAY),
        "leave_type": _TEXT,
        "left": pa.bool_(),
        **dict.fromkeys(("team", "role_group", "contract", "org_path", "performance", "star"), _TEXT),
        "ability": _NUMBER,
    },
    "service": {
        "team": _TEXT,
        "month": _DAY,
        **dict.fromkeys(("csat", "on_time", "quality", "handled"), _NUMBER),
    },
    "programmes": {
        **dict.fromkeys(("programme", "type"), _TEXT),
        **dict.fromkeys(("start", "end"), _DAY),
        **dict.fromkeys(("unit", "member"), _TEXT),
        **dict.fromkeys(("applied", "accepted"), pa.bool_()),
    },
    "tickets": {
        **dict.fromkeys(("ticket", "branch", "type"), _TEXT),
        **dict.fromkeys(("opened", "due", "closed", "as_of"), _MOMENT),
        "repeat": pa.bool_(),
    },
    "inspections": {
        **dict.fromkeys(("case", "branch"), _TEXT),
        "date": _DAY,
        **dict.fromkeys(("method", "respondent", "rater", "criterion"), _TEXT),
        **dict.fromkeys(("score", "top", "standard"), _NUMBER),
    },
    "plan": {"role_group": _TEXT, "year": _NUMBER, "target": _NUMBER},
    "activities": {
        "team": _TEXT,
        "month": _DAY,
        **dict.fromkeys(("service_stars", "suggestions", "answered", "interviews"), _NUMBER),
    },
    "members": dict.fromkeys(("respondent", "groups", "missing"), _TEXT),
}
FIXED_TABLES: Final = frozenset(_FIXED)
_CELL_TYPES: Final = frozenset(
    {_TEXT, _NUMBER, _DAY, _MOMENT, pa.bool_(), pa.float32(), pa.int8(), pa.int16(), pa.int32(), pa.int64()}
)
_COLUMN: Final = re.compile(r"[a-z][a-z0-9_]*(\.v\d+)?")
_LONGEST_WAVE: Final = 60
_LONGEST_FOLDER: Final = 255  # bytes in one name, on every common file system


def responses_table(instrument_id: str) -> str:
    """Return the name of the table that holds an instrument's answers: ``responses_<id>``."""
    return f"responses_{instrument_id}"


def wave_name(wave: str | None) -> str:
    """Return ``wave`` as stored: NFC, no space around it, ``"all"`` for none.

    Raises ``UsageError`` for an unprintable name, one over 60 characters, or one whose percent-encoded form
    no file system can name a folder by (more than 27 Chinese characters: the tables are partitioned by wave).
    """
    name = unicodedata.normalize("NFC", wave or "").strip()
    if not name:
        return WHOLE
    if not name.isprintable():
        raise UsageError("store.wave_unprintable")
    if len(name) > _LONGEST_WAVE or len("wave=" + quote(name, safe="")) > _LONGEST_FOLDER:
        raise UsageError("store.wave_too_long", where=name, length=len(name))
    return name


def declared_schema(
    table: str, instrument: Instrument | None = None, extras: Mapping[str, ExtraType] | None = None
) -> pa.Schema:
    """Return the Arrow schema of ``table``: ``import_id, wave``, its own columns, then ``extras``.

    ``responses_<id>`` needs the instrument of that id: one int8 column per item and one string column per
    demographic. The other tables are those of the kinds of files, and ``members``. An extra of a name the
    table already has is not added twice.

    Raises ``UsageError`` for an unknown table, for an extra that is not named ``[a-z][a-z0-9_]*``, and for
    one named like a reserved column or a scale.
    """
    if instrument is not None and table == responses_table(instrument.id):
        own = _responses(instrument)
    elif table in _FIXED:
        own = dict(_FIXED[table])
    else:
        raise UsageError("store.table_unknown", where=table, table=table)
    columns = _KEY | own
    taken = RESERVED | ({scale.id for scale in instrument.scales} if instrument else set())
    for name, kind in (extras or {}).items():
        if not _COLUMN.fullmatch(name):
            raise UsageError("store.column_name", where=table, column=name)
        if name not in columns and (name in taken or "__" in name):
            raise UsageError("store.column_taken", where=table, column=name)
        columns.setdefault(name, _TEXT if kind == "string" else _NUMBER)
    return pa.schema(list(columns.items()))


def to_arrow(df: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """Return ``df`` as a table of ``schema``, without ``import_id`` (and ``wave``, if ``df`` has none).

    A missing value (``NA``, ``NaN``, ``NaT``, ``None``) becomes null. Whole numbers may come as floats; text
    is never read as a number; a date column keeps the day of a time; a time without zone is taken as UTC.

    Raises ``InputError`` naming the column when a value does not fit its type, a column of the schema is not
    there, or ``df`` has a column that the schema lacks.
    """
    skipped = {"import_id"} if "wave" in df.columns else {"import_id", "wave"}
    fields = [field for field in schema if field.name not in skipped]
    unknown = [str(name) for name in df.columns if name not in {field.name for field in fields}]
    if unknown:
        raise InputError("store.column_unknown", where=unknown[0], columns=unknown)
    for field in fields:
        if field.name not in df.columns:
            raise InputError("store.column_missing", where=field.name, column=field.name)
    return pa.table([_column(df[field.name], field) for field in fields], schema=pa.schema(fields))


def check_declared(name: str, table: pa.Table, instrument: Instrument | None) -> pa.Table:
    """Return ``table`` (which has its key columns) in declared column order, or refuse it.

    The cells of a close are declared by the table itself; only their types are checked.
    Raises ``InputError`` for a column of another type than declared, and for one that is missing.
    """
    if name == "cells":
        return _plain_cells(table)
    base = declared_schema(name, instrument)
    extras: dict[str, ExtraType] = {}
    for field in table.schema:
        if field.name not in base.names:
            extras[field.name] = "string" if field.type == _TEXT else "double"
    declared = declared_schema(name, instrument, extras)
    for field in declared:
        if field.name not in table.schema.names:
            raise InputError("store.column_missing", where=name, column=field.name)
        found = table.schema.field(field.name).type
        if found != field.type:
            raise _wrong_type(name, field, found)
    return table.select(declared.names)


def conform(name: str, table: pa.Table, stored: pa.Schema) -> tuple[pa.Table, bool]:
    """Return ``table`` with the columns of ``stored`` first (null where absent), and whether it adds any.

    Raises ``InputError`` if a column is stored with another type: columns are added, never retyped.
    """
    for field in table.schema:
        if field.name in stored.names and stored.field(field.name).type != field.type:
            raise _wrong_type(name, stored.field(field.name), field.type)
    added = [field for field in table.schema if field.name not in stored.names]
    columns = [
        table[field.name] if field.name in table.schema.names else pa.nulls(len(table), field.type)
        for field in [*stored, *added]
    ]
    return pa.table(columns, schema=pa.schema([*stored, *added])), bool(added)


def _responses(instrument: Instrument) -> dict[str, pa.DataType]:
    return {
        "respondent": _TEXT,
        "started": _MOMENT,
        "seconds": pa.float32(),
        "language": _TEXT,
        "source": _TEXT,
        **{item.id: pa.int8() for item in instrument.items},
        **{demographic.id: _TEXT for demographic in instrument.demographics},
    }


def _plain_cells(table: pa.Table) -> pa.Table:
    fields = []
    for field in table.schema:
        kind = _TEXT if pa.types.is_large_string(field.type) else field.type
        if kind not in _CELL_TYPES:
            raise InputError("store.type_unknown", where="cells", column=field.name, found=str(kind))
        fields.append(pa.field(field.name, kind))
    return table.cast(pa.schema(fields))


def _wrong_type(name: str, declared: pa.Field, found: pa.DataType) -> InputError:
    return InputError(
        "store.column_type",
        where=name,
        column=declared.name,
        declared=str(declared.type),
        found=str(found),
    )


def _column(values: pd.Series, field: pa.Field) -> pa.Array:
    """Convert without ever reading a value as something else than it is."""
    misfit = InputError(
        "store.value_does_not_fit", where=field.name, column=field.name, declared=str(field.type)
    )
    try:
        found = pa.array(values, from_pandas=True)
        found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        raise misfit from None  # Arrow's own message quotes the value, which may be an answer
    if found.null_count == len(found):
        return pa.nulls(len(found), field.type)
    if pa.types.is_dictionary(found.type):
        found = found.dictionary_decode()
    if not _same_family(found.type, field.type):
        raise misfit
    try:
        return found.cast(field.type, safe=not pa.types.is_temporal(field.type))
    except pa.ArrowInvalid:
        raise misfit from None


def _same_family(found: pa.DataType, declared: pa.DataType) -> bool:
    t = pa.types
    if t.is_integer(declared) or t.is_floating(declared):
        return bool(t.is_integer(found) or t.is_floating(found))
    if t.is_string(declared):
        return bool(t.is_string(found) or t.is_large_string(found) or t.is_string_view(found))
    if t.is_boolean(declared):
        return bool(t.is_boolean(found))
    return bool(t.is_timestamp(found) or t.is_date(found))
