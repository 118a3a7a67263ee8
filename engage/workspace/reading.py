"""What was answered: scores, trends, comparisons, quality and comments, as they may be shown."""

import json
from collections.abc import Mapping, Sequence

import pandas as pd

from engage.errors import TooLittleData, UsageError
from engage.privacy import (
    SafeTable,
    nameable,
    release_changes,
    release_counts,
    release_open_wave,
    release_quality,
    release_staffing,
    release_utility,
    release_waves,
    select_cells,
    unnamed,
)
from engage.privacy.access import path_parts
from engage.store import wave_name
from engage.workspace import comparing, linking
from engage.workspace.answering import answered
from engage.workspace.base import ALL_WAVES, Base
from engage.workspace.breaks import Breaks, since_break, trend_breaks
from engage.workspace.cells import WaveCells
from engage.workspace.hearing import BOX, heard
from engage.workspace.organisation import unit_paths
from engage.workspace.quality import every_staffing, wave_quality
from engage.workspace.toning import tone_table
from engage.workspace.waiting import closed_waves


class Readings(Base):
    """The part of a workspace that tells what was answered."""

    def wave_table(self) -> SafeTable:
        """Return the waves, oldest first: state, responses (banded while open), first and last day."""
        snapshot = self._snapshot()
        if snapshot is None:
            return release_waves([], {}, ())
        facts = {str(fact["wave"]): fact for fact in linking.wave_facts(snapshot).to_dict("records")}
        return release_waves(self.waves(), facts, closed_waves(snapshot))

    def scores(
        self,
        wave: str | None = None,
        by: str | Sequence[str] = (),
        where: Mapping[str, str] | None = None,
    ) -> SafeTable:
        """Return released scale scores of one wave, by the demographics ``by``, for the groups of ``where``.

        Both pick from the tables published at the close; any other question comes back with hidden cells. An
        open wave says only in a band how many answered. Raises ``UsageError`` for unknown names.
        """
        names = (by,) if isinstance(by, str) else tuple(by)
        snapshot = self._need()
        if wave is not None and wave_name(wave) in self.open_waves:
            open_wave = wave_name(wave)
            scales = [scale.id for scale in self.instrument(open_wave).scales]
            counts = linking.response_counts(snapshot)[open_wave]
            return release_open_wave(scales, counts["responses"] or 0, names)
        cells = WaveCells(snapshot, self._waves(wave)[-1:])
        for name in (*names, *(where or {})):
            if name not in cells.demographics:
                raise UsageError(
                    "workspace.unknown_demographic", where=name, name=name, known=cells.demographics
                )
        return select_cells(self._in_sight(cells.frame), names, where or {})

    def unit_above(self, by: str, level: str, wave: str | None = None) -> tuple[str, str]:
        """Return the group above a unit whose results a closed wave shows, as demographic and value.

        By the paths of the staff list, the nearest first; ``("", "")``, which is everybody, where there is
        none, where the unit's name stands for several units, or where the person does not see it.
        """
        cells = WaveCells(self._need(), self._waves(wave)[-1:])
        paths, sight = unit_paths(self._need()).get(level, frozenset()), self._sight()
        if by not in cells.demographics or len(paths) != 1:
            return "", ""
        frame = cells.frame
        shown = frame[frame["mean"].notna()][["by", "key"]].drop_duplicates()
        known = {(*json.loads(names), *json.loads(key)) for names, key in shown.itertuples(index=False)}
        for unit in reversed(path_parts(next(iter(paths)))[:-1]):
            if sight is None or unit in sight.own:
                found = [name for name in cells.demographics if (name, unit) in known]
                if found:
                    return found[0], unit
        return "", ""

    def _in_sight(self, stored: pd.DataFrame) -> pd.DataFrame:
        """Leave out stored cells of units that the person does not see: a condition could name one."""
        sight = self._sight()
        if sight is None:
            return stored
        keep = pd.Series(True, index=stored.index)
        for by, rows in stored.groupby("by"):
            names = json.loads(str(by))
            keys = pd.DataFrame(rows["key"].map(json.loads).tolist(), columns=names, index=rows.index)
            keep[rows.index] = sight.seen(keys, names)
        return stored[keep]

    def trend(self) -> SafeTable:
        """Return the released totals of every closed wave, with the wave in the first column.

        Where a scale's wording changed, its figures before and after don't compare: see :meth:`breaks`.
        """
        return select_cells(WaveCells(self._need(), self._waves(ALL_WAVES)).frame, (), {}, with_wave=True)

    def breaks(self) -> Breaks:
        """Return where a trend breaks, over the closed waves: a scale asked in other words than before."""
        return trend_breaks(self._need(), self._waves(ALL_WAVES))

    def changes(self) -> SafeTable:
        """Return the changes between consecutive closed waves, tested unrounded inside the gate.

        Who answered both is counted as paired; with intervals, Hedges' g, and what is reliable at 5 %. Of a
        scale whose trend breaks, those since its last break.
        """
        snapshot, waves = self._need(), self._waves(ALL_WAVES)
        moments = since_break(WaveCells(snapshot, waves).moments, trend_breaks(snapshot, waves), waves)
        return release_changes(moments, waves, self.policy, comparing.links(snapshot, waves))

    def differences(self, by: str | Sequence[str], wave: str | None = None) -> SafeTable:
        """Return how each group of a published table differs from everybody else, by scale.

        With intervals, Hedges' g, p-values adjusted over the table, and a verdict. Raises ``UsageError`` for
        a table that is not published.
        """
        cells, names = self._published(by, wave)
        return comparing.compared(cells, names, self.policy)

    def distribution(
        self, by: str | Sequence[str] = (), wave: str | None = None, scale: str | None = None
    ) -> SafeTable:
        """Return shares of favourable, neutral and unfavourable answers, of the whole wave or a table of it.

        Of every scale, or of one, which is quicker. Raises ``UsageError`` for a table that is not published.
        """
        cells, names = self._published(by, wave)
        data = answered(self._need(), self._waves(wave)[-1], self.policy)
        return comparing.distribution(data, cells, names, self.policy, scale)

    def quality(self, wave: str | None = None) -> SafeTable:
        """Return whether a closed wave is fit to use, one line per check; the first is of the whole wave.

        Response, make-up of the respondents, careless answers, reliability, agreement of teams, and what the
        headline results would be without careless answers. See :func:`engage.privacy.release_quality`.
        """
        snapshot, name, policy = self._need(), self._waves(wave)[-1], self.policy
        data = answered(snapshot, name, policy)
        raw = wave_quality(snapshot, name, data, WaveCells(snapshot, [name]).frame, policy)
        return release_quality(raw, data.release, policy)

    def response(self, by: str, wave: str | None = None) -> SafeTable:
        """Return who answered, group by group, beside the staff list; of groups whose results are shown.

        Raises ``UsageError`` for a demographic without results, ``TooLittleData`` where the staff list does
        not have it.
        """
        cells, (group,) = self._published(by, wave)
        snapshot, name = self._need(), self._waves(wave)[-1]
        data = answered(snapshot, name, self.policy)
        staffing = every_staffing(snapshot, name, data, cells.frame, "")
        if group not in staffing:
            raise TooLittleData("workspace.not_on_staff_list", where=group, group=group)
        return release_staffing(staffing[group], group, self.policy)

    def response_rates(self) -> SafeTable:
        """Return, per closed wave, how many were employed (where known) and how many answered."""
        snapshot = self._need()
        counts = linking.response_counts(snapshot)
        return release_counts({wave: counts[wave] for wave in self._waves(ALL_WAVES)}, of="invited")

    def join_report(self, wave: str | None = None) -> SafeTable:
        """Return how many rows of survey, people, service and comments could be matched."""
        snapshot, name = self._need().renamed, self._waves(wave)[-1]
        return release_counts({name: linking.join_counts(snapshot, name)})

    def tone(self, by: str = "theme", wave: str | None = None) -> SafeTable:
        """Return the tone of comments by theme, wave or a demographic, within each question and source.

        Of several waves, those count in which the theme or group is shown.

        Raises ``TooLittleData`` where there are no comments, ``UsageError`` for an unknown grouping.
        """
        snapshot = self._need()
        waves = self._waves(ALL_WAVES if by == "wave" else wave)
        written, answers = heard(snapshot, waves, self.policy)
        if written.empty:
            raise TooLittleData("workspace.no_comments")
        if by not in ("theme", "wave", *answers.groups):
            known = ("theme", "wave", *answers.groups)
            raise UsageError("workspace.unknown_demographic", where=by, name=by, known=known)
        asked = {question.id for question in self.instrument(ALL_WAVES).questions}
        several = nameable(written["question"], asked, self.policy.comments_k)
        written["question"] = unnamed(written["question"].fillna(BOX), several | {BOX})
        if by in answers.groups:
            written[by] = unnamed(written[by], self._names(answers, by))
        table = tone_table(written, by, answers.groups, self.policy)
        self._audit("tone", rows=len(table))
        return table

    def utility(self, wave: str | None = None) -> SafeTable:
        """Return how many cells of closed waves are shown, and why the others are not, by table.

        It is counted from the tables that readers get, so it says nothing that they don't.
        """
        return release_utility(WaveCells(self._need(), self._waves(wave)).frame, self.policy)
