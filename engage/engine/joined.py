"""Answers of a wave, joined over its questionnaires and to the people: what cells and models start from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from engage.engine.scores import FAVOURABLE, respondent_scores
from engage.engine.tables import frame, latest_people
from engage.errors import InputError
from engage.instrument import Instrument, Role, Scale
from engage.store import Snapshot, wave_name

if TYPE_CHECKING:
    import ibis.expr.types as ir

COMPOSITES: Final[tuple[Role, ...]] = ("hygiene", "motivator")
"""Roles whose scales are averaged into one score of that name."""

ENPS: Final = "enps"
ENPS_NET: Final = "enps_net"
"""Employee net promoter score of one person: 100 promoter (9–10), 0 passive, −100 detractor (0–6)."""

_NO_GROUP: Final = frozenset({"leave_type", "org_path"})


@dataclass(frozen=True, slots=True)
class Joined:
    """One row per respondent of a wave.

    ``scores``: ``wave, respondent, started``, the columns ``groups`` (text), what else the people table
    holds, and for each of ``scales`` its score and ``<scale>__fav``. ``scales`` are those of the
    questionnaires, then the composites, then ``enps_net``. ``roles`` are those of the questionnaires'
    scales, but for levels of competence (those with targets): they are no outcome of working conditions.
    """

    scores: "ir.Table"
    scales: tuple[str, ...]
    groups: tuple[str, ...]
    roles: Mapping[str, Role]


def joined_scores(snapshot: Snapshot, wave: str) -> Joined:
    """Return the scores of ``wave`` over its questionnaires, with what HR knows of the people as of it.

    Ratings by others are left out where people answered on themselves (:meth:`Snapshot.answered`).

    A respondent of several questionnaires is one row. Where the survey asked a demographic, its answer stands
    and the people table's column of that name is left out. A composite is the mean of its role's scales,
    missing unless at least half of them are there, and so is its share of favourable answers.

    Raises ``InputError`` if two questionnaires of the wave have a scale in common.
    """
    instruments = [snapshot.instrument(id, wave) for id in snapshot.answered(wave)]
    scales: list[Scale] = []
    for instrument in instruments:
        twice = {scale.id for scale in scales} & {scale.id for scale in instrument.scales}
        if twice:
            raise InputError("workspace.scale_twice", where=wave, scale=min(twice))
        scales += instrument.scales
    parts = [_asked(respondent_scores(snapshot, i, wave), i) for i in instruments]
    scores = parts[0]
    for part in parts[1:]:
        scores = _side_by_side(scores, part)
    groups = [d.id for i in instruments for d in i.demographics]
    scores, more = _with_people(scores, snapshot, wave)
    made = _composites(scores, scales) | _net(scores, scales)
    return Joined(
        scores=scores.mutate(**made),
        scales=(*(s.id for s in scales), *(name for name in made if not name.endswith(FAVOURABLE))),
        groups=tuple(dict.fromkeys([*groups, *more])),
        roles={scale.id: scale.role for i in instruments if not i.targets_by for scale in i.scales},
    )


def held(joined: Joined) -> Joined:
    """Return the same with its rows computed once and kept while it lives: for several questions in a row."""
    return replace(joined, scores=joined.scores.cache())


def _asked(scores: "ir.Table", instrument: Instrument) -> "ir.Table":
    """Leave out what only other versions ask: with an import that nobody sees yet, its columns come too."""
    asked = {demographic.id for demographic in instrument.demographics}
    made = [name for scale in instrument.scales for name in (scale.id, scale.id + FAVOURABLE)]
    names = {"wave", "respondent", "started", *asked, *made}
    return scores.select(*(name for name in scores.columns if name in names))


def _side_by_side(left: "ir.Table", right: "ir.Table") -> "ir.Table":
    """Join two questionnaires on the respondent; of a column that both have, the first answer stands."""
    both = left.outer_join(right, ["wave", "respondent"], rname="{name}__second")
    names = tuple(dict.fromkeys([*left.columns, *right.columns]))
    shared = {
        name: both[name].coalesce(both[f"{name}__second"]) for name in left.columns if name in right.columns
    }
    # mutate, not select: a select would stay part of the join, and a further join couldn't name these columns
    return both.mutate(**shared).select(*names)


def _with_people(scores: "ir.Table", snapshot: Snapshot, wave: str) -> tuple["ir.Table", list[str]]:
    if "people" not in snapshot.tables:
        return scores, []
    people = latest_people(snapshot, as_of_wave=wave_name(wave))
    new = [
        c for c in people.columns if c not in scores.columns and c not in ("import_id", "wave", "respondent")
    ]
    known = people.select("respondent", *new)
    joined = scores.left_join(known, "respondent").drop("respondent_right")
    text = [c for c in new if known[c].type().is_string() and c not in _NO_GROUP]
    if not text:
        return joined, []
    filled = frame(known.aggregate(**{c: known[c].count() for c in text})).iloc[0]
    return joined, [c for c in text if filled[c] > 0]


def _composites(scores: "ir.Table", scales: list[Scale]) -> dict[str, "ir.Value"]:
    made: dict[str, ir.Value] = {}
    for role in COMPOSITES:
        members = [scale.id for scale in scales if scale.role == role]
        if not members:
            continue
        there = sum(scores[m].notnull().cast("int32") for m in members)
        base = (there * 2 >= len(members)).ifelse(there, None).cast("float64")
        for suffix in ("", FAVOURABLE):
            made[role + suffix] = sum(scores[m + suffix].fill_null(0.0) for m in members) / base
    return made


def _net(scores: "ir.Table", scales: list[Scale]) -> dict[str, "ir.Value"]:
    import ibis

    if ENPS not in {scale.id for scale in scales}:
        return {}
    rating = scores[ENPS]
    net = ibis.cases((rating >= 9, 100.0), (rating <= 6, -100.0), (rating.notnull(), 0.0))
    return {ENPS_NET: net, ENPS_NET + FAVOURABLE: ibis.null("float64")}
