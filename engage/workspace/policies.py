"""The disclosure policy in the audit log: what was in force at each close, and when it protected less."""

import hashlib
from dataclasses import asdict
from typing import Final

from engage.privacy import Policy
from engage.store import AuditLog

_SAME: Final = "policy"
_LOWERED: Final = "policy_lowered"
_LESS_WHEN_HIGHER: Final = frozenset({"leverage", "rank_ratio"})
_CROSS: Final = "cross_"


def record_policy(log: AuditLog, policy: Policy) -> None:
    """Write the policy of a close to the log if it is not the one that was written last.

    The code is ``policy_lowered`` if any setting protects less than it did (at the first close: less than the
    defaults), else ``policy``. Shares are in thousandths; a two-way table is ``cross_<n>`` with a digest of
    its two names, since the log holds no words.
    """
    before, now = log.last(_SAME, _LOWERED), _numbers(policy)
    if now != before:
        less = _protects_less(now, _numbers(Policy()) | (before or {}))
        log.append(_LOWERED if less else _SAME, **now)


def _numbers(policy: Policy) -> dict[str, int]:
    settings = asdict(policy)
    crosses = settings.pop("crosses")
    marks = sorted(int(hashlib.sha256("\n".join(pair).encode()).hexdigest()[:12], 16) for pair in crosses)
    numbers = {n: round(1000 * v) if isinstance(v, float) else int(v) for n, v in settings.items()}
    return numbers | {f"{_CROSS}{place}": mark for place, mark in enumerate(marks, start=1)}


def _protects_less(now: dict[str, int], before: dict[str, int]) -> bool:
    """Return whether any setting is weaker, or a two-way table is new."""
    crosses = [{v for n, v in numbers.items() if n.startswith(_CROSS)} for numbers in (now, before)]
    if crosses[0] - crosses[1]:
        return True
    signs = {n: -1 if n in _LESS_WHEN_HIGHER else 1 for n in now if not n.startswith(_CROSS)}
    return any(sign * now[name] < sign * before[name] for name, sign in signs.items())
