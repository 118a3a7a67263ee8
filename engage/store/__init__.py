"""Delta tables in a folder: append, commit, undo, close, and snapshots that readers pin."""

from engage.store.audit import AuditLog
from engage.store.core import FORMAT, Store
from engage.store.delta import Pinned
from engage.store.events import Event, EventType
from engage.store.notes import Note
from engage.store.schema import (
    FIXED_TABLES,
    WHOLE,
    ExtraType,
    Kind,
    declared_schema,
    responses_table,
    to_arrow,
    wave_name,
)
from engage.store.snapshot import Snapshot

__all__ = [
    "FIXED_TABLES",
    "FORMAT",
    "WHOLE",
    "AuditLog",
    "Event",
    "EventType",
    "ExtraType",
    "Kind",
    "Note",
    "Pinned",
    "Snapshot",
    "Store",
    "declared_schema",
    "responses_table",
    "to_arrow",
    "wave_name",
]
