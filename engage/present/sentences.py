"""Plain-language lines from released tables: n, interval and doubt are said, and nothing is called a cause.

Every function returns its page's lines, the headline first; there is always a headline, also where there is
nothing to show. The same table gives the same words.
"""

import math
from typing import Final

import pandas as pd

from engage.present import numbers
from engage.present.attrition_sentences import attrition, card, staying
from engage.present.competence_sentences import activities, competence, profile, training_first, trainings
from engage.present.desk_sentences import desk, desk_weeks, late_list, raters, training
from engage.present.difference_sentences import changes, difference_on, differences
from engage.present.driver_method import driver_method
from engage.present.driver_sentences import driver_map, drivers
from engage.present.labels import COMPOSITES, POINTS, Names, is_missing
from engage.present.look import released
from engage.present.programme_sentences import programme_on, programmes, stars, statement
from engage.present.quality_sentences import Light, lights, quality
from engage.present.service_sentences import paths, service
from engage.present.staff_sentences import challenger, hazards, headcount
from engage.present.tone_charts import why_hidden
from engage.present.two_factor_sentences import two_factor, two_factor_on
from engage.present.what_if_sentences import levers, what_if
from engage.present.workforce_sentences import grade, leaving_changed, places, workforce
from engage.privacy import SafeTable
from engage.words import say

__all__ = [
    "Light",
    "activities",
    "attrition",
    "card",
    "challenger",
    "changes",
    "competence",
    "desk",
    "desk_weeks",
    "difference_on",
    "differences",
    "driver_map",
    "driver_method",
    "drivers",
    "grade",
    "hazards",
    "headcount",
    "joins",
    "late_list",
    "leaving_changed",
    "levers",
    "lights",
    "overview",
    "paths",
    "places",
    "profile",
    "programme_on",
    "programmes",
    "quality",
    "raters",
    "service",
    "stars",
    "statement",
    "staying",
    "tone",
    "training",
    "training_first",
    "trainings",
    "two_factor",
    "two_factor_on",
    "utility",
    "what_if",
    "workforce",
]

_HEADLINE: Final = "engagement"
_FACTORS: Final = ("hygiene", "motivator", "unlabelled")


def joins(counts: SafeTable, names: Names) -> tuple[str, ...]:
    """Return how far answers could be matched to people, and what can't be said where they could not."""
    matched = released(counts, "counts").set_index("measure").loc["people_matched"]
    if is_missing(matched["n"]) and is_missing(matched["n_band"]):
        return (say("sentences.joins.no_people", names.lang),)
    if matched["n_band"] == "0":
        return (say("sentences.joins.by_team", names.lang),)
    return (say("sentences.joins.by_person", names.lang, n=names.n(matched["n"], matched["n_band"])),)


def overview(
    scores: SafeTable, names: Names, *, changes: SafeTable | None = None, wave: str = ""
) -> tuple[str, ...]:
    """Return how engagement stands, which factors stand high and low, eNPS, and whether anything moved.

    ``scores``: totals of one wave, named ``wave``; ``changes``: without ``wave``, their newest are said.
    """
    frame = released(scores, "scores").set_index("scale")
    shares = frame[frame["favourable"].notna()]
    if shares.empty:
        return (names.refusal(frame["hidden_reason"]),)
    lang = names.lang
    outcomes = [scale for scale in shares.index if names.role_of(scale) == "outcome"]
    first = next(iter([s for s in (_HEADLINE,) if s in shares.index] or outcomes or list(shares.index)))
    row = shares.loc[first]
    lines = [
        say(
            "sentences.overview.headline", lang, n=names.n(row["n"], row["n_band"]),
            scale=names.inline(names.scale_share(first)), share=numbers.percent(row["favourable"]),
            interval=numbers.span(row["ci_low"], row["ci_high"]),
        )
    ]  # fmt: skip
    lines += _factors(shares, names)
    points = frame["mean"].astype(float).get(POINTS, math.nan)
    if not math.isnan(points):
        shown = numbers.decimal(points, lang, 0)
        lines.append(say("sentences.overview.points", lang, points=shown))
    if changes is not None:
        lines += _moved(released(changes, "changes"), first, wave, names)
    return tuple(lines)


def utility(table: SafeTable, by: str, names: Names) -> tuple[str, ...]:
    """Return how many groups of the one-way table ``by`` have results, and why cells of it are hidden.

    ``table``: one wave, of kind ``utility``. Cells are favourable shares, as the heat map shows them.
    """
    frame = released(table, "utility")
    row = frame[(frame["by"] == by) & (frame["measure"] == "favourable")].iloc[0]
    lang = names.lang
    head = say(
        "sentences.utility.head", lang, group=names.inline(names.demographic(by)),
        groups=numbers.whole(row["groups"], lang), shown=numbers.whole(row["groups_shown"], lang),
    )  # fmt: skip
    if row["shown"] == row["cells"]:
        return (head,)
    reasons = [
        say(f"sentences.utility.{reason}", lang, count=numbers.whole(row[reason], lang))
        for reason in ("too_few", "complement", "combination")
        if row[reason]
    ]
    why = say(
        "sentences.utility.hidden", lang, count=numbers.whole(row["cells"] - row["shown"], lang),
        reasons=("；" if lang == "zh" else "; ").join(reasons),
    )  # fmt: skip
    return head, why


def tone(table: SafeTable, names: Names, *, question: str = "", source: str = "") -> tuple[str, ...]:
    """Return a line for each question and source (or the one picked): what is written about, and how.

    ``table``: by ``theme``, ``wave`` or a demographic. Shares are compared inside one question and source.
    """
    frame = released(table, "tone")
    columns = list(frame.columns)
    by = columns[columns.index("source") + 1]
    lines = []
    for (asked, told), part in frame.groupby(["question", "source"], sort=False, dropna=False):
        asked, told = ("" if is_missing(one) else str(one) for one in (asked, told))
        if (question and asked != question) or (source and told != source):
            continue
        about = say(
            "sentences.tone.asked",
            names.lang,
            question=names.question(asked or "none"),
            source=names.source(told),
        )
        lines.append(_tone_line(part, by, about, names))
    return tuple(lines) or (names.refusal(()),)


def _factors(shares: pd.DataFrame, names: Names) -> list[str]:
    own = [s for s in shares.index if names.role_of(s) in _FACTORS and s not in COMPOSITES]
    if len(own) < 2:
        return []
    ranked = shares.loc[own].sort_values("favourable", ascending=False, kind="stable")
    high, low = ranked.iloc[0], ranked.iloc[-1]
    best, worst = (names.inline(names.scale(str(scale))) for scale in (ranked.index[0], ranked.index[-1]))
    if high["ci_low"] <= low["ci_high"]:
        return [say("sentences.overview.factors_close", names.lang)]
    return [
        say(
            "sentences.overview.factors", names.lang,
            high=best, high_share=numbers.percent(high["favourable"]),
            low=worst, low_share=numbers.percent(low["favourable"]),
        )
    ]  # fmt: skip


def _moved(changes: pd.DataFrame, scale: str, wave: str, names: Names) -> list[str]:
    found = changes[changes["scale"] == scale]
    found = found[found["wave_to"] == wave] if wave else found
    if found.empty:
        return []
    row = found.iloc[-1]
    words = {"wave": str(row["wave_from"]), "scale": names.inline(names.scale(scale))}
    # A reliable change can still round to nothing; then there is nothing to report.
    if not row["reliable"] or not row["change"]:
        return [say("sentences.overview.no_change", names.lang, **words)]
    key = "up" if row["change"] > 0 else "down"
    change = numbers.decimal(abs(row["change"]), names.lang, 1)
    return [say(f"sentences.overview.{key}", names.lang, change=change, **words)]


def _tone_line(part: pd.DataFrame, by: str, about: str, names: Names) -> str:
    shown = part.dropna(subset=["negative"])
    if by == "theme":
        shown = shown[shown["theme"] != "none"]
    if shown.empty:
        reasons = [why_hidden(reason, names) for reason in part["hidden_reason"]]
        why = list(dict.fromkeys(filter(None, reasons)))
        return say(
            "sentences.tone.hidden",
            names.lang,
            asked=about,
            reasons=why or say("labels.theme.none", names.lang),
        )
    if by == "wave":
        return _wave_line(shown, about, names)
    worst = shown.sort_values("negative", ascending=False, kind="stable").iloc[0]
    if by != "theme":
        return say("sentences.tone.worst", names.lang, asked=about, **_of(worst, by, names))
    most = (
        shown.assign(size=shown["n"].astype("Float64").fillna(0)).sort_values("size", kind="stable").iloc[-1]
    )
    if most[by] == worst[by]:
        return say("sentences.tone.most", names.lang, asked=about, **_of(most, by, names))
    other = _of(worst, by, names)
    return say(
        "sentences.tone.most_and_worst", names.lang, asked=about, **_of(most, by, names),
        worst=other["group"], worst_negative=other["negative"], worst_n=other["n"],
    )  # fmt: skip


def _wave_line(shown: pd.DataFrame, about: str, names: Names) -> str:
    now = shown.iloc[-1]
    words = _of(now, "wave", names)
    if len(shown) < 2:
        return say("sentences.tone.wave", names.lang, asked=about, wave=str(now["wave"]), **words)
    before = shown.iloc[-2]
    return say(
        "sentences.tone.wave_before", names.lang, asked=about, wave=str(now["wave"]), **words,
        before=str(before["wave"]), before_negative=numbers.percent(before["negative"]),
    )  # fmt: skip


def _of(row: pd.Series, by: str, names: Names) -> dict[str, str]:
    group = names.level(by, row[by])
    return {
        "group": names.inline(group) if by == "theme" else group,
        "n": names.n(row["n"], row["n_band"]),
        "negative": numbers.percent(row["negative"]),
        "positive": numbers.percent(row["positive"]),
    }
