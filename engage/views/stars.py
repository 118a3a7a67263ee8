"""Stars: what comes before and after a step up, scores, staying and time in grade by star, places won."""

import streamlit as st

from engage.present import charts, sentences
from engage.views.template import View, link, open_page

STAR = "star"
FAMILY = "people"


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    with view.part():
        _steps(view)
    wave = view.shown_wave
    st.subheader(view.say("scores_title"), anchor=False)
    scored = STAR in view.tables.groups(wave)
    staying = view.tables.attrition_on and STAR in view.tables.retention_groups()
    if scored:
        with view.part():
            scores = view.tables.scores(wave, (STAR,))
            view.say_newest_only()
            with st.container(key="scrolls"):
                view.chart(charts.heat_map(scores, STAR, view.names), view.say("scores_title"))
            view.details(scores, f"scores_by_star_{wave}")
    else:
        view.note("no_scores")
    st.subheader(view.say("staying_title"), anchor=False)
    if not view.tables.attrition_on:
        view.note("staying_off")
        link("attrition", view.lang)
    elif staying:
        with view.part():
            with view.busy():
                curves = view.tables.retention(STAR)
            view.chart(charts.staying(curves, STAR, view.names), sentences.staying(curves, view.names)[0])
            view.note("staying_note")
            view.details(curves, "staying_star")
    graded = placed = False
    with view.part():
        _grade(view)
        graded = True
    with view.part():
        _places(view)
        placed = True
    view.method()
    view.in_python(wave=wave, scored=scored, staying=staying, graded=graded, placed=placed)


def _grade(view: View) -> None:
    """Draw how long people stay in a grade before the next step up."""
    st.subheader(view.say("grade_title"), anchor=False)
    with view.busy():
        table = view.tables.time_in_grade()
    lines = sentences.grade(table, view.names)
    for line in lines:
        view.line(line)
    view.chart(charts.time_in_grade(table, view.names), " ".join(lines))
    view.note("grade_note")
    view.details(table, "time_in_grade")


def _places(view: View) -> None:
    """Draw who got the places that people applied for."""
    st.subheader(view.say("places_title"), anchor=False)
    with view.busy():
        table = view.tables.places()
    for line in sentences.places(table, view.names):
        view.line(line)
    view.note("places_note")
    view.details(table, "places")


def _steps(view: View) -> None:
    """Draw what came before and since a step up, for one outcome."""
    with view.busy("working"):
        table = view.tables.stars()
    known = list(dict.fromkeys(table.tidy()["outcome"]))
    first = "engagement" if "engagement" in known else known[0]
    if st.session_state.get("star_outcome") not in known:
        st.session_state["star_outcome"] = first
    outcome = str(st.session_state["star_outcome"])
    headline, behind = sentences.stars(table, view.names, outcome)
    view.answer(headline)
    view.line(behind)
    view.note("statement")
    st.subheader(view.say("steps_title"), anchor=False)
    st.selectbox(
        view.say("outcome"), known, format_func=view.names.outcome, key="star_outcome",
        persist_state="session", width=280,
    )  # fmt: skip
    view.chart(charts.event_study(table, FAMILY, outcome, view.names), headline)
    view.note("steps_note")
    view.details(table, "stars")


draw(open_page("stars"))
