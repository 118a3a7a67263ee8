"""Drivers: what goes with engagement, leaving and service, and how sure that is."""

import streamlit as st

from engage.present import charts, numbers, sentences
from engage.present.labels import is_missing
from engage.privacy import SafeTable
from engage.views.template import View, open_page, plain
from engage.words import known, say

FIRST = ("engagement", "attrition", "service")
POOLED = ("attrition", "service")


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    outcome = _pick_outcome(view)
    if outcome is None:
        view.note("no_outcome")
        return
    model: tuple[str, ...] = ()
    # Leaving and service need every wave: one wave alone has too few leavers, and too few teams.
    wave = None if outcome in POOLED else view.state.wave
    with view.part():
        with view.busy("working"):
            table = view.tables.drivers(outcome, wave)
        model = sentences.driver_method(table, view.names)
        _answer(view, table, outcome)
    view.method(model)
    view.in_python(
        outcome=outcome, wave=None if outcome in POOLED else view.state.wave, shown=view.shown_wave
    )


def _pick_outcome(view: View) -> str | None:
    with view.busy():
        outcomes = view.tables.outcomes()
    options = [*(o for o in FIRST if o in outcomes), *(o for o in outcomes if o not in FIRST)]
    if not options:
        return None
    return view.pick("outcome", options, view.names.outcome, "outcome")


def _answer(view: View, table: SafeTable, outcome: str) -> None:
    headline, *more = sentences.drivers(table, view.names)
    view.answer(headline)
    for line in more:
        view.line(line)
    view.note("association")
    st.subheader(view.say("importance_title"), anchor=False)
    view.chart(charts.importance(table, view.names), " ".join((headline, *more)))
    st.subheader(view.say("map_title"), anchor=False)
    with view.part():
        scores = view.tables.scores(view.shown_wave)
        if outcome == "service":
            view.note("map_one")
        else:
            said = sentences.driver_map(table, scores, view.names)
            view.line(said)
            view.chart(charts.importance_performance(table, scores, view.names), said)
            view.note("map_note", wave=view.shown_wave)
    _notes(view, table)
    view.details(table, f"drivers_{outcome}", title=view.say("coefficients"))


def _notes(view: View, table: SafeTable) -> None:
    """Say in words what the model is and how far to trust it."""
    notes = table.notes
    lines = []
    if notes.get("n"):
        waves = view.listed(notes.get("waves") or ())
        lines.append(view.say("rows", n=numbers.whole(_number(notes["n"]), view.lang), waves=waves))
    events = view.names.n(notes.get("events"), notes.get("events_band"))
    if events != "–":
        lines.append(view.say("events", n=events, days=notes.get("horizon_days") or "–"))
    if notes.get("merged"):
        lines.append(view.say("merged"))
    lines += _fit(view, table)
    warnings = notes.get("warnings") or ()
    for code in warnings if isinstance(warnings, tuple) else ():
        key = f"page_drivers.warning_{code.rpartition('.')[2]}"
        lines.append(say(key, view.lang) if known(key) else code)
    if lines:
        st.subheader(view.say("notes_title"), anchor=False)
        st.markdown("\n".join(f"- {plain(line)}" for line in lines))


def _fit(view: View, table: SafeTable) -> list[str]:
    """Return how much the model explains, of its own data and of data kept out; of service by measure."""
    notes, lines = table.notes, []
    unseen = "unseen_auc" if notes.get("measure") == "auc" else "unseen_r2"
    for note, key in (("r_squared", "r_squared"), ("out_of_sample", unseen)):
        for name, value in notes.items():
            if name.partition(":")[0] != note or is_missing(value):
                continue
            shown = numbers.decimal(_number(value), view.lang)
            measure = name.partition(":")[2]
            if measure:
                lines.append(view.say(f"{key}_of", outcome=view.names.outcome(measure), value=shown))
            else:
                lines.append(view.say(key, value=shown))
    if notes.get("predictors") == "composites":
        lines.append(view.say("composites"))
    return lines


def _number(value: object) -> float:
    return float(str(value))


draw(open_page("drivers"))
