"""Joins what belongs together: answers, people, comments and service. Raw frames, for the workspace alone.

Where answers carry no respondent that the people table knows (anonymous surveys), people and service are
linked by team only; :func:`join_counts` says how much was matched.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd

from engage import engine
from engage.instrument import Role
from engage.store import Snapshot, responses_table
from engage.text import team_tone, theme_shares

TONE: Final = "comment_tone"
THEME_PREFIX: Final = "theme:"
_NOISE: Final = 1e-9  # points of P(positive)


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
        """Give the survey of each group apart, rows labelled as before; those without one are left out."""
        for value, part in self.frame.groupby(group, observed=True):
            yield str(value), replace(self, frame=part)


def survey_waves(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the waves with answers, oldest first: by their last answer, then by when they were imported."""
    order = list(
        dict.fromkeys(e.wave for e in snapshot.events if e.event == "import" and e.kind == "responses")
    )
    dates = wave_dates(snapshot)
    return tuple(sorted(order, key=lambda w: (dates.get(w, pd.Timestamp.min), order.index(w))))


def wave_facts(snapshot: Snapshot) -> pd.DataFrame:
    """Return one row per wave: ``wave, n, first_day, last_day, instruments``.

    ``n`` counts respondents over all questionnaires of the wave; the days are those of the answers, ``NaT``
    where they are not dated. Who is rated by others has answered nothing: such rows count only in a wave that
    has no others.
    """
    asked = dict.fromkeys(event.wave for event in snapshot.events if event.instrument)
    found = [_wave_fact(_Asked(engine.version(snapshot, wave), wave, snapshot)) for wave in asked]
    facts = pd.DataFrame(
        [fact for fact in found if fact[1]], columns=["wave", "n", "first_day", "last_day"]
    ).astype({"n": "int64", "first_day": "datetime64[us]", "last_day": "datetime64[us]"})
    return facts.assign(instruments=[", ".join(snapshot.instruments(wave)) for wave in facts["wave"]])


@dataclass(frozen=True, slots=True)
class _Asked:
    """A wave in one state of its tables, whatever snapshot it is seen in."""

    version: str
    wave: str
    snapshot: Snapshot = field(compare=False, repr=False)


@lru_cache(maxsize=128)
def _wave_fact(asked: _Asked) -> tuple[str, int, pd.Timestamp, pd.Timestamp]:
    """Return a wave's ``wave, n, first_day, last_day``: almost every page asks for those of all waves."""
    snapshot, wave = asked.snapshot, asked.wave
    ids = snapshot.instruments(wave)
    own = [id for id in ids if snapshot.instrument(id, wave).rated_by != "others"]
    n, first, last = 0, None, None
    for some in (own, ids):
        if some and not n:
            tables = [engine.open_table(snapshot, responses_table(id), wave) for id in some]
            n, first, last = engine.who_and_when(tables)
    return wave, n, _day(first), _day(last)


def _day(moment: datetime | None) -> pd.Timestamp:
    return pd.Timestamp(moment).tz_localize(None).normalize() if moment is not None else pd.Timestamp("NaT")


def wave_dates(snapshot: Snapshot) -> dict[str, pd.Timestamp]:
    """Return the day of each wave's last answer, for waves whose answers are dated."""
    dated = wave_facts(snapshot).dropna(subset=["last_day"])
    return dict(zip(dated["wave"], dated["last_day"], strict=True))


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


def service_months(snapshot: Snapshot) -> pd.DataFrame:
    """Return one row per team and month of service; of a value imported twice, the last stands.

    Of teams that became one, ``handled`` is the sum and all else the mean.
    """
    rows = engine.open_table(replace(snapshot, renames=()), "service")
    rows = engine.frame(engine.with_present_teams(rows.mutate(team_then=rows.team), snapshot))
    order = {id: place for place, id in enumerate(snapshot.import_ids("service"))}
    rows = rows.sort_values("import_id", key=lambda ids: ids.map(order), kind="stable")
    rows = rows.drop(columns=["import_id", "wave"]).groupby(["team", "team_then", "month"]).last()
    merged = rows.reset_index("team_then", drop=True).groupby(["team", "month"])
    how = {name: "mean" if pd.api.types.is_float_dtype(rows[name]) else "last" for name in rows.columns}
    together = merged.agg(how)
    together["handled"] = merged["handled"].sum(min_count=1)
    return together.reset_index()


def comments(snapshot: Snapshot, answers: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame:
    """Return the scored comments of the waves in ``answers``, with the ``groups`` of those who wrote them.

    A comment that names a team of its own keeps it.
    """
    if "comments" not in snapshot.tables:
        return pd.DataFrame()
    frame = engine.frame(engine.comments(snapshot, list(answers["wave"].unique())))
    known = answers[["respondent", "wave", *groups]].drop_duplicates(["respondent", "wave"])
    writers = frame[["respondent", "wave"]].merge(known, on=["respondent", "wave"], how="left")
    for name in groups:
        frame[name] = frame[name].fillna(writers[name]) if name in frame else writers[name]
    return frame


def response_counts(snapshot: Snapshot) -> dict[str, dict[str, int | None]]:
    """Return, by wave, how many were employed on its last day (where known), and how many answered."""
    people = latest_people(snapshot) if "people" in snapshot.tables else None
    counts: dict[str, dict[str, int | None]] = {}
    for fact in wave_facts(snapshot).to_dict("records"):
        invited, day = None, fact["last_day"]
        if people is not None and not pd.isna(day):
            invited = int(employed(people, day).sum())
        counts[str(fact["wave"])] = {"invited": invited, "responses": int(fact["n"])}
    return counts


def employed(people: pd.DataFrame, day: pd.Timestamp) -> "pd.Series[bool]":
    """Return who of the staff list is employed on a day; who has no dates is."""
    here = people["hire_date"].isna() | (people["hire_date"] <= day)
    return here & (people["leave_date"].isna() | (people["leave_date"] > day))


def join_counts(snapshot: Snapshot, wave: str) -> dict[str, int | None]:
    """Return how many rows of survey, people, service and comments matched in ``wave``."""
    people = None
    if "people" in snapshot.tables:
        people = engine.frame(engine.latest_people(snapshot, as_of_wave=wave))[["respondent", "team"]]
    answers = _who_answered(snapshot, wave, people)
    teams = set(answers["team"].dropna())
    service = None
    if "service" in snapshot.tables:
        measured = engine.frame(engine.open_table(snapshot, "service").select("team").distinct())
        service = len(teams & set(measured["team"]))
    written = comments(snapshot, answers, ["team"])
    matched = None if people is None else int(answers["respondent"].isin(people["respondent"]).sum())
    return {
        "responses": len(answers),
        "people": None if people is None else len(people),
        "people_matched": matched,
        "teams": len(teams),
        "service_teams": service,
        "comments": len(written),
        "comments_with_team": int(written["team"].notna().sum()) if len(written) else 0,
    }


def _who_answered(snapshot: Snapshot, wave: str, people: pd.DataFrame | None) -> pd.DataFrame:
    """Return ``respondent, wave, team`` of a wave; the team as answered, else as the staff list has it."""
    parts = []
    for id in snapshot.answered(wave):
        rows = engine.open_table(snapshot, responses_table(id))
        asked = [name for name in ("respondent", "wave", "team") if name in rows.columns]
        parts.append(engine.frame(rows.filter(rows.wave == wave).select(*asked)))
    answers = pd.concat(parts).reindex(columns=["respondent", "wave", "team"])
    answers = answers.groupby("respondent", as_index=False).first()
    if people is not None:
        known = answers["respondent"].map(
            people.drop_duplicates("respondent").set_index("respondent")["team"]
        )
        answers["team"] = answers["team"].where(answers["team"].notna(), known)
    return answers


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Return people's rows in the order of what they hold, beginning with when they answered.

    A join gives its rows in any order, while resamples and folds are drawn by position. Pseudonyms give none
    that lasts: the same files have others in another workspace, and should have the same results.
    """
    held = [name for name in frame.columns if name != "respondent" and not name.endswith(engine.FAVOURABLE)]
    return frame.sort_values(held, ignore_index=True)


def _answers(snapshot: Snapshot, wave: str, day: pd.Timestamp | None) -> tuple[pd.DataFrame, engine.Joined]:
    joined = engine.joined_scores(snapshot, wave)
    frame = in_order(engine.frame(joined.scores))
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
    written = written.assign(question=written["question"].fillna(""))  # the suggestion box asks none
    if written.empty:
        return frame, ()
    written = written[written["question"] == written["question"].value_counts().index[0]]
    tone = team_tone(written)[["team", "wave", "tone"]].rename(columns={"tone": TONE})
    # Where every comment sounds alike, what is left of the differences is rounding error.
    tone[TONE] = tone[TONE].where(tone[TONE].abs() > _NOISE, 0.0)
    frame = frame.merge(tone, on=["team", "wave"], how="left")
    # A team that wrote nothing gives no evidence either way: the wave's mean, which is 0.
    frame[TONE] = frame[TONE].fillna(0.0).where(frame["team"].notna(), np.nan)
    shares = theme_shares(written).pivot_table(index=["team", "wave"], columns="theme", values="share")
    shares.columns = [f"{THEME_PREFIX}{name}" for name in shares.columns]
    frame = frame.merge(shares.reset_index(), on=["team", "wave"], how="left")
    return frame, tuple(shares.columns)
