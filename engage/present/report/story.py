"""What a report says, part by part: the questions of the pages, their first lines, charts and tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from engage.errors import EngageError
from engage.instrument import Guide
from engage.present import charts, numbers, sentences
from engage.present.labels import Names, is_missing, method_lines
from engage.present.look import in_language
from engage.present.norm_sentences import beside_norms
from engage.present.report.source import Source
from engage.present.standing import response_of, strengths_and_concerns, talk_about
from engage.present.trend_breaks import trend_breaks
from engage.privacy import SafeTable
from engage.words import say

HEADLINE: Final = ("engagement", "satisfaction")
_TREND: Final = ("engagement", "satisfaction", "hygiene", "motivator")


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with a title of its own, if any, and the sentence that says it to who can't see it.

    ``minor``: nothing stands out in it, so that slides can do without.
    """

    chart: Any
    said: str
    title: str = ""
    minor: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A released table with its title, and an ASCII ``name`` for files."""

    name: str
    title: str
    table: SafeTable


@dataclass(frozen=True, slots=True)
class Section:
    """One question: the answer in plain words first, then charts, tables, and how the figures are made."""

    name: str
    title: str
    lines: tuple[str, ...]
    figures: tuple[Figure, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    method: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What the writers write: everything in words of ``names.lang`` already, numbers from the gate.

    ``brief``: so short that it needs no contents and no cover, and prints without a page for each part.
    """

    title: str
    subtitle: str
    names: Names
    sections: tuple[Section, ...]
    brief: bool = False


@dataclass(frozen=True)
class _Teller:
    """Tells each part; a table that several parts need is asked for once."""

    tables: Source
    names: Names
    wave: str
    said: list[Section] = field(default_factory=list)

    @cached_property
    def scores(self) -> SafeTable:
        return self.tables.scores(self.wave)

    @cached_property
    def changes(self) -> SafeTable:
        return self.tables.changes()

    def word(self, key: str, /, **params: object) -> str:
        return say(f"report.{key}", self.names.lang, **params)

    def tell(self, name: str, part: Callable[[], Section]) -> None:
        """Add a part; where the data can't support it, what the page would say stands in its place."""
        try:
            self.said.append(part())
        except EngageError as error:
            lang = self.names.lang
            lines = (f"{error.what(lang)} {error.remedy(lang)}".strip(),)
            self.said.append(Section(name, say(f"page_{name}.title", lang), lines))

    def section(
        self,
        name: str,
        lines: Sequence[str],
        figures: Sequence[Figure],
        sheets: Sequence[tuple[str, str, SafeTable]],
    ) -> Section:
        """Return a part under the question of the page ``name``, with that page's words on its method."""
        area, lang = f"page_{name}", self.names.lang
        method = method_lines(area, lang)
        made = tuple(Sheet(id, title, table) for id, title, table in sheets)
        shown = tuple(replace(one, chart=in_language(one.chart, lang)) for one in figures)
        return Section(name, say(f"{area}.title", lang), tuple(lines), shown, made, method)

    def overview(self) -> Section:
        scores, changes = self.scores, self.changes
        lines = list(sentences.overview(scores, self.names, changes=changes, wave=self.wave))
        lines[1:1] = self._response()
        norms = self.tables.norms()
        lines += beside_norms(scores, norms, self.names)
        title = say("page_overview.scales_title", self.names.lang)
        return self.section(
            "overview", lines, [Figure(charts.scale_bars(scores, self.names, norms=norms), title)],
            [("scores", title, scores)],
        )  # fmt: skip

    def _response(self) -> list[str]:
        row = response_of(self.tables.response_rates(), self.wave)
        if row is None or is_missing(row["share"]):
            return []
        n = self.names.n(row["n"], row["n_band"])
        return [self.word("response", n=n, share=numbers.percent(row["share"]))]

    def trend(self) -> Section:
        trend, changes, breaks = self.tables.trend(), self.changes, self.tables.breaks()
        lines = list(sentences.changes(changes, self.wave, self.names))
        known = set(trend.tidy()["scale"])
        scales = tuple(scale for scale in _TREND if scale in known)
        lines += trend_breaks([one for one in breaks if one.scale in scales], self.names)
        figures = [Figure(charts.trend(trend, scales, self.names, changes=changes, breaks=breaks), lines[0])]
        if (changes.tidy()["wave_to"] == self.wave).any():
            figures.append(Figure(charts.changes(changes, self.wave, self.names), lines[0]))
        lang = self.names.lang
        moved = say("page_trend.changes_table", lang)
        sheets = [("trend", say("app.page_trend", lang), trend), ("changes", moved, changes)]
        return self.section("trend", lines, figures, sheets)

    def drivers(self) -> Section:
        lang, outcomes = self.names.lang, self.tables.outcomes()
        outcome = next((one for one in HEADLINE if one in outcomes), outcomes[0])
        table, scores = self.tables.drivers(outcome, self.wave), self.scores
        lines = [*sentences.drivers(table, self.names), say("page_drivers.association", lang)]
        where = say("page_drivers.map_title", lang)
        figures = [
            Figure(charts.importance(table, self.names), lines[0]),
            Figure(charts.importance_performance(table, scores, self.names), where, where),
        ]
        sheets = [("drivers", say("page_drivers.coefficients", lang), table)]
        return self.section("drivers", lines, figures, sheets)

    def herzberg(self) -> Section:
        table, lang = self.tables.herzberg(), self.names.lang
        lines = sentences.two_factor(table, self.names)
        figure = Figure(charts.verdict_grid(table, self.names), lines[0])
        return self.section("herzberg", lines, [figure], [("two_factor", say("app.details", lang), table)])

    def teams(self) -> Section:
        lines, figures, sheets = [], [], []
        for group in self.tables.groups(self.wave):
            named = self.names.demographic(group)
            differences = self.tables.differences(group, self.wave)
            scores = self.tables.scores(self.wave, (group,))
            said = sentences.differences(differences, group, self.names)[0]
            lines.append(said)
            title = self.word("scores_by", group=named)
            minor = not differences.tidy()["verdict"].isin(["lower", "higher"]).any()
            figures.append(
                Figure(
                    charts.heat_map(scores, group, self.names, norms=self.tables.norms()), said, title, minor
                )
            )
            sheets.append((f"scores_by_{group}", title, scores))
        return self.section("teams", lines or [say("page_teams.no_groups", self.names.lang)], figures, sheets)

    def service(self) -> Section:
        (table, paths), lang = self.tables.service(), self.names.lang
        lines = [*sentences.service(table, self.names), *sentences.paths(paths, self.names)]
        figure = Figure(charts.outcomes(table, self.names), lines[0])
        sheets = [("service", say("page_service.table_title", lang), table)]
        if len(paths):
            sheets.append(("service_paths", say("page_service.paths_table", lang), paths))
        return self.section("service", lines, [figure], sheets)

    def attrition(self) -> Section:
        table, lang = self.tables.retention(""), self.names.lang
        lines = [*sentences.staying(table, self.names), say("page_attrition.groups_only", lang)]
        figure = Figure(charts.staying(table, "", self.names), lines[0])
        title = say("page_attrition.curves_title", lang)
        return self.section("attrition", lines, [figure], [("staying", title, table)])

    def comments(self) -> Section:
        table, lang = self.tables.tone("theme", self.wave), self.names.lang
        lines = sentences.tone(table, self.names)
        figures = [
            Figure(charts.tone_bars(table, "theme", self.names, question=question, source=source), said)
            for (question, source), said in zip(charts.tone_parts(table), lines, strict=False)
        ]
        title = say("page_comments.themes_title", lang)
        return self.section("comments", lines, figures, [("tone_by_theme", title, table)])

    def quality(self) -> Section:
        table, lang = self.tables.quality(self.wave), self.names.lang
        lights = sentences.lights(table, self.names)
        lines = [
            *sentences.quality(table, self.names)[:1],
            *(
                f"{say(f'sentences.light.{light.check}.name', lang)}"
                f"{'：' if lang == 'zh' else ': '}{light.why}"
                for light in lights
            ),
        ]
        title = say("page_quality.reliability_title", lang)
        figure = Figure(charts.reliability(table, self.names), title)
        return self.section("quality", lines, [figure], [("quality", say("app.page_quality", lang), table)])

    def shown(self) -> Section:
        """Say what is not in the report, and why: the log of what was withheld."""
        table = self.tables.utility(self.wave)
        groups = list(dict.fromkeys(table.tidy()["by"]))
        known = set(self.tables.groups(self.wave))
        lines = [
            self.word("withheld"),
            *(
                line
                for group in groups
                if group in known
                for line in sentences.utility(table, group, self.names)
            ),
        ]
        sheet = Sheet("withheld", self.word("withheld_title"), table)
        return Section("withheld", self.word("withheld_title"), tuple(lines), sheets=(sheet,))


def talk_section(scores: SafeTable, guides: Mapping[str, Guide], names: Names) -> Section | None:
    """Return what to ask and do about the factor that stands lowest; nothing where the list lacks it."""
    concerns = strengths_and_concerns(scores, names)[1]
    talk = talk_about(concerns[0].scale, guides, names) if concerns else None
    if talk is None:
        return None
    lang = names.lang
    factor = names.inline(names.scale(concerns[0].scale))
    colon = "：" if lang == "zh" else ": "
    watch = [say("page_overview.talk_watch", lang, watch=one) for _, _, one in talk.levers]
    lines = [
        say("page_overview.talk_ask", lang),
        *(f"· {question}" for question in talk.questions),
        say("page_overview.talk_do", lang),
        *(f"· {lever[0]}{colon}{lever[1]} {one}" for lever, one in zip(talk.levers, watch, strict=True)),
    ]
    return Section("talk", say("page_overview.talk_title", lang, factor=factor), tuple(lines))


def compose(tables: Source, names: Names, wave: str, *, made_on: str) -> Report:
    """Return the report of a closed wave: the questions of the pages, in their order.

    ``made_on``: the date to put on it, as the reader writes it. A part that the data can't support says why.
    """
    teller = _Teller(tables, names, wave)
    teller.tell("overview", teller.overview)
    talk = talk_section(teller.scores, tables.guides, names)
    if talk is not None:
        teller.said.append(talk)
    if len(tables.closed_waves) > 1:
        teller.tell("trend", teller.trend)
    if tables.outcomes():
        teller.tell("drivers", teller.drivers)
    teller.tell("herzberg", teller.herzberg)
    teller.tell("teams", teller.teams)
    teller.tell("service", teller.service)
    if tables.attrition_on:
        teller.tell("attrition", teller.attrition)
    teller.tell("comments", teller.comments)
    teller.tell("quality", teller.quality)
    teller.said.append(teller.shown())
    title, subtitle = teller.word("title", wave=wave), teller.word("subtitle", date=made_on)
    return Report(title, subtitle, names, tuple(teller.said))
