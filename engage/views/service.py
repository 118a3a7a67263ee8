"""Service: do the same conditions go with engagement, with leaving, and with what customers get?"""

import streamlit as st

from engage.present import charts, sentences
from engage.views.template import View, open_page


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    with view.part():
        with view.busy("working"):
            table, paths = view.tables.service()
        headline, *more = sentences.service(table, view.names)
        view.answer(headline)
        for line in more:
            view.line(line)
        view.note("association", waves=view.listed(table.notes["waves"]))
        st.subheader(view.say("chart_title"), anchor=False)
        view.chart(charts.outcomes(table, view.names), " ".join((headline, *more)))
        view.details(table, "service", title=view.say("table_title"))
        st.subheader(view.say("paths_title"), anchor=False)
        for line in sentences.paths(paths, view.names):
            view.line(line)
        view.note("paths_note")
        if len(paths):
            view.details(paths, "service_paths", title=view.say("paths_table"))
    told = False
    with view.part():
        _activities(view)
        told = True
    view.method()
    view.in_python(activities=told)


def _activities(view: View) -> None:
    """Draw what recognition and participation go with, one outcome at a time."""
    st.subheader(view.say("activities_title"), anchor=False)
    with view.busy():
        table = view.tables.activities()
    for line in sentences.activities(table, view.names):
        view.line(line)
    view.note("activities_note")
    frame = table.tidy()
    outcomes = tuple(dict.fromkeys(frame.loc[frame["hidden_reason"].isna(), "outcome"]))
    outcome = view.pick("activity_outcome", outcomes, view.names.outcome, "activities_pick")
    view.chart(charts.activities(table, view.names, outcome), view.names.outcome(outcome))
    view.details(table, "activities", title=view.say("activities_table"))


draw(open_page("service"))
