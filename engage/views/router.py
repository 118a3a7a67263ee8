"""The entry point of the app: frame, language and wave pickers, navigation, the last line of defence."""

import logging

import streamlit as st

from engage.errors import EngageError
from engage.views import template
from engage.views.data import Tables
from engage.views.state import ROLE, State, pick_language, pick_wave, workspace_folder
from engage.words import Language, say
from engage.workspace import Workspace

_LOG = logging.getLogger("engage.views")


def run() -> None:
    """Draw the frame and the page the reader is on."""
    st.set_page_config(
        page_title="engage",
        page_icon=template.ICON,
        layout="wide",
        initial_sidebar_state=285,
        menu_items={"Get help": None, "Report a bug": None, "About": None},
    )
    lang = pick_language()
    template.style(lang)
    page = st.navigation([template.page_object(name, lang) for name in template.PAGES], expanded=True)
    try:
        _frame(lang)
        page.run()
    except EngageError as error:
        template.show_error(error, lang)
    except Exception as error:  # the last line of defence: a plain sentence, and no data in the log
        _LOG.error("page %s failed: %s", page.url_path or "overview", type(error).__name__)
        st.error(say("app.broken", lang))


def _frame(lang: Language) -> None:
    folder = workspace_folder()
    workspace = Workspace(folder)
    tables = Tables(str(folder), workspace.key, ROLE)
    wave = pick_wave(tables.closed_waves, lang)
    if workspace.is_sample:
        st.sidebar.caption(say("app.sample", lang))
    template.put_state(State(lang, tables, wave))
