"""The entry point of the app: who is there, frame, pickers, navigation, the last line of defence."""

import logging
from typing import Any

import streamlit as st

from engage.errors import EngageError
from engage.privacy import Access
from engage.views import signing, template
from engage.views.data import Tables
from engage.views.state import State, pick_language, pick_wave, workspace_folder
from engage.words import Language, say
from engage.workspace import Workspace

_LOG = logging.getLogger("engage.views")
_UNCAUGHT = logging.getLogger("streamlit.error_util")


def run() -> None:
    """Draw the frame and the page the reader is on."""
    st.set_page_config(
        page_title="engage",
        page_icon=template.ICON,
        layout="wide",
        initial_sidebar_state=285,
        menu_items={"Get help": None, "Report a bug": None, "About": None},
    )
    if _without_words not in _UNCAUGHT.filters:
        _UNCAUGHT.addFilter(_without_words)
    lang: Language = "en"
    where = "start"
    try:
        lang = pick_language()
        template.style(lang)
        space = _space(lang)
        page = _navigation(space, lang)
        where = page.url_path or template.PAGES[0]
        if space is not None:
            _frame(space, lang)
            if template.admitted(page, space, lang):
                page.run()
    except EngageError as error:
        template.show_error(error, lang)
    except Exception as error:  # the last line of defence: a plain sentence, and no data in the log
        _LOG.error("page %s failed: %s", where, type(error).__name__)
        st.error(say("app.broken", lang))


def _space(lang: Language) -> Workspace | None:
    """Return the workspace as the reader may use it; ``None`` where that is not at all, and say why."""
    try:
        signing.refuse_strangers()
        who = signing.signed_in(lang)
        if who is None:
            return None
        space = signing.open_workspace(str(workspace_folder()), who)
    except EngageError as error:
        st.title(say("access.sign_in_title", lang), anchor=False)
        template.show_error(error, lang)
        if signing.is_set_up() and st.user.get("is_logged_in"):
            signing.sign_out(lang)
        return None
    return space


def _navigation(space: Workspace | None, lang: Language) -> Any:
    """Lay out the pages; those that the reader may not use are known by address, to be refused in words."""
    pages = {
        say(f"app.section_{section}", lang): [
            template.page_object(name, lang, shown=template.may_open(space, name)) for name in names
        ]
        for section, names in template.SECTIONS.items()
    }
    return st.navigation(pages, expanded=True, position="sidebar" if space is not None else "hidden")


def _frame(space: Workspace, lang: Language) -> None:
    person = space.person
    tables = Tables(str(space.path), space.key, person.key if person else Access.SINGLE, space.who)
    wave = pick_wave(tables.closed_waves, lang)
    if space.is_sample:
        st.sidebar.caption(say("app.sample", lang))
    signing.show_person(space, lang)
    template.put_state(State(lang, tables, wave))


def _without_words(record: logging.LogRecord) -> bool:
    """Keep of an error outside every page (in a callback, say) its kind: its text and trace may hold data."""
    if record.exc_info:
        kind = record.exc_info[0]
        record.msg, record.args = "failed: %s", (kind.__name__ if kind else "?",)
        record.exc_info, record.exc_text = None, None
    return True
