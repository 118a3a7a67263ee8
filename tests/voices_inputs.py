"""A small company that writes: comments with known writers, themes and words, for tests of what may be
read.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from workspace_inputs import PULSE, answers, as_csv

from engage.workspace import Workspace

W1, W2 = "2025H1", "2025H2"
TEAMS = {"north": 40, "south": 30, "east": 16}
PAY = [
    "The base pay has not moved in three years while the rent went up twice",
    "My wages do not cover the rent any more, please raise the salary",
    "Salary is far too low for this work and everybody knows it",
    "We are paid less than the shop next door, the wage should be raised",
]


def pay_comments(n: int, start: int = 0) -> list[str]:
    """Return ``n`` different comments about pay."""
    return [f"{PAY[i % len(PAY)]}{' again' * (i // len(PAY))}" for i in range(start, start + n)]


def box(
    texts: Sequence[str], *, who: str = "P1", first: int = 0, question: str = "", source: str = "employee"
) -> pd.DataFrame:
    """Return a file of comments, each by a person of their own."""
    return pd.DataFrame(
        {
            "employee id": [f"{who}{first + i:03d}" for i in range(len(texts))],
            "question": question,
            "source": source,
            "text": list(texts),
            "date": "2025-03-05",
        }
    )


def company(folder: Path, boxes: dict[str, Sequence[pd.DataFrame]], *, close: bool = True) -> Workspace:
    """Return a workspace with a wave for each of ``boxes``, and its comments."""
    space = Workspace(folder / "space")
    for place, (wave, files) in enumerate(boxes.items()):
        frame = answers(PULSE, TEAMS, seed=3 + place, day=f"2025-0{3 + 5 * place}-04")
        space.import_file(as_csv(frame), wave=wave, instrument=PULSE)
        for file in files:
            space.import_file(as_csv(file), "comments", wave)
        if close:
            space.close(wave)
    return space
