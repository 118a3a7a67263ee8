"""The entry point of the app: who is there, frame, pickers, navigation, the last line of defence."""

import logging

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
        links = st.sidebar.container(key="navigation", gap=None)
        lang = pick_language()
        template.style(lang)
        space = _space(lang)
        page = st.navigation([template.page_object(name, lang) for name in template.PAGES], position="hidden")
        where = page.url_path or template.PAGES[0]
        if space is not None:
            _frame(space, lang)
            admitted = template.admitted(page, space, lang)
            with links:
                _navigation(lang)
            if admitted:
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


def _navigation(lang: Language) -> None:
    """Lay out links to the pages that are for the reader; the others are refused in words at their address.

    Streamlit's own navigation puts headings among the items of a list, which screen readers stumble over.
    """
    for section, names in template.SECTIONS.items():
        if any(template.is_open(name) for name in names):
            st.caption(say(f"app.section_{section}", lang))
        for name in names:
            template.link(name, lang)


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
