"""Reports: the results of a wave as a file to hand on."""

import streamlit as st

from engage.present import numbers
from engage.present.report import FORMATS, Format, compose, written
from engage.views.template import View, open_page, plain
from engage.words import say

_TYPES: dict[Format, str] = {
    "html": "text/html",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    wave = view.shown_wave
    view.answer(view.say("answer", wave=wave))
    view.say_newest_only()
    view.line(view.say("contents"))
    format = _format(view.pick("report_format", FORMATS, lambda one: view.say(f"format_{one}"), "format"))
    view.note(f"about_{format}")
    template = None
    if format == "pptx":
        template = st.file_uploader(
            view.say("template"), type=["pptx", "potx"], key="report_template", help=view.say("template_help")
        )
    if st.button(view.say("make"), type="primary", key="report_make"):
        with view.part(), view.busy("working"):
            report = compose(view.tables, view.names, wave, made_on=numbers.today(view.lang))
            file = written(report, format, template=template.getvalue() if template else None)
            view.workspace.note_export("report", len(report.sections))
            _ready(view, file, format, f"engage_{wave}_{view.lang}.{format}")
    view.method()
    view.in_python(wave=wave, lang=view.lang, format=format)


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
