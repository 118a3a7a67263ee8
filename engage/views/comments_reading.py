"""Reading comments that may be read, searching in them, and correcting how they were read."""

from functools import partial

import pandas as pd
import streamlit as st

from engage.present import voice_sentences
from engage.present.voice_tables import corrected, reading
from engage.privacy import SafeTable
from engage.text.own import LABELS
from engage.views.template import View

_EACH = 12
_SEEN = "comments_seen"
_PAGE = "comments_page"


def draw(view: View, themes: SafeTable, question: str, source: str) -> dict[str, str | bool]:
    """Draw the pickers, the comments, and what corrects them; return what was asked for."""
    theme, search, typical = _ask(view, themes, question, source)
    asked: dict[str, str | bool] = {
        "theme": theme, "question": question, "source": source, "search": search.strip(), "typical": typical,
    }  # fmt: skip
    with view.busy("reading"):
        table = _asked(view, (theme, question, source, search.strip(), typical))
    frame = table.tidy()
    if frame.empty:
        view.note("read_none")
        return asked
    frame = (
        frame.sort_values("typical", key=lambda rank: rank.replace(0, 9), kind="stable") if theme else frame
    )
    view.note("read_count", count=len(frame))
    shown = _page(view, frame)
    for _, row in shown.iterrows():
        with st.container(border=True, key=f"comment_{row['comment']}_{row['theme']}"):
            st.text(str(row["text"]))
            st.caption(_read_as(view, row))
    view.note("read_note")
    view.details(table, "comments")
    if view.may("notes"):
        _correct(view, shown)
        _learn(view)
    return asked


def who(view: View, key: str) -> str:
    """Draw who notes something; kept for the session, empty means the user of this machine.

    Whoever signed in is not asked: it is them.
    """
    if view.workspace.person is not None:
        return ""
    name = st.text_input(
        view.say("who"), key=f"{key}_who", value=st.session_state.get("noted_by", ""), max_chars=60
    )
    st.session_state["noted_by"] = name
    return str(name)


def _ask(view: View, themes: SafeTable, question: str, source: str) -> tuple[str, str, bool]:
    frame = themes.tidy()
    mine = frame[(frame["question"] == question) & (frame["source"] == source)]
    options = ["", *mine.loc[mine["negative"].notna(), "theme"]]
    left, right = st.columns(2)
    if st.session_state.get("comments_theme") not in options:
        st.session_state["comments_theme"] = ""
    theme = left.selectbox(
        view.say("theme"),
        options,
        format_func=lambda one: view.names.theme(one) if one else view.say("every_theme"),
        key="comments_theme",
        persist_state="session",
    )
    search = right.text_input(view.say("search"), key="comments_search", max_chars=80)
    typical = st.toggle(view.say("typical"), key="comments_typical")
    return str(theme), str(search), bool(typical)


def _asked(view: View, wanted: tuple[str, str, str, str, bool]) -> SafeTable:
    """Return the comments asked for; asked once, so that the audit log holds what was looked at, once."""
    theme, question, source, search, typical = wanted
    state = (view.tables.key, view.tables.role, view.state.wave, len(view.workspace.notes()), *wanted)
    seen = st.session_state.get(_SEEN)
    if seen is None or seen[0] != state:
        table = view.workspace.comments(
            theme, view.state.wave, question=question, source=source, search=search, typical=typical
        )
        st.session_state[_SEEN] = (state, table)
        st.session_state[_PAGE] = 0
    kept: SafeTable = st.session_state[_SEEN][1]
    return kept


def _page(view: View, frame: pd.DataFrame) -> pd.DataFrame:
    pages = (len(frame) + _EACH - 1) // _EACH
    page = min(int(st.session_state.get(_PAGE, 0)), pages - 1)
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(view.say("earlier"), disabled=page == 0, key="comments_earlier"):
                page -= 1
            if st.button(view.say("later"), disabled=page == pages - 1, key="comments_later"):
                page += 1
            st.caption(view.say("page_of", page=page + 1, pages=pages))
    st.session_state[_PAGE] = page
    return frame.iloc[page * _EACH : (page + 1) * _EACH]


def _read_as(view: View, row: pd.Series) -> str:
    fixed = corrected(row, view.names)
    words = reading(row, view.names)
    return f"~~{words}~~ {fixed}" if fixed and fixed != words else words


def _correct(view: View, shown: pd.DataFrame) -> None:
    """Draw how a comment should have been read."""
    by_id = shown.set_index("comment")
    with st.expander(view.say("fix_title")):
        chosen = st.selectbox(
            view.say("fix_which"),
            list(by_id.index),
            format_func=lambda one: str(by_id.loc[one, "text"]),
            key="fix_which",
        )
        row = by_id.loc[chosen]
        read = dict(part.split("=", 1) for part in row["corrected"].split(";")) if row["corrected"] else row
        columns = st.columns(3)
        picked: dict[str, str] = {}
        for place, (head, labels) in zip(columns, LABELS.items(), strict=True):
            picked[head] = place.selectbox(
                view.say(f"fix_{head}"),
                labels,
                index=labels.index(read[head]),
                format_func=partial(_word, view, head),
                key=f"fix_{head}_{chosen}",
            )
        name = who(view, "fix")
        if st.button(view.say("fix_save"), key="fix_save", type="primary"):
            view.workspace.correct(str(chosen), **picked, who=name)
            st.session_state["comments_news"] = view.say("fix_saved")
            st.rerun()
    if news := st.session_state.pop("comments_news", ""):
        st.success(news)


def _word(view: View, head: str, label: str) -> str:
    if head == "theme":
        return view.names.theme(label)
    return view.names.tone(label) if head == "tone" else view.names.intent(label)


def _learn(view: View) -> None:
    """Draw what was corrected so far, and what came of learning from it."""
    notes = view.workspace.notes()
    count = len({note.marks for note in notes if note.kind == "correct"})
    models = [note for note in notes if note.kind == "model"]
    if not count and not models:
        return
    view.note("learn_note", count=count)
    if models:
        view.note("own_in_force", who=models[-1].who, day=models[-1].at.date().isoformat())
    with st.container(horizontal=True):
        learn = st.button(view.say("learn"), key="learn")
        undo = bool(models) and st.button(view.say("undo_model"), key="undo_model")
    if learn:
        with view.busy():
            done = view.workspace.learn(who=str(st.session_state.get("noted_by", "")))
        for line in voice_sentences.learned(done.reports, bool(done.note), view.names):
            view.line(line)
    if undo:
        view.workspace.take_back(models[-1].id, who=str(st.session_state.get("noted_by", "")))
        st.session_state["comments_news"] = view.say("undone_model")
        st.rerun()
