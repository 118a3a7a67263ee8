"""The sample workspace: generated exports, imported the way a user's own files are."""

from collections.abc import Iterator
from pathlib import Path

from engage.errors import UsageError
from engage.workspace import Workspace
from engage.workspace.importing import Progress
from engage.workspace.sample_files import sample_folder


def build_sample(folder: str | Path, *, progress: Progress | None = None) -> Workspace:
    """Build the sample workspace in ``folder``, or return the one that is there.

    Raises ``UsageError`` if the folder holds a workspace with anything else in it.
    """
    space = Workspace(folder)
    if not space.is_empty:
        if not space.is_sample:
            raise UsageError("workspace.not_sample", where=str(folder), folder=str(folder))
        return space
    files = list(_files(sample_folder()))
    for step, (file, kind, wave) in enumerate(files):
        if progress:
            progress("sample", step, len(files))
        space.import_file(file, kind, wave)  # type: ignore[arg-type]  # the names in _files are kinds
    for wave in space.open_waves:
        space.close(wave)
    if progress:
        progress("sample", len(files), len(files))
    return space


def _files(folder: Path) -> Iterator[tuple[Path, str, str | None]]:
    for kind in ("people", "service", "programmes"):
        yield folder / f"{kind}.csv", kind, None
    for file in sorted(folder.glob("responses_*.*")):
        yield file, "responses", file.stem.removeprefix("responses_")
    for file in sorted(folder.glob("suggestion_box_*.csv")):
        yield file, "comments", file.stem.removeprefix("suggestion_box_")
