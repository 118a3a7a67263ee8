"""One group on the first page, in words: beside everybody else, beside its last wave, beside what matters."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from engage.present import numbers
from engage.present.labels import COMPOSITES, POINTS, Names, is_missing
from engage.present.look import released
from engage.privacy import Policy, SafeTable
from engage.words import Language, say

_NAMED: Final = 5
_TOP: Final = 3


@dataclass(frozen=True, slots=True)
class Matter:
    """A driver in words: its name, share of the explained differences, favourable shares of all and here."""

    driver: str
    share: str
    whole: str
    unit: str


def beside_rest(table: SafeTable, by: str, level: str, names: Names) -> str:
    """Return on which scores a group differs reliably from everybody else; ``table``: of kind comparisons."""
    frame = released(table, "comparisons")
    mine = frame[(frame[by] == level) & ~frame["scale"].isin([*COMPOSITES, POINTS])]
    shown = mine.dropna(subset=["difference"])
    if shown.empty:
        return names.refusal(mine["hidden_reason"])
    lang = names.lang
    parts = [
        say(f"sentences.home.{verdict}", lang, named=_with_sizes(some, "difference", names))
        for verdict in ("higher", "lower")
        if len(some := shown[shown["verdict"] == verdict])
    ]
    if not parts:
        return say("sentences.home.rest_none", lang, count=len(shown))
    rest = len(shown) - int(shown["verdict"].isin(["higher", "lower"]).sum())
    return say("sentences.home.rest", lang, parts=_joined(parts, lang), count=rest)


def since_last(table: SafeTable, names: Names) -> str:
    """Return what moved in a group since the wave before; ``table``: of kind plans, a row per scale."""
    frame = released(table, "plans")
    lang = names.lang
    judged = frame[frame["verdict"].notna() & (frame["factor"] != POINTS)].rename(columns={"factor": "scale"})
    if judged.empty:
        reason = str(frame["hidden_reason"].dropna().iloc[0]) if frame["hidden_reason"].notna().any() else ""
        kind = reason if reason in ("trend_breaks", "too_few_rows", "not_published") else "hidden"
        before = str(frame["wave"].iloc[0]) if len(frame) else ""
        return say(f"plans.why.{kind}", lang, **_why(kind, before, names.hidden(reason)))
    before = str(judged["wave"].iloc[0])
    moved = judged.dropna(subset=["change"])
    moved = moved[moved["change"].ne(0)]
    if moved.empty:
        return say("sentences.changes.none", lang, wave=before, count=len(judged))
    parts = [
        say(f"sentences.changes.{key}", lang, named=_with_sizes(some, "change", names))
        for key, some in (("up", moved[moved["change"] > 0]), ("down", moved[moved["change"] < 0]))
        if len(some)
    ]
    said = [say("sentences.changes.head", lang, wave=before, parts=_joined(parts, lang))]
    if len(judged) > len(moved):
        said.append(say("sentences.changes.rest", lang, count=len(judged) - len(moved)))
    return ("" if lang == "zh" else " ").join(said)


def matters(drivers: SafeTable, whole: SafeTable, unit: SafeTable, names: Names) -> tuple[Matter, ...]:
    """Return the organisation's first three drivers beside the favourable shares of all and of a group.

    ``drivers``: of one outcome; ``whole``, ``unit``: scores of one wave. What is hidden says why.
    """
    frame = _survey(drivers).sort_values("share", ascending=False, kind="stable")
    every, own = (
        {str(row["scale"]): row for row in released(one, "scores").to_dict("records")}
        for one in (whole, unit)
    )
    found = []
    for row in frame.head(_TOP).to_dict("records"):
        share = numbers.percent(row["share"])
        if not is_missing(row.get("importance_low")):
            interval = numbers.span(row["importance_low"], row["importance_high"])
            share = say("sentences.home.with_interval", names.lang, share=share, interval=interval)
        driver = str(row["driver"])
        found.append(
            Matter(names.driver(driver), share, _share(every, driver, names), _share(own, driver, names))
        )
    return tuple(found)


def why_not_own(drivers: SafeTable, unit: SafeTable, policy: Policy, group: str, names: Names) -> str:
    """Return why drivers are of the whole organisation beside a group's scores, with the people it takes."""
    factors = _survey(drivers)["driver"].nunique()
    needed = max(policy.model_n, policy.rows_per_coefficient * factors)
    sizes = released(unit, "scores").dropna(subset=["mean"])
    people = sizes["n"].astype("Float64").max()
    said = [names.n(row["n"], row["n_band"]) for row in sizes.head(1).to_dict("records")]
    few = pd.isna(people) or float(people) < needed
    return say(
        f"sentences.home.{'why_few' if few else 'why_whole'}", names.lang, group=group, needed=needed,
        factors=factors, rows=policy.rows_per_coefficient, n=next(iter(said), "–"),
        model_n=numbers.whole(float(str(drivers.notes.get("n") or 0)), names.lang),
        outcome=names.inline(names.outcome(str(_survey(drivers)["outcome"].iloc[0]))),
    )  # fmt: skip


def _survey(drivers: SafeTable) -> pd.DataFrame:
    frame = released(drivers, "drivers")
    return frame[frame["share"].notna() & (frame["block"] == "survey")]


def _share(rows: Mapping[str, Mapping[Hashable, Any]], scale: str, names: Names) -> str:
    if scale not in rows:
        return "–"
    row = rows[scale]
    if is_missing(row["favourable"]):
        return names.hidden(row["hidden_reason"]) or "–"
    shown = numbers.share(float(row["favourable"]), float(row["ci_low"]), float(row["ci_high"]))
    interval = numbers.span(row["ci_low"], row["ci_high"])
    return say("sentences.home.with_interval", names.lang, share=shown, interval=interval)


def _with_sizes(rows: pd.DataFrame, column: str, names: Names) -> list[str]:
    """Return scales with how far they differ, the furthest first, a few of them."""
    ranked = rows.loc[rows[column].abs().sort_values(ascending=False, kind="stable").index]
    named = [
        say("page_overview.one_change", names.lang, scale=names.inline(names.scale(str(row["scale"]))),
            change=("+" if row[column] > 0 else "") + numbers.decimal(float(row[column]), names.lang, 1))
        for row in ranked.head(_NAMED).to_dict("records")
    ]  # fmt: skip
    return [*named, "…"] if len(ranked) > _NAMED else named


def _why(kind: str, wave: str, reason: str) -> dict[str, str]:
    return {"wave": wave} | ({"reason": reason or "–"} if kind == "hidden" else {})


def _joined(parts: list[str], lang: Language) -> str:
    return ("；" if lang == "zh" else "; ").join(parts)
