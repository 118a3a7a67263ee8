"""What leaving goes with on the staff list: Cox models of the first 90 days and of the time after."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from engage.errors import TooLittleData
from engage.measure import adjust_pvalues
from engage.model import DriverFit, employment_spells, fit_drivers
from engage.model.design import build_design
from engage.privacy import (
    Policy,
    Support,
    check_support,
    merge_few,
    nameable,
    refusal,
    support_of,
    unnamed,
)
from engage.store import Snapshot
from engage.workspace.leaving import GROUPS, staff_list
from engage.workspace.shared import shared_by

STAR: Final = "star"
PARTS: Final = ("later", "early")
"""From the 91st day on, and the first 90 days."""

_FIGURES: Final = ("estimate", "ci_low", "ci_high", "p_value")
_LEFT: Final = "left"
_PERSON: Final = "respondent"


@dataclass(frozen=True, slots=True)
class Hazards:
    """A row per part, term and level, what stands behind each part, and the parts without a model.

    ``table``: ``part, term, level`` (``""`` for a number), ``estimate`` (log hazard ratio; NaN for the level
    that others are compared with), ``ci_low, ci_high, p_value``, ``p_adjusted`` (BH over the levels of a
    part; a number's own), ``changing`` (p-value of the test that the ratio is the same at all times; of the
    whole part where the term is ``""``).
    """

    table: pd.DataFrame
    behind: dict[str, Support]
    events: dict[str, int]
    clustered_by: dict[str, str]
    refused: tuple[str, ...]
    counted: str


def hazards(snapshot: Snapshot, policy: Policy) -> Hazards:
    """Fit leaving voluntarily by time since being hired on what the staff list says of people at the time.

    A row per person and line of the staff list (start–stop): a star is the one held then, never a later one.
    Other exits end the time in which a person could have left of their own will (cause-specific hazards).
    Errors by team where there are enough teams, else by person. Raises ``TooLittleData`` without a staff list
    or anything on it to compare, and where neither part can be supported.
    """
    people = staff_list(snapshot)
    names = [name for name in GROUPS if name in people and people[name].nunique() > 1]
    carried = [*names, *(["team"] if "team" in people else [])]
    spells = _named(employment_spells(people, carried), names, policy)
    tables, behind, events, clustered, failed = [], {}, {}, {}, {}
    for part in PARTS:
        try:
            frame, terms, support = _ready(spells[spells["early"] == (part == "early")], names, policy)
        except TooLittleData as error:
            failed[part] = refusal(error, policy)
            continue
        frame, cluster = shared_by(frame)
        fit = fit_drivers(
            frame, _LEFT, terms, (), cluster or _PERSON, "cox", time="time", entry="entry",
            jackknife=cluster is not None,
        )  # fmt: skip
        tables.append(_rows(fit, frame, terms).assign(part=part))
        behind[part], events[part] = support, int(frame[_LEFT].sum())
        clustered[part] = "team" if cluster else "person"
    if not tables:
        raise next(iter(failed.values()))
    typed = "leave_type" in people and bool(people["leave_type"].notna().any())
    return Hazards(
        pd.concat(tables, ignore_index=True), behind, events, clustered, tuple(failed),
        "voluntary" if typed else "any",
    )  # fmt: skip


def _named(spells: pd.DataFrame, names: Sequence[str], policy: Policy) -> pd.DataFrame:
    """Return the spells with groups called by names that may be said; a star counts as a number."""
    found = spells.copy()
    for name in names:
        number = pd.to_numeric(spells[name], errors="coerce")
        if name == STAR and number.notna().all():
            found[name] = number.astype(float)
            continue
        values = spells[name].astype("string")
        each = values[~spells.assign(value=values).duplicated([_PERSON, "value"])]
        found[name] = unnamed(values, nameable(each, (), policy.scores_k)).fillna("")
    return found


def _ready(
    spells: pd.DataFrame, names: Sequence[str], policy: Policy
) -> tuple[pd.DataFrame, list[str], Support]:
    """Return spells with small groups merged, the columns that vary among them, and what stands behind.

    The largest level of each column is the one that others are compared with.
    """
    if spells.empty or not spells[_LEFT].any():
        raise TooLittleData("privacy.model_alike", least=policy.model_differing)
    texts = [name for name in names if not pd.api.types.is_numeric_dtype(spells[name].dtype)]
    frame, _ = merge_few(spells, _LEFT, texts, policy, person=_PERSON)
    terms = [name for name in names if frame[name].nunique() > 1]
    if not terms:
        raise TooLittleData("privacy.model_category", least=policy.scores_k)
    for name in texts:
        frame[name] = pd.Categorical(frame[name], list(frame[name].value_counts().index))
    design = build_design(frame, _LEFT, terms, (), _PERSON)
    support = support_of(design, frame, terms, policy, person=_PERSON)
    check_support(support, policy)
    return frame, terms, support


def _rows(fit: DriverFit, frame: pd.DataFrame, terms: Sequence[str]) -> pd.DataFrame:
    assert fit.proportional_hazards is not None
    changing = fit.proportional_hazards.set_index("term")["p_value"]
    fitted = fit.tidy().set_index("term")
    rows: list[dict[str, object]] = [{"term": "", "level": "", "changing": float(changing["global"])}]
    for term in terms:
        if frame[term].dtype != "category":
            rows.append({"term": term, "level": "", **_figures(fitted, changing, term)})
            continue
        base, *others = frame[term].cat.categories
        rows.append({"term": term, "level": base})
        rows += [
            {"term": term, "level": level, **_figures(fitted, changing, f"{term}[{level}]")}
            for level in others
        ]
    table = pd.DataFrame(rows)
    compared = (table["level"] != "") & table["p_value"].notna()
    table["p_adjusted"] = table["p_value"]
    if compared.any():
        table.loc[compared, "p_adjusted"] = adjust_pvalues(table.loc[compared, "p_value"])
    return table


def _figures(fitted: pd.DataFrame, changing: pd.Series, name: str) -> dict[str, object]:
    figures: dict[str, object] = {column: fitted[column].to_dict()[name] for column in _FIGURES}
    return {**figures, "changing": float(changing[name])}
