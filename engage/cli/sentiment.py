"""The command that reads a file of comments: what is told while it runs, and at its end."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engage.cli.commands import app
from engage.cli.output import Pace, print_json
from engage.cli.settings import Folder, Json, Lang, readable, settle
from engage.words import say

if TYPE_CHECKING:
    from engage.cli.unfinished import Found


@app.command()
def sentiment(
    file: Path,
    column: Annotated[str, typer.Option("--column", help="The column with the comments.")],
    out: Annotated[Path, typer.Option("--out", help="CSV file to write; never the input itself.")],
    method: Annotated[
        str, typer.Option("--method", help="model, snownlp or onnx.", metavar="METHOD")
    ] = "model",
    model: Annotated[
        Path | None, typer.Option("--model", help="Folder of your own transformer, with --method onnx.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, max=64, help="Processes; without it two for a large file."),
    ] = None,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Write a file of comments again, with language, tone, tone_score, intent and theme beside them.

    The same command goes on where a run was stopped.
    """
    from engage.cli.scoring import Reader, method_named, score_file

    settings = settle(workspace, lang, as_json)

    def began(found: "Found", kept: int) -> None:
        if found != "nothing":
            key = "cli.resumed" if found == "same" else "cli.begun_anew"
            typer.echo(say(key, settings.lang, rows=f"{kept:,}", out=out), err=True)

    reader = Reader(method_named(method), model, workers)
    done = score_file(readable(file), column, out, reader, progress=Pace(settings.lang), began=began)
    if as_json:
        print_json({"rows": done.rows, "kept": done.kept, "out": str(out), "columns": dict(done.columns)})
    else:
        typer.echo(say("cli.sentiment_done", settings.lang, rows=done.rows, out=out))
