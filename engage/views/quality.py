"""Quality: is this wave fit to use? A light per check, with its reason."""

from typing import Final

import streamlit as st

from engage.present import charts, sentences
from engage.privacy import SafeTable
from engage.views.template import View, open_page, plain
from engage.words import say

_BADGES: Final = {"ok": "green", "look": "orange", "not_fit": "red", "unknown": "gray"}


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    wave = view.shown_wave
    group = ""
    with view.part():
        with view.busy("working"):
            table = view.tables.quality(wave)
        view.answer(sentences.quality(table, view.names)[0])
        view.say_newest_only()
        _lights(view, table)
        st.subheader(view.say("reliability_title"), anchor=False)
        view.chart(charts.reliability(table, view.names), view.say("reliability_title"))
        view.details(table, f"quality_{wave}")
        group = _response(view, table)
    view.method()
    view.in_python(wave=wave, group=group)


def _lights(view: View, table: SafeTable) -> None:
    """Draw each check: its light as a coloured word, its name, and why."""
    with st.container(border=True, key="lights"):
        for light in sentences.lights(table, view.names):
            state = plain(say(f"labels.light.{light.state}", view.lang))
            name = plain(say(f"sentences.light.{light.check}.name", view.lang))
            badge, words = st.columns([1, 5], vertical_alignment="center")
            badge.markdown(f":{_BADGES[light.state]}-badge[{state}]")
            words.markdown(f"**{name}**  \n{plain(light.why)}")
    view.note("lights_note")


def _response(view: View, table: SafeTable) -> str:
    """Draw who answered by a grouping that the staff list has, and return which; ``""`` where it has none."""
    frame = table.tidy()
    known = frame.loc[frame["check"] == "make_up", "subject"].tolist()
    st.subheader(view.say("response_title"), anchor=False)
    if not known:
        view.note("no_staff")
        return ""
    if st.session_state.get("response_group") not in known:
        st.session_state["response_group"] = known[0]
    st.selectbox(
        view.say("group"),
        known,
        format_func=view.names.demographic,
        key="response_group",
        persist_state="session",
        width=280,
    )
    by = str(st.session_state["response_group"])
    with view.busy():
        response = view.tables.response(by, view.shown_wave)
    view.chart(charts.response(response, by, view.names), view.say("response_title"))
    view.details(response, f"response_by_{by}_{view.shown_wave}")
    return by


draw(open_page("quality"))
