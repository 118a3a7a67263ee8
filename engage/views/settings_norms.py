"""The part of Settings that loads norms and shows them."""

import math

import streamlit as st

from engage.errors import EngageError, Rejected
from engage.instrument import Norm
from engage.present import numbers
from engage.present.labels import Names
from engage.views.template import View, plain, show_error
from engage.words import say
from engage.workspace import ALL_WAVES

NEWS = "norms_news"


def sources_of(view: View) -> list[str]:
    """Return the sources of the norms that are loaded."""
    return list(dict.fromkeys(norm.source for norm in view.tables.norms()))


def draw(view: View) -> None:
    """Draw the norms there are; who may import may load and remove them."""
    st.subheader(view.say("norms_title"), anchor=False)
    view.note("norms_note")
    if news := st.session_state.pop(NEWS, ""):
        st.success(plain(news))
    norms = view.tables.norms()
    if not norms:
        view.line(view.say("norms_none"))
    elif view.workspace.waves():
        _table(view, norms)
    if not view.may("upload"):
        return
    if not view.workspace.waves():
        view.note("norms_later")
        return
    _load(view)
    if norms:
        _remove(view)


def _table(view: View, norms: tuple[Norm, ...]) -> None:
    names = Names(view.workspace.instrument(ALL_WAVES), view.lang)
    lang = view.lang
    rows = [
        (
            norm.source,
            norm.period or "–",
            names.scale(norm.scale),
            "–" if math.isnan(norm.mean) else numbers.decimal(norm.mean, lang),
            numbers.percent(norm.favourable),
            numbers.whole(norm.n, lang) if norm.n else "–",
        )
        for norm in norms
    ]
    heads = [_word(view, name) for name in ("source", "period", "scale", "mean", "favourable", "n")]
    held = {head: [row[place] for row in rows] for place, head in enumerate(heads)}
    st.dataframe(held, hide_index=True, width="stretch", height="auto" if len(rows) < 10 else 360)


def _word(view: View, column: str) -> str:
    return say(f"norms.column.{column}", view.lang)


def _load(view: View) -> None:
    with st.container(border=True):
        file = st.file_uploader(
            view.say("norms_file"), type=["csv", "tsv", "xlsx", "xls", "ods"], key="norms_file"
        )
        source = st.text_input(view.say("norms_source"), key="norms_source", max_chars=60)
        st.download_button(
            view.say("norms_template"), _template(view), file_name="norms.csv", mime="text/csv",
            key="norms_template", on_click="ignore", type="tertiary",
        )  # fmt: skip
        if file is None or not st.button(view.say("norms_load"), key="norms_load", type="primary"):
            return
        try:
            kept = view.workspace.add_norms(file.getvalue(), source=source)
        except Rejected as error:
            show_error(error, view.lang)
            for problem in error.problems:
                told = f"{problem.reason(view.lang)} {problem.remedy(view.lang)}"
                place = _place(view, problem.row, problem.column)
                st.markdown(f"- {plain(place)} {plain(told)}")
            return
        except EngageError as error:
            show_error(error, view.lang)
            return
        named = list(dict.fromkeys(norm.source for norm in kept))
        st.session_state[NEWS] = view.say("norms_kept", count=len(kept), sources=named)
        st.rerun()


def _place(view: View, row: int | None, column: str | None) -> str:
    parts = [say("cli.place.row", view.lang, row=row)] if row is not None else []
    parts += [say("cli.place.column", view.lang, column=column)] if column is not None else []
    return " · ".join(parts) + ("：" if view.lang == "zh" else ":")


def _template(view: View) -> bytes:
    """Return a table with a row per scale of the questionnaire, to be filled in a spreadsheet."""
    heads = [_word(view, name) for name in ("scale", "mean", "favourable", "source", "n", "period")]
    lines = [",".join(heads), *(f"{scale.id},,,,," for scale in view.workspace.instrument().scales)]
    return "\ufeff".encode() + "\n".join(lines).encode() + b"\n"


def _remove(view: View) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = st.selectbox(view.say("norms_which"), sources_of(view), key="norms_which", width=320)
        if st.button(view.say("norms_remove"), key="norms_remove"):
            with view.part():
                view.workspace.remove_norms(str(source))
                st.session_state[NEWS] = view.say("norms_removed", source=source)
                st.rerun()
