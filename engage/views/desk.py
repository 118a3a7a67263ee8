"""Service desk: tickets in time, branches and weeks out of line, what to train, whether inspectors agree."""

from typing import Final

import streamlit as st

from engage.present import charts, numbers, sentences
from engage.present.desk_words import day
from engage.present.report import FORMATS, Format, written
from engage.present.report.bulletin import bulletin
from engage.views.template import View, link, open_page, plain
from engage.words import say

_PERIODS: Final = ("13", "1", "52")
_TYPES: Final = ("all", "fault", "complaint")
_MIME: Final[dict[Format, str]] = {
    "html": "text/html",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def draw(view: View) -> None:
    """Draw the page; it needs no closed wave."""
    kinds = view.tables.desk_kinds
    if not kinds:
        _nothing(view)
        return
    if "tickets" in kinds:
        with view.part():
            _tickets(view)
        with view.part():
            _bulletin(view)
    if "inspections" in kinds:
        with view.part():
            _inspections(view, alone="tickets" not in kinds)
        with view.part():
            _raters(view)
    view.method()
    weeks = int(st.session_state.get("desk_period", _PERIODS[0]))
    view.in_python(tickets="tickets" in kinds, inspections="inspections" in kinds, weeks=weeks)


def _nothing(view: View) -> None:
    if not view.tables.closed_waves and not view.tables.open_waves:
        view.ready()
        return
    view.answer(view.say("nothing"))
    view.line(view.say("nothing_how"))
    link("upload", view.lang, view.say("nothing_link"))


def _tickets(view: View) -> None:
    kind = view.pick("desk_type", _TYPES, lambda one: say(f"desk.type.{one}", view.lang), "type")
    weeks = int(view.pick("desk_period", _PERIODS, lambda one: view.say(f"weeks_{one}"), "period"))
    table, trend = view.tables.desk(weeks), view.tables.desk_weeks()
    headline, *more = sentences.desk(table, view.names, kind)
    view.answer(headline)
    for line in more:
        view.line(line)
    view.note("about", as_of=day(table.notes["as_of"], view.names))
    st.subheader(view.say("funnel_title"), anchor=False)
    view.chart(charts.funnel(table, view.names, kind), " ".join((headline, *more[:1])))
    view.note("funnel_note")
    view.details(table, "service_desk", title=view.say("desk_table"))
    st.subheader(view.say("weeks_title"), anchor=False)
    said = " ".join(sentences.desk_weeks(trend, view.names, kind))
    view.line(said)
    view.chart(charts.desk_weeks(trend, view.names, kind), said)
    view.note("weeks_note")
    st.subheader(view.say("backlog_title"), anchor=False)
    view.chart(charts.backlog(trend, view.names, kind), view.say("backlog_title"))
    view.details(trend, "service_weeks", title=view.say("weeks_table"))


def _bulletin(view: View) -> None:
    st.subheader(view.say("bulletin_title"), anchor=False)
    view.note("bulletin_note")
    name = view.pick("bulletin_format", FORMATS, str.upper, "bulletin_format")
    format = next(one for one in FORMATS if one == name)
    if st.button(view.say("bulletin_make"), key="bulletin_make"):
        with view.busy():
            file = written(bulletin(view.tables, view.names, made_on=numbers.today(view.lang)), format)
        st.download_button(
            view.say("bulletin_save"), file, file_name=f"engage_bulletin_{view.lang}.{format}",
            mime=_MIME[format], key="bulletin_file", on_click="ignore",
        )  # fmt: skip


def _inspections(view: View, *, alone: bool) -> None:
    table = view.tables.inspections()
    headline, *more = sentences.training(table, view.names)
    if alone:
        view.answer(headline)
    st.subheader(view.say("inspections_title"), anchor=False)
    for line in more if alone else (headline, *more):
        view.line(line)
    view.chart(charts.marks(table, view.names), headline)
    view.note("training_note")
    view.details(table, "training_list", title=view.say("inspections_table"))


def _raters(view: View) -> None:
    st.subheader(view.say("raters_title"), anchor=False)
    table = view.tables.raters()
    for line in sentences.raters(table, view.names):
        st.markdown(plain(line))
    view.details(table, "raters", title=view.say("raters_table"))


draw(open_page("desk"))
