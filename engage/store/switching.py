"""Changes of several tables that take effect at one go, and what a killed one leaves is taken back.

A Delta table changes atomically, several of them do not. So ``workspace.json`` names the versions that hold
while a change of several is under way (``switching``): readers pin these, and the write of that file that
takes the names away is the moment at which everything changes. What was killed before it is taken back by the
next writer; what has to be done after it (``to_forget``: history to be deleted) is done by the next writer,
too. ``turn`` counts, so that a reader can tell that tables changed between its first look and its last.
"""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from engage.errors import EngageError
from engage.store import delta
from engage.store.files import FILE, describe, described, locked

_PINS: Final = "switching"
_FORGET: Final = "to_forget"
_TURN: Final = "turn"
_FULL: Final = "No space left on device"  # how the Delta library's own errors put it


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Keep every other writer out, and first finish or take back what a killed one left.

    Raises ``EngageError`` if another writer does not let go, or where the disk is full: what was not
    committed by then is seen by nobody.
    """
    try:
        with locked(folder):
            _settle(folder)
            yield
    except Exception as error:
        if is_full(error):
            raise EngageError("store.disk_full", where=str(folder)) from error
        raise


@contextmanager
def switching(folder: Path, **then: Any) -> Iterator[None]:
    """Change several tables in here; readers see none of it before the end, and then everything.

    The caller is :func:`writing`. ``then`` is written to ``workspace.json`` at that moment. Afterwards the
    history that the change leaves is to be deleted by :func:`forget`. After an error or a kill nothing has
    changed: the next writer takes it back.
    """
    document = described(folder)
    describe(folder, document | {_PINS: {table.name: delta.version(table) for table in tables(folder)}})
    yield
    describe(folder, document | then | {_TURN: document.get(_TURN, 0) + 1, _FORGET: True})


def forget(folder: Path) -> None:
    """Delete what no present version of any table needs, and what crashes left of files."""
    for table in tables(folder):
        delta.forget(table)
    for part in (*folder.glob("*/.*.part"), *folder.glob(".*.part")):
        part.unlink()
    document = described(folder)
    if document.pop(_FORGET, False):
        describe(folder, document)


def tables(folder: Path) -> tuple[Path, ...]:
    """Return the folders of the tables of a workspace."""
    home = folder / "tables"
    return tuple(sorted(table for table in home.iterdir() if table.is_dir())) if home.is_dir() else ()


def holding(folder: Path) -> tuple[int, Mapping[str, int] | None]:
    """Return the turn, and the versions that hold where a change is under way (``None`` where none is)."""
    document = described(folder)
    return int(document.get(_TURN, 0)), document.get(_PINS)


def is_full(error: BaseException | None) -> bool:
    """Return whether an error, or what caused it, is a full disk."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if _FULL in str(error):
            return True
        error = error.__cause__
    return False


def _settle(folder: Path) -> None:
    if not (folder / FILE).is_file():
        return  # it is being made
    document = described(folder)
    pins = document.pop(_PINS, None)
    if pins is not None:
        for name, version in pins.items():
            delta.restore(folder / "tables" / name, version)
        describe(folder, document | {_TURN: document.get(_TURN, 0) + 1})
    if document.get(_FORGET):
        forget(folder)
