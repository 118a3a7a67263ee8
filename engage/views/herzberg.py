"""Two-factor map: does a shortfall hurt more than a surplus helps?"""

import streamlit as st

from engage.present import charts, sentences
from engage.views.template import View, open_page


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    with view.part():
        with view.busy("working"):
            table = view.tables.herzberg()
        headline, *more = sentences.two_factor(table, view.names)
        view.answer(headline)
        for line in more:
            view.line(line)
        view.note("association", waves=view.listed(table.notes["waves"]))
        st.subheader(view.say("grid_title"), anchor=False)
        with st.container(key="scrolls"):
            view.chart(charts.verdict_grid(table, view.names), " ".join((headline, *more)))
        view.note("grid_note")
        st.subheader(view.say("map_title"), anchor=False)
        outcome = view.pick("two_factor_outcome", charts.outcome_order(table), view.names.outcome, "outcome")
        said = sentences.two_factor_on(table, outcome, view.names)
        view.line(said)
        view.chart(charts.two_factor_map(table, outcome, view.names), said)
        view.details(table, "two_factor")
    view.method()
    view.in_python()


draw(open_page("herzberg"))
