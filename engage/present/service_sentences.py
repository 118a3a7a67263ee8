"""Engagement, leaving and service side by side, in words."""

import pandas as pd

from engage.present import numbers
from engage.present.labels import COMPOSITES, Names
from engage.present.look import released
from engage.present.what_if_charts import is_strain
from engage.privacy import SafeTable
from engage.words import say

_SURE = 0.05


def service(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return which outcomes hygiene factors and motivators go with, on how many, and what is left open.

    ``table``: of kind ``outcomes``.
    """
    whole = released(table, "outcomes")
    lang = names.lang
    joint = whole[whole["driver"].isin(list(COMPOSITES)) & ~whole["exploratory"].astype(bool)]
    shown = joint.dropna(subset=["estimate"])
    if shown.empty:
        return (names.refusal(whole["hidden_reason"]),)
    lines = [_headline(shown, names), _largest(shown, names)]
    sizes = shown.groupby("unit", sort=False)["n"].min()
    units = [say(f"service.sizes.{unit}", lang, n=numbers.whole(float(n), lang)) for unit, n in sizes.items()]
    lines.append(say("service.sizes.line", lang, sizes=units))
    alone = whole[whole["exploratory"].astype(bool)]
    if alone["estimate"].notna().any():
        sure = alone[alone["p_adjusted"] <= _SURE].groupby("outcome", sort=False).size()
        known = alone.dropna(subset=["estimate"]).groupby("outcome", sort=False).size()
        counts = [
            say(
                "service.alone_one", lang, outcome=names.inline(names.outcome(str(outcome))),
                sure=int(sure.get(outcome, 0)), all=int(count),
            )
            for outcome, count in known.items()
        ]  # fmt: skip
        lines.append(say("service.alone", lang, counts=counts))
    missing = joint[joint["estimate"].isna()].drop_duplicates("outcome")
    if len(missing):
        called = [names.inline(names.outcome(one)) for one in missing["outcome"]]
        why = list(dict.fromkeys(map(names.hidden, missing["hidden_reason"])))
        lines.append(say("service.missing", lang, outcomes=called, reasons=why))
    return tuple(lines)


def paths(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return whether conditions go with later service by way of engagement; ``table``: of kind ``paths``."""
    frame, lang = released(table, "paths"), names.lang
    indirect = frame[frame["path"] == "indirect"]
    if indirect.empty:
        return (say("service.no_paths", lang),)
    n = names.n(indirect["n"].min(), None)
    mediator = names.inline(names.scale(str(indirect["mediator"].iloc[0])))
    sure = indirect[(indirect["ci_low"] > 0) | (indirect["ci_high"] < 0)]
    if sure.empty:
        most = indirect.iloc[int(indirect["estimate"].abs().argmax())]
        return (
            say(
                "service.paths_none",
                lang,
                n=n,
                mediator=mediator,
                all=len(indirect),
                found=_path(most, names),
            ),
        )
    found = [_path(row, names) for _, row in sure.iterrows()]
    joined = ("；" if lang == "zh" else "; ").join(found)
    return (say("service.paths", lang, n=n, mediator=mediator, found=joined, all=len(indirect)),)


def _path(row: pd.Series, names: Names) -> str:
    return say(
        "service.paths_one", names.lang, driver=names.inline(names.driver(str(row["driver"]))),
        outcome=names.inline(names.outcome(str(row["outcome"]))),
        value=numbers.decimal(float(row["estimate"]), names.lang, 3),
        interval=numbers.between(float(row["ci_low"]), float(row["ci_high"]), names.lang, 3),
    )  # fmt: skip


def _largest(shown: pd.DataFrame, names: Names) -> str:
    """Say the closest link in standard deviations, with its interval and n."""
    row = shown.iloc[int(shown["standardised"].abs().argmax())]
    return say(
        "service.largest", names.lang, driver=names.inline(names.driver(str(row["driver"]))),
        outcome=names.inline(names.outcome(str(row["outcome"]))),
        value=numbers.decimal(float(row["standardised"]), names.lang),
        interval=numbers.between(float(row["std_low"]), float(row["std_high"]), names.lang),
        n=names.n(row["n"], None), of=say(f"what_if.of.{row['unit']}", names.lang),
    )  # fmt: skip


def _called(outcome: str, better: bool, names: Names) -> str:
    """Return an outcome's name; of leaving, which is no good thing, whether there is less or more of it."""
    words = names.inline(names.outcome(outcome))
    if not is_strain(outcome, names):
        return words
    return say(f"service.{'fewer' if better else 'more'}", names.lang, outcome=words)


def _headline(shown: pd.DataFrame, names: Names) -> str:
    """Say of each composite with which outcomes it reliably goes, and in which direction."""
    lang, parts = names.lang, []
    for driver, own in shown.groupby("driver", sort=False):
        sure = own[own["p_adjusted"] <= _SURE]
        good = [
            (row["estimate"] > 0) != is_strain(str(row["outcome"]), names) for row in sure.to_dict("records")
        ]
        for key, wanted in (("better", True), ("worse", False)):
            pairs = zip(sure["outcome"], good, strict=True)
            called = [_called(str(one), wanted, names) for one, is_good in pairs if is_good == wanted]
            if called:
                words = names.inline(names.driver(str(driver)))
                parts.append(say(f"service.{key}", lang, driver=words, outcomes=called))
    if not parts:
        return say("service.headline_none", lang)
    return say("service.headline", lang, parts=("；" if lang == "zh" else "; ").join(parts))
