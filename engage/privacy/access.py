"""Who may do what: ``access.yaml`` names people, their roles, and the part of the organisation they see."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal, get_args

import yaml

from engage.errors import InputError, UsageError

Role = Literal["manager", "hr", "analyst", "administrator"]
Action = Literal[
    "results", "comments", "notes", "upload", "own_data", "raw", "undo_released", "erase", "policy",
    "attrition", "records", "key", "plans",
]  # fmt: skip
"""``results``: released tables, of the own part of the organisation and of the whole · ``comments``: read the
single comments that may be read, which are of no part · ``notes``: say what becomes of wishes, correct
readings · ``upload``: check, import, close, undo what still waits · ``own_data``: export what is stored of
one person · ``raw``: frames and pseudonyms, by script · ``undo_released``: take back
what results hold · ``erase`` · ``policy``: thresholds · ``attrition``: switch on what tells of leaving ·
``records``: the audit log, retention · ``key``: its backup ·
``plans``: write action plans, a manager those of the own units."""

ROLES: Final[tuple[Role, ...]] = get_args(Role)
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
MAY: Final[Mapping[Role, frozenset[Action]]] = MappingProxyType(
    {
        "manager": frozenset({"results", "plans"}),
        "hr": frozenset({"results", "comments", "notes", "plans", "upload", "own_data"}),
        "analyst": frozenset({"results", "comments", "raw"}),
        "administrator": frozenset(ACTIONS) - {"raw"},
    }
)
"""An administrator sees no raw rows: whoever grants rights is not whoever uses them."""
SEPARATOR: Final = "/"
"""Between the units of an org path, from the top."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in. ``subtrees`` are org paths; empty: the whole organisation."""

    name: str
    role: Role
    subtrees: tuple[str, ...] = ()

    def sees(self, org_path: str) -> bool:
        """Return whether a unit lies in the part of the organisation that this person may see."""
        parts = path_parts(org_path)
        return not self.subtrees or any(
            parts[: len(top)] == top for top in (path_parts(subtree) for subtree in self.subtrees)
        )

    @property
    def key(self) -> str:
        """A digest of role and subtrees: part of the key of every cache that several people share."""
        held = json.dumps([self.role, sorted(self.subtrees)])
        return hashlib.sha256(held.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do what in a workspace. Without ``access.yaml`` it is of one user, who may do everything."""

    SINGLE: ClassVar[str] = "single_user"
    """Stands for the single user where a role is part of a key."""

    people: Mapping[str, Person] = field(default_factory=dict)
    single_user: bool = False

    @staticmethod
    def may(role: Role, action: Action) -> bool:
        """Return whether people with this role may do it, each in the part of the organisation they see."""
        return action in MAY[role]

    def person(self, name: str) -> Person:
        """Return who signed in with this name, in whatever case; ``UsageError`` if nobody here has it."""
        found = self.people.get(_folded(name))
        if found is None:
            raise UsageError("rights.nobody_signs_in", where=name)
        return found

    def knows(self, name: str) -> bool:
        """Return whether somebody of this name is listed."""
        return _folded(name) in self.people

    def allow(self, name: str, action: Action | None) -> None:
        """Return if ``name`` may do it; ``UsageError`` says who may otherwise. A single user always may.

        ``None``, for what is no action at all, is allowed to nobody else.
        """
        if self.single_user or (action and self.may(self.person(name).role, action)):
            return
        roles = [role for role in ROLES if action and self.may(role, action)]
        raise UsageError("rights.not_allowed", where=name, action=action, roles=roles)


def load_access(path: Path) -> Access:
    """Read ``access.yaml``; without the file everything is allowed to the one user of this machine.

    The file is ``people:`` with a sign-in name and a role a line, or ``{role: manager, subtree: [PATH, …]}``.
    Raises ``InputError`` for anything else: an unknown role or setting, a manager without a subtree, a
    subtree of somebody who sees all, a name twice, nobody who is administrator.
    """
    if not path.is_file():
        return Access(single_user=True)
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError("rights.access_unreadable", where=path.name) from error
    listed = document.get("people") if isinstance(document, dict) and set(document) == {"people"} else None
    if not isinstance(listed, dict) or not listed:
        raise InputError("rights.access_no_people", where=path.name)
    people: dict[str, Person] = {}
    for name, told in listed.items():
        person = _person(str(name), told, path.name)
        if _folded(person.name) in people:
            raise InputError("rights.access_twice", where=path.name, name=person.name)
        people[_folded(person.name)] = person
    if not any(person.role == "administrator" for person in people.values()):
        raise InputError("rights.access_no_administrator", where=path.name)
    return Access(MappingProxyType(people))


def _person(name: str, told: Any, where: str) -> Person:
    told = {"role": told} if isinstance(told, str) else told
    if not isinstance(told, dict) or not {"role"} <= set(told) <= {"role", "subtree"}:
        raise InputError("rights.access_entry", where=where, name=name)
    role = told["role"]
    if role not in ROLES:
        near = get_close_matches(str(role), ROLES, 1) or ROLES
        raise InputError("rights.access_role", where=where, name=name, role=str(role), known=near)
    subtree = told.get("subtree", [])
    paths: Sequence[Any] = [subtree] if isinstance(subtree, str) else subtree
    if not isinstance(paths, list) or not all(isinstance(one, str) and path_parts(one) for one in paths):
        raise InputError("rights.access_entry", where=where, name=name)
    if role == "manager" and not paths:
        raise InputError("rights.access_subtree_missing", where=where, name=name)
    if role != "manager" and paths:
        raise InputError("rights.access_subtree_unused", where=where, name=name, role=role)
    return Person(name.strip(), role, tuple(SEPARATOR.join(path_parts(one)) for one in paths))


def path_parts(path: str) -> tuple[str, ...]:
    """Return the units of an org path, from the top: ``A / B/C`` is A, B, C."""
    return tuple(part.strip() for part in path.split(SEPARATOR) if part.strip())


def _folded(name: str) -> str:
    return name.strip().casefold()
