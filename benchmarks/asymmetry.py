"""How often the asymmetry test errs where nothing is asymmetric, and how often it finds what is.

python benchmarks/asymmetry.py [--worlds 200] [--write docs/validation.md]

Draws every world of tests/worlds.py at several sizes, judges each with both methods, and prints two tables;
--write puts them into the section of that name. World k starts from the seed 20261201 + k.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from tables import write_section

sys.path.insert(0, str(Path(__file__).parents[1]))

from engage.measure import adjust_pvalues
from engage.model.answers import read_answers
from engage.model.asymmetry import decide
from engage.model.contrasts import contrasts
from tests.worlds import ASYMMETRIC, SYMMETRIC, World

SEED = 20261201
RESAMPLES = 200
METHODS = ("prca", "piecewise")


def usual(frame: pd.DataFrame, drivers: list[str]) -> dict[str, bool]:
    """Whether the usual tests call any driver asymmetric (HC3, BH at 5 %).

    Dummies of answers up to the middle of the lower half of the scale and from the middle of the upper half;
    slopes below and above the midpoint.
    """
    x = frame[drivers].to_numpy()
    middle, quarter = (x.max() + 1) / 2, (x.max() - 1) / 4
    dummies = np.hstack([x <= middle - quarter, x >= middle + quarter]).astype(float)
    kept = dummies.std(axis=0) > 0
    halves = np.hstack([x, np.maximum(x - middle, 0)])
    p = len(drivers)
    contrast = np.hstack([np.eye(p), np.eye(p)])[:, kept]
    return {
        "usual prca": any_asymmetric(frame["y"], dummies[:, kept], contrast),
        "usual piecewise": any_asymmetric(frame["y"], halves, np.hstack([np.zeros((p, p)), np.eye(p)])),
    }


def any_asymmetric(y: pd.Series, columns: np.ndarray, contrast: np.ndarray) -> bool:
    fit = sm.OLS(y.to_numpy(), sm.add_constant(columns)).fit(cov_type="HC3")
    tests = fit.t_test(np.hstack([np.zeros((len(contrast), 1)), contrast]))
    return bool((adjust_pvalues(tests.pvalue) <= 0.05).any())


def judge(world: World, n: int, worlds: int, number: int) -> dict[str, float]:
    """Return shares: of worlds with a false verdict, of true ones found, of drivers called symmetric."""
    rng = np.random.default_rng(SEED + number)
    truth = np.array(world.truth)
    drivers = [f"x{j}" for j in range(len(truth))]
    even = truth == "symmetric"
    found: dict[str, list[float]] = {}
    for seed in range(worlds):
        frame = world.draw(n, rng)
        scales = [read_answers(frame[name].to_numpy()) for name in frame]
        sides = contrasts(scales[:-1], scales[-1], RESAMPLES, np.random.default_rng(seed))
        shares: dict[str, float] = dict(usual(frame, drivers)) if even.all() else {}
        for method in METHODS:
            verdict = np.array([verdict for verdict, _ in decide(sides, method, np.inf)])
            decided = np.isin(verdict, ("hygiene_like", "motivator_like"))
            shares[f"{method} false"] = (decided & (verdict != truth)).any()
            if even.any():
                shares[f"{method} even"] = (verdict == "symmetric")[even].mean()
            if not even.all():
                shares[f"{method} found"] = (verdict == truth)[~even].mean()
                shares[f"{method} wrongly even"] = (verdict == "symmetric")[~even].mean()
        for key, value in shares.items():
            found.setdefault(key, []).append(value)
    return {key: float(np.mean(values)) for key, values in found.items()}


def tables(worlds: int) -> list[str]:
    lines = [
        f"Worlds without asymmetry ({worlds} of each): share with any false verdict, in per cent",
        "(penalty–reward / piecewise).",
        "",
        "| world | n | usual tests | `asymmetry` |",
        "|---|---|---|---|",
    ]
    number = 0
    for world in SYMMETRIC:
        for n in (800, 2400):
            got = judge(world, n, worlds, number)
            number += 1
            cells = [
                " / ".join(f"{100 * got[key]:.1f}" for key in keys)
                for keys in (("usual prca", "usual piecewise"), [f"{m} false" for m in METHODS])
            ]
            lines.append(f"| {world.name} | {n:,} | " + " | ".join(cells) + " |")
            print(lines[-1], flush=True)
    lines += [
        "",
        f"Worlds with asymmetric drivers ({worlds // 2} of each), in per cent (penalty–reward /",
        "piecewise):",
        "of the asymmetric drivers those found and those called symmetric, of the symmetric ones those",
        "called so, and worlds with any false verdict.",
        "",
        "| world | n | found | called symmetric | symmetric and called so | any false |",
        "|---|---|---|---|---|---|",
    ]
    for world in ASYMMETRIC:
        for n in (800, 2400, 6000):
            got = judge(world, n, worlds // 2, number)
            number += 1
            cells = [
                " / ".join(f"{100 * got[f'{m} {key}']:.0f}" if f"{m} {key}" in got else "–" for m in METHODS)
                for key in ("found", "wrongly even", "even", "false")
            ]
            lines.append(f"| {world.name} | {n:,} | " + " | ".join(cells) + " |")
            print(lines[-1], flush=True)
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    lines = tables(given.worlds)
    if given.write:
        write_section(given.write, "asymmetry", lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
