"""How often intervals hold the truth, and how often nothing is taken for something, in random worlds.

python benchmarks/coverage.py [--worlds 2000] [--write docs/validation.md]

Each world draws its own correlations, coefficients, teams and size; one of the four drivers does nothing.
--write puts the table into the section of that name. World k starts from the seed 20261210 + k.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
import warnings

import numpy as np
import pandas as pd
from tables import Tally, told

from engage.model import fit_drivers, lmg_from_moments, relative_importance, what_if

SEED = 20261210
RESAMPLES = 300
DRIVERS = ["a", "b", "c", "d"]
NULL = 3
REGULAR = "coefficient"
World = tuple[pd.DataFrame, np.ndarray, np.ndarray]
MANY, FEW = (30, 70), (8, 30)  # teams
SIZES = {MANY: (8, 24), FEW: (24, 60)}  # people of a team


def world(rng: np.random.Generator, number: tuple[int, int]) -> World:
    """Return a frame with every kind of outcome, the true coefficients and the drivers' correlations."""
    teams = int(rng.integers(*number))
    team = np.repeat(np.arange(teams), rng.integers(*SIZES[number], teams))
    n = len(team)
    loadings = rng.normal(size=(4, 2))
    r = loadings @ loadings.T + np.diag(rng.uniform(0.5, 2, 4))
    r = r / np.sqrt(np.outer(np.diag(r), np.diag(r)))
    root = np.linalg.cholesky(r)
    x = (np.sqrt(0.2) * rng.normal(size=(teams, 4))[team] + np.sqrt(0.8) * rng.normal(size=(n, 4))) @ root.T
    beta = rng.normal(0, 0.3, 4)
    beta[NULL] = 0
    score = x @ beta
    frame = pd.DataFrame(x, columns=DRIVERS).assign(team=team)
    frame["score"] = score + rng.normal(size=n) * (0.7 + 0.3 * np.abs(x[:, 0]))
    frame["shared"] = score + 0.5 * rng.normal(size=teams)[team] + rng.normal(size=n)
    frame["left"] = (score - 1 + rng.logistic(size=n) > 0).astype(int)
    frame["level"] = np.digitize(score + rng.logistic(size=n), [-2, -0.5, 0.5, 2])
    days = rng.exponential(np.exp(-score))
    frame["gone"], frame["days"] = (days < 1.5).astype(int), np.minimum(days, 1.5)
    return frame, beta, r


def staff(rng: np.random.Generator, number: tuple[int, int]) -> tuple[pd.DataFrame, np.ndarray]:
    """Return leaving and a score of teams' people over three waves, and the truth of four drivers.

    ``a`` and ``b`` are a person's, ``c`` and ``d`` the same for a whole team in a wave, as the tone of its
    comments is; ``b`` and ``d`` do nothing. Who leaves is replaced, a tenth moves to another team, a fifth
    does not answer. What a team shares beside follows the bridge distribution (Wang & Louis 2003), with which
    log-odds over all teams are exactly those wanted.
    """
    teams = int(rng.integers(*number))
    team = np.repeat(np.arange(teams), rng.integers(*SIZES[number], teams))
    n, phi = len(team), rng.uniform(0.92, 0.97)
    place, felt = rng.random(teams), 0.5 * rng.normal(size=teams)
    shared = np.log(np.sin(phi * np.pi * place) / np.sin(phi * np.pi * (1 - place))) / phi
    beta = np.array([rng.normal(0, 0.3), 0.0, rng.normal(0, 0.3), 0.0])
    person, lasting, mood = np.arange(n), rng.normal(size=(n, 2)), rng.normal(size=(teams, 2))
    parts = []
    for wave in "123":
        tone = np.sqrt(0.6) * mood + np.sqrt(0.4) * rng.normal(size=(teams, 2))
        own = np.sqrt(0.2) * mood[team] + np.sqrt(0.5) * lasting + np.sqrt(0.3) * rng.normal(size=(n, 2))
        x = np.column_stack([own, tone[team]])
        leaves = (-2.2 + x @ beta / phi + shared[team] + rng.logistic(size=n) > 0).astype(int)
        part = pd.DataFrame(x, columns=DRIVERS).assign(leaves=leaves, person=person, team=team, wave=wave)
        part["score"] = x @ beta + felt[team] + rng.normal(size=n)
        parts.append(part[rng.random(n) < 0.8])
        gone = leaves == 1
        person = np.where(gone, person.max() + 1 + np.arange(n), person)
        lasting = np.where(gone[:, None], rng.normal(size=(n, 2)), lasting)
        team = np.where(rng.random(n) < 0.1, rng.integers(0, teams, n), team)
    return pd.concat(parts, ignore_index=True), beta


def spells(rng: np.random.Generator, number: tuple[int, int]) -> tuple[pd.DataFrame, np.ndarray]:
    """Return times until people leave, a quarter of them seen, and the true log hazard ratios.

    ``a`` is a person's, ``b`` and ``c`` a team's; ``b`` does nothing. What a team shares beside is positive
    stable (Hougaard 1986), with which hazards over all teams stay proportional, in the ratios wanted.
    """
    teams, alpha = int(rng.integers(*number)), 0.93
    team = np.repeat(np.arange(teams), rng.integers(*SIZES[number], teams))
    n, angle = len(team), rng.uniform(0, np.pi, teams)
    shared = np.sin(alpha * angle) / np.sin(angle) ** (1 / alpha)
    shared *= (np.sin((1 - alpha) * angle) / rng.exponential(size=teams)) ** ((1 - alpha) / alpha)
    beta = np.array([rng.normal(0, 0.3), 0.0, rng.normal(0, 0.3)])
    of_team = [rng.normal(size=teams)[team], (rng.permutation(teams) < 0.3 * teams)[team]]
    x = np.column_stack([rng.normal(size=n), *of_team]).astype(float)
    days = rng.exponential(size=n) / (shared[team] * np.exp(x @ beta / alpha))
    end = np.quantile(days, 0.25)
    frame = pd.DataFrame(x, columns=DRIVERS[:3]).assign(team=team, days=np.minimum(days, end))
    return frame.assign(gone=(days <= end).astype(int)), beta


def hazards(rng: np.random.Generator, tally: Tally) -> None:
    """Judge the ratios of risk that the staff list gives."""
    many, few = spells(rng, MANY), spells(rng, FEW)
    for row, (frame, beta), jackknife in (
        ("Cox by team, teams left out", many, True),
        ("Cox by 8 to 29 teams, left out", few, True),
        ("Cox by team", many, False),
    ):
        fit = fit_drivers(frame, "gone", DRIVERS[:3], (), "team", "cox", time="days", jackknife=jackknife)
        inside = (fit.ci_low <= beta) & (beta <= fit.ci_high)
        tally.add(f"{row}: a person's driver", REGULAR, inside[:1])
        tally.add(f"{row}: a team's drivers", REGULAR, inside[1:])
        tally.add(f"{row}: a team's drivers", "size", fit.p_value[1] < 0.05)


def of_teams(rng: np.random.Generator, tally: Tally) -> None:
    """Judge the errors that models of a scale and of leaving could have."""
    many, few = staff(rng, MANY), staff(rng, FEW)
    for row, (frame, beta), cluster, jackknife in (
        ("scale, by team, teams left out", many, "team", True),
        ("scale, by 8 to 29 teams, left out", few, "team", True),
        ("scale, by team", many, "team", False),
        ("scale, by person", many, "person", False),
        ("leaving, by team, teams left out", many, "team", True),
        ("leaving, by 8 to 29 teams, left out", few, "team", True),
        ("leaving, by team", many, "team", False),
        ("leaving, by person", many, "person", False),
    ):
        outcome, model = ("score", "ols") if row.startswith("scale") else ("leaves", "logit")
        fit = fit_drivers(frame, outcome, DRIVERS, ["wave"], cluster, model, jackknife=jackknife)
        for of, at in (("a person's drivers", [0, 1]), ("a team's drivers", [2, 3])):
            place = [fit.terms.index(DRIVERS[j]) for j in at]
            inside = (fit.ci_low[place] <= beta[at]) & (beta[at] <= fit.ci_high[place])
            tally.add(f"{row}: {of}", REGULAR, inside)
            tally.add(f"{row}: {of}", "size", fit.p_value[place[1]] < 0.05)


def coefficients(frame: pd.DataFrame, beta: np.ndarray, tally: Tally) -> None:
    kinds = {
        "least squares, HC3": ("score", {}),
        "least squares, by team": ("shared", {"cluster": "team"}),
        "mixed, within teams": ("shared", {"cluster": "team", "model": "mixed"}),
        "logit": ("left", {"model": "logit"}),
        "ordered levels": ("level", {"model": "ordered"}),
        "Cox": ("gone", {"model": "cox", "time": "days"}),
    }
    for row, (outcome, options) in kinds.items():
        fit = fit_drivers(frame, outcome, DRIVERS, **options)
        suffix = "[within]" if "mixed" in row else ""
        at = [fit.terms.index(name + suffix) for name in DRIVERS]
        tally.add(row, REGULAR, (fit.ci_low[at] <= beta) & (beta <= fit.ci_high[at]))
        tally.add(row, "size", fit.p_value[at[NULL]] < 0.05)


def shares(few: World, many: World, seed: int, tally: Tally) -> list[float]:
    """Judge importance and its ranks; return the importance of a permuted driver put beside the four."""
    for row, (frame, beta, r), outcome, noise, options in (
        ("importance, by 8 to 29 teams", few, "shared", 1.25, {"cluster": "team"}),
        ("importance, by team", many, "shared", 1.25, {"cluster": "team"}),
        ("importance of leaving (logit)", many, "left", np.pi**2 / 3, {"model": "logit"}),
        ("importance of leaving (Cox)", many, "gone", np.pi**2 / 6, {"model": "cox", "time": "days"}),
    ):
        whole = np.block([[r, (r @ beta)[:, None]], [(r @ beta)[None], beta @ r @ beta + noise]])
        truth = lmg_from_moments(whole)
        rank = 1 + (truth[None, :] > truth[:, None]).sum(axis=1)
        found = relative_importance(frame, outcome, DRIVERS, bootstrap=RESAMPLES, seed=seed, **options)
        tally.add(row, REGULAR, (found.ci_low <= truth) & (truth <= found.ci_high))
        tally.add(row, "rank", (found.rank_low <= rank) & (rank <= found.rank_high))
    frame = many[0]
    permuted = frame.assign(noise=np.random.default_rng(seed).permutation(frame["a"].to_numpy()))
    beside = relative_importance(permuted, "shared", [*DRIVERS, "noise"])
    return [float(beside.share[-1]), float(np.median(beside.share[:NULL]))]


def changes(row: str, frame: pd.DataFrame, beta: np.ndarray, tally: Tally) -> None:
    found = what_if(frame, ["shared"], DRIVERS, {"a": 0.3}, {"a": 0.5}, cluster="team").tidy().iloc[0]
    moved = np.minimum(frame["a"] + 0.3, frame["a"].max()) - frame["a"]
    tally.add(row, REGULAR, found["ci_low"] <= beta[0] * moved.mean() <= found["ci_high"])


def table(worlds: int) -> list[str]:
    tally, noise = Tally(), []
    for number in range(worlds):
        rng = np.random.default_rng(SEED + number)
        many, few = world(rng, MANY), world(rng, FEW)
        coefficients(*many[:2], tally)
        changes("what-if, by team", *many[:2], tally)
        changes("what-if, by 8 to 29 teams", *few[:2], tally)
        of_teams(rng, tally)
        hazards(rng, tally)
        noise.append(shares(few, many, number, tally))
        if number % 100 == 99:
            print(f"{number + 1} worlds", file=sys.stderr, flush=True)
    of_noise, of_drivers = np.array(noise).T
    return [
        f"{worlds:,} worlds, in per cent, with the Monte-Carlo standard error.",
        "",
        "| estimator | 95 % interval holds | rank interval holds | nothing called something at 5 % |",
        "|---|---|---|---|",
        *(
            f"| {row} | {tally.cell(row, REGULAR)} | {tally.cell(row, 'rank')} | {tally.cell(row, 'size')} |"
            for row in tally.rows
        ),
        "",
        f"For scale, a driver's answers handed out again by lot: {100 * of_noise.mean():.1f} % of what is",
        f"explained on average, {100 * np.quantile(of_noise, 0.95):.1f} % or more in a twentieth of worlds;",
        f"the median of the three real drivers is {100 * of_drivers.mean():.1f} %.",
    ]


def main() -> int:
    warnings.simplefilter("error")
    return told(__doc__, "coverage", table, 2000)


if __name__ == "__main__":
    sys.exit(main())
