"""The one-pager of a group: where it stands beside everyone and the wave before, and what to talk about.

It is made of tables that were released for all readers, so it tells nothing that the pages don't.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pandas as pd

from engage.errors import EngageError, TooLittleData
from engage.present import charts, group_sentences, sentences
from engage.present.group_charts import beside
from engage.present.labels import Names, method_lines
from engage.present.look import in_language, released
from engage.present.report.source import Source
from engage.present.report.story import HEADLINE, Figure, Report, Section, Sheet, talk_section
from engage.privacy import SafeTable
from engage.words import say

_AREA: Final = "one_pager"


@dataclass(frozen=True)
class _Group:
    """One group of a wave; a table that several parts need is asked for once."""

    tables: Source
    names: Names
    wave: str
    by: str
    level: str

    def word(self, key: str, /, **params: object) -> str:
        return say(f"{_AREA}.{key}", self.names.lang, **params)

    @property
    def called(self) -> str:
        return self.names.level(self.by, self.level)

    @property
    def where(self) -> Mapping[str, str]:
        return {self.by: self.level}

    @cached_property
    def own(self) -> SafeTable:
        return self.tables.scores(self.wave, (self.by,), self.where)

    @cached_property
    def everyone(self) -> SafeTable:
        return self.tables.scores(self.wave)

    @cached_property
    def earlier(self) -> tuple[str, SafeTable] | None:
        """The wave before and the group's scores in it; ``None`` where it shows nothing of the group."""
        waves = self.tables.closed_waves
        place = waves.index(self.wave)
        before = waves[place - 1] if place else ""
        if not before or self.by not in self.tables.groups(before):
            return None
        table = self.tables.scores(before, (self.by,), self.where)
        return (before, table) if _anything(table) else None

    @cached_property
    def broken(self) -> frozenset[str]:
        """Scales that this wave asked in other words than the one before."""
        return frozenset(one.scale for one in self.tables.breaks() if one.wave_to == self.wave)

    def standing(self) -> Section:
        names = self.names
        lines = [group_sentences.standing(self.own, self.everyone, self.called, names)]
        lines += self._response()
        differences = self.tables.differences(self.by, self.wave)
        lines.append(group_sentences.against_others(differences, self.by, self.level, names))
        if self.earlier is None:
            lines.append(self.word("no_earlier"))
        else:
            lines.append(group_sentences.moved(self.own, *self.earlier, names, apart=self.broken))
        chart = beside(self.own, self.everyone, self.earlier, self.called, names, apart=self.broken)
        sheets = [
            Sheet("group", self.word("own_scores", group=self.called), self.own),
            Sheet("everyone", self.word("everyone"), self.everyone),
        ]
        if self.earlier is not None:
            sheets.append(Sheet("earlier", f"{self.called} {self.earlier[0]}", self.earlier[1]))
        figure = Figure(in_language(chart, names.lang), lines[0])
        return Section(
            "standing",
            self.word("standing", group=self.called, wave=self.wave),
            tuple(lines),
            (figure,),
            tuple(sheets),
        )

    def _response(self) -> list[str]:
        """Return how many were asked and answered, where the staff list has the group."""
        try:
            rates = self.tables.response(self.by, self.wave)
        except EngageError:  # the staff list lacks it; how many answered stands in the line before
            return []
        line = group_sentences.response(rates, self.by, self.level, self.names)
        return [line] if line else []

    def extremes(self) -> Section:
        title = self.word("extremes")
        return Section("extremes", title, group_sentences.extremes(self.own, self.everyone, self.names))

    def drivers(self) -> Section:
        """Tell what goes with engagement in the whole organisation, beside the group's own scores."""
        names, title = self.names, self.word("drivers")
        outcomes = self.tables.outcomes()
        if not outcomes:
            return Section("drivers", title, (say("sentences.nothing", names.lang),))
        outcome = next((one for one in HEADLINE if one in outcomes), outcomes[0])
        try:
            table = self.tables.drivers(outcome, self.wave)
        except EngageError as error:
            return Section("drivers", title, (f"{error.what(names.lang)} {error.remedy(names.lang)}",))
        beside_them = group_sentences.beside_drivers(table, self.own, self.everyone, names)
        lines = (sentences.drivers(table, names)[0], *beside_them, self.word("why_everyone"))
        chart = in_language(charts.importance_performance(table, self.own, names), names.lang)
        called = say("page_drivers.coefficients", names.lang)
        return Section(
            "drivers", title, lines, (Figure(chart, self.word("map", group=self.called)),),
            (Sheet("drivers", called, table),),
        )  # fmt: skip

    def withheld(self) -> Section:
        table = self.tables.utility(self.wave)
        lines = (
            group_sentences.withheld(self.own, self.names),
            *sentences.utility(table, self.by, self.names),
        )
        title = say("report.withheld_title", self.names.lang)
        sheet = Sheet("withheld", title, table)
        method = method_lines(_AREA, self.names.lang)
        return Section("withheld", title, lines, sheets=(sheet,), method=method)


def shown_levels(tables: Source, wave: str, by: str) -> tuple[str, ...]:
    """Return the groups of a demographic that a one-pager can be made of: those with any result shown.

    Raises ``UsageError`` for an unknown demographic, ``TooLittleData`` where the reader sees none of them.
    """
    frame = released(tables.scores(wave, (by,)), "scores")
    there = frame[["mean", "favourable"]].notna().any(axis=1) & frame[by].notna()
    return tuple(dict.fromkeys(str(level) for level in frame.loc[there, by]))


def one_pager(tables: Source, names: Names, wave: str, by: str, level: str, *, made_on: str) -> Report:
    """Return the one-pager of the group ``level`` of the demographic ``by`` in a closed wave.

    ``level``: the group's id, or its name in the language of ``names``. ``made_on``: the date to put on it.
    Raises ``UsageError`` for an unknown demographic; ``TooLittleData``, in the same words, for a group whose
    results are not shown to the reader, and for one that does not exist.
    """
    levels = shown_levels(tables, wave, by)
    named = [one for one in levels if names.level(by, one) == level]
    found = [level] if level in levels else named
    if len(found) != 1:
        raise TooLittleData("report.no_group", group=level)
    group = _Group(tables, names, wave, by, found[0])
    talk = talk_section(group.own, tables.guides, names)
    parts = [group.standing(), group.extremes(), group.drivers(), talk, group.withheld()]
    title = group.word("title", group=group.called, wave=wave)
    subtitle = say("report.subtitle", names.lang, date=made_on)
    return Report(title, subtitle, names, tuple(part for part in parts if part is not None), brief=True)


def _anything(table: SafeTable) -> bool:
    frame: pd.DataFrame = table.tidy()
    return bool(frame[["mean", "favourable"]].notna().any().any())
