"""The commands that look after a workspace's folder: backup, restore, compact, and another key."""

from pathlib import Path
from typing import Annotated

import typer

from engage.cli.commands import app, opened
from engage.cli.output import print_json
from engage.cli.rights import key
from engage.cli.settings import Folder, Json, Lang, settle
from engage.words import say

Place = Annotated[Path, typer.Argument(help="Folder of the backup.")]
Days = Annotated[int, typer.Option("--days", min=1, help="Days for which what was taken back stays.")]


@app.command()
def backup(place: Place, workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Copy the workspace to a new folder, as it is at one moment. The key is not in it."""
    settings, space = opened(workspace, lang, as_json)
    made = space.backup(place)
    if as_json:
        facts = ("made", "workspace", "key", "files", "bytes")
        print_json({"out": str(place), **{name: getattr(made, name) for name in facts}})
        return
    size = {"files": made.files, "megabytes": round(made.bytes / 1e6, 1)}
    typer.echo(say("rights.backed_up", settings.lang, out=place, **size))
    typer.echo(say("rights.backup_needs_key", settings.lang, path=space.key_file))


@app.command()
def restore(place: Place, workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Put a backup back as a workspace, in a new or empty folder, after checking every file of it."""
    from engage.keys import key_path
    from engage.workspace.keeping import restore_backup

    settings = settle(workspace, lang, as_json)
    found, state = restore_backup(place, settings.folder)
    path = str(key_path(found.workspace))
    if as_json:
        document = {"made": found.made, "workspace": found.workspace, "files": found.files}
        print_json({**document, "key": state, "key_path": path})
        return
    typer.echo(
        say("rights.restored", settings.lang, made=found.made, folder=settings.folder, files=found.files)
    )
    typer.echo(say(f"rights.restored_key_{state}", settings.lang, path=path))
    typer.echo(say("rights.restored_erased", settings.lang))


@app.command()
def compact(days: Days = 30, workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Lay small files together and remove what nobody can see any more; results don't change."""
    settings, space = opened(workspace, lang, as_json)
    done = space.compact(keep_days=days)
    if as_json:
        counts = ("files", "bytes", "rows", "imports", "unfinished")
        print_json({"days": days, **{name: getattr(done, name) for name in counts}})
        return
    before, after = done.files
    facts = {"rows": done.rows, "imports": done.imports, "unfinished": done.unfinished}
    typer.echo(say("rights.compacted", settings.lang, before=before, after=after, days=days, **facts))


@key.command("rotate")
def rotate(workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """Make a new key: pseudonyms are made again with it and uploaded files encrypted with it."""
    settings, space = opened(workspace, lang, as_json)
    done = space.rotate_key()
    path = space.key_file
    if as_json:
        facts = ("before", "now", "people", "originals", "finished")
        print_json({**{name: getattr(done, name) for name in facts}, "path": path})
        return
    if done.finished:
        typer.echo(say("rights.rotation_finished", settings.lang))
    typer.echo(say("rights.rotated", settings.lang, people=done.people, originals=done.originals, path=path))
