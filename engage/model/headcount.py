"""How many people each role group will have, if people leave, move and are hired as they were."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from engage.errors import InputError, UsageError
from engage.measure.display import as_html
from engage.measure.intervals import check_level
from engage.model.design import FloatArray, IntArray, check_columns
from engage.words import say

DRAWS: Final = 20_000

_Rates = list[tuple[str | None, FloatArray]]
"""The ways out of a group, each with its share per window in every draw; ``None`` is out of the company."""


@dataclass(frozen=True, slots=True, eq=False)
class Headcount:
    """Projected head-counts: ``table`` has a row per group and period with expected, low and high."""

    table: pd.DataFrame
    level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per group and period: group, period, expected, low, high."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return as_html(self.table, say("model.headcount_caption", level=f"{100 * self.level:g}"))


def project_headcount(
    groups: pd.DataFrame,
    periods: int = 1,
    hires: Mapping[str, float] | None = None,
    *,
    moves: pd.DataFrame | None = None,
    length: float = 1.0,
    seed: int = 0,
    level: float = 0.95,
) -> Headcount:
    """Return each group's head-count after 1, 2, … periods.

    ``groups`` has a row per role group: ``group``, ``now`` (people), ``followed`` (people followed over a
    window), ``left`` (of these; any exit), and perhaps ``hired`` (who came during the window and were there
    at its end). ``moves``: ``origin``, ``to`` and ``n``, of the people followed those who stayed but changed
    group. ``length`` is that of a period in windows: a year, where people were followed for two, is 0.5.

    Per draw a share of leavers comes from the Beta(left + ½, followed − left + ½) that the counts leave open
    (Jeffreys), shares of movers along each path seen from Betas of those who stayed, and hires per window
    from the Gamma(hired + ½); a share r becomes 1 − (1 − r)^length per period. Leavers and movers of a period
    are then binomial, hires Poisson, and arrive at the period's end. So the interval holds the doubt about
    the rates, and chance; not that rates change. A plan of ``hires`` per group and period takes the place of
    ``hired``, without doubt. People who share a manager leave less independently than this.

    Raises ``UsageError`` for missing columns, periods under 1 or a length that is not positive;
    ``InputError`` naming groups whose counts are impossible.
    """
    check_level(level)
    if periods < 1 or length <= 0:
        raise UsageError("model.bad_horizon", days=min(periods, length))
    rows: dict[Any, list[dict[str, object]]] = {}
    per_window = None if hires is None else {group: n / length for group, n in hires.items()}
    drawn = headcount_draws(groups, [length] * periods, per_window, moves=moves, seed=seed)
    for period, people in enumerate(drawn, start=1):
        for group, counts in people.items():
            low, high = np.quantile(counts, [(1 - level) / 2, (1 + level) / 2])
            ends = {"expected": float(counts.mean()), "low": float(low), "high": float(high)}
            rows.setdefault(group, []).append({"group": group, "period": period, **ends})
    return Headcount(pd.DataFrame([row for own in rows.values() for row in own]), level)


def headcount_draws(
    groups: pd.DataFrame,
    lengths: Sequence[float],
    hires: Mapping[str, float] | None = None,
    *,
    moves: pd.DataFrame | None = None,
    leaving: float = 1.0,
    seed: int = 0,
) -> Iterator[dict[Any, IntArray]]:
    """Give, period by period, every group's head-count in each of ``DRAWS`` draws, jointly.

    As :func:`project_headcount`; ``lengths`` are those of the periods, in windows. ``leaving``: how many
    times as fast people leave as they did: a share r who leave becomes 1 − (1 − r)^(length · leaving). A plan
    of ``hires`` is per window.
    """
    check_columns(groups, ["group", "now", "followed", "left"])
    paths = pd.DataFrame(columns=["origin", "to", "n"]) if moves is None else moves
    check_columns(paths, ["origin", "to", "n"])
    _check_counts(groups, paths)
    rng = np.random.default_rng(seed)
    facts = groups.set_index("group").to_dict("index")
    out = {group: _ways_out(group, fact, paths, rng) for group, fact in facts.items()}
    arriving = {group: _arriving(group, fact, hires, rng) for group, fact in facts.items()}
    people = {group: np.full(DRAWS, int(fact["now"])) for group, fact in facts.items()}
    for length in lengths:
        shares = {group: [(to, _over(r, length * (leaving if to is None else 1.0))) for to, r in ways]
                  for group, ways in out.items()}  # fmt: skip
        coming = {group: length * rate for group, rate in arriving.items()}
        people = _after(people, shares, coming, hires is None, rng)
        yield people


def _check_counts(groups: pd.DataFrame, paths: pd.DataFrame) -> None:
    moved = groups["group"].map(paths.groupby("origin")["n"].sum()).fillna(0)
    counts = groups[[name for name in ("now", "followed", "left", "hired") if name in groups]]
    bad = counts.isna().any(axis=1) | (counts < 0).any(axis=1)
    bad |= (groups["followed"] < 1) | (groups["left"] + moved > groups["followed"])
    bad |= groups["group"].isin(paths.loc[~paths["to"].isin(groups["group"]), "origin"])
    if bad.any():
        raise InputError("model.bad_headcount", columns=groups.loc[bad, "group"].tolist())


def _over(share: FloatArray, length: float) -> FloatArray:
    """Return the share of a window that is gone after ``length`` windows."""
    return np.asarray(1 - (1 - share) ** length, dtype=float)


def _ways_out(group: Any, fact: Mapping[Any, Any], paths: pd.DataFrame, rng: np.random.Generator) -> _Rates:
    """Return the shares that leave and move per window, each of those whom the ways before it left."""
    own = paths[(paths["origin"] == group) & (paths["n"] > 0)]
    rest = float(fact["followed"])
    found: _Rates = []
    for to, n in [(None, float(fact["left"])), *zip(own["to"], own["n"].astype(float), strict=True)]:
        rest -= n
        found.append((to, rng.beta(n + 0.5, rest + 0.5, DRAWS)))
    return found


def _arriving(
    group: Any,
    fact: Mapping[Any, Any],
    hires: Mapping[str, float] | None,
    rng: np.random.Generator,
) -> FloatArray:
    """Return the hires to expect per window, in every draw."""
    if hires is not None:
        return np.full(DRAWS, float(hires.get(group, 0)))
    if "hired" not in fact:
        return np.zeros(DRAWS)
    return np.asarray(rng.gamma(float(fact["hired"]) + 0.5, size=DRAWS), dtype=float)


def _after(
    people: Mapping[Any, IntArray],
    out: Mapping[Any, _Rates],
    arriving: Mapping[Any, FloatArray],
    by_chance: bool,
    rng: np.random.Generator,
) -> dict[Any, IntArray]:
    """Return who is where one period later, in every draw."""
    later: dict[Any, IntArray] = {}
    for group, hires in arriving.items():
        later[group] = np.asarray(rng.poisson(hires) if by_chance else np.round(hires), dtype=np.intp)
    for group, counts in people.items():
        here = counts
        for to, share in out[group]:
            gone = rng.binomial(here, share)
            here = here - gone
            if to is not None:
                later[to] = later[to] + gone
        later[group] = later[group] + here
    return later
