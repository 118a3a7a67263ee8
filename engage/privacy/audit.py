"""The attacker: everything a reader may ask, put together against the people behind it.

It knows who answered, everyone's groups, what the numbers are rounded to, and the answers of some colluders;
and it takes it that nobody changed an answer between waves. It asks for every crossing of up to three
demographics in every wave and turns each released number into an equation. Then, for each score:

1. rank: whose answer follows exactly from the sums that rounding leaves no choice for;
2. linear programming: whose answer can lie within less than a quarter of the scale only (for the favourable
   share: less than half), among the people that the equations say most of, with the worst colluders;
3. for small groups the same over whole answers (mixed-integer programming);
4. a guess of everyone's answer, by the best linear estimate; with colluders, after some of the smallest group
   have told theirs.

It shares no code with the choice of cells, so that a fault there is not made twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

DEEPEST: Final = 3
"""Demographics crossed at once."""
TARGETS: Final = 24
"""People looked at one by one, per score and wave: those the equations say most of."""
_WHOLE: Final = 40  # people; in smaller systems answers are searched as whole numbers
_EXACT: Final = 1e-6

Ask = Callable[[str, tuple[str, ...]], pd.DataFrame]
"""``ask(wave, by)``: the released score table, as a reader gets it."""


@dataclass(frozen=True, slots=True)
class Score:
    """A score under attack: its ends, and the step between one person's possible values (0: unknown)."""

    least: float
    most: float
    step: float


@dataclass(frozen=True, slots=True)
class Steps:
    """What released numbers are rounded to: means (``points``: scores from −100 to 100), shares.

    ``fine`` ones are from n = 100 on, ``small`` ones below 20.
    """

    mean: float = 0.1
    points: float = 5.0
    points_fine: float = 1.0
    share_small: float = 0.1
    share: float = 0.05
    share_fine: float = 0.01


@dataclass(frozen=True, slots=True)
class Finding:
    """What an attack on one score of one or several waves found.

    ``certain``: people whose answer is known (see the module); ``asked``: people that were looked at one by
    one; ``hits``: the share of (the others') answers guessed right; ``lookup``: by someone who just looks up
    the smallest group that each person is in; ``best``: by someone who gives everyone the most frequent one.
    """

    scale: str
    measure: str
    waves: tuple[str, ...]
    colluders: int
    people: int
    cells: int
    certain: int
    asked: int
    hits: float
    lookup: float
    best: float


def attack(
    ask: Ask,
    answers: Mapping[str, pd.DataFrame],
    demographics: Sequence[str],
    scores: Mapping[str, Score],
    *,
    favourable: str,
    colluders: int = 0,
    seed: int = 0,
    steps: Steps = Steps(),
    targets: int = TARGETS,
) -> tuple[Finding, ...]:
    """Attack what a reader may see of the waves in ``answers``: each one by itself, and all together.

    ``answers``: by wave, one row per respondent with ``respondent``, the ``demographics``, and for each of
    ``scores`` the true value and its favourable share (the scale's name and the suffix ``favourable``, where
    there is one). Truth is used for the colluders' answers and to grade the guesses.
    """
    cells = {wave: _asked(ask, wave, demographics) for wave in answers}
    spans: list[tuple[str, ...]] = [(wave,) for wave in answers]
    if len(spans) > 1:
        spans.append(tuple(answers))
    found = []
    for scale, score in scores.items():
        for measure in ("mean", "favourable"):
            column = scale if measure == "mean" else scale + favourable
            if any(column not in frame or frame[column].isna().all() for frame in answers.values()):
                continue
            kind = score if measure == "mean" else Score(0.0, 1.0, score.step)
            for waves in spans:
                system = _System.of(
                    {wave: answers[wave] for wave in waves}, cells, scale, column, kind, steps
                )
                found.append(system.attacked(scale, measure, waves, colluders, seed, targets))
    return tuple(found)


def findings_frame(findings: Sequence[Finding]) -> pd.DataFrame:
    """Return findings as a table, one row each."""
    return pd.DataFrame([asdict(f) | {"waves": " ".join(f.waves)} for f in findings])


@dataclass(frozen=True, slots=True)
class _Row:
    """A released row: the group, its scale and its numbers."""

    group: tuple[tuple[str, str], ...]
    scale: str
    mean: float
    favourable: float
    ci_low: float
    ci_high: float


def _asked(ask: Ask, wave: str, demographics: Sequence[str]) -> list[_Row]:
    """Return every released row of a wave."""
    rows = []
    for depth in range(DEEPEST + 1):
        for by in combinations(demographics, depth):
            table = ask(wave, by)
            table = table[table["mean"].notna() | table["favourable"].notna()]
            columns = [*by, "scale", "mean", "favourable", "ci_low", "ci_high"]
            for record in table[columns].to_numpy(object):
                texts = ["" if pd.isna(value) else str(value) for value in record[:depth]]
                group = tuple(zip(by, texts, strict=True))
                rows.append(_Row(group, str(record[depth]), *(float(v) for v in record[depth + 1 :])))
    return rows


@dataclass(frozen=True, slots=True)
class _System:
    """Equations on the answers of ``people``: ``low ≤ matrix·y ≤ high``; ``truth`` grades the results."""

    matrix: Floats
    low: Floats
    high: Floats
    truth: Floats
    score: Score
    width: float

    @classmethod
    def of(
        cls,
        answers: Mapping[str, pd.DataFrame],
        cells: Mapping[str, Sequence[_Row]],
        scale: str,
        column: str,
        score: Score,
        steps: Steps,
    ) -> "_System":
        """Lay out the equations of one number of ``scale`` over some waves."""
        there = {wave: frame[frame[column].notna()].reset_index(drop=True) for wave, frame in answers.items()}
        names = np.concatenate([frame["respondent"].to_numpy(str) for frame in there.values()])
        everyone = pd.Index(np.unique(names))
        truth = np.full(len(everyone), np.nan)
        lines: list[Floats] = []
        bounds: list[tuple[float, float]] = []
        for wave, frame in there.items():
            at = everyone.get_indexer(frame["respondent"].astype(str))
            truth[at] = frame[column].to_numpy(float)
            asked = {name for row in cells[wave] for name, _ in row.group}
            texts = {n: frame[n].astype(object).where(frame[n].notna(), "").astype(str) for n in asked}
            for row in cells[wave]:
                if row.scale != scale:
                    continue
                inside = np.ones(len(frame), dtype=bool)
                for name, value in row.group:
                    inside &= (texts[name] == value).to_numpy()
                line = np.zeros(len(everyone))
                line[at[inside]] = 1.0
                lines.append(line)
                bounds.append(_said(row, int(inside.sum()), score, steps, share=column != scale))
        low, high = np.array(bounds).reshape(-1, 2).T
        if score.step:
            # answers come in steps; rounding may leave room for a single sum
            low = np.ceil(low / score.step - _EXACT) * score.step
            high = np.floor(high / score.step + _EXACT) * score.step
        width = (score.most - score.least) * (0.25 if column == scale else 0.5)
        matrix = np.array(lines).reshape(len(lines), len(everyone))
        return cls(matrix, low, high, truth, score, width)

    def attacked(
        self, scale: str, measure: str, waves: tuple[str, ...], colluders: int, seed: int, most: int
    ) -> Finding:
        """Run the whole attack."""
        rng = np.random.default_rng(seed)
        others = self._some_of_the_smallest(colluders, rng)
        explained, guess = self._estimate(others)
        projected = self._projection()
        by_rank = projected.diagonal() > 1 - _EXACT
        order = np.argsort(-(explained + projected.diagonal()), kind="stable")
        targets = [int(i) for i in order if not by_rank[i]][:most]
        certain = sum(self._is_certain(i, self._told(i, colluders, projected, rng)) for i in targets)
        hits, lookup, best = self._graded(guess, others)
        return Finding(
            scale=scale,
            measure=measure,
            waves=waves,
            colluders=colluders,
            people=len(self.truth),
            cells=len(self.low),
            certain=int(by_rank.sum()) + certain,
            asked=len(targets),
            hits=hits,
            lookup=lookup,
            best=best,
        )

    def _projection(self) -> Floats:
        """Return the projection on the equations that rounding leaves exact (rank attack)."""
        exact = self.high - self.low < max(self.score.step, _EXACT) / 2
        if not exact.any():
            return np.zeros((len(self.truth),) * 2)
        _, values, rows = np.linalg.svd(self.matrix[exact], full_matrices=False)
        rows = rows[values > values[0] * 1e-9]
        return np.asarray(rows.T @ rows)

    def _some_of_the_smallest(self, colluders: int, rng: np.random.Generator) -> Places:
        """Return colluders at random from the smallest group that holds more people than them."""
        n = self.matrix.sum(axis=1)
        large = np.flatnonzero(n > colluders)
        if colluders == 0 or not len(large):
            return np.zeros(0, dtype=np.intp)
        inside = np.flatnonzero(self.matrix[large[np.argmin(n[large])]])
        return np.sort(rng.choice(inside, colluders, replace=False))

    def _estimate(self, told: Places) -> tuple[Floats, Floats]:
        """Return the share of variance explained and the best linear guess of everyone's answer.

        With prior variance 1 and rounding variances D: ``AᵀD⁻¹(y − Am) = (AᵀD⁻¹A + I)(guess − m)``. Those
        ``told`` then move the others' guesses by what they share of the variance that is left.
        """
        n = self.matrix.sum(axis=1)
        if not len(n):
            return np.zeros(len(self.truth)), np.full(len(self.truth), np.nan)
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        whole = int(np.argmax(n))
        mean = middle[whole] / n[whole]
        weight = 1 / (half**2 / 3 / ((self.score.most - self.score.least) / 4) ** 2 + 1e-6)
        inverse = np.linalg.inv(self.matrix.T @ (self.matrix * weight[:, None]) + np.eye(len(self.truth)))
        guess = mean + inverse @ (self.matrix.T @ (weight * (middle - n * mean)))
        if len(told):
            shared = np.linalg.solve(inverse[np.ix_(told, told)], self.truth[told] - guess[told])
            guess = guess + inverse[:, told] @ shared
        return np.asarray(1 - inverse.diagonal()), np.asarray(guess)

    def _graded(self, guess: Floats, told: Places) -> tuple[float, float, float]:
        """Return the shares guessed right: by the attack, with one group's number each, with none at all.

        Guessed is the point of the answer scale (of a favourable share: the side of one half). All three take
        how often each point was given as known, and tilt it to the mean they expect.
        """
        if not len(self.low):
            guess = np.full(len(self.truth), (self.score.least + self.score.most) / 2)
        parts = 1 if (self.score.least, self.score.most) == (0.0, 1.0) else 4
        place = (self.truth - self.score.least) / (self.score.most - self.score.least) * parts
        point = np.floor(place + 0.5 - _EXACT).astype(int)
        often = np.bincount(point, minlength=parts + 1) / len(point)
        n = self.matrix.sum(axis=1)
        lookup = guess
        if len(n):
            smallest = np.argmin(np.where(self.matrix > 0, n[:, None], np.inf), axis=0)
            lookup = ((self.low + self.high) / 2 / n)[smallest]
        guessed = [_likeliest(values, often, self.score) for values in (guess, lookup)]
        graded = ~np.isin(np.arange(len(point)), told)
        guessed.append(np.full(len(point), np.argmax(often)))
        right = [float((values == point)[graded].mean()) for values in guessed]
        return right[0], right[1], right[2]

    def _told(self, target: int, colluders: int, projected: Floats, rng: np.random.Generator) -> Places:
        """Return who tells: those whose answers the target's is most tied to, from its smallest cells."""
        if colluders == 0:
            return np.zeros(0, dtype=np.intp)
        tied = np.abs(projected[target])
        mine = np.flatnonzero(self.matrix[:, target])
        if len(mine):
            smallest = mine[np.argmin(self.matrix[mine].sum(axis=1))]
            tied = tied + 1e-3 * self.matrix[smallest]
        tied = tied + 1e-6 * rng.random(len(tied))
        tied[target] = -1
        return np.argsort(-tied)[:colluders]

    def _is_certain(self, target: int, told: Places) -> bool:
        """Return whether the target's answer can lie within less than the width only."""
        ends = [self._ends(target, told, whole=False)]
        if len(self.truth) <= _WHOLE and self.score.step and ends[0] is not None:
            ends.append(self._ends(target, told, whole=True))
        # an impossible system: somebody changed an answer, and nothing follows
        return any(end is not None and end[1] - end[0] < self.width - _EXACT for end in ends)

    def _ends(self, target: int, told: Places, *, whole: bool) -> tuple[float, float] | None:
        """Return the least and the most that the target's answer can be; ``None`` if nothing fits."""
        step = self.score.step if whole else 1.0
        least = np.full(len(self.truth), self.score.least / step)
        most = np.full(len(self.truth), self.score.most / step)
        least[told] = most[told] = self.truth[told] / step
        rows = csr_array(self.matrix)
        constraints = LinearConstraint(rows, self.low / step - _EXACT, self.high / step + _EXACT)
        goal = np.zeros(len(self.truth))
        ends = []
        for sign in (1.0, -1.0):
            goal[target] = sign
            found = milp(
                goal,
                constraints=constraints,
                bounds=Bounds(least, most),
                integrality=np.full(len(goal), int(whole)),
                options={"time_limit": 5.0},
            )
            if found.x is None:
                return None
            ends.append(sign * found.fun * step)
        return ends[0], ends[1]


def _likeliest(expected: Floats, often: Floats, score: Score) -> NDArray[np.intp]:
    """Return the likeliest point of each answer, from how often each is given, tilted to a mean.

    The tilt is exponential; its strength is found by Newton's method.
    """
    points = np.linspace(score.least, score.most, len(often))
    room = (score.most - score.least) * 0.02
    wanted = np.clip(expected, score.least + room, score.most - room)
    tilt = np.zeros(len(expected))
    for _ in range(30):
        weight = often * np.exp(tilt[:, None] * (points - points.mean()))
        weight /= weight.sum(axis=1, keepdims=True)
        mean = weight @ points
        spread = weight @ points**2 - mean**2
        tilt = np.clip(tilt + (wanted - mean) / np.maximum(spread, 1e-3), -8, 8)
    return np.asarray(np.argmax(weight, axis=1))


def _said(row: _Row, n: int, score: Score, steps: Steps, *, share: bool) -> tuple[float, float]:
    """Return the bounds of a sum over n answers that follow from a released row."""
    if share:
        if np.isnan(row.favourable):
            return n * score.least, n * score.most
        half = (steps.share_fine if n >= 100 else steps.share if n >= 20 else steps.share_small) / 2
        # an interval up to the end means "at most" or "at least"
        low = 0.0 if row.ci_low <= _EXACT else max(row.favourable - half, 0.0)
        high = 1.0 if row.ci_high >= 1 - _EXACT else min(row.favourable + half, 1.0)
        return n * low, n * high
    wide = score.most - score.least >= 100
    half = (steps.mean if not wide else steps.points_fine if n >= 100 else steps.points) / 2
    return n * max(row.mean - half, score.least), n * min(row.mean + half, score.most)
