"""A survey that no questionnaire fits: pick one all the same, or take the one proposed from the file."""

from dataclasses import replace
from pathlib import PurePath

import pandas as pd
import streamlit as st

from engage.errors import InputError
from engage.ingest import KINDS, Draft, draft_instrument
from engage.ingest.adopting import Named, adopt, free_id
from engage.instrument import ROLES, Role, available
from engage.views.importing_job import DRAFT, Job, Look, change, chosen, surveys
from engage.views.importing_words import Words, reason
from engage.views.template import View, plain
from engage.words import pick

_LISTED, _SHORT = 3, 40  # questions shown of a group, and letters of each


def without_questionnaire(view: View, job: Job, look: Look) -> None:
    """Draw the two ways on where no questionnaire was recognised."""
    lacking = [p for p in look.reading.problems if p.code.startswith("ingest.no_instrument")]
    with st.container(border=True, key="ask_questionnaire"):
        st.markdown(f"**{view.say('questionnaire_title')}**")
        near = [p for p in lacking if p.params.get("matched")]
        said = [reason(p, look.words) for p in near] or [view.say("questionnaire_none")]
        st.markdown(" ".join(map(plain, said)))
        _another_kind(view, job)
        found = _proposed(view, job, look)
        if isinstance(found, InputError):
            st.markdown(view.say("draft_nothing"))
            _pick(view, job, look)
            return
        way = st.radio(
            view.say("questionnaire_way"),
            ["draft", "known"],
            format_func=lambda way: view.say(f"questionnaire_{way}"),
            key="upload_way",
            horizontal=True,
            label_visibility="collapsed",
        )
        if way == "known":
            _pick(view, job, look)
        else:
            _adopt(view, job, look, found)


def _another_kind(view: View, job: Job) -> None:
    """Offer the other kinds of file: what fits no questionnaire may be no survey."""
    kind = st.pills(
        view.say("no_survey"),
        [kind for kind in KINDS if kind != "responses"],
        format_func=lambda kind: view.say(f"kind_{kind}"),
        key=f"upload_no_survey_{job.key[:8]}",
    )
    if kind is not None:
        change(Job(job.content, job.name, kind=kind, columns=job.columns, digest=job.digest))


def _proposed(view: View, job: Job, look: Look) -> Draft | InputError:
    """Return the questionnaire proposed from the file, or why none can be; kept beside the reading."""
    kept = st.session_state.get(DRAFT)
    if kept is not None and kept[0] == job.key:
        found: Draft | InputError = kept[1]
        return found
    with view.busy("drafting"):
        try:
            found = draft_instrument(job.content, name="draft", mapping=dict(look.rules) or None)
        except InputError as error:
            found = error
    st.session_state[DRAFT] = (job.key, found)
    return found


def _pick(view: View, job: Job, look: Look) -> None:
    known = look.words.titles
    with st.form("pick_questionnaire", border=False):
        name = st.selectbox(
            view.say("instrument"),
            list(known),
            index=None,
            format_func=lambda name: known[name],
            placeholder=view.say("pick_questionnaire"),
            key="upload_pick",
        )
        if st.form_submit_button(view.say("use_questionnaire"), type="primary") and name:
            change(replace(job, kind="responses", instrument=chosen(view, name), use_saved=False))


def _adopt(view: View, job: Job, look: Look, draft: Draft) -> None:
    """Draw the draft, with what a person must say of it: its name, its groups, what is reversed."""
    words, mark = look.words, job.key[:8]
    texts = _texts(draft)
    st.markdown(
        view.say(
            "draft_found",
            items=len(draft.items),
            scales=len(draft.instrument.scales),
            groups=len(draft.demographics),
            comments=len(draft.questions),
        )
    )
    with st.form(f"draft_{mark}", border=False):
        name = st.text_input(
            view.say("draft_name"),
            PurePath(job.name).name.split(".")[0][:60],
            max_chars=60,
            key=f"draft_name_{mark}",
        )
        scales = _scales(view, draft, words, mark)
        chosen_ones = [one.id for one in draft.items]
        reverse = st.multiselect(
            view.say("draft_reverse"), chosen_ones, [one.id for one in draft.items if one.reverse_keyed],
            format_func=lambda id: texts[id], placeholder=view.say("draft_none"), key=f"draft_reverse_{mark}",
        )  # fmt: skip
        without = st.multiselect(
            view.say("draft_without"), chosen_ones, [], format_func=lambda id: texts[id],
            placeholder=view.say("draft_none"), key=f"draft_without_{mark}",
        )  # fmt: skip
        with st.expander(view.say("draft_items", count=len(draft.items))):
            st.dataframe(_items(view, draft, words), hide_index=True, width="stretch")
            for key, headers in (("draft_groups", draft.demographics), ("draft_comments", draft.questions)):
                if headers:
                    view.line(view.say(key, columns=list(headers)))
        if st.form_submit_button(view.say("draft_accept"), type="primary"):
            id = free_id(available(surveys(view)))
            instrument, rules = adopt(
                draft, id, name.strip() or view.say("draft_own"), scales, reverse=reverse, without=without
            )
            settings = {k: v for k, v in look.rules.items() if k in ("encoding", "delimiter", "keep", "drop")}
            change(
                replace(
                    job, kind="responses", instrument=instrument, rules=settings | rules, use_saved=False,
                    drafted=True,
                )
            )  # fmt: skip


def _scales(view: View, draft: Draft, words: Words, mark: str) -> dict[str, Named]:
    """Draw a name and a part for each group of questions."""
    found: dict[str, Named] = {}
    view.note("draft_scales_note")
    for place, scale in enumerate(draft.instrument.scales, start=1):
        first = draft.instrument.item(scale.items[0])
        low, high = (next(iter(first.options[end].label.values())) for end in (0, -1))
        texts = [pick(draft.instrument.item(id).text, view.lang) for id in scale.items]
        suggested = texts[0][:40] if len(texts) == 1 else view.say("draft_scale_name", place=place)
        left, right = st.columns([3, 2])
        name = left.text_input(
            view.say(
                "draft_scale",
                place=place, count=len(scale.items), low=plain(low), high=plain(high),
            ),
            suggested,
            max_chars=40,
            key=f"draft_scale_{place}_{mark}",
        )  # fmt: skip
        role: Role = right.selectbox(
            view.say("draft_role"), ROLES, ROLES.index("unlabelled"), format_func=view.names.role,
            key=f"draft_role_{place}_{mark}",
        )  # fmt: skip
        if len(texts) > 1:
            shown = [words.quoted(text[:_SHORT]) for text in texts[:_LISTED]]
            left.caption(plain("、".join(shown) if view.lang == "zh" else ", ".join(shown)))
        found[scale.id] = Named(name.strip() or suggested, role)
    return found


def _texts(draft: Draft) -> dict[str, str]:
    return {item.id: next(iter(item.text.values())) for item in draft.instrument.items}


def _items(view: View, draft: Draft, words: Words) -> pd.DataFrame:
    order = {scale.id: place for place, scale in enumerate(draft.instrument.scales, start=1)}
    texts = _texts(draft)
    rows = [
        (
            texts[one.id],
            view.say("draft_scale_name", place=order[one.scale]),
            str(one.points),
            view.say("draft_reversed") if one.reverse_keyed else "",
        )
        for one in draft.items
    ]
    heads = [view.say(f"draft_head_{name}") for name in ("scale", "points", "reversed")]
    return pd.DataFrame(rows, columns=[words.say("column.question"), *heads])
