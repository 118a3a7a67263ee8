"""What many people ask for: how many, what became of it, and the shortlist of the contest."""

import pandas as pd
import streamlit as st

from engage.present import voice_sentences
from engage.present.labels import is_missing
from engage.present.voice_tables import wish_name
from engage.privacy import STATUSES
from engage.views.comments_reading import who
from engage.views.template import View, plain


def draw(view: View, question: str, source: str) -> None:
    """Draw the wishes of a question and source, with their status, and what notes a new one."""
    with view.busy():
        table = view.workspace.wishes()
    for line in voice_sentences.wishes(table, view.names, question=question, source=source):
        view.line(line)
    frame = table.tidy()
    mine = frame[(frame["question"] == question) & (frame["source"] == source)]
    for _, row in mine.iterrows():
        _wish(view, row)
    view.note("wishes_note")
    view.details(table, "wishes")
    named = mine[mine["wish"].notna()].set_index("wish")
    if named.empty or not view.may("notes"):
        return
    names = {str(id): wish_name(row, view.names) for id, row in named.iterrows()}
    with st.expander(view.say("follow_title"), expanded=True):
        wish = st.selectbox(
            view.say("follow_which"),
            list(named.index),
            format_func=lambda one: names[one],
            key="follow_which",
        )
        status = st.segmented_control(
            view.say("follow_status"),
            STATUSES,
            format_func=lambda one: view.names.status(one),
            default=str(named.loc[wish, "status"]),
            key=f"follow_status_{wish}_{named.loc[wish, 'status']}",
            required=True,
        )
        reason = st.text_input(view.say("follow_reason"), key=f"follow_reason_{wish}", max_chars=300)
        name = who(view, "follow")
        if st.button(view.say("follow_save"), key="follow_save", type="primary"):
            with view.part():
                view.workspace.follow(str(wish), str(status), reason=reason, who=name)
                st.session_state["wish_news"] = view.say("follow_saved")
                st.rerun()
    if news := st.session_state.pop("wish_news", ""):
        st.success(news)


def _wish(view: View, row: pd.Series) -> None:
    """Draw one wish: its words, its people wave by wave, what became of it."""
    there = zip(view.tables.closed_waves, row["per_wave"], strict=True)
    waves = " → ".join(f"{wave} {n.replace('-', '–')}" for wave, n in there if n)
    facts = [view.say("wish_people", waves=waves)]
    if not is_missing(row["wish"]):
        said = [row["reason"], f"{row['who']} · {row['since']}" if row["who"] else ""]
        facts += [view.names.status(str(row["status"])), *filter(None, said)]
    if not is_missing(row["rank"]):
        facts.append(view.say("wish_rank", rank=int(row["rank"]), points=int(row["score"])))
    with st.container(border=True):
        st.text(wish_name(row, view.names))
        st.caption(" · ".join(plain(fact) for fact in facts))
