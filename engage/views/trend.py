"""Trend: what moved from wave to wave, and what only seems to."""

import streamlit as st

from engage.present import charts, sentences
from engage.present.trend_breaks import trend_breaks
from engage.privacy import SafeTable
from engage.views.template import View, open_page

FIRST = ("engagement", "satisfaction", "hygiene", "motivator")
POINTS = "enps_net"
MOST = 8


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    with view.part():
        with view.busy("working"):
            trend, changes = view.tables.trend(), view.tables.changes()
        view.answer(sentences.changes(changes, view.shown_wave, view.names)[0])
        if len(view.tables.closed_waves) > 1:
            _lines(view, trend, changes)
            _since_last(view, changes)
    view.method()
    view.in_python()


def _lines(view: View, trend: SafeTable, changes: SafeTable) -> None:
    """Draw the waves of the picked scales."""
    known = [scale for scale in dict.fromkeys(trend.tidy()["scale"]) if scale != POINTS]
    picked = [s for s in st.session_state.get("trend_scales", FIRST) if s in known]
    st.session_state["trend_scales"] = picked or known[:1]
    st.multiselect(
        view.say("scales"),
        known,
        format_func=view.names.scale,
        key="trend_scales",
        max_selections=MOST,
        persist_state="session",
    )
    scales = tuple(st.session_state["trend_scales"])
    breaks = view.tables.breaks()
    view.chart(charts.trend(trend, scales, view.names, changes=changes, breaks=breaks), view.say("title"))
    for line in trend_breaks([one for one in breaks if one.scale in scales], view.names):
        view.line(line)
    view.details(trend, "trend")


def _since_last(view: View, changes: SafeTable) -> None:
    """Draw how far each score moved since the wave before."""
    frame = changes.tidy()
    if not (frame["wave_to"] == view.shown_wave).any():
        view.note("first_wave", wave=view.shown_wave)
        return
    st.subheader(view.say("changes_title", wave=view.shown_wave), anchor=False)
    view.chart(charts.changes(changes, view.shown_wave, view.names), view.say("title"))
    view.details(changes, "changes", title=view.say("changes_table"))


draw(open_page("trend"))
