"""The public face of a store: ``SafeTable`` for readers; ``frame`` alone is raw, and audited."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from engage.errors import TooLittleData, UsageError
from engage.instrument import Instrument
from engage.privacy import (
    Policy,
    SafeTable,
    load_policy,
    nameable,
    release_audit,
    release_changes,
    release_counts,
    release_drivers,
    release_open_wave,
    release_quality,
    release_staffing,
    release_utility,
    release_waves,
    select_cells,
    unnamed,
)
from engage.privacy.audit import findings_frame
from engage.store import AuditLog, Event, Snapshot, Store, wave_name
from engage.workspace import comparing, findings, linking, waiting
from engage.workspace.answering import answered
from engage.workspace.auditing import attacked
from engage.workspace.breaks import Break, Breaks, since_break, trend_breaks
from engage.workspace.cells import WaveCells
from engage.workspace.grouping import grouped_drivers
from engage.workspace.hearing import heard
from engage.workspace.importing import ImportResult, Progress, Upload, import_upload
from engage.workspace.merging import wave_instrument
from engage.workspace.policies import note_policy
from engage.workspace.publishing import group_names, publish
from engage.workspace.quality import every_staffing, wave_quality
from engage.workspace.sample_files import sample_hashes
from engage.workspace.toning import tone_table
from engage.workspace.waiting import closed_waves, standings

if TYPE_CHECKING:
    from engage.ingest import Kind

ALL_WAVES: Final = "all"

__all__ = ["ALL_WAVES", "Break", "Breaks", "ImportResult", "Workspace"]


class Workspace:
    """A folder with everything that was imported. A missing folder is an empty workspace.

    Results appear when a wave is closed: its publishable tables are then computed once, by the policy in
    ``policy.yaml``, and stored. What is imported into a closed wave, or taken back, waits for its next close.
    ``wave=None`` means the newest closed wave, ``"all"`` all closed waves.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def policy(self) -> Policy:
        """The disclosure policy in force; its changes go to the audit log when they are first met."""
        policy = load_policy(self.path / "policy.yaml")
        if self._store() is not None:
            note_policy(self._log, policy)
        return policy

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

    def instrument(self, wave: str | None = None) -> Instrument:
        """Return the questionnaire of a wave; several are laid together."""
        snapshot = self._need()
        return wave_instrument(snapshot, None if wave in (None, ALL_WAVES) else wave)

    def demographics(self, wave: str | None = None) -> tuple[str, ...]:
        """Return the groups whose tables a closed wave publishes."""
        return WaveCells(self._need(), self._waves(wave)).demographics

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
        result = import_upload(store, upload, progress or (lambda *_: None))
        self._audit("import", rows=result.rows, problems=len(result.problems))
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
        opens = waiting.opens_again(snapshot, imports[-1], self.policy)
        for event in of_wave:
            if event.event == "close" and opens:
                store.undo(event.id)
        undone = store.undo(imports[-1].id)
        self._audit("undo", rows=imports[-1].rows)
        return undone

    def clear_sample(self) -> None:
        """Take the sample's imports out of view, with the waves that consist of nothing else."""
        store = self._store()
        events = self._sample_events()
        if store is None or not events:
            return
        waves = {event.wave for event in events if event.kind == "responses"}
        for event in self._need().present.events:
            if event in events or (event.event == "close" and event.wave in waves):
                store.undo(event.id)
        self._audit("clear_sample", imports=len(events))

    def wave_table(self) -> SafeTable:
        """Return the waves, oldest first: state, responses (banded while open), first and last day."""
        snapshot = self._snapshot()
        if snapshot is None:
            return release_waves([], {}, ())
        facts = {str(fact["wave"]): fact for fact in linking.wave_facts(snapshot).to_dict("records")}
        return release_waves(self.waves(), facts, closed_waves(snapshot))

    def waves(self) -> tuple[str, ...]:
        """Return the names of all waves, oldest first; :meth:`wave_table` says more of them."""
        snapshot = self._snapshot()
        return linking.survey_waves(snapshot) if snapshot else ()

    def scores(
        self,
        wave: str | None = None,
        by: str | Sequence[str] = (),
        where: Mapping[str, str] | None = None,
    ) -> SafeTable:
        """Return released scale scores of one wave, by the demographics ``by``, for the groups of ``where``.

        Both pick from the tables published at the close; any other question comes back with hidden cells. An
        open wave says only in a band how many answered. Raises ``UsageError`` for unknown names.
        """
        names = (by,) if isinstance(by, str) else tuple(by)
        snapshot = self._need()
        if wave is not None and wave_name(wave) in self.open_waves:
            open_wave = wave_name(wave)
            scales = [scale.id for scale in self.instrument(open_wave).scales]
            counts = linking.response_counts(snapshot)[open_wave]
            return release_open_wave(scales, counts["responses"] or 0, names)
        cells = WaveCells(snapshot, self._waves(wave)[-1:])
        for name in (*names, *(where or {})):
            if name not in cells.demographics:
                raise UsageError(
                    "workspace.unknown_demographic", where=name, name=name, known=cells.demographics
                )
        return select_cells(cells.frame, names, where or {})

    def trend(self) -> SafeTable:
        """Return the released totals of every closed wave, with the wave in the first column.

        Where a scale's wording changed, its figures before and after don't compare: see :meth:`breaks`.
        """
        return select_cells(WaveCells(self._need(), self._waves(ALL_WAVES)).frame, (), {}, with_wave=True)

    def breaks(self) -> Breaks:
        """Return where a trend breaks, over the closed waves: a scale asked in other words than before."""
        return trend_breaks(self._need(), self._waves(ALL_WAVES))

    def changes(self) -> SafeTable:
        """Return the changes between consecutive closed waves, tested unrounded inside the gate.

        Who answered both is counted as paired; with intervals, Hedges' g, and what is reliable at 5 %. Of a
        scale whose trend breaks, those since its last break.
        """
        snapshot, waves = self._need(), self._waves(ALL_WAVES)
        moments = since_break(WaveCells(snapshot, waves).moments, trend_breaks(snapshot, waves), waves)
        return release_changes(moments, waves, self.policy, comparing.links(snapshot, waves))

    def differences(self, by: str | Sequence[str], wave: str | None = None) -> SafeTable:
        """Return how each group of a published table differs from everybody else, by scale.

        With intervals, Hedges' g, p-values adjusted over the table, and a verdict. Raises ``UsageError`` for
        a table that is not published.
        """
        cells, names = self._published(by, wave)
        return comparing.compared(cells, names, self.policy)

    def distribution(
        self, by: str | Sequence[str] = (), wave: str | None = None, scale: str | None = None
    ) -> SafeTable:
        """Return shares of favourable, neutral and unfavourable answers, of the whole wave or a table of it.

        Of every scale, or of one, which is quicker. Raises ``UsageError`` for a table that is not published.
        """
        cells, names = self._published(by, wave)
        data = answered(self._need(), self._waves(wave)[-1], self.policy)
        return comparing.distribution(data, cells, names, self.policy, scale)

    def quality(self, wave: str | None = None) -> SafeTable:
        """Return whether a closed wave is fit to use, one line per check; the first is of the whole wave.

        Response, make-up of the respondents, careless answers, reliability, agreement of teams, and what the
        headline results would be without careless answers. See :func:`engage.privacy.release_quality`.
        """
        snapshot, name, policy = self._need(), self._waves(wave)[-1], self.policy
        data = answered(snapshot, name, policy)
        raw = wave_quality(snapshot, name, data, WaveCells(snapshot, [name]).frame, policy)
        return release_quality(raw, data.release, policy)

    def response(self, by: str, wave: str | None = None) -> SafeTable:
        """Return who answered, group by group, beside the staff list; of groups whose results are shown.

        Raises ``UsageError`` for a demographic without results, ``TooLittleData`` where the staff list does
        not have it.
        """
        cells, (group,) = self._published(by, wave)
        snapshot, name = self._need(), self._waves(wave)[-1]
        data = answered(snapshot, name, self.policy)
        staffing = every_staffing(snapshot, name, data, cells.frame, "")
        if group not in staffing:
            raise TooLittleData("workspace.not_on_staff_list", where=group, group=group)
        return release_staffing(staffing[group], group, self.policy)

    def response_rates(self) -> SafeTable:
        """Return, per closed wave, how many were employed (where known) and how many answered."""
        snapshot = self._need()
        counts = linking.response_counts(snapshot)
        return release_counts({wave: counts[wave] for wave in self._waves(ALL_WAVES)}, of="invited")

    def join_report(self, wave: str | None = None) -> SafeTable:
        """Return how many rows of survey, people, service and comments could be matched."""
        snapshot, name = self._need().renamed, self._waves(wave)[-1]
        return release_counts({name: linking.join_counts(snapshot, name)})

    def outcomes(self) -> tuple[str, ...]:
        """Return the outcomes that can be asked about now."""
        snapshot = self._snapshot()
        if snapshot is None or not self.closed_waves:
            return ()
        return findings.outcome_names(snapshot, self._waves(None)[0])

    def drivers(self, outcome: str, wave: str | None = None, by: str | Sequence[str] = ()) -> SafeTable:
        """Return what goes with an outcome: coefficients, importance, intervals; association, not effect.

        ``outcome``: a scale, ``"attrition"`` (voluntary leaving within 180 days after the wave) or
        ``"service"`` (team results in the three months after it). Without a wave, a scale is asked of the
        newest closed wave, the other two of all closed waves together. ``by``: one demographic, a model per
        group; groups that may have none come back hidden.

        Raises ``UsageError`` for unknown names, ``TooLittleData`` where the data can't support the model.
        """
        groups = (by,) if isinstance(by, str) else tuple(by)
        # models by group stand beside published tables, which keep the names of their close
        snapshot = self._need() if groups else self._need().renamed
        pooled = outcome in (findings.ATTRITION, findings.SERVICE)
        waves = self._waves(wave if wave is not None or not pooled else ALL_WAVES)
        survey = linking.survey(snapshot, waves)
        self._audit("drivers", waves=len(waves), groups=len(groups))
        if not groups:
            found = findings.driver_answer(survey, snapshot, outcome, self.policy)
            return release_drivers(found.table, found.notes, self.policy, behind=found.behind)
        (group,) = groups if len(groups) == 1 else ("",)
        if group not in survey.groups:
            name = ",".join(groups)
            raise UsageError("workspace.unknown_demographic", where=name, name=name, known=survey.groups)
        named = self._called(survey, group)
        return grouped_drivers(named, snapshot, waves, outcome, group, self.policy)

    def tone(self, by: str = "theme", wave: str | None = None) -> SafeTable:
        """Return the tone of comments by theme, wave or a demographic, within each question and source.

        Of several waves, those count in which the theme or group is shown.

        Raises ``TooLittleData`` where there are no comments, ``UsageError`` for an unknown grouping.
        """
        snapshot = self._need()
        waves = self._waves(ALL_WAVES if by == "wave" else wave)
        written, answers = heard(snapshot, waves, self.policy)
        if written.empty:
            raise TooLittleData("workspace.no_comments")
        if by not in ("theme", "wave", *answers.groups):
            known = ("theme", "wave", *answers.groups)
            raise UsageError("workspace.unknown_demographic", where=by, name=by, known=known)
        asked = {question.id for question in self.instrument(ALL_WAVES).questions}
        several = nameable(written["question"], asked, self.policy.comments_k)
        written["question"] = unnamed(written["question"], several)
        if by in answers.groups:
            written[by] = unnamed(written[by], self._names(answers, by))
        return tone_table(written, by, answers.groups, self.policy)

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

    def utility(self, wave: str | None = None) -> SafeTable:
        """Return how many cells of closed waves are shown, and why the others are not, by table.

        It is counted from the tables that readers get, so it says nothing that they don't.
        """
        return release_utility(WaveCells(self._need(), self._waves(wave)).frame, self.policy)

    def frame(self, wave: str | None = None) -> pd.DataFrame:
        """Return one row per respondent with scale scores, as they are: for analysts only, audited.

        Works on open waves too; of a closed one it holds the answers that the results are of. Scores are
        missing where fewer than half of a scale's items are answered; teams have their present names.
        """
        snapshot = self._need().renamed
        if wave is None:
            waves = (linking.survey_waves(snapshot) or ("",))[-1:]
        else:
            waves = linking.survey_waves(snapshot) if wave == ALL_WAVES else (self._known(snapshot, wave),)
        survey = linking.survey(snapshot, waves)
        self._audit("frame", rows=len(survey.frame))
        return survey.frame

    def _published(self, by: str | Sequence[str], wave: str | None) -> tuple[WaveCells, tuple[str, ...]]:
        """Return the cells of one closed wave and the names of a table that it published."""
        names = (by,) if isinstance(by, str) else tuple(by)
        cells = WaveCells(self._need(), self._waves(wave)[-1:])
        found = next((one for one in cells.tables if sorted(one) == sorted(names)), None)
        if found is None:
            name = ",".join(names)
            raise UsageError("workspace.unknown_demographic", where=name, name=name, known=cells.demographics)
        return cells, found

    def _called(self, survey: linking.Survey, group: str) -> linking.Survey:
        """Return the survey with groups called by names that may be said."""
        names = self._names(survey, group)
        return replace(survey, frame=survey.frame.assign(**{group: unnamed(survey.frame[group], names)}))

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

    def _standings(self) -> Mapping[str, waiting.Standing]:
        snapshot = self._snapshot()
        return standings(snapshot, self.policy) if snapshot else {}

    @property
    def _log(self) -> AuditLog:
        return AuditLog(self.path / "audit.jsonl")

    def _audit(self, code: str, **counts: int) -> None:
        self._log.append(code, **counts)
