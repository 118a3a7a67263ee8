"""The commands about questionnaires: which there are, and the empty table of one or several."""

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engage.cli.commands import app
from engage.cli.output import print_json
from engage.cli.settings import Folder, Json, Lang, Settings, instrument_named, settle
from engage.errors import InputError, UsageError
from engage.words import pick, say

if TYPE_CHECKING:
    from engage.instrument import Instrument, TemplateColumn


@app.command()
def instruments(workspace: Folder = None, lang: Lang = None, as_json: Json = False) -> None:
    """List the questionnaires that can be used: the package's, and the workspace's own."""
    from engage.instrument import available, load_instrument

    settings = settle(workspace, lang, as_json)
    own = [settings.folder / "surveys"]
    rows, broken = [], {}
    for name in available(own):
        try:
            rows.append(_row(name, load_instrument(name, folders=own), settings))
        except InputError as error:
            broken[name] = error
    if as_json:
        faults = [{"instrument": name, "error": e.as_dict(settings.lang)} for name, e in broken.items()]
        print_json({"instruments": rows, "broken": faults})
        return
    for row in rows:
        typer.echo(say("cli.instrument", settings.lang, **row))
    for name, fault in broken.items():
        typer.echo(f"{name}: {fault.what(settings.lang)}", err=True)


@app.command()
def template(
    instrument: Annotated[list[str], typer.Argument(help="Names or paths of questionnaires.")],
    out: Annotated[Path | None, typer.Option("--out", help="New CSV file, else stdout.")] = None,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Write the empty table of one questionnaire, or of several asked together: a CSV row of headings."""
    from engage.instrument import template

    settings = settle(workspace, lang, as_json)
    asked = [one for name in instrument if (one := instrument_named(name, settings.folder))]
    columns = template(asked, settings.lang)
    if out is not None:
        _write(columns, out)
    if as_json:
        document = [{**_fields(column), "answers": list(column.answers)} for column in columns]
        print_json({"lang": settings.lang, "columns": document, "out": str(out) if out else None})
    elif out is None:
        csv.writer(sys.stdout, lineterminator="\n").writerow([column.heading for column in columns])
    else:
        typer.echo(say("cli.template_done", settings.lang, columns=len(columns), out=out))


def _row(name: str, found: "Instrument", settings: Settings) -> dict[str, Any]:
    return {
        "name": name,
        "version": found.version,
        "title": pick(found.name, settings.lang),
        "languages": found.languages,
        "scales": len(found.scales),
        "items": len(found.items),
        "rated_by": found.rated_by,
    }


def _fields(column: "TemplateColumn") -> dict[str, str]:
    return {"id": column.id, "kind": column.kind, "heading": column.heading}


def _write(columns: "tuple[TemplateColumn, ...]", out: Path) -> None:
    """Write a new file; one that is there may hold somebody's answers already."""
    try:
        with out.open("x", encoding="utf-8-sig", newline="") as stream:  # Excel needs the byte order mark
            csv.writer(stream).writerow([column.heading for column in columns])
    except FileExistsError as error:
        raise UsageError("cli.file_there", where=str(out)) from error
    except OSError as error:
        raise UsageError("cli.cannot_write", where=str(out)) from error
