"""Workforce: head-counts and their mix beside the plan, and what if fewer or more people left."""

import streamlit as st

from engage.present import charts, sentences
from engage.views.template import View, link, open_page

PEOPLE, SHARE = "people", "share"
FACTORS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5)


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    leaving = 1.0
    with view.part():
        leaving = _plan(view)
    view.method()
    view.in_python(leaving=leaving)


def _plan(view: View) -> float:
    """Draw head-counts beside the plan, then the what-if; return how many times as fast they leave."""
    with view.busy("working"):
        table = view.tables.workforce()
    headline, *more = sentences.workforce(table, view.names)
    view.answer(headline)
    for line in more:
        view.line(line)
    if not table.notes["planned"]:
        view.note("no_plan_how")
        link("upload", view.lang, view.say("to_upload"))
    if not view.tables.attrition_on:
        view.note("off_how")
        link("attrition", view.lang)
    st.subheader(view.say("chart_title"), anchor=False)
    shown = view.pick("workforce_as", (PEOPLE, SHARE), view.say, "shown_as")
    view.chart(charts.workforce(table, view.names, share=shown == SHARE), headline)
    view.details(table, "workforce", title=view.say("details"))
    return _what_if(view) if view.tables.attrition_on else 1.0


def _what_if(view: View) -> float:
    """Draw what becomes of head-counts if people leave faster or slower; return how many times as fast."""
    st.subheader(view.say("what_if_title"), anchor=False)
    factor = float(
        st.select_slider(
            view.say("leaving"),
            FACTORS,
            value=0.8,
            format_func=lambda one: _worded(view, one),
            key="workforce_leaving",
            width=420,
        )
    )
    base = view.tables.workforce()
    if factor != 1.0:
        with view.busy("working"):
            changed = view.tables.workforce(factor)
        view.line(sentences.leaving_changed(changed, base, view.names))
        view.chart(charts.workforce(changed, view.names), view.say("what_if_title"))
    view.note("what_if_note")
    return factor


def _worded(view: View, factor: float) -> str:
    change = round((factor - 1) * 100)
    return view.say("as_now") if not change else f"{change:+d}%".replace("-", "\u2212")


draw(open_page("workforce"))
