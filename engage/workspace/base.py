"""What all of a workspace's answers start from: its folder, its policy, its waves, its log."""

import getpass
import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from engage.errors import TooLittleData, UsageError
from engage.instrument import Guide, Instrument, load_levers, places
from engage.privacy import (
    Access,
    Action,
    Person,
    Policy,
    SafeTable,
    Sight,
    load_access,
    load_policy,
    sight_of,
)
from engage.store import AuditLog, Event, Snapshot, Store, responses_table, wave_name
from engage.workspace import linking
from engage.workspace.cells import WaveCells
from engage.workspace.merging import wave_instrument
from engage.workspace.organisation import unit_paths
from engage.workspace.policies import note_policy
from engage.workspace.publishing import group_names
from engage.workspace.sample_files import sample_hashes
from engage.workspace.steady import steady
from engage.workspace.waiting import closed_waves

ALL_WAVES: Final = "all"
SAMPLE_PURPOSE: Final = "sample"
"""The purpose of analysing leaving that the sample workspace states."""


class Base:
    """A folder with everything that was imported, as it is now.

    ``who`` is named in the audit log: whoever signed in, else the user of the system.
    """

    def __init__(self, path: str | Path, *, who: str = "") -> None:
        self.path = Path(path)
        self.who = who or _system_user()

    @property
    def policy(self) -> Policy:
        """The disclosure policy in force; its changes go to the audit log when they are first met."""
        policy = load_policy(self.path / "policy.yaml")
        if self._store() is not None:
            # Whoever reads first has not changed it.
            note_policy(self._log, policy, self.who if self.may("policy") else "")
        return policy

    @property
    def access(self) -> Access:
        """Who may do what, as ``access.yaml`` says; without it, a single user may do everything."""
        return load_access(self.path / "access.yaml")

    @property
    def person(self) -> Person | None:
        """Who uses the workspace, as ``access.yaml`` has them; ``None`` for the single user without it.

        Raises ``UsageError`` for somebody who is not listed.
        """
        access = self.access
        return None if access.single_user else access.person(self.who)

    def may(self, action: Action) -> bool:
        """Return whether who uses the workspace may do something; nobody may who is not listed."""
        access = self.access
        return access.single_user or (
            access.knows(self.who) and access.may(access.person(self.who).role, action)
        )

    def narrowed(self, answer: Any) -> Any:
        """Return released tables (one, or several in a tuple) as far as the person may see them.

        Anything else is returned as it is. Raises ``TooLittleData`` where nothing of a table is left.
        """
        sight = self._sight()
        if sight is None:
            return answer
        if isinstance(answer, tuple):
            return tuple(self.narrowed(one) for one in answer)
        return sight.narrow(answer, self._groups()) if isinstance(answer, SafeTable) else answer

    @property
    def key(self) -> str:
        """A digest that changes with anything committed and with the policy: the key of every cache."""
        snapshot = self._snapshot()
        return f"{snapshot.key if snapshot else ''}-{self.policy.key}"

    @property
    def is_empty(self) -> bool:
        """Whether nothing is imported."""
        snapshot = self._snapshot()
        return snapshot is None or not snapshot.events

    @property
    def is_sample(self) -> bool:
        """Whether generated sample data is in effect."""
        return bool(self._sample_events())

    @property
    def attrition_on(self) -> bool:
        """Whether curves and models of leaving may be shown: off until the policy turns them on.

        What the sample brings along holds for the sample alone, not for data that are added to it.
        """
        policy, snapshot = self.policy, self._snapshot()
        if not policy.attrition or policy.attrition_purpose != SAMPLE_PURPOSE or snapshot is None:
            return policy.attrition
        hashes = sample_hashes()
        imports = [event for event in snapshot.present.events if event.event == "import"]
        return all(event.file_sha256 in hashes for event in imports)

    @property
    def closed_waves(self) -> tuple[str, ...]:
        """Names of the closed waves, oldest first."""
        snapshot = self._snapshot()
        if snapshot is None:
            return ()
        closed = closed_waves(snapshot)
        return tuple(wave for wave in linking.survey_waves(snapshot) if wave in closed)

    @property
    def open_waves(self) -> tuple[str, ...]:
        """Names of the waves that show no results yet, oldest first."""
        snapshot = self._snapshot()
        if snapshot is None:
            return ()
        closed = closed_waves(snapshot)
        return tuple(wave for wave in linking.survey_waves(snapshot) if wave not in closed)

    def closed(self, wave: str | None = None) -> str:
        """Return the name of a closed wave, the newest where none is named.

        Raises ``TooLittleData`` where it is open or none is closed, ``UsageError`` for an unknown name.
        """
        return self._waves(wave)[-1]

    def waves(self) -> tuple[str, ...]:
        """Return the names of all waves, oldest first; :meth:`wave_table` says more of them."""
        snapshot = self._snapshot()
        return linking.survey_waves(snapshot) if snapshot else ()

    def instrument(self, wave: str | None = None) -> Instrument:
        """Return the questionnaire of a wave; several are laid together."""
        snapshot = self._need()
        return wave_instrument(snapshot, None if wave in (None, ALL_WAVES) else wave)

    @property
    def guides(self) -> Mapping[str, Guide]:
        """What to ask about each factor and what can be done: the workspace's levers.yaml, or the package's.

        Raises ``InputError`` for a file of the workspace's own that can't be read.
        """
        return load_levers(list(places([self.path / "surveys"])))

    def demographics(self, wave: str | None = None) -> tuple[str, ...]:
        """Return the groups whose tables a closed wave publishes."""
        return WaveCells(self._need(), self._waves(wave)).demographics

    def _sight(self) -> Sight | None:
        """Return the part of the organisation that the person sees, ``None`` for all of it."""
        person, snapshot = self.person, self._snapshot()
        if person is None or not person.subtrees:
            return None
        return sight_of(person, unit_paths(snapshot) if snapshot else {})

    def _groups(self) -> frozenset[str]:
        """Return every column of released tables that may hold groups of people."""
        snapshot = self._snapshot()
        if snapshot is None:
            return frozenset()
        answers = [name for name in snapshot.tables if name.startswith(responses_table(""))]
        columns = {name for table in ("people", *answers) for name in snapshot.schema(table).names}
        return frozenset(columns - {"import_id", "wave", "respondent"})

    def _steady(self) -> Snapshot:
        """Return the state of the workspace that models are of."""
        return steady(self._need())

    def _published(self, by: str | Sequence[str], wave: str | None) -> tuple[WaveCells, tuple[str, ...]]:
        """Return the cells of one closed wave and the names of a table that it published."""
        names = (by,) if isinstance(by, str) else tuple(by)
        cells = WaveCells(self._need(), self._waves(wave)[-1:])
        found = next((one for one in cells.tables if sorted(one) == sorted(names)), None)
        if found is None:
            name = ",".join(names)
            raise UsageError("workspace.unknown_demographic", where=name, name=name, known=cells.demographics)
        return cells, found

    def _names(self, survey: linking.Survey, group: str) -> frozenset[str]:
        waves = [str(wave) for wave in survey.frame["wave"].unique()]
        return group_names(self._need(), waves, survey.frame, [group], self.policy.scores_k)[group]

    def _store(self) -> Store | None:
        return Store.open(self.path) if (self.path / "workspace.json").is_file() else None

    def _snapshot(self) -> Snapshot | None:
        store = self._store()
        return store.snapshot() if store else None

    def _need(self) -> Snapshot:
        snapshot = self._snapshot()
        if snapshot is None or not snapshot.instruments(None):
            raise TooLittleData("workspace.no_wave", where=str(self.path))
        return snapshot

    def _waves(self, wave: str | None) -> tuple[str, ...]:
        """Return the closed waves that ``wave`` means."""
        closed = self.closed_waves
        if not closed and wave in (None, ALL_WAVES):
            raise TooLittleData("workspace.no_wave", where=str(self.path))
        if wave is None:
            return closed[-1:]
        if wave == ALL_WAVES:
            return closed
        name = self._known(self._need(), wave)
        if name not in closed:
            raise TooLittleData("workspace.wave_open", where=name, wave=name)
        return (name,)

    def _known(self, snapshot: Snapshot, wave: str) -> str:
        name, known = wave_name(wave), linking.survey_waves(snapshot)
        if name not in known:
            near = get_close_matches(name, known, cutoff=0.4) or known
            raise UsageError("workspace.unknown_wave", where=wave, wave=wave, known=near)
        return name

    def _sample_events(self) -> tuple[Event, ...]:
        snapshot = self._snapshot()
        if snapshot is None:
            return ()
        hashes = sample_hashes()
        present = snapshot.present.events
        return tuple(e for e in present if e.event == "import" and e.file_sha256 in hashes)

    @property
    def _log(self) -> AuditLog:
        return AuditLog(self.path / "audit.jsonl")

    def _audit(self, code: str, *, originals: Sequence[str] = (), **counts: int) -> str:
        return self._log.append(code, who=self.who, originals=originals, **counts)


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under a number that has no name
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else ""
