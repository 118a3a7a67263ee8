"""Write the sample: survey exports, staff list, service, programmes, suggestion box, tickets,
inspections, and TRUTH.yaml.

python data/sample/generate.py            writes beside itself; the same bytes every time
python data/sample/generate.py --truth    also runs the very large draw behind TRUTH.yaml (about a minute)
python data/sample/generate.py --out DIR  writes elsewhere
"""

import argparse
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]  # run from a checkout, installed or not

import pandas as pd  # noqa: E402
import yaml  # noqa: E402
from world import World, composites, make_world  # noqa: E402
from world import planted as p  # noqa: E402
from world.comments import load_texts, write_comments  # noqa: E402
from world.desk import (  # noqa: E402
    desk_facts,
    inspection_rows,
    make_desk,
    planted_desk,
    single_rating_icc,
    ticket_rows,
)
from world.exports import (  # noqa: E402
    box_rows,
    csv_bytes,
    people_rows,
    programme_rows,
    service_rows,
    wjx_rows,
    xlsx_bytes,
)
from world.growth import activity_rows, competence_rows, contact_rows, growth_truth, plan_rows  # noqa: E402
from world.truth import LARGE_PEOPLE, LARGE_SEED, LARGE_TEAMS, analysis_truth  # noqa: E402

__all__ = ["World", "composites", "files", "make_world", "planted_effects"]

_TRUTH_HEAD = """\
# What is true of the sample, for whoever checks an analysis of it. Written by generate.py.
#
# planted:   the numbers put in, from world/planted.py. An "index" is the unobserved tendency behind an
#            outcome's items; a "point" is one point of a scale score (mean of the items after
#            reverse-keying, 1 to 5).
# estimated: what an analysis finds with nearly endless data: the same process drawn once with very many
#            people (generate.py --truth), analysed as `how` says, respondents only, careless ones left in.
#            An analysis of the sample should cover these values with its intervals.
# sample:    facts of the sample itself.
"""


def planted_effects() -> dict[str, Any]:
    """Return the planted numbers as ``TRUTH.yaml`` shows them."""
    return {
        "outcomes": {
            "what": "index = sum of linear × (score − 3) + sum of shortfall × max(0, 3 − score)",
            "linear": {name: dict(slopes) for name, slopes in p.LINEAR.items()},
            "shortfall": {name: dict(slopes) for name, slopes in p.SHORTFALL.items()},
        },
        "leaving": {
            "what": "log-odds of leaving voluntarily within 180 days of a wave, per point of careful scores",
            "per_point": dict(p.LEAVING),
            "per_year_of_tenure": p.LEAVING_PER_YEAR,
            "years_that_count": p.LEAVING_YEARS,
            "at_scores_of_3_and_no_tenure": p.LEAVING_BASE,
            "per_star_given_tenure": p.STAR_ON_LEAVING,
        },
        "service": {
            "what": "of a team in a month, per point of the team's mean composite in the wave in force "
            "(mean over respondents of the mean of their hygiene or motivator scale scores)",
            "per_point": {name: dict(slopes) for name, slopes in p.SERVICE.items()},
            "quality_per_point_of_mean_ability": p.QUALITY_PER_ABILITY,
        },
        "programmes": {
            "contest": {
                "what": "unobserved workload view (standard deviation 1), share on time, share more handled",
                "workload_view": p.CONTEST_WORKLOAD,
                "on_time": p.CONTEST_ON_TIME,
                "handled": p.CONTEST_HANDLED,
                "csat": 0.0,
            },
            "mentor": {"what": "index of withdrawal of those accepted", "withdrawal": p.MENTOR_WITHDRAWAL},
        },
        "comments": {
            "what": "log-odds per standard deviation of the team's climate (mean driver score) in the wave",
            "change_negative": p.NEGATIVE_PER_CLIMATE,
            "proud_positive": p.POSITIVE_PER_CLIMATE,
        },
        "competence": {
            "what": "points that a role group's level lies below its target before answers are cut to 1-5; "
            "points "
            "of communication per standard deviation of a team's csat, of knowledge per that of ability",
            "gaps": {scale: dict(gaps) for scale, gaps in p.COMPETENCE_GAPS.items()},
            "communication": p.COMMUNICATION_PER_CSAT_SD,
            "knowledge": p.KNOWLEDGE_PER_ABILITY_SD,
        },
        "activities": {
            "what": "per point of the team's mean score in the coming wave: log of the rate of service stars "
            "(recognition), log-odds that a suggestion is answered (participation)",
            "service_stars": p.STARS_PER_POINT,
            "answered": p.ANSWERED_PER_POINT,
        },
        "plan": {
            "what": "people planned to have gone from traditional to smart service by the end of each year, "
            "while "
            "every vacancy is filled where it arises, so head-counts stay",
            "shift": dict(p.PLAN_SHIFT),
        },
        "careless": {"share_of_respondents": p.CARELESS_RATE, "kinds": dict(p.CARELESS_KINDS)},
        "nulls": [
            "star on leaving, given tenure",
            "hygiene above 3 on satisfaction, job_search, withdrawal and intent_to_stay",
            "hygiene on engagement, pride and accomplishment",
            "engagement on leaving, given pay, job_security, growth and supervisor",
            "hygiene and motivators on quality; the contest on csat",
            "talks held on anything; any competence but communication on csat, but knowledge on quality",
        ],
    }


def sample_facts(world: World, comments: pd.DataFrame, box: pd.DataFrame) -> dict[str, Any]:
    """Return counts of the sample: people, answers, leavers, careless respondents by wave, comments."""
    waves = {}
    for wave in p.WAVES:
        of_wave = world.panel[world.panel["wave"] == wave]
        written = comments[(world.panel["wave"] == wave).to_numpy()]
        careless = of_wave.loc[of_wave["careless"] != "", "careless"].value_counts()
        waves[wave] = {
            "in_post": len(of_wave),
            "respondents": int(of_wave["responded"].sum()),
            "left_voluntarily_within_180_days": int(of_wave["left"].sum()),
            "of_respondents": int((of_wave["left"] & of_wave["responded"]).sum()),
            "careless": {kind: int(careless.get(kind, 0)) for kind in p.CARELESS_KINDS},
            "comments": {q: int((written[q] != "").sum()) for q in ("change", "proud")},
        }
    kinds = world.people["leave_type"].value_counts()
    return {
        "seed": world.seed,
        "people": len(world.people),
        "teams": len(world.teams),
        "extract": p.EXTRACT.isoformat(),
        "waves": waves,
        "leavers": {str(kind): int(n) for kind, n in kinds.sort_index().items()},
        "suggestion_box": {str(s): int(n) for s, n in box["source"].value_counts().sort_index().items()},
        "programme_members": {
            "contest_teams": int((world.programmes["unit"] == "team").sum()),
            "mentor_applicants": int((world.programmes["unit"] == "person").sum()),
            "mentors": int(world.programmes["accepted"].fillna(False).sum()),
        },
    }


def files(
    world: World, texts: Path = HERE / "texts", estimated: Mapping[str, Any] | None = None
) -> dict[str, bytes]:
    """Return the sample's files by name, made from ``world`` and the comment texts in a folder."""
    comments, box = write_comments(world, load_texts(texts), world.seed)
    first, second, third = p.WAVES
    made = {wave: p.WAVE_DATES[wave][1] + timedelta(days=3) for wave in p.WAVES}
    desk = make_desk(world.seed)
    newest = wjx_rows(world, comments, third, "numbers", total=False)
    truth = {
        "planted": planted_effects() | {"desk": planted_desk()},
        "estimated": dict(estimated or {}) | {"desk": {"icc_of_a_single_rating": single_rating_icc()}},
        "sample": sample_facts(world, comments, box) | {"desk": desk_facts(desk)},
    }
    shown = yaml.safe_dump(truth, allow_unicode=True, sort_keys=False, width=110)
    return {
        f"responses_{first}.csv": csv_bytes(wjx_rows(world, comments, first, "labels", total=False), "gbk"),
        f"responses_{second}.xlsx": xlsx_bytes(
            wjx_rows(world, comments, second, "labels", total=True), made[second]
        ),
        f"responses_{third}.xlsx": xlsx_bytes(newest, made[third]),
        "people.csv": csv_bytes(people_rows(world), "utf-8-sig"),
        "service.csv": csv_bytes(service_rows(world), "utf-8-sig"),
        "programmes.csv": csv_bytes(programme_rows(world), "utf-8-sig"),
        "tickets.csv": csv_bytes(ticket_rows(desk), "utf-8-sig"),
        "inspections.csv": csv_bytes(inspection_rows(desk), "utf-8-sig"),
        "plan.csv": csv_bytes(plan_rows(world), "utf-8-sig"),
        "activities.csv": csv_bytes(activity_rows(world), "utf-8-sig"),
        f"competence_{third}.xlsx": xlsx_bytes(competence_rows(world, _silent(newest)), made[third]),
        f"service_value_{third}.xlsx": xlsx_bytes(contact_rows(world), made[third]),
        **{
            f"suggestion_box_{wave}.csv": csv_bytes(box_rows(box[_half_year(box) == wave]), "utf-8-sig")
            for wave in p.WAVES
        },
        "TRUTH.yaml": (_TRUTH_HEAD + shown).encode(),
    }


def _silent(rows: list[list[str | int]]) -> set[str]:
    """Return the employee numbers of those who left a background question empty."""
    first = next(place for place, name in enumerate(rows[0]) if "工号" in str(name))
    return {
        str(row[first]) for row in rows[1:] if any(str(cell)[:1] in "(-" for cell in row[first : first + 9])
    }


def _half_year(box: pd.DataFrame) -> pd.Series:
    """Return the wave of each entry: its half-year, and the last wave for what came later."""
    names = box["date"].map(lambda day: f"{day.year}H{1 if day.month <= 6 else 2}")
    return names.where(names.isin(p.WAVES), p.WAVES[-1])


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    parser.add_argument("--truth", action="store_true", help="run the very large draw again")
    options = parser.parse_args()
    if options.truth:
        large = make_world(LARGE_SEED, people=LARGE_PEOPLE, teams=LARGE_TEAMS)
        estimated = analysis_truth(large) | growth_truth(large)
    else:
        known = HERE / "TRUTH.yaml"
        estimated = yaml.safe_load(known.read_text(encoding="utf-8"))["estimated"] if known.is_file() else {}
    options.out.mkdir(parents=True, exist_ok=True)
    for name, content in files(make_world(), estimated=estimated).items():
        (options.out / name).write_bytes(content)


if __name__ == "__main__":
    main()
