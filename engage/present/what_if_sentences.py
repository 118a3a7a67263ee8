"""What changes go with, in words: never what they cause, and always how sure that is."""

from typing import Final

import pandas as pd

from engage.present import numbers
from engage.present.labels import Names
from engage.present.look import released
from engage.present.what_if_charts import in_words, is_strain, sign_of, span
from engage.privacy import SafeTable
from engage.words import say

_FIRST: Final = ("engagement", "satisfaction")


def levers(table: SafeTable, names: Names, *, outcome: str = "") -> tuple[str, ...]:
    """Return which factor's usual rise goes with most of an outcome (the first headline), and how to ask on.

    ``table``: of kind ``levers``.
    """
    whole = released(table, "levers")
    frame = whole[whole["direction"] == 1].dropna(subset=["change"])
    known = list(dict.fromkeys(frame["outcome"]))
    if not known:
        return (names.refusal(whole["hidden_reason"]),)
    about = outcome or next((one for one in _FIRST if one in known), known[0])
    own = frame[frame["outcome"] == about]
    if own.empty:
        return (names.refusal(whole.loc[whole["outcome"] == about, "hidden_reason"]),)
    good = -1.0 if is_strain(about, names) else 1.0
    first = own.iloc[int((good * own["change"].astype(float)).argmax())]
    share = first["unit"] == "share"
    words = {
        "outcome": names.inline(names.outcome(about)), "driver": names.inline(names.driver(first["driver"])),
        "n": names.n(first["n"], None),
    }  # fmt: skip
    words |= {
        "change": _amount(float(first["change"]), names, share=share),
        "interval": span(float(first["ci_low"]), float(first["ci_high"]), names, share=share),
    }
    if sign_of(first, names) == "none":
        return (say("what_if.levers_unsure", names.lang, **words),)
    cap = numbers.decimal(float(first["cap"]), names.lang, 2)
    return (say("what_if.levers", names.lang, **words, cap=cap),)


def what_if(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return what the chosen changes go with, outcome by outcome, what was cut and what can't be said.

    ``table``: of kind ``what_if``.
    """
    frame, lang = released(table, "what_if"), names.lang
    asked = [_asked(one, names) for one in _listed(table.notes["changes"])]
    shown = frame.dropna(subset=["change"])
    head = next((one for one in _FIRST if one in set(shown["outcome"])), None)
    ordered = sorted(shown.index, key=lambda place: shown["outcome"][place] != head)
    lines = []
    if ordered:
        first = shown.loc[ordered[0]]
        lines.append(say("what_if.headline", lang, asked=asked, effect=_effect(first, names)))
        lines += [say("what_if.line", lang, effect=_effect(shown.loc[place], names)) for place in ordered[1:]]
    else:
        lines.append(say("what_if.headline_none", lang, asked=asked))
    capped = _listed(table.notes["capped"])
    if capped:
        named = [names.inline(names.driver(one)) for one in capped]
        lines.append(say("what_if.capped", lang, drivers=named))
    for reason, part in frame[frame["change"].isna()].groupby("hidden_reason", sort=False):
        called = [names.inline(names.outcome(one)) for one in part["outcome"]]
        lines.append(say(f"what_if.refused.{reason}", lang, outcomes=called))
    return tuple(lines)


def _effect(row: pd.Series, names: Names) -> str:
    """Return one outcome's change: "engagement higher by 0.09 (95% interval 0.07–0.11; n = 1,455)"."""
    share = row["unit"] == "share"
    change, low, high = (float(row[name]) for name in ("change", "ci_low", "ci_high"))
    key = "unsure" if low <= 0 <= high else "higher" if change > 0 else "lower"
    return say(
        f"what_if.effect.{key}", names.lang, outcome=names.inline(names.outcome(str(row["outcome"]))),
        change=_amount(change, names, share=share), interval=span(low, high, names, share=share),
        n=names.n(row["n"], None), of=say(f"what_if.of.{row['level']}", names.lang),
    )  # fmt: skip


def _amount(change: float, names: Names, *, share: bool) -> str:
    """Return the size of a change with its unit."""
    text = in_words(abs(change), names, share=share).lstrip("+")
    return say(f"what_if.{'points_of_share' if share else 'points'}", names.lang, value=text)


def _asked(setting: str, names: Names) -> str:
    driver, _, change = setting.partition("=")
    return say(
        "what_if.asked", names.lang, driver=names.inline(names.driver(driver)),
        change=in_words(float(change), names, share=False),
    )  # fmt: skip


def _listed(note: object) -> tuple[str, ...]:
    return tuple(map(str, note)) if isinstance(note, tuple) else ()
