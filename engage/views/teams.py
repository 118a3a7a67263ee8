"""Teams: where each factor stands, group by group."""

import streamlit as st

from engage.present import charts, sentences
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
        hidden = int(scores.tidy()["hidden_reason"].notna().sum())
        if hidden:
            view.note("hidden", count=hidden)
        view.details(scores, f"scores_by_{group}_{wave}")
    view.method()


draw(open_page("teams"))
