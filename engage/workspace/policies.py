"""Changes of the disclosure policy, in the audit log."""

import hashlib
from dataclasses import asdict
from pathlib import Path

import yaml
from filelock import FileLock

from engage.errors import InputError
from engage.privacy import Policy, load_policy
from engage.store import AuditLog

_SWITCH = ("attrition:", "attrition_purpose:")


def note_policy(log: AuditLog, policy: Policy, who: str = "") -> None:
    """Write to the log what changed in the policy since it was last noted (at first: in the defaults).

    Each changed setting is there as it is and as it was, shares in thousandths. A two-way table is
    ``cross_`` and a digest of its two names, since the log holds no words: 1 if it is listed, else 0; so is
    the purpose of the analysis of leaving, after ``purpose_``.
    """
    log.append_changes("policy", _numbers(policy), _numbers(Policy()), who=who)


def write_attrition(file: Path, on: bool, purpose: str) -> None:
    """Turn the analysis of leaving on or off in ``policy.yaml``, whole or not at all; the rest stays.

    Comments of the two settings go. Raises ``InputError`` for a file at fault, or where a purpose is missing.
    """
    purpose = " ".join(purpose.split())
    if on and not purpose:
        raise InputError("privacy.policy_purpose", where=file.name)
    with FileLock(file.with_name(f".{file.name}.lock")):
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        kept, gone = [], False
        for line in text.splitlines():
            gone = line.startswith(_SWITCH) or (gone and line[:1] in ("", " ", "\t"))
            kept += [] if gone else [line]
        told = {"attrition": on} | ({"attrition_purpose": purpose} if on else {})
        written = yaml.safe_dump(told, allow_unicode=True, sort_keys=False, width=10_000)
        new = file.with_name(f".{file.name}.new")
        new.write_text("".join(f"{line}\n" for line in kept) + written, encoding="utf-8")
        try:
            load_policy(new)
        except InputError:
            new.unlink()
            raise
        new.replace(file)


def _numbers(policy: Policy) -> dict[str, int]:
    settings = asdict(policy)
    crosses = {f"cross_{_digest(pair)}": 1 for pair in settings.pop("crosses")}
    purpose = settings.pop("attrition_purpose")
    crosses |= {f"purpose_{_digest((purpose, ''))}": 1} if purpose else {}
    return {n: round(1000 * v) if isinstance(v, float) else int(v) for n, v in settings.items()} | crosses


def _digest(pair: tuple[str, str]) -> str:
    return hashlib.sha256("\n".join(pair).encode()).hexdigest()[:12]
