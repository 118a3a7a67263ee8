"""The tone of comments by group, wave by wave, made ready for the gate."""

from collections.abc import Sequence

import pandas as pd

from engage.privacy import TONES, Policy, SafeTable, hidden_tone, release_tone
from engage.text import tone_by

_PART = ["question", "source"]


def tone_table(comments: pd.DataFrame, by: str, groups: Sequence[str], policy: Policy) -> SafeTable:
    """Return the tone of scored ``comments`` by theme, wave or one of the ``groups``.

    Tone is compared within a question and source only. What may be shown is settled in each wave by itself,
    once and for all. Where there are several, a group's comments are those of the waves in which it is shown:
    whatever else was counted in could be found by subtraction, from these waves' own tables or when the next
    wave comes.
    """
    heard = comments.dropna(subset=["tone", "tone_score", *_PART]).reset_index(drop=True)
    cells, reasons = [], []
    for _, part in heard.groupby(["wave", *_PART], sort=True):
        part = part.reset_index(drop=True)
        found = tone_by(part, [by])
        why = hidden_tone(part, by, groups, policy)
        names = found[by].astype(str) if by != "wave" else pd.Series("", index=found.index)
        cells.append(found)
        reasons.append(names.map(why))
    if not cells:
        return release_tone(
            pd.DataFrame(columns=[by, *_PART, "n", *TONES]), by, policy, pd.Series(dtype=object)
        )
    laid = pd.concat(cells, ignore_index=True).assign(reason=pd.concat(reasons, ignore_index=True))
    pooled = _pooled(laid, [by, *_PART])
    return release_tone(pooled, by, policy, pooled["reason"])


def _pooled(cells: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return one row per group, over the waves in which it is shown; of the latest wave if it never is."""
    shown = cells[cells["reason"] == ""]
    counts = shown[list(TONES)].mul(shown["n"], axis=0).assign(n=shown["n"])
    sums = counts.groupby([shown[key] for key in keys], sort=False).sum()
    sums[list(TONES)] = sums[list(TONES)].div(sums["n"], axis=0)
    last = cells.drop_duplicates(keys, keep="last").set_index(keys)
    seen = last.index.isin(sums.index)
    rows = pd.concat([sums.assign(reason=""), last.loc[~seen, [*TONES, "n", "reason"]]])
    return rows.reset_index().sort_values(keys, ignore_index=True)
