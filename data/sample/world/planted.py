"""The effects planted in the sample, as numbers. ``TRUTH.yaml`` repeats them for whoever checks an analysis.

Scores below are scale scores as an analyst computes them (mean of the items after reverse-keying, 1 to 5), of
the answers a person would give with care. An *index* is the unobserved tendency behind an outcome's items.
"""

from datetime import date
from typing import Final

SEED: Final = 20_250_310
PEOPLE: Final = 1_880  # in post at the first wave; about 2,400 over the three
TEAMS: Final = 60

WAVES: Final = ("2025H1", "2025H2", "2026H1")
WAVE_DATES: Final = {
    "2025H1": (date(2025, 3, 10), date(2025, 3, 21)),
    "2025H2": (date(2025, 9, 8), date(2025, 9, 19)),
    "2026H1": (date(2026, 3, 9), date(2026, 3, 20)),
}
EXTRACT: Final = date(2026, 10, 31)
MONTHS: Final = tuple(date(2025 + m // 12, m % 12 + 1, 1) for m in range(21))  # 2025-01 to 2026-09
# Everyone who leaves after a wave does so within this many days of its last answer, so a horizon of 180 days
# catches them all, whichever day of the wave it is counted from.
LAST_LEAVING_DAY: Final = 165

HYGIENE: Final = ("pay", "status", "job_security", "working_conditions", "relationships")
MOTIVATORS: Final = ("recognition", "promotion", "bonus", "growth", "responsibility", "achievement")
OTHERS: Final = ("supervisor", "participation", "workload")
DRIVERS: Final = HYGIENE + MOTIVATORS + OTHERS
OUTCOMES: Final = (
    *("engagement", "satisfaction", "intent_to_stay", "enps"),
    *("job_search", "withdrawal", "pride", "accomplishment"),
)

KNOT: Final = 3.0  # a hygiene score below this is a shortfall

# Index of an outcome: sum of slope × (score − 3) over LINEAR, plus slope × max(0, 3 − score) over SHORTFALL.
LINEAR: Final = {
    "engagement": {
        **{
            "growth": 0.28,
            "recognition": 0.24,
            "achievement": 0.20,
            "participation": 0.14,
            "supervisor": 0.13,
        },
        **{"responsibility": 0.08, "promotion": 0.07, "workload": 0.05, "bonus": 0.04},
    },
    "satisfaction": {"recognition": 0.08, "growth": 0.08, "achievement": 0.06, "supervisor": 0.08},
    "intent_to_stay": {"growth": 0.25, "supervisor": 0.20},
    "job_search": {"growth": -0.15},
    "withdrawal": {"workload": -0.20, "achievement": -0.08},
    "pride": {"recognition": 0.25, "achievement": 0.22, "responsibility": 0.14, "bonus": 0.10},
    "accomplishment": {"achievement": 0.30, "growth": 0.20, "responsibility": 0.15, "recognition": 0.12},
}
SHORTFALL: Final = {
    "satisfaction": {
        **{"pay": -0.50, "job_security": -0.40, "working_conditions": -0.32, "relationships": -0.32},
        "status": -0.28,
    },
    "intent_to_stay": {"pay": -0.35, "job_security": -0.30},
    "job_search": {"pay": 0.50, "job_security": 0.40},
    "withdrawal": {"working_conditions": 0.40, "relationships": 0.35, "status": 0.30},
}
# Voluntary leaving after a wave: log-odds.
LEAVING: Final = {
    "pay": -0.35,
    "job_security": -0.30,
    "growth": -0.45,
    "supervisor": -0.35,
}  # per scale point
LEAVING_PER_YEAR: Final = -0.30  # of tenure, up to LEAVING_YEARS
LEAVING_YEARS: Final = 4.0
LEAVING_BASE: Final = -1.68  # at scores of 3 and no tenure: about 8 % leave per half-year
STAR_ON_LEAVING: Final = 0.0  # a planted null
OTHER_EXITS: Final = {"dismissed": 0.006, "contract_end": 0.008, "transfer": 0.006, "other": 0.003}
PROBATION_EXIT: Final = 0.05  # of those with under half a year

# Service of a team in a month: per point of the team's mean composite of the wave in force.
SERVICE: Final = {
    "csat": {"motivator": 6.0, "hygiene": 1.5},
    "on_time": {"motivator": 0.025, "hygiene": 0.008},
    "quality": {"motivator": 0.0, "hygiene": 0.0},
}
SERVICE_LEVEL: Final = {"csat": 92.0, "on_time": 0.93, "quality": 88.0}  # at composites of 3.3
SERVICE_CENTRE: Final = 3.3
SERVICE_TEAM_SD: Final = {"csat": 0.7, "on_time": 0.004, "quality": 1.0}
SERVICE_MONTH_SD: Final = {"csat": 0.8, "on_time": 0.006, "quality": 1.2}
QUALITY_PER_ABILITY: Final = 0.25  # points per point of the team's mean ability score

# Programmes: the change they make, in the index or directly.
CONTEST_START, CONTEST_END = date(2025, 4, 15), date(2025, 12, 31)
CONTEST_TEAMS: Final = 12
CONTEST_WORKLOAD: Final = -0.60  # on the unobserved workload (standard deviation 1), while it runs
CONTEST_ON_TIME: Final = 0.010  # added in each full month it runs
CONTEST_HANDLED: Final = 0.06  # more contacts handled, as a share
MENTOR_START, MENTOR_END = date(2025, 10, 8), date(2026, 9, 30)
MENTOR_WITHDRAWAL: Final = -0.60  # on the index of withdrawal, from its start

RESPONSE_RATE: Final = 0.80
CARELESS_RATE: Final = 0.04
CARELESS_KINDS: Final = {"straight_line": 0.4, "random": 0.3, "speeder": 0.3}
MISSING_RATE: Final = 0.006  # of single answers

# What people write: log-odds per standard deviation of the team's climate (mean of all drivers) in the wave.
NEGATIVE_PER_CLIMATE: Final = -1.0  # of a negative answer to "what should we change", and box entry
POSITIVE_PER_CLIMATE: Final = 0.9  # of a positive answer to "what makes you proud"

# What people can do: points that a role's level lies below its target (before answers are cut to 1–5).
COMPETENCE_RATE: Final = 0.75  # of the last wave's respondents fill in that questionnaire, too
COMPETENCE_ELSE: Final = 2.5  # level where a role needs none
COMPETENCE_GAPS: Final = {
    "business_knowledge": {"traditional_service": 0.3, "smart_service": 0.3},
    "customer_communication": {"traditional_service": 0.5, "smart_service": 0.4, "management": 0.1},
    "stress_management": {"traditional_service": 0.6, "smart_service": -0.2},
    "problem_solving": {"operations_support": 0.2, "traditional_service": -0.2},
    "digital_service": {"smart_service": 0.6, "traditional_service": -0.4},
    "data_use": {"operations_support": 0.7, "management": 0.3},
    "coaching": {"management": 0.7},
    "team_leadership": {"management": 0.2},
}
COMMUNICATION_PER_CSAT_SD: Final = 0.35  # points of communication per standard deviation of a team's csat
KNOWLEDGE_PER_ABILITY_SD: Final = 0.45  # points of knowledge per standard deviation of a person's ability
CONTACTS_PER_HEAD: Final = 0.8  # rated by the quality panel, of the serving teams
VALUE_LEVEL: Final = {"value_insight": 2.9, "value_emotional": 3.4, "value_practical": 3.9,
                      "competence_emotional": 3.1, "competence_professional": 3.6}  # fmt: skip
VALUE_PER_CSAT_SD: Final = {"value_emotional": 0.3, "competence_emotional": 0.3}

# What teams take part in, per person and month; in the months before a wave it goes with how they feel in it.
ACTIVITY_RATE: Final = {"service_stars": 0.05, "suggestions": 0.12, "interviews": 0.10}
ACTIVITY_CENTRE: Final = (
    3.2  # a team's mean score at which these rates hold, and half the suggestions are answered
)
STARS_PER_POINT: Final = 1.0  # log of the rate of service stars per point of the team's recognition
ANSWERED_PER_POINT: Final = 2.0  # log-odds of an answer per point of the team's participation

# The plan: people who shall have gone from traditional to smart service by the end of each year.
PLAN_SHIFT: Final = {2026: 20, 2027: 80, 2028: 160}
