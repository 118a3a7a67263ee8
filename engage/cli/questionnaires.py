"""The commands about questionnaires: which there are, and the empty table of one or several."""

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
    names: Annotated[
        list[str],
        typer.Argument(
            help="Questionnaires, or one of comments, people, service, programmes, mapping, teams."
        ),
    ],
    out: Annotated[Path | None, typer.Option("--out", help="New file, else stdout.")] = None,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Write an empty table to fill in: of one kind of file, or of questionnaires asked together.

    It is one CSV row of headings. For mapping and teams it is a YAML file that explains itself.
    """
    from engage.ingest.exports import csv_bytes
    from engage.ingest.templates import TEMPLATES, kind_template
    from engage.instrument import template

    settings = settle(workspace, lang, as_json)
    kind = next((one for one in TEMPLATES if [one] == names), None)
    facts: dict[str, Any]
    if kind is not None:
        content, facts = kind_template(kind, settings.lang), {"kind": kind}
    else:
        asked = [one for name in names if (one := instrument_named(name, settings.folder))]
        columns = template(asked, settings.lang)
        content = csv_bytes([[column.heading for column in columns]])
        facts = {"columns": [{**_fields(column), "answers": list(column.answers)} for column in columns]}
    if out is not None:
        _write(content, out)
    if as_json:
        print_json({"lang": settings.lang, **facts, "out": str(out) if out else None})
    elif out is None:
        typer.echo(content.decode("utf-8-sig"), nl=False)
    else:
        typer.echo(say("cli.written", settings.lang, out=out))


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


def _write(content: bytes, out: Path) -> None:
    """Write a new file; one that is there may hold somebody's answers already."""
    try:
        with out.open("xb") as stream:
            stream.write(content)
    except FileExistsError as error:
        raise UsageError("cli.file_there", where=str(out)) from error
    except OSError as error:
        raise UsageError("cli.cannot_write", where=str(out)) from error
