"""Delta tables in a folder: append, commit, undo, close, and snapshots that readers pin."""

from engage.store.audit import AuditLog, LogCheck
from engage.store.backing import Backup, KeyState, back_up, check_backup, restore
from engage.store.compacting import Compacted, compact
from engage.store.core import Store
from engage.store.delta import Pinned
from engage.store.erasing import Erased, erase, own_data
from engage.store.events import Event, EventType
from engage.store.migrations import FORMAT
from engage.store.notes import Note
from engage.store.rotating import Rotated, rotate
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
from engage.store.statistics import keep_statistic, statistic

__all__ = [
    "FIXED_TABLES",
    "FORMAT",
    "WHOLE",
    "AuditLog",
    "Backup",
    "Compacted",
    "Erased",
    "Event",
    "EventType",
    "ExtraType",
    "KeyState",
    "Kind",
    "LogCheck",
    "Note",
    "Pinned",
    "Rotated",
    "Snapshot",
    "Store",
    "back_up",
    "check_backup",
    "compact",
    "declared_schema",
    "erase",
    "keep_statistic",
    "own_data",
    "responses_table",
    "restore",
    "rotate",
    "statistic",
    "to_arrow",
    "wave_name",
]
