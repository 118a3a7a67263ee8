"""What can be done about a factor, and what to ask a team about it: an editable list in three languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

import yaml

from engage.errors import InputError

LeverKind = Literal["participation", "communication", "recognition", "growth", "conditions"]
LEVER_KINDS: Final[tuple[LeverKind, ...]] = get_args(LeverKind)
LEVERS_FILE: Final = "levers.yaml"

Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Lever:
    """One thing to do: its ``name``, what it is (``text``), what to look out for (``watch``), by language.

    ``moves``: the factors it is meant to move; the next wave shows whether they did.
    """

    id: str
    kind: LeverKind
    moves: tuple[str, ...]
    name: Texts
    text: Texts
    watch: Texts


@dataclass(frozen=True, slots=True)
class Guide:
    """What to ask a team about a factor, and what can be done about it."""

    talk: tuple[Texts, ...]
    levers: tuple[Lever, ...]


def load_levers(folders: Sequence[Path]) -> Mapping[str, Guide]:
    """Return the guide of each factor, from the first of ``folders`` that holds ``levers.yaml``.

    Without one the library is empty. Raises ``InputError`` for a file that can't be read as one, naming the
    factor and lever at fault.
    """
    for folder in folders:
        path = folder / LEVERS_FILE
        if path.is_file():
            return _parsed(path.read_bytes(), path.name)
    return {}


@lru_cache(maxsize=8)
def _parsed(data: bytes, file: str) -> Mapping[str, Guide]:
    try:
        document = yaml.safe_load(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError("levers.unreadable", where=file) from error
    factors = document.get("factors") if isinstance(document, dict) else None
    if not isinstance(factors, dict):
        raise InputError("levers.unreadable", where=file)
    guides = {str(name): _guide(str(name), part, file) for name, part in factors.items()}
    ids = [lever.id for guide in guides.values() for lever in guide.levers]
    for id in ids:
        if ids.count(id) > 1:
            raise InputError("levers.twice", where=file, lever=id)
    return guides


def _guide(factor: str, part: Any, file: str) -> Guide:
    if not isinstance(part, dict):
        raise _bad(factor, file)
    talk = tuple(_texts(one, factor, file) for one in part.get("talk") or ())
    return Guide(talk, tuple(_lever(one, factor, file) for one in part.get("levers") or ()))


def _lever(part: Any, factor: str, file: str) -> Lever:
    if not isinstance(part, dict) or not part.get("id") or part.get("kind") not in LEVER_KINDS:
        raise _bad(factor, file)
    id = str(part["id"])
    moves = part.get("moves") or [factor]
    if not isinstance(moves, list) or not all(isinstance(one, str) for one in moves):
        raise _bad(f"{factor} / {id}", file)
    name, text, watch = (_texts(part.get(key), f"{factor} / {id}", file) for key in ("name", "text", "watch"))
    return Lever(id, part["kind"], tuple(moves), name, text, watch)


def _texts(part: Any, place: str, file: str) -> Texts:
    """Return words by language; at least one language is there."""
    if not isinstance(part, dict) or not part or not all(isinstance(one, str) for one in part.values()):
        raise _bad(place, file)
    return {str(lang): str(words) for lang, words in part.items()}


def _bad(place: str, file: str) -> InputError:
    return InputError("levers.bad", where=file, place=place, kinds=LEVER_KINDS)
