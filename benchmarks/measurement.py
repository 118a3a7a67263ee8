"""How often the intervals of measures and comparisons hold the truth, in random waves.

python benchmarks/measurement.py [--worlds 2000] [--write docs/validation.md]

Each world draws a scale of two to six items on 4 to 10 options, its loadings, thresholds (people lean to
agreement), teams with lasting differences, and the number of people; 4 % of the answers are missing. The
truth is worked out from the thresholds, by quadrature where a normal distribution has to be averaged over.
World k starts from the seed 20261124 + k.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtr
from tables import Tally, told

from engage.measure import (
    compare,
    compare_waves,
    confirm_structure,
    contrast_extremes,
    cronbach_alpha,
    enps,
    favourable_from,
    favourable_interval,
    favourable_share,
    icc,
    score_items,
    wilson_interval,
)
from engage.privacy import rounding

SEED = 20261124
HOLDS, FLAGS = "holds", "flags"
MISSING = 0.04
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


@dataclass(frozen=True)
class Scale:
    """Items with loadings (k,) and thresholds (k, points − 1) on a standard normal trait.

    ``share`` of the trait's variance lies between teams, whose effects (G,) are standard normal; a person is
    of team g with probability ``sizes[g]``.
    """

    points: int
    loading: np.ndarray
    threshold: np.ndarray
    share: float
    team: np.ndarray
    sizes: np.ndarray

    def of_one_team(self) -> "Scale":
        """Return the scale where traits are standard normal in all."""
        return replace(self, share=0.0, team=np.zeros(1), sizes=np.ones(1))

    def trait(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Return team codes (n,) and traits (n,)."""
        codes = rng.choice(len(self.team), n, p=self.sizes)
        return codes, np.sqrt(self.share) * self.team[codes] + np.sqrt(1 - self.share) * rng.normal(size=n)

    def answers(self, rng: np.random.Generator, trait: np.ndarray, missing: float = MISSING) -> pd.DataFrame:
        noise = np.sqrt(1 - self.loading**2) * rng.normal(size=(len(trait), len(self.loading)))
        latent = self.loading * trait[:, None] + noise
        answers = 1.0 + (latent[:, :, None] > self.threshold).sum(axis=2)
        answers[rng.random(answers.shape) < missing] = np.nan
        return pd.DataFrame(answers, columns=[f"i{k}" for k in range(len(self.loading))])

    def above(self, shift: float = 0.0) -> np.ndarray:
        """Return P(answer of item i > a), (k, points − 1), for people whose trait is moved by ``shift``."""
        middle = np.sqrt(self.share) * self.team + shift
        spread = np.sqrt(1 - self.loading**2 * self.share)
        by_team = ndtr(
            (self.loading[:, None, None] * middle - self.threshold[:, :, None]) / spread[:, None, None]
        )
        return by_team @ self.sizes

    def mean(self, shift: float = 0.0) -> float:
        return 1 + float(self.above(shift).sum(axis=1).mean())

    def favourable(self) -> np.ndarray:
        """Return each item's favourable share, (k,)."""
        return self.above()[:, self.points - favourable_from(self.points) - 1]

    def expected(self, trait: np.ndarray) -> np.ndarray:
        """Return E(answer | trait), traits × k."""
        room = np.sqrt(1 - self.loading**2)[:, None]
        lifted = self.loading[:, None] * trait[..., None, None]
        return 1 + ndtr((lifted - self.threshold) / room).sum(axis=-1)

    def covariance(self, shift: float = 0.0) -> np.ndarray:
        """Return the items' covariance matrix over the people of all teams."""
        trait = np.sqrt(self.share) * self.team[:, None] + np.sqrt(1 - self.share) * NODES + shift
        weight = (self.sizes[:, None] * WEIGHTS).ravel()
        means = self.expected(trait.ravel())
        centred = means - weight @ means
        whole = (weight[:, None] * centred).T @ centred
        above, step = self.above(shift), 2 * np.arange(1, self.points) - 1
        np.fill_diagonal(whole, (above * step).sum(axis=1) - above.sum(axis=1) ** 2)
        return whole


def scale(rng: np.random.Generator) -> Scale:
    k, points = int(rng.integers(2, 7)), int(rng.choice([4, 5, 6, 7, 10]))
    low, high = rng.uniform(-2.0, -1.2), rng.uniform(0.4, 1.2)
    threshold = np.sort(np.linspace(low, high, points - 1) + rng.normal(0, 0.15, (k, points - 1)))
    teams = int(rng.integers(15, 40))
    return Scale(
        points=points,
        loading=rng.uniform(0.5, 0.85, k),
        threshold=threshold,
        share=float(rng.uniform(0.02, 0.2)),
        team=rng.normal(size=teams),
        sizes=rng.dirichlet(np.full(teams, 4.0)),
    )


def shares(rng: np.random.Generator, one: Scale, tally: Tally) -> None:
    """Judge favourable shares of an item and of a scale, and eNPS."""
    n = int(rng.integers(10, 400))
    _, trait = one.trait(rng, n)
    items = one.answers(rng, trait)
    least = one.points - favourable_from(one.points) + 1
    given = items["i0"].dropna()
    single = wilson_interval(float((given >= least).sum()), len(given))
    tally.add("favourable share of an item (Wilson)", HOLDS, holds(single, one.favourable()[0]))
    people, k = favourable_share(items, minimum=1, maximum=one.points), len(one.loading)
    truth = float(one.favourable().mean())
    tally.add("favourable share of a scale", HOLDS, holds(favourable_interval(people, n_items=k), truth))
    known = people.dropna().to_numpy(dtype=float)
    if n >= rounding.EXACT_FROM:
        released = rounding.share(float(known.mean()), len(known), 3)
        ends = rounding.share_interval(released, len(known), 3, rounding.spread_of(known, k))
        tally.add("favourable share of a scale, as it is published", HOLDS, ends[0] <= truth <= ends[1])
    score = enps(np.clip(np.round(7.5 + 2 * trait + rng.normal(size=n)), 0, 10))
    tally.add("eNPS", HOLDS, score.ci_low <= points_truth(one) <= score.ci_high)


def points_truth(one: Scale) -> float:
    """Return the eNPS of ratings round(7.5 + 2·trait + noise), in points."""
    spread = np.sqrt(4 * (1 - one.share) + 1)
    middle = 7.5 + 2 * np.sqrt(one.share) * one.team
    return 100 * float((ndtr((middle - 8.5) / spread) - ndtr((6.5 - middle) / spread)) @ one.sizes)


def holds(interval: object, truth: float) -> bool:
    return bool(interval.low <= truth <= interval.high)


def reliability(rng: np.random.Generator, one: Scale, tally: Tally) -> None:
    """Judge alpha where Feldt's assumptions hold and where they don't, and ICC(1) likewise."""
    n = int(rng.integers(60, 400))
    k = len(one.loading)
    _, trait = one.trait(rng, n)
    found = cronbach_alpha(one.answers(rng, trait, missing=0.0))
    whole = one.covariance()
    truth = k / (k - 1) * (1 - np.trace(whole) / whole.sum())
    tally.add("alpha (Feldt), answers on a scale", HOLDS, found.ci_low <= truth <= found.ci_high)
    r = float(rng.uniform(0.2, 0.6))
    parallel = np.sqrt(r) * rng.normal(size=(n, 1)) + np.sqrt(1 - r) * rng.normal(size=(n, k))
    found, truth = cronbach_alpha(pd.DataFrame(parallel)), k * r / (1 + (k - 1) * r)
    tally.add("alpha (Feldt), parallel normal items", HOLDS, found.ci_low <= truth <= found.ci_high)
    sizes = rng.integers(4, 16, int(rng.integers(30, 80)))
    teams = np.repeat(np.arange(len(sizes)), sizes)
    effects, own = rng.normal(size=len(sizes))[teams], rng.normal(size=len(teams))
    mixed = np.sqrt(one.share) * effects + np.sqrt(1 - one.share) * own
    items = one.answers(rng, mixed, missing=0.0)
    score = score_items(items, minimum=1, maximum=one.points).astype(float)
    found, truth = icc(score, pd.Series(teams)), icc_truth(one)
    tally.add("ICC(1), answers on a scale, teams of 4 to 15", HOLDS, found.ci_low <= truth <= found.ci_high)
    found = icc(pd.Series(mixed), pd.Series(teams))
    tally.add("ICC(1), normal scores, teams of 4 to 15", HOLDS, found.ci_low <= one.share <= found.ci_high)


def icc_truth(one: Scale) -> float:
    """Return the share of a score's variance that lies between teams drawn at random."""
    trait = np.sqrt(one.share) * NODES[:, None] + np.sqrt(1 - one.share) * NODES
    means = one.expected(trait).mean(axis=-1)
    between = means @ WEIGHTS
    variance = float(WEIGHTS @ between**2 - (WEIGHTS @ between) ** 2)
    return variance / float(one.of_one_team().covariance().mean())


def differences(rng: np.random.Generator, one: Scale, tally: Tally) -> None:
    """Judge two groups that differ, and two waves of which some people answered both."""
    sizes, shift = rng.integers(20, 250, 2), float(rng.uniform(-0.6, 0.6))
    parts = [one.trait(rng, n)[1] + move for n, move in zip(sizes, (shift, 0.0), strict=True)]
    frame = scored(rng, one, parts, "group", ["a", "b"])
    found = compare(frame, "score", "group").tidy().iloc[0]
    truth = one.mean(shift) - one.mean()
    tally.add("difference of two groups (Welch)", HOLDS, found["ci_low"] <= truth <= found["ci_high"])
    spreads = np.array([one.covariance(shift).mean(), one.covariance().mean()])
    g = truth / np.sqrt(((sizes - 1) @ spreads) / (sizes.sum() - 2))
    tally.add("Hedges' g", HOLDS, found["g_low"] <= g <= found["g_high"])
    linked = int(rng.integers(0, sizes.min() + 1))
    codes, first = one.trait(rng, int(sizes[0]))
    second = one.trait(rng, int(sizes[1]))[1]
    again = np.sqrt(one.share) * one.team[codes[:linked]]
    own = (first[:linked] - again) * 0.6 + np.sqrt(0.64 * (1 - one.share)) * rng.normal(size=linked)
    second[:linked] = again + own
    frame = scored(rng, one, [first, second + shift], "wave", ["w1", "w2"])
    frame["person"] = np.concatenate(
        [np.arange(sizes[0]), [*range(linked), *range(1000, 1000 + sizes[1] - linked)]]
    )
    found = compare_waves(frame, "score", wave="wave", respondent="person", before="w1", after="w2").change
    tally.add("change between waves, partly linked", HOLDS, found.ci_low <= truth <= found.ci_high)


def scored(
    rng: np.random.Generator, one: Scale, traits: list[np.ndarray], by: str, names: list[str]
) -> pd.DataFrame:
    items = one.answers(rng, np.concatenate(traits), missing=0.0)
    frame = pd.DataFrame({by: np.repeat(names, [len(part) for part in traits])})
    return frame.assign(score=score_items(items, minimum=1, maximum=one.points).astype(float))


def associations(rng: np.random.Generator, one: Scale, tally: Tally) -> None:
    """Judge a correlation with a rating, and the loadings of a factor."""
    n, slope = int(rng.integers(60, 400)), float(rng.uniform(-0.6, 0.6))
    trait = rng.normal(size=n)
    frame = scored(rng, one, [trait], "group", ["a"])
    frame["rating"] = slope * trait + np.sqrt(1 - slope**2) * rng.normal(size=n)
    found = contrast_extremes(frame, ["score"], "rating").contrasts[0]
    drawn = Scale(one.points, one.loading, one.threshold, 0.0, np.zeros(1), np.ones(1))
    r = (
        slope
        * float((WEIGHTS * NODES) @ drawn.expected(NODES).mean(axis=-1))
        / np.sqrt(drawn.covariance().mean())
    )
    tally.add("correlation over everybody (Fisher)", HOLDS, found.r_low <= r <= found.r_high)
    loading = rng.uniform(0.5, 0.85, 5)
    rows = loading * rng.normal(size=(n + 100, 1)) + np.sqrt(1 - loading**2) * rng.normal(size=(n + 100, 5))
    fit = confirm_structure(pd.DataFrame(rows, columns=list("abcde")), {"one": list("abcde")}).tidy()
    loads = fit[(fit["kind"] == "loading") & fit["std_error"].notna()]
    truth = (loading / loading[0])[1:] if len(loads) == 4 else loading
    tally.add(
        "loadings of a factor", HOLDS, ((loads["ci_low"] <= truth) & (truth <= loads["ci_high"])).to_numpy()
    )


def nothing(rng: np.random.Generator, one: Scale, tally: Tally) -> None:
    """Count the worlds in which a page flags any difference though there is none."""
    sizes = rng.integers(10, 120, int(rng.integers(3, 9)))
    names = [f"g{i}" for i in range(len(sizes))]
    frame = scored(rng, one, [one.trait(rng, int(n))[1] for n in sizes], "group", names)
    for row, options in (("groups, every pair", {}), ("groups beside one of them", {"reference": "g0"})):
        tally.add(row, FLAGS, any_flag(compare(frame, "score", "group", **options).tidy()))
    frame["person"] = np.arange(len(frame))
    found = compare_waves(
        frame.assign(wave=np.where(frame["group"] == "g0", "w1", "w2")),
        "score", wave="wave", respondent="person", before="w1", after="w2",
    )  # fmt: skip
    tally.add("two waves", FLAGS, found.verdict != "no_reliable_difference")
    frame["rating"] = rng.normal(size=len(frame))
    frame["other"] = rng.normal(size=len(frame))
    found = contrast_extremes(frame, ["score", "other"], "rating").tidy()
    tally.add("high and average performers, two scores", FLAGS, any_flag(found))


def any_flag(table: pd.DataFrame) -> bool:
    return bool((table["verdict"] != "no_reliable_difference").any())


def table(worlds: int) -> list[str]:
    tally = Tally()
    for number in range(worlds):
        rng = np.random.default_rng(SEED + number)
        one = scale(rng)
        for judge in (shares, reliability, differences, associations, nothing):
            judge(rng, one, tally)
        if number % 200 == 199:
            print(f"{number + 1} worlds", file=sys.stderr, flush=True)
    held = [row for row in tally.rows if tally.tried[row, HOLDS]]
    return [
        f"{worlds:,} waves, in per cent, with the Monte-Carlo standard error.",
        "",
        "| 95 % interval | holds the truth |",
        "|---|---|",
        *(f"| {row} | {tally.cell(row, HOLDS)} |" for row in held),
        "",
        "| nothing differs | any difference is flagged |",
        "|---|---|",
        *(f"| {row} | {tally.cell(row, FLAGS)} |" for row in tally.rows if row not in held),
    ]


def main() -> int:
    return told(__doc__, "measurement", table, 2000)


if __name__ == "__main__":
    sys.exit(main())
