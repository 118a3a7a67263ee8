"""The audit log: who did what kind of thing, in counts, in a file whose lines are chained by hashes."""

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock

_LONGEST_LINE: Final = 65_536  # an entry takes some hundred bytes
_NOT_COUNTS: Final = frozenset({"at", "code", "previous", "hash"})


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
        if not all(isinstance(count, int) for count in counts.values()):
            raise TypeError("an audit log holds codes and counts only")
        with FileLock(self.path.with_name(f".{self.path.name}.lock")):
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

    def last(self, *codes: str) -> dict[str, int] | None:
        """Return the counts of the latest event with one of ``codes``; ``None`` if there is none.

        A line that a crash tore holds no event.
        """
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        for line in reversed([line for line in lines if line.endswith(b"}")]):
            entry = json.loads(line)
            if entry["code"] in codes:
                return {name: value for name, value in entry.items() if name not in _NOT_COUNTS}
        return None

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
