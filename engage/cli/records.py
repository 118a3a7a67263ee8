"""How the records of a workspace are printed: its audit log, and what was erased of somebody."""

from typing import TYPE_CHECKING

import typer

from engage.cli.output import print_json
from engage.cli.settings import Settings
from engage.errors import InputError
from engage.words import say

if TYPE_CHECKING:
    from engage.store import LogCheck
    from engage.workspace.records import Erasure

_BOOKKEEPING = ("at", "code", "who", "originals", "previous", "hash")


def print_log(found: "LogCheck", settings: Settings) -> None:
    """Print who did what, in order, and whether every line is as it was written.

    Raises ``InputError`` after the lines before it where one is not.
    """
    broken = found.broken is not None
    if settings.as_json and not broken:
        print_json({"entries": list(found.entries), "whole": True, "last": found.last})
        return
    for number, entry in enumerate(() if settings.as_json else found.entries, start=1):
        counts = [f"{name}={value}" for name, value in entry.items() if name not in _BOOKKEEPING]
        counts += [f"sha256:{digest}" for digest in entry.get("originals", ())]
        line = [str(number), str(entry["at"])[:19], entry.get("who") or "-", entry["code"], *counts]
        typer.echo("  ".join(line))
    if broken:
        raise InputError("rights.log_broken", where="audit.jsonl", line=found.broken)
    typer.echo(say("rights.log_whole", settings.lang, lines=len(found.entries), last=found.last or "-"))


def print_erasure(done: "Erasure", settings: Settings) -> None:
    """Print the record of an erasure: what was removed where, and that nothing is found any more."""
    if settings.as_json:
        print_json(done.as_dict())
        return
    lang, gone = settings.lang, done.removed
    typer.echo(say("rights.erased", lang, at=done.at, who=done.who))
    for table, rows in sorted(gone.rows.items()):
        typer.echo(f"  {say('rights.erased_rows', lang, table=table, rows=rows)}")
    for digest in gone.originals:
        typer.echo(f"  {say('rights.erased_original', lang, digest=digest)}")
    facts = {"mappings": gone.mappings, "file_names": gone.file_names}
    typer.echo(f"  {say('rights.erased_rest', lang, **facts)}")
    if gone.left:
        typer.echo(f"  {say('rights.erased_left', lang, searched=gone.searched, files=gone.left)}")
    else:
        typer.echo(f"  {say('rights.erased_proof', lang, searched=gone.searched)}")
    typer.echo(f"  {say('rights.erased_entry', lang, entry=done.entry)}")
