"""Competence: levels beside what roles need, what to train first, and what customers take away, by team."""

import streamlit as st

from engage.errors import TooLittleData
from engage.present import charts, sentences
from engage.present.tables import display
from engage.privacy import select_training
from engage.views.template import View, link, open_page

EVERYBODY = "everybody"


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    levels = rated = False
    try:
        with view.busy():
            table = view.tables.competence()
    except TooLittleData as error:
        view.answer(error.what(view.lang))
        view.line(view.say("no_levels_how"))
        link("upload", view.lang, view.say("to_upload"))
    else:
        levels = True
        headline, *more = sentences.competence(table, view.names)
        view.answer(headline)
        for line in more:
            view.line(line)
        view.note("self")
        st.subheader(view.say("chart_title"), anchor=False)
        by = str(table.notes["by"])
        options = (EVERYBODY, *dict.fromkeys(table.tidy()[by]))
        picked = view.pick("competence_role", options, lambda one: _role(view, by, one), "role")
        view.chart(charts.competence(table, view.names, role="" if picked == EVERYBODY else picked), headline)
        view.details(table, "competence", title=view.say("details"))
        with view.part():
            _training(view)
    with view.part():
        _profile(view)
        rated = True
    view.method()
    view.in_python(levels=levels, rated=rated)


def _role(view: View, by: str, one: str) -> str:
    return view.say("everybody") if one == EVERYBODY else view.names.level(by, one)


def _training(view: View) -> None:
    """Draw the training plan, ranked for one service measure, with what competence goes with."""
    st.subheader(view.say("training_title"), anchor=False)
    with view.busy("working"):
        table, links = view.tables.training(), view.tables.competence_links()
    measures = tuple(dict.fromkeys(table.tidy()["outcome"]))
    if not measures:
        view.line(sentences.training_first(table, view.names, ""))
        return
    measure = view.pick("competence_for", measures, view.names.outcome, "outcome")
    view.line(sentences.training_first(table, view.names, measure))
    plan = display(select_training(table, measure), view.names)
    st.dataframe(plan, hide_index=True, width="stretch", placeholder="–")
    view.note("association")
    view.details(links, "competence_links", title=view.say("training_details"))


def _profile(view: View) -> None:
    """Draw ratings of contacts: of all teams, and of one beside them."""
    st.subheader(view.say("profile_title"), anchor=False)
    with view.busy():
        table = view.tables.service_value()
    lines = sentences.profile(table, view.names)
    for line in lines:
        view.line(line)
    frame = table.tidy()
    teams = [str(team) for team in dict.fromkeys(frame.loc[frame["mean"].notna(), "team"].dropna())]
    team = (
        st.selectbox(
            view.say("team"),
            ["", *teams],
            format_func=lambda one: one or view.say("everybody_team"),
            key="competence_team",
            persist_state="session",
            width=280,
        )
        or ""
    )
    view.chart(charts.profile(table, view.names, team=str(team)), lines[0])
    view.note("profile_note")
    view.details(table, "service_value", title=view.say("profile_details"))


draw(open_page("competence"))
