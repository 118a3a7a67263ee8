"""Print the table of favourable, neutral and unfavourable answers, or write it into docs/measurement.md.

python docs/measurement/run.py [--write]
"""

import argparse
from pathlib import Path

from engage.measure import answer_bands

PAGE = Path(__file__).parents[1] / "measurement.md"
START, END = "<!-- table -->", "<!-- end -->"


def table() -> str:
    """Return the table for 2 to 11 points: the answers of each band, from 1 up (on 11 points, from 0)."""
    rows = ["| points | unfavourable | neutral | favourable |", "|---|---|---|---|"]
    for points in range(2, 12):
        bands = answer_bands(points)
        least = 0 if points == 11 else 1
        middle = least + bands.unfavourable
        top = middle + bands.neutral
        ends = [(least, middle), (middle, top), (top, least + points)]
        rows.append(f"| {points} | " + " | ".join(span(low, high) for low, high in ends) + " |")
    return "\n".join(rows)


def span(low: int, above: int) -> str:
    """Return the answers from ``low`` to just below ``above``."""
    return "–" if low == above else str(low) if above == low + 1 else f"{low} to {above - 1}"


def written(page: str) -> str:
    """Return the page with the present table between its markers."""
    before, rest = page.split(START)
    return before + START + "\n" + table() + "\n" + END + rest.split(END)[1]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into docs/measurement.md")
    if parser.parse_args().write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(table())
