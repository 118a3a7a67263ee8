"""Keeping a workspace: backups, compaction, another key, and the record of what was handed out."""

from pathlib import Path
from typing import Literal

from engage.store import Backup, Compacted, KeyState, Rotated, Store, back_up, compact, restore, rotate
from engage.store.compacting import UNDO_DAYS
from engage.workspace.base import Base


class Keeping(Base):
    """The part of a workspace that looks after the folder itself."""

    def backup(self, place: str | Path) -> Backup:
        """Copy everything to ``place``, a new folder, as it is at one moment; the key is not in it.

        Whoever imports meanwhile waits until it is copied; readers don't. Raises ``UsageError`` if there is
        anything at ``place`` or no workspace here.
        """
        store = self._existing()
        self._audit("backup")  # first, so that the backup tells of itself
        return back_up(store, place)

    def compact(self, *, keep_days: int = UNDO_DAYS) -> Compacted:
        """Lay small files together and remove what is over; see :func:`engage.store.compacting.compact`.

        Every import can still be undone afterwards. Rows that were taken back stay for ``keep_days``, and
        longer where a release was made of them.
        """
        done = compact(self._existing(), keep_days=keep_days)
        self._audit("compact", rows=done.rows, files_before=done.files[0], files=done.files[1])
        return done

    def rotate_key(self) -> Rotated:
        """Put a new key in the place of the present one: for pseudonyms and originals.

        Results don't change. Pseudonyms that were given out before are nobody's afterwards. The key's file
        holds the earlier keys, too, and has to be backed up anew. Called again after it was interrupted, it
        finishes and makes no further key. Raises ``InputError`` without the key.
        """
        store = self._existing()
        self._audit("key_rotation_begun")
        done = rotate(store)
        self._audit("key_rotated", people=done.people, originals_encrypted=done.originals)
        return done

    def note_export(self, what: Literal["report", "table"], size: int) -> None:
        """Leave in the audit log that a report of ``size`` parts, or a table of so many rows, was made."""
        self._audit(f"{what}_exported", size=size)

    def _existing(self) -> Store:
        return Store.open(self.path)


def restore_backup(place: str | Path, folder: str | Path, *, who: str = "") -> tuple[Backup, KeyState]:
    """Put a backup back as the workspace in ``folder``, new or empty, and note it in its audit log.

    Every file is checked against its digest first. Returns what was restored, and whether the key that it
    needs lies where it is looked for. Raises as :func:`engage.store.backing.restore`.
    """
    found = restore(place, folder)
    Keeping(folder, who=who)._audit("restored", files=found[0].files)
    return found
