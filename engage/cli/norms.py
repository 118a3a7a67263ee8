"""``engage norms``: figures from elsewhere (an industry, a parent firm) to lay results beside."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engage.cli.commands import app, opened
from engage.cli.output import print_json
from engage.cli.settings import Folder, Json, Lang, Settings, readable
from engage.errors import UsageError
from engage.words import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engage.instrument import Norm
    from engage.workspace import Workspace


@app.command()
def norms(
    file: Annotated[
        Path | None, typer.Argument(help="CSV or Excel: scale, mean or favourable, source.")
    ] = None,
    source: Annotated[
        str, typer.Option("--source", help="Whose figures they are, where the file does not say.")
    ] = "",
    listed: Annotated[bool, typer.Option("--list", help="List the norms there are.")] = False,
    remove: Annotated[
        str, typer.Option("--remove", metavar="SOURCE", help="Take a source's norms away.")
    ] = "",
    who: Annotated[str, typer.Option("--who", help="Who does it; by default the user of this machine.")] = "",
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Load norms of scales from a file, list them, or take a source's away."""
    settings, space = opened(workspace, lang, as_json)
    if sum(map(bool, (file, listed, remove))) > 1:
        raise UsageError("cli.one_at_a_time", where="norms", options=["FILE", "--list", "--remove"])
    if remove:
        space.remove_norms(remove, who=who)
        told = say("norms.removed", settings.lang, source=remove)
    elif file:
        kept = space.add_norms(readable(file), source=source, who=who)
        named = list(dict.fromkeys(norm.source for norm in kept))
        told = say("norms.kept", settings.lang, count=len(kept), sources=named)
    if as_json:
        print_json({"norms": rows_of(space.norms())})
    elif remove or file:
        typer.echo(told)
    else:
        _print(space, settings)


def rows_of(norms: "Sequence[Norm]") -> list[dict[str, object]]:
    """Lay norms out for JSON; they are nobody's answers."""
    return [asdict(norm) for norm in norms]


def _print(space: "Workspace", settings: Settings) -> None:
    from engage.present import numbers
    from engage.present.labels import Names

    found, lang = space.norms(), settings.lang
    if not found:
        typer.echo(say("norms.none", lang))
        return
    names = Names(space.instrument("all"), lang)
    for norm in found:
        figures = [] if math.isnan(norm.mean) else [numbers.decimal(norm.mean, lang)]
        figures += [] if math.isnan(norm.favourable) else [numbers.percent(norm.favourable)]
        figures += [f"n = {numbers.whole(norm.n, lang)}"] if norm.n else []
        typer.echo(f"{norm.label} · {names.scale(norm.scale)}: {' · '.join(figures)}")
