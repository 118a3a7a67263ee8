"""What pages read: released tables of the workspace, cached.

Streamlit shares cached values between everyone who uses the server, so the reader's role and part of the
organisation are in every key, beside the folder and the workspace's own key (which changes with anything
committed or the policy). Tables of :data:`WHOLE` are worked out once for all roles, since that takes long.
Only ``SafeTable``s, the names of waves, groups and outcomes, and where trends break are cached, all bounded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import streamlit as st

from engage.instrument import Guide, Norm
from engage.privacy import LeverGrid, SafeTable
from engage.workspace import Break, Workspace

WHOLE: Final = frozenset({"drivers", "herzberg", "programmes", "stars", "emerging"})
"""Questions whose answers hold no unit of the organisation, as ``levers`` and ``service`` don't."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The released tables of one state of a workspace, for one role: the key of the cache.

    ``role`` stands for the role and the part of the organisation (:attr:`engage.privacy.Person.key`); ``who``
    asks, and is no part of the key: people of one role and part see the same.
    """

    folder: str
    key: str
    role: str
    who: str = field(default="", compare=False)

    @property
    def workspace(self) -> Workspace:
        """The workspace, as the reader may use it."""
        return Workspace(self.folder, who=self.who)

    @property
    def closed_waves(self) -> tuple[str, ...]:
        """Names of the closed waves, oldest first."""
        return _names(self, "closed_waves")

    @property
    def open_waves(self) -> tuple[str, ...]:
        """Names of the waves that show no results yet, oldest first."""
        return _names(self, "open_waves")

    @property
    def waiting_waves(self) -> tuple[str, ...]:
        """Names of the closed waves for which something waits: for the page that imports, and no other."""
        return _names(self, "waiting_waves")

    @property
    def ready_waves(self) -> tuple[str, ...]:
        """Names of the waves that can be closed now."""
        return _names(self, "ready_waves")

    @property
    def guides(self) -> Mapping[str, Guide]:
        """What to ask about each factor and what can be done: of nobody, so not cached."""
        return self.workspace.guides

    def outcomes(self) -> tuple[str, ...]:
        """Return the outcomes that can be asked about now."""
        return _names(self, "outcomes")

    def groups(self, wave: str) -> tuple[str, ...]:
        """Return the groups whose tables a closed wave publishes."""
        return _names(self, "demographics", wave)

    def scores(
        self, wave: str, by: tuple[str, ...] = (), where: Mapping[str, str] | None = None
    ) -> SafeTable:
        """Return scale scores, for everyone, by groups, or of the group ``where``."""
        return _released(self, "scores", wave, by, where or {})

    def unit_scores(self, wave: str, by: str, level: str) -> SafeTable:
        """Return scale scores of one group."""
        return _released(self, "scores", wave, (by,), {by: level})

    def unit_above(self, by: str, level: str, wave: str) -> tuple[str, ...]:
        """Return the group above a unit, as demographic and value; both empty where it is everybody."""
        return _names(self, "unit_above", by, level, wave)

    def moved(self, by: str, level: str) -> SafeTable:
        """Return whether each scale of a group moved in the newest wave since the one before."""
        return _released(self, "moved", by, level)

    def norms(self) -> tuple[Norm, ...]:
        """Return the norms to lay results beside: of nobody here, so not cached."""
        return self.workspace.norms()

    def trend(self) -> SafeTable:
        """Return whole-wave scores of every closed wave."""
        return _released(self, "trend")

    def breaks(self) -> tuple[Break, ...]:
        """Return where trends break: facts about questionnaires, not about anybody."""
        return _breaks(self)

    def changes(self) -> SafeTable:
        """Return changes between consecutive waves; only reliable ones carry a number."""
        return _released(self, "changes")

    def response_rates(self) -> SafeTable:
        """Return who was invited and who answered, by wave."""
        return _released(self, "response_rates")

    def waves(self) -> SafeTable:
        """Return the waves: open or closed, when, and how many answered."""
        return _released(self, "wave_table")

    def joins(self, wave: str) -> SafeTable:
        """Return how many rows of survey, people, service and comments could be matched in a closed wave."""
        return _released(self, "join_report", wave)

    def quality(self, wave: str) -> SafeTable:
        """Return whether a closed wave is fit to use, a line per check."""
        return _released(self, "quality", wave)

    def response(self, by: str, wave: str) -> SafeTable:
        """Return who answered, group by group, beside the staff list."""
        return _released(self, "response", by, wave)

    def differences(self, by: str, wave: str) -> SafeTable:
        """Return how each group differs from everybody else."""
        return _released(self, "differences", by, wave)

    def distribution(self, wave: str, by: tuple[str, ...], scale: str) -> SafeTable:
        """Return favourable, neutral and unfavourable shares of one scale by groups."""
        return _released(self, "distribution", by, wave, scale)

    def utility(self, wave: str) -> SafeTable:
        """Return how many cells of a closed wave are shown, and why the others are not."""
        return _released(self, "utility", wave)

    def drivers(self, outcome: str, wave: str | None) -> SafeTable:
        """Return the driver model of an outcome (seconds on a cold cache: it resamples)."""
        return _released(self, "drivers", outcome, wave)

    def herzberg(self) -> SafeTable:
        """Return the two-factor verdicts of all closed waves (seconds on a cold cache: it resamples)."""
        return _released(self, "herzberg")

    def levers(self, wave: str) -> LeverGrid:
        """Return what usual changes go with (long on a cold cache); every what-if is a function of it."""
        return _grid(_of_all(self), wave)

    def service(self) -> tuple[SafeTable, SafeTable]:
        """Return outcomes side by side, and lagged mediations of teams (some seconds on a cold cache)."""
        return _service(_of_all(self))

    @property
    def desk_kinds(self) -> tuple[str, ...]:
        """Which of tickets and inspections are imported."""
        return _names(self, "desk_kinds")

    def desk(self, weeks: int) -> SafeTable:
        """Return on-time shares of the last full weeks, by type and branch."""
        return _released(self, "desk", weeks)

    def desk_weeks(self) -> SafeTable:
        """Return on-time shares week by week."""
        return _released(self, "desk_weeks")

    def inspections(self) -> SafeTable:
        """Return marks beside their standard, by branch and criterion."""
        return _released(self, "inspections")

    def raters(self) -> SafeTable:
        """Return how far raters of the same cases agree."""
        return _released(self, "raters")

    def programmes(self) -> SafeTable:
        """Return what became of every programme (many seconds on a cold cache: hundreds of comparisons)."""
        return _released(self, "programmes")

    def stars(self) -> SafeTable:
        """Return what came before a step up in stars and what since."""
        return _released(self, "stars")

    @property
    def attrition_on(self) -> bool:
        """Whether the policy turns curves and models of leaving on."""
        return self.workspace.attrition_on

    def retention_groups(self) -> tuple[str, ...]:
        """Return what curves of staying can be split by."""
        return _names(self, "retention_groups")

    def retention(self, by: str, *, early: bool = False) -> SafeTable:
        """Return curves of staying."""
        return _curves(self, by, early)

    def leaving_hazards(self) -> SafeTable:
        """Return what stars and groups of the staff list go with."""
        return _released(self, "leaving_hazards")

    def headcount(self) -> SafeTable:
        """Return head-counts of role groups, now and projected."""
        return _released(self, "headcount")

    def workforce(self, leaving: float = 1.0) -> SafeTable:
        """Return head-counts and their mix beside the plan, if people leave so many times as fast."""
        return _workforce(self, leaving)

    def competence(self) -> SafeTable:
        """Return how far roles' levels lie below their targets."""
        return _released(self, "competence")

    def competence_links(self) -> SafeTable:
        """Return what competence goes with in service (some seconds on a cold cache)."""
        return _released(self, "competence_links")

    def training(self) -> SafeTable:
        """Return what to train first, by service measure (some seconds on a cold cache)."""
        return _released(self, "training")

    def service_value(self) -> SafeTable:
        """Return teams' ratings by a quality panel."""
        return _released(self, "service_value")

    def activities(self) -> SafeTable:
        """Return what teams' activities go with (some seconds on a cold cache)."""
        return _released(self, "activities")

    def time_in_grade(self) -> SafeTable:
        """Return, by star, who has not stepped up, by time in grade."""
        return _released(self, "time_in_grade")

    def places(self) -> SafeTable:
        """Return who got the places that people applied for."""
        return _released(self, "places")

    def attrition(self) -> SafeTable:
        """Return how well leaving can be told (long on a cold cache: nested validation)."""
        return _released(self, "attrition")

    def challenged(self) -> SafeTable | None:
        """Return the same of two models, if somebody has had them compared; ``None`` till then."""
        return _kept(self).get("attrition")

    def challenge(self, progress: Callable[[int, int], None]) -> SafeTable:
        """Compare two models of leaving (a minute or more) and keep the result for everybody.

        Not a cached call: those can't tell how far they are.
        """
        table = self.workspace.attrition(challenger=True, progress=progress)
        _kept(self)["attrition"] = table
        return table

    def tone(self, by: str, wave: str | None) -> SafeTable:
        """Return the tone of comments by theme, wave or group."""
        return _released(self, "tone", by, wave)

    def emerging(self) -> SafeTable:
        """Return themes that comments form by themselves (some seconds on a cold cache)."""
        return _released(self, "emerging")

    def agreement(self) -> SafeTable:
        """Return whether the words on each factor agree with its score."""
        return _released(self, "agreement")


def _key(tables: Tables) -> tuple[str, str, str]:
    return tables.folder, tables.key, tables.role


def _of_all(tables: Tables) -> Tables:
    """Return the key under which what holds no unit is kept for every role."""
    return replace(tables, role="")


def _released(tables: Tables, question: str, *details: Any) -> SafeTable:
    if question not in WHOLE:
        return _table(tables, question, *details)
    table: SafeTable = tables.workspace.narrowed(_table(_of_all(tables), question, *details))
    return table


@st.cache_data(max_entries=512, show_spinner=False, hash_funcs={Tables: _key})
def _table(tables: Tables, question: str, *details: Any) -> SafeTable:
    table: SafeTable = getattr(tables.workspace, question)(*details)
    return table


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs={Tables: _key})
def _kept(tables: Tables) -> dict[str, SafeTable]:  # noqa: ARG001  the key of the cache
    """Return where released tables are kept that took long enough to be shown on their way."""
    return {}


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs={Tables: _key})
def _curves(tables: Tables, by: str, early: bool) -> SafeTable:
    return tables.workspace.retention(by, early=early)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs={Tables: _key})
def _workforce(tables: Tables, leaving: float) -> SafeTable:
    return tables.workspace.workforce(leaving=leaving)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs={Tables: _key})
def _service(tables: Tables) -> tuple[SafeTable, SafeTable]:
    return tables.workspace.service_tables()


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs={Tables: _key})
def _grid(tables: Tables, wave: str) -> LeverGrid:
    return tables.workspace.levers(wave)


@st.cache_data(max_entries=256, show_spinner=False, hash_funcs={Tables: _key})
def _names(tables: Tables, question: str, *details: Any) -> tuple[str, ...]:
    asked = getattr(tables.workspace, question)
    names: tuple[str, ...] = asked(*details) if callable(asked) else asked
    return names


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs={Tables: _key})
def _breaks(tables: Tables) -> tuple[Break, ...]:
    return tables.workspace.breaks().breaks
