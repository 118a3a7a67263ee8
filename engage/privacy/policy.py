"""The disclosure policy of a workspace: one YAML file, with floors that no file can lower."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

import yaml

from engage.errors import InputError

FLOOR: Final = 3
"""No threshold may be set below this many people."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds of the gate.

    ``scores_k``: the fewest respondents behind a released mean or share. ``comments_k``: the fewest comments
    behind a released tone share. ``model_n``: the fewest rows behind a released model.
    ``crosses``: the two-way tables that are published beside the one-way ones.
    """

    scores_k: int = 5
    comments_k: int = 10
    model_n: int = 30
    crosses: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """Return a short digest of every setting, for cache keys."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


def load_policy(path: Path) -> Policy:
    """Read ``policy.yaml``; an absent file means the defaults.

    Raises ``InputError`` for an unknown setting, a value of the wrong kind, or a threshold below the floor.
    """
    if not path.is_file():
        return Policy()
    document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    known = [f.name for f in fields(Policy)]
    if not isinstance(document, dict):
        raise InputError("privacy.policy_not_a_table", where=path.name)
    for name, value in document.items():
        if name not in known:
            raise InputError("privacy.policy_unknown", where=path.name, setting=name, known=known)
        if name == "crosses":
            if not _is_pairs(value):
                raise InputError("privacy.policy_crosses", where=path.name)
        elif not isinstance(value, int) or isinstance(value, bool) or value < FLOOR:
            raise InputError("privacy.policy_floor", where=path.name, setting=name, floor=FLOOR)
    if "crosses" in document:
        document["crosses"] = tuple(tuple(sorted(pair)) for pair in document["crosses"])
    return Policy(**document)


def _is_pairs(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(name, str) for name in pair)
        for pair in value
    )
