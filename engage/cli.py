"""The ``engage`` command. Exit codes: 0 done, 1 the input is at fault, 2 wrong usage, 3 our fault."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, cast

import click
import typer

from engage.errors import EngageError, Rejected, UsageError
from engage.words import LANGUAGES, Language, say

if TYPE_CHECKING:
    from engage.ingest import Kind
    from engage.privacy import SafeTable
    from engage.workspace import Workspace

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

Folder = Annotated[Path | None, typer.Option("--workspace", help="Folder of the workspace.")]
Lang = Annotated[str | None, typer.Option("--lang", help="zh, en or ru.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Wave = Annotated[str | None, typer.Option("--wave", help="Name of the survey wave.")]
InstrumentName = Annotated[str | None, typer.Option("--instrument", help="Name or path of an instrument.")]
MappingFile = Annotated[Path | None, typer.Option("--mapping", help="YAML file that names foreign columns.")]


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    as_json = "--json" in sys.argv
    try:
        app(standalone_mode=False)
    except EngageError as error:
        sys.exit(_fail(error, as_json))
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        if as_json:
            _print_json(
                {"error": {"code": "cli.usage", "what": error.format_message(), "where": "", "remedy": ""}}
            )
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
    except Exception as error:  # the last resort: a plain sentence instead of a traceback
        sys.exit(_fail(EngageError("cli.internal", kind=type(error).__name__), as_json))
    sys.exit(0)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Surveys and suggestion boxes in; drivers of engagement, attrition and service out."""
    if version:
        from engage import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.command()
def demo(
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
    no_app: Annotated[bool, typer.Option("--no-app", help="Print headlines only.")] = False,
    port: Annotated[int, typer.Option("--port")] = 8501,
) -> None:
    """Build the sample workspace, print headline results, then open the app."""
    from engage.workspace.sample import build_sample

    tongue = _language(lang)
    folder = _folder(workspace)
    space = build_sample(folder, progress=_step_printer(tongue))
    tables = {"scores": space.scores(), **_driver_tables(space)}
    if as_json:
        _print_json({name: _document(table) for name, table in tables.items()})
    else:
        for table in tables.values():
            _print_table(table, tongue)
    if not no_app:
        _serve(folder, port, tongue)


@app.command()
def check(
    file: Path,
    kind: Annotated[str, typer.Option("--kind")] = "responses",
    instrument: InstrumentName = None,
    mapping: MappingFile = None,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Say what was understood of a file, and every fault in it; import nothing."""
    from engage.ingest import read

    tongue = _language(lang)
    reading = read(_existing(file), _kind(kind), _instrument(instrument, workspace), mapping)
    document = reading.as_dict(tongue)
    if as_json:
        _print_json(document)
    else:
        _print_reading(document, tongue)
    if not reading.ok:
        raise typer.Exit(1)


@app.command("import")
def import_(
    file: Path,
    kind: Annotated[str, typer.Option("--kind")],
    wave: Wave = None,
    instrument: InstrumentName = None,
    mapping: MappingFile = None,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Import a file, whole or not at all."""
    from engage.workspace import Workspace

    tongue = _language(lang)
    space = Workspace(_folder(workspace))
    done = space.import_file(
        _existing(file),
        _kind(kind),
        wave,
        _instrument(instrument, workspace),
        mapping,
        progress=_step_printer(tongue),
    )
    if as_json:
        _print_json(
            {
                "import_id": done.import_id,
                "kind": done.kind,
                "wave": done.wave,
                "rows": done.rows,
                "comments": done.comments,
                "instrument": done.instrument,
                "problems": [problem.as_dict(tongue) for problem in done.problems],
            }
        )
        return
    typer.echo(say("cli.imported", tongue, rows=done.rows, comments=done.comments, wave=done.wave))
    _print_problems([problem.as_dict(tongue) for problem in done.problems])


@app.command()
def close(wave: str, workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Close a wave: compute the tables that may be shown, and show them from now on."""
    from engage.workspace import Workspace

    table = Workspace(_folder(workspace)).close(wave)
    _print(table, _language(lang), as_json)


@app.command()
def waves(workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """List the waves: open or closed, when, and how many answered."""
    from engage.workspace import Workspace

    _print(Workspace(_folder(workspace)).wave_table(), _language(lang), as_json)


@app.command()
def undo(wave: str, workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Take back the latest import of a wave (a closed wave is opened again)."""
    from engage.workspace import Workspace

    event = Workspace(_folder(workspace)).undo(wave)
    if as_json:
        _print_json({"undone": event.target, "wave": wave, "kind": event.kind})
    else:
        typer.echo(say("cli.undone", _language(lang), wave=wave, kind=event.kind))


@app.command()
def scores(
    wave: Wave = None,
    by: Annotated[str, typer.Option("--by", help="Demographics, comma-separated.")] = "",
    where: Annotated[str, typer.Option("--where", help="DEMOGRAPHIC=VALUE, comma-separated.")] = "",
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Print released scale scores."""
    from engage.workspace import Workspace

    table = Workspace(_folder(workspace)).scores(wave, _names(by), _pairs(where))
    _print(table, _language(lang), as_json)


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
    from engage.workspace import Workspace

    table = Workspace(_folder(workspace)).drivers(outcome, wave, by=_names(by))
    _print(table, _language(lang), as_json)


@app.command()
def comments(
    wave: Wave = None,
    by: Annotated[str, typer.Option("--by", help="theme, wave, or a demographic.")] = "theme",
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Print the tone of comments, within each question and source."""
    from engage.workspace import Workspace

    _print(Workspace(_folder(workspace)).tone(by, wave), _language(lang), as_json)


@app.command()
def sentiment(
    file: Path,
    column: Annotated[str, typer.Option("--column")],
    out: Annotated[Path, typer.Option("--out")],
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Add language, tone, tone_score, intent and theme to a file of comments."""
    from engage.ingest.files import read_table
    from engage.text import sentiment as score

    tongue = _language(lang)
    table = read_table(_existing(file))
    if column not in table.columns:
        raise UsageError("cli.no_column", where=file.name, column=column, known=list(table.columns))
    show = _step_printer(tongue)
    scored = score(table[column], progress=lambda done, of: show("comments", done, of))
    table.join(scored).to_csv(out, index=False, encoding="utf-8-sig")
    if as_json:
        _print_json({"rows": len(table), "out": str(out)})
    else:
        typer.echo(say("cli.sentiment_done", tongue, rows=len(table), out=out))


@app.command("app")
def app_(
    workspace: Folder = None,
    lang: Lang = None,
    port: Annotated[int, typer.Option("--port")] = 8501,
) -> None:
    """Open the app in the browser."""
    _serve(_folder(workspace), port, _language(lang))


def _driver_tables(space: "Workspace") -> dict[str, "SafeTable"]:
    return {outcome: space.drivers(outcome) for outcome in ("engagement", "attrition", "service")}


def _serve(folder: Path, port: int, lang: Language) -> NoReturn:
    import subprocess

    script = Path(__file__).parent / "views" / "main.py"
    typer.echo(say("cli.serving", lang, port=port), err=True)
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(script),
        "--server.port",
        str(port),
        "--server.address",
        "127.0.0.1",
        "--server.headless",
        "true",
        "--browser.gatherUsageStats",
        "false",
        "--client.showErrorDetails",
        "none",
        "--server.enableXsrfProtection",
        "true",
        "--client.toolbarMode",
        "minimal",
    ]
    environment = {**os.environ, "ENGAGE_WORKSPACE": str(folder), "ENGAGE_LANG": lang}
    try:
        sys.exit(subprocess.run(command, env=environment, check=False).returncode)
    except KeyboardInterrupt:
        sys.exit(0)


def _folder(flag: Path | None) -> Path:
    return flag or Path(os.environ.get("ENGAGE_WORKSPACE") or "workspace")


def _language(flag: str | None) -> Language:
    wanted = flag or os.environ.get("ENGAGE_LANG") or os.environ.get("LANG", "")[:2]
    if flag and flag not in LANGUAGES:
        raise UsageError("cli.unknown_language", where="--lang", name=flag, known=LANGUAGES)
    return next((lang for lang in LANGUAGES if lang == wanted), "en")


def _kind(name: str) -> "Kind":
    from typing import get_args

    from engage.ingest import Kind

    kinds = get_args(Kind)
    if name not in kinds:
        raise UsageError("cli.unknown_kind", where="--kind", name=name, known=kinds)
    return cast("Kind", name)


def _instrument(name: str | None, workspace: Path | None) -> Any:
    if name is None:
        return None
    from engage.instrument import load_instrument

    return load_instrument(name, folders=[_folder(workspace) / "surveys"])


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise UsageError("cli.no_file", where=str(file))
    return file


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _pairs(text: str) -> dict[str, str]:
    pairs = {}
    for part in _names(text):
        name, equals, value = part.partition("=")
        if not equals:
            raise UsageError("cli.where_form", where="--where", part=part)
        pairs[name.strip()] = value.strip()
    return pairs


def _step_printer(lang: Language) -> Any:
    def show(step: str, done: int, of: int) -> None:
        if sys.stderr.isatty() or done in (0, of):
            typer.echo(say(f"cli.step.{step}", lang, done=done, of=of), err=True)

    return show


def _print(table: "SafeTable", lang: Language, as_json: bool) -> None:
    if as_json:
        _print_json(_document(table))
    else:
        _print_table(table, lang)


def _document(table: "SafeTable") -> dict[str, object]:
    """Lay a released table out as JSON; nothing but a ``SafeTable`` gets here."""
    return {
        "kind": table.kind,
        "notes": dict(table.notes),
        "rows": json.loads(table.tidy().to_json(orient="records", force_ascii=False)),
    }


def _print_json(document: object) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1, default=str) + "\n")


def _print_table(table: "SafeTable", lang: Language) -> None:
    typer.echo(f"# {say(f'cli.kind.{table.kind}', lang)}")
    frame = table.tidy()
    if "hidden_reason" in frame:
        frame["hidden_reason"] = [
            say(f"privacy.hidden.{reason}", lang) if isinstance(reason, str) else ""
            for reason in frame["hidden_reason"]
        ]
    typer.echo(frame.to_string(index=False, na_rep="") if len(frame) else say("cli.nothing", lang))
    for name, value in table.notes.items():
        typer.echo(f"  {name}: {', '.join(value) if isinstance(value, tuple) else value}")
    typer.echo("")


def _print_reading(document: Mapping[str, Any], lang: Language) -> None:
    for name in ("dialect", "encoding", "delimiter", "rows", "respondents", "instrument"):
        typer.echo(f"{say(f'cli.reading.{name}', lang)}: {document.get(name)}")
    for name in ("items", "fields", "demographics"):
        for column, meaning in (document.get(name) or {}).items():
            typer.echo(f"  {column} → {meaning}")
    for name in ("comments", "ignored"):
        if document.get(name):
            typer.echo(f"{say(f'cli.reading.{name}', lang)}: {', '.join(document[name])}")
    _print_problems(document["problems"])


def _print_problems(problems: list[dict[str, Any]]) -> None:
    for problem in problems:
        place = " ".join(str(problem[key]) for key in ("row", "column") if problem[key] is not None)
        typer.echo(
            f"{problem['severity']} × {problem['count']} [{place}] {problem['reason']} {problem['remedy']}"
        )


def _fail(error: EngageError, as_json: bool) -> int:
    try:
        lang = _language(sys.argv[sys.argv.index("--lang") + 1] if "--lang" in sys.argv[:-1] else None)
    except UsageError:
        lang = "en"
    document = error.as_dict(lang)
    problems = [p.as_dict(lang) for p in error.problems] if isinstance(error, Rejected) else []
    if as_json:
        _print_json({"error": document, **({"problems": problems} if problems else {})})
    else:
        place = f" ({document['where']})" if document["where"] else ""
        typer.echo(f"{document['what']}{place} {document['remedy']}", err=True)
        _print_problems(problems)
    return error.exit_code
