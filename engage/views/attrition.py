"""Attrition: how long people stay, what leaving goes with, how well it can be told. Of groups only."""

import streamlit as st

from engage.present import charts, sentences
from engage.views.template import View, link, open_page, plain

EVERYBODY = "everybody"
SWITCH = "attrition: true\nattrition_purpose: …"


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    if not view.tables.attrition_on:
        view.answer(view.say("switched_off"))
        view.line(view.say("off_why"))
        view.line(view.say("off_how"))
        st.code(SWITCH, language="yaml")
        view.note("off_log")
        link("drivers", view.lang, view.say("drivers_link"))
        view.method()
        return
    with view.part():
        _staying(view)
    with view.part():
        _odds(view)
    with view.part():
        _model(view)
    view.method()


def _staying(view: View) -> None:
    """Draw the curves of staying, of everybody or by a group."""
    with view.busy():
        whole = view.tables.retention("")
    view.answer(sentences.staying(whole, view.names)[0])
    view.note("groups_only")
    st.subheader(view.say("curves_title"), anchor=False)
    options = (EVERYBODY, *view.tables.retention_groups())
    picked = view.pick("retention_by", options, lambda one: _group(view, one), "group")
    by = "" if picked == EVERYBODY else picked
    with view.busy():
        table = view.tables.retention(by)
    lines = sentences.staying(table, view.names)
    view.chart(charts.staying(table, by, view.names), lines[0])
    if by:
        st.markdown("\n".join(f"- {plain(line)}" for line in lines))
    view.note("curves_note")
    with view.part():
        early = view.tables.retention("", early=True)
        view.line(f"{view.say('early')} {sentences.staying(early, view.names)[0]}")
    view.details(table, f"staying_{by or EVERYBODY}")


def _group(view: View, one: str) -> str:
    return view.say("everybody") if one == EVERYBODY else view.names.demographic(one)


def _odds(view: View) -> None:
    """Draw what leaving goes with."""
    st.subheader(view.say("odds_title"), anchor=False)
    with view.busy("working_odds"):
        table = view.tables.drivers("attrition", None)
    lines = sentences.drivers(table, view.names)
    for line in lines[:2]:
        view.line(line)
    view.chart(charts.odds(table, view.names), lines[0])
    view.note("odds_note")
    link("drivers", view.lang, view.say("drivers_link"))


def _model(view: View) -> None:
    """Draw how well leaving can be told, with the model card."""
    st.subheader(view.say("model_title"), anchor=False)
    with view.busy("working_model"):
        table = view.tables.attrition()
    (headline,) = sentences.attrition(table, view.names)
    view.line(headline)
    view.chart(charts.calibration(table, view.names), headline)
    view.note("calibration_note")
    with st.expander(view.say("card_title")):
        st.markdown("\n".join(f"- {plain(line)}" for line in sentences.card(table, view.names)))
    view.details(table, "attrition")


draw(open_page("attrition"))
