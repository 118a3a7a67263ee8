"""The chart of the Service page: hygiene and motivators beside engagement, leaving and service."""

from typing import Final

import altair as alt
import pandas as pd

from engage.present import look, numbers
from engage.present.labels import COMPOSITES, Names
from engage.present.look import INK, ROLE_COLOURS, finish, nothing, released
from engage.privacy import SafeTable
from engage.words import say

_ROW: Final = 25


def outcomes(table: SafeTable, names: Names) -> alt.LayerChart:
    """Return the standardised coefficients of the composites on each outcome, with 95 % intervals.

    ``table``: of kind ``outcomes``. Standardised, so that persons' and teams' outcomes fit on one axis;
    lengths compare within an outcome, less so between persons and teams.
    """
    whole = released(table, "outcomes")
    frame = whole[whole["driver"].isin(list(COMPOSITES)) & ~whole["exploratory"].astype(bool)]
    if frame["standardised"].isna().all():
        return nothing(names, whole["hidden_reason"])
    rows: list[str] = []
    labels: dict[str, str] = {}
    for outcome, part in frame.groupby("outcome", sort=False):
        heading = f"#{outcome}"
        unit = say(f"service.unit.{part['unit'].iloc[0]}", names.lang)
        labels[heading] = say("service.heading", names.lang, outcome=names.outcome(str(outcome)), unit=unit)
        rows.append(heading)
        for driver in part["driver"]:
            rows.append(f"{outcome}/{driver}")
            labels[rows[-1]] = names.driver(driver)
    shown = frame.assign(
        row=[f"{outcome}/{driver}" for outcome, driver in zip(frame["outcome"], frame["driver"], strict=True)]
    )
    drawn = pd.DataFrame(
        {
            "row": shown["row"], "role": shown["driver"], "value": shown["standardised"],
            "low": shown["std_low"], "high": shown["std_high"],
            "label": [names.driver(driver) for driver in shown["driver"]],
            "outcome_word": [names.outcome(outcome) for outcome in shown["outcome"]],
            "estimate": [
                numbers.decimal(value, names.lang, 3) if pd.notna(value) else "–"
                for value in shown["estimate"]
            ],
            "interval": [
                numbers.between(a, b, names.lang, 3) if pd.notna(a) else "–"
                for a, b in zip(shown["ci_low"], shown["ci_high"], strict=True)
            ],
            "people": [names.n(n, None) for n in shown["n"]],
            "why": [names.hidden(reason) for reason in shown["hidden_reason"]],
        }
    )  # fmt: skip
    roles = list(COMPOSITES)
    colour = alt.Color(
        "role:N",
        scale=alt.Scale(domain=roles, range=[ROLE_COLOURS[role] for role in roles]),
        legend=alt.Legend(orient="top", title=None, labelExpr=look.role_words(roles, names), offset=4),
    )
    axis = alt.Axis(title=say("service.axis", names.lang), tickCount=7)
    x = alt.X("value:Q", axis=axis)
    base = alt.Chart(drawn).encode(
        y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=rows), axis=look.row_axis(labels)),
        tooltip=[
            alt.Tooltip(f"{field}:N", title=say(f"service.tip.{field}", names.lang))
            for field in ("outcome_word", "label", "estimate", "interval", "people", "why")
        ],
    )
    known = base.transform_filter("isValid(datum.value)")
    layers = [
        alt.Chart(pd.DataFrame({"value": [0.0]})).mark_rule(color=INK).encode(x=x),
        known.mark_rule(strokeWidth=2.5, opacity=0.8).encode(
            x=alt.X("low:Q", axis=axis), x2="high:Q", color=colour
        ),
        known.mark_point(size=65, filled=True, opacity=1).encode(x=x, color=colour),
        base.transform_filter("!isValid(datum.value)")
        .mark_text(align="left", dx=6, color=INK, fontStyle="italic")
        .encode(x=alt.datum(0), text="why:N"),
    ]
    return finish(layers, _ROW * len(rows))
