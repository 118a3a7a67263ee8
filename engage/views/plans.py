"""Plans: what was decided, is it done, and has the factor moved since?"""

from datetime import date, timedelta

import pandas as pd
import streamlit as st

from engage.instrument import Guide
from engage.present.labels import is_missing
from engage.present.plan_sentences import plan_group, plan_on, plans, status_word
from engage.privacy import PLAN_STATUSES
from engage.views.comments_reading import who
from engage.views.template import View, link, open_page, plain
from engage.words import pick

OWN = ""
EVERYBODY = ""
QUARTER = timedelta(days=90)


def draw(view: View) -> None:
    """Draw the page."""
    if not view.ready():
        return
    with view.part():
        with view.busy():
            table = view.workspace.plans()
        headline, *more = plans(table, view.names)
        view.answer(headline)
        for line in more:
            view.line(line)
        frame = table.tidy()
        view.note("cause_note" if len(frame) else "begin_note")
        if news := st.session_state.pop("plan_news", ""):
            st.success(news)
        for _, row in frame.iterrows():
            _plan(view, row)
        if view.may("plans"):
            _write(view)
            if len(frame):
                _set_status(view, frame)
        link("drivers", view.lang)
        view.details(table, "plans")
    view.method()
    view.in_python()


def _plan(view: View, row: pd.Series) -> None:
    """Draw one plan: what and for whom, who until when, and what the waves since say."""
    factor = view.names.scale(str(row["factor"]))
    with st.container(border=True):
        st.markdown(f"**{plain(factor)}** · {plain(plan_group(row, view.names))}")
        if what := _what(view, row):
            st.text(what)
        facts = [
            status_word(str(row["status"]), view.names),
            view.say("by_when", owner=row["owner"], due=row["due"]),
        ]
        if row["overdue"]:
            facts.insert(1, view.say("overdue"))
        st.caption(" · ".join(plain(fact) for fact in (*facts, *filter(None, [row["remark"]]))))
        view.line(plan_on(row, view.names))


def _what(view: View, row: pd.Series) -> str:
    named = [
        pick(lever.name, view.lang)
        for guide in view.tables.guides.values()
        for lever in guide.levers
        if lever.id == row["lever"]
    ]
    return " – ".join(filter(None, [*(named or [row["lever"]])[:1], row["action"]]))


def _write(view: View) -> None:
    """Draw what notes a new plan: a factor, a lever of the library or words, for whom, who, until when."""
    with st.expander(view.say("new_title")):
        asked = view.workspace.instrument(view.tables.closed_waves[-1])
        factors = [s.id for s in asked.scales if s.role in ("hygiene", "motivator", "unlabelled")]
        factor = st.selectbox(
            view.say("factor"), factors or [s.id for s in asked.scales], format_func=view.names.scale,
            key="plan_factor",
        )  # fmt: skip
        lever = _lever(view, str(factor))
        action = st.text_area(
            view.say("action"), key="plan_action", max_chars=300, help=view.say("action_help")
        )
        by, level = _group(view)
        owner = st.text_input(view.say("owner"), key="plan_owner", max_chars=60)
        due = st.date_input(view.say("due"), date.today() + QUARTER, key="plan_due", format="YYYY-MM-DD")
        name = who(view, "plan")
        if st.button(view.say("save"), key="plan_save", type="primary"):
            with view.part():
                view.workspace.add_plan(
                    str(factor),
                    lever=lever,
                    action=action,
                    owner=owner,
                    due=due,
                    by=by,
                    level=level,
                    who=name,
                )
                st.session_state["plan_news"] = view.say("saved")
                st.rerun()


def _lever(view: View, factor: str) -> str:
    """Draw the levers that the library suggests for a factor, and return the id of the one taken."""
    guide = view.tables.guides.get(factor) or Guide((), ())
    levers = {lever.id: lever for lever in guide.levers}
    taken = st.radio(
        view.say("lever"), [*levers, OWN],
        format_func=lambda one: plain(pick(levers[one].name, view.lang)) if one else view.say("own_lever"),
        captions=[plain(pick(lever.text, view.lang)) for lever in levers.values()] + [""],
        key=f"plan_lever_{factor}",
    )  # fmt: skip
    if taken:
        st.caption(plain(view.say("watch", watch=pick(levers[taken].watch, view.lang))))
    return str(taken or "")


def _group(view: View) -> tuple[str, str]:
    """Draw whom the plan is for and return the demographic and its value; ``""`` for everybody."""
    wave = view.tables.closed_waves[-1]
    if "team" not in view.tables.groups(wave):
        return "", ""
    teams = [str(t) for t in view.tables.scores(wave, ("team",)).tidy()["team"].unique() if not is_missing(t)]
    person = view.workspace.person
    options = teams if person is not None and person.subtrees else [EVERYBODY, *teams]
    level = st.selectbox(
        view.say("group"), options,
        format_func=lambda one: view.names.level("team", one) if one else view.say("everybody"),
        key="plan_group",
    )  # fmt: skip
    return ("team", str(level)) if level else ("", "")


def _set_status(view: View, frame: pd.DataFrame) -> None:
    """Draw what notes how far a plan is."""
    own = frame.set_index("plan")
    titles = {
        str(id): f"{view.names.scale(str(row['factor']))} · {plan_group(row, view.names)} · {row['owner']}"
        for id, row in own.iterrows()
    }
    with st.expander(view.say("set_title")):
        plan = st.selectbox(
            view.say("which"), list(titles), format_func=lambda one: titles[one], key="plan_which"
        )
        status = st.segmented_control(
            view.say("status"), PLAN_STATUSES, format_func=lambda one: status_word(one, view.names),
            default=str(own.loc[plan, "status"]), key=f"plan_status_{plan}", required=True,
        )  # fmt: skip
        remark = st.text_input(view.say("remark"), key=f"plan_remark_{plan}", max_chars=300)
        name = who(view, "plan_set")
        if st.button(view.say("set"), key="plan_set", type="primary"):
            with view.part():
                view.workspace.set_plan(str(plan), str(status), remark=remark, who=name)
                st.session_state["plan_news"] = view.say("saved")
                st.rerun()


draw(open_page("plans"))
