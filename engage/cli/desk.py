"""The commands of the service desk: tickets, quality inspections, and the weekly bulletin."""

from pathlib import Path
from typing import Annotated

import typer

from engage.cli.commands import app, opened, print_answer
from engage.cli.output import as_document, print_json
from engage.cli.settings import Folder, Json, Lang
from engage.cli.uploading import write_whole
from engage.words import say


@app.command()
def desk(
    weeks: Annotated[
        int, typer.Option("--weeks", help="The last full weeks that branches are told of.")
    ] = 13,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Say which tickets are handled in time, and which branches and weeks are out of line."""
    from engage.present import sentences
    from engage.present.labels import Names

    settings, space = opened(workspace, lang, as_json)
    table, trend = space.desk(weeks), space.desk_weeks()
    if as_json:
        print_json({**as_document(table), "weeks": as_document(trend)})
        return
    names = Names(None, settings.lang)
    for line in (*sentences.desk(table, names), *sentences.desk_weeks(trend, names)):
        typer.echo(line)
    print_answer(table, space, None, settings)


@app.command()
def inspections(workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Say where marks of quality inspections fall below the standard, and whether inspectors agree."""
    from engage.errors import TooLittleData
    from engage.present import sentences
    from engage.present.labels import Names

    settings, space = opened(workspace, lang, as_json)
    table = space.inspections()
    try:
        agreement = space.raters()
    except TooLittleData as error:
        agreement, why = None, error
    if as_json:
        told = as_document(agreement) if agreement else {"error": why.as_dict(settings.lang)}
        print_json({**as_document(table), "raters": told})
        return
    names = Names(None, settings.lang)
    for line in sentences.training(table, names):
        typer.echo(line)
    print_answer(table, space, None, settings)
    if agreement is None:
        typer.echo(f"{why.what(settings.lang)} {why.remedy(settings.lang)}")
        return
    for line in sentences.raters(agreement, names):
        typer.echo(line)
    print_answer(agreement, space, None, settings)


@app.command()
def bulletin(
    out: Annotated[Path, typer.Option("--out", help="The file to write: .html, .pptx or .xlsx.")],
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Write the weekly service bulletin: the last full week on one page, with the figures of the desk."""
    from engage.present.labels import Names
    from engage.present.numbers import today
    from engage.present.report import format_of, written
    from engage.present.report.bulletin import bulletin as composed

    settings, space = opened(workspace, lang, as_json)
    format = format_of(out)
    made = composed(space, Names(None, settings.lang), made_on=today(settings.lang))
    write_whole(out, written(made, format))
    if as_json:
        print_json({"file": str(out), "format": format, "sections": [part.name for part in made.sections]})
    else:
        typer.echo(say("cli.written", settings.lang, out=out))
