"""What the words of comments say as a whole: themes that no list has, and whether words and scores agree."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from engage.privacy import rounding
from engage.privacy.policy import Policy
from engage.privacy.safe import SafeTable, seal
from engage.privacy.suppress import suppress
from engage.privacy.voices import PART, people_of
from engage.text.emerging import terms_of

EMERGING_COLUMNS: Final = (
    *PART, "language", "theme", "phrases", "wave", "n", "n_band", "share", "before", "share_before", "change",
)  # fmt: skip
AGREEMENT_COLUMNS: Final = (
    "wave", *PART, "theme", "n", "n_band", "negative", "positive", "favourable",
    "rank_words", "rank_scores", "verdict",
    "themes", "tau", "p_value",
)  # fmt: skip

_FEWEST_THEMES: Final = 5
_MOST_PHRASES: Final = 5
_LIFT: Final = 2.5


def release_emerging(members: pd.DataFrame, waves: Sequence[str], policy: Policy) -> SafeTable:
    """Release the themes that comments form by themselves, one row per theme, and how their share moved.

    ``members``: comments of closed waves, one row each: ``wave, question, source, language, group`` (a number
    within question, source and language; -1 for none), ``phrases`` (of the group, a tuple), ``theme, tone,
    text, respondent``. In each wave, question, source and language a group is shown if ``comments_k`` writers
    are in it and as many, in two groups, in those that are not, or none. A phrase is shown if
    ``comments_k`` writers of the group use it; a group without such a phrase is not. ``share`` of comments
    is rounded as that of a theme; ``theme`` is what most of its comments are filed under, ``None`` where no
    theme has half of them.

    ``change`` compares the newest wave in which it is shown with the one before: ``more``, ``less``, or
    ``same`` where the difference of the two shares, unrounded, is within chance (two-sided z test of two
    proportions, pooled variance, at 5 % divided by the number of groups compared); ``None`` without two
    waves. R: ``prop.test(x, n, correct = FALSE)``.
    """
    rows: list[dict[str, object]] = []
    for (question, source, language), part in members.groupby([*PART, "language"], sort=True):
        people = people_of(part)
        counted = part.assign(who=people)
        cells = counted.groupby(["wave", "group"])["who"].nunique().rename("n").reset_index()
        cells["hidden"] = False
        for _, wave in cells.groupby("wave"):
            cells.loc[wave.index, "hidden"] = suppress(wave, ["group"], policy.comments_k) != ""
        shown = cells[~cells["hidden"] & (cells["group"] >= 0)]
        used = Counter(term for text in part["text"] for term in terms_of(str(text), str(language)))
        for group, mine in shown.groupby("group", sort=True):
            comments = counted[counted["group"] == group]
            phrases = _phrases(comments, used, len(part), str(language), policy.comments_k)
            if phrases:
                there = [wave for wave in waves if wave in set(mine["wave"])]
                row = _emerging(comments, counted, there, shown["group"].nunique())
                rows.append(
                    {"question": question, "source": source, "language": language, "phrases": phrases, **row}
                )
    frame = pd.DataFrame(rows).reindex(columns=list(EMERGING_COLUMNS))
    size = pd.Series([float(share) for share in frame["share"]], frame.index, dtype=float)
    frame = frame.assign(size=size).sort_values(
        [*PART, "language", "size"], ascending=[True, True, True, False]
    )
    frame = frame[list(EMERGING_COLUMNS)].astype({"n": "Int64", "share": float, "share_before": float})
    return seal("emerging", frame)


def release_agreement(
    tones: Mapping[str, SafeTable], scores: Mapping[str, SafeTable], themes: Sequence[str]
) -> SafeTable:
    """Lay the tone of each theme beside the score of the factor of the same name, wave by wave.

    ``tones``: by wave, tone tables by theme; ``scores``: by wave, score tables of everyone; ``themes``: those
    that are factors. Of released numbers alone. ``rank_words``: by the negative share less the positive one,
    1 for the worst; ``rank_scores``: by the favourable share, 1 for the lowest; ties share the mean rank.
    ``tau``: Kendall's τ-b of the two over the themes of a wave, question and source that have both, 1 if
    words and scores put them in the same order; ``p_value`` its band (exact without ties), both missing
    below five ``themes``. ``verdict``: ``words_worse`` or ``scores_worse`` where the ranks are at least
    half the number of themes apart, else ``alike``. R: ``cor.test(x, y, method = "kendall")``.
    """
    rows = []
    for wave, tone in tones.items():
        favourable = _favourable(scores[wave])
        frame = tone.tidy()
        frame = frame[frame["theme"].isin(themes) & frame["negative"].notna()]
        frame = frame.assign(favourable=frame["theme"].map(favourable), wave=wave).dropna(
            subset=["favourable"]
        )
        rows += [_ranked(part) for _, part in frame.groupby(list(PART), sort=True)]
    frame = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
    return seal("agreement", frame.reindex(columns=list(AGREEMENT_COLUMNS)))


def _favourable(scores: SafeTable) -> dict[str, float]:
    frame = scores.tidy().dropna(subset=["favourable"])
    return dict(zip(frame["scale"].astype(str), frame["favourable"].astype(float), strict=True))


def _ranked(part: pd.DataFrame) -> pd.DataFrame:
    from scipy.stats import kendalltau

    bad = (part["negative"] - part["positive"]).astype(float).round(6)
    count = len(part)
    made = part.assign(
        rank_words=bad.rank(ascending=False), rank_scores=part["favourable"].rank(), themes=count
    )
    apart = made["rank_words"] - made["rank_scores"]
    far = max(count / 2, 2) if count >= _FEWEST_THEMES else math.inf
    made["verdict"] = np.select([apart <= -far, apart >= far], ["words_worse", "scores_worse"], "alike")
    made["tau"], made["p_value"] = math.nan, math.nan
    if count >= _FEWEST_THEMES and bad.nunique() > 1 and part["favourable"].nunique() > 1:
        found = kendalltau(-bad, part["favourable"])
        made["tau"], made["p_value"] = round(float(found.statistic), 2), rounding.p_band(float(found.pvalue))
    return made.sort_values("rank_words", kind="stable")


def _phrases(
    comments: pd.DataFrame, used: Mapping[str, int], total: int, language: str, enough: int
) -> tuple[str, ...]:
    """Return the phrases of a group that enough of its writers use: its key phrases, then what is more usual
    in it than elsewhere (``used``: in how many of the ``total`` comments each term is).
    """
    behind: dict[str, set[object]] = {}
    for text, who in zip(comments["text"], comments["who"], strict=True):
        for term in terms_of(str(text), language):
            behind.setdefault(term, set()).add(who)
    lift = {t: len(who) / len(comments) * total / used[t] for t, who in behind.items() if len(who) >= enough}
    own = [phrase for phrase in comments["phrases"].iloc[0] if phrase in lift]
    others = sorted((t for t, much in lift.items() if much >= _LIFT), key=lambda t: (-lift[t], -len(t), t))
    kept: list[str] = []
    for term in (*own, *others):
        if len(kept) < _MOST_PHRASES and not any(term in other or other in term for other in kept):
            kept.append(term)
    return tuple(kept)


def _emerging(
    comments: pd.DataFrame, everything: pd.DataFrame, there: Sequence[str], compared: int
) -> dict[str, object]:
    sizes = everything["wave"].value_counts()
    mine = comments["wave"].value_counts()
    last, before = there[-1], there[-2] if len(there) > 1 else None
    x, n = int(mine[last]), int(sizes[last])
    filed = comments.loc[comments["wave"] == last, "theme"].value_counts(normalize=True)
    main = filed.drop("none", errors="ignore")
    row: dict[str, object] = {
        "theme": main.index[0] if len(main) and main.iloc[0] >= 0.5 else None,
        "wave": last,
        "n": rounding.n_shown(x),
        "n_band": rounding.n_band(x),
        "share": rounding.share(x / n, n, 0),
        "before": before,
        "share_before": math.nan,
        "change": None,
    }
    if before is not None:
        x0, n0 = int(mine[before]), int(sizes[before])
        row["share_before"] = rounding.share(x0 / n0, n0, 0)
        row["change"] = _moved(x0, n0, x, n, compared)
    return row


def _moved(x0: int, n0: int, x1: int, n1: int, compared: int) -> str:
    """Return whether the second of two shares is ``more``, ``less`` or the ``same`` beyond chance."""
    p = p_of_two_shares(x0, n0, x1, n1)
    if not p < 0.05 / max(compared, 1):
        return "same"
    return "more" if x1 / n1 > x0 / n0 else "less"


def p_of_two_shares(x0: int, n0: int, x1: int, n1: int) -> float:
    """Return the two-sided p-value of two proportions (z with pooled variance); NaN where none varies."""
    pooled = (x0 + x1) / (n0 + n1)
    variance = pooled * (1 - pooled) * (1 / n0 + 1 / n1)
    return math.erfc(abs(x1 / n1 - x0 / n0) / math.sqrt(2 * variance)) if variance > 0 else math.nan
