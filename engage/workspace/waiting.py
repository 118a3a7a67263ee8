"""What waits for the next close of a wave, and whether it is enough for one.

What readers see of a closed wave changes at a close and at no other time, and from one release of a wave to
another by nobody or by at least as many people as a released group must have.
"""

import re
from collections import Counter
from typing import Final, Literal

import pandas as pd

from engage import engine
from engage.errors import InputError
from engage.ingest.responses import STAND_IN
from engage.privacy import Policy
from engage.store import Event, Kind, Snapshot
from engage.workspace.linking import survey_waves

Standing = Literal["same", "few_answers", "few_comments", "enough"]
"""Of a wave beside its releases: nothing differs from the latest, too little differs from some, or enough."""

_KINDS: Final[tuple[Kind, ...]] = ("responses", "comments")


def closed_waves(snapshot: Snapshot) -> set[str]:
    """Return the names of the waves that are closed."""
    return {event.wave for event in snapshot.events if event.event == "close"}


def standings(snapshot: Snapshot, policy: Policy) -> dict[str, Standing]:
    """Return the standing of every open wave, and of every closed one that is not as its close saw it."""
    closed = closed_waves(snapshot)
    return {
        wave: standing(snapshot, wave, policy)
        for wave in survey_waves(snapshot)
        if wave not in closed or _imports(snapshot, wave) != _imports(snapshot.present, wave)
    }


def standing(snapshot: Snapshot, wave: str, policy: Policy) -> Standing:
    """Compare what is imported of a wave now with every release of it; one never released has ``enough``.

    Respondents must differ by none or by ``scores_k``: new, gone, erased, or with another answer or comment.
    A closed wave that no respondent differs from is closed again for the sake of comments that came in files
    of their own, of ``comments_k`` writers (each that nobody knows is one) beside the latest release; which
    tables they enter is decided in :mod:`engage.workspace.hearing`.
    """
    open_again = wave not in closed_waves(snapshot)
    found: Standing = "enough"
    for release, erased in zip(snapshot.releases(wave), snapshot.erased_since(wave), strict=True):
        answers, comments = (differing(release, snapshot.present, wave, kind) for kind in _KINDS)
        answers += erased
        if 0 < answers < policy.scores_k:
            return "few_answers"
        if answers:
            found = "enough"
        elif comments:
            found = "enough" if open_again or comments >= policy.comments_k else "few_comments"
        else:
            found = "same"
    return found


def refuse_too_few(found: Standing, wave: str, policy: Policy) -> None:
    """Raise ``InputError`` if a wave can't be closed because too little differs from what was shown."""
    if found == "few_answers":
        raise InputError("workspace.few_answers_differ", where=wave, wave=wave, count=policy.scores_k)
    if found == "few_comments":
        raise InputError("workspace.few_comments_differ", where=wave, wave=wave, count=policy.comments_k)


def opens_again(snapshot: Snapshot, event: Event, policy: Policy) -> bool:
    """Return whether a closed wave may not stay as it is without an import that is taken back.

    It may not if its results are of ``scores_k`` respondents or more whose answers were taken back, this
    import's among them, or if no answers are left.
    """
    if event.kind != "responses" or event not in snapshot.events:
        return False
    present = [e for e in snapshot.present.events if e != event]
    left = snapshot.only(e for e in snapshot.events if e in present)
    lost = differing(snapshot, left, event.wave, "responses")
    return lost >= policy.scores_k or not any(
        e.kind == "responses" for e in _imports(snapshot.only(present), event.wave)
    )


def differing(before: Snapshot, after: Snapshot, wave: str, kind: Kind) -> int:
    """Return how many people's rows of a wave are new, gone or changed between two states of a workspace.

    Whoever has no id is compared by their rows alone; one gone and one new then count as one changed.
    """
    old, new = (
        [event for event in _imports(mine, wave) if event.kind == kind and event not in other.events]
        for mine, other in ((before, after), (after, before))
    )
    if not old and not new:
        return 0
    rows = _marks(after, [*old, *new], wave)
    was_there = rows["import_id"].isin([event.id for event in old])
    gone, come = (
        {str(id): int(mark) for id, mark in side.groupby("respondent")["mark"].sum().items()}
        for side in (rows[was_there], rows[~was_there])
    )
    people = [id for id in {**gone, **come} if gone.get(id) != come.get(id)]
    nameless = [id for id in people if re.fullmatch(STAND_IN, id)]
    left, right = (Counter(side[id] for id in nameless if id in side) for side in (gone, come))
    return len(people) - len(nameless) + max((left - right).total(), (right - left).total())


def _imports(snapshot: Snapshot, wave: str) -> list[Event]:
    return [event for event in snapshot.events if event.frozen_by_close and event.wave == wave]


def _marks(snapshot: Snapshot, events: list[Event], wave: str) -> pd.DataFrame:
    """Return ``import_id, respondent, mark``: a digest of every row of some imports, whoever wrote it."""
    of_them = snapshot.only(events)
    parts = []
    for table in {name for event in events for name in event.tables}:
        rows = engine.open_table(of_them, table)
        frame = engine.frame(rows.filter(rows.wave == wave))
        said = frame.drop(columns=["import_id", "wave", "respondent"])
        marks = pd.util.hash_pandas_object(said.assign(table=table), index=False)
        nobody = pd.Series([f"row-{n}-0" for n in range(len(frame))], index=frame.index)
        parts.append(frame[["import_id"]].assign(respondent=frame["respondent"].fillna(nobody), mark=marks))
    return pd.concat(parts, ignore_index=True)
