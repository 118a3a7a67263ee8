"""Reports: what the pages say of a wave, to hand on - one HTML file, slides, a workbook.

Three writers over one :class:`Report`, so that their numbers are the same, and those of the pages.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal, get_args

from engage.errors import UsageError
from engage.present.labels import Names
from engage.present.report.one_pager import one_pager, shown_levels
from engage.present.report.source import FromWorkspace, Source
from engage.present.report.story import Figure, Report, Section, Sheet, compose
from engage.words import Language
from engage.workspace import Workspace

Format = Literal["html", "pptx", "xlsx"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)

__all__ = [
    "FORMATS",
    "Figure",
    "Format",
    "FromWorkspace",
    "Report",
    "Section",
    "Sheet",
    "Source",
    "compose",
    "format_of",
    "of_workspace",
    "one_pager",
    "shown_levels",
    "written",
]


def of_workspace(
    workspace: Workspace,
    lang: Language,
    wave: str | None = None,
    *,
    made_on: str,
    group: tuple[str, str] | None = None,
) -> Report:
    """Return the report of a closed wave of a workspace, the newest where none is named.

    ``group``: a demographic and one group of it, for the one-pager of that group. Raises ``TooLittleData``
    where no wave is closed or the group is not shown, ``UsageError`` for an unknown wave or demographic.
    """
    wave = workspace.closed(wave)
    names = Names(workspace.instrument(wave), lang)
    if group is not None:
        return one_pager(FromWorkspace(workspace), names, wave, *group, made_on=made_on)
    return compose(FromWorkspace(workspace), names, wave, made_on=made_on)


def format_of(path: Path) -> Format:
    """Return the format that a file's ending asks for, or raise ``UsageError``."""
    ending = path.suffix.lower().removeprefix(".")
    for format in FORMATS:
        if ending == format:
            return format
    raise UsageError("report.unknown_format", where=str(path), known=[f".{one}" for one in FORMATS])


def written(report: Report, format: Format, *, template: bytes | None = None) -> bytes:
    """Return a report as a file.

    ``template``: a PowerPoint file whose master, layouts and size the slides take. Raises ``InputError`` for
    one that is not a presentation, ``UsageError`` where another format is asked for.
    """
    from engage.present.report import html, slides, workbook

    if format == "pptx":
        return slides.write(report, template)
    if template is not None:
        raise UsageError("report.template_needs_slides", where=format)
    writers: Mapping[str, Callable[[Report], bytes]] = {"html": html.write, "xlsx": workbook.write}
    return writers[format](report)
