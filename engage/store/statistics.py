"""Where statistics of the tables are kept, and when they go."""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from engage.store.files import LOCK, write_whole

STATISTICS: Final = "statistics"


def statistic(folder: Path, about: str, version: str) -> bytes | None:
    """Return what is kept ``about`` something in one version of it, ``None`` if nothing is."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return _file(folder, about, version).read_bytes()
    return None


def keep_statistic(folder: Path, about: str, version: str, content: bytes, of: Iterable[str]) -> None:
    """Keep it in the place of other versions, unless a file that it is ``of`` is gone.

    That would be an erasure since it was worked out, after which nothing of the person may come back. Nothing
    is kept either where somebody else writes just now, or where the folder can't be written to: whoever asks
    next works it out again.
    """
    with suppress(Timeout, OSError), FileLock(folder / LOCK, timeout=0):
        if all(Path(file).is_file() for file in of):
            file = _file(folder, about, version)
            file.parent.mkdir(mode=0o700, exist_ok=True)
            write_whole(file, content)
            for other in file.parent.glob(f"{about}-*"):
                if other != file:
                    other.unlink()


def drop_statistics(folder: Path) -> None:
    """Remove all that is kept; nobody else may write meanwhile."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder / STATISTICS)


def _file(folder: Path, about: str, version: str) -> Path:
    return folder / STATISTICS / f"{about}-{version}"
