"""People's rights and the records of a workspace: erasure, one's own data, retention, who did what."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from engage.errors import UsageError
from engage.keys import key_path
from engage.privacy import possible_marks
from engage.store import Erased, LogCheck, Store, erase, own_data
from engage.workspace import voicing
from engage.workspace.base import Base
from engage.workspace.hearing import BOX
from engage.workspace.policies import note_policy, write_attrition

_SOURCES: Final = ("customer_relayed", "employee")


@dataclass(frozen=True, slots=True)
class Erasure:
    """The record of an erasure: what was removed where, and the entry of the audit log that says so.

    It holds no data and no id. ``at`` is when it was done (UTC), ``entry`` the hash of the log's line.
    """

    at: str
    who: str
    removed: Erased
    entry: str

    def as_dict(self) -> dict[str, Any]:
        """Return what ``engage erase --json`` prints."""
        gone = self.removed
        return {
            "at": self.at,
            "who": self.who,
            "rows": dict(gone.rows),
            "originals": list(gone.originals),
            "mappings": gone.mappings,
            "file_names": gone.file_names,
            "notes": gone.notes,
            "own_models": gone.models,
            "searched_files": gone.searched,
            "found_in": list(gone.left),
            "log_entry": self.entry,
        }


class Records(Base):
    """The part of a workspace that answers for what it holds."""

    def erase(self, respondent: str) -> Erasure:
        """Erase a person, by the id that people know, from everything the workspace holds.

        Their answers, comments and rows of any table go, with the tables' history, every original that holds
        them, kept readings of files that quote them, notes about their comments, and models of the
        workspace's own where there are comments of theirs. What was released of closed waves stays as it is.
        The search at the end is of every byte; ``removed.left`` names files with a hit.

        Raises ``UsageError`` if nobody is known by the id, ``InputError`` if the workspace's key is lost:
        then nobody can say which pseudonym is whose.
        """
        store = self._opened()
        self._audit("erase_begun")
        removed = erase(store, respondent, marks=self._marks)
        entry = self._audit(
            "erase",
            originals=removed.originals,
            rows=sum(removed.rows.values()),
            mappings=removed.mappings,
            notes=removed.notes,
            models=removed.models,
            searched=removed.searched,
            found=len(removed.left),
        )
        return Erasure(datetime.now(UTC).isoformat(timespec="seconds"), self.who, removed, entry)

    def own_data(self, respondent: str) -> dict[str, Any]:
        """Return everything the tables hold of a person, to be given to them: plain values, for JSON.

        Rows of imports that were undone are in it, too, since they are still stored; so are the files that
        the rows came from, and whether the originals are still kept. Audited. Raises as :meth:`erase`.
        """
        found = own_data(self._opened(), respondent)
        self._audit("own_data", rows=sum(map(len, found["tables"].values())))
        document: dict[str, Any] = json.loads(json.dumps(found, default=str))
        return document

    def pseudonyms(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the pseudonyms under which people with these ids are stored, for analysts; audited.

        Raises ``InputError`` without the workspace's key.
        """
        known = {id: name for name, id in self._known_as(ids).items()}
        self._audit("pseudonyms", named=len(known))
        return known

    def retain(self) -> tuple[str, ...]:
        """Remove the originals whose time is over (``originals_days`` in the policy); return their hashes.

        Every import and every close does so, too. The tables made from them stay.
        """
        store = self._store()
        gone = store.retain(self.policy.originals_days) if store else ()
        if gone:
            self._audit("retain", originals=gone)
        return gone

    def switch_attrition(self, on: bool, *, purpose: str = "") -> None:
        """Turn curves and models of leaving on, for a stated ``purpose``, or off; for administrators.

        It is written to ``policy.yaml``, and to the audit log who did so. Raises ``InputError`` where no
        purpose is stated, ``UsageError`` where there is no workspace.
        """
        self._opened()
        write_attrition(self.path / "policy.yaml", on, purpose)
        note_policy(self._log, self.policy, self.who)

    def audit_log(self) -> LogCheck:
        """Return who did what, and where the chain of hashes of the audit log breaks, if it does."""
        return self._log.check()

    @property
    def key_file(self) -> str:
        """Where the workspace's key lies, or has to lie."""
        return str(key_path(self._opened().id))

    def secret_key(self) -> bytes:
        """Return the workspace's key, to be backed up; audited. ``InputError`` if it is not there."""
        key = self._opened().key()
        self._audit("key_read")
        return key

    def _marks(self, texts: Collection[str]) -> frozenset[str]:
        """Return every digest under which a note may name one of ``texts``, which are comments."""
        store, snapshot = self._opened(), self._snapshot()
        if snapshot is None or not store.has_notes:
            return frozenset()
        policy = self.policy
        state = voicing.State(f"{self.path}-{snapshot.key}-{policy.key}", snapshot, policy, store.id)
        asked = {BOX, *(q.id for id in snapshot.instruments(None) for q in snapshot.instrument(id).questions)}
        sources = set(_SOURCES)
        for wave in self.closed_waves:
            comments = voicing.written(state, wave)[0]
            asked |= set(comments["question"])
            sources |= set(comments["source"].dropna())
        return possible_marks(
            texts, sorted(asked), sorted(sources), voicing.known_names(state), salt=store.id
        )

    def _opened(self) -> Store:
        store = self._store()
        if store is None:
            raise UsageError("store.missing", where=str(self.path))
        return store

    def _known_as(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the ids of people by every pseudonym they may have."""
        wanted = tuple(ids)
        if not wanted:
            return {}
        pseudonyms = self._opened().pseudonyms()
        return {name: id for id in wanted for name in pseudonyms.known_as(str(id))}
