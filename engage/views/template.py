"""One template for every page: the question, the answer in plain words, the chart, details, the method.

Text that comes from files (wave, team and column names) goes through :func:`plain` before Streamlit may read
it as Markdown.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import count
from pathlib import Path
from typing import Any, Final, Literal, get_args

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engage.errors import EngageError
from engage.present.labels import Names, method_lines
from engage.present.look import in_language
from engage.present.report.pictures import png, svg
from engage.present.snippets import in_python
from engage.present.tables import display, to_csv
from engage.privacy import ROLES, Access, Action, SafeTable
from engage.views.data import Tables
from engage.views.state import State
from engage.words import Language, say
from engage.workspace import ALL_WAVES, Workspace

PageName = Literal[
    "overview",
    "upload",
    "quality",
    "drivers",
    "herzberg",
    "comments",
    "teams",
    "trend",
    "attrition",
    "service",
    "desk",
    "stars",
    "workforce",
    "competence",
    "whatif",
    "plans",
    "programmes",
    "reports",
    "settings",
]
PAGES: Final[tuple[PageName, ...]] = get_args(PageName)
SECTIONS: Final[Mapping[str, tuple[PageName, ...]]] = {
    "first": ("overview",),
    "data": ("upload", "quality"),
    "explain": ("drivers", "herzberg", "comments"),
    "where": ("teams", "trend"),
    "links": ("attrition", "service", "desk", "stars", "workforce", "competence"),
    "act": ("whatif", "plans", "programmes", "reports"),
    "own": ("settings",),
}
"""The navigation: every page once, in the order of PAGES, under headings (``app.section_…``)."""
NEEDS: Final[Mapping[PageName, Action]] = {"upload": "upload"}
"""What a page is for, where it is not for everybody who may see results."""

ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="7" fill="#1b6f8a"/>'
    '<path d="M8 23v-6M16 23V9M24 23v-9" stroke="#fff" stroke-width="4" stroke-linecap="round"/></svg>'
)
"""The page's mark: three bars."""

_PICTURE_WIDTH: Final = 1040
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>$:&^=])")
_STATE: Final = "state"
_OPEN: Final = "open_pages"


def plain(text: object) -> str:
    """Return ``text`` so that Markdown shows it as it is."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def may_open(space: Workspace | None, name: PageName) -> bool:
    """Return whether who uses the workspace may use a page; ``None``: nobody who may."""
    return space is not None and space.may(NEEDS.get(name, "results"))


def admitted(page: Any, space: Workspace, lang: Language) -> bool:
    """Return whether the reader may be on a page; where not, say so in its place."""
    name = next((name for name in PAGES if name == page.url_path), PAGES[0])
    st.session_state[_OPEN] = tuple(one for one in PAGES if may_open(space, one))
    if name in st.session_state[_OPEN]:
        return True
    roles = [role for role in ROLES if Access.may(role, NEEDS.get(name, "results"))]
    named = [say(f"access.role_{role}", lang) for role in roles]
    st.title(say(f"app.page_{name}", lang), anchor=False)
    st.warning(say("access.refused", lang, roles=named))
    return False


def page_object(name: PageName, lang: Language) -> Any:
    """Return the Streamlit page ``name``, its address in ASCII."""
    return st.Page(
        Path(__file__).with_name(f"{name}.py"),
        title=say(f"app.page_{name}", lang),
        url_path=name,
        default=name == PAGES[0],
    )


def is_open(name: PageName) -> bool:
    """Return whether a page is for this reader, as :func:`admitted` found."""
    return name in st.session_state[_OPEN]


def link(name: PageName, lang: Language, label: str = "") -> None:
    """Draw a link to another page, unless it is none for this reader."""
    if is_open(name):
        st.page_link(page_object(name, lang), label=label or say(f"app.page_{name}", lang))


def show_error(error: EngageError, lang: Language, *, calm: bool = False) -> None:
    """Say what is wrong, where, and how to mend it; ``calm`` where nothing is broken, only missing."""
    place = f" `{error.where.replace('`', '')}`" if error.where and not calm else ""
    box = st.info if calm else st.error
    box(f"{plain(error.what(lang))}{place}\n\n{plain(error.remedy(lang))}")


@dataclass(frozen=True, slots=True)
class _Unchecked:
    """A chart for Streamlit, its schema unchecked: tests do that, and it takes a third of a page's time."""

    chart: Any

    def to_dict(self) -> dict[str, Any]:
        """Return the specification."""
        return dict(self.chart.to_dict(validate=False))


@dataclass(frozen=True)
class View:
    """What a page draws with: its words, the reader's choices, the released tables."""

    area: str
    state: State
    top: DeltaGenerator
    drawn: Iterator[int] = field(default_factory=lambda: count(1))
    """Numbers the charts of a page, for the names of their files."""

    @property
    def lang(self) -> Language:
        """The reader's language."""
        return self.state.lang

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace as the reader may use it: for uploads and the questionnaire's wording."""
        return self.state.tables.workspace

    def may(self, action: Action) -> bool:
        """Return whether the reader may do something."""
        return self.workspace.may(action)

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
        chart = in_language(chart, self.lang)
        drawn: Any = _Unchecked(chart)
        st.altair_chart(drawn, width="stretch", theme=None, alt=alt)
        self._save(chart)

    def _save(self, chart: Any) -> None:
        """Offer a chart as a picture to take along; it is drawn when somebody asks for it."""
        name = f"{self.area.removeprefix('page_')}_{self.shown_wave}_{next(self.drawn)}"
        with st.popover(say("app.chart_save", self.lang), type="tertiary", key=f"save_{name}"):
            for ending, kind, draw in (("png", "image/png", png), ("svg", "image/svg+xml", svg)):
                st.download_button(
                    say(f"app.chart_{ending}", self.lang),
                    partial(draw, chart, _PICTURE_WIDTH),
                    file_name=f"engage_{name}_{self.lang}.{ending}",
                    mime=kind,
                    key=f"save_{name}_{ending}",
                    on_click="ignore",
                    width="stretch",
                )

    def details(self, table: SafeTable, file_name: str, *, title: str = "") -> None:
        """Draw the table behind a chart, folded, with its download."""
        space = self.workspace

        def content() -> bytes:
            """Called when somebody asks for the file, and not before."""
            space.note_export("table", len(table))
            return to_csv(table)

        with st.expander(title or say("app.details", self.lang)):
            st.dataframe(display(table, self.names), hide_index=True, width="stretch", placeholder="–")
            st.download_button(
                say("app.download", self.lang),
                content,
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

    def in_python(self, **choices: object) -> None:
        """Draw, folded, the page's numbers as lines of Python: with its ``choices`` filled in, ready to run.

        Where the workspace lies is shown to administrators alone, as it is of no use to others.
        """
        person = self.workspace.person
        told = person is None or person.role == "administrator"
        folder = str(Path(self.tables.folder).absolute()) if told else say("app.python_folder", self.lang)
        who = "" if person is None else self.tables.who
        lines = in_python(self.area.removeprefix("page_"), folder, choices, who=who)
        if lines:
            with st.expander(say("app.python", self.lang)):
                st.caption(say("app.python_note", self.lang))
                st.code(lines, language="python")

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
            if not self.may("upload"):
                st.markdown(say("access.nothing_yet", self.lang))
                return False
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
