"""Settings: what may be shown, norms to stand beside results, who may see what, records and backups."""

import streamlit as st

from engage.views import settings_norms
from engage.views.template import View, open_page, plain
from engage.words import LANGUAGES, say

SHOWN = (
    "scores_k", "comments_k", "model_n", "rows_per_coefficient", "colluders", "crosses", "originals_days",
    "attrition",
)  # fmt: skip


def draw(view: View) -> None:
    """Draw the page; it is of use before anything is imported, too."""
    policy, sources = view.workspace.policy, settings_norms.sources_of(view)
    people = {name: getattr(policy, name) for name in ("scores_k", "comments_k", "model_n")}
    norms = view.say("head_norms", sources=sources) if sources else view.say("head_norms_none")
    view.answer(f"{view.say('head', **people)}{'' if view.lang == 'zh' else ' '}{norms}")
    view.ready()
    _language(view)
    _policy(view)
    settings_norms.draw(view)
    _access(view)
    if view.may("records"):
        _log(view)
        _backups(view)
    view.method()
    view.in_python()


def _heading(view: View, key: str) -> None:
    st.subheader(view.say(f"{key}_title"), anchor=False)


def _language(view: View) -> None:
    """Draw the switch that also stands at the top of the side bar."""
    _heading(view, "language")
    st.session_state["settings_lang"] = view.lang

    def switch() -> None:
        """Called before the next run, when the other switch may still be set."""
        st.session_state["lang"] = st.session_state["settings_lang"]

    st.segmented_control(
        view.say("language_title"),
        LANGUAGES,
        format_func=lambda lang: say(f"app.tongue_{lang}"),
        key="settings_lang",
        required=True,
        label_visibility="collapsed",
        on_change=switch,
    )
    view.note("language_note")


def _policy(view: View) -> None:
    """Draw the thresholds; where the file lies is for administrators."""
    _heading(view, "policy")
    columns = [view.say(name) for name in ("setting", "value", "meaning")]
    rows = [(plain(name), plain(_value(view, name)), view.say(f"set_{name}")) for name in SHOWN]
    st.table({head: [row[place] for row in rows] for place, head in enumerate(columns)})
    view.note("policy_note")
    if view.may("policy"):
        file = view.workspace.path / "policy.yaml"
        view.line(view.say("policy_file"))
        held = file.read_text(encoding="utf-8") if file.is_file() else "scores_k: 5\n"
        st.code(f"{view.say('policy_example')}\n# {file.absolute()}\n{held}", language="yaml")
    else:
        view.note("policy_ask")


def _value(view: View, name: str) -> str:
    policy = view.workspace.policy
    if name == "crosses":
        pairs = [" × ".join(map(view.names.demographic, pair)) for pair in policy.crosses]
        return view.listed(tuple(pairs)) if pairs else view.say("no_crosses")
    if name == "attrition":
        on = view.workspace.attrition_on
        return view.say("switched_on", purpose=policy.attrition_purpose) if on else view.say("switched_off")
    if name == "originals_days":
        return view.say("days", count=policy.originals_days)
    return str(getattr(policy, name))


def _access(view: View) -> None:
    """Draw who may do what: the list for administrators, the own line for everybody else."""
    _heading(view, "access")
    space = view.workspace
    person = space.person
    if person is None:
        view.line(view.say("access_single"))
        return
    role = say(f"access.role_{person.role}", view.lang)
    parts = (
        view.say("access_part", parts=list(person.subtrees)) if person.subtrees else view.say("access_all")
    )
    view.line(f"{view.say('access_you', role=role)} {parts}")
    view.line(view.say(f"may_{person.role}"))
    if person.role != "administrator":
        view.note("access_ask")
        return
    columns = [view.say(name) for name in ("person", "role", "part", "may")]
    rows = [
        (
            plain(one.name),
            say(f"access.role_{one.role}", view.lang),
            plain(view.listed(one.subtrees)) if one.subtrees else view.say("everything"),
            view.say(f"may_{one.role}"),
        )
        for one in space.access.people.values()
    ]
    st.table({head: [row[place] for row in rows] for place, head in enumerate(columns)})
    view.line(view.say("access_file"))
    st.code(str((space.path / "access.yaml").absolute()), language=None)


def _log(view: View) -> None:
    """Say how long the audit log is, and whether it is as it was written."""
    _heading(view, "log")
    found = view.workspace.audit_log()
    if found.broken is not None:
        st.error(view.say("log_broken", line=found.broken))
    elif found.entries:
        view.line(view.say("log_whole", lines=len(found.entries)))
    else:
        view.line(view.say("log_empty"))
    view.note("log_how")


def _backups(view: View) -> None:
    """Say how a backup is made and put back."""
    _heading(view, "backup")
    view.line(view.say("backup_text"))
    folder = str(view.workspace.path)
    st.code(
        f"engage backup backup-of-today --workspace {folder}\n"
        f"engage key backup --out engage.key --workspace {folder}\n"
        "engage restore backup-of-today --workspace restored",
        language="sh",
    )


draw(open_page("settings"))
