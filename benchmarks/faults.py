"""Places at which a process can be killed, or find the disk full: around every call that changes a file.

In the process that :func:`armed` is called in, everything that Python or the Delta library writes, renames,
links, syncs or deletes counts two places, one before it and one after it. What the Delta library does inside
a call has none: that is reached by killing from outside at any time, and by disks that are really full.
"""

import errno
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import deltalake
from deltalake import DeltaTable
from deltalake.table import TableOptimizer

Fault = Literal["count", "kill", "full"]
CALLS = {
    os: ("replace", "rename", "link", "unlink", "fsync", "write", "ftruncate", "mkdir", "rmdir"),
    deltalake: ("write_deltalake",),
    DeltaTable: ("create", "restore", "vacuum", "create_checkpoint"),
    TableOptimizer: ("compact",),
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass
class Places:
    """How many places were passed, and what happens at the place ``at``."""

    fault: Fault
    at: int
    passed: int = 0
    full: bool = False

    def pass_one(self) -> None:
        """Count a place; at the one that is meant the process is killed, or the disk is full from then on."""
        self.passed += 1
        if self.passed == self.at and self.fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        self.full = self.full or (self.fault == "full" and self.passed >= self.at)


def armed(fault: Fault, at: int = 0) -> Places:
    """Let this process meet ``fault`` at the place with that number; return what counts them."""
    places = Places(fault, at)
    for home, names in CALLS.items():
        for name in names:
            _guard(home, name, places, makes_room=name in ("unlink", "rmdir", "ftruncate"))
    opened = os.open

    def opening(path: Any, flags: int, *given: Any, **more: Any) -> int:
        if flags & WRITING:
            places.pass_one()
            _refuse(places)
        return opened(path, flags, *given, **more)

    os.open = opening
    return places


def _guard(home: Any, name: str, places: Places, *, makes_room: bool) -> None:
    real: Callable[..., Any] = getattr(home, name)

    def around(*given: Any, **more: Any) -> Any:
        places.pass_one()
        if not makes_room:  # a full disk takes deletions
            _refuse(places)
        done = real(*given, **more)
        places.pass_one()
        return done

    setattr(home, name, around)


def _refuse(places: Places) -> None:
    if places.full:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
