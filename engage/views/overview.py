"""Overview: response rate, engagement, satisfaction, eNPS; strengths and concerns; change over waves."""

import pandas as pd
import streamlit as st

from engage.present import charts, numbers, sentences
from engage.present.standing import response_of, strengths_and_concerns, talk_about
from engage.present.trend_breaks import trend_breaks
from engage.privacy import SafeTable
from engage.views.template import View, open_page, plain

HEADLINES = ("engagement", "satisfaction")
POINTS = "enps_net"


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    wave = view.shown_wave
    with view.busy():
        scores, changes = view.tables.scores(wave), view.tables.changes()
        rates, trend = view.tables.response_rates(), view.tables.trend()
    with view.part():
        view.answer(sentences.overview(scores, view.names, changes=changes, wave=wave)[0])
    view.say_newest_only()
    _cards(view, scores, changes, rates)
    _strengths_and_concerns(view, scores)
    st.subheader(view.say("scales_title"), anchor=False)
    view.chart(charts.scale_bars(scores, view.names), view.say("scales_title"))
    view.details(scores, f"scores_{wave}")
    _trend(view, trend, changes)
    view.method()
    view.in_python(wave=wave)


def _cards(view: View, scores: SafeTable, changes: SafeTable, rates: SafeTable) -> None:
    wave = view.shown_wave
    rows = {row["scale"]: row for row in scores.tidy().to_dict("records")}
    with st.container(horizontal=True, key="cards"):
        _response_card(view, rates)
        for scale in HEADLINES:
            if scale in rows:
                row = rows[scale]
                interval = numbers.span(row["ci_low"], row["ci_high"])
                below = view.say("interval", interval=interval)
                _card(
                    view, scale, numbers.percent(row["favourable"]), _moved(view, changes, scale, wave), below
                )
        points = rows[POINTS]["mean"] if POINTS in rows else None
        if pd.notna(points):
            value = numbers.decimal(points, view.lang, 0)
            _card(view, POINTS, value, _moved(view, changes, POINTS, wave), view.say("points"))


def _card(view: View, scale: str, value: str, moved: str | None, below: str) -> None:
    with st.container(border=True, height="stretch"):
        st.metric(plain(view.names.scale(scale)), value, moved)
        st.caption(below)


def _response_card(view: View, rates: SafeTable) -> None:
    row = response_of(rates, view.shown_wave)
    if row is None:
        return
    answered = view.names.n(row["n"], row["n_band"])
    with st.container(border=True, height="stretch"):
        if pd.notna(row["share"]):
            st.metric(view.say("response_rate"), numbers.percent(row["share"]))
            st.caption(view.say("answered", n=answered))
        else:
            st.metric(view.say("responses"), answered)
            st.caption(view.say("rate_unknown"))


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


def _strengths_and_concerns(view: View, scores: SafeTable) -> None:
    strengths, concerns = strengths_and_concerns(scores, view.names)
    if not concerns:
        return
    left, right = st.columns(2, gap="large")
    for place, key, rows in ((left, "strengths", strengths), (right, "concerns", concerns)):
        with place:
            st.subheader(view.say(key), anchor=False)
            st.markdown("\n".join(f"1. {plain(row.said)}" for row in rows))
    view.note("ranked_note")
    _talk(view, concerns[0].scale)


def _talk(view: View, factor: str) -> None:
    """Draw, folded, what to ask the team about a factor and what can be done about it."""
    with view.part():
        talk = talk_about(factor, view.tables.guides, view.names)
        if talk is None:
            return
        with st.expander(view.say("talk_title", factor=plain(view.names.inline(view.names.scale(factor))))):
            view.line(view.say("talk_ask"))
            st.markdown("\n".join(f"- {plain(question)}" for question in talk.questions))
            view.line(view.say("talk_do"))
            st.markdown(
                "\n".join(
                    f"- **{plain(name)}** {plain(text)}  \n  {plain(view.say('talk_watch', watch=watch))}"
                    for name, text, watch in talk.levers
                )
            )
            view.note("talk_note")


def _trend(view: View, trend: SafeTable, changes: SafeTable) -> None:
    st.subheader(view.say("trend_title"), anchor=False)
    if len(view.tables.closed_waves) < 2:
        view.note("trend_later")
        return
    known = set(trend.tidy()["scale"])
    wanted = tuple(s for s in ("engagement", "satisfaction", "hygiene", "motivator") if s in known)
    _say_changes(view, changes)
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
