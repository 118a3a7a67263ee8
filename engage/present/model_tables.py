"""Released tables of what is made of several models, in words."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pandas as pd

from engage.present import numbers
from engage.present.columns import between, heading, note, p_word
from engage.present.labels import COMPOSITES, Names, is_missing
from engage.present.programme_tables import programme_columns, statement_columns
from engage.present.staff_sentences import group_name, model_name
from engage.words import Language, say


def _two_factor(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column, lang = heading(names), names.lang
    made: dict[str, object] = {
        column("outcome"): [names.outcome(outcome) for outcome in frame["outcome"]],
        column("driver"): ["" if is_missing(driver) else names.scale(driver) for driver in frame["driver"]],
        column("theory"): ["" if is_missing(role) else names.role(role) for role in frame["role"]],
        column("shortfall"): frame["low"],
        column("surplus"): frame["high"],
        column("difference"): frame["difference"],
        column("interval_plain"): between(frame["ci_low"], frame["ci_high"], names),
        column("p_adjusted"): [p_word(p, names) for p in frame["p_adjusted"]],
        column("verdict"): [_worded("verdict", verdict, lang) for verdict in frame["verdict"]],
        column("reason"): [_worded("reason", reason, lang) for reason in frame["reason"]],
        column("n"): [names.n(n, None) for n in frame["n"]],
    }
    return made | note(frame, names)


def _worded(group: str, id: object, lang: Language) -> str:
    return "" if is_missing(id) else say(f"model.{group}.{id}", lang)


def _levers(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    changes = (frame["cap"] * frame["direction"]).astype(float)
    made: dict[str, object] = {
        column("outcome"): [names.outcome(outcome) for outcome in frame["outcome"]],
        column("driver"): ["" if is_missing(driver) else names.driver(driver) for driver in frame["driver"]],
        column("change_of_driver"): changes,
        column("goes_with"): _counted("change", frame),
        column("interval_plain"): between(_counted("ci_low", frame), _counted("ci_high", frame), names),
        column("unit"): [_unit(unit, names) for unit in frame["unit"]],
        column("n"): [names.n(n, None) for n in frame["n"]],
    }
    return made | note(frame, names)


def _what_if(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    made: dict[str, object] = {
        column("outcome"): [names.outcome(outcome) for outcome in frame["outcome"]],
        column("now"): _counted("now", frame),
        column("goes_with"): _counted("change", frame),
        column("interval_plain"): between(_counted("ci_low", frame), _counted("ci_high", frame), names),
        column("unit"): [_unit(unit, names) for unit in frame["unit"]],
        column("n"): [names.n(n, None) for n in frame["n"]],
    }
    return made | note(frame, names)


def _together(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    return {
        column("of_whom"): [say(f"service.unit.{unit}", names.lang) for unit in frame["unit"]],
        column("driver"): [names.driver(driver) for driver in frame["driver"]],
        column("other_driver"): [names.driver(driver) for driver in frame["other"]],
        column("correlation"): frame["r"],
    }


def _counted(name: str, frame: pd.DataFrame) -> pd.Series:
    """Return changes in points, those of shares in percentage points."""
    share = (frame["unit"] == "share").map({True: 100.0, False: 1.0})
    return (frame[name].astype(float) * share).round(3)


def _unit(unit: object, names: Names) -> str:
    return "" if is_missing(unit) else say(f"what_if.unit.{unit}", names.lang)


def _outcomes(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    made: dict[str, object] = {
        column("outcome"): [names.outcome(outcome) for outcome in frame["outcome"]],
        column("of_whom"): [say(f"service.unit.{unit}", names.lang) for unit in frame["unit"]],
        column("driver"): [names.driver(driver) for driver in frame["driver"]],
        column("model_of"): [
            say(f"service.model.{_model(row)}", names.lang) for row in frame.to_dict("records")
        ],
        column("estimate"): frame["estimate"],
        column("estimate_interval"): between(frame["ci_low"], frame["ci_high"], names),
        column("standardised"): frame["standardised"],
        column("p_adjusted"): [p_word(p, names) for p in frame["p_adjusted"]],
        column("n"): [names.n(n, None) for n in frame["n"]],
    }
    return made | note(frame, names)


def _model(row: Mapping[Any, Any]) -> str:
    if row["exploratory"]:
        return "alone"
    return "composites" if row["driver"] in COMPOSITES else "factors"


def _paths(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    return {
        column("driver"): [names.driver(driver) for driver in frame["driver"]],
        column("mediator"): [names.scale(mediator) for mediator in frame["mediator"]],
        column("outcome"): [names.outcome(outcome) for outcome in frame["outcome"]],
        column("path"): [say(f"service.path.{path}", names.lang) for path in frame["path"]],
        column("estimate"): frame["estimate"],
        column("interval_plain"): between(frame["ci_low"], frame["ci_high"], names),
        column("n"): [names.n(n, None) for n in frame["n"]],
    }


GROUPED: Final = ("star", "role_group", "contract", "performance")
"""Features of a model of leaving that are groups of the staff list."""


def _attrition(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column, several = heading(names), frame["model"].nunique() > 1
    made: dict[str, object] = {
        **({column("left_model"): [model_name(model, names) for model in frame["model"]]} if several else {}),
        column("part"): [say(f"attrition.part.{part}", names.lang) for part in frame["part"]],
        column("subject"): [attrition_item(row, names) for row in frame.to_dict("records")],
        column("value"): frame["value"].astype(float).round(3),
        column("interval_plain"): between(frame["ci_low"], frame["ci_high"], names),
        column("expected"): frame["expected"],
        column("n"): [names.n(n, None) for n in frame["n"]],
    }
    return made | note(frame, names)


def attrition_item(row: Mapping[Any, Any], names: Names) -> str:
    """Return what a row of a table of leaving models is of: a score, a tenth of risk, a feature, a group."""
    item = str(row["item"])
    if row["part"] in ("score", "difference"):
        return say(f"attrition.score.{item}", names.lang)
    if row["part"] == "calibration":
        return say("attrition.tenth", names.lang, place=item)
    if row["part"] == "fairness":
        return f"{names.demographic(item)} · {names.level(item, row['group'])}"
    if item == "tenure_years":
        return names.demographic("tenure")
    return names.demographic(item) if item in GROUPED else names.driver(item)


def _hazards(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    made: dict[str, object] = {
        column("part"): [say(f"attrition.hazard_part.{part}", names.lang) for part in frame["part"]],
        column("subject"): [_hazard_of(row, names) for row in frame.to_dict("records")],
        column("hazard_ratio"): frame["ratio"],
        column("interval_plain"): between(frame["ci_low"], frame["ci_high"], names),
        column("p_adjusted"): [p_word(p, names) for p in frame["p_adjusted"]],
        column("changing"): [p_word(p, names) for p in frame["changing"]],
    }
    return made | note(frame, names)


def _hazard_of(row: Mapping[Any, Any], names: Names) -> str:
    if is_missing(row["term"]):
        return "–" if is_missing(row["changing"]) else say("attrition.all_together", names.lang)
    if is_missing(row["level"]):
        return names.demographic(row["term"])
    called = f"{names.demographic(row['term'])} · {group_name(row['term'], row['level'], names)}"
    base = is_missing(row["ratio"])
    return f"{called} ({say('attrition.compared', names.lang)})" if base else called


def _headcount(frame: pd.DataFrame, names: Names) -> dict[str, object]:
    column = heading(names)
    flows = {"left": "left_window", "hired": "hired_window", "moved_out": "moved_out", "moved_in": "moved_in"}
    ends = zip(frame["year"], frame["low"], frame["high"], strict=True)
    made: dict[str, object] = {
        names.demographic("role_group"): [names.level("role_group", group) for group in frame["role_group"]],
        column("years_ahead"): frame["year"],
        column("people_expected"): frame["expected"],
        column("interval_plain"): [
            "–" if is_missing(year) or year == 0 else numbers.between(float(low), float(high), names.lang, 0)
            for year, low, high in ends
        ],
        **{
            column(word): [names.n(*pair) for pair in zip(frame[name], frame["few"], strict=True)]
            for name, word in flows.items()
        },
    }
    return made | note(frame, names)


MODEL_TABLES: Final[dict[str, Callable[[pd.DataFrame, Names], dict[str, object]]]] = {
    "two_factor": _two_factor,
    "attrition": _attrition,
    "hazards": _hazards,
    "headcount": _headcount,
    "outcomes": _outcomes,
    "paths": _paths,
    "levers": _levers,
    "together": _together,
    "what_if": _what_if,
    "programmes": programme_columns,
    "statement": statement_columns,
}
"""What makes the displayed columns of each kind."""
