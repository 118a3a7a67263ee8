"""Who leaves, honestly: models of leaving judged only on people they have not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

import numpy as np
import pandas as pd

from engage.errors import InputError, Problem, TooLittleData, UsageError
from engage.measure.intervals import check_level
from engage.model.design import IntArray, check_columns, names
from engage.model.diagnostics import MIN_ROWS
from engage.model.display import as_html
from engage.model.held_out import (
    Part,
    auc_differences,
    fairness_by_group,
    judge,
    mean_prediction,
    shuffled_importance,
)
from engage.model.leaks import Leaks, check_leaks
from engage.model.pipelines import Challenger, Scheme, fold_rows, forward_rows, probability, tuned
from engage.words import Language, say

FOLDS: Final = 5
MIN_LEAVERS: Final = 25


@dataclass(frozen=True, slots=True, eq=False)
class AttritionModel:
    """Models of leaving and how well they do on rows that they were not fitted to.

    ``scores`` has a row per model: auc with its interval (DeLong on the held-out predictions), ``fold_sd`` of
    the AUC over folds, average_precision, brier, calibration_slope, predicted and observed (mean shares), n,
    leavers. ``calibration``: a row per model and tenth. ``importance``: a row per model and feature, the
    ``drop`` in held-out AUC when the feature is shuffled among the people of a fold. ``fairness``: a row per
    model, column and group. ``difference``: a row per model but the first, how much higher its held-out
    ``auc`` is than that of the first (``against``), with the interval of the difference. ``predicted`` (n,)
    are held-out probabilities of the first model, for the analyst alone: no table and no page shows them.
    ``models`` are the pipelines fitted to all rows.
    """

    outcome: str
    features: tuple[str, ...]
    scheme: Scheme
    scores: pd.DataFrame
    calibration: pd.DataFrame
    importance: pd.DataFrame
    fairness: pd.DataFrame
    difference: pd.DataFrame
    leaks: Leaks
    predicted: pd.Series
    models: dict[Challenger, Any]
    folds: int
    repeats: int
    level: float
    n: int
    n_dropped: int
    notes: tuple[Problem, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Codes of the notes, such as ``model.duplicated_people``."""
        return tuple(note.code for note in self.notes)

    def tidy(self) -> pd.DataFrame:
        """Return one row per model: model, auc, auc_low, auc_high, fold_sd, average_precision, brier, …"""
        return self.scores.copy()

    def card(self, lang: Language = "en") -> str:
        """Return the model card in Markdown: what was fitted, how well it does, for whom, its limits."""
        lines = [f"# {say('model.card.title', lang)}", "", say("model.card.purpose", lang), ""]
        for part in (self._card_data, self._card_validation, self._card_fairness):
            lines += part(lang)
        limits = [f"## {say('model.card.limits', lang)}", "", say("model.card.limits_text", lang), ""]
        return "\n".join([*lines, *limits])

    def _card_data(self, lang: Language) -> list[str]:
        leavers = int(self.scores["leavers"].iloc[0])
        facts = {"outcome": self.outcome, "n": self.n, "leavers": leavers, "dropped": self.n_dropped}
        return [
            f"## {say('model.card.data', lang)}",
            "",
            "- " + say("model.card.rows", lang, **facts),
            "- " + say("model.card.features", lang, features=self.features),
            *(f"- {note.reason(lang)}" for note in self.notes),
            "",
        ]

    def _card_validation(self, lang: Language) -> list[str]:
        scheme = say(f"model.card.scheme_{self.scheme}", lang, folds=self.folds, repeats=self.repeats)
        rows = [
            "- " + say("model.card.score", lang, **(_digits(row) | {"model": _named(row["model"], lang)}))
            for row in self.scores.to_dict("records")
        ]
        rows += [
            "- "
            + say(
                "model.card.difference", lang, **_digits(row)
                | {name: _named(row[name], lang) for name in ("model", "against")},
            )
            for row in self.difference.to_dict("records")
        ]  # fmt: skip
        return [f"## {say('model.card.validation', lang)}", "", scheme, "", *rows, ""]

    def _card_fairness(self, lang: Language) -> list[str]:
        if not len(self.fairness):
            return []
        own = self.fairness[self.fairness["model"] == self.scores["model"].iloc[0]]
        rows = ["- " + say("model.card.group", lang, **_digits(row)) for row in own.to_dict("records")]
        return [f"## {say('model.card.fairness', lang)}", "", *rows, ""]

    def _repr_html_(self) -> str:
        return as_html(self.scores, self.outcome, self.n, self.n_dropped, self.notes)


def fit_attrition(
    frame: pd.DataFrame,
    outcome: str,
    features: Sequence[str],
    *,
    groups: str | None = None,
    time: str | None = None,
    fairness: Sequence[str] = (),
    models: Sequence[Challenger] = ("logit", "boosting"),
    folds: int = FOLDS,
    repeats: int = 1,
    allow: Sequence[str] = (),
    seed: int = 0,
    level: float = 0.95,
    progress: Callable[[int, int], None] | None = None,
) -> AttritionModel:
    """Fit models of leaving, and judge them by nested validation on rows held out.

    Outer folds: stratified by the outcome; with ``groups`` (the person of several rows, or the team) no group
    is on both sides; with ``time`` (the wave) each period is told from those before it, once. Rows that are
    alike in everything but an identifier count as one person and stay together. Settings (ridge penalty;
    leaves and rounds of boosting) are chosen by log loss in inner folds of the training rows, and filling,
    scaling and dummies are learned there, too. Nothing is resampled or reweighted, so probabilities keep
    their meaning.

    ``frame`` needs 0 and 1 in ``outcome`` (rows without are left out); missing features are filled. Columns
    that :func:`check_leaks` finds leaking are refused by name, unless in ``allow``; identifiers and columns
    that don't vary are left out. ``fairness``: columns whose groups are compared, used as features or not.
    For groups of people only: a probability of one person must not meet a manager. ``progress(done, of)`` is
    told of each model that was fitted.

    Raises ``InputError`` for leaking columns; ``TooLittleData`` under 25 leavers or stayers, or without a
    fold that holds both; ``UsageError`` for unknown columns and options. Source: Cawley & Talbot (2010) for
    nesting; Van Calster et al. (2019) for calibration.
    """
    from threadpoolctl import threadpool_limits

    _check_options(models, folds, repeats, level)
    features = names(features)
    check_columns(frame, [outcome, *features, *fairness, *(c for c in (groups, time) if c)])
    rows = frame.dropna(subset=[outcome, *([time] if time else []), *([groups] if groups else [])])
    if not rows[outcome].isin([0, 1]).all():
        raise UsageError("model.not_binary", outcome=outcome)
    y = rows[outcome].to_numpy(dtype=np.intp)
    rarer = int(min(y.sum(), len(y) - y.sum()))
    if rarer < MIN_LEAVERS or len(y) < MIN_ROWS:
        raise TooLittleData(
            "model.too_few_events", events=rarer, needed=MIN_LEAVERS, predictors=len(features)
        )
    leaks = check_leaks(rows, outcome, [name for name in features if name not in allow])
    if leaks.serious:
        raise InputError("model.leak", columns=leaks.serious)
    kept = tuple(c for c in features if c not in leaks.identifiers and rows[c].nunique(dropna=False) > 1)
    if not kept:
        raise TooLittleData("model.constant_driver", columns=features)
    x = _plain(rows[list(kept)])
    owner = _owners(rows, groups, leaks)
    outer = _outer(y, owner, rows[time] if time else None, folds, repeats, seed)
    fits = _Counter(progress, len(models) * (len(outer) + 1))
    # Trees on a few thousand rows are slower with several threads than with one, by far on a busy machine.
    with threadpool_limits(1):
        held_out = {model: _held_out(model, x, y, owner, outer, seed, fits) for model in models}
        fitted = {model: fits.count(tuned(model, x, y, owner, seed)) for model in models}
        shuffled = {model: shuffled_importance(x, y, parts, seed) for model, parts in held_out.items()}
    judged = {model: judge(y, parts, level) for model, parts in held_out.items()}
    first = mean_prediction(len(y), held_out[models[0]])
    return AttritionModel(
        outcome=outcome,
        features=kept,
        scheme="forward" if time else "grouped" if owner is not None else "stratified",
        scores=pd.DataFrame([{"model": model} | score for model, (score, _) in judged.items()]),
        calibration=_stack({model: curve for model, (_, curve) in judged.items()}),
        importance=_stack(shuffled),
        fairness=_stack(
            {
                model: fairness_by_group(rows, fairness, y, mean_prediction(len(y), parts), level)
                for model, parts in held_out.items()
            }
        ),
        difference=auc_differences(y, held_out, owner, level),
        leaks=leaks,
        predicted=pd.Series(first, index=rows.index, name="predicted"),
        models=fitted,
        folds=len(outer) // (1 if time else repeats),
        repeats=1 if time else repeats,
        level=level,
        n=len(y),
        n_dropped=len(frame) - len(y),
        notes=leaks.notes,
    )


class _Counter:
    """Says how many of the models are fitted."""

    def __init__(self, say_so: Callable[[int, int], None] | None, of: int) -> None:
        self._say_so, self._of, self._done = say_so, of, 0

    def count(self, fitted: Any) -> Any:
        """Return what was fitted, counted."""
        self._done += 1
        if self._say_so is not None:
            self._say_so(self._done, self._of)
        return fitted


def _check_options(models: Sequence[str], folds: int, repeats: int, level: float) -> None:
    check_level(level)
    wrong = [model for model in models if model not in get_args(Challenger)]
    if wrong or not models:
        raise UsageError("model.unknown_option", option="models", value=wrong, known=get_args(Challenger))
    if folds < 2 or repeats < 1:
        raise UsageError("model.bad_folds", folds=folds, repeats=repeats)


def _plain(x: pd.DataFrame) -> pd.DataFrame:
    """Return numbers (dates as days, too) as floats and the rest as text, missing text as a level."""
    columns = {}
    for name in x.columns:
        column = x[name]
        if pd.api.types.is_datetime64_any_dtype(column.dtype):
            column = (column - column.min()) / pd.Timedelta(days=1)
        if pd.api.types.is_numeric_dtype(column.dtype):
            columns[name] = column.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        else:
            columns[name] = column.astype("string").fillna("").to_numpy(dtype=object)
    return pd.DataFrame(columns, index=x.index)


def _owners(rows: pd.DataFrame, groups: str | None, leaks: Leaks) -> IntArray | None:
    """Return who must stay together: the groups given, else people who stand there twice, else nobody."""
    if groups:
        return np.asarray(pd.factorize(rows[groups])[0], dtype=np.intp)
    return leaks.people if leaks.duplicates else None


def _outer(
    y: IntArray, owner: IntArray | None, time: pd.Series | None, folds: int, repeats: int, seed: int
) -> list[tuple[IntArray, IntArray]]:
    if time is not None:
        return forward_rows(y, time.tolist())
    return [part for k in range(repeats) for part in fold_rows(y, owner, folds, seed + k)]


def _held_out(
    model: Challenger,
    x: pd.DataFrame,
    y: IntArray,
    owner: IntArray | None,
    outer: list[tuple[IntArray, IntArray]],
    seed: int,
    fits: _Counter,
) -> list[Part]:
    parts = []
    for train, test in outer:
        own = None if owner is None else owner[train]
        fitted = fits.count(tuned(model, x.iloc[train], y[train], own, seed))
        parts.append(Part(test, fitted, probability(fitted, x.iloc[test])))
    return parts


def _stack(tables: dict[Challenger, pd.DataFrame]) -> pd.DataFrame:
    parts = [table.assign(model=model) for model, table in tables.items() if len(table)]
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    return table[["model", *(name for name in table.columns if name != "model")]]


def _digits(row: dict[Any, Any]) -> dict[str, object]:
    return {str(k): f"{value:.3f}" if isinstance(value, float) else value for k, value in row.items()}


def _named(model: str, lang: Language) -> str:
    return say(f"model.card.model_{model}", lang)
