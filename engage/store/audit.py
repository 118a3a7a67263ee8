"""The audit log: who did what kind of thing, in counts, in a file whose lines are chained by hashes."""

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock

_LONGEST_LINE: Final = 65_536  # an entry takes some hundred bytes
_NOT_COUNTS: Final = frozenset({"at", "code", "previous", "hash"})
_BEFORE: Final = "_before"


class AuditLog:
    """A JSONL file of ``{"at", "code", …counts, "previous", "hash"}``, one line per event.

    ``previous`` is the hash of the line before it and ``hash`` that of the line itself, so a line changed,
    removed or slipped in breaks the chain (lines cut off at the end do not). It holds codes and counts,
    never data.
    """

    __slots__ = ("path",)

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def append(self, code: str, **counts: int) -> None:
        """Add an event. Waits for other writers; is on disk when it returns.

        Raises ``TypeError`` for a count that is not a whole number: words could be somebody's.
        """
        with self._locked():
            self._write(code, counts)

    def append_changes(self, code: str, now: Mapping[str, int], at_first: Mapping[str, int]) -> None:
        """Add an event with the numbers of ``now`` that are not as the log has them, and what they were.

        A number that was 3 and is 4 is written ``name=4, name_before=3``. What the log never told was as it
        is in ``at_first``, and what is in neither is 0. Nothing is written where nothing differs.
        """
        if self._changes(code, now, at_first):
            with self._locked():  # somebody else may have told it meanwhile
                changes = self._changes(code, now, at_first)
                if changes:
                    self._write(code, changes)

    def _changes(self, code: str, now: Mapping[str, int], at_first: Mapping[str, int]) -> dict[str, int]:
        told = dict(at_first)
        for line in self.path.read_bytes().splitlines() if self.path.exists() else ():
            if f'"code": "{code}"'.encode() in line and line.endswith(b"}"):  # not one that a crash tore
                told |= {n: v for n, v in json.loads(line).items() if n not in _NOT_COUNTS}
        names = [name for name in (*told, *now) if not name.endswith(_BEFORE)]
        found = {name: (told.get(name, 0), now.get(name, 0)) for name in names}
        changes: dict[str, int] = {}
        for name, (before, after) in found.items():
            if before != after:
                changes |= {name: after, f"{name}{_BEFORE}": before}
        return changes

    def _locked(self) -> FileLock:
        return FileLock(self.path.with_name(f".{self.path.name}.lock"))

    def _write(self, code: str, counts: Mapping[str, int]) -> None:
        if not all(isinstance(count, int) for count in counts.values()):
            raise TypeError("an audit log holds codes and counts only")
        last, torn = self._last_line()
        entry: dict[str, object] = {"at": datetime.now(UTC).isoformat(), "code": code, **counts}
        entry["previous"] = _hash(last) if last else ""
        line = json.dumps(entry | {"hash": _hash(_text(entry))}, sort_keys=True).encode() + b"\n"
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, b"\n" + line if torn else line)
            os.fsync(handle)
        finally:
            os.close(handle)

    def verify(self) -> bool:
        """Return whether every line is as it was written, and in its place."""
        previous = ""
        for line in self.path.read_bytes().splitlines() if self.path.exists() else ():
            try:
                entry = json.loads(line)
                stated = entry.pop("hash")
            except (ValueError, KeyError, TypeError, AttributeError):
                return False
            if entry.get("previous") != previous or stated != _hash(_text(entry)):
                return False
            previous = _hash(line)
        return True

    def _last_line(self) -> tuple[bytes, bool]:
        """Return the last line, and whether a crash tore it before its end."""
        if not self.path.exists():
            return b"", False
        with self.path.open("rb") as stream:
            stream.seek(-min(stream.seek(0, os.SEEK_END), _LONGEST_LINE), os.SEEK_END)
            tail = stream.read()
        return (tail.splitlines() or [b""])[-1], bool(tail) and not tail.endswith(b"\n")


def _text(entry: dict[str, object]) -> bytes:
    return json.dumps(entry, sort_keys=True).encode()


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
