"""Action plans: written by people, kept as notes, and laid beside what the waves since have shown."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from engage.errors import TooLittleData, UsageError
from engage.privacy import PLAN_STATUSES, Plan, SafeTable, Sight, release_changes, release_plans
from engage.store import Note
from engage.text import redact
from engage.workspace import comparing
from engage.workspace.base import ALL_WAVES, Base
from engage.workspace.breaks import since_break, trend_breaks
from engage.workspace.cells import WaveCells

_LONGEST: Final = 300
_KEPT: Final = ("factor", "lever", "action", "owner", "due", "wave", "by", "level")


class Plans(Base):
    """The part of a workspace that holds what people have decided to do."""

    def plans(self, *, today: date | None = None) -> SafeTable:
        """Return the plans with their status, and whether the factor moved since; the earliest due first.

        Of a group only who may see it sees a plan. ``overdue``: not done or dropped, and due before
        ``today``. See :func:`engage.privacy.release_plans`. Raises ``TooLittleData`` while no wave is closed.
        """
        every, sight = self._plans(), self._sight()
        plans = sorted(every.values(), key=lambda plan: (plan.due, plan.since, plan.id))
        if not any(_in_sight(plan, sight) for plan in plans):
            plans = []  # nothing of one's own is an empty list, not a refusal
        table = self._laid_beside(plans, today or date.today())
        return table if sight is None else sight.narrow(table, self._groups())

    def moved(self, by: str, level: str) -> SafeTable:
        """Return whether each factor and outcome of a group moved in the newest closed wave since the last.

        It is what plans made in the wave before, one for each scale, would be told, in the same columns; see
        :func:`engage.privacy.release_plans`. Raises ``TooLittleData`` where one wave alone is closed,
        ``UsageError`` for a group without published results, or of a part that the person does not see.
        """
        waves = self._waves(ALL_WAVES)
        if len(waves) < 2:
            raise TooLittleData("workspace.one_wave", where=waves[-1])
        now = [scale.id for scale in self.instrument(waves[-1]).scales]
        scales = [scale.id for scale in self.instrument(waves[-2]).scales if scale.id in now]
        today = date.today()
        asked = [
            Plan(scale, "", "", "", today.isoformat(), waves[-2], by, level, since=today.isoformat())
            for scale in scales
        ]
        self._check_group(replace(asked[0], wave=waves[-1]))
        return self._laid_beside(asked, today)

    def _laid_beside(self, plans: Sequence[Plan], today: date) -> SafeTable:
        """Return plans with what the waves since show."""
        snapshot, waves = self._need(), self._waves(ALL_WAVES)
        cells, broken = WaveCells(snapshot, waves), trend_breaks(snapshot, waves)
        moments = since_break(cells.moments, broken, waves)
        changes = release_changes(moments, waves, self.policy, comparing.links(snapshot, waves))
        return release_plans(
            plans, cells.frame, cells.moments, changes, {one.scale: one.wave_to for one in broken.breaks},
            list(waves), self.policy, today=today,
        )  # fmt: skip

    def add_plan(
        self,
        factor: str,
        *,
        owner: str,
        due: str | date,
        lever: str = "",
        action: str = "",
        by: str = "",
        level: str = "",
        wave: str | None = None,
        who: str = "",
    ) -> Note:
        """Note a plan: what is to be done about ``factor``, by whom and when; later waves are laid beside it.

        ``lever``: an id of ``levers.yaml``; ``action``: in words, kept without names and numbers of people;
        one of them is needed. ``by``, ``level``: a group whose results are published, or nothing for
        everybody; ``wave``: where it starts from, the newest closed one by default. A manager plans for the
        own units only. Raises ``UsageError`` for anything unknown or missing.
        """
        made = Plan(
            factor, lever.strip(), redact(" ".join(action.split())).text[:_LONGEST], _tidy(owner), _day(due),
            self._waves(wave)[-1], by, level,
        )  # fmt: skip
        self._check_plan(made)
        note = Note("plan", value=json.dumps(_kept(made), ensure_ascii=False), who=self._planner(who))
        return self._keep_plan(note, status=0)

    def set_plan(self, plan: str, status: str, *, remark: str = "", who: str = "") -> Note:
        """Note a plan's status: ``open``, ``underway``, ``done`` or ``dropped``, and a remark.

        Raises ``UsageError`` for a plan that is not there (or is of somebody else's unit), or an unknown
        status.
        """
        known, sight = self._plans(), self._sight()
        if plan not in known or not _in_sight(known[plan], sight):
            raise UsageError("plans.unknown", where=plan, name=plan)
        if status not in PLAN_STATUSES:
            raise UsageError("plans.unknown_status", where=status, name=status, known=PLAN_STATUSES)
        self._check_own(known[plan])
        said = redact(" ".join(remark.split())).text[:_LONGEST]
        note = Note("plan", value=status, reason=said, target=plan, who=self._planner(who))
        return self._keep_plan(note, status=PLAN_STATUSES.index(status))

    def _plans(self) -> dict[str, Plan]:
        """Return every plan by id, with its last status."""
        store = self._store()
        found: dict[str, Plan] = {}
        for note in store.notes() if store else ():
            if note.kind != "plan":
                continue
            if not note.target:
                kept = {name: str(json.loads(note.value)[name]) for name in _KEPT}
                day = note.at.date().isoformat()
                found[note.id] = Plan(**kept, id=note.id, who=note.who, since=day)
            elif note.target in found:
                found[note.target] = replace(found[note.target], status=note.value, remark=note.reason)
        return found

    def _check_plan(self, plan: Plan) -> None:
        """Raise ``UsageError`` for a plan about what is not there, or that lacks what a plan needs."""
        asked = self.instrument(plan.wave)
        factors = [scale.id for scale in asked.scales]
        if plan.factor not in factors:
            raise UsageError("plans.unknown_factor", where=plan.factor, name=plan.factor, known=factors)
        levers = [lever.id for guide in self.guides.values() for lever in guide.levers]
        if plan.lever and plan.lever not in levers:
            guide = self.guides.get(plan.factor)
            near = [lever.id for lever in guide.levers] if guide else levers
            raise UsageError("plans.unknown_lever", where=plan.lever, name=plan.lever, known=near)
        if not plan.owner or not (plan.lever or plan.action):
            raise UsageError("plans.incomplete", where="owner" if not plan.owner else "action")
        if plan.by:
            self._check_group(plan)
        self._check_own(plan)

    def _check_group(self, plan: Plan) -> None:
        cells, _ = self._published(plan.by, plan.wave)
        levels = {
            str(json.loads(key)[0])
            for key in cells.frame.loc[cells.frame["by"] == json.dumps([plan.by]), "key"]
        }
        sight = self._sight()
        if sight is not None:
            levels -= set(sight.known - sight.own)
        if plan.level not in levels:
            raise UsageError(
                "plans.unknown_group", where=plan.level, name=plan.level, known=sorted(levels)[:20]
            )

    def _check_own(self, plan: Plan) -> None:
        sight = self._sight()
        if sight is not None and plan.level not in sight.own:
            raise UsageError("plans.not_yours", where=plan.level, known=sorted(sight.own)[:20])

    def _planner(self, name: str) -> str:
        """Return who writes a plan: whoever signed in, whatever name is given; else that name."""
        return self.who if self.person else " ".join(name.split()) or self.who

    def _keep_plan(self, note: Note, **counts: Any) -> Note:
        store = self._store()
        if store is None:
            raise TooLittleData("workspace.no_wave", where=str(self.path))
        made = store.note(note)
        self._audit("plan", **counts)
        return made


def _in_sight(plan: Plan, sight: Sight | None) -> bool:
    return sight is None or not plan.level or plan.level in sight.own or plan.level not in sight.known


def _kept(plan: Plan) -> dict[str, str]:
    return {name: getattr(plan, name) for name in _KEPT}


def _tidy(name: str) -> str:
    return " ".join(name.split())[:_LONGEST]


def _day(due: str | date) -> str:
    try:
        return (due if isinstance(due, date) else date.fromisoformat(due.strip())).isoformat()
    except ValueError as error:
        raise UsageError("plans.bad_date", where=str(due), date=str(due)) from error
