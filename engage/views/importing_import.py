"""Step 3 of an upload: name the wave, import, and what came of it."""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st

from engage.errors import EngageError, UsageError
from engage.ingest import Reading
from engage.present import sentences
from engage.views.importing_job import Job, Look, put_away
from engage.views.template import View, link, plain, show_error
from engage.workspace import ALL_WAVES, ImportResult
from engage.workspace.mappings import keep_questionnaire, remember

NEEDS_WAVE: Final = ("responses", "comments")
_FLASH: Final = "upload_flash"
_OFFERED: Final = 6  # waves to pick from


def finish(key: str, **params: object) -> None:
    """Keep the news of a step and run the page again."""
    st.session_state[_FLASH] = (key, params)
    st.rerun()


def news(view: View) -> None:
    """Say what the last step did; it stays until the next one."""
    kept = st.session_state.get(_FLASH)
    if kept is None:
        return
    key, params = kept
    state, wave = params.get("state"), str(params.get("wave", ""))
    with st.container(border=True, key="news"):
        st.markdown(view.say(key, **{name: plain(value) for name, value in params.items()}))
        if params.get("remembered"):
            view.note("remembered")
        if view.tables.closed_waves and key != "undone":
            _joined(view, wave)
            link("drivers", view.lang, view.say("see_drivers"))
        if state == view.workspace.key:
            _take_back(view, wave)


def _joined(view: View, wave: str) -> None:
    """Say how far the newest closed wave, or the one just closed, could be joined with the staff list."""
    shown = wave if wave in view.tables.closed_waves else view.tables.closed_waves[-1]
    view.line(view.say("joined", wave=shown, found=sentences.joins(view.tables.joins(shown), view.names)[0]))


def _take_back(view: View, wave: str) -> None:
    """Offer to undo the import that was just made; nothing may have been committed since."""
    if st.button(view.say("take_back"), key="upload_take_back"):
        try:
            view.workspace.undo(wave)
        except EngageError as error:
            show_error(error, view.lang)
            return
        finish("undone", wave=shown_wave(view, wave))


def shown_wave(view: View, wave: str) -> str:
    """Return the name of a wave; files of no single wave have words of their own."""
    return view.say("undo_other") if wave == ALL_WAVES else wave


def bring_in(view: View, job: Job, look: Look) -> None:
    """Draw the third step: the wave, whether to replace the sample, the button."""
    reading = look.reading
    st.subheader(view.say("step_3"), anchor=False)
    replace = view.workspace.is_sample and st.checkbox(
        view.say("replace_sample"), value=True, key="upload_replace", help=view.say("replace_help")
    )
    wave = _wave(view, job, reading, replace=replace) if reading.kind in NEEDS_WAVE else None
    if not st.button(view.say("import_button"), type="primary", key="upload_import"):
        return
    if reading.kind in NEEDS_WAVE and not (wave or "").strip():
        raise UsageError("workspace.wave_needed")
    try:
        result = _imported(view, job, look, wave, replace=replace)
    except EngageError as error:  # it clashes with what is there: the file stays in hand
        show_error(error, view.lang)
        return
    _remember(view, job, look, result)
    put_away()
    finish(
        _outcome(result),
        rows=result.rows,
        comments=result.comments,
        wave=result.wave,
        kind=view.say(f"kind_{result.kind}"),
        state=view.workspace.key,
        remembered=True,
    )


def _outcome(result: ImportResult) -> str:
    if result.waits:
        return "imported_late"
    return {"responses": "imported_answers", "comments": "imported_comments"}.get(result.kind, "imported")


def _wave(view: View, job: Job, reading: Reading, *, replace: bool) -> str:
    taken = () if replace else view.tables.closed_waves
    key = f"upload_wave_{job.digest[:12]}_{reading.kind}_{replace}"
    known = () if replace else (*view.tables.open_waves, *reversed(view.tables.closed_waves))

    def pick() -> None:
        if st.session_state.get(f"{key}_known"):
            st.session_state[key] = st.session_state[f"{key}_known"]

    if key not in st.session_state:
        st.session_state[key] = suggested_wave(reading, taken)
    wave: str = st.text_input(view.say("wave"), max_chars=60, key=key, help=view.say("wave_help"), width=420)
    if known:
        st.pills(
            view.say("wave_known"), known[:_OFFERED], key=f"{key}_known", on_change=pick,
            format_func=plain,
        )  # fmt: skip
    if wave in view.tables.closed_waves and not replace:
        view.note("wave_closed")
    return wave


def _imported(view: View, job: Job, look: Look, wave: str | None, *, replace: bool) -> ImportResult:
    bar = st.progress(0.0, text=view.say("doing_reading", done=0, of=1))

    def show(step: str, done: int, of: int) -> None:
        bar.progress(min(done / max(of, 1), 1.0), text=view.say(f"doing_{step}", done=done, of=of))

    reading = look.reading
    instrument = reading.instrument if reading.kind == "responses" else None
    rules: dict[str, Any] | None = dict(look.rules) or None
    try:
        if replace:
            view.workspace.clear_sample()
        return view.workspace.import_file(
            job.content, reading.kind, wave, instrument, rules, name=job.name, progress=show
        )
    finally:
        bar.empty()


def _remember(view: View, job: Job, look: Look, result: ImportResult) -> None:
    """Keep how the file was read, and the questionnaire that was made for it."""
    folder, reading = Path(view.tables.folder), look.reading
    if job.drafted and reading.instrument is not None:
        keep_questionnaire(folder, reading.instrument)
    rules = reading.mapping if reading.kind == "responses" else look.rules
    wave = result.wave if reading.kind in NEEDS_WAVE else ""
    remember(folder, job.columns, reading.kind, rules, wave=wave)


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
