"""Reproduce every figure of docs/real-data.md from the trial files.

Usage: python docs/real-data/run.py [FOLDER] [--write]

FOLDER holds the files (default: ``../shared/data`` beside the checkout). The result blocks are printed as
Markdown; ``--write`` also puts them into the page, between its markers.
"""

import argparse
import contextlib
import io
import json
import os
import shlex
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from shown import (
    commands,
    counts,
    drivers,
    estimate,
    scores,
    shortened,
    side_by_side,
    source,
    table,
    understood,
    written,
)

from engage import Workspace, fit_drivers, out_of_sample
from engage.cli import run as engage_command

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "real-data.md"
DATA = HERE.parents[2] / "shared" / "data"
SHOWN_DATA, SHOWN_HERE = "../shared/data/", "docs/real-data/"

# ---- the questions put to each file, as shown in the page

HRCASE = """
engage import ../shared/data/hrcase_employee_survey_data.csv --kind responses --wave case --instrument docs/real-data/hrcase_employee.instrument.yaml
engage import ../shared/data/hrcase_manager_survey_data.csv --kind responses --wave case --instrument docs/real-data/hrcase_manager.instrument.yaml
engage import ../shared/data/hrcase_general_data.csv --kind people --mapping docs/real-data/hrcase_people.mapping.yaml
engage close case
engage scores
engage drivers --outcome attrition
"""  # noqa: E501
LQ2002 = """
engage import ../shared/data/multilevel_lq2002.csv --kind responses --wave 2002 --instrument docs/real-data/lq2002.instrument.yaml --mapping docs/real-data/lq2002.mapping.yaml
engage close 2002
engage scores --by team
engage drivers --outcome hostility
engage drivers --outcome meaning
"""  # noqa: E501
DETE = """
engage import ../shared/data/dete_survey.csv --kind responses --wave exits --instrument docs/real-data/dete.instrument.yaml --mapping docs/real-data/dete.mapping.yaml
engage import ../shared/data/dete_survey.csv --kind people --mapping docs/real-data/dete_people.mapping.yaml
engage close exits
engage scores
engage drivers --outcome dissatisfied
engage drivers --outcome attrition
"""  # noqa: E501
PHONES = """
engage import ../shared/data/tool_wjx_800_text.xls --kind responses --wave 手机 --instrument docs/real-data/phones.instrument.yaml --mapping docs/real-data/phones.mapping.yaml
engage close 手机
engage scores --by gender
engage drivers --outcome phone_price
"""  # noqa: E501

ANSWERS = ("environment", "job", "balance", "involvement", "rating")
RECORDS = (
    "age", "distance_km", "education_level", "job_level", "monthly_income", "companies_before",
    "pay_rise_percent", "stock_options", "years_working", "trainings", "years_here", "years_since_promotion",
    "years_with_manager", "gender", "department", "travel", "marital_status", "education_field", "role_group",
)  # fmt: skip
STATEMENTS = (
    "workplace", "colleagues", "growth", "promotion", "responsibility", "supervisor", "informed", "load",
)  # fmt: skip

# what the other files are likely meant as; the rest are tried as responses
KINDS = {
    "callcenter_daily_1251.csv": "service",
    "cs_remarks_en.csv": "comments",
    "glassdoor_fortune100_3m.csv": f"comments --mapping {SHOWN_HERE}glassdoor.mapping.yaml",
    "ibm_hr_attrition.csv": "people",
    "rdatasets_carData_Rossi.csv": "people",
    "turnover_babushkin_clean.csv": "people",
    "turnover_babushkin_raw.csv": "people",
    "zh_ChnSentiCorp_htl_all.csv": "comments",
    "zh_tipdm_gov_messages_2.xlsx": "comments",
    "zh_tipdm_gov_messages_3.xlsx": "comments",
}
USED = ("hrcase_employee", "hrcase_manager", "hrcase_general", "multilevel_", "dete_", "tool_wjx")


@dataclass(slots=True)
class Report:
    """``blocks``: Markdown by marker name. ``figures``: the numbers behind them, unrounded where ours."""

    blocks: dict[str, str] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """A folder of trial files and a workspace to put them in."""

    data: Path
    folder: Path

    @property
    def workspace(self) -> Workspace:
        """The workspace as the library sees it."""
        return Workspace(self.folder)

    def ask(self, line: str) -> tuple[int, dict[str, Any]]:
        """Run one command as shown in the page; return its exit code and its JSON document."""
        places = {SHOWN_DATA: f"{self.data}{os.sep}", SHOWN_HERE: f"{HERE}{os.sep}"}
        args = shlex.split(line)[1:]
        for shown, real in places.items():
            args = [real + arg.removeprefix(shown) if arg.startswith(shown) else arg for arg in args]
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            code = engage_command([*args, "--json", "--lang", "en", "--workspace", str(self.folder)])
        return code, json.loads(out.getvalue())

    def walk(self, commands: str) -> dict[str, dict[str, Any]]:
        """Run the lines one after the other; every one of them must succeed."""
        answers = {}
        for line in commands.split("\n")[1:-1]:
            code, answer = self.ask(line)
            if code:
                raise RuntimeError(f"{line}\nended with {code}: {answer}")
            answers[line.removeprefix("engage ")] = answer
        return answers


# ---- the files


def copies(frame: pd.DataFrame) -> "pd.Series[str]":
    """Return which rows are the same person: equal in every column without holes, the id left out."""
    facts = frame.drop(columns="respondent")
    whole = [name for name in facts if facts[name].notna().all()]
    return facts.groupby(whole, sort=False).ngroup().astype(str)


def auc_of_leaving(frame: pd.DataFrame, controls: Sequence[str], cluster: str | None) -> float:
    """Return how well answers (and records) tell leavers from stayers, in rows held out of the fit."""
    return out_of_sample(frame, "left", ANSWERS, controls, cluster, model="logit")


def hrcase(trial: Trial, report: Report) -> None:
    """Three files of one workforce: who left, and can their answers tell?"""
    answers = trial.walk(HRCASE)
    asked = answers["drivers --outcome attrition"]
    frame = trial.workspace.frame("case")
    frame = frame.assign(left=frame["left"].astype(int), person=copies(frame))
    personnel = frame[[*RECORDS, "left"]]
    sizes = frame["person"].value_counts()
    facts = {
        "people": len(frame),
        "left": int(frame["left"].sum()),
        "matched": int(frame["role_group"].notna().sum()),
        "records_repeated": int(personnel.duplicated().sum()),
        "rows_repeated": int(frame.drop(columns=["respondent", "person"]).duplicated().sum()),
        "persons": len(sizes),
        "copies_each": sorted(sizes.unique().tolist()),
        "persons_left": int(frame.drop_duplicates("person")["left"].sum()),
    }
    auc = {
        (what, how): auc_of_leaving(frame, controls, cluster)
        for what, controls in (("answers", ()), ("answers and records", RECORDS))
        for how, cluster in (("rows split at random", None), ("copies kept together", "person"))
    }
    fits = [fit_drivers(frame, "left", ANSWERS, cluster=c, model="logit").tidy() for c in (None, "person")]
    report.figures["hrcase"] = facts | {"auc": auc, "fits": fits, "released": asked}
    report.blocks["hrcase_cli"] = "\n\n".join(
        [
            commands(HRCASE),
            "Scores:",
            scores(answers["scores"]["rows"]),
            "What goes with having left:",
            drivers(asked),
        ]
    )
    told = [
        {
            "predictors": what,
            "rows split at random": f"{auc[what, 'rows split at random']:.3f}",
            "copies kept together": f"{auc[what, 'copies kept together']:.3f}",
        }
        for what in ("answers", "answers and records")
    ]
    report.blocks["hrcase_honest"] = "\n\n".join(
        [
            source(copies),
            source(auc_of_leaving),
            counts(facts),
            "Out-of-sample AUC:",
            table(told),
            "Log-odds of having left, per point of the answer:",
            table(side_by_side(*fits)),
        ]
    )


def lq2002(trial: Trial, report: Report) -> None:
    """Forty-nine companies of soldiers: leadership, meaning of the task and hostility."""
    answers = trial.walk(LQ2002)
    own = pd.read_csv(trial.data / "multilevel_lq2002.csv", dtype={"SUB": str})
    frame = trial.workspace.frame("2002", ids=own["SUB"])
    known = {"LEAD": "leadership", "TSIG": "meaning", "HOSTILE": "hostility"}
    both = frame.merge(own, left_on="respondent", right_on="SUB")
    apart = max(float((both[name] - both[scale]).abs().max()) for name, scale in known.items())
    cells = pd.DataFrame(answers["scores --by team"]["rows"])
    hidden = cells[cells["hidden_reason"].notna()]
    fits = {
        outcome: [fit_drivers(frame, outcome, ["leadership"], cluster=c).tidy() for c in (None, "team")]
        for outcome in ("hostility", "meaning")
    }
    together = fit_drivers(frame, "hostility", ["leadership", "meaning"], cluster="team")
    means = frame.groupby("team")[list(known.values())].mean()
    between = {outcome: fit_drivers(means, outcome, ["leadership"]) for outcome in ("hostility", "meaning")}
    facts = {
        "answers": len(frame),
        "companies": int(frame["team"].nunique()),
        "smallest_company": int(frame["team"].value_counts().min()),
        "cells_by_company": len(cells),
        "cells_hidden": len(hidden),
        "companies_hidden": int(hidden["team"].nunique()),
    }
    report.figures["lq2002"] = facts | {
        "difference_from_own_scores": apart,
        "fits": fits,
        "together": together.tidy(),
        "between": {outcome: fit.tidy() for outcome, fit in between.items()},
        "released": {o: answers[f"drivers --outcome {o}"] for o in fits},
    }
    parts = [commands(LQ2002), counts(facts)]
    for outcome in fits:
        parts += [f"What goes with {outcome}:", drivers(answers[f"drivers --outcome {outcome}"])]
    report.blocks["lq2002_cli"] = "\n\n".join(parts)
    rows = [row | {"outcome": outcome} for outcome, pair in fits.items() for row in side_by_side(*pair)]
    wide = [
        {"model": "hostility, both in one model, clustered"} | estimate(together.tidy(), term)
        for term in together.drivers
    ]
    wide += [
        {"model": f"{outcome}, means of the 49 companies, HC3"} | estimate(fit.tidy(), "leadership")
        for outcome, fit in between.items()
    ]
    report.blocks["lq2002_library"] = (
        f"{table([{'outcome': r.pop('outcome')} | r for r in rows])}\n\n{table(wide)}\n\n"
        "Largest difference between our scale scores and those in the file: "
        f"{'below 0.000001' if apart < 1e-6 else f'{apart:.6f}'}"
    )


def dete(trial: Trial, report: Report) -> None:
    """An exit survey: everybody left; over what, and who resigned?"""
    answers = trial.walk(DETE)
    frame = trial.workspace.frame("exits")
    frame = frame.assign(resigned=(frame["leave_type"] == "voluntary").astype(int))
    unhappy = fit_drivers(frame, "dissatisfied", STATEMENTS, model="logit").tidy()
    auc = {
        "left over dissatisfaction: statements": out_of_sample(
            frame, "dissatisfied", STATEMENTS, model="logit"
        ),
        "resigned: statements": out_of_sample(frame, "resigned", STATEMENTS, model="logit"),
        "resigned: age band": out_of_sample(frame, "resigned", ["age_band"], model="logit"),
        "resigned: age band and statements": out_of_sample(
            frame, "resigned", STATEMENTS, ["age_band"], model="logit"
        ),
    }
    facts = {
        "answers": len(frame),
        "resigned": int(frame["resigned"].sum()),
        "left_over_dissatisfaction": int(frame["dissatisfied"].sum()),
    }
    released = {o: answers[f"drivers --outcome {o}"] for o in ("dissatisfied", "attrition")}
    report.figures["dete"] = facts | {"auc": auc, "unhappy": unhappy, "released": released}
    report.blocks["dete_cli"] = "\n\n".join(
        [
            commands(DETE),
            counts(facts),
            "Scores:",
            scores(answers["scores"]["rows"]),
            "What goes with leaving over dissatisfaction with the job (ticked or not, linear model):",
            drivers(released["dissatisfied"]),
            "What goes with resigning, among all who left:",
            drivers(released["attrition"]),
        ]
    )
    odds = [estimate(unhappy, name) for name in STATEMENTS]
    report.blocks["dete_library"] = "\n\n".join(
        [
            "Log-odds of leaving over dissatisfaction, per point of the scale:",
            table(odds),
            "Out-of-sample AUC:",
            table([{"what": k, "AUC": f"{v:.3f}"} for k, v in auc.items()]),
        ]
    )


def phones(trial: Trial, report: Report) -> None:
    """A 问卷星 export that has nothing to do with work."""
    answers = trial.walk(PHONES)
    asked = answers["drivers --outcome phone_price"]
    rows = answers["scores --by gender"]["rows"]
    frame = trial.workspace.frame("手机")
    report.figures["phones"] = {
        "answers": len(frame),
        "priced": int(frame["phone_price"].notna().sum()),
        "released": asked,
    }
    report.blocks["phones"] = "\n\n".join(
        [commands(PHONES), scores(rows, "gender"), "What goes with the price of the phone:", drivers(asked)]
    )


def others(trial: Trial, report: Report) -> None:
    """Every other file: what ``engage check`` says of it."""
    rows = []
    for path in sorted(trial.data.iterdir()):
        if path.name.startswith(USED) or path.suffix == ".md":
            continue
        kind = KINDS.get(path.name, "responses")
        code, answer = trial.ask(f"engage check {SHOWN_DATA}{path.name} --kind {kind}")
        said = answer.get("error") or {}
        grave = [p["reason"] for p in answer.get("problems", []) if p["severity"] == "error"]
        rows.append(
            {
                "file": path.name,
                "asked as": kind.replace(SHOWN_HERE, ""),
                "dialect": answer.get("dialect", "–"),
                "encoding": answer.get("encoding") or "–",
                "rows": answer.get("rows", "–"),
                "exit": code,
                "what it said": said.get("what") or shortened(grave) or understood(answer),
            }
        )
    report.figures["others"] = rows
    report.blocks["others"] = table(rows)


CASES: tuple[Callable[[Trial, Report], None], ...] = (hrcase, lq2002, dete, phones, others)


def reproduce(data: Path) -> Report:
    """Run everything on the files in ``data``, each case in a workspace of its own."""
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            case(Trial(data, Path(folder) / case.__name__), report)
    return report


def main() -> None:
    """Print the blocks; with ``--write`` also put them into the page."""
    parser = argparse.ArgumentParser(description="Reproduce the figures of docs/real-data.md.")
    parser.add_argument("data", nargs="?", type=Path, default=DATA, help="folder with the trial files")
    parser.add_argument("--write", action="store_true", help="put the blocks into the page")
    options = parser.parse_args()
    if not options.data.is_dir():
        raise SystemExit("There is no such folder. Name the one that holds the trial files.")
    report = reproduce(options.data.resolve())
    for name, block in report.blocks.items():
        print(f"<!-- figures: {name} -->\n\n{block}\n\n<!-- end -->\n")
    if options.write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), report.blocks), encoding="utf-8")


if __name__ == "__main__":
    main()
