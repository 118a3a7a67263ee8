"""Pseudonyms of people: keyed hashes of the ids they are known by, the key kept elsewhere."""

import hashlib
import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from engage.ingest.cells import Codes, Rows
from engage.ingest.names import plain
from engage.ingest.quality import personal
from engage.ingest.validate import Faults
from engage.ingest.values import clean
from engage.keys import Key, key_path, make_key

PSEUDONYM: Final = re.compile(r"p-[0-9a-f]{24}")
_KINDS: Final = ("email", "phone", "identity")
_SHORTEST: Final = 11  # characters of a phone number; anything shorter needs an @ to identify anybody
_BLOCK: Final = 64  # bytes of a block of SHA-256; keys are shorter
_SHOWN: Final = 24  # hexadecimal digits: 96 bits, so that no two people share one


class Pseudonyms:
    """Makes pseudonyms with one key: ``p-`` and the first 96 bits of HMAC-SHA-256 of the id.

    With a key that took the place of others, it is the pseudonym of that which the key before it makes. The
    two halves of HMAC (RFC 2104) are begun once per key; ``hmac`` would take twice the time per id.
    """

    __slots__ = ("_halves",)

    def __init__(self, key: bytes) -> None:
        keys = key.all if isinstance(key, Key) else (key,)
        self._halves = [_halves(one) for one in reversed(keys)]

    def of(self, id: str) -> str:
        """Return the pseudonym of an id as it is written."""
        for begun_inner, begun_outer in self._halves:
            inner, outer = begun_inner.copy(), begun_outer.copy()
            inner.update(id.encode())
            outer.update(inner.digest())
            id = "p-" + outer.hexdigest()[:_SHOWN]
        return id

    def folded(self, value: str) -> str:
        """Return that of an e-mail address or number, which means the same in another case or width."""
        return self.of(plain(value))

    def stored(self, id: str) -> str:
        """Return what an id is stored as: the pseudonym that it is, or that of the id."""
        return id if id.startswith("p-") and PSEUDONYM.fullmatch(id) else self.of(id)

    def known_as(self, id: str) -> tuple[str, ...]:
        """Return every pseudonym that somebody with this id may be stored under.

        What is a pseudonym already stands for itself.
        """
        written = clean(id)
        exact = self.stored(written)
        return (exact, self.folded(written)) if is_personal(written) else (exact,)


def _halves(key: bytes) -> "tuple[hashlib._Hash, hashlib._Hash]":
    block = key.ljust(_BLOCK, b"\0")
    pads = [bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C)]
    return hashlib.sha256(pads[0]), hashlib.sha256(pads[1])


def is_personal(value: str) -> bool:
    """Return whether an id tells by itself who somebody is."""
    return (len(value) >= _SHORTEST or "@" in value) and personal(value) in _KINDS


def load_key() -> bytes:
    """Return the key for files read outside any workspace, made on first use."""
    return make_key(key_path())


def hidden(
    values: Sequence[str], codes: Codes, rows: Rows, header: str, faults: Faults, key: bytes | None
) -> list[str]:
    """Return the values with those that identify a person by themselves made pseudonyms, which is noted."""
    named = [is_personal(value) for value in values]
    if not any(named):
        return list(values)
    faults.flag("respondent_pseudonym", "warning", np.array(named, dtype=bool)[codes], rows, header)
    pseudonyms = Pseudonyms(key or load_key())
    return [pseudonyms.folded(value) if flag else value for value, flag in zip(values, named, strict=True)]
