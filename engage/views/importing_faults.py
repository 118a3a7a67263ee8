"""The faults of a file: listed by severity; rows at fault to download, mend and lay back into the file."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import streamlit as st

from engage.errors import EngageError, Problem
from engage.ingest import faulty_rows, with_corrections
from engage.ingest.correcting import corrected_mapping
from engage.views.importing_job import Job, Look, change, turn
from engage.views.importing_words import problems_table
from engage.views.template import View, plain, show_error

_LISTED: Final = 8  # longer lists of faults scroll in their own frame
_ASKED: Final = frozenset(
    f"ingest.{name}"
    for name in ("no_instrument", "no_instrument_at_all", "direction_unknown", "field_absent")
)
"""Errors that are questions, put above the list of faults."""
_FIXES: Final = ("csv", "xlsx", "xls", "ods")


def faults(view: View, job: Job, look: Look) -> None:
    """List what stops the import and what to note, and offer to mend single rows."""
    problems = look.reading.problems
    errors = [p for p in problems if p.severity == "error"]
    warnings = [p for p in problems if p.severity == "warning"]
    if errors and {problem.code for problem in errors} <= _ASKED:
        st.markdown(view.say("faults_asked"))
        with st.expander(view.say("faults_title", count=len(errors) + len(warnings))):
            fault_table(look, [*errors, *warnings])
    elif errors:
        st.error(view.say("faults_stop", count=len(errors)))
        fault_table(look, [*errors, *warnings])
        _mend_rows(view, job, look)
    elif warnings:
        st.warning(view.say("faults_go", count=len(warnings)))
    else:
        st.markdown(view.say("no_faults"))
    if warnings and not errors:
        with st.expander(view.say("warnings_title", count=len(warnings)), expanded=len(warnings) <= _LISTED):
            fault_table(look, warnings)


def fault_table(look: Look, problems: Sequence[Problem]) -> None:
    """List problems with severity, row, column, reason, remedy and count."""
    table = problems_table(problems, look.words, plain)
    st.table(table, hide_index=True, height=480 if len(table) > _LISTED else "content")


def _mend_rows(view: View, job: Job, look: Look) -> None:
    """Offer the rows at fault as a file, and take them back mended; the other rows stay as they are."""
    rows = look.reading.faulty_rows
    if not rows:
        return
    with st.container(border=True, key="mend_rows"):
        st.markdown(f"**{view.say('mend_title')}**")
        st.markdown(view.say("mend_text", rows=len(rows)))
        st.download_button(
            view.say("mend_download", rows=len(rows)),
            lambda: faulty_rows(
                job.content, look.reading.kind, look.reading.instrument, dict(look.rules), lang=view.lang
            ),
            file_name=view.say("mend_file"),
            mime="text/csv",
            key="upload_faulty",
            on_click="ignore",
        )
        mended = st.file_uploader(
            view.say("mend_upload"), type=list(_FIXES), key=f"upload_mended_{turn()}_{job.key[:8]}"
        )
        if mended is not None:
            try:
                content = with_corrections(job.content, mended.getvalue(), dict(look.rules))
            except EngageError as error:
                show_error(error, view.lang)
                return
            rules = corrected_mapping(dict(look.rules)) or {}
            change(
                replace(
                    job, content=content, rules=rules, kind=look.reading.kind, instrument=look.instrument,
                    use_saved=False, corrected=len(rows), digest=f"{job.digest}+{mended.file_id}",
                )
            )  # fmt: skip
