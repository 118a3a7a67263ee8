"""Who shares an error: the teams of people whose answers or leaving are looked at."""

from typing import Final

import pandas as pd

TEAM = "team"
FEWEST_TEAMS: Final = 8
"""From here on errors with teams left out one by one hold, in ``benchmarks/coverage.py``."""


def shared_by(frame: pd.DataFrame) -> tuple[pd.DataFrame, str | None]:
    """Return the frame and ``"team"`` where it holds enough teams to cluster errors by, else ``None``.

    Who has no team is alone in one. Several rows of a person lie in one cluster unless the person moved;
    a tenth of people moving leaves the errors right (``benchmarks/coverage.py``).
    """
    if TEAM not in frame or frame[TEAM].nunique() < FEWEST_TEAMS:
        return frame, None
    alone = "?" + frame["respondent"].astype(str)
    return frame.assign(team=frame[TEAM].astype("object").where(frame[TEAM].notna(), alone)), TEAM
