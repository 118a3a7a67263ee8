"""The commands themselves: each asks the workspace one thing and prints the answer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engage.cli.output import (
    Progress,
    as_document,
    as_rows,
    print_json,
    print_problems,
    print_reading,
    print_table,
)
from engage.cli.records import print_log
from engage.cli.settings import (
    Folder,
    Json,
    Lang,
    Settings,
    conditions,
    instrument_named,
    kind_named,
    names,
    readable,
    settle,
)
from engage.cli.uploading import told_mapping, write_whole
from engage.errors import UsageError
from engage.words import say

if TYPE_CHECKING:
    from engage.privacy import SafeTable
    from engage.workspace import Workspace

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Wave = Annotated[str | None, typer.Option("--wave", help="Name of the survey wave.")]
InstrumentName = Annotated[str | None, typer.Option("--instrument", help="Name or path of an instrument.")]
MappingFile = Annotated[Path | None, typer.Option("--mapping", help="YAML file that names foreign columns.")]
KindName = Annotated[
    str, typer.Option("--kind", help="responses, comments, people, service or programmes.", metavar="KIND")
]
Settings_ = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="A setting of the mapping, KEY=VALUE, such as first_option=lowest; repeatable."
    ),
]
TeamMapFile = Annotated[Path | None, typer.Option("--teams", help="YAML file with old and new team names.")]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the app on this machine.")]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Surveys and suggestion boxes in; drivers of engagement, attrition and service out."""
    if version:
        from engage import __version__

        print_json({"version": __version__}) if as_json else typer.echo(__version__)
        raise typer.Exit
    command = context.invoked_subcommand
    if command is None:
        if as_json:
            raise UsageError("cli.no_command", where="engage")
        typer.echo(context.get_help())
        raise typer.Exit
    # What stands before the command holds unless it is said again after it.
    given = {"workspace": workspace, "lang": lang, "as_json": as_json or None}
    context.default_map = {command: {name: value for name, value in given.items() if value is not None}}


@app.command()
def demo(
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
    no_app: Annotated[bool, typer.Option("--no-app", help="Print the headlines only.")] = False,
    port: Port = 8501,
) -> None:
    """Build the sample workspace, print headline results, then serve the app."""
    from engage.cli.serving import check_port, serve
    from engage.workspace.sample import build_sample

    settings = settle(workspace, lang, as_json)
    if not no_app:
        check_port(port)  # before the long part
    space = build_sample(settings.folder, progress=Progress(settings.lang))
    drivers = {outcome: space.drivers(outcome) for outcome in ("engagement", "attrition", "service")}
    if as_json:
        tables = {"scores": space.scores(), **drivers}
        print_json({name: as_document(table) for name, table in tables.items()})
    else:
        _print_headlines(space, drivers, settings)
    if not no_app:
        serve(settings, port)


@app.command()
def check(
    file: Path,
    kind: KindName = "responses",
    instrument: InstrumentName = None,
    mapping: MappingFile = None,
    setting: Settings_ = None,
    teams: TeamMapFile = None,
    faulty_rows: Annotated[
        Path | None, typer.Option("--faulty-rows", help="Write the rows at fault there, to be corrected.")
    ] = None,
    save_mapping: Annotated[
        Path | None, typer.Option("--save-mapping", help="Write there how the file was understood.")
    ] = None,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Say what was understood of a file, and every fault in it; import nothing."""
    from engage.ingest import read
    from engage.ingest.correcting import faulty_rows as rows_at_fault
    from engage.ingest.saving import as_yaml

    settings = settle(workspace, lang, as_json)
    questionnaire = instrument_named(instrument, settings.folder)
    told = told_mapping(mapping, setting or (), teams)
    surveys = [settings.folder / "surveys"]
    reading = read(readable(file), kind_named(kind), questionnaire, told, surveys=surveys)
    document = reading.as_dict(settings.lang)
    if faulty_rows is not None and reading.faulty_rows:
        write_whole(
            faulty_rows,
            rows_at_fault(file, reading.kind, reading.instrument or questionnaire, told, lang=settings.lang),
        )
    if save_mapping is not None:
        write_whole(save_mapping, as_yaml(reading).encode())
    if as_json:
        print_json(document)
    else:
        print_reading(document, settings.lang)
    if not reading.ok:
        raise typer.Exit(1)


@app.command("import")
def import_(
    file: Path,
    kind: KindName,
    wave: Wave = None,
    instrument: InstrumentName = None,
    mapping: MappingFile = None,
    setting: Settings_ = None,
    teams: TeamMapFile = None,
    corrected: Annotated[
        Path | None, typer.Option("--corrected", help="The faulty rows of this file, corrected.")
    ] = None,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Import a file, whole or not at all."""
    from engage.ingest.correcting import corrected_mapping, with_corrections
    from engage.workspace import ALL_WAVES, Workspace

    settings = settle(workspace, lang, as_json)
    told = told_mapping(mapping, setting or (), teams)
    content: Path | bytes = readable(file)
    if corrected is not None:
        content, told = with_corrections(file, readable(corrected), told), corrected_mapping(told)
    space = Workspace(settings.folder)
    done = space.import_file(
        content,
        kind_named(kind),
        wave,
        instrument_named(instrument, settings.folder),
        told,
        name=file.name,
        progress=Progress(settings.lang),
    )
    problems = [problem.as_dict(settings.lang) for problem in done.problems]
    if as_json:
        facts = ("import_id", "kind", "wave", "rows", "comments", "instrument", "waits")
        print_json({**{name: getattr(done, name) for name in facts}, "problems": problems})
        return
    counts = {"rows": done.rows, "comments": done.comments}
    if done.wave == ALL_WAVES:
        typer.echo(say("cli.imported_all", settings.lang, **counts))
    else:
        typer.echo(say("cli.imported", settings.lang, wave=done.wave, **counts))
    print_problems(problems, settings.lang)
    if done.waits:
        _print_waiting(space, done.wave, settings)


@app.command()
def draft(
    file: Path,
    out: Annotated[Path, typer.Option("--out", help="YAML file to write.")],
    mapping: MappingFile = None,
    setting: Settings_ = None,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Propose an instrument for a survey export that has none; edit it before use."""
    from engage.ingest.draft import draft_instrument

    settings = settle(workspace, lang, as_json)
    name = "".join(c if c.isalnum() and c.isascii() else "_" for c in out.stem.lower()).strip("_")
    found = draft_instrument(
        readable(file),
        name=name if name[:1].isalpha() else "draft",
        mapping=told_mapping(mapping, setting or ()),
    )
    write_whole(out, found.document.encode())
    if as_json:
        print_json(found.as_dict())
    else:
        typer.echo(say("cli.written", settings.lang, out=out))


@app.command()
def close(wave: str, workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Close a wave: compute the tables that may be shown, and show them from now on.

    A closed wave is closed again to let in what was imported or taken back since, once that is of enough
    people.
    """
    settings, space = opened(workspace, lang, as_json)
    table = space.close(wave)
    print_answer(table, space, wave, settings)


@app.command()
def waves(workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """List the waves: open or closed, when, how many answered, and which wait to be closed again."""
    settings, space = opened(workspace, lang, as_json)
    waiting, ready = (space.waiting_waves, space.ready_waves) if space.may("upload") else ((), ())
    if as_json:
        states = [{"wave": wave, "ready": wave in ready} for wave in waiting]
        print_json({**as_document(space.wave_table()), "waiting": states})
        return
    print_answer(space.wave_table(), space, None, settings)
    for wave in waiting:
        _print_waiting(space, wave, settings)


@app.command()
def joins(wave: Wave = None, workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Say how many rows of survey, people, service and comments could be matched."""
    settings, space = opened(workspace, lang, as_json)
    print_answer(space.join_report(wave), space, wave, settings)


@app.command()
def undo(wave: str, workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Take back the latest import of a wave.

    A closed wave is opened again if it loses enough people; if fewer, its results stay until the next close.
    """
    settings, space = opened(workspace, lang, as_json)
    event = space.undo(wave)
    if as_json:
        print_json({"undone": event.target, "wave": wave, "kind": event.kind})
    else:
        typer.echo(say("cli.undone", settings.lang, wave=wave, kind=event.kind))
        if event.wave in space.waiting_waves:
            _print_waiting(space, event.wave, settings)


@app.command()
def scores(
    wave: Wave = None,
    by: Annotated[str, typer.Option("--by", help="Demographics, comma-separated.")] = "",
    where: Annotated[str, typer.Option("--where", help="DEMOGRAPHIC=VALUE, comma-separated.")] = "",
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Print released scale scores, and how they stand beside the norms that are loaded."""
    settings, space = opened(workspace, lang, as_json)
    table = space.scores(wave, names(by), conditions(where))
    print_answer(table, space, wave, settings)
    if not (as_json or by):
        from engage.present.labels import Names
        from engage.present.norm_sentences import beside_norms

        for line in beside_norms(table, space.norms(), Names(space.instrument(wave), settings.lang)):
            typer.echo(line)


@app.command()
def trend(workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Print the released totals of every closed wave, and where a scale was asked in other words."""
    from engage.present.labels import Names
    from engage.present.trend_breaks import trend_breaks
    from engage.workspace import ALL_WAVES

    settings, space = opened(workspace, lang, as_json)
    table, breaks = space.trend(), space.breaks()
    if as_json:
        print_json({**as_document(table), "breaks": as_rows(breaks)})
        return
    print_answer(table, space, ALL_WAVES, settings)
    for line in trend_breaks(breaks.breaks, Names(space.instrument(ALL_WAVES), settings.lang)):
        typer.echo(line)


@app.command()
def drivers(
    outcome: Annotated[str, typer.Option("--outcome", help="A scale, attrition or service.")],
    wave: Wave = None,
    by: Annotated[str, typer.Option("--by", help="One demographic: a model per group.")] = "",
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Print what goes with an outcome: coefficients, importance and their intervals."""
    settings, space = opened(workspace, lang, as_json)
    table = space.drivers(outcome, wave, by=names(by))
    print_answer(table, space, wave, settings)


@app.command()
def quality(wave: Wave = None, workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Say whether a wave is fit to use: response, careless answers, reliability, agreement of teams."""
    settings, space = opened(workspace, lang, as_json)
    table = space.quality(wave)
    if not settings.as_json:
        _print_lights(table, space, wave, settings)
    print_answer(table, space, wave, settings)


@app.command()
def utility(wave: Wave = None, workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Say how many cells of each table are shown, and why the others are not."""
    settings, space = opened(workspace, lang, as_json)
    print_answer(space.utility(wave), space, wave, settings)


@app.command()
def audit(
    colluders: Annotated[int, typer.Option("--colluders", min=0, max=10, help="Who compare notes.")] = 3,
    log: Annotated[bool, typer.Option("--log", help="Check the audit log instead, and print it.")] = False,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Attack this workspace's released results; nobody may be found (exit 3 otherwise)."""
    settings, space = opened(workspace, lang, as_json)
    if log:
        print_log(space.audit_log(), settings)
        return
    table = space.audit(colluders=colluders, progress=Progress(settings.lang))
    print_answer(table, space, None, settings)
    if (table.tidy()["certain"] > 0).any():
        raise typer.Exit(3)


@app.command("app")
def app_(
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
    port: Port = 8501,
    address: Annotated[
        str, typer.Option("--address", help="Where to listen; beyond this machine only with --sign-in.")
    ] = "127.0.0.1",
    sign_in: Annotated[
        Path | None,
        typer.Option("--sign-in", envvar="ENGAGE_SIGN_IN", help="secrets.toml of the OIDC provider."),
    ] = None,
) -> None:
    """Serve the app, until Ctrl+C: to the user of this machine, or to who signs in and is listed."""
    from engage.cli.serving import check_port, check_reach, serve

    settings = settle(workspace, lang, as_json)
    check_reach(settings.folder, address, sign_in)
    check_port(port, address)
    if as_json:
        print_json({"url": f"http://{address}:{port}"})
    serve(settings, port, address, sign_in)


def opened(workspace: Path | None, lang: str | None, as_json: bool) -> tuple[Settings, "Workspace"]:
    """Return the settings of a command and its workspace."""
    from engage.workspace import Workspace

    settings = settle(workspace, lang, as_json)
    return settings, Workspace(settings.folder)


def print_answer(table: "SafeTable", space: "Workspace", wave: str | None, settings: Settings) -> None:
    """Print a released table in words, or as JSON."""
    if settings.as_json:
        print_json(as_document(table))
    else:
        instrument = space.instrument(wave) if space.waves() else None
        print_table(table, instrument, settings.lang)


def _print_waiting(space: "Workspace", wave: str, settings: Settings) -> None:
    """Say that a closed wave does not show everything yet, and when it can be closed again."""
    policy = space.policy
    if wave in space.ready_waves:
        typer.echo(say("cli.waits_ready", settings.lang, wave=wave))
    else:
        needed = {"people": policy.scores_k, "comments": policy.comments_k}
        typer.echo(say("cli.waits", settings.lang, wave=wave, **needed))


def _print_lights(table: "SafeTable", space: "Workspace", wave: str | None, settings: Settings) -> None:
    from engage.present import sentences
    from engage.present.labels import Names

    labels = Names(space.instrument(wave), settings.lang)
    typer.echo(sentences.quality(table, labels)[0])
    for light in sentences.lights(table, labels):
        state = say(f"labels.light.{light.state}", settings.lang)
        typer.echo(f"- {say(f'sentences.light.{light.check}.name', settings.lang)} [{state}] {light.why}")


def _print_headlines(space: "Workspace", drivers: dict[str, "SafeTable"], settings: Settings) -> None:
    from engage.present import sentences
    from engage.present.labels import Names

    labels = Names(space.instrument(), settings.lang)
    wave = space.closed_waves[-1]
    lines = sentences.overview(space.scores(), labels, changes=space.changes(), wave=wave)
    for line in (*lines, *(line for table in drivers.values() for line in sentences.drivers(table, labels))):
        typer.echo(line)
