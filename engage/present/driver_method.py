"""The model behind a driver table in words: its formula, estimator, errors and diagnostics."""

from typing import Final

import pandas as pd

from engage.present import numbers
from engage.present.labels import Names, is_missing
from engage.present.look import released
from engage.privacy import SafeTable
from engage.words import say

_MOST_INFLATED: Final = 10.0
"""Variance inflation is released up to here."""


def driver_method(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return the model of a driver table: formula, what is divided, size, events per variable, VIF, themes.

    Nothing but released notes and cells; none where the table is of groups.
    """
    frame, notes = released(table, "drivers"), table.notes
    if "model" not in notes or "share" not in frame:
        return ()
    rows = frame[frame["share"].notna() & (frame["block"] != "theme")]
    outcomes = [names.inline(names.outcome(str(one))) for one in dict.fromkeys(rows["outcome"])]
    drivers = [names.driver(str(driver)) for driver in dict.fromkeys(rows["driver"])]
    lines = [
        say(
            "driver_model.model", names.lang, outcome=" / ".join(outcomes), drivers=" + ".join(drivers),
            controls=_controls(table, names), errors=_errors(table, names),
            estimator=say(f"driver_model.estimator.{notes['model']}", names.lang),
        )
    ]  # fmt: skip
    if notes.get("explained"):
        lines.append(say(f"driver_model.explained.{notes['explained']}", names.lang))
    lines += [*_size(table, names), *_inflation(rows, names)]
    if (frame["block"] == "theme").any():
        lines.append(say("driver_model.themes", names.lang))
    return tuple(lines)


def _controls(table: SafeTable, names: Names) -> str:
    controls = table.notes.get("controls")
    if not isinstance(controls, tuple) or not controls:
        return ""
    called = [names.inline(names.demographic(name)) for name in controls]
    return say("driver_model.controls", names.lang, names=called)


def _errors(table: SafeTable, names: Names) -> str:
    notes = table.notes
    by = notes.get("clustered_by")
    if by is None:
        return say(f"driver_model.errors.{'robust' if notes['model'] == 'ols' else 'plain'}", names.lang)
    count = names.n(notes.get("n_clusters"), notes.get("n_clusters_band"))
    return say(f"driver_model.errors.{by}", names.lang, count=count)


def _size(table: SafeTable, names: Names) -> list[str]:
    notes = table.notes
    n, coefficients = float(str(notes["n"])), int(str(notes["coefficients"]))
    lines = [
        say(
            "driver_model.size", names.lang, n=numbers.whole(n, names.lang), coefficients=coefficients,
            rows=numbers.whole(n / coefficients, names.lang),
        )
    ]  # fmt: skip
    if notes["model"] == "logit" and not is_missing(notes.get("events")):
        fewer = min(float(str(notes["events"])), n - float(str(notes["events"])))
        per = numbers.decimal(fewer / (coefficients - 1), names.lang, 1)
        lines.append(say("driver_model.events", names.lang, events=per))
    return lines


def _inflation(rows: pd.DataFrame, names: Names) -> list[str]:
    """Return the highest variance inflation factor, where there is one."""
    if "vif" not in rows or rows["vif"].isna().all():
        return []
    first = rows.iloc[int(rows["vif"].astype(float).argmax())]
    value = numbers.decimal(float(first["vif"]), names.lang, 1)
    if float(first["vif"]) >= _MOST_INFLATED:
        value = say("driver_model.vif_high", names.lang, value=value)
    called = names.inline(names.driver(str(first["driver"])))
    return [say("driver_model.vif", names.lang, value=value, driver=called)]
