"""Home of one group: its response, its scores beside the organisation's and its last wave's, what matters."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from engage.errors import TooLittleData
from engage.present import numbers, sentences
from engage.present.home_sentences import beside_rest, matters, since_last, why_not_own
from engage.present.labels import is_missing
from engage.present.reference_marks import Beside
from engage.privacy import SafeTable
from engage.views.overview_parts import (
    HEADLINES,
    POINTS,
    card,
    last_wave,
    next_steps,
    ranked,
    scales,
    talk,
    wave_before,
)
from engage.views.template import View, plain

EVERYBODY = ""
TEAM = "team"
OUTCOME = "engagement"


@dataclass(frozen=True, slots=True)
class Unit:
    """A group with published results: a demographic, one of its values, and its name in words."""

    by: str
    level: str
    name: str


def pick(view: View) -> Unit | None:
    """Draw what picks a group and return it, ``None`` for the whole organisation.

    A manager begins with the first of the own units.
    """
    groups = view.tables.groups(view.shown_wave)
    if not groups:
        return None
    options = [EVERYBODY, *groups]
    if st.session_state.get("home_by") not in options:
        st.session_state["home_by"] = TEAM if TEAM in groups and _is_manager(view) else EVERYBODY
    with st.container(horizontal=True):
        st.selectbox(
            view.say("group_by"), options, key="home_by", persist_state="session", width=240,
            format_func=lambda one: view.names.demographic(one) if one else view.say("everybody"),
        )  # fmt: skip
        by = str(st.session_state["home_by"])
        levels = _levels(view, by) if by else ()
        if not levels:
            return None
        key = f"home_level_{by}"
        if st.session_state.get(key) not in levels:
            st.session_state[key] = levels[0]
        st.selectbox(
            view.say("group_level"), levels, key=key, persist_state="session", width=280,
            format_func=lambda one: view.names.level(by, one),
        )  # fmt: skip
    level = str(st.session_state[key])
    return Unit(by, level, view.names.level(by, level))


def choices(view: View, unit: Unit | None) -> dict[str, object]:
    """Return what the lines of Python are told of the group."""
    before = wave_before(view)
    if unit is None:
        return {"before": before}
    above = view.tables.unit_above(unit.by, unit.level, view.shown_wave)
    newest = view.shown_wave == view.tables.closed_waves[-1]
    return {
        "before": before, "by": unit.by, "level": unit.level, "above": above,
        "moved": bool(before) and newest, "drivers": OUTCOME in view.tables.outcomes(),
    }  # fmt: skip


def draw(view: View, unit: Unit) -> None:
    """Draw the page of a group."""
    wave = view.shown_wave
    with view.part():
        with view.busy():
            scores = view.tables.unit_scores(wave, unit.by, unit.level)
        said = sentences.overview(scores, view.names, wave=wave)[0]
        view.answer(view.say("unit_answer", group=unit.name, sentence=said))
        view.say_newest_only()
        _cards(view, unit, scores)
        concern = ranked(view, scores)
        _compare(view, unit, scores)
        view.details(scores, f"scores_{unit.by}_{wave}")
        if concern:
            talk(view, concern)
        next_steps(view)
        _matters(view, unit, scores)


def _is_manager(view: View) -> bool:
    person = view.workspace.person
    return person is not None and bool(person.subtrees)


def _levels(view: View, by: str) -> tuple[str, ...]:
    """Return the groups of a demographic that the reader is shown anything of, in a findable order."""
    with view.part():
        frame = view.tables.scores(view.shown_wave, (by,)).tidy()
        shown = {str(one) for one in frame.loc[frame["mean"].notna(), by].dropna() if not is_missing(one)}
        known = [one for one in view.names.levels(by) if one in shown]
        return (*known, *sorted(shown - set(known)))
    return ()


def _cards(view: View, unit: Unit, scores: SafeTable) -> None:
    rows = {str(row["scale"]): row for row in scores.tidy().to_dict("records")}
    with st.container(horizontal=True, key="cards"):
        _response(view, unit, rows)
        for scale in HEADLINES:
            if scale in rows and pd.notna(rows[scale]["favourable"]):
                row = rows[scale]
                share = numbers.share(row["favourable"], row["ci_low"], row["ci_high"])
                interval = numbers.span(row["ci_low"], row["ci_high"])
                card(view.names.scale(scale), share, view.say("interval", interval=interval))
        points = rows[POINTS]["mean"] if POINTS in rows else None
        if pd.notna(points):
            card(view.names.scale(POINTS), numbers.decimal(float(points), view.lang, 0), view.say("points"))


def _response(view: View, unit: Unit, rows: Mapping[str, Mapping[Hashable, Any]]) -> None:
    """Draw how many answered, beside the staff list where it has the group."""
    try:
        frame = view.tables.response(unit.by, view.shown_wave).tidy()
    except TooLittleData:
        frame = pd.DataFrame({unit.by: []})
    mine = frame[frame[unit.by] == unit.level].to_dict("records")
    if mine and pd.notna(mine[0]["rate"]):
        answered = view.names.n(mine[0]["n"], mine[0]["n_band"])
        rate = numbers.percent(float(mine[0]["rate"]))
        card(view.say("response_rate"), rate, view.say("answered", n=answered))
        return
    first = next((row for row in rows.values() if pd.notna(row["mean"])), {"n": None, "n_band": None})
    card(view.say("responses"), view.names.n(first["n"], first["n_band"]), view.say("unit_rate_unknown"))


def _compare(view: View, unit: Unit, scores: SafeTable) -> None:
    """Draw the group beside the one above it, the whole organisation and its own last wave."""
    wave, before = view.shown_wave, wave_before(view)
    above, upper = view.tables.unit_above(unit.by, unit.level, wave)
    named = view.names.level(above, upper) if above else ""
    title = view.say("compare_above", above=named) if above else view.say("compare_title")
    st.subheader(plain(title), anchor=False)
    with view.part():
        view.line(beside_rest(view.tables.differences(unit.by, wave), unit.by, unit.level, view.names))
    if before and wave == view.tables.closed_waves[-1]:
        with view.part():
            view.line(since_last(view.tables.moved(unit.by, unit.level), view.names))
    beside = [Beside(view.say("whole_mark"), view.tables.scores(wave))]
    if above:
        beside.insert(0, Beside(named, view.tables.unit_scores(wave, above, upper)))
    beside += last_wave(view, _before(view, unit, before), before)
    scales(view, scores, beside, title)


def _before(view: View, unit: Unit, before: str) -> SafeTable | None:
    """Return the group's scores in the wave before, ``None`` where none were published."""
    if not before or unit.by not in view.tables.groups(before):
        return None
    try:
        return view.tables.unit_scores(before, unit.by, unit.level)
    except TooLittleData:
        return None


def _matters(view: View, unit: Unit, scores: SafeTable) -> None:
    """Draw what goes with engagement in the whole organisation beside the group's own scores, and why so.

    It comes last, since the model takes seconds on a cold cache.
    """
    wave = view.shown_wave
    if OUTCOME not in view.tables.outcomes():
        return
    st.subheader(view.say("matters_title"), anchor=False)
    with view.part():
        with view.busy("matters_working"):
            drivers = view.tables.drivers(OUTCOME, wave)
        whole = view.tables.scores(wave)
        rows = matters(drivers, whole, scores, view.names)
        heads = [
            view.say("matters_factor"), view.say("matters_share"), view.say("matters_whole"),
            view.say("matters_unit", group=unit.name),
        ]  # fmt: skip
        told = [(one.driver, one.share, one.whole, one.unit) for one in rows]
        st.table(
            pd.DataFrame([[plain(cell) for cell in row] for row in told], columns=list(map(plain, heads)))
        )
        view.line(why_not_own(drivers, scores, view.workspace.policy, unit.name, view.names))
