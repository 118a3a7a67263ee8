"""A small questionnaire and the files of a small company, for tests of the workspace."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from engage.instrument import Instrument, parse_instrument

_DOCUMENT = """
instrument: {id}
version: {version}
name: {{en: {id}}}
source: made for a test
licence: MIT
responses:
  p5: [{options}]
scales:
{scales}
demographics:
{demographics}
questions:
  change: {{en: "What should {id} change?"}}
"""
_OPTIONS = ", ".join(f"{{value: {i}, en: o{i}}}" for i in range(1, 6))


def questionnaire(
    id: str, scales: Mapping[str, str], demographics: Sequence[str] = ("team", "site"), *, version: int = 1
) -> Instrument:
    """Return a questionnaire of {scale: role}, two items each, the second reverse-keyed."""
    lines = []
    for name, role in scales.items():
        lines += [f"  {name}:", f"    role: {role}", f"    name: {{en: {name}}}", "    responses: p5"]
        lines += [
            "    items:",
            f"      {name}_1: {{en: {name} one}}",
            f"      {name}_2: {{en: {name} two, reverse: true}}",
        ]
    asked = [f"  {name}: {{name: {{en: {name}}}, text: {{en: Your {name}}}}}" for name in demographics]
    return parse_instrument(
        _DOCUMENT.format(
            id=id,
            version=version,
            options=_OPTIONS,
            scales="\n".join(lines),
            demographics="\n".join(asked) if asked else "  {}",
        )
    )


PULSE = questionnaire(
    "pulse", {"pay": "hygiene", "relationships": "hygiene", "growth": "motivator", "engagement": "outcome"}
)
MOOD = questionnaire("mood", {"satisfaction": "outcome", "recognition": "motivator"}, ())
TEAMS = {"north": 30, "south": 24, "east": 12, "west": 7, "far": 3}


def answers(
    instrument: Instrument,
    teams: Mapping[str, int] = TEAMS,
    *,
    seed: int = 1,
    day: str = "2025-03-04",
    prefix: str = "P",
    comments: bool = False,
) -> pd.DataFrame:
    """Return what the teams' people answered: items lean on one person-wide mood, some are missing."""
    rng = np.random.default_rng(seed)
    team = [name for name, size in teams.items() for _ in range(size)]
    lean = rng.normal(0, 0.8, len(team))
    table: dict[str, object] = {
        "employee id": [f"{prefix}{1000 + i}" for i in range(len(team))],
        "start time": [f"{day} 09:{i % 60:02d}:00" for i in range(len(team))],
    }
    for item in instrument.items:
        ticked = np.clip(np.round(3 + lean + rng.normal(0, 0.9, len(team))), 1, 5).astype(int)
        given = 6 - ticked if item.reverse_keyed else ticked
        table[item.id] = np.where(rng.random(len(team)) < 0.04, "", given.astype(str))
    for demographic in instrument.demographics:
        table[demographic.id] = (
            team if demographic.id == "team" else list(rng.choice(["river", "hill"], len(team)))
        )
    if comments:
        said = [f"The tool number {i} is slow and the queue is far too long" for i in range(len(team))]
        table["change"] = [text if i % 2 else "" for i, text in enumerate(said)]
    return pd.DataFrame(table)


def people(staff: pd.DataFrame, *, leavers: Sequence[str] = (), as_of: str = "2025-12-31") -> pd.DataFrame:
    """Return an HR extract of those in ``staff`` (``employee id, team``); leavers went in June 2025."""
    gone = staff["employee id"].isin(leavers)
    return pd.DataFrame(
        {
            "employee id": staff["employee id"],
            "as_of": as_of,
            "hire date": "2022-02-01",
            "leave date": np.where(gone, "2025-06-02", ""),
            "leave_type": np.where(gone, "voluntary", ""),
            "team": staff["team"],
            "contract": np.where(np.arange(len(staff)) % 2, "regular", "agency"),
        }
    )


def service(teams: Sequence[str], *, seed: int = 2, csat: float = 85.0) -> pd.DataFrame:
    """Return twelve months of customer satisfaction of ``teams``."""
    rng = np.random.default_rng(seed)
    rows = [
        (team, f"2025-{month:02d}", round(csat + rng.normal(), 2)) for team in teams for month in range(1, 13)
    ]
    return pd.DataFrame(rows, columns=["team", "month", "csat"])


def as_csv(frame: pd.DataFrame) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(frame.columns)
    writer.writerows(frame.itertuples(index=False))
    return out.getvalue().encode("utf-8")


def contents(folder: Path) -> dict[str, str]:
    """Return the hash of every file under ``folder``."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
