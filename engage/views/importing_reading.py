"""How a file is read, where the guess is wrong: kind, questionnaire, encoding, separator, sheet."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import streamlit as st

from engage.errors import InputError
from engage.ingest import KINDS, Kind, encoding_choices
from engage.ingest.encodings import OFFERED
from engage.ingest.settled import with_counted, with_setting
from engage.views.importing_job import Job, Look, change, chosen, titles
from engage.views.importing_words import delimiter_name, encoding_name
from engage.views.template import View
from engage.words import say

_DELIMITERS: Final = (",", ";", "\t", "|")
_OF_THE_FILE: Final = ("encoding", "delimiter", "sheet")
_PACKED: Final = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")
_SAMPLE: Final = 36  # characters shown of how an encoding looks
_COUNTED: Final = {"test": "keep", "invalid": "keep", "unfinished": "drop"}


def read_differently(view: View, job: Job, look: Look | None) -> None:
    """Draw the settings of the reading, in a pop-over; ``look`` ``None``: the file could not be read."""
    rules = look.rules if look is not None else job.rules
    mark = job.key[:8]
    # a key of its own per reading: the pop-over is shut again once the file was read anew
    with (
        st.popover(view.say("read_differently"), key=f"read_over_{mark}"),
        st.form(f"read_{mark}", border=False),
    ):
        kind, name = _kind(view, job, look, mark)
        told: dict[str, str] = {}
        if not job.content.startswith(_PACKED):
            told["encoding"] = _encoding(view, job, look, rules, mark)
        if look is None or look.reading.understood.delimiter or rules.get("delimiter"):
            told["delimiter"] = _delimiter(view, look, rules, mark)
        if job.content.startswith(_PACKED):
            told["sheet"] = st.text_input(
                view.say("sheet"), str(rules.get("sheet", "")), key=f"read_sheet_{mark}",
                placeholder=view.say("sheet_auto"),
            )  # fmt: skip
        keep, drop = _counted(view, look, rules, mark)
        if st.form_submit_button(view.say("read_again"), type="primary"):
            changed = kind != (look.reading.kind if look else job.kind) or name != _present(look)
            fresh = {key: value for key, value in rules.items() if key in _OF_THE_FILE} if changed else rules
            for setting, value in told.items():
                fresh = with_setting(fresh, setting, value.strip(" "))
            own = look.instrument if look is not None else None
            instrument = chosen(view, name) if name != _present(look) else own
            change(
                replace(
                    job, kind=kind, instrument=instrument, use_saved=False,
                    rules=with_counted(fresh, keep=keep, drop=drop),
                    drafted=job.drafted and instrument is job.instrument,
                )
            )  # fmt: skip


def _present(look: Look | None) -> str:
    return look.reading.instrument.id if look is not None and look.reading.instrument else ""


def _kind(view: View, job: Job, look: Look | None, mark: str) -> tuple[Kind, str]:
    now = look.reading.kind if look is not None else job.kind or "responses"
    kind: Kind = st.selectbox(
        view.say("kind"), KINDS, KINDS.index(now), format_func=lambda kind: view.say(f"kind_{kind}"),
        key=f"read_kind_{mark}",
    )  # fmt: skip
    if now != "responses":
        return kind, ""
    known = {"": view.say("instrument_auto"), **titles(view)}
    present = _present(look)
    if look is not None and look.reading.instrument is not None:
        known.setdefault(present, look.words.title(present))
    name = st.selectbox(
        view.say("instrument"), list(known), list(known).index(present),
        format_func=lambda name: known[name], key=f"read_instrument_{mark}",
    )  # fmt: skip
    return kind, name if kind == "responses" else ""


def _encoding(view: View, job: Job, look: Look | None, rules: Mapping[str, Any], mark: str) -> str:
    try:
        samples = {one.encoding: one.sample for one in encoding_choices(job.content)}
    except InputError:  # no text at all: the reading says so
        samples = dict.fromkeys(OFFERED, "")
    told = str(rules.get("encoding", ""))
    now = (look and look.reading.understood.encoding) or ""

    def shown(name: str) -> str:
        if not name:
            return view.say("as_recognised", name=encoding_name(now)) if now else view.say("recognise")
        return " · ".join(filter(None, (encoding_name(name), samples.get(name, "")[:_SAMPLE])))

    options = list(dict.fromkeys(("", *([told] if told else []), *samples)))
    return st.selectbox(
        view.say("encoding"), options, options.index(told), format_func=shown, key=f"read_encoding_{mark}"
    )


def _delimiter(view: View, look: Look | None, rules: Mapping[str, Any], mark: str) -> str:
    told = str(rules.get("delimiter", ""))
    now = (look and look.reading.understood.delimiter) or ""

    def shown(name: str) -> str:
        if name or not now:
            return delimiter_name(name, view.lang) if name else view.say("recognise")
        return view.say("as_recognised", name=delimiter_name(now, view.lang))

    options = list(dict.fromkeys(("", *([told] if told else []), *_DELIMITERS)))
    return st.selectbox(
        view.say("delimiter"), options, options.index(told), format_func=shown, key=f"read_delimiter_{mark}"
    )


def _counted(
    view: View, look: Look | None, rules: Mapping[str, Any], mark: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Draw which responses count, of those kinds that the file has; return what to keep and what to drop."""
    told: dict[str, list[str]] = {name: list(rules.get(name, [])) for name in ("keep", "drop")}
    codes = {problem.code.partition(".")[2] for problem in look.reading.problems} if look else set()
    for state, table in _COUNTED.items():
        if not codes & {f"{state}_dropped", f"{state}_kept"}:
            continue
        on = st.checkbox(
            say(f"page_upload.count_{state}", view.lang),
            value=state in told[table],
            key=f"read_{state}_{mark}",
        )
        told[table] = [*(word for word in told[table] if word != state), *([state] if on else [])]
    return tuple(told["keep"]), tuple(told["drop"])
