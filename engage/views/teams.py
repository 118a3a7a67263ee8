"""Teams: where each factor stands, group by group."""

import streamlit as st

from engage.present import charts, sentences
from engage.present.tables import display
from engage.views.template import View, open_page


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    wave = view.shown_wave
    groups = view.tables.groups(wave)
    if not groups:
        view.note("no_groups")
        return
    if st.session_state.get("group") not in groups:
        st.session_state["group"] = "team" if "team" in groups else groups[0]
    st.selectbox(
        view.say("group"),
        groups,
        format_func=view.names.demographic,
        key="group",
        persist_state="session",
        width=280,
    )
    group = str(st.session_state["group"])
    with view.part():
        with view.busy("working"):
            scores = view.tables.scores(wave, (group,))
        headline, *more = sentences.heat_map(scores, group, view.names)
        view.answer(headline)
        view.say_newest_only()
        for line in more:
            view.line(line)
        with st.container(key="scrolls"):
            view.chart(charts.heat_map(scores, group, view.names), headline)
        _why_hidden(view, group)
        view.details(scores, f"scores_by_{group}_{wave}")
    view.method()


def _why_hidden(view: View, group: str) -> None:
    """Say, folded, how much of the wave is shown and why the rest is not; nothing where all of it is."""
    table = view.tables.utility(view.shown_wave)
    frame = table.tidy()
    if (frame["shown"] == frame["cells"]).all():
        return
    with st.expander(view.say("why_hidden")):
        for line in sentences.utility(table, group, view.names):
            view.line(line)
        st.dataframe(display(table, view.names), hide_index=True, width="stretch")


draw(open_page("teams"))
