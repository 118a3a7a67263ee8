"""A result on its way: finished blocks lie beside the output until it is whole, and survive a kill."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from filelock import FileLock, Timeout

from engage.errors import UsageError

Found = Literal["nothing", "same", "other"]


@dataclass(slots=True)
class Unfinished:
    """The blocks of one job so far: ``OUT.unfinished``, with ``OUT.unfinished.log`` saying what they are.

    The log holds the job, then a line per block: its rows, bytes and digest. A block counts once its line is
    whole and the bytes agree. ``found`` says whether there were blocks of the same job, of another, or none;
    ``rows`` how many rows are kept.
    """

    out: Path
    rows: int
    found: Found
    _part: BinaryIO
    _log: BinaryIO
    _lock: FileLock

    @classmethod
    def begin(cls, out: Path, job: Mapping[str, str]) -> "Unfinished":
        """Take up the blocks of ``job`` that lie beside ``out``, or begin anew.

        Raises ``UsageError`` if another process is at it, or if nothing can be written there.
        """
        part, log, lock = _places(out)
        if out.is_dir() or not out.parent.is_dir():
            raise UsageError("cli.cannot_write", where=str(out))
        try:
            held = FileLock(lock, timeout=0)
            held.acquire()
        except Timeout as error:
            raise UsageError("cli.busy", where=str(out)) from error
        except OSError as error:
            raise UsageError("cli.cannot_write", where=str(out)) from error
        try:
            found, kept = _kept(part, log, job)
            whole = b"".join(_line(line) for line in (dict(job), *kept))
            fresh = log.with_name(f"{log.name}.new")
            fresh.write_bytes(whole)
            fresh.replace(log)
            stream = part.open("r+b" if kept else "wb", buffering=0)
            stream.truncate(sum(size for _, size, _ in kept))
            stream.seek(0, os.SEEK_END)
            rows = sum(rows for rows, _, _ in kept)
            return cls(out, rows, found, stream, log.open("ab", buffering=0), held)
        except OSError as error:
            held.release()
            raise UsageError("cli.cannot_write", where=str(out)) from error

    def add(self, rows: int, block: bytes) -> None:
        """Keep a finished block; ``UsageError`` if it can't be written, such as on a full disk."""
        try:
            written = self._part.write(block)
            if written == len(block):
                self._log.write(_line([rows, len(block), _digest(block)]))
        except OSError as error:
            raise UsageError("cli.cannot_write", where=str(self.out)) from error
        if written != len(block):
            raise UsageError("cli.cannot_write", where=str(self.out))
        self.rows += rows

    def finish(self) -> None:
        """Make the blocks the output, at one go."""
        part, log, _ = _places(self.out)
        try:
            os.fsync(self._part.fileno())
            self._part.close()
            self._log.close()
            part.replace(self.out)
            log.unlink()
        except OSError as error:
            raise UsageError("cli.cannot_write", where=str(self.out)) from error

    def end(self) -> None:
        """Let go of the files. Blocks that did not become the output stay, unless none holds a row."""
        part, log, lock = _places(self.out)
        self._part.close()
        self._log.close()
        if not self.rows:
            part.unlink(missing_ok=True)
            log.unlink(missing_ok=True)
        lock.unlink(missing_ok=True)
        self._lock.release()


def _places(out: Path) -> tuple[Path, Path, Path]:
    part = out.with_name(f"{out.name}.unfinished")
    return part, part.with_name(f"{part.name}.log"), part.with_name(f"{part.name}.lock")


def _kept(part: Path, log: Path, job: Mapping[str, str]) -> tuple[Found, list[tuple[int, int, str]]]:
    """Return whether blocks of ``job`` lie there, and those that are whole."""
    try:
        first, *lines = log.read_bytes().splitlines(keepends=True)
        told = json.loads(first)
        with part.open("rb") as source:
            kept = list(_sound(source, lines)) if told == dict(job) else []
    except (OSError, ValueError):  # no log, or a torn one
        return "nothing", []
    if told != dict(job):
        return "other", []
    return ("same" if kept else "nothing"), kept


def _sound(source: BinaryIO, lines: list[bytes]) -> Iterator[tuple[int, int, str]]:
    """Return rows, bytes and digest of each block until one is not as its line says."""
    for line in lines:
        if not line.endswith(b"\n"):
            return
        rows, size, digest = json.loads(line)
        if _digest(source.read(size)) != digest:
            return
        yield rows, size, digest


def _line(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"


def _digest(block: bytes) -> str:
    return hashlib.blake2b(block, digest_size=16).hexdigest()
