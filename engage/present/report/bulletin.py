"""The weekly service bulletin: the last full week on one page, with the figures of the Service desk page."""

from collections.abc import Sequence
from typing import Final, Protocol

from engage.errors import TooLittleData
from engage.present import charts, sentences
from engage.present.desk_words import day
from engage.present.labels import Names, method_lines
from engage.present.report.story import Figure, Report, Section, Sheet
from engage.privacy import SafeTable
from engage.words import say

WEEK, QUARTER = 1, 13
_METHOD: Final = "page_desk"


class DeskSource(Protocol):
    """Released tables of the desk, as a bulletin asks for them: a workspace's, or the pages' cached ones."""

    @property
    def desk_kinds(self) -> tuple[str, ...]:
        """Which of tickets and inspections are imported."""

    def desk(self, weeks: int) -> SafeTable:
        """Return on-time shares of the last full weeks."""

    def desk_weeks(self) -> SafeTable:
        """Return on-time shares week by week."""

    def inspections(self) -> SafeTable:
        """Return marks beside their standard."""


def bulletin(tables: DeskSource, names: Names, *, made_on: str) -> Report:
    """Return the bulletin of the last full week.

    ``made_on``: the date to put on it, as the reader writes it. Raises ``TooLittleData`` without tickets.
    """
    lang = names.lang
    week, quarter, trend = tables.desk(WEEK), tables.desk(QUARTER), tables.desk_weeks()
    of = {"start": day(week.notes["first_day"], names), "end": day(week.notes["last_day"], names)}
    method = method_lines(_METHOD, lang)
    parts = [
        _part(
            "week", (*sentences.desk(week, names), *sentences.late_list(week, names)), (),
            [("week", "branches", week)], names,
        ),
        _part(
            "weeks", sentences.desk_weeks(trend, names), [charts.desk_weeks(trend, names)],
            [("weeks", "trend_table", trend)], names,
        ),
        _part(
            "quarter", sentences.desk(quarter, names), [charts.funnel(quarter, names)],
            [("quarter", "quarter_table", quarter)], names, weeks=QUARTER,
        ),
    ]  # fmt: skip
    if "inspections" in tables.desk_kinds:
        parts.append(_training(tables, names))
    last = parts[-1]
    parts[-1] = Section(last.name, last.title, last.lines, last.figures, last.sheets, method)
    title = say("desk.bulletin.title", lang, **of)
    subtitle = say("desk.bulletin.subtitle", lang, date=made_on, as_of=str(week.notes["as_of"]))
    return Report(title, subtitle, names, tuple(parts))


def _training(tables: DeskSource, names: Names) -> Section:
    try:
        marks = tables.inspections()
    except TooLittleData as error:
        line = f"{error.what(names.lang)} {error.remedy(names.lang)}"
        return Section("training", say("desk.bulletin.training", names.lang), (line,))
    return _part(
        "training", sentences.training(marks, names), (), [("training", "training_table", marks)], names
    )


def _part(
    name: str,
    lines: Sequence[str],
    figures: Sequence[object],
    sheets: Sequence[tuple[str, str, SafeTable]],
    names: Names,
    **params: object,
) -> Section:
    made = tuple(
        Sheet(id, say(f"desk.bulletin.{key}", names.lang, weeks=QUARTER), table) for id, key, table in sheets
    )
    drawn = tuple(Figure(chart, lines[0]) for chart in figures)
    return Section(name, say(f"desk.bulletin.{name}", names.lang, **params), tuple(lines), drawn, made)
