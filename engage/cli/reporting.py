"""``engage report``: a closed wave's results as one file to hand on."""

from pathlib import Path
from typing import Annotated

import typer

from engage.cli.commands import Wave, app, opened
from engage.cli.output import print_json
from engage.cli.settings import Folder, Json, Lang, conditions, readable
from engage.cli.uploading import write_whole
from engage.errors import UsageError
from engage.words import say


@app.command()
def report(
    out: Annotated[Path, typer.Option("--out", help="The file to write: .html, .pptx or .xlsx.")],
    template: Annotated[
        Path | None, typer.Option("--template", help="A PowerPoint file whose look the slides take.")
    ] = None,
    group: Annotated[
        str, typer.Option("--group", help="The one-pager of one group: DEMOGRAPHIC=VALUE, such as team=A1.")
    ] = "",
    wave: Wave = None,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Write what the pages say of a closed wave (the newest) as one HTML file, slides or a workbook.

    With --group, the one-pager of one group: where it stands, and what to talk about with it.
    """
    from engage.present import report as reports
    from engage.present.numbers import today

    settings, space = opened(workspace, lang, as_json)
    format = reports.format_of(out)
    look = readable(template).read_bytes() if template else None
    asked = _one_group(group)
    made = reports.of_workspace(space, settings.lang, wave, made_on=today(settings.lang), group=asked)
    write_whole(out, reports.written(made, format, template=look))
    space.note_export("report", len(made.sections))
    if as_json:
        print_json({"file": str(out), "format": format, "sections": [part.name for part in made.sections]})
    else:
        typer.echo(say("cli.written", settings.lang, out=out))


def _one_group(text: str) -> tuple[str, str] | None:
    """Return demographic and group that ``--group`` names, ``None`` without it."""
    if not text:
        return None
    pairs = [*conditions(text).items()] if "=" in text else []
    if len(pairs) != 1:
        raise UsageError("report.group_form", where="--group", part=text)
    return pairs[0]
