"""Delta tables in a folder: append, commit, undo, close, and snapshots that readers pin."""

from engage.store.audit import AuditLog, LogCheck
from engage.store.core import Store
from engage.store.delta import Pinned
from engage.store.erasing import Erased, erase, own_data
from engage.store.events import Event, EventType
from engage.store.migrations import FORMAT
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
    "Erased",
    "Event",
    "EventType",
    "ExtraType",
    "Kind",
    "LogCheck",
    "Note",
    "Pinned",
    "Snapshot",
    "Store",
    "declared_schema",
    "erase",
    "own_data",
    "responses_table",
    "to_arrow",
    "wave_name",
]
