"""The attack on a workspace's own releases: what its readers may ask, against who is behind it."""

from collections.abc import Sequence
from functools import cache

import pandas as pd

from engage import engine
from engage.privacy import select_cells
from engage.privacy.audit import Finding, Score, attack
from engage.store import Snapshot
from engage.workspace.cells import WaveCells
from engage.workspace.importing import Progress
from engage.workspace.publishing import measures_of

_MANY = 400  # people; above, fewer are looked at one by one


def attacked(
    snapshot: Snapshot, waves: Sequence[str], colluders: int, progress: Progress
) -> tuple[Finding, ...]:
    """Attack every score of the closed ``waves``, each wave by itself and all together."""
    answers: dict[str, pd.DataFrame] = {}
    scores: dict[str, Score] = {}
    released = {wave: WaveCells(snapshot, [wave]) for wave in waves}
    demographics = list(dict.fromkeys(name for cells in released.values() for name in cells.demographics))
    for wave in waves:
        joined = engine.joined_scores(snapshot, wave)
        frame = engine.frame(joined.scores)
        answers[wave] = frame.reindex(columns=[*frame.columns, *(set(demographics) - set(frame.columns))])
        for name, measure in measures_of(snapshot, wave, joined.scales).items():
            if not measure.share_of:
                scores[name] = Score(measure.least, measure.most, measure.step)
    frames = {wave: cells.frame for wave, cells in released.items()}

    @cache
    def ask(wave: str, by: tuple[str, ...]) -> pd.DataFrame:
        return select_cells(frames[wave], by, {}).tidy()

    few = max(len(frame) for frame in answers.values()) <= _MANY
    found: list[Finding] = []
    for step, (name, score) in enumerate(scores.items()):
        progress("audit", step, len(scores))
        found += attack(
            ask,
            {wave: frame for wave, frame in answers.items() if name in frame},
            demographics,
            {name: score},
            favourable=engine.FAVOURABLE,
            colluders=colluders,
            targets=24 if few else 6,
        )
    progress("audit", len(scores), len(scores))
    return tuple(found)
