"""Overview: response rate, engagement, satisfaction, eNPS; strengths and concerns; change over waves."""

import pandas as pd
import streamlit as st

from engage.present import charts, numbers, sentences
from engage.present.trend_breaks import trend_breaks
from engage.privacy import SafeTable
from engage.views.template import View, open_page, plain

HEADLINES = ("engagement", "satisfaction")
POINTS = "enps_net"
FACTORS = ("hygiene", "motivator", "unlabelled")
SHOWN = 3


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
    frame = rates.tidy()
    found = frame[(frame["wave"] == view.shown_wave) & (frame["measure"] == "responses")]
    if found.empty:
        return
    row = found.iloc[0]
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
    frame = scores.tidy().dropna(subset=["favourable"])
    composites = frame["scale"].isin(["hygiene", "motivator"])
    frame = frame[~composites & frame["scale"].map(view.names.role_of).isin(FACTORS)]
    ranked = frame.sort_values("favourable", ascending=False, kind="stable")
    many = min(SHOWN, len(ranked) // 2)
    if not many:
        return
    left, right = st.columns(2, gap="large")
    for place, key, rows in (
        (left, "strengths", ranked.head(many)),
        (right, "concerns", ranked.tail(many)[::-1]),
    ):
        with place:
            st.subheader(view.say(key), anchor=False)
            lines = [
                view.say(
                    "ranked",
                    scale=plain(view.names.scale(row["scale"])),
                    share=numbers.percent(row["favourable"]),
                    interval=numbers.span(row["ci_low"], row["ci_high"]),
                )
                for row in rows.to_dict("records")
            ]
            st.markdown("\n".join(f"1. {line}" for line in lines))
    view.note("ranked_note")


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
