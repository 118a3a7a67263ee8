"""Released tables in words for the page, and as CSV for scripts and spreadsheets."""

import io
from collections.abc import Callable
from typing import Any, Final

import pandas as pd

from engage.present import numbers
from engage.present.columns import between, heading, lead, note, p_word, people, per_cent, spans, words
from engage.present.desk_tables import DESK_TABLES
from engage.present.difference_charts import verdict_word
from engage.present.driver_charts import rank_span, sign
from engage.present.labels import Names, is_missing
from engage.present.model_tables import MODEL_TABLES
from engage.present.plan_sentences import PLAN_TABLES
from engage.present.quality_sentences import reason
from engage.present.tone_charts import why_hidden
from engage.present.voice_tables import VOICE_TABLES
from engage.present.workforce_tables import WORKFORCE_TABLES
from engage.privacy import SafeTable
from engage.words import say

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_OWN: Final[dict[str, str]] = {
    "scores": "scale",
    "drivers": "outcome",
    "tone": "question",
    "counts": "measure",
    "changes": "scale",
    "waves": "wave",
    "audit": "scale",
    "survival": "start",
    "confusion": "actual",
    "quantiles": "quantile",
    "utility": "wave",
    "quality": "check",
    "response": "invited",
    "comparisons": "scale",
    "distribution": "scale",
    "two_factor": "outcome",
    "attrition": "part",
    "hazards": "part",
    "headcount": "role_group",
    "workforce": "part",
    "competence": "scale",
    "training": "outcome",
    "profile": "team",
    "activities": "activity",
    "places": "programme",
    "outcomes": "outcome",
    "paths": "driver",
    "levers": "outcome",
    "together": "driver",
    "what_if": "outcome",
    "programmes": "programme",
    "statement": "programme",
    "comments": "comment",
    "wishes": "wish",
    "emerging": "question",
    "agreement": "wave",
    "desk": "type",
    "desk_weeks": "type",
    "inspections": "branch",
    "raters": "criterion",
    "plans": "plan",
}
"""Each kind's first column of its own; by columns may stand before it."""


def display(table: SafeTable, names: Names) -> pd.DataFrame:
    """Return the table in the reader's words: headings, names of scales and groups, shares in per cent.

    n is a number or a band; a hidden row says why in its last column. What can be sorted stays a number.
    """
    frame = _cells(table)
    return pd.DataFrame(_MAKERS[table.kind](frame, names))


def to_csv(table: SafeTable) -> bytes:
    """Return the released cells as CSV: UTF-8 with a byte order mark (Excel needs it), stable column names.

    Text that a spreadsheet would run as a formula gets an apostrophe in front. Bands of n are written with an
    en dash (``5–9``): with a hyphen, Excel would read a date.
    """
    frame = _cells(table)
    if "n_band" in frame:
        frame["n_band"] = [
            band.replace("-", "–") if isinstance(band, str) else band for band in frame["n_band"]
        ]
    for column in frame.columns:
        if not pd.api.types.is_numeric_dtype(frame[column]):
            frame[column] = [_harmless(value) for value in frame[column]]
    text = io.StringIO()
    frame.to_csv(text, index=False, lineterminator="\r\n")
    return text.getvalue().encode("utf-8-sig")


def _cells(table: SafeTable) -> pd.DataFrame:
    if not isinstance(table, SafeTable):
        raise TypeError(f"a SafeTable is needed, not a {type(table).__name__}")
    return table.tidy()


def _harmless(value: Any) -> Any:
    """Return a cell's value as text that no spreadsheet runs."""
    if isinstance(value, (tuple, list)):
        value = "、".join(str(part) for part in value)
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value


def _scores(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    made: dict[str, object] = {
        **lead(frame, _OWN["scores"], names),
        column("scale"): [names.scale(scale) for scale in frame["scale"]],
        column("n"): people(frame, names),
        column("mean"): frame["mean"],
        column("favourable"): per_cent(frame["favourable"]),
        column("interval"): spans(frame["ci_low"], frame["ci_high"]),
    }
    return made | note(frame, names)


def _drivers(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column, lang = heading(names), names.lang
    frame = frame.reindex(columns=list(dict.fromkeys((*frame.columns, *_DRIVER_COLUMNS))))
    called = [
        names.theme(driver) if block == "theme" else "" if is_missing(driver) else names.driver(driver)
        for driver, block in zip(frame["driver"], frame["block"], strict=True)
    ]
    intervals = zip(frame["ci_low"], frame["ci_high"], strict=True)
    made: dict[str, object] = {
        **lead(frame, _OWN["drivers"], names),
        column("outcome"): [names.outcome(outcome) for outcome in frame["outcome"]],
        column("block"): words("block", frame["block"], names),
        column("driver"): called,
        column("role"): ["" if is_missing(role) else names.role(role) for role in frame["role"]],
        column("share"): per_cent(frame["share"]),
        column("share_interval"): spans(frame["importance_low"], frame["importance_high"]),
        column("johnson"): per_cent(frame["johnson"]),
        column("rank"): [rank_span(a, b) for a, b in zip(frame["rank_low"], frame["rank_high"], strict=True)],
        column("direction"): [
            say(f"labels.direction.{sign(d, p)}", lang)
            for d, p in zip(frame["direction"], frame["p_value"], strict=True)
        ],
        column("estimate"): frame["estimate"],
        column("estimate_interval"): [
            "–" if is_missing(low) else numbers.between(low, high, lang) for low, high in intervals
        ],
        column("standardised"): frame["standardised"],
        column("correlation"): frame["correlation"],
        column("p_value"): [p_word(p, names) for p in frame["p_value"]],
        column("vif"): frame["vif"],
    }
    return made | note(frame, names)


def _tone(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    columns = list(frame.columns)
    by = columns[columns.index("source") + 1 : columns.index("n")]
    made: dict[str, object] = {
        column("question"): [names.question("none" if is_missing(q) else q) for q in frame["question"]],
        column("source"): [names.source(source) for source in frame["source"]],
        **{names.demographic(name): [names.level(name, value) for value in frame[name]] for name in by},
        column("comments"): people(frame, names),
        **{column(tone): per_cent(frame[tone]) for tone in ("negative", "neutral", "positive")},
    }
    notes = [why_hidden(reason, names) for reason in frame["hidden_reason"]]
    return made | ({column("note"): notes} if any(notes) else {})


def _counts(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    made: dict[str, object] = {
        **lead(frame, _OWN["counts"], names),
        column("measure"): [names.measure(measure) for measure in frame["measure"]],
        column("n"): people(frame, names),
    }
    if "share" in frame and frame["share"].notna().any():
        made[column("counted_share")] = per_cent(frame["share"])
    return made


def _changes(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column, lang = heading(names), names.lang
    return {
        column("scale"): [names.scale(scale) for scale in frame["scale"]],
        column("wave_from"): frame["wave_from"],
        column("wave_to"): frame["wave_to"],
        column("change"): frame["change"],
        column("interval_plain"): between(frame["ci_low"], frame["ci_high"], names),
        column("hedges_g"): frame["hedges_g"],
        column("linked"): [names.n(n, b) for n, b in zip(frame["linked"], frame["linked_band"], strict=True)],
        column("note"): ["" if sure else say("labels.not_reliable", lang) for sure in frame["reliable"]],
    }


def _waves(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    made: dict[str, object] = {
        column("wave"): frame["wave"],
        column("state"): words("state", frame["state"], names),
        column("n"): people(frame, names),
    }
    for name in ("first_day", "last_day"):
        made[column(name)] = [_day(value) for value in frame[name]]
    made[column("instruments")] = [
        ("、" if names.lang == "zh" else ", ").join(value) if isinstance(value, (tuple, list)) else str(value)
        for value in frame["instruments"]
    ]
    return made


def _audit(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    number = [column("mean") if m == "mean" else column("favourable") for m in frame["measure"]]
    return {
        column("scale"): [names.scale(scale) for scale in frame["scale"]],
        column("attacked"): number,
        column("wave"): frame["waves"],
        column("n"): people(frame, names),
        column("colluders"): frame["colluders"],
        column("certain"): frame["certain"],
        column("hits"): per_cent(frame["hits"]),
        column("best"): per_cent(frame["best"]),
    }


def _survival(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    made: dict[str, object] = {
        **lead(frame, _OWN["survival"], names),
        **({column("start"): frame["start"]} if frame["start"].notna().any() else {}),
        column("time"): frame["time"],
        column("n"): [names.n(n, None) for n in frame["n"]],
        column("at_risk"): [names.n(n, None) for n in frame["at_risk"]],
        column("remaining"): per_cent(frame["survival"]),
        column("interval"): spans(frame["ci_low"], frame["ci_high"]),
    }
    return made | note(frame, names)


def _confusion(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    made: dict[str, object] = {
        column("actual"): [str(value) for value in frame["actual"]],
        column("predicted"): [str(value) for value in frame["predicted"]],
        column("n"): [names.n(n, None) for n in frame["n"]],
    }
    return made | note(frame, names)


def _quantiles(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    made: dict[str, object] = {
        **lead(frame, _OWN["quantiles"], names),
        column("quantile"): per_cent(frame["quantile"]),
        column("value"): frame["value"],
        column("n"): [names.n(n, None) for n in frame["n"]],
    }
    return made | note(frame, names)


def _utility(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    tables = [" × ".join(map(names.demographic, by.split(","))) for by in frame["by"]]
    counted = {column(name): frame[name] for name in ("cells", "shown")}
    reasons = {column(f"hidden_{name}"): frame[name] for name in ("too_few", "complement", "combination")}
    return {
        column("wave"): frame["wave"],
        column("table"): tables,
        column("number"): words("number", frame["measure"], names),
        **counted,
        column("kept"): per_cent(frame["kept"]),
        **reasons,
    }


def _quality(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    subjects = zip(frame["check"], frame["subject"], strict=True)
    return {
        column("check"): [say(f"labels.check.{check}", names.lang) for check in frame["check"]],
        column("subject"): [_subject(check, subject, names) for check, subject in subjects],
        column("n"): people(frame, names),
        column("value"): frame["value"],
        column("interval_plain"): between(frame["ci_low"], frame["ci_high"], names),
        column("light"): words("light", frame["state"], names),
        column("reason"): [reason(row, names) for _, row in frame.iterrows()],
    }


def _subject(check: str, subject: str, names: Names) -> str:
    if not subject:
        return "–"
    if check == "wave":
        return say(f"labels.check.{subject}", names.lang)
    if check == "rule":
        return say(f"labels.rule.{subject}", names.lang)
    return names.demographic(subject) if check in ("make_up", "weighting") else names.scale(subject)


def _response(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    invited = zip(frame["invited"], frame["invited_band"], strict=True)
    return {
        **lead(frame, _OWN["response"], names),
        column("invited"): [names.n(n, band) for n, band in invited],
        column("responses"): people(frame, names),
        column("rate"): per_cent(frame["rate"]),
        column("staff_share"): per_cent(frame["staff_share"]),
        column("answer_share"): per_cent(frame["answer_share"]),
        column("verdict"): [verdict_word(verdict, names) for verdict in frame["verdict"]],
    }


def _comparisons(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    made: dict[str, object] = {
        **lead(frame, _OWN["comparisons"], names),
        column("scale"): [names.scale(scale) for scale in frame["scale"]],
        column("n"): people(frame, names),
        column("mean"): frame["mean"],
        column("rest"): frame["rest"],
        column("difference"): frame["difference"],
        column("interval_plain"): between(frame["ci_low"], frame["ci_high"], names),
        column("hedges_g"): frame["hedges_g"],
        column("g_interval"): between(frame["g_low"], frame["g_high"], names, 1),
        column("p_adjusted"): [p_word(p, names) for p in frame["p_value"]],
        column("verdict"): [verdict_word(verdict, names) for verdict in frame["verdict"]],
    }
    return made | note(frame, names)


def _distribution(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    made: dict[str, object] = {
        **lead(frame, _OWN["distribution"], names),
        column("scale"): [names.scale(scale) for scale in frame["scale"]],
        column("n"): people(frame, names),
        column("favourable"): per_cent(frame["favourable"]),
        column("neutral"): per_cent(frame["neutral"]),
        column("unfavourable"): per_cent(frame["unfavourable"]),
    }
    return made | note(frame, names)


_DRIVER_COLUMNS: Final = (
    "block", "driver", "role", "share", "importance_low", "importance_high", "rank_low", "rank_high",
    "direction", "estimate", "ci_low", "ci_high", "standardised", "p_value", "johnson", "correlation", "vif",
)  # fmt: skip
_MAKERS: Final[dict[str, Callable[[pd.DataFrame, Names], dict[str, object]]]] = {
    "scores": _scores,
    "drivers": _drivers,
    "tone": _tone,
    "counts": _counts,
    "changes": _changes,
    "waves": _waves,
    "audit": _audit,
    "survival": _survival,
    "confusion": _confusion,
    "quantiles": _quantiles,
    "utility": _utility,
    "quality": _quality,
    "response": _response,
    "comparisons": _comparisons,
    "distribution": _distribution,
    **MODEL_TABLES,
    **VOICE_TABLES,
    **DESK_TABLES,
    **PLAN_TABLES,
    **WORKFORCE_TABLES,
}


def _day(value: Any) -> str:
    return "–" if is_missing(value) else str(value)[:10]
