"""What models are of: the answers that the first close of a wave saw, whatever came later."""

from engage import engine
from engage.store import Snapshot, responses_table
from engage.workspace.waiting import closed_waves, differing


def steady(snapshot: Snapshot) -> Snapshot:
    """Return a state of the workspace in which each closed wave has the answers that models may be of.

    Two models of nearly the same people are as many equations on those few who differ as they have
    coefficients, and a category may hold one of them alone. So models keep to what the first close of a wave
    saw. Only where nobody's answers are as they were, the whole wave having been imported anew, do they go on
    to what a later close saw.
    """
    kept = set(snapshot.events)
    for wave in closed_waves(snapshot):
        first, *later = snapshot.releases(wave)
        if not later:
            continue
        used = first
        for release in later:
            everybody = _people(used, wave) | _people(release, wave)
            if differing(used, release, wave, "responses") >= len(everybody):
                used = release
        kept -= {e for e in snapshot.events if (e.kind, e.wave) == ("responses", wave)}
        kept |= {e for e in used.events if (e.kind, e.wave) == ("responses", wave)}
    return snapshot.only(event for event in snapshot.log if event in kept)


def _people(snapshot: Snapshot, wave: str) -> set[str]:
    found: set[str] = set()
    for id in snapshot.instruments(wave):
        rows = engine.open_table(snapshot, responses_table(id))
        found |= set(engine.frame(rows.filter(rows.wave == wave).select("respondent"))["respondent"])
    return found
