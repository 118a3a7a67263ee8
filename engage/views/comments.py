"""Comments: what people write about, in which tone, what they ask for, and whether it fits the scores."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engage.present import charts, sentences
from engage.privacy import SafeTable
from engage.views import comments_reading, comments_wishes, comments_words
from engage.views.template import View, open_page

_PARTS = ("themes", "read", "wishes", "emerging", "agreement")


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    part, read = _PARTS[0], {}
    with view.part():
        with view.busy("working"):
            themes = view.tables.tone("theme", view.state.wave)
        question, source = _pick(view, themes)
        headline, *more = sentences.tone(themes, view.names, question=question, source=source)
        view.answer(headline)
        parts = [part for part in _PARTS if part != "read" or view.may("comments")]
        part = view.pick("comments_part", parts, lambda one: view.say(f"view_{one}"), "view")
        if part == "themes":
            _themes(view, themes, question, source, [headline, *more])
        elif part == "read":
            read = comments_reading.draw(view, themes, question, source)
        elif part == "wishes":
            comments_wishes.draw(view, question, source)
        elif part == "emerging":
            comments_words.emerging(view, question, source)
        else:
            comments_words.agreement(view, question, source)
    view.method()
    view.in_python(part=part, wave=view.state.wave, read=read)


def _pick(view: View, table: SafeTable) -> tuple[str, str]:
    """Draw the question and source pickers: tone is comparable only within one pair of them."""
    pairs = charts.tone_parts(table)
    left, right = st.columns(2)
    questions = list(dict.fromkeys(question for question, _ in pairs))
    question = _choice(left, view.say("question"), questions, view.names.question, "question")
    sources = [source for asked, source in pairs if asked == question]
    source = _choice(right, view.say("source"), sources, view.names.source, "source")
    return question, source


def _choice(
    place: DeltaGenerator, label: str, options: list[str], name: Callable[[str], str], key: str
) -> str:
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]
    place.selectbox(label, options, format_func=name, key=key, persist_state="session")
    return str(st.session_state[key])


def _themes(view: View, themes: SafeTable, question: str, source: str, lines: list[str]) -> None:
    for line in lines[1:]:
        view.line(line)
    view.note("single_comments")
    st.subheader(view.say("themes_title"), anchor=False)
    view.chart(charts.tone_bars(themes, "theme", view.names, question=question, source=source), lines[0])
    view.details(themes, "tone_by_theme")
    st.subheader(view.say("waves_title"), anchor=False)
    if len(view.tables.closed_waves) < 2:
        view.note("waves_later")
        return
    with view.busy("working"):
        waves = view.tables.tone("wave", None)
    view.chart(
        charts.tone_trend(waves, view.names, question=question, source=source), view.say("waves_title")
    )
    view.details(waves, "tone_by_wave")


draw(open_page("comments"))
