"""Step 1 of an upload: the file, what kind it is, and empty tables to fill in."""

from typing import Any, Final

import streamlit as st
import yaml

from engage.errors import InputError
from engage.ingest import KINDS, Kind, kind_template
from engage.ingest.exports import csv_bytes
from engage.instrument import load_instrument, template
from engage.views.importing_job import Job, chosen, start, surveys, titles, turn
from engage.views.template import View

FILE_TYPES: Final = ("csv", "tsv", "txt", "xlsx", "xls", "ods", "zip", "gz")
_TEMPLATES: Final = (
    "comments", "people", "service", "programmes", "tickets", "inspections", "plan", "activities"
)  # fmt: skip


def choose(view: View) -> None:
    """Draw the first step; a file that is dropped is taken in hand."""
    kind: Kind | str = st.selectbox(
        view.say("kind"),
        ("", *KINDS),
        format_func=lambda kind: view.say(f"kind_{kind}" if kind else "kind_auto"),
        key="upload_kind",
        width=420,
    )
    view.note(f"about_{kind or 'auto'}")
    file = st.file_uploader(
        view.say("file"), type=list(FILE_TYPES), key=f"upload_file_{turn()}", label_visibility="collapsed"
    )
    _templates(view)
    name, rules = _options(view)
    if file is not None:
        start(
            Job(
                file.getvalue(),
                file.name,
                kind=next((one for one in KINDS if one == kind), None),
                instrument=chosen(view, name),
                rules=rules,
            )
        )


def _templates(view: View) -> None:
    with st.expander(view.say("templates")):
        view.note("templates_note")
        with st.container(horizontal=True, key="templates"):
            for kind in _TEMPLATES:
                st.download_button(
                    view.say(f"kind_{kind}"),
                    kind_template(kind, view.lang),
                    file_name=f"{kind}.csv",
                    mime="text/csv",
                    key=f"template_{kind}",
                    on_click="ignore",
                )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            known = titles(view)
            name = st.selectbox(
                view.say("template_of"), list(known), format_func=lambda n: known[n], key="template_name",
                width=420,
            )  # fmt: skip
            if name:
                columns = template([load_instrument(name, folders=surveys(view))], view.lang)
                st.download_button(
                    view.say("template_get"),
                    csv_bytes([[column.heading for column in columns]]),
                    file_name="answers.csv",
                    mime="text/csv",
                    key="template_answers",
                    on_click="ignore",
                )


def _options(view: View) -> tuple[str, dict[str, Any]]:
    """Draw what is seldom needed; return the questionnaire picked, and the mapping file given."""
    with st.expander(view.say("options")):
        known = titles(view)
        name = st.selectbox(
            view.say("instrument"),
            ["", *known],
            format_func=lambda name: known.get(name, view.say("instrument_auto")),
            key="upload_instrument",
        )
        described = st.file_uploader(
            view.say("mapping"), type=["yaml", "yml"], key=f"upload_mapping_{turn()}"
        )
        view.note("mapping_note")
        st.download_button(
            view.say("mapping_template"),
            kind_template("mapping", view.lang),
            file_name="mapping.yaml",
            key="template_mapping",
            on_click="ignore",
        )
    rules = _mapping(described.getvalue(), described.name) if described is not None else {}
    return str(name or ""), rules


def _mapping(content: bytes, name: str) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(content.decode("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError("page_upload.mapping_broken", where=name) from error
    if not isinstance(loaded, dict):
        raise InputError("page_upload.mapping_broken", where=name)
    return loaded
