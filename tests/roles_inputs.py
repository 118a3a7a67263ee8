"""A small company of two departments, and the people who may look at it."""

from pathlib import Path

import pandas as pd
from workspace_inputs import answers, as_csv, people, questionnaire

from engage.workspace import Workspace

SURVEY = questionnaire(
    "roles",
    {"pay": "hygiene", "growth": "motivator", "engagement": "outcome"},
    ("team", "department", "site"),
)
ALDER = {"Vexillo North": 24, "Vexillo South": 22}
BIRCH = {"Quokka East": 24, "Quokka West": 22}
DEPARTMENTS = {**dict.fromkeys(ALDER, "Alderwood"), **dict.fromkeys(BIRCH, "Birchwood")}
OF_ALDER = (*ALDER, "Alderwood")
OF_BIRCH = (*BIRCH, "Birchwood")
WAVES = ("2025H1", "2025H2")
ACCESS = """
people:
  root@example.org: administrator
  hana@example.org: hr
  alma@example.org: {role: manager, subtree: [Works/Alderwood]}
  bert@example.org: {role: manager, subtree: [Works/Birchwood]}
  nora@example.org: {role: manager, subtree: [Works/Elsewhere]}
  anna@example.org: analyst
"""
PERSONAS = {
    "alma@example.org": "manager", "bert@example.org": "manager", "nora@example.org": "manager",
    "hana@example.org": "hr", "anna@example.org": "analyst", "root@example.org": "administrator",
    "mallory@example.org": "",
}  # fmt: skip
"""Sign-in names and roles; the last is listed nowhere."""
SEES = {
    "alma@example.org": OF_ALDER, "bert@example.org": OF_BIRCH, "nora@example.org": (),
    "mallory@example.org": (),
}  # fmt: skip
"""The units that a person sees by name, for those who do not see all."""
UNITS = (*OF_ALDER, *OF_BIRCH)


def foreign(name: str) -> tuple[str, ...]:
    """Return the units that nothing shown to a person may name."""
    return tuple(unit for unit in UNITS if unit not in SEES.get(name, UNITS))


def table(place: int) -> pd.DataFrame:
    found = answers(
        SURVEY, {**ALDER, **BIRCH}, seed=3 + place, day=f"2025-0{3 + 6 * place}-04", comments=True
    )
    return found.assign(department=found["team"].map(DEPARTMENTS))


def company(folder: Path) -> Path:
    """Return the folder of a workspace with a closed and an open wave, to be copied, without a list yet."""
    space = Workspace(folder / "company")
    staff = people(table(0)).assign(org_path=lambda frame: "Works/" + frame["team"].map(DEPARTMENTS))
    space.import_file(as_csv(staff), "people", name="staff.csv")
    for place, wave in enumerate(WAVES):
        space.import_file(as_csv(table(place)), wave=wave, instrument=SURVEY, name=f"{wave}.csv")
    space.close(WAVES[0])
    return space.path


def listed(folder: Path, text: str = ACCESS) -> Path:
    """Write who may use a workspace."""
    (folder / "access.yaml").write_text(text, encoding="utf-8")
    return folder
