"""What the simulations share: counts of what held, and the tables of docs/validation.md."""

import argparse
import subprocess
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]


class Tally:
    """Counts of held and of tried, by row and column of a table."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], float] = defaultdict(float)
        self.tried: dict[tuple[str, str], float] = defaultdict(float)

    def add(self, row: str, column: str, held: np.ndarray | bool) -> None:
        self.held[row, column] += float(np.sum(held))
        self.tried[row, column] += float(np.size(held))

    @property
    def rows(self) -> list[str]:
        return list(dict.fromkeys(row for row, _ in self.tried))

    def cell(self, row: str, column: str) -> str:
        """Return the share in per cent with its Monte-Carlo standard error, a dash for none tried."""
        tried = self.tried[row, column]
        if not tried:
            return "–"
        share = self.held[row, column] / tried
        return f"{100 * share:.1f} ± {100 * np.sqrt(share * (1 - share) / tried):.1f}"


def told(purpose: str, section: str, table: Callable[[int], list[str]], worlds: int) -> int:
    """Print a table of simulated worlds, and write it where ``--write`` says: the main of a benchmark."""
    parser = argparse.ArgumentParser(description=purpose.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=worlds)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    lines = table(given.worlds)
    print("\n".join(lines))
    if given.write:
        write_section(given.write, section, lines)
    return 0


def write_section(page: Path, name: str, lines: Sequence[str]) -> None:
    """Put lines between the marks of a section of a page, and the commit they were made from under them."""
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    body = "\n".join([*lines, "", f"Made from commit {_commit()}."])
    page.write_text(f"{before}{begin}\n{body}\n{end}{after}", encoding="utf-8")


def _commit() -> str:
    changed = _git("status", "--porcelain", "--", "engage", "benchmarks", "tests")
    return _git("rev-parse", "--short=10", "HEAD") + (" with changes" if changed else "")


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
