"""The same in Python: the numbers of each page as a few lines for a notebook, with the reader's choices.

One function per page returns the lines that ask a :class:`engage.Workspace` what the page asked, so that
they give the page's released tables and nothing else; the last line shows one. :data:`SNIPPETS` has them by
page.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

Lines = Sequence[str]

_IMPORTS: Final = "from "


def in_python(page: str, folder: str, choices: Mapping[str, Any], *, who: str = "") -> str:
    """Return the lines of a page, ready to run, or ``""`` for a page that :data:`SNIPPETS` has not.

    ``folder``: the workspace's, or what stands for it. ``choices``: what is picked on the page, by the
    parameters of its function. ``who``: as whom to ask, where roles are listed.
    """
    if page not in SNIPPETS:
        return ""
    lines = SNIPPETS[page](**choices)
    imports = [line for line in lines if line.startswith(_IMPORTS)]
    named = f", who={_text(who)}" if who else ""
    return "\n".join(
        [
            "from engage import Workspace",
            *imports,
            "",
            f"space = Workspace({_text(folder)}{named})",
            *(line for line in lines if not line.startswith(_IMPORTS)),
        ]
    )


def overview(
    wave: str,
    before: str = "",
    by: str = "",
    level: str = "",
    above: Sequence[str] = ("", ""),
    moved: bool = False,
    drivers: bool = False,
) -> Lines:
    """Return scores, changes, response and trend; of a group also what its scores stand beside."""
    if by:
        asked = _unit(wave, before, by, level, above)
        asked += (f"moved = space.moved({_text(by)}, {_text(level)})",) if moved else ()
        asked += (f'drivers = space.drivers("engagement", {_text(wave)})',) if drivers else ()
        return *asked, "unit"
    return (
        f"scores = space.scores({_text(wave)})",
        *([f"before = space.scores({_text(before)})"] if before else []),
        "changes = space.changes()",
        "rates = space.response_rates()",
        "trend = space.trend()",
        "norms = space.norms()",
        "scores",
    )


def _unit(wave: str, before: str, by: str, level: str, above: Sequence[str]) -> tuple[str, ...]:
    def of(wave: str, by: str, level: str) -> str:
        return f"space.scores({_text(wave)}, {_text(by)}, {{{_text(by)}: {_text(level)}}})"

    return (
        f"unit = {of(wave, by, level)}",
        f"whole = space.scores({_text(wave)})",
        *([f"above = {of(wave, *above)}"] if any(above) else []),
        *([f"before = {of(before, by, level)}"] if before else []),
        f"differences = space.differences({_text(by)}, {_text(wave)})",
        "norms = space.norms()",
    )


def drivers(outcome: str, wave: str | None, shown: str) -> Lines:
    """Return the driver model of an outcome, and the scores of its map."""
    of = f", {_text(wave)}" if wave else ""
    return (
        f"drivers = space.drivers({_text(outcome)}{of})",
        f"scores = space.scores({_text(shown)})",
        "drivers",
    )


def herzberg() -> Lines:
    """Return the two-factor verdicts."""
    return "verdicts = space.herzberg()", "verdicts"


def whatif(wave: str, changes: Mapping[str, float]) -> Lines:
    """Return the grid of usual changes, and what the sliders ask of it."""
    grid = f"grid = space.levers({_text(wave)})"
    if not changes:
        return grid, "grid.levers"
    moved = ", ".join(f"{_text(name)}: {change:g}" for name, change in changes.items())
    return grid, f"answer = grid.answer({{{moved}}})", "answer"


def service(activities: bool) -> Lines:
    """Return outcomes side by side, the paths, and what activities go with where there are any."""
    more = ["activities = space.activities()"] if activities else []
    return "service, paths = space.service_tables()", *more, "service"


def programmes(programme: str, assumed: Mapping[str, float]) -> Lines:
    """Return what became of a programme, and what that is worth under the figures entered."""
    if not programme:
        return ("space.programmes()",)
    entered = ", ".join(f"{_text(name)}: {value:g}" for name, value in assumed.items())
    return (
        "from engage.privacy import release_statement",
        f"effects = space.programmes({_text(programme)})",
        f"statement = release_statement(effects, {_text(programme)}, {{{entered}}})",
        "effects",
    )


def stars(wave: str, scored: bool, staying: bool, graded: bool, placed: bool) -> Lines:
    """Return what came before and since a step up; of the rest by star what the page has."""
    return (
        "steps = space.stars()",
        *([f'scores = space.scores({_text(wave)}, "star")'] if scored else []),
        *(['staying = space.retention("star")'] if staying else []),
        *(["grades = space.time_in_grade()"] if graded else []),
        *(["places = space.places()"] if placed else []),
        "steps",
    )


def attrition(on: bool, by: str = "", challenger: bool = False) -> Lines:
    """Return staying, ratios, odds, head-counts and how well leaving can be told."""
    if not on:
        return ("space.attrition_on",)
    return (
        f"staying = space.retention({_text(by) if by else ''})",
        "early = space.retention(early=True)",
        "hazards = space.leaving_hazards()",
        'odds = space.drivers("attrition")',
        "headcount = space.headcount()",
        f"model = space.attrition({'challenger=True' if challenger else ''})",
        "staying",
    )


def teams(wave: str, group: str, scale: str) -> Lines:
    """Return scores of groups, how they differ, how answers to one scale are spread, and what is hidden."""
    of = _text(wave)
    return (
        f"scores = space.scores({of}, {_text(group)})",
        f"differences = space.differences({_text(group)}, {of})",
        f"shares = space.distribution({_text(group)}, {of}, {_text(scale)})",
        f"shown = space.utility({of})",
        "scores",
    )


def trend() -> Lines:
    """Return the waves, the changes between them, and where trends break."""
    return "changes = space.changes()", "trend = space.trend()", "breaks = space.breaks().breaks", "changes"


def comments(part: str, wave: str, read: Mapping[str, Any]) -> Lines:
    """Return the tone of themes, and what the picked part shows beside it."""
    themes = f'themes = space.tone("theme", {_text(wave)})'
    asked = "".join(
        f", {name}={_text(value) if isinstance(value, str) else value}"
        for name, value in read.items()
        if value
    )
    more = {
        "themes": 'waves = space.tone("wave")',
        "read": f"comments = space.comments(wave={_text(wave)}{asked})",
        "wishes": "wishes = space.wishes()",
        "emerging": "emerging = space.emerging()",
        "agreement": "agreement = space.agreement()",
    }
    return themes, more[part], more[part].partition(" = ")[0]


def quality(wave: str, group: str) -> Lines:
    """Return the checks of a wave, and who answered by a group of the staff list, where it has one."""
    checks = f"checks = space.quality({_text(wave)})"
    staff = [f"response = space.response({_text(group)}, {_text(wave)})"] if group else []
    return checks, *staff, "checks"


def reports(wave: str, lang: str, format: str, group: Sequence[str] = ()) -> Lines:
    """Return the report, or the one-pager of a group, as a file in the folder where the lines are run."""
    of = f", group=({', '.join(map(_text, group))})" if group else ""
    return (
        "from pathlib import Path",
        "from engage.present.numbers import today",
        "from engage.present.report import of_workspace, written",
        f"report = of_workspace(space, {_text(lang)}, {_text(wave)}, made_on=today({_text(lang)}){of})",
        f"file = Path({_text(f'engage_{wave}_{lang}.{format}')})",
        f"size = file.write_bytes(written(report, {_text(format)}))",
        "file",
    )


def upload(newest: str) -> Lines:
    """Return the waves that are there, and what of the newest closed one could be matched."""
    joins = [f"joins = space.join_report({_text(newest)})"] if newest else []
    return "waves = space.wave_table()", *joins, "waves"


def desk(tickets: bool, inspections: bool, weeks: int) -> Lines:
    """Return what tickets and inspections show, as far as there are any."""
    asked = (
        *((f"desk = space.desk({weeks})", "trend = space.desk_weeks()") if tickets else ()),
        *(("marks = space.inspections()", "raters = space.raters()") if inspections else ()),
    )
    return (*asked, "desk" if tickets else "marks")


def workforce(leaving: float) -> Lines:
    """Return head-counts beside the plan, and what if people leave so many times as fast."""
    changed = [f"changed = space.workforce(leaving={leaving:g})"] if leaving != 1 else []
    return "workforce = space.workforce()", *changed, "workforce"


def competence(levels: bool, rated: bool) -> Lines:
    """Return levels beside targets, what to train and why, and ratings of contacts, as far as they go."""
    gaps = ("gaps = space.competence()", "training = space.training()", "links = space.competence_links()")
    return (
        *(gaps if levels else ()),
        *(["ratings = space.service_value()"] if rated else []),
        "gaps" if levels else "ratings" if rated else "space.waves()",
    )


def settings() -> Lines:
    """Return the policy, the norms, and who may do what."""
    return "policy = space.policy", "norms = space.norms()", "access = space.access", "policy"


def plans() -> Lines:
    """Return the action plans and what later waves show."""
    return ("plans = space.plans()", "plans")


SNIPPETS: Final[Mapping[str, Callable[..., Lines]]] = {
    function.__name__: function
    for function in (
        overview, drivers, herzberg, whatif, service, programmes, stars, attrition, teams, trend, comments,
        quality, reports, upload, desk, plans, workforce, competence, settings,
    )
}  # fmt: skip
"""The lines of each page, by its name."""


def _text(text: str) -> str:
    """Return text as a literal of Python: whatever a file holds, it stays text."""
    return json.dumps(text, ensure_ascii=False)
