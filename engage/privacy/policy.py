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
_FLOORS: Final = {
    "model_n": 20,
    "rows_per_coefficient": 5,
    "residual_df": 5,
    "model_differing": 5,
    "events_per_coefficient": 5,
}
"""Thresholds of models, which have floors of their own."""
_RANGES: Final = {
    "colluders": (0, 10),
    "originals_days": (0, 3650),
    "leverage": (0.1, 0.5),
    "rank_ratio": (0.02, 0.25),
}
"""Settings that are not a number of people in a group: the least and the most, which is the floor."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds of the gate.

    ``scores_k``: the fewest respondents behind a released mean or share. ``comments_k``: the fewest comments
    behind a released tone share. ``model_n``: the fewest people behind a released model, and behind
    what two models differ by. ``rows_per_coefficient``: the fewest people for each of its coefficients;
    ``residual_df``: its fewest degrees of freedom; ``model_differing``: the fewest people whose outcome is
    not the most frequent one; ``events_per_coefficient``: of these, for each predictor of a yes or no.
    ``crosses``: the two-way tables that are published beside the one-way ones. ``colluders``: how many people
    may compare their answers without learning anybody else's. ``leverage``: the most that all cells of a
    wave, or a model, may explain of one person's answer, and ``rank_ratio`` of everyone's on average.
    ``originals_days``: how long an uploaded file is kept, encrypted; 0: not beyond its import.
    ``attrition``: whether curves and models of leaving may be shown, for the ``attrition_purpose`` stated.
    """

    scores_k: int = 5
    comments_k: int = 10
    model_n: int = 30
    rows_per_coefficient: int = 10
    residual_df: int = 10
    model_differing: int = 10
    events_per_coefficient: int = 5
    colluders: int = 3
    leverage: float = 0.5
    rank_ratio: float = 0.15
    crosses: tuple[tuple[str, str], ...] = ()
    originals_days: int = 365
    attrition: bool = False
    attrition_purpose: str = ""

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
        if name == "attrition":
            if not isinstance(value, bool):
                raise InputError("privacy.policy_switch", where=path.name, setting=name)
        elif name == "attrition_purpose":
            if not isinstance(value, str):
                raise InputError("privacy.policy_purpose", where=path.name)
        elif name == "crosses":
            if not _is_pairs(value):
                raise InputError("privacy.policy_crosses", where=path.name)
        elif name in _RANGES:
            least, most = _RANGES[name]
            if isinstance(value, bool) or not isinstance(value, type(most)) or not least <= value <= most:
                raise InputError(
                    "privacy.policy_range", where=path.name, setting=name, least=least, most=most
                )
        elif not isinstance(value, int) or isinstance(value, bool) or value < _FLOORS.get(name, FLOOR):
            floor = _FLOORS.get(name, FLOOR)
            raise InputError("privacy.policy_floor", where=path.name, setting=name, floor=floor)
    if "crosses" in document:
        document["crosses"] = tuple(tuple(sorted(pair)) for pair in document["crosses"])
    policy = Policy(**document)
    if policy.attrition and not policy.attrition_purpose.strip():
        raise InputError("privacy.policy_purpose", where=path.name)
    return policy


def _is_pairs(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(name, str) for name in pair)
        for pair in value
    )
