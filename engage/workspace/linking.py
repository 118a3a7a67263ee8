"""Joins what belongs together: answers, people, comments and service. Raw frames, for the workspace alone.

Where answers carry no respondent that the people table knows (anonymous surveys), people and service are
linked by team only; :func:`join_counts` says how much was matched.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from engage import engine
from engage.instrument import Role
from engage.store import Snapshot, responses_table
from engage.text import team_tone, theme_shares

TONE: Final = "comment_tone"
THEME_PREFIX: Final = "theme:"


@dataclass(frozen=True, slots=True)
class Survey:
    """The answers of some waves, one row per respondent and wave, joined to what is known of the people.

    ``frame``: ``respondent, wave, date``, one column per demographic, per scale (missing where fewer than
    half of its items are answered), the composites, ``comment_tone`` and ``theme:<id>`` (team-level, see
    :func:`engage.text.team_tone`), and the people table's own columns as of the wave.
    ``roles`` maps scales to their role; ``groups`` are the columns that people can be grouped by.
    """

    frame: pd.DataFrame
    roles: Mapping[str, Role]
    groups: tuple[str, ...]
    themes: tuple[str, ...]

    def scales(self, *roles: Role) -> tuple[str, ...]:
        """Return the scales with one of ``roles``."""
        return tuple(scale for scale, role in self.roles.items() if role in roles)

    def by(self, group: str) -> Iterator[tuple[str, "Survey"]]:
        """Give the survey of each group apart; those without one are left out."""
        for value, part in self.frame.groupby(group, observed=True):
            yield str(value), replace(self, frame=part.reset_index(drop=True))


def survey_waves(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the waves with answers, oldest first: by their last answer, then by when they were imported."""
    order = list(
        dict.fromkeys(e.wave for e in snapshot.events if e.event == "import" and e.kind == "responses")
    )
    dates = wave_dates(snapshot)
    return tuple(sorted(order, key=lambda w: (dates.get(w, pd.Timestamp.min), order.index(w))))


def wave_dates(snapshot: Snapshot) -> dict[str, pd.Timestamp]:
    """Return the day of each wave's last answer, for waves whose answers are dated."""
    dates: dict[str, pd.Timestamp] = {}
    for id in snapshot.instruments(None):
        rows = engine.open_table(snapshot, responses_table(id))
        last = engine.frame(rows.group_by("wave").agg(last=rows.started.max())).dropna()
        for wave, day in zip(last["wave"], pd.to_datetime(last["last"]), strict=True):
            stamp = pd.Timestamp(day).tz_localize(None).normalize()
            dates[wave] = max(stamp, dates.get(wave, stamp))
    return dates


def survey(snapshot: Snapshot, waves: Sequence[str]) -> Survey:
    """Return the joined answers of ``waves``.

    Raises ``InputError`` if two questionnaires of one wave share a scale.
    """
    dates = wave_dates(snapshot)
    parts = [_answers(snapshot, wave, dates.get(wave)) for wave in waves]
    frame = pd.concat([part for part, _ in parts], ignore_index=True)
    roles: dict[str, Role] = {}
    groups: dict[str, None] = {}
    for _, joined in parts:
        roles |= joined.roles
        groups |= dict.fromkeys(joined.groups)
    frame, themes = _with_tone(frame, snapshot)
    return Survey(frame, roles, tuple(groups), themes)


def latest_people(snapshot: Snapshot) -> pd.DataFrame:
    """Return one row per person, the last that is known of each."""
    return engine.frame(engine.latest_people(snapshot))


def comments(snapshot: Snapshot, answers: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame:
    """Return the scored comments of the waves in ``answers``, with the ``groups`` of those who wrote them.

    A comment that names a team of its own keeps it.
    """
    if "comments" not in snapshot.tables:
        return pd.DataFrame()
    frame = engine.frame(engine.comments(snapshot, None))
    frame = frame[frame["wave"].isin(answers["wave"].unique())].reset_index(drop=True)
    known = answers[["respondent", "wave", *groups]].drop_duplicates(["respondent", "wave"])
    writers = frame[["respondent", "wave"]].merge(known, on=["respondent", "wave"], how="left")
    for name in groups:
        frame[name] = frame[name].fillna(writers[name]) if name in frame else writers[name]
    return frame


def wave_facts(snapshot: Snapshot, wave: str) -> tuple[str, int, object, object, str]:
    """Return ``wave, n, first_day, last_day, instruments``: respondents, and the days of the answers."""
    scores = engine.joined_scores(snapshot, wave).scores
    facts = engine.frame(
        scores.aggregate(n=scores.respondent.nunique(), first=scores.started.min(), last=scores.started.max())
    ).iloc[0]
    days = [None if pd.isna(facts[name]) else pd.Timestamp(facts[name]).date() for name in ("first", "last")]
    return wave, int(facts["n"]), days[0], days[1], ", ".join(snapshot.instruments(wave))


def response_counts(snapshot: Snapshot, wave: str) -> dict[str, int | None]:
    """Return how many were employed on the last day of the wave (where known), and how many answered."""
    day = wave_dates(snapshot).get(wave)
    invited = None
    if "people" in snapshot.tables and day is not None:
        people = latest_people(snapshot)
        here = people["hire_date"].isna() | (people["hire_date"] <= day)
        here &= people["leave_date"].isna() | (people["leave_date"] > day)
        invited = int(here.sum())
    return {"invited": invited, "responses": wave_facts(snapshot, wave)[1]}


def join_counts(snapshot: Snapshot, wave: str) -> dict[str, int | None]:
    """Return how many rows of survey, people, service and comments matched in ``wave``."""
    answers = survey(snapshot, [wave]).frame
    known = latest_people(snapshot)["respondent"] if "people" in snapshot.tables else None
    teams = set(answers["team"].dropna()) if "team" in answers else set()
    service = None
    if "service" in snapshot.tables:
        service = len(
            teams & set(engine.frame(engine.open_table(snapshot, "service").select("team"))["team"])
        )
    written = comments(snapshot, answers, ["team"] if "team" in answers else [])
    return {
        "responses": len(answers),
        "people": None if known is None else len(known),
        "people_matched": None if known is None else int(answers["respondent"].isin(known).sum()),
        "teams": len(teams),
        "service_teams": service,
        "comments": len(written),
        "comments_with_team": int(written["team"].notna().sum()) if len(written) else 0,
    }


def _answers(snapshot: Snapshot, wave: str, day: pd.Timestamp | None) -> tuple[pd.DataFrame, engine.Joined]:
    joined = engine.joined_scores(snapshot, wave)
    frame = engine.frame(joined.scores)
    shares = [column for column in frame.columns if column.endswith(engine.FAVOURABLE)]
    frame = frame.drop(columns=shares)
    frame["date"] = pd.Series(day, index=frame.index, dtype="datetime64[us]")
    return frame, joined


def _with_tone(frame: pd.DataFrame, snapshot: Snapshot) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Add the team's comment tone, and its share of negative comments on each theme, of one question.

    Tone is comparable within a question and source only, so the question with the most comments by employees
    is taken for all.
    """
    if "team" not in frame or "comments" not in snapshot.tables:
        return frame, ()
    written = comments(snapshot, frame, ["team"])
    written = written[written["source"] == "employee"].dropna(subset=["team", "tone_score"])
    if written.empty:
        return frame, ()
    written = written[written["question"] == written["question"].value_counts().index[0]]
    tone = team_tone(written)[["team", "wave", "tone"]].rename(columns={"tone": TONE})
    frame = frame.merge(tone, on=["team", "wave"], how="left")
    # A team that wrote nothing gives no evidence either way: the wave's mean, which is 0.
    frame[TONE] = frame[TONE].fillna(0.0).where(frame["team"].notna(), np.nan)
    shares = theme_shares(written).pivot_table(index=["team", "wave"], columns="theme", values="share")
    shares.columns = [f"{THEME_PREFIX}{name}" for name in shares.columns]
    frame = frame.merge(shares.reset_index(), on=["team", "wave"], how="left")
    return frame, tuple(shares.columns)
