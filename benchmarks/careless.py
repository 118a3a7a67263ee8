"""How well the flags of careless responding find made-up careless respondents, style by style.

python benchmarks/careless.py [--worlds 20] [--people 500] [--seed 77]

Prints a Markdown table for two questionnaires: 36 items on five options, some reverse-keyed, and 24 items on
seven options without any. In each world one respondent in ten is careless in one style; the others answer by
correlated factors. The limits are the defaults of ``CarelessRules``. ``flagged`` is one flag or more,
``suspect`` the default of two, ``with times`` the same where the time taken is known: honest people take
about 5 seconds an item, careless ones 2.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engage.measure import Careless, careless

SHARE = 0.1
MEASURES = ("flagged", "suspect", "with times")


@dataclass(frozen=True)
class Questionnaire:
    name: str
    scales: int
    length: int
    options: int
    reverse_every: int  # the last item of every so many scales is reverse-keyed; 0: none

    @property
    def items(self) -> int:
        return self.scales * self.length

    @property
    def names(self) -> list[str]:
        return [f"i{k:02d}" for k in range(self.items)]

    @property
    def reverse(self) -> list[str]:
        if not self.reverse_every:
            return []
        return [self.names[(s + 1) * self.length - 1] for s in range(0, self.scales, self.reverse_every)]

    def honest(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Factors correlate .4, items load .75; people lean to agreeing."""
        factors = np.sqrt(0.4) * rng.normal(size=(n, 1)) + np.sqrt(0.6) * rng.normal(size=(n, self.scales))
        noise = np.sqrt(1 - 0.75**2) * rng.normal(size=(n, self.items))
        latent = 0.75 * factors.repeat(self.length, axis=1) + noise
        answers = 1 + np.digitize(latent + 0.4, np.linspace(-1.5, 1.2, self.options - 1)).astype(float)
        turned = [self.names.index(name) for name in self.reverse]
        answers[:, turned] = self.options + 1 - answers[:, turned]
        return answers

    def judge(self, answers: np.ndarray, seconds: np.ndarray | None = None) -> Careless:
        return careless(
            pd.DataFrame(answers, columns=self.names),
            [self.length] * self.scales,
            reverse=self.reverse,
            answers=(1, self.options),
            seconds=None if seconds is None else pd.Series(seconds),
        )


QUESTIONNAIRES = (Questionnaire("36 items", 12, 3, 5, 2), Questionnaire("24 items", 6, 4, 7, 0))

Style = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]


def straight_line(answers: np.ndarray, options: int, rng: np.random.Generator) -> np.ndarray:
    """One answer throughout, above the lowest, with a slip in twenty."""
    line = np.repeat(rng.integers(2, options + 1, size=(len(answers), 1)), answers.shape[1], axis=1)
    slipped = np.clip(line + rng.choice([-1, 1], size=line.shape), 1, options)
    return np.where(rng.random(line.shape) < 0.05, slipped, line)


def random_answers(answers: np.ndarray, options: int, rng: np.random.Generator) -> np.ndarray:
    """Every option as likely as the other."""
    return rng.integers(1, options + 1, size=answers.shape)


def midpoint(answers: np.ndarray, options: int, rng: np.random.Generator) -> np.ndarray:
    """Mostly the midpoint, now and then its neighbours."""
    return (options + 1) // 2 + rng.choice([-1, 0, 1], size=answers.shape, p=[0.1, 0.8, 0.1])


def zigzag(answers: np.ndarray, options: int, rng: np.random.Generator) -> np.ndarray:
    """Up the options and down again, begun anywhere."""
    wave = np.concatenate([np.arange(1, options), np.arange(options, 1, -1)])
    start = rng.integers(0, len(wave), size=(len(answers), 1))
    return wave[(np.arange(answers.shape[1]) + start) % len(wave)]


def late_random(answers: np.ndarray, options: int, rng: np.random.Generator) -> np.ndarray:
    """Honest for the first half, at random after it."""
    first = np.arange(answers.shape[1]) < answers.shape[1] // 2
    return np.where(first, answers, random_answers(answers, options, rng))


STYLES: dict[str, Style] = {
    "straight line": straight_line,
    "random": random_answers,
    "midpoint": midpoint,
    "zigzag": zigzag,
    "late random": late_random,
}


def found(asked: Questionnaire, style: str, worlds: int, n: int, seed: int) -> dict[str, float]:
    """Return the shares of careless people found and of honest people left alone, over all worlds."""
    rng = np.random.default_rng(seed)
    guilty = np.arange(n) < round(SHARE * n)
    rows = []
    for _ in range(worlds):
        answers = asked.honest(n, rng)
        answers[guilty] = STYLES[style](answers[guilty], asked.options, rng)
        seconds = asked.items * np.where(guilty, 2.0, 5.0) * np.exp(0.4 * rng.normal(size=n))
        plain, timed = asked.judge(answers), asked.judge(answers, seconds)
        judged = (plain.n_flags > 0, plain.suspect, timed.suspect)
        rows.append([flag[guilty].mean() for flag in judged] + [1 - flag[~guilty].mean() for flag in judged])
    titles = [f"{kind}, {name}" for kind in ("sensitivity", "specificity") for name in MEASURES]
    return dict(zip(titles, np.mean(rows, axis=0).tolist(), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--seed", type=int, default=77)
    options = parser.parse_args()
    titled = False
    for asked in QUESTIONNAIRES:
        for style in STYLES:
            shares = found(asked, style, options.worlds, options.people, options.seed)
            if not titled:
                print("| questionnaire | style |", " | ".join(shares), "|")
                print("| --- | --- |", " | ".join("---" for _ in shares), "|")
                titled = True
            print(f"| {asked.name} | {style} |", " | ".join(f"{s:.2f}" for s in shares.values()), "|")


if __name__ == "__main__":
    main()
