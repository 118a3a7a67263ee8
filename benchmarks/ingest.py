"""Reading 100,000 respondents × 60 columns: CSV beside pandas, ``.xlsx`` beside calamine, and the memory.

``read`` gives a checked table with a column per item; ``read and melt`` goes on to the long table that pandas
comes to by hand, value for value (this is asserted). The floor is what such a reader must do at least: hash the
file, part it into cells and number each column's distinct values with Arrow. Each measurement runs in a process
of its own; the ways take turns, and the best round of each counts. Processor time is given beside wall time,
because it depends less on what else the machine does. Nothing is kept between runs.

    python benchmarks/ingest.py [--respondents 100000] [--repeat 3]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engage.instrument import load_instrument

if TYPE_CHECKING:
    import pandas as pd

    from engage.ingest import Reading

# ruff: noqa: E501
LABELS = ("Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree")
ITEMS = 54
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def rows(respondents: int) -> list[list[str]]:
    """Return the file's cells: who, team, 54 answers in words, time, seconds, a comment in ten, the channel."""
    rng = np.random.default_rng(20260901)
    answers = np.array(LABELS)[rng.integers(0, 5, (respondents, ITEMS))]
    head = [
        "employee id",
        "team",
        *(f"q_{n}" for n in range(ITEMS)),
        "submitted at",
        "seconds",
        "say",
        "source",
    ]
    body = [
        [f"E{n:06d}", f"T{n % 300}", *line, f"2026-09-{1 + n % 28:02d} 10:{n % 60:02d}:00", str(60 + n % 900),
         f"Publish the shifts of week {n} earlier" if n % 10 == 0 else "", "link"]
        for n, line in enumerate(answers.tolist())
    ]  # fmt: skip
    return [head, *body]


def write_files(folder: Path, respondents: int) -> None:
    table = rows(respondents)
    lines = "\n".join(",".join(line) for line in table)
    (folder / "wave.csv").write_text(lines + "\n", encoding="utf-8")
    write_xlsx(folder / "wave.xlsx", table)
    items = "\n".join(f"      q_{n}: {{en: Statement {n}}}" for n in range(ITEMS))
    options = ", ".join(f"{{value: {n}, en: {label}}}" for n, label in enumerate(LABELS, 1))
    (folder / "big.yaml").write_text(
        "instrument: big\nversion: 1\nname: {en: Big}\nsource: benchmark\nlicence: MIT\n"
        f"responses:\n  agree5: [{options}]\nscales:\n  all_items:\n    role: outcome\n    name: {{en: All}}\n"
        f"    responses: agree5\n    items:\n{items}\n"
        "demographics:\n  team: {name: {en: Team}, text: {en: Team}}\nquestions:\n  say: {en: say}\n",
        encoding="utf-8",
    )


def write_xlsx(path: Path, table: list[list[str]]) -> None:
    """Write a workbook as spreadsheet programs do, words in the shared table."""
    words: dict[str, int] = {}
    sheet = [f"<worksheet {MAIN}><sheetData>"]
    for r, line in enumerate(table, 1):
        cells = "".join(f'<c t="s"><v>{words.setdefault(cell, len(words))}</v></c>' for cell in line)
        sheet.append(f'<row r="{r}">{cells}</row>')
    sheet.append("</sheetData></worksheet>")
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": _links("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{LINKS}"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _links("worksheet", "worksheets/sheet1.xml"),
        "xl/sharedStrings.xml": f"<sst {MAIN}>{''.join(f'<si><t>{w}</t></si>' for w in words)}</sst>",
        "xl/worksheets/sheet1.xml": "".join(sheet),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)


def _links(kind: str, target: str) -> str:
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<Relationships xmlns="{package}"><Relationship Id="rId1" Type="{LINKS}/{kind}" Target="{target}"/></Relationships>'


def with_pandas(folder: Path) -> "pd.DataFrame":
    """Read, map and melt as one would by hand."""
    import pandas as pd

    table = pd.read_csv(folder / "wave.csv")
    values = {label: n for n, label in enumerate(LABELS, 1)}
    items = [name for name in table if str(name).startswith("q_")]
    for name in items:
        table[name] = table[name].map(values)
    return table.melt(id_vars=["employee id", "team"], value_vars=items)


def with_engage(folder: Path, name: str, instrument: object) -> "Reading":
    from engage.ingest import read

    reading = read(folder / name, instrument=instrument)  # type: ignore[arg-type]
    assert reading.ok, reading.problems
    assert reading.table["q_0"].notna().all()
    return reading


def melted(folder: Path, instrument: object) -> "pd.DataFrame":
    """Read with engage and melt, to the table of ``with_pandas``."""
    table = with_engage(folder, "wave.csv", instrument).table
    items = [name for name in table if name.startswith("q_")]
    return table.melt(id_vars=["respondent", "team"], value_vars=items)


def check_same(folder: Path, instrument: object) -> None:
    """Assert that pandas by hand and engage come to the same long table."""
    hand, own = with_pandas(folder), melted(folder, instrument)
    assert len(hand) == len(own)
    for (name, by_hand), (_, by_engage) in zip(hand.items(), own.items(), strict=True):
        assert by_hand.astype(object).tolist() == by_engage.astype(object).tolist(), name


def with_calamine(folder: Path) -> object:
    import python_calamine

    book = python_calamine.CalamineWorkbook.from_path(str(folder / "wave.xlsx"))
    return book.get_sheet_by_index(0).to_python()


def plain_table(folder: Path) -> object:
    """Read the CSV and nothing else: the file's table in memory."""
    import pandas as pd

    return pd.read_csv(folder / "wave.csv")


def floor(folder: Path) -> object:
    """Parse the CSV with Arrow and hash it: what any reader of the whole file must do, and nothing else."""
    import hashlib

    import pyarrow as pa
    from pyarrow import csv

    data = (folder / "wave.csv").read_bytes()
    hashlib.sha256(data).hexdigest()
    words = pa.dictionary(pa.int32(), pa.string())
    names = [str(n) for n in range(ITEMS + 6)]
    return csv.read_csv(
        pa.BufferReader(data),
        read_options=csv.ReadOptions(column_names=names, use_threads=False, block_size=1 << 22),
        parse_options=csv.ParseOptions(quote_char=False, newlines_in_values=False),
        convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, words), check_utf8=False),
    )


WAYS: dict[str, Callable[[Path, object], object]] = {
    "csv, pandas read-map-melt": lambda folder, _: with_pandas(folder),
    "csv, engage read and melt": lambda folder, survey: melted(folder, survey),
    "csv, engage read": lambda folder, survey: with_engage(folder, "wave.csv", survey),
    "csv, Arrow alone (the floor)": lambda folder, _: floor(folder),
    "csv, pandas read only": lambda folder, _: plain_table(folder),
    "xlsx, calamine": lambda folder, _: with_calamine(folder),
    "xlsx, engage": lambda folder, survey: with_engage(folder, "wave.xlsx", survey),
}


def measure(way: str, folder: Path) -> None:
    """Run one way and print its cost; libraries are loaded before the clock starts."""
    import pandas as pd
    import pyarrow.csv  # noqa: F401
    import python_calamine  # noqa: F401

    from engage.ingest import read

    survey = load_instrument(folder / "big.yaml")
    read(b"employee id,q_0\n1,Agree\n", instrument=survey)
    before = _peak()
    start, used = time.perf_counter(), _processor()
    result = WAYS[way](folder, survey)
    cost = {"wall": time.perf_counter() - start, "processor": _processor() - used}
    after = _peak()
    size = result.memory_usage(deep=True).sum() / 1e6 if isinstance(result, pd.DataFrame) else 0.0
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    print(json.dumps({**cost, "grown_mb": after - before, "child_mb": child, "table_mb": float(size)}))


def _processor() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _peak() -> float:
    """Return this process's highest resident memory in MB (``ru_maxrss`` would count its parent's, too)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e3


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--respondents", type=int, default=100_000)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--measure", default="")
    options.add_argument("--folder", default="")
    told = options.parse_args()
    if told.measure:
        measure(told.measure, Path(told.folder))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("writing the files", file=sys.stderr)
        write_files(folder, told.respondents)
        sizes = {path.name: path.stat().st_size / 1e6 for path in folder.iterdir()}
        print(
            f"{told.respondents} × {ITEMS + 6}; " + ", ".join(f"{n} {mb:.1f} MB" for n, mb in sizes.items())
        )
        check_same(folder, load_instrument(folder / "big.yaml"))
        rounds = [{way: _once(way, folder) for way in WAYS} for _ in range(told.repeat)]
    best = {way: min((one[way] for one in rounds), key=lambda cost: cost["processor"]) for way in WAYS}
    for way, cost in best.items():
        print(
            f"{way:28} wall {cost['wall']:6.2f} s  processor {cost['processor']:6.2f} s  "
            f"grown {cost['grown_mb']:5.0f} MB  child {cost['child_mb']:5.0f} MB"
        )
    csv, long = best["csv, engage read"], best["csv, engage read and melt"]
    hand = best["csv, pandas read-map-melt"]
    sheet, calamine = best["xlsx, engage"], best["xlsx, calamine"]
    table = best["csv, pandas read only"]["table_mb"]
    least = best["csv, Arrow alone (the floor)"]
    for unit in ("wall", "processor"):
        speeds = [hand[unit] / cost[unit] for cost in (csv, long, least)]
        print(
            f"csv, × the speed of pandas by {unit} time: read {speeds[0]:.1f}, read and melt {speeds[1]:.1f}, "
            f"the floor {speeds[2]:.1f} (reading is {csv[unit] / least[unit]:.2f} × the floor)"
        )
        print(f"xlsx: {sheet[unit] / calamine[unit] - 1:+.0%} on calamine by {unit} time")
    print(f"memory, csv: {csv['grown_mb'] / table:.1f} × the table in pandas ({table:.0f} MB)")


def _once(way: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", way, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
