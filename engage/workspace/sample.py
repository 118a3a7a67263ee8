"""The sample workspace: generated exports, imported the way a user's own files are."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from engage.errors import UsageError
from engage.ingest import Kind
from engage.workspace import Workspace
from engage.workspace.base import SAMPLE_PURPOSE
from engage.workspace.importing import Progress
from engage.workspace.sample_files import sample_folder


def build_sample(folder: str | Path, *, progress: Progress | None = None) -> Workspace:
    """Build the sample workspace in ``folder``, or return the one that is there.

    It is built aside and moved into place when it is whole, so an interrupted build leaves nothing behind
    that could be taken for it. Raises ``UsageError`` if the folder holds anything else.
    """
    space = Workspace(folder)
    if space.is_sample:
        return space
    if space.path.exists() and any(space.path.iterdir()):
        raise UsageError("workspace.not_sample", where=str(folder), folder=str(folder))
    parent = space.path.resolve().parent
    parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=parent, prefix=".sample-") as aside:
        built = Path(aside) / "workspace"
        _build(Workspace(built), progress or (lambda *_: None))
        built.rename(space.path)
    return space


def _build(space: Workspace, progress: Progress) -> None:
    files = list(_files(sample_folder()))
    waves = list(dict.fromkeys(wave for _, kind, wave in files if kind == "responses" and wave))
    steps = len(files) + len(waves)
    for step, (file, kind, wave) in enumerate(files):
        progress("sample", step, steps)
        told = file.with_name(f"mapping_{wave}.yaml")
        mapping = told if file.stem.startswith("responses_") and told.is_file() else None
        space.import_file(file, kind, wave, mapping=mapping)
    switch = f"attrition: true\nattrition_purpose: {SAMPLE_PURPOSE}\n"
    (space.path / "policy.yaml").write_text(switch, encoding="utf-8")
    for step, wave in enumerate(waves, start=len(files)):
        progress("sample", step, steps)
        space.close(wave)
    progress("sample", steps, steps)


def _files(folder: Path) -> Iterator[tuple[Path, Kind, str | None]]:
    yield folder / "people.csv", "people", None
    yield folder / "service.csv", "service", None
    yield folder / "programmes.csv", "programmes", None
    yield folder / "tickets.csv", "tickets", None
    yield folder / "inspections.csv", "inspections", None
    yield folder / "plan.csv", "plan", None
    yield folder / "activities.csv", "activities", None
    for questionnaire in ("responses", "competence", "service_value"):
        for file in sorted(folder.glob(f"{questionnaire}_*.*")):
            yield file, "responses", file.stem.removeprefix(f"{questionnaire}_")
    for file in sorted(folder.glob("suggestion_box_*.csv")):
        yield file, "comments", file.stem.removeprefix("suggestion_box_")
