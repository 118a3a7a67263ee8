"""Who shares an error: the teams of people whose leaving is looked at."""

import pandas as pd

from engage.model.diagnostics import FEW_CLUSTERS

TEAM = "team"


def shared_by(frame: pd.DataFrame) -> tuple[pd.DataFrame, str | None]:
    """Return the frame and ``"team"`` where it holds enough teams to cluster errors by, else ``None``.

    Who has no team is alone in one. Several rows of a person lie in one cluster unless the person moved;
    leaving happens once, so what moves with a person from team to team is next to nothing.
    """
    if TEAM not in frame or frame[TEAM].nunique() < FEW_CLUSTERS:
        return frame, None
    alone = "?" + frame["respondent"].astype(str)
    return frame.assign(team=frame[TEAM].astype("object").where(frame[TEAM].notna(), alone)), TEAM
