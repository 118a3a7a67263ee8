"""The gate of what-if: one published grid of changes, and answers that are functions of it alone.

A reader may ask what any change of any factors goes with, as often as they like. Were each answer worked out
from the answers of people, every question would be an equation on them. So one grid is worked out, once per
state of the data and the same for all: what the usual change of each factor alone goes with. All else is
interpolated and added up from its rounded cells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from engage.errors import UsageError
from engage.model.design import FloatArray
from engage.privacy.nested import TOO_FEW_ROWS
from engage.privacy.policy import Policy
from engage.privacy.safe import SafeTable, seal
from engage.privacy.support import Support, check_support

CAP_STEP: Final = 0.1
"""The usual change of a factor is shown to this step, as means of teams are."""
EXTRAPOLATION: Final = "extrapolation"
"""Why there is no answer: people would answer as hardly anybody does now."""
NO_LEVER: Final = "no_lever"
"""Why there is no answer: at this outcome's level, the changed factors can't be told apart."""
LEVER_COLUMNS: Final = (
    "outcome", "driver", "role", "direction", "cap", "sd", "now", "unit", "level", "least", "most", "change",
    "ci_low", "ci_high", "n",
)  # fmt: skip
_COMPOSITES: Final = ("hygiene", "motivator")
_FAR_QUANTILE: Final = 0.99
_MOST_FAR: Final = 0.05


@dataclass(frozen=True, slots=True)
class LeverGrid:
    """``levers``: what the usual change of each factor goes with; ``together``: how factors go together."""

    levers: SafeTable
    together: SafeTable

    def answer(self, changes: Mapping[str, float]) -> SafeTable:
        """Return what ``changes`` of factors go with, from the two released tables and nothing else.

        A composite stands for all its factors. A change beyond the usual one is cut to it (note ``capped``).
        For each outcome: the change is Σ t·c over the changed factors, c that of the usual change and t the
        part of it that is asked for; half its interval is √(Σ Σ r⁺ tᵢhᵢ tⱼhⱼ), h the half intervals and r⁺
        the correlation of the two coefficients' errors (from R⁻¹, R that of the factors), counted as 0 where
        errors would cancel. Nothing leaves the outcome's scale. Outcomes of teams know composites only: a
        composite moves by the mean of its factors.

        An answer is refused (``extrapolation``) where more than 5 % of people would lie further out than all
        but 1 % do now, were the p factors normal: noncentral χ² with δ'R⁻¹δ, δ in standard deviations.
        Raises ``UsageError`` for a change of what is no factor, or of 0.
        """
        frame = self.levers.tidy().dropna(subset=["driver"])
        used, capped = _used(frame, changes)
        members = _members(frame)
        rows = [self._row(part, used, members) for _, part in frame.groupby("outcome", sort=False)]
        asked = tuple(f"{name}={change:+.2f}" for name, change in used.items())
        notes = {"changes": asked, "capped": capped, "n": self.levers.notes["n"]}
        answered = pd.DataFrame(rows).astype({"n": "Int64", "hidden_reason": object})
        answered["hidden_reason"] = answered["hidden_reason"].where(answered["hidden_reason"].notna(), None)
        return seal("what_if", answered, notes)

    def _row(
        self, part: pd.DataFrame, used: Mapping[str, float], members: Mapping[str, Sequence[str]]
    ) -> dict[str, Any]:
        """Return the answer for one outcome; ``part``: its rows of the grid."""
        first = part.iloc[0]
        row: dict[str, Any] = {name: first[name] for name in ("outcome", "unit", "level", "now", "n")}
        row |= {"change": np.nan, "ci_low": np.nan, "ci_high": np.nan, "hidden_reason": None}
        names = tuple(dict.fromkeys(part["driver"]))
        caps = part.groupby("driver")["cap"].first()
        moves = np.array([_move(name, float(caps[name]), used, members.get(name, ())) for name in names])
        if not moves.any():
            return row | {"hidden_reason": NO_LEVER}
        changed = [place for place in range(len(names)) if moves[place]]
        cells = [
            part[(part["driver"] == names[i]) & (part["direction"] == np.sign(moves[i]))].iloc[0]
            for i in changed
        ]
        inverse = np.linalg.pinv(self._correlations(str(first["level"]), names))
        spread = np.array([float(part.loc[part["driver"] == name, "sd"].iloc[0]) for name in names])
        delta = moves / spread
        part_of = np.array([abs(moves[i]) / float(c["cap"]) for i, c in zip(changed, cells, strict=True)])
        unknown = any(pd.isna(cell["change"]) for cell in cells) or part_of.max() > 1 + 1e-9
        if unknown or _is_far(float(delta @ inverse @ delta), len(names)):
            return row | {"hidden_reason": EXTRAPOLATION}
        change = float(part_of @ np.array([float(cell["change"]) for cell in cells]))
        half = part_of * np.array([(float(c["ci_high"]) - float(c["ci_low"])) / 2 for c in cells])
        scale = np.sqrt(np.diag(inverse))
        errors = (inverse / np.outer(scale, scale))[np.ix_(changed, changed)]
        signs = np.sign(moves[changed])
        wide = float(np.sqrt(half @ np.maximum(errors * np.outer(signs, signs), 0) @ half))
        now = float(first["now"])
        least, most = (0.0, 1.0) if first["unit"] == "share" else (first["least"], first["most"])
        room = (least - now if pd.notna(least) else -np.inf, most - now if pd.notna(most) else np.inf)
        ends = np.clip([change, change - wide, change + wide], *room).round(3) + 0.0
        return row | dict(zip(("change", "ci_low", "ci_high"), ends.tolist(), strict=True))

    def _correlations(self, level: str, names: Sequence[str]) -> FloatArray:
        pairs = self.together.tidy()
        matrix = pairs[pairs["unit"] == level].pivot_table(index="driver", columns="other", values="r")
        return matrix.loc[list(names), list(names)].to_numpy(dtype=float)


def release_levers(
    table: pd.DataFrame,
    together: pd.DataFrame,
    refused: Sequence[str],
    policy: Policy,
    *,
    behind: Mapping[str, Support],
) -> LeverGrid:
    """Release what the usual change of each factor goes with, and how factors go together.

    ``table``: a row per outcome, driver and direction with ``LEVER_COLUMNS`` but ``n``. Changes are rounded
    to 0.001 (like all coefficients) and intervals outwards, spreads to 0.05, means to 0.1 (shares to 0.01),
    the usual change to half of ``CAP_STEP``. ``together``: ``unit, driver, other, r`` of every pair, to 0.01.
    ``behind``: what stands behind all models of each outcome, taken as one. ``refused`` outcomes are hidden
    rows. Raises ``TooLittleData`` where an outcome misses a threshold.
    """
    for support in behind.values():
        check_support(support, policy)
    counts = {name: support.n for name, support in behind.items()}
    frame = table.assign(n=table["outcome"].map(counts)).reindex(columns=list(LEVER_COLUMNS))
    if frame["n"].isna().any() or frame.duplicated(["outcome", "driver", "direction"]).any():
        raise TypeError("a table of levers has one row per outcome, driver and direction, with its support")
    frame["change"] = frame["change"].astype(float).round(3) + 0.0
    frame["ci_low"] = (np.floor(frame["ci_low"].astype(float) * 1000 + 1e-6) / 1000).round(3) + 0.0
    frame["ci_high"] = (np.ceil(frame["ci_high"].astype(float) * 1000 - 1e-6) / 1000).round(3) + 0.0
    frame["cap"] = ((frame["cap"] / (CAP_STEP / 2)).round() * (CAP_STEP / 2)).round(2)
    frame["sd"] = ((frame["sd"] / 0.05).round().clip(lower=1) * 0.05).round(2)
    frame["now"] = frame["now"].round(2).where(frame["unit"] == "share", frame["now"].round(1))
    reason = pd.Series(EXTRAPOLATION, frame.index, dtype=object).where(frame["change"].isna(), None)
    hidden = pd.DataFrame({"outcome": list(refused), "hidden_reason": TOO_FEW_ROWS})
    whole = pd.concat([frame.assign(hidden_reason=reason), hidden], ignore_index=True)
    pairs = together[["unit", "driver", "other"]].assign(r=together["r"].astype(float).round(2))
    n = min(counts.values())
    levers = seal("levers", whole.astype({"n": "Int64"}), {"n": n})
    return LeverGrid(levers, seal("together", pairs, {"n": n}))


def _used(frame: pd.DataFrame, changes: Mapping[str, float]) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return the change of each factor that is used, and the factors whose change was cut."""
    caps = frame.groupby("driver", sort=False)["cap"].max().to_dict()
    composites = _members(frame)
    unknown = [name for name in changes if name not in caps]
    if unknown or not any(changes.values()):
        raise UsageError("model.bad_change", columns=unknown or list(changes), known=tuple(caps))
    asked: dict[str, float] = {}
    for name, change in changes.items():
        for one in composites.get(name) or (name,):
            asked[one] = asked.get(one, 0.0) + float(change)
    used = {name: float(np.clip(change, -caps[name], caps[name])) for name, change in asked.items() if change}
    return used, tuple(name for name, change in used.items() if abs(change - asked[name]) > 1e-9)


def _members(frame: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return the factors of each composite."""
    roles = frame[~frame["driver"].isin(_COMPOSITES)].drop_duplicates("driver")
    return {name: tuple(roles.loc[roles["role"] == name, "driver"]) for name in _COMPOSITES}


def _move(name: str, cap: float, used: Mapping[str, float], members: Sequence[str]) -> float:
    """Return by how much a driver of an outcome moves: a composite by the mean of its factors."""
    if name in used or not members:
        return used.get(name, 0.0)
    return float(np.clip(sum(used.get(one, 0.0) for one in members) / len(members), -cap, cap))


def _is_far(distance: float, factors: int) -> bool:
    """Whether too many people would lie further out than hardly anybody does now."""
    from scipy.stats import chi2, ncx2

    far = float(ncx2.sf(chi2.ppf(_FAR_QUANTILE, factors), factors, max(distance, 1e-12)))
    return far > _MOST_FAR
