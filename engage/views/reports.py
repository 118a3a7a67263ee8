"""Reports: the results of a wave as a file to hand on."""

import re
from collections.abc import Callable, Sequence

import streamlit as st

from engage.present import numbers
from engage.present.report import FORMATS, Format, Report, compose, one_pager, shown_levels, written
from engage.views.template import View, open_page, plain
from engage.words import say

_TYPES: dict[Format, str] = {
    "html": "text/html",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_SCOPES = ("whole", "group")


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    wave = view.shown_wave
    view.answer(view.say("answer", wave=wave))
    view.say_newest_only()
    scope = view.pick("report_scope", _SCOPES, lambda one: view.say(f"scope_{one}"), "scope")
    view.line(view.say("contents" if scope == "whole" else "about_group"))
    group: tuple[str, ...] = ()
    if scope == "group":
        with view.part():
            group = _group(view, wave)
        if not group:
            return
    format = _format(view.pick("report_format", FORMATS, lambda one: view.say(f"format_{one}"), "format"))
    view.note(f"about_{format}")
    template = None
    if format == "pptx":
        template = st.file_uploader(
            view.say("template"), type=["pptx", "potx"], key="report_template", help=view.say("template_help")
        )
    if st.button(view.say("make"), type="primary", key="report_make"):
        with view.part(), view.busy("working"):
            report = _composed(view, wave, group)
            file = written(report, format, template=template.getvalue() if template else None)
            view.workspace.note_export("report", len(report.sections))
            parts = ("engage", *(re.sub(r"\W+", "_", one) for one in group), wave, view.lang)
            _ready(view, file, format, f"{'_'.join(parts)}.{format}")
    view.method()
    view.in_python(wave=wave, lang=view.lang, format=format, group=group)


def _group(view: View, wave: str) -> tuple[str, ...]:
    """Draw the choice of one group among those that are shown to the reader; nothing where there is none."""
    groups = view.tables.groups(wave)
    if not groups:
        view.note("no_groups")
        return ()
    with st.container(horizontal=True):
        by = _select(view, "by", groups, view.names.demographic, "team" if "team" in groups else groups[0])
        levels = shown_levels(view.tables, wave, by)
        level = _select(view, "group", levels, lambda one: view.names.level(by, one), "") if levels else ""
    view.note("group_note" if levels else "no_groups")
    return (by, level) if level else ()


def _select(view: View, label: str, options: Sequence[str], worded: Callable[[str], str], first: str) -> str:
    """Draw a list to pick from, which keeps its choice while the page is away, and return it."""
    key = f"report_{label}"
    if st.session_state.get(key) not in options:
        st.session_state[key] = first or options[0]
    st.selectbox(view.say(label), options, format_func=worded, key=key, persist_state="session", width=280)
    return str(st.session_state[key])


def _composed(view: View, wave: str, group: tuple[str, ...]) -> Report:
    made_on = numbers.today(view.lang)
    if not group:
        return compose(view.tables, view.names, wave, made_on=made_on)
    by, level = group
    return one_pager(view.tables, view.names, wave, by, level, made_on=made_on)


def _format(name: str) -> Format:
    return next(format for format in FORMATS if format == name)


def _ready(view: View, file: bytes, format: Format, name: str) -> None:
    """Offer the file: it is made for this reader and kept for no other."""
    st.success(plain(view.say("done", size=numbers.decimal(len(file) / 1e6, view.lang, 1))))
    st.download_button(
        say("page_reports.save", view.lang), file, file_name=name, mime=_TYPES[format],
        key="report_file", on_click="ignore",
    )  # fmt: skip


draw(open_page("reports"))
