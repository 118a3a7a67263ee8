"""Released tables of the two-factor test, what-if, outcomes side by side and leaving, of made-up figures."""

import numpy as np
import pandas as pd
from desk_inputs import released
from growth_tables import every_growth_table
from plan_inputs import plan, released_plans, world
from programme_tables import programmes, statement
from safe_tables import FACTORS, INSTRUMENT, POLICY, support, totals

from engage.privacy import (
    Following,
    follow_up,
    pick_comments,
    release_agreement,
    release_attrition,
    release_comments,
    release_emerging,
    release_hazards,
    release_headcount,
    release_levers,
    release_outcomes,
    release_paths,
    release_survival,
    release_tone,
    release_two_factor,
    release_wishes,
)
from engage.text import tone_by
from engage.text.telling import KnownNames

ROLES = {scale.id: scale.role for scale in INSTRUMENT.scales}
TOLD = (
    ("job_search", "pay", "hygiene_like", -0.51, -0.04),
    ("satisfaction", "pay", "hygiene_like", 0.47, 0.02),
    ("pride", "recognition", "motivator_like", 0.05, 0.4),
    ("pride", "growth", "symmetric", 0.2, 0.21),
)


def verdicts(told=(), outcomes=("satisfaction", "job_search", "pride")):
    """Return raw two-factor rows; ``told``: (outcome, driver, verdict, low, high)."""
    rows = [
        (outcome, ROLES[outcome], driver, ROLES[driver], 0.1234, 0.1, "cannot_tell", "undecided")
        for outcome in outcomes
        for driver in FACTORS
    ]
    columns = ["outcome", "side", "driver", "role", "low", "high", "verdict", "reason"]
    frame = pd.DataFrame(rows, columns=columns)
    for outcome, driver, verdict, low, high in told:
        at = (frame["outcome"] == outcome) & (frame["driver"] == driver)
        frame.loc[at, ["verdict", "reason", "low", "high"]] = [verdict, "", low, high]
    frame["difference"] = frame["high"] - frame["low"]
    return frame.assign(
        std_error=0.05, ci_low=frame["difference"] - 0.1, ci_high=frame["difference"] + 0.1,
        p_value=0.2, p_adjusted=0.0031,
    )  # fmt: skip


def two_factor(told=TOLD, refused=(), **facts):
    table = verdicts(told)
    behind = {outcome: support(1912, **facts) for outcome in table["outcome"].unique()}
    return release_two_factor(table, refused, ("2026H1",), POLICY, behind=behind)


def lever_rows(outcomes=("engagement", "job_search"), drivers=("pay", "recognition", "growth")):
    """Return raw levers: each point of a driver goes with 0.2 points of the outcome."""
    rows = []
    for outcome in outcomes:
        good = -1.0 if outcome in ("job_search", "attrition") else 1.0
        share = outcome in ("attrition", "on_time")
        level = "team" if outcome in ("csat", "on_time") else "person"
        own = ("hygiene", "motivator") if level == "team" else drivers
        for driver in own:
            for sign in (1, -1):
                change = good * sign * 0.3 * (0.02 if share else 0.2123)
                rows.append(
                    {
                        "outcome": outcome, "driver": driver, "role": ROLES.get(driver, driver),
                        "direction": sign, "cap": 0.3, "sd": 0.91 if level == "person" else 0.4, "now": 0.08
                        if share else 3.456, "unit": "share" if share else "points", "level": level,
                        "least": np.nan if share else 1.0, "most": np.nan if share else 5.0,
                        "change": change, "ci_low": change - 0.012, "ci_high": change + 0.012,
                        "std_error": 0.006,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def pairs(names, r, unit):
    return pd.DataFrame([(unit, a, b, 1.0 if a == b else r) for a in names for b in names],
                        columns=["unit", "driver", "other", "r"])  # fmt: skip


def grid(outcomes=("engagement", "job_search", "attrition", "csat"), r=0.4, refused=("pride",), **facts):
    table = lever_rows(outcomes)
    drivers = ("pay", "recognition", "growth")
    together = pd.concat([pairs(drivers, r, "person"), pairs(("hygiene", "motivator"), r, "team")])
    behind = {outcome: support(1912, **facts) for outcome in table["outcome"].unique()}
    return release_levers(table, together, refused, POLICY, behind=behind)


def outcome_rows():
    rows = []
    for outcome, unit in (
        ("engagement", "person"),
        ("attrition", "person"),
        ("csat", "team"),
        ("quality", "team"),
    ):
        few = outcome == "quality"
        good = -1 if outcome == "attrition" else 1
        for driver in ("hygiene", "motivator"):
            rows.append((outcome, unit, driver, good * 0.51234, False, "too_few_teams" if few else ""))
        for driver in FACTORS[:3]:
            rows.append((outcome, unit, driver, good * 0.2, unit == "team", "too_few_teams" if few else ""))
    columns = ["outcome", "unit", "driver", "estimate", "exploratory", "hidden"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(
        role=[ROLES.get(driver, driver) for driver in frame["driver"]], std_error=0.05,
        ci_low=frame["estimate"] - 0.1, ci_high=frame["estimate"] + 0.1,
        standardised=frame["estimate"] / 2, p_value=0.0002, p_adjusted=0.0004, n=1912,
    )  # fmt: skip


def outcomes():
    return release_outcomes(outcome_rows(), ("2025H2", "2026H1"), POLICY, behind=[support(1912)])


def paths(estimate=0.8, half=0.3):
    rows = [
        ("motivator", "engagement", "csat", path, estimate, estimate - half, estimate + half, 92)
        for path in ("driver_to_mediator", "mediator_to_outcome", "direct", "indirect")
    ]
    columns = ["driver", "mediator", "outcome", "path", "estimate", "ci_low", "ci_high", "n"]
    return release_paths(pd.DataFrame(rows, columns=columns), POLICY, behind=[support(92)])


def no_paths():
    return release_paths(pd.DataFrame(), POLICY, behind=[])


def leaving(bins=None, fairness=None, n=2000, slope=1.04, gain=None):
    """Return how well a model of leaving does: 160 of 2,000 left. ``gain``: a second model's, in AUC."""
    scores = pd.DataFrame(
        [{"model": "logit", "auc": 0.7345, "auc_low": 0.7049, "auc_high": 0.7612, "fold_sd": 0.02,
          "average_precision": 0.2234, "brier": 0.07066, "calibration_slope": slope, "predicted": 0.0812,
          "observed": 0.08, "n": n, "leavers": 160}]
    )  # fmt: skip
    left = [2, 3, 6, 8, 10, 14, 17, 20, 30, 50] if bins is None else bins
    calibration = pd.DataFrame(
        {"model": "logit", "n": 200, "predicted": np.linspace(0.01, 0.25, 10),
         "observed": np.array(left) / 200, "ci_low": 0.0, "ci_high": 1.0}
    )  # fmt: skip
    importance = pd.DataFrame(
        {
            "model": "logit",
            "feature": ["pay", "tenure_years", "star"],
            "drop": [0.0312, 0.0131, -0.001],
            "sd": 0.01,
        }
    )
    if fairness is None:
        fairness = [("contract", "regular", 1100, 0.07, 0.071), ("contract", "agency", 895, 0.092, 0.05)]
    groups = pd.DataFrame(fairness, columns=["column", "group", "n", "observed", "predicted"]).assign(
        model="logit"
    )
    notes = {"purpose": "planning", "horizon_days": 180, "folds": 5, "waves": ("2026H1",),
             "features": ("pay", "tenure_years", "star")}  # fmt: skip
    difference = pd.DataFrame(columns=["model", "against", "auc", "ci_low", "ci_high"])
    if gain is not None:
        difference.loc[0] = ["boosting", "logit", gain, gain - 0.0123, gain + 0.0123]
        second = scores.assign(model="boosting", auc=scores["auc"] + gain, calibration_slope=0.91)
        scores = pd.concat([scores, second])
        calibration = pd.concat([calibration, calibration.assign(model="boosting")])
    return release_attrition(
        scores, calibration, importance, groups, difference, notes, POLICY, behind=support(n, binary=True)
    )


def staying(by="star", start=6.0):
    parts = []
    for group, n in {"1": 200, "2": 120, "3": 35, "4": 12}.items():
        times = np.arange(7.0, 40.0, 0.5)
        at_risk = np.linspace(n, n / 4, len(times)).astype(int)
        survival = np.linspace(0.99, 0.6, len(times))
        part = pd.DataFrame(
            {"time": times, "at_risk": at_risk, "events": 1, "survival": survival, "ci_low": survival - 0.04,
             "ci_high": survival + 0.03, "start": start}
        )  # fmt: skip
        if by:
            part.insert(0, by, group)
        parts.append(part)
    curves = pd.concat(parts) if by else parts[0]
    return release_survival(curves, (by,) if by else (), POLICY, step=6.0)


def hazard_rows(star=0.05, part="later"):
    """Return raw hazards: a star, and levels of a contract and of a role group."""
    rows = [
        ("", "", np.nan, np.nan, np.nan, 0.4),
        ("star", "", star, 0.0812, 0.5, 0.6),
        ("contract", "regular", np.nan, np.nan, np.nan, np.nan),
        ("contract", "agency", 0.5123, 0.1, 0.0004, 0.3),
        ("contract", "other", 0.1, 0.2, 0.6, 0.9),
    ]
    frame = pd.DataFrame(rows, columns=["term", "level", "estimate", "std_error", "p_value", "changing"])
    wide = 1.96 * frame["std_error"]
    return frame.assign(part=part, ci_low=frame["estimate"] - wide, ci_high=frame["estimate"] + wide,
                        p_adjusted=2 * frame["p_value"])  # fmt: skip


def hazards(table=None, refused=("early",), events=446, **facts):
    rows = hazard_rows() if table is None else table
    parts = rows["part"].unique()
    behind = {part: support(2284, binary=True, **facts) for part in parts}
    return release_hazards(
        rows, refused, {"counted": "voluntary", "clustered_by_later": "team"}, POLICY, behind=behind,
        events=dict.fromkeys(parts, events),
    )  # fmt: skip


def headcount(now=(969, 135, 12, 40)):
    """Return four role groups over two years: the first grows by 11 a year, the others by one."""
    rows = []
    for group, people in zip(("traditional", "management", "few", "next"), now, strict=True):
        gain = 11.4 if people > 500 else 1.2
        for year in range(3):
            wide = 20.3 * year
            rows.append(
                {"role_group": group, "year": year, "expected": people + gain * year,
                 "low": people + gain * year - wide, "high": people + gain * year + wide, "now": people,
                 "followed": people, "left": 8, "hired": 3, "moved_out": 0, "moved_in": 12}
            )  # fmt: skip
    notes = {"since": "2025-09-08", "until": "2026-10-31", "years": 2}
    return release_headcount(pd.DataFrame(rows), notes, POLICY)


def voices():
    """Return tables of what people write: comments, wishes with a status, emerging themes, words beside
    scores.
    """
    rng = np.random.default_rng(8)
    n = 90
    theme = np.where(np.arange(n) < 60, "pay", "growth")
    comments = pd.DataFrame(
        {
            "wave": np.where(np.arange(n) % 2, "2026H1", "2025H2"),
            "question": "change", "source": "employee",
            "theme": theme, "tone": rng.choice(["negative", "neutral", "positive"], n),
            "intent": "suggestion",
            "language": "zh", "respondent": [f"P{i}" for i in range(n)], "team": "a",
            "wish": (theme == "pay") * 1,
            "text": [f"{t}希望涨一点工资{'好' * (i % 9)}" for i, t in enumerate(theme)],
            "group": (theme == "pay") * 1, "phrases": [("工资", "希望涨")] * n,
        }
    )  # fmt: skip
    waves = ["2025H2", "2026H1"]
    nobody = KnownNames({})
    newer = comments[comments["wave"] == "2026H1"]
    shown = release_comments(newer, ["team"], nobody, POLICY, salt="s")
    fixed = {str(shown.tidy()["comment"].iloc[0]): ("tone=positive;intent=praise;theme=pay", "HR")}
    wishes = release_wishes(comments, waves, nobody, POLICY, salt="s")
    first = next(iter(wishes.marks))
    cells = tone_by(newer.assign(tone_score=0.5), ["theme"])
    tone = release_tone(cells, "theme", POLICY, pd.Series("", index=cells.index))
    return {
        "comments": pick_comments([shown], corrected=fixed),
        "wishes": follow_up(
            wishes.table, waves, {first: Following("declined", "too dear", "HR", "2026-04-01")}
        ),
        "emerging": release_emerging(comments, waves, POLICY),
        "agreement": release_agreement({"2026H1": tone}, {"2026H1": totals()}, FACTORS),
    }


def every_kind():
    """Return a table of each kind that the analyses release."""
    levers = grid()
    return {
        "two_factor": two_factor(refused=["withdrawal"]), "levers": levers.levers,
        "together": levers.together, "outcomes": outcomes(), "paths": paths(),
        "what_if": levers.answer({"pay": 0.2, "growth": 0.4}),
        "attrition": leaving(), "challenger": leaving(gain=0.02), "staying": staying(),
        "hazards": hazards(), "headcount": headcount(),
        "programmes": programmes(), "statement": statement(channel_shift=0.2, contacts=100),
        "plans": released_plans([plan(), plan(level="")], *world(3.0, 3.4)), **voices(), **released(),
        **every_growth_table(),
    }  # fmt: skip
