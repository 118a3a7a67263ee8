"""What people write, to be read: the comments themselves, as far as the gate lets them through."""

from typing import Any

from engage.errors import TooLittleData, UsageError
from engage.privacy import (
    STATUSES,
    Following,
    SafeTable,
    follow_up,
    marks_of,
    pick_comments,
    release_agreement,
    select_cells,
)
from engage.store import Note, Store
from engage.text import redact
from engage.text.topics import THEMES
from engage.workspace import correcting, voicing, wishing, wording
from engage.workspace.base import ALL_WAVES, Base
from engage.workspace.cells import WaveCells
from engage.workspace.correcting import Learned
from engage.workspace.toning import tone_table


class Voices(Base):
    """The part of a workspace that lets comments be read."""

    def comments(
        self,
        theme: str = "",
        wave: str | None = None,
        *,
        question: str = "",
        source: str = "",
        search: str = "",
        typical: bool = False,
    ) -> SafeTable:
        """Return comments of closed waves that may be read, in an order that tells nothing.

        Only on themes whose tone is shown, of one question and source; names, rare places, days, teams and
        numbers replaced; without who, when, or which group. ``search`` looks through the words shown and no
        others; ``typical``: only those that stand for the rest. Each call leaves its count and its themes in
        the audit log. See :func:`engage.privacy.release_comments`.

        Raises ``TooLittleData`` where there are no comments, ``UsageError`` for an unknown theme.
        """
        if theme and theme not in THEMES:
            raise UsageError("workspace.unknown_theme", where=theme, name=theme, known=THEMES)
        state, waves = self._state(), self._waves(wave)
        if "comments" not in state.snapshot.tables:
            raise TooLittleData("workspace.no_comments")
        tables = [voicing.shown(state, one) for one in reversed(waves)]
        table = pick_comments(
            tables,
            theme=theme,
            question=question,
            source=source,
            search=search,
            typical=typical,
            corrected={
                mark: (note.value, note.who) for mark, note in correcting.corrections(self._notes()).items()
            },
        )
        counts = table.tidy()["theme"].value_counts()
        told: dict[str, Any] = {f"theme_{theme}": int(n) for theme, n in counts.items()}
        self._audit("comments", shown=len(table), search=int(bool(search)), **told)
        return table

    def wishes(self) -> SafeTable:
        """Return what many people ask for in nearly the same words, over all closed waves, and its status.

        One row per wish that ``comments_k`` people share in some wave, the others as one row of further
        wishes; open suggestions are ranked for the contest. See :func:`engage.privacy.release_wishes` and
        :func:`engage.privacy.follow_up`. Raises ``TooLittleData`` while no wave is closed.
        """
        waves = self._waves(ALL_WAVES)
        found = wishing.wished(self._state(), waves)
        notes = [note for note in self._notes() if note.kind == "follow"]
        said = [
            (frozenset(note.marks), Following(note.value, note.reason, note.who, note.at.date().isoformat()))
            for note in notes
        ]
        return follow_up(found.table, waves, marks_of(said, found))

    def follow(self, wish: str, status: str, *, reason: str = "", who: str = "") -> Note:
        """Note what becomes of a wish: ``open``, ``planned``, ``done`` or ``declined`` (with a ``reason``).

        It holds for the same wish in later waves. ``who`` is by default the user of this machine. A reason
        is kept without names and numbers of people. Raises ``UsageError`` for a wish that is not shown, an
        unknown status, or a refusal without a reason.
        """
        found = wishing.wished(self._state(), self._waves(ALL_WAVES))
        if wish not in found.marks:
            raise UsageError("workspace.unknown_wish", where=wish, name=wish)
        if status not in STATUSES:
            raise UsageError("workspace.unknown_status", where=status, name=status, known=STATUSES)
        if status == "declined" and not reason.strip():
            raise UsageError("workspace.reason_needed", where="reason")
        marks = (wish, *sorted(found.marks[wish]))
        said = Note("follow", marks, status, redact(" ".join(reason.split())).text, self._who(who))
        return self._note(said, "follow", status=STATUSES.index(status))

    def emerging(self) -> SafeTable:
        """Return the themes that comments form by themselves, without a word list, and how they moved.

        Over all closed waves together, within question, source and language. See
        :func:`engage.privacy.release_emerging`.
        """
        return wording.emerged(self._state(), self._waves(ALL_WAVES))

    def agreement(self) -> SafeTable:
        """Return, by closed wave, whether the words on each factor agree with its score.

        Worked out from the released tables of tone and scores. See
        :func:`engage.privacy.release_agreement`. Raises ``TooLittleData`` where there are no comments.
        """
        waves = self._waves(ALL_WAVES)
        cells = WaveCells(self._need(), waves).frame
        state = self._state()
        tones, scores = {}, {}
        for wave in waves:
            comments, groups = voicing.written(state, wave)
            if len(comments):
                tones[wave] = tone_table(comments, "theme", groups, state.policy)
                scores[wave] = select_cells(cells[cells["wave"] == wave], (), {})
        if not tones:
            raise TooLittleData("workspace.no_comments")
        return release_agreement(tones, scores, THEMES)

    def correct(
        self, comment: str, *, tone: str = "", intent: str = "", theme: str = "", who: str = ""
    ) -> Note:
        """Note how a shown comment should have been read; what is not given was read rightly.

        No table moves with it: it teaches the workspace's own model (:meth:`learn`). ``comment`` as in
        :meth:`comments`. Raises ``UsageError`` for a comment that is not shown or an unknown label.
        """
        frame = self._every_shown().tidy()
        found = frame[frame["comment"] == comment]
        if found.empty:
            raise UsageError("workspace.unknown_comment", where=comment, name=comment)
        labels = {head: str(found[head].iloc[0]) for head in ("tone", "intent", "theme")}
        given = {
            name: value for name, value in (("tone", tone), ("intent", intent), ("theme", theme)) if value
        }
        note = Note("correct", (comment,), correcting.as_value(labels | given), who=self._who(who))
        return self._note(note, "correct", labels=len(given))

    def learn(self, *, who: str = "") -> Learned:
        """Learn a last layer over the packaged models from the corrections, and take it if it is better.

        Judged by cross-validation on the corrected comments (:func:`engage.text.own.learn`). What is taken
        reads comments that are imported from then on; those imported before, and every released table, stay
        as they are. :meth:`take_back` its note gives it up.
        """
        given = correcting.corrections(self._notes())
        layer, reports = correcting.learned(self._every_shown(), given)
        if not layer.weights:
            return Learned(reports)
        content = layer.to_bytes()
        note = Note("model", (), correcting.model_name(content), who=self._who(who))
        made = self._note(note, "model", model=content, corrections=len(given))
        return Learned(reports, made.id)

    def _every_shown(self) -> SafeTable:
        state = self._state()
        return pick_comments([voicing.shown(state, wave) for wave in reversed(self._waves(ALL_WAVES))])

    def take_back(self, note: str, *, who: str = "") -> Note:
        """Take back a note: a status, a correction, or a model of the workspace's own.

        Raises ``UsageError`` if no such note stands.
        """
        return self._note(Note("undo", target=note, who=self._who(who)), "note_undone")

    def notes(self) -> tuple[Note, ...]:
        """Return the notes on comments that stand, oldest first: who said what, and when; no comment."""
        return tuple(note for note in self._notes() if note.kind not in ("plan", "norm"))

    def _notes(self) -> tuple[Note, ...]:
        store = self._store()
        return store.notes() if store else ()

    def _note(self, note: Note, code: str, *, model: bytes = b"", **counts: Any) -> Note:
        made = self._need_store().note(note, model=model)
        self._audit(code, **counts)
        return made

    def _need_store(self) -> Store:
        store = self._store()
        if store is None:
            raise TooLittleData("workspace.no_wave", where=str(self.path))
        return store

    def _who(self, name: str) -> str:
        """Return who notes something: whoever signed in, whatever name is given; else that name."""
        return self.who if self.person else " ".join(name.split()) or self.who

    def _state(self) -> voicing.State:
        store, snapshot, policy = self._store(), self._need(), self.policy
        return voicing.State(
            f"{self.path}-{snapshot.key}-{policy.key}", snapshot, policy, store.id if store else ""
        )
