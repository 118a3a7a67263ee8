"""What each question to a workspace asks of a role: the one door of pages, commands and scripts.

Without ``access.yaml`` nothing is asked. With it, every public name of ``Workspace`` is refused to who may
not use it, and tables come narrowed to what the person sees. What no list here has is refused to everybody.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import wraps
from typing import Any, Final, TypeVar

from engage.privacy import Action
from engage.workspace.base import Base

OPEN: Final = frozenset({"access", "person", "may", "narrowed"})
"""What tells who somebody is and may do, and nothing else: asked by the rest."""
_RESULTS: Final = """
activities agreement attrition attrition_on breaks changes closed closed_waves competence
competence_links demographics desk desk_kinds desk_weeks differences distribution drivers emerging guides
headcount herzberg inspections instrument is_empty is_sample key leaving_hazards levers moved norms
note_export open_waves outcomes places plans policy programmes quality raters response response_rates
retention retention_groups scores service service_paths service_tables service_value stars statement
time_in_grade tone training trend unit_above utility wave_table waves whatif wishes workforce
"""
_UPLOAD: Final = """
import_file close undo clear_sample join_report waiting_waves ready_waves add_norms remove_norms
"""
ASKED: Final[Mapping[Action, frozenset[str]]] = {
    "results": frozenset({*_RESULTS.split()}),
    "comments": frozenset({"comments", "notes"}),
    "notes": frozenset({"correct", "follow", "learn", "take_back"}),
    "plans": frozenset({"add_plan", "set_plan"}),
    "upload": frozenset(_UPLOAD.split()),
    "own_data": frozenset({"own_data"}),
    "raw": frozenset({"frame", "pseudonyms"}),
    "erase": frozenset({"erase"}),
    "attrition": frozenset({"switch_attrition"}),
    "records": frozenset({"audit", "audit_log", "backup", "compact", "retain"}),
    "key": frozenset({"key_file", "rotate_key", "secret_key"}),
}
"""The public names of a workspace by the action that they are."""

_ACTION: Final[Mapping[str, Action]] = {name: action for action, names in ASKED.items() for name in names}
_INSIDE: Final[ContextVar[bool]] = ContextVar("inside", default=False)
_Space = TypeVar("_Space", bound=Base)


def guarded(cls: type[_Space]) -> type[_Space]:
    """Put the door into a class: every public method and property asks whether ``who`` may use it."""
    for name in dir(cls):
        if name.startswith("_") or name in OPEN:
            continue
        held = getattr(cls, name)
        if isinstance(held, property) and held.fget is not None:
            setattr(cls, name, property(_asking(name, held.fget), doc=held.__doc__))
        elif callable(held):
            setattr(cls, name, _asking(name, held))
    return cls


def _asking(name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
    """Return the question with its guard: what it asks in turn, it asks for itself."""

    @wraps(ask)
    def asking(space: Base, *args: Any, **kwargs: Any) -> Any:
        if _INSIDE.get():
            return ask(space, *args, **kwargs)
        space.access.allow(space.who, _ACTION.get(name))
        token = _INSIDE.set(True)
        try:
            return space.narrowed(ask(space, *args, **kwargs))
        finally:
            _INSIDE.reset(token)

    return asking
