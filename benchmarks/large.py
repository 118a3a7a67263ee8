"""A workspace as large as one likes, made through the door that a user's files take.

python benchmarks/large.py FOLDER [--people 100000] [--waves 12] [--items 50] [--comments 1000000]

People of five demographics (2,000 teams down to 3 sites) answer a questionnaire of five-point items wave
after wave: 5 % leave and are replaced, 3 % of the answers are missing. A file of comments comes with each
wave, all different. Engagement leans on every scale and on the team. The last waves are closed. Prints what
each import cost. Seeded.
"""

import argparse
import io
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from engage import Workspace
from engage.instrument import Instrument, parse_instrument

PER_SCALE = 5
GROUPS = {"team": 50, "department": 1_000, "tenure": 12_500, "grade": 16_000, "site": 33_000}
"""Demographics, and how many people there are to a group."""
_SAID = (
    "第{n}号窗口排队太久，系统也常常死机",
    "The roster of week {n} came two days late again",
    "Новая программа номер {n} работает быстрее, спасибо",
    "班长在{n}号班次很照顾大家",
    "Room {n} is too small for the team, please give us another",
)


def instrument(items: int) -> Instrument:
    """Return a questionnaire of ``items`` items: scales of five, the last one engagement."""
    scales = items // PER_SCALE
    roles = ["hygiene", "motivator"]
    lines = ["instrument: size", "version: 1", "name: {en: Size}", "source: made for a benchmark"]
    lines += [
        "licence: MIT",
        "responses:",
        "  p5: [" + ", ".join(f"{{value: {i}, en: o{i}}}" for i in range(1, 6)) + "]",
    ]
    lines += ["scales:"]
    for s in range(scales):
        name, role = ("engagement", "outcome") if s == scales - 1 else (f"factor{s}", roles[s % 2])
        lines += [
            f"  {name}:",
            f"    role: {role}",
            f"    name: {{en: {name}}}",
            "    responses: p5",
            "    items:",
        ]
        for i in range(PER_SCALE):
            reverse = ", reverse: true" if i == PER_SCALE - 1 else ""
            lines.append(f"      {name}_{i}: {{en: {name} statement {i}{reverse}}}")
    lines += ["demographics:", *(f"  {g}: {{name: {{en: {g}}}, text: {{en: Your {g}}}}}" for g in GROUPS)]
    return parse_instrument("\n".join(lines) + "\n")


class Company:
    """People who come, go and answer."""

    def __init__(self, people: int, items: int, teams: int = 0, seed: int = 11) -> None:
        self.rng = np.random.default_rng(seed)
        self.questions = instrument(items)
        self.levels = {name: max(people // size, 3) for name, size in GROUPS.items()}
        self.levels["team"] = teams or self.levels["team"]
        self.climate = self.rng.normal(0, 0.4, self.levels["team"])
        self.next = 0
        self.staff = self._hired(people)

    def _hired(self, n: int) -> pd.DataFrame:
        ids = [f"E{self.next + i:07d}" for i in range(n)]
        self.next += n
        codes = {name: self.rng.integers(0, levels, n) for name, levels in self.levels.items()}
        return pd.DataFrame({"employee id": ids, **codes})

    def turn(self) -> None:
        stay = self.rng.random(len(self.staff)) >= 0.05
        self.staff = pd.concat([self.staff[stay], self._hired(int((~stay).sum()))], ignore_index=True)

    def answers(self, wave: int) -> bytes:
        """Return a wave's file."""
        rng, n = self.rng, len(self.staff)
        lean = self.climate[self.staff["team"]] + rng.normal(0, 0.6, n)
        day = pd.Timestamp("2023-03-06") + pd.Timedelta(weeks=13 * wave)
        table = {"employee id": self.staff["employee id"], "start time": f"{day:%Y-%m-%d} 09:00:00"}
        total = np.zeros(n)
        for scale in self.questions.scales:
            own = lean + rng.normal(0, 0.5, n)
            if scale.id == "engagement":
                own = 0.5 * lean + 0.25 * total
            total += own / len(self.questions.scales) * 2
            for item in map(self.questions.item, scale.items):
                ticked = np.clip(np.round(3.4 + own + rng.normal(0, 0.8, n)), 1, 5)
                ticked = 6 - ticked if item.reverse_keyed else ticked
                ticked[rng.random(n) < 0.03] = np.nan
                table[item.id] = pd.array(ticked, dtype="Int8")
        for name in GROUPS:
            table[name] = name[0].upper() + self.staff[name].astype(str)
        out = io.BytesIO()
        pd.DataFrame(table).to_csv(out, index=False)
        return out.getvalue()

    def comments(self, wave: int, n: int) -> bytes:
        """Return a file of different comments by people of the wave."""
        who = self.staff["employee id"].to_numpy()[self.rng.integers(0, len(self.staff), n)]
        said = [_SAID[i % len(_SAID)].format(n=wave * n + i) for i in range(n)]
        return pd.DataFrame({"employee id": who, "text": said}).to_csv(index=False).encode()


def used() -> tuple[float, float]:
    """Return the processor seconds and the peak memory in MB so far."""
    mine = resource.getrusage(resource.RUSAGE_SELF)
    return mine.ru_utime + mine.ru_stime, mine.ru_maxrss / 1024


def build(
    folder: Path, people: int, waves: int, items: int, comments: int, close: int, teams: int = 0
) -> list[dict[str, float]]:
    """Make the workspace, print and return what each step cost."""
    company, workspace, steps = Company(people, items, teams), Workspace(folder), []
    per_wave = comments // waves
    for wave in range(waves):
        name = f"w{wave + 1:02d}"
        files = [("answers", company.answers(wave), "responses", people * items)]
        if per_wave:
            files.append(("comments", company.comments(wave, per_wave), "comments", per_wave))
        if wave >= waves - close:
            files.append(("close", b"", "", people))
        for what, content, kind, size in files:
            start, (cpu, _) = time.perf_counter(), used()
            if what == "close":
                workspace.close(name)
            else:
                told = company.questions if kind == "responses" else None
                workspace.import_file(
                    content, kind=kind, wave=name, name=f"{name}-{what}.csv", instrument=told
                )
            step = {"wave": wave + 1, "what": what, "size": size, "file_mb": len(content) / 1e6}
            step |= {"seconds": time.perf_counter() - start, "cpu": used()[0] - cpu, "peak_mb": used()[1]}
            steps.append(step)
            print(json.dumps(step), flush=True)
        company.turn()
    return steps


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--waves", type=int, default=12)
    parser.add_argument("--items", type=int, default=50)
    parser.add_argument("--comments", type=int, default=1_000_000)
    parser.add_argument("--close", type=int, default=2, help="how many of the last waves are closed")
    given = parser.parse_args()
    build(given.folder, given.people, given.waves, given.items, given.comments, given.close)
    return 0


if __name__ == "__main__":
    sys.exit(main())
