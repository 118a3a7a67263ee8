"""What if: what a change of some factors goes with, by the sliders."""

import streamlit as st

from engage.present import charts, sentences
from engage.privacy import LeverGrid
from engage.views.template import View, open_page, plain

ROLES = ("hygiene", "motivator", "unlabelled")
PREFIX = "what_if_"


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    changes: dict[str, float] = {}
    with view.part():
        with view.busy("working"):
            grid = view.tables.levers(view.shown_wave)
        changes = _sliders(view, grid)
        if changes:
            _answer(view, grid, changes)
        else:
            view.answer(sentences.levers(grid.levers, view.names)[0])
            view.note("move")
        view.note("association", wave=view.shown_wave)
        _levers(view, grid)
    view.method()
    view.in_python(wave=view.shown_wave, changes=changes)


def _sliders(view: View, grid: LeverGrid) -> dict[str, float]:
    """Draw a slider per factor, up to what teams usually change, and return those that are moved."""
    rows = grid.levers.tidy().dropna(subset=["driver"])
    caps = rows.groupby("driver", sort=False)["cap"].max()
    roles = rows.drop_duplicates("driver").set_index("driver")["role"]
    several = [name for name in caps.index if name not in ROLES] or list(caps.index)
    st.subheader(view.say("sliders_title"), anchor=False)
    view.note("cap_note")
    with st.container(border=True, key="sliders"):
        for role, place in zip(ROLES, st.columns(len(ROLES), gap="medium"), strict=True):
            own = [name for name in several if (roles[name] or "unlabelled") == role]
            with place:
                st.caption(plain(view.names.role(role)))
                for name in own:
                    _slider(view, name, float(caps[name]))
        st.button(view.say("reset"), on_click=_reset, args=(tuple(several),))
    values = {name: float(st.session_state.get(PREFIX + name, 0.0)) for name in several}
    return {name: value for name, value in values.items() if value}


def _slider(view: View, name: str, cap: float) -> None:
    key = PREFIX + name
    kept = float(st.session_state.get(key, 0.0))
    st.session_state[key] = kept if abs(kept) <= cap else 0.0
    st.slider(
        plain(view.names.driver(name)),
        min_value=-cap,
        max_value=cap,
        step=0.05,
        format="%+.2f",
        key=key,
        persist_state="session",
    )


def _reset(names: tuple[str, ...]) -> None:
    for name in names:
        st.session_state[PREFIX + name] = 0.0


def _answer(view: View, grid: LeverGrid, changes: dict[str, float]) -> None:
    table = grid.answer(changes)
    headline, *more = sentences.what_if(table, view.names)
    view.answer(headline)
    st.subheader(view.say("answer_title"), anchor=False)
    view.chart(charts.what_if(table, view.names), headline)
    st.markdown("\n".join(f"- {plain(line)}" for line in more))
    view.details(table, "what_if")


def _levers(view: View, grid: LeverGrid) -> None:
    """Draw what the usual rise of each factor alone goes with."""
    shown = grid.levers.tidy().dropna(subset=["driver"])
    outcomes = list(dict.fromkeys(shown["outcome"]))
    st.subheader(view.say("levers_title"), anchor=False)
    outcome = view.pick("lever_outcome", outcomes, view.names.outcome, "outcome")
    (said,) = sentences.levers(grid.levers, view.names, outcome=outcome)
    view.line(said)
    view.chart(charts.levers(grid.levers, outcome, view.names), said)
    view.details(grid.levers, "levers")
    view.details(grid.together, "together", title=view.say("together_title"))


draw(open_page("whatif"))
