"""The commands about the workforce: its plan, what people can do, what teams take part in."""

from typing import Annotated

import typer

from engage.cli.analyses import or_why, tell
from engage.cli.commands import app, opened
from engage.cli.settings import Folder, Json, Lang
from engage.errors import TooLittleData


@app.command()
def workforce(
    leaving: Annotated[
        float, typer.Option("--leaving", help="What if people leave this many times as fast: 0.5 to 1.5.")
    ] = 1.0,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Say whether there will be the people that the plan asks for, by role group, and the mix then."""
    from engage.present import sentences

    settings, space = opened(workspace, lang, as_json)
    table = space.workforce(leaving=leaving)
    if leaving != 1.0 and not as_json and table.notes["since"] is not None:
        base = space.workforce()
        tell(table, space, settings, lambda one, names: (sentences.leaving_changed(one, base, names),))
    else:
        tell(table, space, settings, sentences.workforce)


@app.command()
def competence(workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Say which roles fall short of their targets, what to train first, and what customers take away."""
    from engage.cli.output import as_document, print_json
    from engage.present import sentences

    settings, space = opened(workspace, lang, as_json)
    table = space.competence()
    further = {"training": or_why(space.training), "service_value": or_why(space.service_value)}
    if as_json:
        documents = {
            name: {"error": found.as_dict(settings.lang)}
            if isinstance(found, TooLittleData)
            else as_document(found)
            for name, found in further.items()
        }
        print_json({**as_document(table), **documents})
        return
    tell(table, space, settings, sentences.competence)
    for name, said in (("training", sentences.trainings), ("service_value", sentences.profile)):
        found = further[name]
        if isinstance(found, TooLittleData):
            typer.echo(f"{found.what(settings.lang)} {found.remedy(settings.lang)}")
        else:
            tell(found, space, settings, said)


@app.command()
def activities(workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Say what recognition and participation of teams go with: how they feel, and serve, after."""
    from engage.present import sentences

    settings, space = opened(workspace, lang, as_json)
    tell(space.activities(), space, settings, sentences.activities)
