"""Upload: drop a file, see what was understood, import, close the wave; and take an import back."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd
import streamlit as st
import yaml

from engage.errors import EngageError, InputError, Problem, UsageError
from engage.ingest import KINDS, Kind, Reading, read
from engage.instrument import Instrument, available, load_instrument
from engage.present import sentences
from engage.present.labels import Names
from engage.present.tables import display
from engage.views import state
from engage.views.template import View, link, open_page, plain
from engage.words import known, pick, say
from engage.workspace import ALL_WAVES, ImportResult

FILE_TYPES: Final = ("csv", "txt", "tsv", "xlsx", "xls")
NEEDS_WAVE: Final = ("responses", "comments")
LISTED: Final = 8  # longer lists of faults scroll in their own frame

_READING: Final = "upload_reading"
_FLASH: Final = "upload_flash"
_ROUND: Final = "upload_round"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file as dropped, with what the user said of it."""

    content: bytes
    name: str
    kind: Kind
    instrument: Instrument | None
    mapping: dict[str, Any] | None

    @property
    def fingerprint(self) -> str:
        """A digest of everything that decides how the file is read."""
        told = (self.kind, self.instrument and self.instrument.id, self.mapping)
        return hashlib.sha256(self.content + repr(told).encode()).hexdigest()


def draw(view: View) -> None:
    """Draw the page: news of the last step, waves to close, a new file, and what is there already."""
    view.answer(view.say("answer"))
    _news(view)
    _waves_to_close(view)
    dropped = _choose(view)
    if dropped is not None:
        reading = _read(view, dropped)
        _understood(view, reading)
        _faults(view, reading.problems)
        if reading.ok:
            _import(view, dropped, reading)
    _waves(view)
    view.method()


def _news(view: View) -> None:
    """Say what the last step did; it stays until the next one."""
    news = st.session_state.get(_FLASH)
    if news is None:
        return
    key, params = news
    with st.container(border=True, key="news"):
        st.markdown(view.say(key, **{name: plain(value) for name, value in params.items()}))
        if view.tables.closed_waves:
            link("drivers", view.lang, view.say("see_drivers"))


def _waves_to_close(view: View) -> None:
    """Offer to close what can be closed, for the first time or again; of the rest say what it waits for."""
    for wave in view.tables.open_waves:
        if wave in view.tables.ready_waves:
            _offer_close(view, wave, "close")
        else:
            _say_it_waits(view, wave, "held_title", "held_text")
    for wave in view.tables.waiting_waves:
        if wave in view.tables.ready_waves:
            _offer_close(view, wave, "again")
        else:
            _say_it_waits(view, wave, "again_title", "waits_text")


def _offer_close(view: View, wave: str, turn: Literal["close", "again"]) -> None:
    with st.container(border=True, key=f"close_{_mark(wave)}"):
        st.subheader(view.say(f"{turn}_title", wave=plain(wave)), anchor=False)
        st.markdown(view.say(f"{turn}_text"))
        if st.button(view.say(f"{turn}_button"), type="primary", key=f"close:{wave}"):
            with view.busy("closing"):
                view.workspace.close(wave)
            state.show_wave_next(wave)
            _finish("closed", wave=wave)


def _say_it_waits(view: View, wave: str, title: str, text: str) -> None:
    policy = view.workspace.policy
    with st.container(border=True, key=f"wait_{_mark(wave)}"):
        st.markdown(f"**{view.say(title, wave=plain(wave))}**")
        st.markdown(view.say(text, people=policy.scores_k, comments=policy.comments_k))


def _mark(wave: str) -> str:
    return hashlib.sha256(wave.encode()).hexdigest()[:8]


def _choose(view: View) -> Dropped | None:
    st.subheader(view.say("step_1"), anchor=False)
    kind: Kind = st.selectbox(
        view.say("kind"), KINDS, format_func=lambda kind: view.say(f"kind_{kind}"), key="upload_kind"
    )
    view.note(f"about_{kind}")
    turn = st.session_state.setdefault(_ROUND, 0)
    file = st.file_uploader(
        view.say("file"), type=list(FILE_TYPES), key=f"upload_file_{turn}", label_visibility="collapsed"
    )
    with st.expander(view.say("options")):
        auto = ""
        folders = [Path(view.tables.folder) / "surveys"]
        name = st.selectbox(
            view.say("instrument"),
            [auto, *available(folders)],
            format_func=lambda name: name or view.say("instrument_auto"),
            key="upload_instrument",
        )
        described = st.file_uploader(view.say("mapping"), type=["yaml", "yml"], key=f"upload_mapping_{turn}")
        view.note("mapping_note")
    if file is None:
        return None
    instrument = load_instrument(name, folders=folders) if name else None
    mapping = _mapping(described.getvalue(), described.name) if described is not None else None
    return Dropped(file.getvalue(), file.name, kind, instrument, mapping)


def _mapping(content: bytes, name: str) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(content.decode("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError("page_upload.mapping_broken", where=name) from error
    if not isinstance(loaded, dict):
        raise InputError("page_upload.mapping_broken", where=name)
    return loaded


def _read(view: View, dropped: Dropped) -> Reading:
    """Read the file once; the reading is the uploader's own, so it is kept in the session, not in a cache."""
    kept = st.session_state.get(_READING)
    if kept is not None and kept[0] == dropped.fingerprint:
        reading: Reading = kept[1]
        return reading
    with view.busy("reading"):
        reading = read(dropped.content, dropped.kind, dropped.instrument, dropped.mapping, name=dropped.name)
    st.session_state[_READING] = (dropped.fingerprint, reading)
    return reading


def _understood(view: View, reading: Reading) -> None:
    st.subheader(view.say("step_2"), anchor=False)
    facts = reading.understood
    instrument = pick(reading.instrument.name, view.lang) if reading.instrument else view.say("no_instrument")
    dialect = f"page_upload.dialect_{facts.dialect}"
    with_people = reading.kind in ("responses", "people")
    file = view.say(
        ("understood_file" if facts.encoding else "understood_book") if with_people else "understood_units",
        dialect=say(dialect, view.lang) if known(dialect) else facts.dialect,
        encoding=(facts.encoding or "").upper(),
        rows=facts.rows,
        people=facts.respondents,
    )
    st.markdown(plain(file))
    if reading.kind == "responses":
        view.line(view.say("understood_instrument", instrument=instrument, items=len(facts.items)))
        if facts.anonymous:
            view.note("anonymous")
    with st.expander(view.say("columns_title"), expanded=reading.ok):
        st.dataframe(_columns(view, reading), hide_index=True, width="stretch", height=280)
    with st.expander(view.say("preview_title")):
        st.dataframe(_preview(facts.preview), hide_index=True, width="stretch")
        view.note("preview_note")


def _preview(rows: tuple[tuple[str, ...], ...]) -> pd.DataFrame:
    """Lay out the first rows; headers that occur twice are told apart by their place."""
    header, *body = rows or ((),)
    twice = len(set(header)) < len(header)
    names = [f"{place} {name}" if twice else name for place, name in enumerate(header, start=1)]
    return pd.DataFrame([list(row) for row in body], columns=names)


def _columns(view: View, reading: Reading) -> pd.DataFrame:
    """Lay each column of the file beside what it was taken for."""
    facts = reading.understood
    names = Names(reading.instrument, view.lang)
    rows: list[tuple[str, str, str]] = []
    for column, item in facts.items.items():
        text = item
        if reading.instrument is not None:
            found = reading.instrument.item(item)
            text = f"{names.scale(found.scale)} · {pick(found.text, view.lang)}"
        rows.append((column, view.say("means_item"), text))
    rows += [(c, view.say("means_field"), names.demographic(field)) for c, field in facts.fields.items()]
    rows += [(c, view.say("means_demographic"), names.demographic(d)) for c, d in facts.demographics.items()]
    rows += [(c, view.say("means_comment"), "") for c in facts.comments]
    rows += [(c, view.say("means_ignored"), "") for c in facts.ignored]
    return pd.DataFrame(
        rows, columns=[view.say("head_column"), view.say("head_kind"), view.say("head_meaning")]
    )


def _faults(view: View, problems: tuple[Problem, ...]) -> None:
    """List what stops the import and what to note; mere remarks are folded away."""
    errors = [p for p in problems if p.severity == "error"]
    warnings = [p for p in problems if p.severity == "warning"]
    remarks = [p for p in problems if p.severity == "info"]
    if errors:
        st.error(view.say("faults_stop", count=len(errors)))
    elif warnings:
        st.warning(view.say("faults_go", count=len(warnings)))
    else:
        st.markdown(view.say("no_faults"))
    if errors or warnings:
        _fault_table(view, [*errors, *warnings])
    if remarks:
        with st.expander(view.say("remarks_title", count=len(remarks))):
            _fault_table(view, remarks)


def _fault_table(view: View, problems: list[Problem]) -> None:
    rows = [
        (
            view.say(f"severity_{p.severity}"),
            "" if p.row is None else str(p.row),
            plain(p.column or ""),
            plain(p.reason(view.lang)),
            plain(p.remedy(view.lang)),
            str(p.count),
        )
        for p in problems
    ]
    heads = [view.say(f"head_{name}") for name in ("severity", "row", "column", "reason", "remedy", "count")]
    many = len(rows) > LISTED
    st.table(pd.DataFrame(rows, columns=heads), hide_index=True, height=480 if many else "content")


def _import(view: View, dropped: Dropped, reading: Reading) -> None:
    st.subheader(view.say("step_3"), anchor=False)
    replace = view.workspace.is_sample and st.checkbox(
        view.say("replace_sample"), value=True, key="upload_replace", help=view.say("replace_help")
    )
    wave = None
    if reading.kind in NEEDS_WAVE:
        taken = () if replace else view.tables.closed_waves
        wave = st.text_input(
            view.say("wave"),
            value=suggested_wave(reading, taken),
            max_chars=60,
            key=f"upload_wave_{dropped.fingerprint[:12]}_{replace}",
            help=view.say("wave_help"),
        )
    if not st.button(view.say("import_button"), type="primary", key="upload_import"):
        return
    if reading.kind in NEEDS_WAVE and not (wave or "").strip():
        raise UsageError("workspace.wave_needed")
    result = _imported(view, dropped, reading.kind, wave, replace=replace)
    st.session_state[_ROUND] += 1
    st.session_state.pop(_READING, None)
    key = "imported_answers" if result.kind == "responses" else "imported"
    _finish(
        "imported_late" if result.waits else key,
        rows=result.rows,
        comments=result.comments,
        wave=result.wave,
        kind=view.say(f"kind_{result.kind}"),
    )


def _imported(view: View, dropped: Dropped, kind: Kind, wave: str | None, *, replace: bool) -> ImportResult:
    bar = st.progress(0.0, text=view.say("doing_reading", done=0, of=1))

    def show(step: str, done: int, of: int) -> None:
        bar.progress(min(done / max(of, 1), 1.0), text=view.say(f"doing_{step}", done=done, of=of))

    try:
        if replace:
            view.workspace.clear_sample()
        return view.workspace.import_file(
            dropped.content, kind, wave, dropped.instrument, dropped.mapping, name=dropped.name, progress=show
        )
    finally:
        bar.empty()


def _finish(key: str, **params: object) -> None:
    st.session_state[_FLASH] = (key, params)
    st.rerun()


def _waves(view: View) -> None:
    """List what is there, and let the latest import of a wave be taken back."""
    with view.busy():
        table = view.tables.waves()
    if not len(table):
        return
    st.subheader(view.say("waves_title"), anchor=False)
    st.dataframe(display(table, view.names), hide_index=True, width="stretch", placeholder="–")
    _joins(view)
    with st.popover(view.say("undo")):
        waves = [*view.tables.open_waves, *reversed(view.tables.closed_waves), ALL_WAVES]
        wave = st.selectbox(
            view.say("undo_wave"),
            waves,
            format_func=lambda wave: view.say("undo_other") if wave == ALL_WAVES else wave,
            key="upload_undo",
        )
        st.markdown(view.say("undo_text", people=view.workspace.policy.scores_k))
        if st.button(view.say("undo_button"), key="upload_undo_go"):
            try:
                event = view.workspace.undo(wave)
            except EngageError as error:
                st.warning(plain(error.what(view.lang)))
                return
            _finish("undone", file=event.file_name, wave=wave)


def _joins(view: View) -> None:
    """Say what could be matched in the newest closed wave, and what that can't show."""
    if not view.tables.closed_waves:
        return
    wave = view.tables.closed_waves[-1]
    with view.busy():
        counts = view.tables.joins(wave)
    with st.expander(view.say("joins_title", wave=plain(wave))):
        view.line(sentences.joins(counts, view.names)[0])
        st.dataframe(display(counts, view.names), hide_index=True, width="stretch", placeholder="–")


def suggested_wave(reading: Reading, taken: tuple[str, ...]) -> str:
    """Return a name for the wave, such as 2026H1, after its middle day; never one ``taken``."""
    table = reading.comments if reading.kind == "comments" else reading.table
    column = "date" if reading.kind == "comments" else "started"
    days = table[column].dropna() if column in table else pd.Series(dtype="datetime64[ns]")
    day = days.sort_values().iloc[len(days) // 2] if len(days) else datetime.now()
    name = f"{day.year}H{1 if day.month <= 6 else 2}"
    if reading.kind == "comments":
        return name
    fresh, turn = name, 2
    while fresh in taken:
        fresh, turn = f"{name}-{turn}", turn + 1
    return fresh


draw(open_page("upload"))
