"""Changes of the disclosure policy, in the audit log."""

import hashlib
from dataclasses import asdict

from engage.privacy import Policy
from engage.store import AuditLog


def note_policy(log: AuditLog, policy: Policy, who: str = "") -> None:
    """Write to the log what changed in the policy since it was last noted (at first: in the defaults).

    Each changed setting is there as it is and as it was, shares in thousandths. A two-way table is
    ``cross_`` and a digest of its two names, since the log holds no words: 1 if it is listed, else 0; so is
    the purpose of the analysis of leaving, after ``purpose_``.
    """
    log.append_changes("policy", _numbers(policy), _numbers(Policy()), who=who)


def _numbers(policy: Policy) -> dict[str, int]:
    settings = asdict(policy)
    crosses = {f"cross_{_digest(pair)}": 1 for pair in settings.pop("crosses")}
    purpose = settings.pop("attrition_purpose")
    crosses |= {f"purpose_{_digest((purpose, ''))}": 1} if purpose else {}
    return {n: round(1000 * v) if isinstance(v, float) else int(v) for n, v in settings.items()} | crosses


def _digest(pair: tuple[str, str]) -> str:
    return hashlib.sha256("\n".join(pair).encode()).hexdigest()[:12]
