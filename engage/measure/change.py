"""How a score changed between two waves, when some people answered both times and some only once."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from engage.errors import InputError, TooLittleData, UsageError
from engage.measure.answers import need_columns, numbers
from engage.measure.display import as_html
from engage.measure.effect import Difference, Verdict, correlation, hedges_g, overlapping, verdict
from engage.measure.intervals import check_level
from engage.words import say


@dataclass(frozen=True, slots=True)
class WaveChange:
    """The change of a mean from wave ``before`` to wave ``after``, in the unit of the score.

    ``n_linked`` people answered both times; ``r`` is the correlation of their two scores. ``change`` uses
    everybody; ``change_linked`` those who answered both times only, all NaN where they are fewer than two: if
    the two differ much, it is the make-up of the staff that changed. ``hedges_g`` is ``change`` in pooled
    standard deviations.
    """

    before: object
    after: object
    n_before: int
    n_after: int
    n_linked: int
    mean_before: float
    mean_after: float
    change: Difference
    change_linked: Difference
    r: float
    hedges_g: float
    verdict: Verdict

    def tidy(self) -> pd.DataFrame:
        """Return two rows, for everybody and for the linked.

        people (all, linked), n_before, n_after, difference, std_error, ci_low, ci_high, df, p_value.
        """
        linked = {"people": "linked", "n_before": self.n_linked, "n_after": self.n_linked}
        everybody = {"people": "all", "n_before": self.n_before, "n_after": self.n_after}
        return pd.DataFrame([everybody | asdict(self.change), linked | asdict(self.change_linked)])

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), say(f"measure.change.{self.verdict}", a=self.after, b=self.before))


def compare_waves(
    frame: pd.DataFrame,
    value: str,
    *,
    wave: str,
    respondent: str,
    before: object,
    after: object,
    level: float = 0.95,
) -> WaveChange:
    """Compare the mean of a score between two waves, people being linked where they can be.

    One rule whatever the share of linked people: the t test for partially overlapping samples
    (:func:`engage.measure.effect.overlapping`), which is the paired t test if everybody answered twice and
    Welch's test if nobody did.

    ``frame``: a row per answered questionnaire; ``respondent`` the person; who is missing there
    (anonymous) counts as not linked. Rows without the value are left out.
    Raises ``UsageError`` for unknown columns or waves; ``InputError`` for somebody twice in a wave or values
    not in numbers; ``TooLittleData`` for a wave with fewer than two people.
    R: ``Partiallyoverlapping::Partover.test``; ``t.test(…, paired = )`` at either end.
    """
    check_level(level)
    need_columns(frame, [value, wave, respondent])
    table = pd.DataFrame({"person": frame[respondent], "wave": frame[wave]})
    table["score"] = numbers(frame[[value]])[:, 0]
    first, second = (_of_wave(table, which) for which in (before, after))
    linked = first.dropna(subset="person").merge(second.dropna(subset="person"), on="person")
    x, y = second["score"].to_numpy(), first["score"].to_numpy()
    both_x, both_y = linked["score_y"].to_numpy(), linked["score_x"].to_numpy()
    r = correlation(both_x, both_y)
    change = overlapping(x, y, len(linked), r, level)
    return WaveChange(
        before=before,
        after=after,
        n_before=len(y),
        n_after=len(x),
        n_linked=len(linked),
        mean_before=float(y.mean()),
        mean_after=float(x.mean()),
        change=change,
        change_linked=_of_linked(both_x, both_y, r, level),
        r=r if len(linked) > 1 else float("nan"),
        hedges_g=hedges_g(x, y, level).g,
        verdict=verdict(change.difference, change.p_value, level),
    )


def _of_linked(
    x: np.ndarray[tuple[int], np.dtype[np.float64]],
    y: np.ndarray[tuple[int], np.dtype[np.float64]],
    r: float,
    level: float,
) -> Difference:
    if len(x) < 2:
        return Difference(*(6 * [float("nan")]))
    return overlapping(x, y, len(x), r, level)


def _of_wave(table: pd.DataFrame, wave: object) -> pd.DataFrame:
    """Return person and score of the people with a score in a wave."""
    there = table[table["wave"] == wave]
    if there.empty:
        known = [str(name) for name in table["wave"].dropna().unique()]
        raise UsageError("measure.unknown_group", group=wave, known=known)
    scored = there.loc[there["score"].notna(), ["person", "score"]]
    repeated = int(scored["person"].dropna().duplicated().sum())
    if repeated:
        raise InputError("measure.repeated_respondents", count=repeated, wave=wave)
    if len(scored) < 2:
        raise TooLittleData("measure.too_few_rows", n=len(scored), needed=2)
    return scored
