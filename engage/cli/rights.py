"""The commands about people's rights and the workspace's key."""

import json
from pathlib import Path
from typing import Annotated

import typer

from engage.cli.commands import app, opened
from engage.cli.output import print_json
from engage.cli.records import print_erasure
from engage.cli.settings import Folder, Json, Lang
from engage.cli.uploading import write_whole
from engage.errors import UsageError
from engage.words import say

key = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help="The workspace's key.")
app.add_typer(key, name="key")

Out = Annotated[Path, typer.Option("--out", help="File to write.")]


@app.command()
def erase(
    respondent: Annotated[str, typer.Argument(help="The id that people know, or a pseudonym.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it: it can't be taken back.")] = False,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Erase one person from everything, for good, and print the record of it (which holds no data)."""
    settings, space = opened(workspace, lang, as_json)
    if not yes:
        raise UsageError("rights.erase_unconfirmed", where="--yes")
    print_erasure(space.erase(respondent), settings)


@app.command()
def export(
    respondent: Annotated[str, typer.Option("--respondent", help="The id that the person knows.")],
    out: Out,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Write everything that is stored of one person as JSON, to be given to them."""
    settings, space = opened(workspace, lang, as_json)
    found = space.own_data(respondent)
    write_whole(out, json.dumps(found, ensure_ascii=False, indent=1).encode() + b"\n")
    out.chmod(0o600)
    rows = {name: len(rows) for name, rows in found["tables"].items()}
    if as_json:
        print_json({"out": str(out), "rows": rows})
    else:
        typer.echo(say("rights.exported", settings.lang, rows=sum(rows.values()), out=out))


@app.command()
def retain(workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Remove the uploaded files whose time is over; every import and close does so, too."""
    settings, space = opened(workspace, lang, as_json)
    gone = space.retain()
    if as_json:
        print_json({"removed": list(gone)})
    else:
        days = space.policy.originals_days
        typer.echo(say("rights.retained", settings.lang, count=len(gone), days=days))


@key.command("show-path")
def show_path(workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Print where the workspace's key lies, or has to lie."""
    _, space = opened(workspace, lang, as_json)
    print_json({"path": space.key_file}) if as_json else typer.echo(space.key_file)


@key.command()
def backup(out: Out, workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Copy the workspace's key to a new file, for its owner only. Keep it apart from the workspace."""
    from engage.keys import write_key

    settings, space = opened(workspace, lang, as_json)
    content = space.secret_key()
    try:
        write_key(out, content)
    except OSError as error:
        raise UsageError("cli.cannot_write", where=str(out)) from error
    print_json({"out": str(out)}) if as_json else typer.echo(say("rights.key_kept", settings.lang, out=out))
