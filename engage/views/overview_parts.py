"""What Home draws of the whole organisation and of one group alike."""

import math
from collections.abc import Sequence

import streamlit as st

from engage.present import charts
from engage.present.norm_sentences import beside_norms
from engage.present.reference_marks import Beside
from engage.present.standing import strengths_and_concerns, talk_about
from engage.privacy import SafeTable
from engage.views.template import View, link, plain

HEADLINES = ("engagement", "satisfaction")
POINTS = "enps_net"


def card(label: str, value: str, below: str, moved: str | None = None) -> None:
    """Draw a figure with its name above, and what qualifies it below."""
    with st.container(border=True, height="stretch"):
        st.metric(plain(label), value, moved)
        st.caption(plain(below))


def ranked(view: View, scores: SafeTable) -> str:
    """Draw three strengths and three concerns; return the factor of most concern, ``""`` where none is."""
    strengths, concerns = strengths_and_concerns(scores, view.names)
    if not concerns:
        return ""
    left, right = st.columns(2, gap="large")
    for place, key, rows in ((left, "strengths", strengths), (right, "concerns", concerns)):
        with place:
            st.subheader(view.say(key), anchor=False)
            st.markdown("\n".join(f"1. {plain(row.said)}" for row in rows))
    view.note("ranked_note")
    return concerns[0].scale


def scales(view: View, scores: SafeTable, beside: Sequence[Beside], title: str) -> None:
    """Draw every scale, marked with what it stands beside: other groups and waves, and norms."""
    norms = view.tables.norms()
    for line in beside_norms(scores, norms, view.names):
        view.line(line)
    view.chart(charts.scale_bars(scores, view.names, beside=beside, norms=norms), title)
    if any(not math.isnan(norm.mean) for norm in norms):
        st.subheader(view.say("norms_title"), anchor=False)
        view.chart(charts.mean_marks(scores, norms, view.names), view.say("norms_title"))


def last_wave(view: View, scores: SafeTable | None, wave: str) -> list[Beside]:
    """Return the scores of the wave before to lay beside; scales asked in other words since are left out."""
    if scores is None:
        return []
    reworded = {one.scale for one in view.tables.breaks() if one.wave_to == view.shown_wave}
    return [Beside(view.say("last_mark", wave=wave), scores, reworded)]


def wave_before(view: View) -> str:
    """Return the closed wave before the one shown, ``""`` where there is none."""
    waves = view.tables.closed_waves
    place = waves.index(view.shown_wave)
    return waves[place - 1] if place else ""


def talk(view: View, factor: str) -> None:
    """Draw, folded, what to ask the team about a factor and what can be done about it."""
    with view.part():
        guide = talk_about(factor, view.tables.guides, view.names)
        if guide is None:
            return
        with st.expander(view.say("talk_title", factor=plain(view.names.inline(view.names.scale(factor))))):
            view.line(view.say("talk_ask"))
            st.markdown("\n".join(f"- {plain(question)}" for question in guide.questions))
            view.line(view.say("talk_do"))
            st.markdown(
                "\n".join(
                    f"- **{plain(name)}** {plain(text)}  \n  {plain(view.say('talk_watch', watch=watch))}"
                    for name, text, watch in guide.levers
                )
            )
            view.note("talk_note")


def next_steps(view: View) -> None:
    """Draw where to go on from here."""
    st.subheader(view.say("next_title"), anchor=False)
    with st.container(horizontal=True):
        for name in ("drivers", "teams", "plans"):
            link(name, view.lang)
