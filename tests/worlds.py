"""Survey worlds with a known truth: traits, what they do to an outcome, and the answers that show them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class World:
    """Traits T with correlation ``r``; the outcome's trait is Σ low·min(T, 0) + high·max(T, 0) + noise.

    Each scale is the mean of ``items`` answers of ``points`` levels, each a trait with noise (loading 0.8)
    cut at equal steps; ``driver_ceiling`` and ``outcome_ceiling`` shift the answers up. ``skew`` bends the
    traits themselves to the left (0.3: skewness −0.9; 0.5: −1.7): the relation is straight in the bent ones.
    """

    name: str
    low: tuple[float, ...] = (0.2,) * 10
    high: tuple[float, ...] = (0.2,) * 10
    points: int = 5
    items: int = 3
    driver_ceiling: float = 0.9
    outcome_ceiling: float = 0.9
    r: float = 0.4
    skew: float = 0.0

    @property
    def truth(self) -> list[str]:
        """The true verdict on each driver."""
        names = {0: "symmetric", -1: "hygiene_like", 1: "motivator_like"}
        return [names[int(np.sign(high - low))] for low, high in zip(self.low, self.high, strict=True)]

    def draw(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        """Return ``n`` respondents: a column per driver (x0, x1, …) and the outcome y."""
        p = len(self.low)
        traits = np.sqrt(self.r) * rng.normal(size=(n, 1)) + np.sqrt(1 - self.r) * rng.normal(size=(n, p))
        if self.skew:
            traits = (1 - np.exp(-self.skew * traits)) / self.skew
            traits = (traits - traits.mean(axis=0)) / traits.std(axis=0)
        y = np.minimum(traits, 0) @ self.low + np.maximum(traits, 0) @ self.high + rng.normal(size=n)
        answers = [self._answer(t, self.driver_ceiling, rng) for t in traits.T]
        frame = pd.DataFrame(np.column_stack(answers), columns=[f"x{j}" for j in range(p)])
        return frame.assign(y=self._answer((y - y.mean()) / y.std(), self.outcome_ceiling, rng))

    def _answer(self, trait: np.ndarray, ceiling: float, rng: np.random.Generator) -> np.ndarray:
        reach = 0.7 if self.points == 3 else 1.6
        cuts = np.linspace(-reach, reach, self.points - 1) - ceiling
        shown = 0.8 * trait[:, None] + 0.6 * rng.normal(size=(len(trait), self.items))
        return (1 + (shown[..., None] > cuts).sum(axis=-1)).mean(axis=1)


SYMMETRIC = (
    World("five points, three items, ceilings"),
    World("one item each", items=1),
    World("one item each, ceiling only in the drivers", items=1, outcome_ceiling=0.0),
    World("three points, two items", points=3, items=2, driver_ceiling=0.5, outcome_ceiling=0.5),
    World("three points, one item", points=3, items=1, driver_ceiling=0.5, outcome_ceiling=0.5),
    World(
        "seven points, four items, high ceilings", points=7, items=4, driver_ceiling=1.3, outcome_ceiling=1.3
    ),
    World("ceiling only in the drivers", outcome_ceiling=0.0),
    World("ceiling only in the outcome", driver_ceiling=0.0),
    World("drivers correlated 0.7", r=0.7),
    World("unequal drivers", low=(0.5, 0.3) + (0.0,) * 8, high=(0.5, 0.3) + (0.0,) * 8),
    World("traits skewed", skew=0.3),
    World("traits skewed, ceiling only in the outcome", skew=0.3, driver_ceiling=0.0),
    World("traits strongly skewed", skew=0.5),
    World("traits strongly skewed, ceiling only in the outcome", skew=0.5, driver_ceiling=0.0),
    World(
        "three strong drivers, high ceiling only in them",
        (0.6,) * 3,
        (0.6,) * 3,
        points=7,
        items=2,
        driver_ceiling=1.2,
        outcome_ceiling=0.0,
    ),
    World(
        "three strong drivers, high ceiling only in the outcome",
        (0.6,) * 3,
        (0.6,) * 3,
        points=7,
        items=2,
        driver_ceiling=0.0,
        outcome_ceiling=1.2,
    ),
)
ASYMMETRIC = (
    World("0.50 against 0.00, six drivers", (0.5, 0.0, *[0.2] * 4), (0.0, 0.5, *[0.2] * 4)),
    World("0.40 against 0.10, six drivers", (0.4, 0.1, *[0.2] * 4), (0.1, 0.4, *[0.2] * 4)),
    World("0.50 against 0.05, ten drivers", (0.5, 0.05, *[0.2] * 8), (0.05, 0.5, *[0.2] * 8)),
    World(
        "five hygiene and five motivators, 0.35 against 0.05",
        (0.35,) * 5 + (0.05,) * 5,
        (0.05,) * 5 + (0.35,) * 5,
    ),
)
