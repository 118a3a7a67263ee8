"""Where a report's tables come from: the pages' cached tables, or a workspace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from engage.instrument import Guide, Norm
from engage.privacy import SafeTable
from engage.workspace import Break, Workspace


class Source(Protocol):
    """Released tables of a workspace, as a report asks for them."""

    @property
    def closed_waves(self) -> tuple[str, ...]:
        """Names of the closed waves, oldest first."""

    @property
    def attrition_on(self) -> bool:
        """Whether curves of staying may be shown."""

    @property
    def guides(self) -> Mapping[str, Guide]:
        """What to ask about each factor and what can be done."""

    def norms(self) -> tuple[Norm, ...]:
        """Return the norms to lay results beside."""

    def groups(self, wave: str) -> tuple[str, ...]:
        """Return the groups whose tables a wave publishes."""

    def outcomes(self) -> tuple[str, ...]:
        """Return the outcomes that can be asked about."""

    def scores(
        self, wave: str, by: tuple[str, ...] = (), where: Mapping[str, str] | None = None
    ) -> SafeTable:
        """Return scale scores, for everyone, by groups, or of the group ``where``."""

    def trend(self) -> SafeTable:
        """Return whole-wave scores of every closed wave."""

    def breaks(self) -> Sequence[Break]:
        """Return where trends break."""

    def changes(self) -> SafeTable:
        """Return changes between consecutive waves."""

    def response_rates(self) -> SafeTable:
        """Return who was invited and who answered, by wave."""

    def response(self, by: str, wave: str) -> SafeTable:
        """Return who answered, group by group, beside the staff list."""

    def differences(self, by: str, wave: str) -> SafeTable:
        """Return how each group differs from everybody else."""

    def drivers(self, outcome: str, wave: str | None) -> SafeTable:
        """Return what goes with an outcome."""

    def herzberg(self) -> SafeTable:
        """Return the two-factor verdicts."""

    def service(self) -> tuple[SafeTable, SafeTable]:
        """Return outcomes side by side, and lagged mediations."""

    def retention(self, by: str) -> SafeTable:
        """Return curves of staying."""

    def tone(self, by: str, wave: str | None) -> SafeTable:
        """Return the tone of comments."""

    def quality(self, wave: str) -> SafeTable:
        """Return whether a wave is fit to use."""

    def utility(self, wave: str) -> SafeTable:
        """Return how many cells are shown, and why the others are not."""


@dataclass(frozen=True, slots=True)
class FromWorkspace:
    """The tables of a workspace itself, for commands and scripts."""

    workspace: Workspace

    @property
    def closed_waves(self) -> tuple[str, ...]:
        """Names of the closed waves, oldest first."""
        return self.workspace.closed_waves

    @property
    def attrition_on(self) -> bool:
        """Whether curves of staying may be shown."""
        return self.workspace.attrition_on

    @property
    def guides(self) -> Mapping[str, Guide]:
        """What to ask about each factor and what can be done."""
        return self.workspace.guides

    def norms(self) -> tuple[Norm, ...]:
        """Return the norms to lay results beside."""
        return self.workspace.norms()

    def groups(self, wave: str) -> tuple[str, ...]:
        """Return the groups whose tables a wave publishes."""
        return self.workspace.demographics(wave)

    def outcomes(self) -> tuple[str, ...]:
        """Return the outcomes that can be asked about."""
        return self.workspace.outcomes()

    def scores(
        self, wave: str, by: tuple[str, ...] = (), where: Mapping[str, str] | None = None
    ) -> SafeTable:
        """Return scale scores, for everyone, by groups, or of the group ``where``."""
        return self.workspace.scores(wave, by, where)

    def trend(self) -> SafeTable:
        """Return whole-wave scores of every closed wave."""
        return self.workspace.trend()

    def breaks(self) -> Sequence[Break]:
        """Return where trends break."""
        return self.workspace.breaks().breaks

    def changes(self) -> SafeTable:
        """Return changes between consecutive waves."""
        return self.workspace.changes()

    def response_rates(self) -> SafeTable:
        """Return who was invited and who answered, by wave."""
        return self.workspace.response_rates()

    def response(self, by: str, wave: str) -> SafeTable:
        """Return who answered, group by group, beside the staff list."""
        return self.workspace.response(by, wave)

    def differences(self, by: str, wave: str) -> SafeTable:
        """Return how each group differs from everybody else."""
        return self.workspace.differences(by, wave)

    def drivers(self, outcome: str, wave: str | None) -> SafeTable:
        """Return what goes with an outcome."""
        return self.workspace.drivers(outcome, wave)

    def herzberg(self) -> SafeTable:
        """Return the two-factor verdicts."""
        return self.workspace.herzberg()

    def service(self) -> tuple[SafeTable, SafeTable]:
        """Return outcomes side by side, and lagged mediations."""
        return self.workspace.service_tables()

    def retention(self, by: str) -> SafeTable:
        """Return curves of staying."""
        return self.workspace.retention(by)

    def tone(self, by: str, wave: str | None) -> SafeTable:
        """Return the tone of comments."""
        return self.workspace.tone(by, wave)

    def quality(self, wave: str) -> SafeTable:
        """Return whether a wave is fit to use."""
        return self.workspace.quality(wave)

    def utility(self, wave: str) -> SafeTable:
        """Return how many cells are shown, and why the others are not."""
        return self.workspace.utility(wave)
