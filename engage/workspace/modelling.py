"""What goes with what: the models of a workspace, as they may be shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from engage.errors import TooLittleData, UsageError
from engage.privacy import (
    LeverGrid,
    SafeTable,
    refusal,
    release_attrition,
    release_hazards,
    release_headcount,
    release_levers,
    release_outcomes,
    release_paths,
    release_programmes,
    release_statement,
    release_survival,
    release_two_factor,
    select_programmes,
    unnamed,
)
from engage.workspace import findings, linking
from engage.workspace.base import ALL_WAVES, Base
from engage.workspace.evaluating import evaluate
from engage.workspace.grouping import grouped_drivers
from engage.workspace.hazards import hazards
from engage.workspace.leaving import groups_of, leaving_model, staying
from engage.workspace.levers import levers, scale_ends
from engage.workspace.projecting import YEARS, projection
from engage.workspace.serving import side_by_side
from engage.workspace.stars import steps_up
from engage.workspace.two_factor import two_factor


class Models(Base):
    """The part of a workspace that tells what goes with an outcome."""

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
        snapshot = self._steady() if groups else self._steady().renamed
        pooled = outcome in (findings.ATTRITION, findings.SERVICE)
        waves = self._waves(wave if wave is not None or not pooled else ALL_WAVES)
        survey = linking.survey(snapshot, waves)
        self._audit("drivers", waves=len(waves), groups=len(groups))
        if not groups:
            return findings.driver_answer(survey, snapshot, outcome, self.policy).released(self.policy)
        (group,) = groups if len(groups) == 1 else ("",)
        if group not in survey.groups:
            name = ",".join(groups)
            raise UsageError("workspace.unknown_demographic", where=name, name=name, known=survey.groups)
        named = self._called(survey, group)
        return grouped_drivers(named, snapshot, waves, outcome, group, self.policy)

    def herzberg(self, wave: str | None = None) -> SafeTable:
        """Return whether a shortfall of each factor hurts more than a surplus helps, beside what theory says.

        A row per outcome (strain, lift and satisfaction) and factor, with a verdict: see
        :func:`engage.model.asymmetry`. Without a wave, of all closed waves together: telling the two sides
        apart takes many answers. Raises ``TooLittleData`` where the data can't support any of it.
        """
        waves = self._waves(wave or ALL_WAVES)
        survey = linking.survey(self._steady().renamed, waves)
        self._audit("herzberg", waves=len(waves))
        found = two_factor(survey, self.policy)
        return release_two_factor(found.table, found.refused, found.waves, self.policy, behind=found.behind)

    def levers(self, wave: str | None = None) -> LeverGrid:
        """Return what the usual change of each factor goes with: the one grid that what-if answers from.

        Scales are asked of one wave (the newest), leaving and service of all closed waves. Takes a while:
        several models per outcome, factor and direction. Raises ``TooLittleData`` where teams were not asked
        twice, or no outcome can be supported.
        """
        snapshot = self._steady().renamed
        name = self._waves(wave)[-1]
        newest, every = (linking.survey(snapshot, waves) for waves in ((name,), self._waves(ALL_WAVES)))
        self._audit("levers", waves=len(self.closed_waves))
        found = levers(newest, every, snapshot, scale_ends(self.instrument(name)), self.policy)
        return release_levers(found.table, found.together, found.refused, self.policy, behind=found.behind)

    def whatif(self, changes: Mapping[str, float], wave: str | None = None) -> SafeTable:
        """Return what changes of factors go with, such as ``{"growth": 0.3}``; association, not effect.

        See :meth:`engage.privacy.LeverGrid.answer`: an answer is a function of :meth:`levers`. Changes are in
        points of the factor's scale and cut to what teams usually change from wave to wave.
        """
        return self.levers(wave).answer(changes)

    def service(self) -> SafeTable:
        """Return what goes with engagement, leaving and service, side by side, over all closed waves.

        Persons for engagement and leaving, teams for service: composites in one model, single factors of
        teams tried alone (``exploratory``); what the data can't carry is an empty row with its reason. See
        :func:`engage.model.outcome_table`. Raises ``TooLittleData`` without service results or teams.
        """
        return self.service_tables()[0]

    def service_paths(self) -> SafeTable:
        """Return how hygiene and motivators go with later service by way of engagement in between.

        Driver in one wave, engagement in the next, service after it: see :func:`engage.model.mediation`.
        Empty where waves or teams don't allow it.
        """
        return self.service_tables()[1]

    def service_tables(self) -> tuple[SafeTable, SafeTable]:
        """Return :meth:`service` and :meth:`service_paths`, worked out at one go."""
        waves = self._waves(ALL_WAVES)
        snapshot = self._steady().renamed
        self._audit("service", waves=len(waves))
        try:
            found = side_by_side(linking.survey(snapshot, waves), snapshot, self.policy)
        except TooLittleData as error:
            raise refusal(error, self.policy) from None
        return (
            release_outcomes(found.table, found.waves, self.policy, behind=found.behind),
            release_paths(found.paths, self.policy, behind=found.behind),
        )

    def retention(self, by: str = "", *, early: bool = False) -> SafeTable:
        """Return how many have not left of their own will, by months since hiring; other exits compete.

        Curves of the whole staff list, or one per group ``by`` (``star``: the star at entry). From the 91st
        day on; ``early``: the first 90 days. Raises ``UsageError`` while the policy has not turned the
        analysis of leaving on, and for an unknown group; ``TooLittleData`` without dates of leaving.
        """
        self._need_attrition()
        step = 1.0 if early else 6.0
        try:
            curves = staying(self._need(), by, early, step, self.policy)
        except TooLittleData as error:
            raise refusal(error, self.policy) from None
        self._audit("retention", groups=int(bool(by)))
        return release_survival(curves, (by,) if by else (), self.policy, step=step)

    def retention_groups(self) -> tuple[str, ...]:
        """Return what :meth:`retention` can be split by."""
        return groups_of(self._need())

    def leaving_hazards(self) -> SafeTable:
        """Return what the staff list's groups and stars go with: hazard ratios of leaving voluntarily.

        A Cox model by time since being hired, with delayed entry, stars and groups as they were at the time,
        other exits ending a person's time; the first 90 days apart. See
        :func:`engage.privacy.release_hazards`. Raises ``UsageError`` while the policy has not turned the
        analysis of leaving on, ``TooLittleData`` without a staff list, or with too few leavers.
        """
        self._need_attrition()
        self._audit("leaving_hazards")
        try:
            found = hazards(self._need(), self.policy)
        except TooLittleData as error:
            raise refusal(error, self.policy) from None
        clustered = {f"clustered_by_{part}": by for part, by in found.clustered_by.items()}
        return release_hazards(
            found.table, found.refused, {"counted": found.counted, **clustered}, self.policy,
            behind=found.behind, events=found.events,
        )  # fmt: skip

    def headcount(self, years: int = YEARS) -> SafeTable:
        """Return each role group's head-count now and after 1, 2, … years, if all goes on as it did.

        See :func:`engage.model.project_headcount`: leaving, moves between groups and hires as in the last
        year or so on the staff list, with 95 % intervals. Raises ``UsageError`` while the policy has not
        turned the analysis of leaving on, or for fewer years than one; ``TooLittleData`` where the staff list
        does not say enough.
        """
        self._need_attrition()
        self._audit("headcount", years=years)
        found = projection(self._need().renamed, years, self.policy)
        days = {"since": found.since, "until": found.until}
        notes = {name: str(day.date()) for name, day in days.items()}
        return release_headcount(found.table, {**notes, "years": years}, self.policy)

    def attrition(
        self, *, challenger: bool = False, progress: Callable[[int, int], None] | None = None
    ) -> SafeTable:
        """Return how well leaving within 180 days can be told, on people the model has not seen.

        AUC, Brier score, calibration, what the model leans on, and how it does by group; never anything of a
        person. ``challenger``: gradient boosting beside the regularised logistic regression (slow), and how
        much better or worse it ranks; ``progress(done, of)`` is told of each model fitted. Raises
        ``UsageError`` while the policy has not turned the analysis of leaving on, ``TooLittleData`` where
        answers join nobody or too few left.
        """
        self._need_attrition()
        snapshot, waves = self._steady().renamed, self._waves(ALL_WAVES)
        self._audit("attrition", waves=len(waves))
        try:
            found = leaving_model(
                linking.survey(snapshot, waves), snapshot, self.policy,
                models=("logit", "boosting") if challenger else ("logit",), progress=progress,
            )  # fmt: skip
        except TooLittleData as error:
            raise refusal(error, self.policy) from None
        return release_attrition(
            found.scores, found.calibration, found.importance, found.fairness, found.difference,
            {"purpose": self.policy.attrition_purpose, "horizon_days": found.horizon_days,
             "folds": found.folds, "features": found.features, "waves": found.waves},
            self.policy, behind=found.support,
        )  # fmt: skip

    def stars(self) -> SafeTable:
        """Return whether a step up in stars comes before or after a change of each outcome.

        Terms as in :meth:`programmes`, beside people whose star stayed: ``event[-1]`` the change before the
        step, ``event[0]`` the one with it. Scores and staying by star are :meth:`scores` and
        :meth:`retention`. Raises ``TooLittleData`` without stars.
        """
        waves = self._waves(ALL_WAVES)
        snapshot = self._steady().renamed
        try:
            found = steps_up(linking.survey(snapshot, waves), self.policy)
        except TooLittleData as error:
            raise refusal(error, self.policy) from None
        self._audit("stars", rows=len(found.table))
        return release_programmes(found.table, waves, self.policy, behind=found.behind)

    def statement(self, programme: str, assumptions: Mapping[str, float]) -> SafeTable:
        """Return what a programme's changes are worth under assumptions; no figure without an entered one.

        ``assumptions``: by the names of :class:`engage.model.Assumptions`. A function of :meth:`programmes`,
        see :func:`engage.model.outcome_statement`. Raises ``UsageError``
        for an unknown programme.
        """
        return release_statement(self.programmes(programme), programme, assumptions)

    def programmes(self, programme: str = "") -> SafeTable:
        """Return what became of every programme: effects beside a comparison, checks, and a plain verdict.

        A row per programme, outcome and term. ``overall``: those in it against those not (yet) in it, before
        and since; ``stayers``: only people seen in both periods; ``placebo[-s]``: the same on a date on which
        nothing began; ``event[e]``: period by period. ``verdict``: helped, harmed, rose, fell,
        no_clear_difference or cannot_tell, with ``reason``. ``basis``: unsuccessful ``applicants``, people
        ``matched`` on two earlier waves, or ``others`` (teams of the same role groups). ``watch``: outcomes
        that can show harm. ``programme``: that one alone. Raises ``TooLittleData`` without programmes,
        ``UsageError`` for an unknown one.
        """
        waves = self._waves(ALL_WAVES)
        snapshot = self._steady().renamed
        survey = linking.survey(snapshot, waves)
        found = evaluate(survey, snapshot, self.policy, attrition=self.attrition_on)
        self._audit("programmes", rows=len(found.table))
        table = release_programmes(found.table, waves, self.policy, behind=found.behind)
        known = list(dict.fromkeys(found.table["programme"]))
        if programme and programme not in known:
            raise UsageError("workspace.unknown_programme", where=programme, name=programme, known=known)
        return select_programmes(table, programme)

    def _need_attrition(self) -> None:
        if not self.attrition_on:
            raise UsageError("workspace.attrition_off", where="policy.yaml")

    def _called(self, survey: linking.Survey, group: str) -> linking.Survey:
        """Return the survey with groups called by names that may be said."""
        names = self._names(survey, group)
        return replace(survey, frame=survey.frame.assign(**{group: unnamed(survey.frame[group], names)}))
