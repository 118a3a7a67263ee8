"""Home: what changed, what matters, what to do; of the whole organisation, or of one group of it."""

import pandas as pd
import streamlit as st

from engage.present import charts, numbers, sentences
from engage.present.standing import response_of
from engage.present.trend_breaks import trend_breaks
from engage.privacy import SafeTable
from engage.views import overview_unit
from engage.views.overview_parts import (
    HEADLINES,
    POINTS,
    card,
    last_wave,
    next_steps,
    ranked,
    scales,
    talk,
    wave_before,
)
from engage.views.template import View, open_page


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    unit = overview_unit.pick(view)
    if unit is None:
        _whole(view)
    else:
        overview_unit.draw(view, unit)
    view.method()
    view.in_python(wave=view.shown_wave, **overview_unit.choices(view, unit))


def _whole(view: View) -> None:
    wave, before = view.shown_wave, wave_before(view)
    with view.busy():
        scores, changes = view.tables.scores(wave), view.tables.changes()
        rates, trend = view.tables.response_rates(), view.tables.trend()
    with view.part():
        view.answer(sentences.overview(scores, view.names, changes=changes, wave=wave)[0])
    view.say_newest_only()
    _cards(view, scores, changes, rates)
    concern = ranked(view, scores)
    st.subheader(view.say("compare_last" if before else "scales_title"), anchor=False)
    if before:
        _say_changes(view, changes)
    beside = last_wave(view, view.tables.scores(before) if before else None, before)
    scales(view, scores, beside, view.say("scales_title"))
    view.details(scores, f"scores_{wave}")
    if concern:
        talk(view, concern)
    next_steps(view)
    _trend(view, trend)


def _cards(view: View, scores: SafeTable, changes: SafeTable, rates: SafeTable) -> None:
    wave = view.shown_wave
    rows = {row["scale"]: row for row in scores.tidy().to_dict("records")}
    with st.container(horizontal=True, key="cards"):
        _response_card(view, rates)
        for scale in HEADLINES:
            if scale in rows:
                row = rows[scale]
                below = view.say("interval", interval=numbers.span(row["ci_low"], row["ci_high"]))
                share = numbers.percent(row["favourable"])
                card(view.names.scale(scale), share, below, _moved(view, changes, scale, wave))
        points = rows[POINTS]["mean"] if POINTS in rows else None
        if pd.notna(points):
            value, moved = numbers.decimal(points, view.lang, 0), _moved(view, changes, POINTS, wave)
            card(view.names.scale(POINTS), value, view.say("points"), moved)


def _response_card(view: View, rates: SafeTable) -> None:
    row = response_of(rates, view.shown_wave)
    if row is None:
        return
    answered = view.names.n(row["n"], row["n_band"])
    if pd.notna(row["share"]):
        rate = numbers.percent(row["share"])
        card(view.say("response_rate"), rate, view.say("answered", n=answered))
    else:
        card(view.say("responses"), answered, view.say("rate_unknown"))


def _moved(view: View, changes: SafeTable, scale: str, wave: str) -> str | None:
    """Return the change since the wave before in words, or nothing where it may be chance."""
    frame = changes.tidy()
    found = frame[(frame["scale"] == scale) & (frame["wave_to"] == wave) & frame["reliable"]]
    if found.empty:
        return None
    row = found.iloc[0]
    key = "moved_points" if scale == POINTS else "moved"
    by = numbers.decimal(row["change"], view.lang, 0 if scale == POINTS else 1)
    # Streamlit reads the direction of the arrow from an ASCII minus.
    return view.say(key, change=by.replace("\u2212", "-"), wave=row["wave_from"])


def _trend(view: View, trend: SafeTable) -> None:
    st.subheader(view.say("trend_title"), anchor=False)
    if len(view.tables.closed_waves) < 2:
        view.note("trend_later")
        return
    known = set(trend.tidy()["scale"])
    wanted = tuple(s for s in ("engagement", "satisfaction", "hygiene", "motivator") if s in known)
    breaks = view.tables.breaks()
    view.chart(charts.trend(trend, wanted, view.names, breaks=breaks), view.say("trend_title"))
    for line in trend_breaks([one for one in breaks if one.scale in wanted], view.names):
        view.line(line)
    view.details(trend, "trend")


def _say_changes(view: View, changes: SafeTable) -> None:
    """Name the scales that moved since the wave before, beyond chance."""
    frame = changes.tidy()
    frame = frame[frame["wave_to"] == view.shown_wave]
    if frame.empty:
        return
    before = frame["wave_from"].iloc[0]
    moved = [
        view.say(
            "one_change",
            scale=view.names.scale(row["scale"]),
            change=f"{'+' if row['change'] > 0 else ''}{numbers.decimal(row['change'], view.lang, 1)}",
        )
        for row in frame[frame["reliable"] & (frame["scale"] != POINTS)].to_dict("records")
    ]
    view.line(
        view.say("changed", wave=before, changes=moved) if moved else view.say("unchanged", wave=before)
    )


draw(open_page("overview"))
