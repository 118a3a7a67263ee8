"""Step 2 of an upload: what was understood, in sentences and side by side."""

from typing import Final, Literal

import streamlit as st

from engage.views.importing_columns import change_column
from engage.views.importing_faults import fault_table
from engage.views.importing_job import Job, Look, change, put_away
from engage.views.importing_reading import read_differently
from engage.views.importing_words import answers_tables, columns_table, preview_table, summary
from engage.views.template import View, plain, show_error

_TALL: Final = 250
_ROWS: Final = 6  # more columns than this scroll in their own frame


def head(view: View, job: Job, look: Look | None) -> None:
    """Draw the name of the file, the way to another, and the way to read it differently."""
    with st.container(horizontal=True, vertical_alignment="center", key="file_in_hand"):
        st.markdown(f"**{plain(job.name)}**", width="stretch")
        read_differently(view, job, look)
        if st.button(view.say("other_file"), key="upload_other"):
            put_away()
            st.rerun()


def understood(view: View, job: Job, look: Look) -> None:
    """Draw what the file is, as a whole."""
    sentences = summary(look.reading, look.words)
    with st.container(key="understood"):
        for sentence in sentences:
            view.line(sentence)
    if job.kind is None and look.saved is None and look.reading.kind != "responses":
        view.note("guessed", kind=view.say(f"kind_{look.reading.kind}"))
    if job.corrected:
        view.note("corrected_note", rows=job.corrected)
    _last_time(view, job, look)
    if look.other is not None:
        with st.container(border=True, key="other_kind"):
            st.markdown(view.say("other_kind", kind=view.say(f"kind_{look.other}")))
            if st.button(view.say("other_kind_button"), type="primary", key="upload_other_kind"):
                change(Job(job.content, job.name, kind=look.other, digest=job.digest))


def _last_time(view: View, job: Job, look: Look) -> None:
    """Say that a file with the same columns was here before; its reading can be laid aside."""
    if look.broken is not None:
        show_error(look.broken, view.lang, calm=True)
    if look.saved is None:
        return
    where = {"wave": plain(look.saved.wave), "day": look.saved.saved.isoformat()}
    with st.container(horizontal=True, vertical_alignment="center", key="last_time"):
        st.markdown(view.say("saved_used" if look.saved.wave else "saved_used_day", **where), width="stretch")
        if look.rules and st.button(view.say("saved_not"), key="upload_saved_not"):
            change(Job(job.content, job.name, kind=job.kind, use_saved=False, digest=job.digest))


def details(view: View, job: Job, look: Look) -> None:
    """Draw columns, answers and first rows beside what they were taken for, a tab each."""
    reading, words = look.reading, look.words
    answers = answers_tables(reading, words)
    notes = [problem for problem in reading.problems if problem.severity == "info"]
    understood = reading.kind != "responses" or reading.instrument is not None
    names = [*(["columns_title"] if understood else []), *(["answers_title"] if answers else [])]
    names.append("preview_title")
    labels = [view.say(name) for name in names]
    if notes:
        labels.append(view.say("remarks_title", count=len(notes)))
    tabs = st.tabs(labels)
    if understood:
        with tabs[0]:
            table = columns_table(reading, words)
            height: int | Literal["content"] = _TALL if len(table) > _ROWS else "content"
            st.dataframe(table, hide_index=True, width="stretch", height=height)
            change_column(view, job, look)
    for table in answers:
        with tabs[1]:
            st.dataframe(table, hide_index=True, width="stretch")
    with tabs[len(names) - 1]:
        st.dataframe(preview_table(reading.understood.preview), hide_index=True, width="stretch")
        view.note("preview_note")
    if notes:
        with tabs[-1]:
            fault_table(look, notes)
