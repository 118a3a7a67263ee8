"""The public face of a store: ``SafeTable`` for readers; ``frame`` alone is raw, and audited."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from engage.errors import UsageError
from engage.instrument import Instrument
from engage.privacy import SafeTable, release_audit
from engage.privacy.audit import findings_frame
from engage.store import Event, Store, wave_name
from engage.workspace import linking, waiting
from engage.workspace.auditing import attacked
from engage.workspace.base import ALL_WAVES
from engage.workspace.breaks import Break, Breaks
from engage.workspace.correcting import Learned
from engage.workspace.desk import Desk
from engage.workspace.growing import Growing
from engage.workspace.importing import ImportResult, Progress, Upload, import_anew
from engage.workspace.keeping import Keeping
from engage.workspace.modelling import Models
from engage.workspace.norming import Norms
from engage.workspace.planning import Plans
from engage.workspace.publishing import publish
from engage.workspace.reading import Readings
from engage.workspace.records import Records
from engage.workspace.rights import guarded
from engage.workspace.voices import Voices
from engage.workspace.waiting import closed_waves, standings

if TYPE_CHECKING:
    from engage.ingest import Kind

__all__ = ["ALL_WAVES", "Break", "Breaks", "ImportResult", "Learned", "Workspace"]


@guarded
class Workspace(Models, Growing, Readings, Records, Voices, Keeping, Desk, Plans, Norms):
    """A folder with everything that was imported. A missing folder is an empty workspace.

    Results appear when a wave is closed: its publishable tables are then computed once, by the policy in
    ``policy.yaml``, and stored. What is imported into a closed wave, or taken back, waits for its next close.
    ``wave=None`` means the newest closed wave, ``"all"`` all closed waves.
    """

    @property
    def waiting_waves(self) -> tuple[str, ...]:
        """Names of the closed waves for which something waits for the next close: news for who imports."""
        found = self._standings()
        return tuple(wave for wave in self.closed_waves if found.get(wave, "same") != "same")

    @property
    def ready_waves(self) -> tuple[str, ...]:
        """Names of the waves that :meth:`close` takes now: of closed ones those where enough waits."""
        closed, found = self.closed_waves, self._standings()
        return tuple(w for w, s in found.items() if s == "enough" or (s == "same" and w not in closed))

    def import_file(
        self,
        path: str | Path | bytes,
        kind: "Kind" = "responses",
        wave: str | None = None,
        instrument: str | Instrument | None = None,
        mapping: str | Path | Mapping[str, object] | None = None,
        *,
        name: str = "",
        progress: Progress | None = None,
    ) -> ImportResult:
        """Import a file whole or not at all; the folder is made where it is missing.

        Answers and comments of a closed wave wait for its next close: nobody sees anything of them before.
        ``progress(step, done, of)`` is told of the steps reading, comments and writing. Raises ``Rejected``
        with every fault of the file, ``InputError`` where it clashes with what is there, ``UsageError``.
        """
        if isinstance(path, bytes):
            content, name = path, name or "upload"
        else:
            content, name = Path(path).read_bytes(), name or Path(path).name
        upload = Upload(content, name, kind, wave, instrument, mapping)
        store = self._store() or Store.create(self.path)
        days = self.policy.originals_days
        again = progress or (lambda *_: None)
        result = import_anew(lambda: Store.open(self.path), upload, again, keep_days=days)
        self._audit("import", rows=result.rows, problems=len(result.problems))
        self.retain()
        return replace(result, waits=result.import_id not in {event.id for event in store.snapshot().events})

    def close(self, wave: str) -> SafeTable:
        """Close a wave: compute and store what may be published of it; return its totals.

        A closed wave is closed again to let in what waits. Any two releases of a wave differ by nobody's
        answers or by those of at least ``scores_k`` people (see :func:`engage.workspace.waiting.standing`).

        Raises ``UsageError`` for an unknown wave or a closed one that nothing waits for, ``InputError`` if
        too little waits or the wave grew meanwhile.
        """
        store, snapshot, policy = self._store(), self._need(), self.policy
        wave = wave_name(wave)
        if store is None or wave not in linking.survey_waves(snapshot.present):
            raise UsageError("workspace.nothing_to_close", where=wave, wave=wave)
        found = waiting.standing(snapshot, wave, policy)
        if wave in closed_waves(snapshot) and found == "same":
            raise UsageError("workspace.wave_is_closed", where=wave, wave=wave)
        waiting.refuse_too_few(found, wave, policy)
        publication = publish(snapshot, wave, policy)
        store.close(wave, publication.cells, members=publication.members, seen=snapshot.key)
        tables = publication.tables
        hidden = sum(int(table.tidy()["hidden_reason"].notna().sum()) for table in tables.values())
        self._audit("close", cells=sum(len(table) for table in tables.values()), hidden=hidden)
        self.retain()
        return tables[()]

    def undo(self, wave: str) -> Event:
        """Take back the latest import of a wave.

        Where the wave is closed: an import that still waited is gone. One that its results hold opens the
        wave again, so that nothing of it is shown, if it takes ``scores_k`` respondents or more, or the last
        there are. One of fewer, or of comments, leaves the results as they are, and waits for the next close
        as a late answer does: a result that moves with fewer people would tell their answers.

        Raises ``UsageError`` if the wave has nothing to take back.
        """
        store, snapshot = self._store(), self._snapshot()
        of_wave = [e for e in (snapshot.present.events if snapshot else ()) if e.wave == wave_name(wave)]
        imports = [event for event in of_wave if event.event == "import"]
        if store is None or snapshot is None or not imports:
            known = sorted({event.wave for event in snapshot.events}) if snapshot else []
            raise UsageError("workspace.nothing_to_undo", where=wave, wave=wave, known=known)
        if wave_name(wave) in closed_waves(snapshot) and imports[-1].id in {e.id for e in snapshot.events}:
            self.access.allow(self.who, "undo_released")
        opens = waiting.opens_again(snapshot, imports[-1], self.policy)
        for event in of_wave:
            if event.event == "close" and opens:
                store.undo(event.id)
        undone = store.undo(imports[-1].id)
        self._audit("undo", rows=imports[-1].rows)
        return undone

    def clear_sample(self) -> None:
        """Take the sample's imports out of view, with the waves that consist of nothing else.

        Its results are nobody's, so that whoever may import may do it.
        """
        store = self._store()
        events = self._sample_events()
        if store is None or not events:
            return
        waves = {event.wave for event in events if event.kind == "responses"}
        for event in self._need().present.events:
            if event in events or (event.event == "close" and event.wave in waves):
                store.undo(event.id)
        self._audit("clear_sample", imports=len(events))

    def audit(self, *, colluders: int = 3, progress: Progress | None = None) -> SafeTable:
        """Attack everything that is released of the closed waves, and return what came out.

        See :mod:`engage.privacy.audit`. ``certain`` must be 0 in every row: nobody's answer is known, not
        even to ``colluders`` people who put theirs together. ``hits`` is how often the best guess of an
        answer is right, ``best`` how often it is by naming the most frequent one.
        """
        snapshot, waves = self._need(), self._waves(ALL_WAVES)
        found = findings_frame(attacked(snapshot, waves, colluders, progress or (lambda *_: None)))
        self._audit("audit", certain=int(found["certain"].sum()), rows=len(found))
        return release_audit(found)

    def frame(self, wave: str | None = None, *, ids: Iterable[str] = ()) -> pd.DataFrame:
        """Return one row per respondent with scale scores, as they are: for analysts only, audited.

        Works on open waves too; of a closed one it holds the answers that the results are of. Scores are
        missing where fewer than half of a scale's items are answered; teams have their present names.
        Respondents are pseudonyms, but those whose ``ids`` are given are called by these, so that other
        files join; that takes the workspace's key (``InputError`` without).
        """
        snapshot = self._need().renamed
        if wave is None:
            waves = (linking.survey_waves(snapshot) or ("",))[-1:]
        else:
            waves = linking.survey_waves(snapshot) if wave == ALL_WAVES else (self._known(snapshot, wave),)
        frame = linking.survey(snapshot, waves).frame
        known = self._known_as(ids)
        called = [known.get(one, one) for one in frame["respondent"]]
        frame["respondent"] = pd.Series(called, index=frame.index, dtype=frame["respondent"].dtype)
        self._audit("frame", rows=len(frame), named=int(frame["respondent"].isin(known.values()).sum()))
        return frame

    def _standings(self) -> Mapping[str, waiting.Standing]:
        snapshot = self._snapshot()
        return standings(snapshot, self.policy) if snapshot else {}
