"""Released tables of the workforce, competence and activities, made for the tests of words and charts."""

import numpy as np
import pandas as pd
from safe_tables import POLICY

from engage.instrument import load_instrument
from engage.present.labels import Names
from engage.privacy import (
    Support,
    release_activities,
    release_competence,
    release_outcomes,
    release_places,
    release_profile,
    release_training,
    release_workforce,
)
from engage.words import LANGUAGES
from engage.workspace.merging import merged_instrument

INSTRUMENT = merged_instrument(
    [load_instrument(name) for name in ("herzberg_service", "competence", "service_value")]
)
NAMES = [Names(INSTRUMENT, lang) for lang in LANGUAGES]
TARGETS = {"coaching": {"management": 4, "smart_service": 3}, "data_use": {"management": 3}}
BEHIND = Support(n=60, people=60, coefficients=2, df=58, differing=59, team=5)


def staff_rows():
    """Two groups that were followed."""
    return pd.DataFrame(
        {
            "group": ["agents", "leads"],
            "now": [300, 60],
            "followed": [310, 58],
            "left": [50, 4],
            "hired": [45, 5],
        }
    )


def workforce(*, cooks=11, planned=True, ahead=True, leaving=1.0):
    """Return four groups on two lists and in two years to come; the cooks are few."""
    sizes = {"agents": 960.0, "chat": 585.0 if cooks > 30 else 72.4, "leads": 40.0, "cooks": float(cooks)}
    targets = {"agents": 800, "chat": 745, "leads": 40, "cooks": 12}
    rows = []
    for group, people in sizes.items():
        for day in ("2026-03-09", "2026-10-31"):
            rows.append(
                {"part": "actual", "role_group": group, "date": day, "expected": people, "share": 0.31234}
            )
        for year in (2027, 2028) if ahead else ():
            aim = {"target": float(targets[group]), "target_share": 0.4, "chance": 0.003, "verdict": "short"}
            rows.append(
                {
                    "part": "ahead",
                    "role_group": group,
                    "date": f"{year}-12-31",
                    "expected": people + 1.3,
                    "low": people - 9.4,
                    "high": people + 12.2,
                    "share": 0.311,
                    "share_low": 0.284,
                    "share_high": 0.352,
                }
                | (aim if planned else {})
            )
    notes = {
        "since": "2025-09-08" if ahead else None,
        "until": "2026-10-31",
        "leaving": leaving,
        "planned": planned,
        "unmatched": ("pilots",),
    }
    return release_workforce(pd.DataFrame(rows), pd.Series(sizes), notes, POLICY)


def place_counts():
    """Return two hundred applicants: agency staff got fewer places, stars are few."""
    rows = [
        ("", "", 200, 100),
        ("role_group", "hotline", 120, 61),
        ("role_group", "chat", 80, 39),
        ("contract", "regular", 100, 70),
        ("contract", "agency", 100, 30),
        ("star", "1", 3, 1),
        ("star", "2", 20, 10),
        ("star", "3", 177, 89),
    ]
    return pd.DataFrame(rows, columns=["by", "group", "applied", "accepted"]).assign(programme="mentors")


def places():
    """Return them released."""
    return release_places(place_counts(), POLICY)


def cells():
    """Return released cells by role of two competences; support is hidden."""
    rows = [
        ("management", "coaching", 60, None, 3.2, None),
        ("smart_service", "coaching", None, "10-19", 3.1, None),
        ("management", "data_use", 60, None, 3.4, None),
        ("support", "coaching", None, None, np.nan, "too_few"),
    ]
    columns = ["role_group", "scale", "n", "n_band", "mean", "hidden_reason"]
    return pd.DataFrame(rows, columns=columns).astype({"n": "Int64"})


def moments():
    """Return the whole wave's."""
    return pd.DataFrame(
        {"scale": ["coaching", "data_use"], "n": [80.0, 80.0], "mean": [3.15, 3.3], "var": [0.6, 0.5]}
    )


def competence(targets=TARGETS):
    """Return gaps: management falls short of coaching and is beyond in data."""
    return release_competence(cells(), moments(), targets, "role_group", {"wave": "2026H1"}, POLICY)


def competence_links():
    """Return what competence goes with: coaching with satisfaction, for sure."""
    rows = [
        ("csat", "coaching", 2.0, 1.2, 2.8, 0.0004),
        ("csat", "data_use", 0.1, -1.0, 1.2, 0.8),
        ("quality", "coaching", 0.2, -1.0, 1.4, 0.7),
        ("quality", "data_use", 0.1, -1.0, 1.2, 0.8),
    ]
    columns = ["outcome", "driver", "estimate", "ci_low", "ci_high", "p_value"]
    table = pd.DataFrame(rows, columns=columns).assign(
        unit="team", exploratory=True, role="outcome", n=43, hidden="", standardised=0.4
    )
    table["p_adjusted"] = table["p_value"]
    return release_outcomes(table, ["2026H1"], POLICY, behind=[BEHIND])


def training():
    """Return what to train first."""
    return release_training(competence(), competence_links(), {"management"}, {"wave": "2026H1", "n": 43})


def ratings(sizes=(40, 25, 6, 3), seed=3):
    """Return rated contacts of four teams, values lower than columns."""
    rng = np.random.default_rng(seed)
    team = np.repeat([f"T{k}" for k in range(len(sizes))], sizes)
    return pd.DataFrame(
        {
            "team": team,
            "value_insight": np.clip(rng.normal(2.5, 0.6, len(team)), 1, 5),
            "value_practical": np.clip(rng.normal(3.8, 0.6, len(team)), 1, 5),
            "competence_emotional": np.clip(rng.normal(3.2, 0.6, len(team)), 1, 5),
        }
    )


SCALES = ("value_insight", "value_practical", "competence_emotional")


def profile(**options):
    """Return the ratings released; the last team has three contacts."""
    people = pd.Series({"T0": 30, "T1": 12, "T2": 9, "T3": 8})
    return release_profile(ratings(**options), SCALES, people, {"wave": "2026H1"}, POLICY)


def activities(p=0.001):
    """Return what activities go with: stars with recognition."""
    rows = [
        ("service_stars", "recognition", "felt", 0.51, 0.3, 0.7, p),
        ("interviews", "recognition", "felt", 0.1, -0.1, 0.3, 0.6),
        ("service_stars", "csat", "service", 0.4, -0.8, 1.6, 0.5),
    ]
    columns = ["activity", "outcome", "family", "estimate", "ci_low", "ci_high", "p_value"]
    table = pd.DataFrame(rows, columns=columns).assign(n=176, teams=60, hidden="")
    table["p_adjusted"] = table["p_value"]
    gone = table.iloc[:1].assign(outcome="quality", hidden="too_few_teams")
    totals = {
        "total_service_stars": 2164,
        "total_suggestions": 4843,
        "total_answered": 2320,
        "total_interviews": 3886,
    }
    notes = {**totals, "from": "2025-01", "to": "2026-09", "waves": ("2025H2", "2026H1")}
    return release_activities(pd.concat([table, gone]), notes, POLICY, behind=[BEHIND])


def every_growth_table():
    """Return a table of each of these kinds."""
    return {
        "workforce": workforce(),
        "places": places(),
        "competence": competence(),
        "training": training(),
        "profile": profile(),
        "activities": activities(),
    }
