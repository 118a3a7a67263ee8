"""Small files as a person would drop them on the Upload page."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
OPTIONS = ("非常不同意", "不同意", "一般", "同意", "非常同意")
AGREE = ("Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree")
UNKNOWN_WORD = "差不多吧"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], encoding: str = "gb18030") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue().encode(encoding)


def sample_rows(rows: int = 40) -> tuple[list[str], list[list[str]]]:
    """Return the header and the first rows of a 问卷星 export of 2026."""
    text = (SAMPLE / "responses_2025H1.csv").read_bytes().decode("gb18030")
    header, *body = csv.reader(io.StringIO(text))
    when = header.index("提交答卷时间")
    for row in body:
        row[when] = row[when].replace("2025/", "2026/")
    return header, body[:rows]


def changed(change: Callable[[str], str], rows: int = 40) -> bytes:
    """Return the export with every cell changed."""
    header, body = sample_rows(rows)
    return table(header, [[change(cell) for cell in row] for row in body])


def in_numbers(rows: int = 40) -> bytes:
    """Return the export by option number, as 问卷星 writes it."""
    codes = {option: str(n) for n, option in enumerate(OPTIONS, start=1)} | {"(空)": "-3", "(跳过)": "-2"}
    return changed(lambda cell: codes.get(cell.strip(), cell), rows)


def with_unknown_word(rows: int = 40) -> bytes:
    """Return the export with an answer that is no option, in one row."""
    header, body = sample_rows(rows)
    body[3] = [UNKNOWN_WORD if cell == "同意" else cell for cell in body[3]]
    return table(header, body)


def unknown_survey(prefix: str = "Z", people: int = 60) -> bytes:
    """Return answers to a questionnaire that nobody has described; the fourth item is reversed."""
    rng = np.random.default_rng(5)
    lean = rng.normal(size=people)

    def answers(sign: int) -> list[str]:
        ticked = np.clip(np.round(3 + sign * lean + rng.normal(0, 0.7, people)), 1, 5).astype(int)
        return [AGREE[value - 1] for value in ticked]

    columns = {
        "Employee id": [f"{prefix}{n}" for n in range(people)],
        "Team": [("north", "south", "east")[n % 3] for n in range(people)],
        "I know what is expected of me": answers(1),
        "I have what I need": answers(1),
        "My manager listens to me": answers(1),
        "I think of leaving": answers(-1),
        "E-mail": [f"p{n}@example.org" for n in range(people)],
        "What should we change?": [f"Number {n} of the tools is far too slow" for n in range(people)],
    }
    return table(list(columns), list(zip(*columns.values(), strict=True)), "utf-8")


def staff(*, heading: str = "工号", left: str = "是", kind: str = "辞职") -> bytes:
    """Return a staff list of three people."""
    header = [heading, "班组", "入职日期", "离职日期", "离职类型", "是否离职"]
    rows = [
        ["A1", "一班", "2020-01-02", "2025-03-01", kind, left],
        ["A2", "一班", "2021-02-03", "", "", "否"],
        ["A3", "二班", "2021-02-03", "2025-01-01", "辞职", "是"],
    ]
    return table(header, rows, "utf-8")
