"""A made-up call centre with known causes: people, teams, what they answer, who leaves, how customers fare.

``make_world`` is the whole process; the sample files are one draw of it, the values in ``TRUTH.yaml`` come
from a very large one.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from engage.instrument import Instrument, load_instrument

from . import planted as p
from .answers import observed_scores, respond, team_effects
from .service import composites, contest_teams, make_service, mentors
from .staff import Staff, as_of, first_staff, hire, let_leave, make_teams, move

__all__ = ["World", "composites", "make_world"]


@dataclass(frozen=True, slots=True)
class World:
    """One draw of the process.

    ``teams``: one row per team: team, role_group, planned (people), path_<wave>.
    ``people``: one row per person ever in post, as in the last extract, with leave_date and leave_type.
    ``panel``: one row per person and wave in post, with all that is true of them then: groups,
    ``tenure_years``, ``responded``, ``careless`` ("" or its kind), ``seconds``, ``left`` (voluntarily, within
    180 days), and the scale scores of careful answers.
    ``answers``: the panel's raw answers by item (Int8, missing where not given), as handed in.
    ``scores``: the panel's scale scores as an analyst computes them from ``answers``.
    ``service``, ``programmes``: one row per team and month, and per member.
    """

    seed: int
    instrument: Instrument
    teams: pd.DataFrame
    people: pd.DataFrame
    panel: pd.DataFrame
    answers: pd.DataFrame
    scores: pd.DataFrame
    service: pd.DataFrame
    programmes: pd.DataFrame

    def analysed(self) -> pd.DataFrame:
        """Return the respondents' rows with the scores an analyst sees, careless answers included."""
        seen = self.panel.drop(columns=list(self.scores.columns)).join(self.scores)
        return seen[seen["responded"]].reset_index(drop=True)


def make_world(seed: int = p.SEED, *, people: int = p.PEOPLE, teams: int = p.TEAMS) -> World:
    """Return a world with about ``people`` in post in ``teams`` teams, the same for the same seed."""
    rng = np.random.default_rng(seed)
    instrument = load_instrument("herzberg_service")
    team_table = make_teams(rng, teams, people)
    effects = team_effects(rng, teams)
    staff = first_staff(rng, team_table)
    programmes = contest_teams(rng, team_table)
    contest = set(programmes["member"])
    panels, answers = [], []
    for number, wave in enumerate(p.WAVES):
        if number:
            end = p.WAVE_DATES[p.WAVES[number - 1]][1]
            hire(rng, staff, team_table, end, p.WAVE_DATES[wave][0])
            move(rng, staff, team_table)
        at_work = staff.in_post()
        panel = as_of(staff, at_work, team_table, wave, p.WAVE_DATES[wave][0])
        pressed = panel["team"].isin(contest).to_numpy() & (wave == p.WAVES[1])
        mentoring = panel["respondent"].isin(_accepted(programmes)).to_numpy()
        panel, given = respond(
            rng,
            instrument,
            panel,
            (staff.traits[at_work], staff.outcome_traits[at_work]),
            effects,
            workload_shift=p.CONTEST_WORKLOAD * pressed,
            withdrawal_shift=p.MENTOR_WITHDRAWAL * mentoring,
        )
        panel["left"] = let_leave(rng, staff, at_work, panel)
        if number == 1:
            panel["leave_date"] = staff.table["leave_date"].to_numpy()[at_work]
            programmes = pd.concat([programmes, mentors(rng, panel)], ignore_index=True)
            panel = panel.drop(columns="leave_date")
        panels.append(panel)
        answers.append(given)
    hire(rng, staff, team_table, p.WAVE_DATES[p.WAVES[-1]][1], p.EXTRACT - timedelta(days=3))
    panel = pd.concat(panels, ignore_index=True)
    given = pd.concat(answers, ignore_index=True)
    scores = observed_scores(instrument, given)
    service = make_service(rng, team_table, panel, scores, contest)
    everyone = _extract(staff, team_table)
    return World(seed, instrument, team_table, everyone, panel, given, scores, service, programmes)


def _accepted(programmes: pd.DataFrame) -> set[str]:
    persons = programmes[(programmes["unit"] == "person") & programmes["accepted"].fillna(False)]
    return set(persons["member"])


def _extract(staff: Staff, teams: pd.DataFrame) -> pd.DataFrame:
    everyone = np.arange(len(staff.table))
    last = as_of(staff, everyone, teams, p.WAVES[-1], p.EXTRACT)
    return last.assign(
        leave_date=staff.table["leave_date"].to_numpy(), leave_type=staff.table["leave_type"].to_numpy()
    )
