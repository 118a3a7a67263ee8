"""Released tables of programmes, of made-up figures."""

import pandas as pd
from safe_tables import POLICY, support

from engage.privacy import release_programmes, release_statement

FACTS = {"programme": "contest A", "type": "contest", "basis": "others"}


def overall(family, outcome, estimate, half, verdict, unit="points", **more):
    return {
        "family": family, "outcome": outcome, "term": "overall", "period": "", "estimate": estimate,
        "ci_low": estimate - half, "ci_high": estimate + half, "p_value": 0.0004, "p_adjusted": 0.0041,
        "unit": unit, "better": 1, "watch": family == "watch", "verdict": verdict, "reason": "",
        "inside": 325, "outside": 449, "n_clusters": 31, **more,
    }  # fmt: skip


def programme_rows():
    rows = [
        overall("conditions", "workload", -0.5412, 0.12, "harmed"),
        overall("people", "engagement", 0.0312, 0.2, "no_clear_difference"),
        overall("people", "pride", 0.1, 0.7, "cannot_tell", reason="imprecise", inside=9),
        overall("service", "on_time", 0.0094, 0.003, "helped", "share", inside=12, outside=19),
        overall("service", "handled", 0.0723, 0.025, "rose", "ratio", better=0, inside=12, outside=19),
        overall("watch", "overtime", 3.0, 1.0, "harmed", inside=12, outside=19),
        {"family": "leaving", "outcome": "attrition", "term": "overall", "period": "", "unit": "share",
         "verdict": "cannot_tell", "reason": "no_before", "watch": False, "better": -1},
    ]  # fmt: skip
    shared = {"family": "service", "outcome": "on_time", "unit": "share", "better": 1, "watch": False}
    for event, phase in ((-2, "before"), (-1, "lead"), (0, "during"), (1, "after")):
        rows.append(
            shared | {"term": f"event[{event}]", "period": f"2025-0{5 + event}", "phase": phase,
                      "estimate": 0.004 * event, "ci_low": -0.01, "ci_high": 0.01, "band_low": -0.02,
                      "band_high": 0.02, "p_value": 0.2}
        )  # fmt: skip
    for term in ("placebo[-1]", "year_members", "year_others"):
        rows.append(
            shared | {"term": term, "period": "", "estimate": 0.001, "ci_low": -0.01, "ci_high": 0.01}
        )
    rows.append(
        {"family": "conditions", "outcome": "workload", "term": "stayers", "period": "", "unit": "points",
         "estimate": -0.6, "ci_low": -0.8, "ci_high": -0.4}
    )  # fmt: skip
    return pd.DataFrame([FACTS | row for row in rows])


def programmes(untold=("attrition",), **facts):
    table = programme_rows()
    keys = {(r["programme"], r["family"], r["outcome"]) for r in table.to_dict("records")}
    behind = {key: support(774, **facts) for key in keys if key[2] not in untold}
    return release_programmes(table, ("2025H1", "2025H2"), POLICY, behind=behind)


def statement(**assumptions):
    return release_statement(programmes(), "contest A", assumptions)
