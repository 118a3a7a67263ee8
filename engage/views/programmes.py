"""Programmes: what they changed beside a comparison, and what that is worth."""

import streamlit as st

from engage.errors import TooLittleData
from engage.present import charts, sentences
from engage.present.programme_sentences import assumption
from engage.privacy import ASSUMPTIONS, SafeTable, release_statement, select_programmes
from engage.views.template import View, link, open_page, plain
from engage.words import say

FIRST = ("helped", "harmed", "rose", "fell")
PREFIX = "assumed_"
PER_CENT = ("channel_shift",)


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    programme, entered = "", {}
    with view.part():
        try:
            with view.busy("working"):
                whole = view.tables.programmes()
        except TooLittleData as error:
            if error.code != "workspace.no_programmes":
                raise
            view.answer(view.say("no_programmes"))
            view.line(view.say("no_programmes_how"))
            link("upload", view.lang, view.say("upload_link"))
            view.method()
            view.in_python(programme="", assumed={})
            return
        known = list(dict.fromkeys(whole.tidy()["programme"]))
        programme = view.pick("programme", known, str, "programme") if len(known) > 1 else known[0]
        table = select_programmes(whole, programme)
        headline, *more = sentences.programmes(table, view.names)
        view.answer(headline)
        for line in more:
            view.line(line)
        view.note("statement")
        st.subheader(view.say("effects_title"), anchor=False)
        view.chart(charts.programme_effects(table, view.names), headline)
        _one_outcome(view, table)
        view.details(table, "programmes", title=view.say("table_title"))
        entered = _worth(view, table, programme)
    view.method()
    view.in_python(programme=programme, assumed=entered)


def _one_outcome(view: View, table: SafeTable) -> None:
    """Draw one outcome period by period; those that changed come first."""
    frame = table.tidy()
    rows = frame[(frame["term"] == "overall") & frame["estimate"].notna()]
    if rows.empty:
        return
    first = rows["verdict"].isin(FIRST)
    rows = rows.assign(key=rows["family"] + "/" + rows["outcome"])
    options = [*rows.loc[first, "key"], *rows.loc[~first, "key"]]
    st.subheader(view.say("event_title"), anchor=False)
    if st.session_state.get("programme_outcome") not in options:
        st.session_state["programme_outcome"] = options[0]
    st.selectbox(
        view.say("outcome"),
        options,
        format_func=lambda key: _called(view, key),
        key="programme_outcome",
        persist_state="session",
        width=420,
    )
    family, outcome = str(st.session_state["programme_outcome"]).split("/", 1)
    said, *more = sentences.programme_on(table, family, outcome, view.names)
    view.line(said)
    view.chart(charts.event_study(table, family, outcome, view.names), said)
    view.note("band_note")
    own = frame[(frame["family"] == family) & (frame["outcome"] == outcome)]
    view.note("event_note" if (own["phase"] == "before").any() else "event_unchecked")
    for line in more:
        view.line(line)


def _called(view: View, key: str) -> str:
    family, outcome = key.split("/", 1)
    return f"{view.names.outcome(outcome)} · {say(f'programmes.family.{family}', view.lang)}"


def _worth(view: View, table: SafeTable, programme: str) -> dict[str, float]:
    """Draw the statement, with an empty box for every assumption, and return what was entered."""
    with st.expander(view.say("money_title")):
        view.note("money_note")
        entered: dict[str, float] = {}
        places = st.columns(2, gap="medium")
        for at, name in enumerate(ASSUMPTIONS):
            with places[at % 2]:
                value = st.number_input(
                    plain(assumption(name, view.names)),
                    min_value=0.0,
                    max_value=100.0 if name in PER_CENT else None,
                    value=None,
                    key=f"{PREFIX}{programme}_{name}",
                    placeholder="–",
                )
            if value is not None:
                entered[name] = value / 100 if name in PER_CENT else value
        made = release_statement(table, programme, entered)
        st.markdown("\n".join(f"- {plain(line)}" for line in sentences.statement(made, view.names)))
    if len(made):
        view.details(made, "statement", title=view.say("money_table"))
    return entered


draw(open_page("programmes"))
