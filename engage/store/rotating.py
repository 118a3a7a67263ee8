"""Another key for a workspace: pseudonyms made again with it, originals encrypted with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engage.errors import InputError
from engage.ingest.pseudonyms import PSEUDONYM, Pseudonyms
from engage.keys import Key, key_id, key_path, read_key, renew_key
from engage.store import delta, originals
from engage.store.files import describe, described
from engage.store.identities import id_column, with_people
from engage.store.switching import forget, switching, tables, writing

if TYPE_CHECKING:
    from engage.store.core import Store

_FROM: Final = "rotating_from"


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a change of the key did: the ids of both keys, how many people and originals it was done for.

    ``finished`` says that it was begun before and cut short; then no further key was made. ``originals`` are
    those encrypted now.
    """

    before: str
    now: str
    people: int
    originals: int
    finished: bool


def rotate(store: "Store") -> Rotated:
    """Make a new key, put it before the old one in the key's file, and bring the workspace under it.

    The file comes first, then the pseudonyms in all tables at one go (each is made of the one before, as the
    ids are not kept), then the originals, last the tables' history goes. Killed anywhere, the workspace is
    whole, under the old key or the new one, and the next call finishes.

    Raises ``InputError`` if the key is not there, is not the workspace's, or can't be written.
    """
    with writing(store.path):
        document, path = described(store.path), key_path(store.id)
        ring = read_key(path)
        used = ring.back_to(str(document["key"]))
        if used is None:
            raise InputError(
                "rights.key_other", where=str(path), found=key_id(ring), needed=str(document["key"])
            )
        begun = document.get(_FROM)
        before, people = str(begun or document["key"]), 0
        finished = begun is not None or len(ring.all) > len(used.all)
        if begun is None:
            ring = ring if finished else renew_key(path)
            people = _rename(store.path, ring.since(before), **{"key": key_id(ring), _FROM: before})
        count = sum(originals.encrypt_again(f, ring) for f in originals.kept(store.path / "originals"))
        forget(store.path)
        describe(store.path, {n: value for n, value in described(store.path).items() if n != _FROM})
    return Rotated(before, key_id(ring), people, count, finished)


def _rename(folder: Path, newer: Key, **then: str) -> int:
    pseudonyms, people = Pseudonyms(newer), set()

    def again(id: str) -> str:
        if PSEUDONYM.fullmatch(id) is None:
            return id  # a stand-in for somebody without an id
        people.add(id)
        return pseudonyms.of(id)

    with switching(folder, **then):
        for table in tables(folder):
            if id_column(table.name) is not None:
                delta.rewrite(table, lambda rows, name=table.name: with_people(name, rows, again))  # type: ignore[misc]
    return len(people)
