"""What outlives a page: language, wave and filters, in the session; and where the workspace lies."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import streamlit as st

from engage.views.data import Tables
from engage.words import LANGUAGES, Language, say
from engage.workspace import ALL_WAVES

_LANGUAGE: Final = "lang"
_WAVE: Final = "wave"
_WAVE_NEXT: Final = "wave_next"


@dataclass(frozen=True, slots=True)
class State:
    """What the reader has chosen. ``wave`` is a closed wave, ``"all"``, or ``None`` while none is closed."""

    lang: Language
    tables: Tables
    wave: str | None


def workspace_folder() -> Path:
    """Return the folder that ``engage app`` was started on."""
    return Path(os.environ.get("ENGAGE_WORKSPACE") or "workspace")


def pick_language() -> Language:
    """Draw the language switch and return the choice; the address keeps it as ``?lang=``."""
    if st.session_state.get(_LANGUAGE) not in LANGUAGES:
        st.session_state[_LANGUAGE] = _first_language()
    with st.sidebar:
        st.segmented_control(
            say("app.language", st.session_state[_LANGUAGE]),
            LANGUAGES,
            format_func=lambda lang: say(f"app.tongue_{lang}"),
            key=_LANGUAGE,
            required=True,
            label_visibility="collapsed",
            persist_state="session",
        )
    lang: Language = st.session_state[_LANGUAGE]
    if st.query_params.get(_LANGUAGE) != lang:
        st.query_params[_LANGUAGE] = lang
    return lang


def pick_wave(closed: Sequence[str], lang: Language) -> str | None:
    """Draw the wave picker (newest first, then all together) and return the choice.

    ``closed``: oldest first, as the workspace lists them. Nothing is drawn while there is none.
    """
    if not closed:
        return None
    options = [*reversed(closed), *([ALL_WAVES] if len(closed) > 1 else [])]
    wanted = st.session_state.pop(_WAVE_NEXT, st.session_state.get(_WAVE))
    st.session_state[_WAVE] = wanted if wanted in options else options[0]
    with st.sidebar:
        st.selectbox(
            say("app.wave", lang),
            options,
            format_func=lambda wave: say("app.every_wave", lang) if wave == ALL_WAVES else wave,
            key=_WAVE,
            persist_state="session",
        )
    return str(st.session_state[_WAVE])


def show_wave_next(wave: str | None) -> None:
    """Make the picker stand on ``wave`` (``None``: on the newest) from the next run on."""
    st.session_state[_WAVE_NEXT] = wave


def _first_language() -> Language:
    browser = (st.context.locale or "")[:2].lower()
    for wanted in (st.query_params.get(_LANGUAGE), os.environ.get("ENGAGE_LANG"), browser):
        for lang in LANGUAGES:
            if wanted == lang:
                return lang
    return "zh"
