"""Pseudonyms for people named by e-mail, phone or identity number: a keyed hash, the key kept elsewhere."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from engage.errors import InputError
from engage.ingest.cells import Codes, Rows
from engage.ingest.names import plain
from engage.ingest.quality import personal
from engage.ingest.validate import Faults

_KINDS: Final = ("email", "phone", "identity")
_SHORTEST: Final = 11  # characters of a phone number; anything shorter needs an @ to identify anybody
_BYTES: Final = 32
_SHOWN: Final = 24  # hexadecimal digits: 96 bits, so that no two people share one


def key_path() -> Path:
    """Return where the key lies: ``ENGAGE_KEY_FILE``, else in the user's configuration folder."""
    told = os.environ.get("ENGAGE_KEY_FILE")
    if told:
        return Path(told)
    base = os.environ.get("XDG_CONFIG_HOME") or os.environ.get("APPDATA") or Path.home() / ".config"
    return Path(base) / "engage" / "pseudonym.key"


def load_key() -> bytes:
    """Return the key, made on first use and readable by its owner only.

    Raises ``InputError`` if the file can be neither read nor made.
    """
    path = key_path()
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(_BYTES))
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileExistsError:
        return load_key()  # another process made it meanwhile
    except (OSError, ValueError) as error:
        raise InputError("ingest.key_file", where=str(path)) from error
    if len(key) < _BYTES:
        raise InputError("ingest.key_file", where=str(path))
    return key


def pseudonym(value: str, key: bytes) -> str:
    """Return ``p-`` and the first 96 bits of HMAC-SHA-256 of the value, case and width folded."""
    return "p-" + hmac.new(key, plain(value).encode(), hashlib.sha256).hexdigest()[:_SHOWN]


def hidden(values: Sequence[str], codes: Codes, rows: Rows, header: str, faults: Faults) -> list[str]:
    """Return the values with those that identify a person by themselves made pseudonyms, which is noted."""
    named = [(len(value) >= _SHORTEST or "@" in value) and personal(value) in _KINDS for value in values]
    if not any(named):
        return list(values)
    key = load_key()
    faults.flag("respondent_pseudonym", "warning", np.array(named, dtype=bool)[codes], rows, header)
    return [pseudonym(value, key) if flag else value for value, flag in zip(values, named, strict=True)]
