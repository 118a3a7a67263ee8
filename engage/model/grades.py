"""Career grades, such as stars: what comes before a step up and what after it, and time in grade."""

import numpy as np
import pandas as pd

from engage.errors import TooLittleData
from engage.model.design import check_columns
from engage.model.programmes import ProgrammeEffect, difference_in_differences
from engage.model.survival import SurvivalCurve, survival_curve


def step_times(frame: pd.DataFrame, person: str, time: str, grade: str) -> pd.Series:
    """Return, by person, the first period with a higher grade than in the one seen before, NaN for none.

    People whose grade ever falls are left out: going down is not the absence of a step. A row per person and
    period; rows without a grade are left out.
    """
    check_columns(frame, [person, time, grade])
    rows = frame.dropna(subset=[person, time, grade]).sort_values([person, time])
    moved = rows.groupby(person)[grade].diff()
    fell = set(rows.loc[moved < 0, person])
    first = rows[moved > 0].drop_duplicates(person).set_index(person)[time].astype(float)
    people = [one for one in rows[person].unique() if one not in fell]
    return first.reindex(people)


def step_timing(
    frame: pd.DataFrame, outcome: str, person: str, time: str, grade: str, *, level: float = 0.95
) -> ProgrammeEffect:
    """Return how an outcome changed before and since a step up, beside people who did not (yet) step up.

    ``event[-1]``: the change over the period before the step; ``event[0]``: over the period in which it came;
    ``event[1]`` …: from before the step to later. A change that comes before it can't be its consequence:
    those who do well are promoted. As :func:`difference_in_differences` of the same people, of whom the first
    step counts; ``time`` in numbers. Raises as that does.
    """
    steps = step_times(frame, person, time, grade)
    rows = frame[frame[person].isin(steps.index)]
    rows = rows.assign(step=rows[person].map(steps).astype(float))
    return difference_in_differences(rows, outcome, person, time, "step", level=level)


def time_in_grade(frame: pd.DataFrame, person: str, date: str, grade: str) -> SurvivalCurve:
    """Return, by grade, the share that has not stepped up, by months since the grade was reached.

    Grades are seen on dated lists: a step is put on the day of the list that first shows it. Only stays that
    began with a step count, since the others began at an unknown time; what has not ended on the last list
    of a person is censored there. Raises ``TooLittleData`` where nobody was seen stepping up.
    """
    check_columns(frame, [person, date, grade])
    rows = frame.dropna(subset=[person, date, grade]).sort_values([person, date])
    by_person = rows.groupby(person)[grade]
    changed = rows[by_person.shift().notna() & (by_person.diff() != 0)]
    stays = changed.assign(
        next=changed.groupby(person)[date].shift(-1), to=changed.groupby(person)[grade].shift(-1)
    )
    stays["last"] = stays[person].map(rows.groupby(person)[date].max())
    end = stays["next"].fillna(stays["last"])
    months = (pd.to_datetime(end) - pd.to_datetime(stays[date])).dt.days / 30.4375
    kept = (months > 0).to_numpy()
    if not kept.any():
        raise TooLittleData("model.no_steps")
    event = (stays["to"] > stays[grade]).to_numpy()[kept].astype(int)
    return survival_curve(
        months.to_numpy(dtype=float)[kept], event, by=np.asarray(stays[grade].astype(int).astype(str))[kept]
    )
