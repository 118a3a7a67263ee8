"""Groups: which of them need help? Where each score stands, and who differs from everybody else."""

import streamlit as st

from engage.present import charts, sentences
from engage.present.tables import display
from engage.privacy import SafeTable
from engage.views.template import View, open_page

FIRST = "engagement"
POINTS = "enps_net"


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
            differences = view.tables.differences(group, wave)
        headline = sentences.differences(differences, group, view.names)[0]
        view.answer(headline)
        view.say_newest_only()
        with st.container(key="scrolls"):
            view.chart(charts.heat_map(scores, group, view.names, norms=view.tables.norms()), headline)
        _why_hidden(view, group)
        view.details(scores, f"scores_by_{group}_{wave}")
        _one_score(view, group, differences)
    view.method()
    view.in_python(wave=wave, group=group, scale=st.session_state.get("group_scale", FIRST))


def _one_score(view: View, group: str, differences: SafeTable) -> None:
    """Draw one score group by group: beside everybody else, and how answers are spread."""
    wave = view.shown_wave
    known = [scale for scale in dict.fromkeys(differences.tidy()["scale"]) if scale != POINTS]
    st.subheader(view.say("one_title"), anchor=False)
    if st.session_state.get("group_scale") not in known:
        st.session_state["group_scale"] = FIRST if FIRST in known else known[0]
    st.selectbox(
        view.say("scale"),
        known,
        format_func=view.names.scale,
        key="group_scale",
        persist_state="session",
        width=280,
    )
    scale = str(st.session_state["group_scale"])
    sentence = sentences.difference_on(differences, group, scale, view.names)
    view.line(sentence)
    view.chart(charts.differences(differences, group, scale, view.names), sentence)
    view.details(differences, f"differences_by_{group}_{wave}")
    st.subheader(view.say("spread_title"), anchor=False)
    with view.busy():
        spread = view.tables.distribution(wave, (group,), scale)
    order = charts.furthest_groups(differences, group, scale)
    chart = charts.distribution(spread, view.names, by=group, scale=scale, order=order)
    view.chart(chart, view.say("spread_title"))
    view.note("spread_note")
    view.details(spread, f"shares_of_{scale}_by_{group}_{wave}")


def _why_hidden(view: View, group: str) -> None:
    """Say, folded, how much of the wave is shown and why the rest is not; nothing where all of it is."""
    table = view.tables.utility(view.shown_wave)
    frame = table.tidy()
    if (frame["shown"] == frame["cells"]).all():
        return
    with st.expander(view.say("why_hidden")):
        for line in sentences.utility(table, group, view.names):
            view.line(line)
        st.dataframe(display(table, view.names), hide_index=True, width="stretch", placeholder="–")


draw(open_page("teams"))
