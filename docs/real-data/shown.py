"""Lay results out as Markdown, and put them between the markers of a page."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

MARKED = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Lay rows out as a Markdown table; the keys of the first are the headings."""
    heads = list(rows[0])
    lines = [heads, ["---"] * len(heads), *([str(row[head]) for head in heads] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def counts(facts: Mapping[str, object]) -> str:
    """Show counts by name."""
    return table([{"what": name.replace("_", " "), "count": value} for name, value in facts.items()])


def commands(lines: str) -> str:
    """Show commands as they were run."""
    return f"```bash{lines}```"


def source(function: Callable[..., object]) -> str:
    """Show the code of a function as it was run."""
    return f"```python\n{inspect.getsource(function)}```"


def driver_rows(answer: Mapping[str, Any]) -> list[dict[str, object]]:
    """Lay a released driver table out for reading."""
    return [
        {
            "driver": row["driver"],
            "estimate": f"{row['estimate']:.3f}",
            "95 % interval": f"{row['ci_low']:.3f} to {row['ci_high']:.3f}",
            "p": f"≤ {row['p_value']}" if row["p_value"] < 1 else "> 0.1",
            "share of what is explained": f"{row['share']:.2f}",
            "interval": f"{row['importance_low']:.2f} to {row['importance_high']:.2f}",
            "rank": f"{row['rank_low']:.0f} to {row['rank_high']:.0f}",
        }
        for row in answer["rows"]
    ]


def driver_notes(answer: Mapping[str, Any]) -> str:
    """Say what a driver table rests on, in one line."""
    names = ("model", "n", "clustered_by", "n_clusters", "r_squared", "out_of_sample", "measure", "counted")
    notes = answer["notes"]
    return "; ".join(f"{name} {notes[name]}" for name in names if notes.get(name) is not None)


def drivers(answer: Mapping[str, Any]) -> str:
    """Show a driver table with its notes."""
    return f"{table(driver_rows(answer))}\n\n{driver_notes(answer)}"


def scores(rows: Iterable[Mapping[str, Any]], by: str = "") -> str:
    """Show released scores."""
    return table(
        [
            ({by: row[by]} if by else {})
            | {"scale": row["scale"], "n": row["n"] or row["n_band"], "mean": row["mean"]}
            | {"favourable": row["favourable"], "95 % interval": f"{row['ci_low']} to {row['ci_high']}"}
            for row in rows
        ]
    )


def side_by_side(naive: pd.DataFrame, honest: pd.DataFrame) -> list[dict[str, object]]:
    """Lay the same estimates out with two standard errors."""
    both = naive.merge(honest, on="term", suffixes=("", "_honest")).query("term != 'intercept'")
    return [
        {
            "driver": row.term,
            "estimate": f"{row.estimate:.3f}",
            "error, rows as if independent": f"{row.std_error:.3f}",
            "error, clustered": f"{row.std_error_honest:.3f}",
            "95 % interval, clustered": f"{row.ci_low_honest:.3f} to {row.ci_high_honest:.3f}",
        }
        for row in both.itertuples()
    ]


def estimate(fit: pd.DataFrame, term: str) -> dict[str, object]:
    """Lay one estimate out with its interval."""
    row = fit.set_index("term").loc[term]
    return {
        "driver": term,
        "estimate": f"{row['estimate']:.3f}",
        "95 % interval": f"{row['ci_low']:.3f} to {row['ci_high']:.3f}",
    }


def shortened(faults: Sequence[str]) -> str:
    """Return the first fault, without the list of what would be known."""
    return faults[0].split("; nearest is ")[0].replace("|", "/") if faults else ""


def understood(answer: Mapping[str, Any]) -> str:
    """Say what an accepted file's columns were taken for."""
    pairs = answer.get("fields", {}) | answer.get("items", {})
    return "accepted: " + ", ".join(f"{column} → {meaning}" for column, meaning in pairs.items())


def written(page: str, blocks: Mapping[str, str]) -> str:
    """Return the page with the blocks between its markers."""
    return MARKED.sub(lambda found: f"{found[1]}\n{blocks[found[2]]}\n\n{found[3]}", page)
