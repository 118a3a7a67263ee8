"""What the file leaves open, to be settled by who uploads it: questionnaire, direction, columns, words."""

from typing import Any, Final, Literal

import pandas as pd
import streamlit as st

from engage.errors import Problem
from engage.ingest.guessing import words_at_fault
from engage.ingest.settled import with_direction, with_words
from engage.instrument import Item, Scale
from engage.present import numbers
from engage.views.importing_columns import absent_fields, doubts, settle_columns, settle_fields
from engage.views.importing_draft import without_questionnaire
from engage.views.importing_job import Job, Look, settle
from engage.views.importing_words import option_sets, value_name
from engage.views.template import View, plain
from engage.words import pick

_MOST_WORDS: Final = 30  # asked about at once
_NONE: Final = "none"


def settling(view: View, job: Job, look: Look) -> None:
    """Draw what must be settled before the import, most basic first; nothing where nothing is open."""
    reading = look.reading
    codes = {problem.code for problem in reading.problems}
    if reading.kind == "responses" and reading.instrument is None:
        without_questionnaire(view, job, look)
        return
    if "ingest.direction_unknown" in codes:
        _direction(view, job, look)
    found = doubts(look)
    if any(doubt.pressing for doubt in found):
        with _open_question(view, "settle_columns", len(found)):
            settle_columns(view, job, look, found)
    elif found:
        with st.expander(view.say("settle_columns_calm", count=len(found))):
            settle_columns(view, job, look, found)
    if absent_fields(reading):
        with _open_question(view, "settle_fields", len(absent_fields(reading))):
            settle_fields(view, job, look)
    _words_of_answers(view, job, look)
    _words_of_fields(view, job, look)


def _open_question(view: View, key: str, count: int) -> Any:
    box = st.container(border=True, key=f"ask_{key}")
    box.markdown(f"**{view.say(f'{key}_title')}**")
    box.markdown(view.say(f"{key}_text", count=count))
    return box


def _direction(view: View, job: Job, look: Look) -> None:
    """Ask what option 1 is, once for the scales that share their options; show the item–rest signs."""
    mark = job.key[:8]
    with _open_question(view, "direction", 1):
        picked: dict[str, str | None] = {}
        with st.form(f"direction_{mark}", border=False):
            for place, (items, scales) in enumerate(_by_options(look)):
                low, high = (_label(item, end, look) for item, end in ((items[0], 0), (items[0], -1)))
                names = [plain(pick(scale.name, view.lang)) for scale in scales]
                first: Literal["lowest", "highest"] | None = st.radio(
                    view.say("direction_of", scales=names),
                    ("lowest", "highest"),
                    index=None,
                    format_func=lambda way, low=low, high=high: view.say(  # type: ignore[misc]
                        f"direction_{way}", low=low, high=high
                    ),
                    key=f"direction_{place}_{mark}",
                )
                picked |= {scale.id: first for scale in scales}
            if st.form_submit_button(view.say("apply"), type="primary"):
                if all(picked.values()):
                    settle(job, look, with_direction(look.rules, {k: v for k, v in picked.items() if v}))
                st.warning(view.say("direction_pick"))
        with st.expander(view.say("direction_signs")):
            view.note("direction_signs_note")
            st.dataframe(_signs(look), hide_index=True, width="stretch")


def _by_options(look: Look) -> list[tuple[list[Item], list[Scale]]]:
    """Return the items asked about and their scales, by shared answer options."""
    instrument = look.reading.instrument
    groups = []
    for items, meanings in option_sets(look.reading):
        numerals = all(label.strip().isdecimal() for o in items[0].options for label in o.label.values())
        worded = any(value is not None and not label.isdecimal() for label, value, _ in meanings[0].labels)
        if not numerals and not worded and instrument is not None:
            ids = dict.fromkeys(item.scale for item in items)
            groups.append((items, [instrument.scale(id) for id in ids]))
    return groups


def _label(item: Item, end: int, look: Look) -> str:
    return plain(pick(item.options[end].label, look.words.lang))


def _signs(look: Look) -> pd.DataFrame:
    words = look.words
    asked = next(p for p in look.reading.problems if p.code == "ingest.direction_unknown")
    rows = [
        (
            words.item(one.item),
            "–" if one.r != one.r else f"{'+' if one.r > 0 else ''}{numbers.decimal(one.r, words.lang)}",
            words.say("fits.unknown" if one.r != one.r else f"fits.{'yes' if one.fits else 'no'}"),
        )
        for one in sorted(asked.params["item_rest"], key=lambda one: one.fits)  # type: ignore[call-overload]
    ]
    heads = [words.say(f"column.{name}") for name in ("question", "item_rest", "fits")]
    return pd.DataFrame(rows, columns=heads)


def _words_of_answers(view: View, job: Job, look: Look) -> None:
    """Ask what answers mean that no option of their question is, once for questions that share options."""
    asked: list[tuple[str, list[Item], Item]] = []
    for items, meanings in option_sets(look.reading):
        where: dict[str, list[Item]] = {}
        for item, meaning in zip(items, meanings, strict=True):
            for label in meaning.at_fault:
                where.setdefault(label, []).append(item)
        asked += [(label, found, items[0]) for label, found in where.items()]
    if not asked:
        return
    mark = job.key[:8]
    with (
        _open_question(view, "settle_words", len(asked)),
        st.form(f"words_{mark}", border=False),
    ):
        picked = []
        for place, (label, items, sample) in enumerate(asked[:_MOST_WORDS]):
            options = [_NONE, *(str(option.value) for option in sample.options)]
            names = {_NONE: look.words.say("no_answer")}
            names |= {str(o.value): value_name(sample, o.value, look.words) for o in sample.options}
            value = st.selectbox(
                view.say("word_means", word=plain(label), count=len(items)),
                options,
                index=None,
                format_func=lambda v, names=names: names[v],  # type: ignore[misc]
                placeholder=view.say("leave_fault"),
                key=f"word_{place}_{mark}",
            )
            picked.append((label, items, value))
        if st.form_submit_button(view.say("apply"), type="primary"):
            rules = look.rules
            for label, items, value in picked:
                if value is not None:
                    means = None if value == _NONE else int(value)
                    for item in items:
                        rules = with_words(rules, item.id, {label: means})
            settle(job, look, rules)


def _words_of_fields(view: View, job: Job, look: Look) -> None:
    """Ask what words of a field mean that takes only certain ones, such as the type of leaving."""
    found = [p for p in look.reading.problems if p.code == "ingest.unknown_word"]
    if not found:
        return
    asked = [
        (problem, word)
        for problem in found
        for word in words_at_fault(job.content, look.reading, look.rules, problem)
    ][:_MOST_WORDS]
    pressing = any(problem.severity == "error" for problem in found)
    box = (
        _open_question(view, "settle_words", len(asked))
        if pressing
        else st.expander(view.say("settle_words_calm", count=len(asked)))
    )
    with box, st.form(f"field_words_{job.key[:8]}", border=False):
        picked = [_word_of_field(view, look, *one, f"{n}_{job.key[:8]}") for n, one in enumerate(asked)]
        if st.form_submit_button(view.say("apply"), type="primary"):
            rules = look.rules
            for (problem, word), value in zip(asked, picked, strict=True):
                if value is not None:
                    means = None if value == _NONE else value
                    rules = with_words(rules, str(problem.params["field"]), {word: means})
            settle(job, look, rules)


def _word_of_field(view: View, look: Look, problem: Problem, word: str, mark: str) -> str | None:
    known = [_NONE, *map(str, problem.params["known"])]  # type: ignore[call-overload]
    names = {one: look.words.value(one) for one in known} | {_NONE: look.words.say("no_answer")}
    value: str | None = st.selectbox(
        view.say("field_word_means", word=plain(word), column=plain(problem.column or "")),
        known,
        index=None,
        format_func=lambda one: names[one],
        placeholder=view.say("leave_fault"),
        key=f"field_word_{mark}",
    )
    return value
