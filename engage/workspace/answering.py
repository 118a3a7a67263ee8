"""The answers of a closed wave item by item, beside what its close released. Raw, for the workspace alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from engage import engine
from engage.instrument import Instrument, Item, Scale
from engage.measure import unfavourable_share
from engage.privacy import Measure, Past, Policy
from engage.store import Snapshot
from engage.workspace.publishing import measures_of, release_of

FIRST_OUTCOMES: Final = ("engagement", "satisfaction")
"""Outcomes whose results stand first, where a questionnaire has them."""
UNFAVOURABLE: Final = "__unf"
"""Suffix of the column that holds a respondent's share of unfavourable answers on a scale."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One closed wave: who answered what, in the order of ``release.roster.people``.

    ``items``: a column per item, as given; ``seconds``: how long each took, missing where not known;
    ``scores``: a column per released score; ``questions`` and ``scales`` are those of all questionnaires of
    the wave; ``release`` says who is in which group and which cells are shown.
    """

    items: pd.DataFrame
    seconds: pd.Series
    scores: pd.DataFrame
    questions: tuple[Item, ...]
    scales: tuple[Scale, ...]
    measures: dict[str, Measure]
    release: Past

    def of(self, scale: Scale) -> tuple[Item, ...]:
        """Return the items of a scale."""
        return tuple(item for item in self.questions if item.id in scale.items)

    def keyed(self, scale: Scale) -> pd.DataFrame:
        """Return the answers to a scale's items, reverse-keyed ones turned round."""
        return _keyed(self.of(scale), self.items)

    def alike(self) -> tuple[Item, ...]:
        """Return the items that share the range of answers that most items have."""
        ranges = Counter((item.minimum, item.maximum) for item in self.questions)
        common = ranges.most_common(1)[0][0]
        return tuple(item for item in self.questions if (item.minimum, item.maximum) == common)

    def unfavourable(self) -> pd.DataFrame:
        """Return each person's share of unfavourable answers by scale, columns ``<scale>__unf``.

        Scales whose items differ in their range of answers have none.
        """
        made = {}
        for scale in self.scales:
            items = self.of(scale)
            if len({(item.minimum, item.maximum) for item in items}) == 1:
                made[scale.id + UNFAVOURABLE] = unfavourable_share(
                    self.items[[item.id for item in items]],
                    minimum=items[0].minimum,
                    maximum=items[0].maximum,
                    reverse=[item.id for item in items if item.reverse_keyed],
                ).astype(float)
        return pd.DataFrame(made, index=self.items.index)


def answered(snapshot: Snapshot, wave: str, policy: Policy) -> Answered:
    """Return the answers behind the results of a closed wave.

    Raises ``TooLittleData`` where its close left no record of its members.
    """
    instruments, items, seconds = given(snapshot, wave)
    scores = person_scores(instruments, items)
    measures = measures_of(snapshot, wave, [str(name) for name in scores])
    release = release_of(snapshot, wave, measures, policy)
    people = pd.Index(release.roster.people, name="respondent")
    return Answered(
        items=items.reindex(people),
        seconds=seconds.reindex(people),
        scores=scores.reindex(people),
        questions=tuple(item for one in instruments for item in one.items),
        scales=tuple(scale for one in instruments for scale in one.scales),
        measures=measures,
        release=release,
    )


def given(snapshot: Snapshot, wave: str) -> tuple[list[Instrument], pd.DataFrame, pd.Series]:
    """Return the questionnaires of a wave, what each respondent answered, and how long they took."""
    instruments = [snapshot.instrument(id, wave) for id in snapshot.answered(wave)]
    parts = [engine.answers(snapshot, one, wave).set_index("respondent") for one in instruments]
    items = pd.concat([part.drop(columns="seconds") for part in parts], axis=1).astype(float)
    seconds = pd.concat([_taken(part) for part in parts], axis=1).sum(axis=1, min_count=1)
    return instruments, items, seconds.replace(np.inf, np.nan)


def person_scores(instruments: Sequence[Instrument], items: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of :func:`engage.engine.joined_scores`, from answers that are at hand.

    One column per scale, composite and net score, in that function's order.
    """
    scales = [scale for one in instruments for scale in one.scales]
    questions = {item.id: item for one in instruments for item in one.items}
    made = {scale.id: _half_there(_keyed([questions[id] for id in scale.items], items)) for scale in scales}
    for role in engine.COMPOSITES:
        members = [scale.id for scale in scales if scale.role == role]
        if members:
            made[role] = _half_there(pd.DataFrame({name: made[name] for name in members}))
    if engine.ENPS in made:
        rating = made[engine.ENPS]
        made[engine.ENPS_NET] = (100.0 * (rating >= 9) - 100.0 * (rating <= 6)).where(rating.notna())
    return pd.DataFrame(made, index=items.index)


def _keyed(questions: Sequence[Item], items: pd.DataFrame) -> pd.DataFrame:
    """Return the answers to some items, reverse-keyed ones turned round."""
    turned = {i.id: i.minimum + i.maximum - items[i.id] for i in questions if i.reverse_keyed}
    return pd.DataFrame({i.id: turned.get(i.id, items[i.id]) for i in questions})


def _half_there(parts: pd.DataFrame) -> pd.Series:
    return parts.mean(axis=1).where(2 * parts.notna().sum(axis=1) >= parts.shape[1])


def _taken(part: pd.DataFrame) -> pd.Series:
    """Return how long each took for one questionnaire, infinite where they answered it but nobody knows."""
    took = part["seconds"].astype(float)
    return took.mask(took.isna() & part.drop(columns="seconds").notna().any(axis=1), np.inf)


def headlines(scales: Sequence[Scale]) -> tuple[str, ...]:
    """Return the scales whose results stand first: engagement and satisfaction, else the first outcome."""
    outcomes = [scale.id for scale in scales if scale.role == "outcome"]
    first = [id for id in FIRST_OUTCOMES if id in outcomes]
    return tuple(first or outcomes[:1])
