"""One template for every page: the question, the answer in plain words, the chart, details, the method.

Text that comes from files (wave, team and column names) goes through :func:`plain` before Streamlit may read
it as Markdown.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, get_args

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engage.errors import EngageError
from engage.present.labels import Names, method_lines
from engage.present.tables import display, to_csv
from engage.privacy import SafeTable
from engage.views.data import Tables
from engage.views.state import State
from engage.words import Language, say
from engage.workspace import ALL_WAVES, Workspace

PageName = Literal[
    "overview",
    "drivers",
    "herzberg",
    "whatif",
    "service",
    "programmes",
    "stars",
    "attrition",
    "workforce",
    "competence",
    "teams",
    "trend",
    "comments",
    "quality",
    "reports",
    "upload",
]
PAGES: Final[tuple[PageName, ...]] = get_args(PageName)

ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="7" fill="#1b6f8a"/>'
    '<path d="M8 23v-6M16 23V9M24 23v-9" stroke="#fff" stroke-width="4" stroke-linecap="round"/></svg>'
)
"""The page's mark: three bars."""

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>$:&^=])")
_STATE: Final = "state"


def plain(text: object) -> str:
    """Return ``text`` so that Markdown shows it as it is."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def page_object(name: PageName, lang: Language) -> Any:
    """Return the Streamlit page ``name``; the address is ASCII in every language."""
    return st.Page(
        Path(__file__).with_name(f"{name}.py"),
        title=say(f"app.page_{name}", lang),
        url_path=name,
        default=name == PAGES[0],
    )


def link(name: PageName, lang: Language, label: str = "") -> None:
    """Draw a link to another page."""
    st.page_link(page_object(name, lang), label=label or say(f"app.page_{name}", lang))


def show_error(error: EngageError, lang: Language, *, calm: bool = False) -> None:
    """Say what is wrong, where, and how to mend it; ``calm`` where nothing is broken, only missing."""
    place = f" `{error.where.replace('`', '')}`" if error.where and not calm else ""
    box = st.info if calm else st.error
    box(f"{plain(error.what(lang))}{place}\n\n{plain(error.remedy(lang))}")


@dataclass(frozen=True)
class View:
    """What a page draws with: its words, the reader's choices, the released tables."""

    area: str
    state: State
    top: DeltaGenerator

    @property
    def lang(self) -> Language:
        """The reader's language."""
        return self.state.lang

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace, for uploads and the questionnaire's wording."""
        return Workspace(self.state.tables.folder)

    @property
    def tables(self) -> Tables:
        """The released tables of the workspace, as it was when this run began."""
        return self.state.tables

    @cached_property
    def names(self) -> Names:
        """Names of scales, groups and themes in the reader's language."""
        wave = self.state.wave
        return Names(self.workspace.instrument(wave) if wave else None, self.lang)

    @cached_property
    def shown_wave(self) -> str:
        """The wave whose scores are shown: the one picked, or the newest where all are."""
        wave = self.state.wave
        return wave if wave not in (None, ALL_WAVES) else self.tables.closed_waves[-1]

    def say_newest_only(self) -> None:
        """Where all waves are picked, say that scores are of the newest."""
        if self.state.wave == ALL_WAVES:
            st.caption(say("app.newest_only", self.lang, wave=plain(self.shown_wave)))

    def say(self, key: str, /, **params: object) -> str:
        """Return a sentence of this page's catalogue."""
        return say(f"{self.area}.{key}", self.lang, **params)

    def answer(self, sentence: str) -> None:
        """Draw the page's first line, above any picker it depends on: the answer in plain words."""
        with self.top.container(key="answer"):
            st.markdown(plain(sentence))

    def line(self, sentence: str) -> None:
        """Draw a further sentence below the answer."""
        st.markdown(plain(sentence))

    def listed(self, names: object) -> str:
        """Return names, as a released table's notes hold them, as a list in words."""
        parts = names if isinstance(names, tuple) else (names,)
        return ("、" if self.lang == "zh" else ", ").join(str(part) for part in parts)

    def pick(self, key: str, options: Sequence[str], worded: Callable[[str], str], label: str) -> str:
        """Draw a choice that outlives the page and return it; it begins with the first of ``options``."""
        if st.session_state.get(key) not in options:
            st.session_state[key] = options[0]
        st.segmented_control(
            self.say(label),
            options,
            format_func=lambda one: plain(worded(one)),
            key=key,
            required=True,
            persist_state="session",
        )
        return str(st.session_state[key])

    def note(self, key: str, /, **params: object) -> None:
        """Draw a quiet remark."""
        st.caption(self.say(key, **{name: plain(value) for name, value in params.items()}))

    def chart(self, chart: Any, alt: str) -> None:
        """Draw an Altair chart over the full width; ``alt`` says it to who can't see it."""
        st.altair_chart(chart, width="stretch", theme=None, alt=alt)

    def details(self, table: SafeTable, file_name: str, *, title: str = "") -> None:
        """Draw the table behind a chart, folded, with its download."""
        with st.expander(title or say("app.details", self.lang)):
            st.dataframe(display(table, self.names), hide_index=True, width="stretch", placeholder="–")
            st.download_button(
                say("app.download", self.lang),
                to_csv(table),
                file_name=f"{file_name}.csv",
                mime="text/csv",
                key=f"download_{file_name}",
                on_click="ignore",
            )

    def method(self, model: Sequence[str] = ()) -> None:
        """Draw how the figures are made, folded: this ``model``, then the catalogue's ``method_1`` …"""
        lines = [*map(plain, model), *method_lines(self.area, self.lang)]
        with st.expander(say("app.method", self.lang)):
            st.markdown("\n".join(f"- {line}" for line in lines))

    @contextmanager
    def part(self) -> Iterator[None]:
        """Draw a part of a page; where the data can't support it, say so in its place."""
        try:
            yield
        except EngageError as error:
            show_error(error, self.lang, calm=True)

    @contextmanager
    def busy(self, key: str = "") -> Iterator[None]:
        """Say what takes a moment (nothing flickers while it takes less)."""
        with st.spinner(self.say(key) if key else say("app.working", self.lang), show_time=True):
            yield

    def ready(self) -> bool:
        """Return whether there is anything to show; if not, say what to do next."""
        if self.tables.closed_waves:
            return True
        waiting = self.tables.open_waves
        with st.container(border=True, key="empty"):
            kind = "open" if waiting else "empty"
            st.markdown(f"**{say(f'app.{kind}_title', self.lang)}**")
            st.markdown(say(f"app.{kind}_text", self.lang, waves=plain("、".join(waiting))))
            link("upload", self.lang, say(f"app.{kind}_link", self.lang))
        return False


def put_state(state: State) -> None:
    """Hand the reader's choices to the page that runs next."""
    st.session_state[_STATE] = state


def open_page(name: PageName) -> View:
    """Draw a page's title, a question, and return what to draw the rest with."""
    state: State = st.session_state[_STATE]
    area = f"page_{name}"
    st.title(say(f"{area}.title", state.lang), anchor=False)
    return View(area, state, st.container())


def style(lang: Language) -> None:
    """Lay the app's own look over Streamlit's, and put its few fixed English words into ``lang``.

    The tool bars of tables and charts go: their words are English, and their download knows no gate and no
    protection against formulas.
    """
    quoted = {key: say(f"app.{key}", lang).replace('"', "") for key in ("drop_here", "browse")}
    sheet = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    for key, text in quoted.items():
        sheet = sheet.replace(f"--{key}--", text)
    st.html(f"<style>{sheet}</style>")
