"""Upload: a file, what was understood of it, import; and what is there already."""

import streamlit as st

from engage.errors import EngageError
from engage.views.importing_faults import faults
from engage.views.importing_file import choose
from engage.views.importing_import import bring_in, news
from engage.views.importing_job import Job, current, look
from engage.views.importing_settling import settling
from engage.views.importing_understood import details, head, understood
from engage.views.importing_waves import waves_there, waves_to_close
from engage.views.importing_words import refusal
from engage.views.template import View, open_page, plain


def draw(view: View) -> None:
    """Draw the step that the file in hand has come to; without one, news, waves to close, the first step."""
    view.answer(view.say("answer"))
    job = current()
    if job is None:
        news(view)
        waves_to_close(view)
        steps(view, 1)
        choose(view)
        waves_there(view)
    else:
        check(view, job)
    view.method()
    view.in_python(newest=(view.tables.closed_waves or ("",))[-1])


def check(view: View, job: Job) -> None:
    """Draw what was understood; where nothing stops it, the import below."""
    place = st.container()
    try:
        found = look(view, job)
    except EngageError as error:
        with place:
            steps(view, 2)
        head(view, job, None)
        st.error("\n\n".join(map(plain, refusal(error, view.lang))))
        return
    job = current() or job
    with place:
        steps(view, 3 if found.reading.ok else 2)
    st.subheader(view.say("step_2"), anchor=False)
    head(view, job, found)
    understood(view, job, found)
    settling(view, job, found)
    faults(view, job, found)
    details(view, job, found)
    if found.reading.ok:
        bring_in(view, job, found)


def steps(view: View, now: int) -> None:
    """Draw the three steps and which of them is reached."""
    with st.container(horizontal=True, key="steps"):
        for step in (1, 2, 3):
            state = "done" if step < now else "now" if step == now else "next"
            with st.container(key=f"step_{state}_{step}"):
                st.markdown(("✓ " if state == "done" else f"{step} ") + view.say(f"step_{step}"))


draw(open_page("upload"))
