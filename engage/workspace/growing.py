"""What a workspace tells of the workforce: its plan, what people can do and take part in, grades."""

from typing import Final

import pandas as pd

from engage.errors import TooLittleData, UsageError
from engage.privacy import (
    Note,
    SafeTable,
    refusal,
    release_activities,
    release_competence,
    release_outcomes,
    release_places,
    release_profile,
    release_survival,
    release_training,
    release_workforce,
)
from engage.workspace import comparing, grading, linking, skills
from engage.workspace.activities import activities
from engage.workspace.base import ALL_WAVES, Base
from engage.workspace.cells import WaveCells
from engage.workspace.staffing import staffing

LEAVING: Final = tuple(round(0.5 + 0.1 * k, 1) for k in range(11))
"""How many times as fast people may leave in a what-if: 0.5 to 1.5."""


class Growing(Base):
    """The part of a workspace that tells of the workforce and how it grows."""

    def workforce(self, *, leaving: float = 1.0) -> SafeTable:
        """Return head-counts and the mix of role groups, as they were and as they will be, beside the plan.

        ``part`` ``actual``: on the days of the staff lists; ``ahead``: at the end of each planned year (of
        the
        next three without a plan), if people leave, move and are hired as in the last year or so, with 95 %
        intervals: see :func:`engage.model.workforce_plan`. ``leaving``: what if they leave that many times as
        fast (0.5 to 1.5, in tenths). While the policy has not turned the analysis of leaving on, ``actual``
        alone. Raises ``UsageError`` for another ``leaving``, ``TooLittleData`` where the staff list does not
        say enough.
        """
        if round(leaving, 1) not in LEAVING or abs(leaving - round(leaving, 1)) > 1e-9:
            raise UsageError("workspace.bad_leaving", where="leaving", leaving=leaving)
        found = staffing(
            self._need().renamed, self.policy, leaving=round(leaving, 1), ahead=self.attrition_on
        )
        self._audit("workforce", leaving=round(10 * leaving))
        notes = {
            "since": None if found.since is None else str(found.since.date()),
            "until": str(found.until.date()),
            "leaving": round(leaving, 1),
            "planned": found.planned,
            "unmatched": found.unmatched,
        }
        return release_workforce(found.table, found.smallest, notes, self.policy)

    def competence(self) -> SafeTable:
        """Return how far each role's mean level of each competence lies below its target, with intervals.

        Of the newest closed wave that asked a questionnaire with targets, made of what its close released:
        see :func:`engage.privacy.release_competence`. Raises ``TooLittleData`` without such a wave.
        """
        snapshot = self._need()
        asked = skills.skills(snapshot, self._waves(ALL_WAVES))
        cells = WaveCells(snapshot, [asked.wave])
        if asked.by not in cells.demographics:
            raise TooLittleData("workspace.no_competence")
        self._audit("competence", scales=len(asked.targets))
        table = comparing.cell_table(cells, (asked.by,))
        notes = {"wave": asked.wave}
        return release_competence(table, cells.moments, asked.targets, asked.by, notes, self.policy)

    def competence_links(self) -> SafeTable:
        """Return what a point of a team's mean competence goes with in its service after the wave.

        Each competence alone, teams as rows, p-values adjusted: an association. Kind ``outcomes``. Raises
        ``TooLittleData`` where teams or service results don't allow it.
        """
        return self._links()[0]

    def training(self) -> SafeTable:
        """Return what to train first, by service measure: reliable gaps, by gap × importance for service.

        A function of :meth:`competence` and :meth:`competence_links`; see :func:`engage.model.training_plan`.
        Raises ``TooLittleData`` as these do.
        """
        links, serving = self._links()
        gaps = self.competence()
        return release_training(gaps, links, serving, {"wave": gaps.notes["wave"], "n": links.notes["n"]})

    def service_value(self) -> SafeTable:
        """Return teams' mean ratings by a quality panel: three values for customers, two columns.

        Of the newest closed wave with ratings by others; see :func:`engage.privacy.release_profile`. Raises
        ``TooLittleData`` without any.
        """
        snapshot = self._need()
        rows, scales, wave = skills.ratings(snapshot.renamed, self._waves(ALL_WAVES))
        people = skills.people_by_team(snapshot.renamed, wave)
        self._audit("service_value", scales=len(scales))
        return release_profile(rows, scales, people, {"wave": wave}, self.policy)

    def activities(self) -> SafeTable:
        """Return what service stars, suggestions, answers to them and talks go with, team by team.

        Of a team's three full months before each closed wave; beside its recognition, participation and
        engagement in the wave, and its service in the three months after. Raises ``TooLittleData`` without
        activities or enough teams.
        """
        snapshot, waves = self._steady().renamed, self._waves(ALL_WAVES)
        try:
            found = activities(linking.survey(snapshot, waves), snapshot, self.policy)
        except TooLittleData as error:
            raise refusal(error, self.policy) from None
        self._audit("activities", rows=len(found.table))
        totals = {f"total_{name}": total for name, total in found.totals.items()}
        notes: dict[str, Note] = {
            **totals,
            "from": found.months[0],
            "to": found.months[1],
            "waves": found.waves,
        }
        return release_activities(found.table, notes, self.policy, behind=found.behind)

    def time_in_grade(self) -> SafeTable:
        """Return, by star, the share that has not stepped up, by months since the star was reached.

        Kind ``survival``; see :func:`engage.model.time_in_grade`. A step between two lists is put halfway,
        so a
        time may be wrong by half of what lies between lists. Raises ``TooLittleData`` without dated lists
        with stars.
        """
        try:
            curves = grading.grade_curves(self._need())
        except TooLittleData as error:
            raise refusal(error, self.policy) from None
        self._audit("time_in_grade", rows=len(curves))
        return release_survival(curves, (grading.STAR,), self.policy, step=3.0)

    def places(self) -> SafeTable:
        """Return what share of those who applied for a programme or a post got a place, whole and by group.

        See :func:`engage.privacy.release_places`. Raises ``TooLittleData`` where nobody applied and was
        turned down.
        """
        counts = grading.places(self._need(), self.policy)
        self._audit("places", rows=len(counts))
        return release_places(counts, self.policy)

    def _links(self) -> tuple[SafeTable, frozenset[str]]:
        snapshot, waves = self._steady().renamed, self._waves(ALL_WAVES)
        asked = skills.skills(snapshot, waves)
        try:
            found = skills.links(linking.survey(snapshot, [asked.wave]), snapshot, asked, self.policy)
        except TooLittleData as error:
            raise refusal(error, self.policy) from None
        self._audit("competence_links", rows=len(found.table))
        table = pd.DataFrame(found.table)
        return release_outcomes(table, [asked.wave], self.policy, behind=found.behind), found.serving
