"""What is in the workspace already: waves to close, imports to take back, what could be joined."""

import hashlib
import re
from collections.abc import Mapping
from typing import Literal

import streamlit as st

from engage.errors import EngageError
from engage.present import sentences
from engage.present.tables import display
from engage.views import state
from engage.views.importing_import import finish, shown_wave
from engage.views.importing_job import titles
from engage.views.template import View, plain
from engage.words import say
from engage.workspace import ALL_WAVES


def waves_to_close(view: View) -> None:
    """Offer to close what can be closed, for the first time or again; of the rest say what it waits for."""
    for wave in view.tables.open_waves:
        if wave in view.tables.ready_waves:
            _offer_close(view, wave, "close")
        else:
            _say_it_waits(view, wave, "held_title", "held_text")
    for wave in view.tables.waiting_waves:
        if wave in view.tables.ready_waves:
            _offer_close(view, wave, "again")
        else:
            _say_it_waits(view, wave, "again_title", "waits_text")


def _offer_close(view: View, wave: str, turn: Literal["close", "again"]) -> None:
    with st.container(border=True, key=f"close_{_mark(wave)}"):
        st.subheader(view.say(f"{turn}_title", wave=plain(wave)), anchor=False)
        st.markdown(view.say(f"{turn}_text"))
        if st.button(view.say(f"{turn}_button"), type="primary", key=f"close:{wave}"):
            with view.busy("closing"):
                view.workspace.close(wave)
            state.show_wave_next(wave)
            finish("closed", wave=wave)


def _say_it_waits(view: View, wave: str, title: str, text: str) -> None:
    policy = view.workspace.policy
    with st.container(border=True, key=f"wait_{_mark(wave)}"):
        st.markdown(f"**{view.say(title, wave=plain(wave))}**")
        st.markdown(view.say(text, people=policy.scores_k, comments=policy.comments_k))


def _mark(wave: str) -> str:
    return hashlib.sha256(wave.encode()).hexdigest()[:8]


def waves_there(view: View) -> None:
    """List what is there, and let the latest import of a wave be taken back."""
    with view.busy():
        table = view.tables.waves()
    if not len(table):
        return
    st.subheader(view.say("waves_title"), anchor=False)
    shown, head = display(table, view.names), say("labels.column.instruments", view.lang)
    if head in shown:
        known = titles(view)
        shown[head] = [_called(str(ids), known, view) for ids in shown[head]]
    st.dataframe(shown, hide_index=True, width="stretch", placeholder="–")
    _joins(view)
    with st.popover(view.say("undo")):
        waves = [*view.tables.open_waves, *reversed(view.tables.closed_waves), ALL_WAVES]
        wave = st.selectbox(
            view.say("undo_wave"),
            waves,
            format_func=lambda wave: shown_wave(view, wave),
            key="upload_undo",
        )
        st.markdown(view.say("undo_text", people=view.workspace.policy.scores_k))
        if st.button(view.say("undo_button"), key="upload_undo_go"):
            try:
                view.workspace.undo(wave)
            except EngageError as error:
                st.warning(plain(error.what(view.lang)))
                return
            finish("undone", wave=shown_wave(view, wave))


def _called(ids: str, known: Mapping[str, str], view: View) -> str:
    """Return the names of the questionnaires of a wave."""
    found = [known.get(id, id) for id in re.split("[,、] *", ids)]
    return ("、" if view.lang == "zh" else ", ").join(found)


def _joins(view: View) -> None:
    """Say what could be matched in the newest closed wave, and what that can't show."""
    if not view.tables.closed_waves:
        return
    wave = view.tables.closed_waves[-1]
    with view.busy():
        counts = view.tables.joins(wave)
    with st.expander(view.say("joins_title", wave=plain(wave))):
        view.line(sentences.joins(counts, view.names)[0])
        st.dataframe(display(counts, view.names), hide_index=True, width="stretch", placeholder="–")
