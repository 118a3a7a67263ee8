"""Tone and themes by group: always within one question and one source.

"What should we change?" is negative by design, and a customer's complaint that an agent passes on says
nothing about the agent's own mood. So ``question`` and ``source`` are part of every grouping here; there is
no way to pool.
"""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from engage.errors import UsageError
from engage.text.themes import THEMES
from engage.text.tone import TONES

ALWAYS: Final = ("question", "source")


def tone_by(comments: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return how comments sound in each group, within question and source.

    ``comments`` has ``question``, ``source``, ``tone``, ``tone_score`` (from :func:`engage.text.sentiment`)
    and the columns of ``by``. Result, one row per group: the ``by`` columns, ``question``, ``source``, ``n``
    (comments with a tone), ``negative``, ``neutral``, ``positive`` (shares of n, 0–1) and ``tone_score``
    (mean, 0–1). Comments without a tone (empty, or in a language without a model) and those with a missing
    group are not counted. Raises ``UsageError`` where a column is missing.
    """
    keys = [*(name for name in dict.fromkeys(by) if name not in ALWAYS), *ALWAYS]
    counted = _counted(comments, keys)
    grouped = counted.groupby(keys, sort=True, observed=True)
    means = grouped[[*TONES, "tone_score"]].mean()
    means.insert(0, "n", grouped.size())
    return means.reset_index()


def team_tone(comments: pd.DataFrame, prior: float = 5.0) -> pd.DataFrame:
    """Return each team's tone as a predictor: a shrunken mean around that of its wave, question and source.

    tone = Σ (score − m) / (n + prior), with m the mean ``tone_score`` of all comments of the same wave,
    question and source, n the team's comments there. 0 is the wave's average; a team with few comments stays
    near it (the posterior mean under a normal prior whose variance is 1/prior of a comment's). Scale: points
    of P(positive).

    ``comments`` has ``team``, ``wave``, ``question``, ``source``, ``tone``, ``tone_score``. Result: ``team``,
    ``wave``, ``question``, ``source``, ``n``, ``tone``; a team without comments has no row. Comments without
    a tone or a team are left out, of m too. Raises ``UsageError`` where a column is missing or ``prior`` is
    negative.
    """
    if prior < 0:
        raise UsageError("text.prior", where="prior", prior=prior)
    keys = ["team", "wave", *ALWAYS]
    counted = _counted(comments, keys)
    wave_mean = counted.groupby(keys[1:], observed=True)["tone_score"].transform("mean")
    above = counted.assign(above=counted["tone_score"] - wave_mean)
    teams = above.groupby(keys, sort=True, observed=True)["above"].agg(n="size", above="sum").reset_index()
    return teams.assign(tone=teams["above"] / (teams["n"] + prior)).drop(columns="above")


def theme_shares(comments: pd.DataFrame) -> pd.DataFrame:
    """Return which share of each team's comments is negative about each theme, within question and source.

    ``comments`` has ``team``, ``wave``, ``question``, ``source``, ``tone``, ``tone_score``, ``theme``.
    Result, long: ``team``, ``wave``, ``question``, ``source``, ``theme`` (every theme, ``none`` included),
    ``n`` (the team's comments with a tone), ``share`` (0–1: those that are negative and on the theme, over
    n). Missing data as in :func:`tone_by`. Raises ``UsageError`` where a column is missing.
    """
    keys = ["team", "wave", *ALWAYS]
    counted = _counted(comments, [*keys, "theme"])
    on_theme = pd.DataFrame({theme: counted["negative"] * (counted["theme"] == theme) for theme in THEMES})
    wide = pd.concat([counted[keys], on_theme], axis=1).groupby(keys, sort=True, observed=True)
    shares = wide.mean().assign(n=wide.size()).reset_index()
    return shares.melt(id_vars=[*keys, "n"], value_vars=list(THEMES), var_name="theme", value_name="share")[
        [*keys, "theme", "n", "share"]
    ]


def _counted(comments: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return the comments that have a tone and all ``keys``, with a 0/1 column for each tone."""
    needed = list(dict.fromkeys([*keys, "tone", "tone_score"]))
    missing = [name for name in needed if name not in comments.columns]
    if missing:
        raise UsageError("text.no_column", where="comments", columns=missing)
    counted = comments[needed].dropna()
    return counted.assign(**{tone: (counted["tone"] == tone).astype(float) for tone in TONES})
