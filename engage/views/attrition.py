"""Attrition: how long people stay, what leaving goes with, how well it can be told. Of groups only."""

import streamlit as st

from engage.present import charts, sentences
from engage.privacy import SafeTable
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
        if view.may("attrition"):
            _switch_on(view)
        view.line(view.say("off_how"))
        st.code(SWITCH, language="yaml")
        view.note("off_log")
        link("drivers", view.lang, view.say("drivers_link"))
        view.method()
        view.in_python(on=False)
        return
    by = ""
    with view.part():
        by = _staying(view)
    with view.part():
        _hazards(view)
    with view.part():
        _odds(view)
    with view.part():
        _headcount(view)
    with view.part():
        _model(view)
    _switched_on(view)
    view.method()
    view.in_python(on=True, by=by, challenger=view.tables.challenged() is not None)


def _switch_on(view: View) -> None:
    """Let an administrator turn the analysis on; not without saying what for."""
    with st.container(border=True, key="switch_on"):
        purpose = st.text_input(view.say("purpose"), max_chars=300, key="attrition_purpose")
        if st.button(view.say("switch_on"), type="primary", key="attrition_on"):
            with view.part():
                view.workspace.switch_attrition(True, purpose=purpose)
                st.rerun()


def _switched_on(view: View) -> None:
    """Say what the analysis is for, and let an administrator turn it off."""
    view.note("on_for", purpose=view.workspace.policy.attrition_purpose)
    if view.may("attrition") and st.button(view.say("switch_off"), key="attrition_off"):
        view.workspace.switch_attrition(False)
        st.rerun()


def _staying(view: View) -> str:
    """Draw the curves of staying and return of which group; ``""``: of everybody."""
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
    return by


def _group(view: View, one: str) -> str:
    return view.say("everybody") if one == EVERYBODY else view.names.demographic(one)


def _hazards(view: View) -> None:
    """Draw what stars and groups of the staff list go with."""
    st.subheader(view.say("hazards_title"), anchor=False)
    with view.busy():
        table = view.tables.leaving_hazards()
    lines = sentences.hazards(table, view.names)
    for line in lines[:2]:
        view.line(line)
    view.chart(charts.hazard_ratios(table, view.names), lines[0])
    for line in lines[2:]:
        view.line(line)
    view.note("hazards_note")
    view.details(table, "hazards")


def _headcount(view: View) -> None:
    """Draw the head-counts to come."""
    st.subheader(view.say("headcount_title"), anchor=False)
    with view.busy():
        table = view.tables.headcount()
    lines = sentences.headcount(table, view.names)
    for line in lines:
        view.line(line)
    view.chart(charts.headcount(table, view.names), lines[0])
    view.note("headcount_note")
    view.details(table, "headcount")


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
    """Draw how well leaving can be told, with the model card; on request beside a second model."""
    st.subheader(view.say("model_title"), anchor=False)
    with view.busy("working_model"):
        table = view.tables.challenged() or view.tables.attrition()
    table = _challenged(view, table)
    (headline,) = sentences.attrition(table, view.names)
    view.line(headline)
    for line in sentences.challenger(table, view.names):
        view.line(line)
    view.chart(charts.calibration(table, view.names), headline)
    view.note("calibration_note")
    with st.expander(view.say("card_title")):
        st.markdown("\n".join(f"- {plain(line)}" for line in sentences.card(table, view.names)))
    view.details(table, "attrition")


def _challenged(view: View, table: SafeTable) -> SafeTable:
    """Offer a second model; once asked for, fit it, showing how far that is, and return the table of both."""
    if sentences.challenger(table, view.names):
        return table
    place = st.empty()
    if not place.button(view.say("challenge")):
        view.note("challenge_help")
        return table
    bar = place.progress(0.0, text=view.say("challenging", done=0, of="…"))

    def show(done: int, of: int) -> None:
        bar.progress(done / of, text=view.say("challenging", done=done, of=of))

    found = view.tables.challenge(show)
    place.empty()
    return found


draw(open_page("attrition"))
