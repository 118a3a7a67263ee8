"""Which column is what: those in doubt are settled by pickers, and any other can be changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import streamlit as st

from engage.ingest import Reading
from engage.ingest.kinds import FIELDS
from engage.ingest.settled import COMMENT, with_column
from engage.views.importing_job import Job, Look, settle
from engage.views.importing_words import Words, reason
from engage.views.template import View, plain

_MOST: Final = 40  # columns asked about at once
_TALL: Final = 8  # more pickers than this scroll in their own frame
_META: Final = ("respondent", "started", "submitted")
_IGNORE: Final = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A column to be settled: what it is taken for now, and why it is asked about."""

    header: str
    now: str | None
    why: str = ""
    pressing: bool = True


def doubts(look: Look) -> tuple[Doubt, ...]:
    """Return the columns that are in doubt, and those of answers left over while questions are missing."""
    reading, words = look.reading, look.words
    answers = reading.kind == "responses"
    found: dict[str, Doubt] = {}
    for problem in reading.problems:
        why, header = reason(problem, words), problem.column or ""
        match problem.code:
            case "ingest.wording_near" | "ingest.column_twice":
                found[header] = Doubt(header, None, why, pressing=answers)
            case "ingest.matched_by_likeness":
                found[header] = Doubt(header, str(problem.params["id"]), why, pressing=False)
    left = set(reading.understood.items.values())
    if reading.instrument is not None and any(item.id not in left for item in reading.instrument.items):
        told = set(look.rules.get("ignore", ()))
        pressing = not reading.ok
        for header in reading.mapping.get("ignore", ()):
            if header not in told:
                found.setdefault(header, Doubt(header, None, "", pressing=pressing))
    return tuple(found.values())[:_MOST]


def targets(reading: Reading, words: Words) -> dict[str, str]:
    """Return what a column can be taken for, ``{id: in words}``; ``""`` is nothing."""
    choices = {_IGNORE: words.say("target.ignore")}
    if reading.kind != "responses":
        fields = FIELDS[reading.kind]
        return choices | {id: words.say("target.field", name=words.field(id)) for id in fields}
    instrument = reading.instrument
    if instrument is not None:
        used = set(reading.understood.items.values())
        items = sorted(instrument.items, key=lambda item: item.id in used)
        choices |= {item.id: words.say("target.item", name=words.item(item.id)) for item in items}
        for group in instrument.demographics:
            choices[group.id] = words.say("target.demographic", name=words.target(group.id))
        for question in instrument.questions:
            choices[question.id] = words.say("target.question", name=words.target(question.id))
    choices[COMMENT] = words.say("target.comment")
    return choices | {id: words.say("target.field", name=words.field(id)) for id in _META}


def settle_columns(view: View, job: Job, look: Look, found: tuple[Doubt, ...]) -> None:
    """Draw a picker per column in doubt; what is picked is told, what is left open stays as it is."""
    choices = targets(look.reading, look.words)
    mark = job.key[:8]
    picked: dict[str, str | None] = {}
    with st.form(f"columns_{mark}", border=False):
        with st.container(height=460 if len(found) > _TALL else "content", border=False):
            for place, doubt in enumerate(found):
                picked[doubt.header] = st.selectbox(
                    plain(doubt.header),
                    list(choices),
                    index=None if doubt.now is None else list(choices).index(doubt.now),
                    format_func=lambda id: choices[id],
                    placeholder=view.say("pick_meaning"),
                    key=f"column_{place}_{mark}",
                )
                if doubt.why:
                    st.caption(plain(doubt.why))
        if st.form_submit_button(view.say("apply"), type="primary"):
            rules = look.rules
            for header, target in picked.items():
                if target is not None:
                    rules = with_column(rules, header, target or None)
            settle(job, look, rules)


def absent_fields(reading: Reading) -> tuple[str, ...]:
    """Return the fields that the file lacks and must have."""
    lacking = (p for p in reading.problems if p.code == "ingest.field_absent")
    return tuple(str(problem.params["field"]) for problem in lacking)


def settle_fields(view: View, job: Job, look: Look) -> None:
    """Draw a picker per field that a file of its kind must have and that no column was taken for."""
    mark = job.key[:8]
    picked: dict[str, str | None] = {}
    with st.form(f"fields_{mark}", border=False):
        for field in absent_fields(look.reading):
            picked[field] = st.selectbox(
                view.say("which_column", field=plain(look.words.field(field))),
                look.reading.understood.columns,
                index=None,
                placeholder=view.say("pick_column"),
                key=f"field_{field}_{mark}",
            )
        if st.form_submit_button(view.say("apply"), type="primary"):
            rules = look.rules
            for field, header in picked.items():
                if header is not None:
                    rules = with_column(rules, header, field)
            settle(job, look, rules)


def change_column(view: View, job: Job, look: Look) -> None:
    """Offer to take any column for something else."""
    choices = targets(look.reading, look.words)
    now = _now(look.reading)
    mark = job.key[:8]
    with (
        st.popover(view.say("change_column"), key=f"change_over_{mark}"),
        st.form(f"change_{mark}", border=False),
    ):
        header = st.selectbox(
            view.say("change_which"), look.reading.understood.columns, key=f"change_which_{mark}"
        )
        target = st.selectbox(
            view.say("change_to"),
            list(choices),
            index=None,
            format_func=lambda id: choices[id],
            placeholder=view.say("pick_meaning"),
            key=f"change_to_{mark}",
        )
        if st.form_submit_button(view.say("apply"), type="primary") and header and target is not None:
            if target != now.get(header):
                settle(job, look, with_column(look.rules, header, target or None))
            st.rerun()


def _now(reading: Reading) -> Mapping[str, str]:
    facts = reading.understood
    return {**facts.items, **facts.demographics, **facts.fields}
