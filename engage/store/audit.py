"""The audit log: who did what kind of thing, in counts, in a file whose lines are chained by hashes."""

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from engage.errors import InputError

_NOT_COUNTS: Final = frozenset({"at", "code", "who", "originals", "previous", "hash"})
_BEFORE: Final = "_before"
_LONGEST_NAME: Final = 100
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_BLOCK: Final = 65_536


@dataclass(frozen=True, slots=True)
class LogCheck:
    """What became of an audit log: its entries in order, and the number of the first broken line.

    ``broken`` counts lines from 1 and is ``None`` where the chain is whole; ``entries`` are those before it.
    ``last`` is the hash of the last line of a whole chain: noted elsewhere, it shows later whether lines were
    cut off at the end, which no chain can tell by itself.
    """

    entries: tuple[Mapping[str, Any], ...]
    broken: int | None
    last: str


class AuditLog:
    """A JSONL file of ``{"at", "code", "who", …counts, "previous", "hash"}``, one line per event.

    ``previous`` is the hash of the line before it and ``hash`` that of the line itself, so a line changed,
    removed or slipped in breaks the chain (lines cut off at the end do not). It holds who, codes and counts,
    and hashes of originals; never data. A line that a crash tore was never reported as written: the next
    entry takes its place, after one with the code ``log_mended`` that says how many bytes were cut.
    """

    __slots__ = ("path",)

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def append(self, code: str, *, who: str = "", originals: Sequence[str] = (), **counts: int) -> str:
        """Add an event and return its hash. Waits for other writers; is on disk when it returns.

        ``who`` is a sign-in name or a user of the system; ``originals`` are SHA-256 hashes of files.
        Raises ``TypeError`` for a count that is not a whole number: words could be somebody's.
        """
        with self._locked():
            return self._write(code, who, counts, originals)

    def append_changes(
        self, code: str, now: Mapping[str, int], at_first: Mapping[str, int], *, who: str = ""
    ) -> None:
        """Add an event with the numbers of ``now`` that are not as the log has them, and what they were.

        A number that was 3 and is 4 is written ``name=4, name_before=3``. What the log never told was as it
        is in ``at_first``, and what is in neither is 0. Nothing is written where nothing differs.
        """
        if self._changes(code, now, at_first):
            with self._locked():  # somebody else may have told it meanwhile
                changes = self._changes(code, now, at_first)
                if changes:
                    self._write(code, who, changes)

    def check(self) -> LogCheck:
        """Read the log and follow its chain; an end that a crash tore is not taken for a line."""
        entries: list[Mapping[str, Any]] = []
        previous = ""
        for number, line in enumerate(self._lines(), start=1):
            entry = _entry(line, previous)
            if entry is None:
                return LogCheck(tuple(entries), number, "")
            entries.append(entry)
            previous = _hash(line)
        return LogCheck(tuple(entries), None, previous)

    def verify(self) -> tuple[Mapping[str, Any], ...]:
        """Return the entries, oldest first; ``InputError`` names the first line that is not as written."""
        found = self.check()
        if found.broken is not None:
            raise InputError("rights.log_broken", where=self.path.name, line=found.broken)
        return found.entries

    def _changes(self, code: str, now: Mapping[str, int], at_first: Mapping[str, int]) -> dict[str, int]:
        told = dict(at_first)
        for line in self._lines():
            if f'"code": "{code}"'.encode() in line:
                told |= {n: v for n, v in _read(line).items() if n not in _NOT_COUNTS}
        names = [name for name in (*told, *now) if not name.endswith(_BEFORE)]
        found = {name: (told.get(name, 0), now.get(name, 0)) for name in names}
        changes: dict[str, int] = {}
        for name, (before, after) in found.items():
            if before != after:
                changes |= {name: after, f"{name}{_BEFORE}": before}
        return changes

    def _locked(self) -> FileLock:
        return FileLock(self.path.with_name(f".{self.path.name}.lock"))

    def _write(self, code: str, who: str, counts: Mapping[str, int], originals: Sequence[str] = ()) -> str:
        if not all(isinstance(count, int) for count in counts.values()):
            raise TypeError("an audit log holds codes and counts only")
        if not all(_DIGEST.fullmatch(one) for one in originals):
            raise TypeError("an audit log names originals by their hash only")
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            last, torn = _end(handle)
            line = _line("log_mended", "", {"bytes": torn}, (), last) if torn else b""
            own = _line(code, who, counts, originals, line.rstrip(b"\n") or last)
            if torn:
                os.ftruncate(handle, os.lseek(handle, 0, os.SEEK_END) - torn)
            if os.write(handle, line + own) < len(line + own):  # the next entry cuts what there was room for
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(handle)
        finally:
            os.close(handle)
        return str(json.loads(own)["hash"])

    def _lines(self) -> Iterator[bytes]:
        """Give every whole line."""
        if self.path.exists():
            yield from self.path.read_bytes().split(b"\n")[:-1]


def _line(code: str, who: str, counts: Mapping[str, int], originals: Sequence[str], previous: bytes) -> bytes:
    entry: dict[str, object] = {"at": datetime.now(UTC).isoformat(), "code": code, **counts}
    if who:
        entry["who"] = "".join(c for c in who if c.isprintable())[:_LONGEST_NAME]
    if originals:
        entry["originals"] = sorted(originals)
    entry["previous"] = _hash(previous) if previous else ""
    return json.dumps(entry | {"hash": _hash(_text(entry))}, sort_keys=True).encode() + b"\n"


def _entry(line: bytes, previous: str) -> Mapping[str, Any] | None:
    """Return what a line says, or ``None`` if it is not as it was written after ``previous``."""
    entry = _read(line)
    own = {name: value for name, value in entry.items() if name != "hash"}
    whole = own.get("previous") == previous and entry.get("hash") == _hash(_text(own))
    return entry if whole else None


def _read(line: bytes) -> dict[str, Any]:
    """Return what a line says; nothing of one that was spoilt, which :meth:`AuditLog.check` names."""
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _end(handle: int) -> tuple[bytes, int]:
    """Return the last whole line of a file, and how many bytes come after it: what a crash tore."""
    size, tail = os.lseek(handle, 0, os.SEEK_END), b""
    while size > 0 and tail.count(b"\n") < 2:
        step = min(_BLOCK, size)
        size -= step
        os.lseek(handle, size, os.SEEK_SET)
        tail = os.read(handle, step) + tail
    *lines, torn = tail.split(b"\n")
    return (lines[-1] if lines else b""), len(torn)


def _text(entry: Mapping[str, object]) -> bytes:
    return json.dumps(entry, sort_keys=True).encode()


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
