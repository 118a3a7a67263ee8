"""What a workspace tells of the workforce: its plan, what people can do, what they take part in, their grades."""

from typing import Final

from engage.errors import UsageError
from engage.privacy import SafeTable, release_workforce
from engage.workspace.base import Base
from engage.workspace.staffing import staffing

LEAVING: Final = tuple(round(0.5 + 0.1 * k, 1) for k in range(11))
"""How many times as fast people may leave in a what-if: 0.5 to 1.5."""


class Growing(Base):
    """The part of a workspace that tells of the workforce and how it grows."""

    def workforce(self, *, leaving: float = 1.0) -> SafeTable:
        """Return head-counts and the mix of role groups, as they were and as they will be, beside the plan.

        ``part`` ``actual``: on the days of the staff lists; ``ahead``: at the end of each planned year (of the
        next three without a plan), if people leave, move and are hired as in the last year or so, with 95 %
        intervals: see :func:`engage.model.workforce_plan`. ``leaving``: what if they leave that many times as
        fast (0.5 to 1.5, in tenths). While the policy has not turned the analysis of leaving on, ``actual``
        alone. Raises ``UsageError`` for another ``leaving``, ``TooLittleData`` where the staff list does not
        say enough.
        """
        if round(leaving, 1) not in LEAVING or abs(leaving - round(leaving, 1)) > 1e-9:
            raise UsageError("workspace.bad_leaving", where="leaving", leaving=leaving)
        found = staffing(self._need().renamed, self.policy, leaving=round(leaving, 1), ahead=self.attrition_on)
        self._audit("workforce", leaving=round(10 * leaving))
        notes = {
            "since": None if found.since is None else str(found.since.date()), "until": str(found.until.date()),
            "leaving": round(leaving, 1), "planned": found.planned, "unmatched": found.unmatched,
        }  # fmt: skip
        return release_workforce(found.table, found.smallest, notes, self.policy)
