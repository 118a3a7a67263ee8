"""The commands about models of several outcomes: each asks the workspace one thing and prints the answer."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from engage.cli.commands import Wave, app, opened, print_answer
from engage.cli.output import print_json
from engage.cli.settings import Folder, Json, Lang, Settings, numbers_set
from engage.errors import TooLittleData, UsageError
from engage.words import say

if TYPE_CHECKING:
    from engage.present.labels import Names
    from engage.privacy import SafeTable
    from engage.workspace import Workspace


@app.command()
def herzberg(wave: Wave = None, workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Say of each factor whether a shortfall hurts more than a surplus helps, beside what theory says."""
    from engage.present import sentences

    settings, space = opened(workspace, lang, as_json)
    tell(space.herzberg(wave), space, settings, sentences.two_factor)


@app.command()
def whatif(
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="A factor and its change in points, such as growth=+0.3; repeatable."),
    ] = None,
    wave: Wave = None,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Say what changes of factors go with; without --set, what the usual change of each goes with."""
    from engage.present import sentences

    settings, space = opened(workspace, lang, as_json)
    asked = numbers_set(changes or ())
    grid = space.levers(wave)
    if asked:
        tell(grid.answer(asked), space, settings, sentences.what_if)
    else:
        tell(grid.levers, space, settings, sentences.levers)


@app.command()
def service(workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Lay what goes with engagement, leaving and service side by side, persons and teams told apart."""
    from engage.cli.output import as_document
    from engage.present import sentences

    settings, space = opened(workspace, lang, as_json)
    table, paths = space.service_tables()
    if as_json:
        print_json({**as_document(table), "paths": as_document(paths)})
        return
    tell(table, space, settings, sentences.service)
    tell(paths, space, settings, sentences.paths)


def _switch(space: "Workspace", switch: str, purpose: str, settings: Settings) -> None:
    if switch not in ("on", "off"):
        raise UsageError("cli.usage", where="--switch", detail=switch, command="engage attrition")
    space.switch_attrition(switch == "on", purpose=purpose)
    if settings.as_json:
        print_json({"attrition": switch == "on", "purpose": purpose})
    elif switch == "on":
        typer.echo(say("cli.attrition_on", settings.lang, purpose=purpose))
    else:
        typer.echo(say("cli.attrition_off", settings.lang))


@app.command()
def attrition(
    by: Annotated[
        str, typer.Option("--by", help="Split curves of staying: star, role_group, contract, performance.")
    ] = "",
    challenger: Annotated[bool, typer.Option("--challenger", help="Gradient boosting, too (slow).")] = False,
    switch: Annotated[
        str, typer.Option("--switch", metavar="on|off", help="Turn the analysis on or off (administrators).")
    ] = "",
    purpose: Annotated[str, typer.Option("--purpose", help="With --switch on: what for.")] = "",
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Say how long people stay, what leaving goes with, how many will be there, how well leaving can be told.

    Off until an administrator turns it on, saying what for.
    """
    from engage.cli.output import Progress, as_document
    from engage.present import sentences

    settings, space = opened(workspace, lang, as_json)
    if switch:
        _switch(space, switch, purpose, settings)
        return
    curves = space.retention(by)
    further = {"hazards": or_why(space.leaving_hazards), "headcount": or_why(space.headcount)}
    step = Progress(settings.lang)
    model = space.attrition(
        challenger=challenger, progress=lambda done, of: step("models", done, of) if challenger else None
    )
    if as_json:
        documents = {
            name: {"error": found.as_dict(settings.lang)}
            if isinstance(found, TooLittleData)
            else as_document(found)
            for name, found in further.items()
        }
        print_json({**as_document(model), "retention": as_document(curves), **documents})
        return
    tell(curves, space, settings, sentences.staying)
    for name, said in (("hazards", sentences.hazards), ("headcount", sentences.headcount)):
        found = further[name]
        if isinstance(found, TooLittleData):
            typer.echo(f"{found.what(settings.lang)} {found.remedy(settings.lang)}")
        else:
            tell(found, space, settings, said)
    tell(model, space, settings, lambda *one: (*sentences.challenger(*one), *sentences.card(*one)))


def or_why(asked: "Callable[[], SafeTable]") -> "SafeTable | TooLittleData":
    """Return the table, or why the data can't support it: the rest of an answer does not depend on it."""
    try:
        return asked()
    except TooLittleData as error:
        return error


@app.command()
def programmes(
    programme: Annotated[str, typer.Option("--programme", help="One programme; all of them without.")] = "",
    outcome: Annotated[
        str, typer.Option("--outcome", help="Every figure of one outcome, period by period.")
    ] = "",
    assumptions: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="An assumption of what it is worth, such as channel_shift=0.3; repeatable."
        ),
    ] = None,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Say what became of programmes beside a comparison; with --set, what that is worth."""
    from engage.present import sentences
    from engage.privacy import ASSUMPTIONS, release_statement, select_programmes

    settings, space = opened(workspace, lang, as_json)
    asked = numbers_set(assumptions or ())
    unknown = [name for name in asked if name not in ASSUMPTIONS]
    if unknown:
        raise UsageError("cli.unknown_assumption", where="--set", name=unknown[0], known=ASSUMPTIONS)
    if asked and not programme:
        raise UsageError("cli.which_programme", where="--set")
    table = space.programmes(programme)
    if asked:
        worth = release_statement(table, programme, asked)
        tell(worth, space, settings, sentences.statement)
        return
    shown = (
        table if as_json and not outcome else select_programmes(table, outcome=outcome, summary=not outcome)
    )
    tell(shown, space, settings, sentences.programmes)


@app.command()
def stars(workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Say whether a step up in stars comes before or after a change, how long grades last, who got places."""
    from engage.cli.output import as_document, print_json
    from engage.present import sentences

    settings, space = opened(workspace, lang, as_json)
    table = space.stars()
    further = {"time_in_grade": or_why(space.time_in_grade), "places": or_why(space.places)}
    if as_json:
        shown = {
            name: as_document(one) for name, one in further.items() if not isinstance(one, TooLittleData)
        }
        print_json({**as_document(table), **shown})
        return
    tell(table, space, settings, sentences.stars)
    for name, said in (("time_in_grade", sentences.grade), ("places", sentences.places)):
        found = further[name]
        if isinstance(found, TooLittleData):
            typer.echo(f"{found.what(settings.lang)} {found.remedy(settings.lang)}")
        else:
            tell(found, space, settings, said)


def tell(
    table: "SafeTable",
    space: "Workspace",
    settings: Settings,
    said: "Callable[[SafeTable, Names], Iterable[str]]",
) -> None:
    """Print what a table says in sentences, then the table; for scripts the table alone."""
    from engage.present.labels import Names
    from engage.workspace import ALL_WAVES

    if not settings.as_json:
        for line in said(table, Names(space.instrument(ALL_WAVES), settings.lang)):
            typer.echo(line)
    print_answer(table, space, ALL_WAVES, settings)
