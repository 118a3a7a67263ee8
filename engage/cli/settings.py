"""What every command takes: the workspace, the language, the form of the output; and how names are read."""

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from engage.errors import UsageError
from engage.words import LANGUAGES, Language

if TYPE_CHECKING:
    from engage.ingest import Kind
    from engage.instrument import Instrument

Folder = Annotated[
    Path | None,
    typer.Option("--workspace", help="Folder of the workspace, else ENGAGE_WORKSPACE, else ./workspace."),
]
Lang = Annotated[str | None, typer.Option("--lang", help="zh, en or ru, else ENGAGE_LANG, else LANG.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

_WORKSPACE_FILE: Final = "workspace.json"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a command was asked. ``stated`` says whether somebody chose the language, or it was guessed."""

    folder: Path
    lang: Language
    stated: bool
    as_json: bool


def settle(workspace: Path | None, lang: str | None, as_json: bool) -> Settings:
    """Settle what the flags leave open: a flag wins over the environment, that over the workspace's file.

    The file ``workspace.json`` may name a ``lang``. Without any, ``LANG`` is asked for Chinese or Russian;
    all else is English. Raises ``UsageError`` for a language that is not there.
    """
    folder = workspace or Path(os.environ.get("ENGAGE_WORKSPACE") or "workspace")
    stated = {
        "--lang": lang,
        "ENGAGE_LANG": os.environ.get("ENGAGE_LANG"),
        _WORKSPACE_FILE: _filed_language(folder / _WORKSPACE_FILE),
    }
    where, name = next(((where, name) for where, name in stated.items() if name), ("", None))
    if name is None:
        guess = os.environ.get("LANG", "")[:2].lower()
        return Settings(
            folder, next((tongue for tongue in LANGUAGES if tongue == guess), "en"), False, as_json
        )
    if name not in LANGUAGES:
        raise UsageError("cli.unknown_language", where=where, name=name, known=LANGUAGES)
    return Settings(folder, name, True, as_json)


def language_of(args: Sequence[str]) -> Language:
    """Return the language to report a fault in, whatever else is wrong with the command."""
    folder = _flag(args, "--workspace")
    for lang in (_flag(args, "--lang"), None):
        try:
            return settle(Path(folder) if folder else None, lang, False).lang
        except UsageError:
            continue
    return "en"


def kind_named(name: str) -> "Kind":
    """Return the kind of file called ``name``, or raise ``UsageError``."""
    from engage.ingest import KINDS

    if name not in KINDS:
        raise UsageError("cli.unknown_kind", where="--kind", name=name, known=KINDS)
    return name


def instrument_named(name: str | None, folder: Path) -> "Instrument | None":
    """Return the instrument called ``name``; the workspace's own are searched too."""
    if name is None:
        return None
    from engage.instrument import load_instrument

    return load_instrument(name, folders=[folder / "surveys"])


def readable(file: Path) -> Path:
    """Return ``file``, or raise ``UsageError`` if it can't be opened."""
    try:
        with file.open("rb"):
            return file
    except OSError as error:
        raise UsageError("ingest.no_file", where=str(file)) from error


def names(text: str) -> tuple[str, ...]:
    """Return the names of a comma-separated list."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def conditions(text: str) -> dict[str, str]:
    """Return ``DEMOGRAPHIC=VALUE`` pairs of a comma-separated list, or raise ``UsageError``."""
    pairs = {}
    for part in names(text):
        name, equals, value = part.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise UsageError("cli.where_form", where="--where", part=part)
        pairs[name.strip()] = value.strip()
    return pairs


def numbers_set(parts: Sequence[str]) -> dict[str, float]:
    """Return ``NAME=NUMBER`` pairs, or raise ``UsageError``; of a name given twice, the last stands."""
    pairs = {}
    for part in parts:
        name, _, value = part.partition("=")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not name.strip() or not math.isfinite(number):
            raise UsageError("cli.set_form", where="--set", part=part)
        pairs[name.strip()] = number
    return pairs


def _filed_language(file: Path) -> str | None:
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None  # no workspace yet, or a broken one: opening it says so
    lang = document.get("lang") if isinstance(document, dict) else None
    return lang if isinstance(lang, str) else None


def _flag(args: Sequence[str], name: str) -> str | None:
    for place, arg in enumerate(args):
        if arg.startswith(f"{name}="):
            return arg.partition("=")[2]
        if arg == name and place + 1 < len(args):
            return args[place + 1]
    return None
