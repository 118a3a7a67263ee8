"""Who leaves, honestly: models of leaving judged only on people they have not seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

import numpy as np
import pandas as pd

from engage.errors import InputError, Problem, TooLittleData, UsageError
from engage.measure.intervals import check_level, normal_quantile, wilson_interval
from engage.model.calibration import auc_interval, calibration_curve, quality
from engage.model.design import FloatArray, IntArray, check_columns, names
from engage.model.diagnostics import MIN_ROWS
from engage.model.display import as_html
from engage.model.leaks import Leaks, check_leaks
from engage.model.pipelines import Challenger, Scheme, fold_rows, forward_rows, probability, tuned
from engage.model.validation import auc
from engage.words import Language, say

FOLDS: Final = 5
MIN_LEAVERS: Final = 25
# Fairness is told of groups with so many people and so many leavers and stayers.
MIN_GROUP: Final = 30
MIN_GROUP_EVENTS: Final = 5
SHUFFLES: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class AttritionModel:
    """Models of leaving and how well they do on rows that they were not fitted to.

    ``scores`` has a row per model: auc with its interval (DeLong on the held-out predictions), ``fold_sd`` of
    the AUC over folds, average_precision, brier, calibration_slope, predicted and observed (mean shares), n,
    leavers. ``calibration``: a row per model and tenth. ``importance``: a row per model and feature, the
    ``drop`` in held-out AUC when the feature is shuffled among the people of a fold. ``fairness``: a row per
    model, column and group. ``predicted`` (n,) are held-out probabilities of the first model, for the analyst
    alone: no table and no page shows them. ``models`` are the pipelines fitted to all rows.
    """

    outcome: str
    features: tuple[str, ...]
    scheme: Scheme
    scores: pd.DataFrame
    calibration: pd.DataFrame
    importance: pd.DataFrame
    fairness: pd.DataFrame
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
    For groups of people only: a probability of one person must not meet a manager.

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
    # Trees on a few thousand rows are slower with several threads than with one, by far on a busy machine.
    with threadpool_limits(1):
        held_out = {model: _held_out(model, x, y, owner, outer, seed) for model in models}
        fitted = {model: tuned(model, x, y, owner, seed) for model in models}
        shuffled = {model: _importance(x, y, parts, seed) for model, parts in held_out.items()}
    judged = {model: _judge(y, parts, level) for model, parts in held_out.items()}
    first = _mean_prediction(len(y), held_out[models[0]])
    return AttritionModel(
        outcome=outcome,
        features=kept,
        scheme="forward" if time else "grouped" if owner is not None else "stratified",
        scores=pd.DataFrame([{"model": model} | score for model, (score, _) in judged.items()]),
        calibration=_stack({model: curve for model, (_, curve) in judged.items()}),
        importance=_stack(shuffled),
        fairness=_stack(
            {
                model: _fairness(rows, fairness, y, _mean_prediction(len(y), parts), level)
                for model, parts in held_out.items()
            }
        ),
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


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One outer fold: the rows held out, the model that has not seen them, what it predicts."""

    rows: IntArray
    model: Any
    predicted: FloatArray


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
) -> list[_Part]:
    parts = []
    for train, test in outer:
        fitted = tuned(model, x.iloc[train], y[train], None if owner is None else owner[train], seed)
        parts.append(_Part(test, fitted, probability(fitted, x.iloc[test])))
    return parts


def _mean_prediction(n: int, parts: list[_Part]) -> FloatArray:
    """Return each row's held-out prediction, the mean over repeats; NaN for rows never held out."""
    total, count = np.zeros(n), np.zeros(n)
    for part in parts:
        total[part.rows] += part.predicted
        count[part.rows] += 1
    return np.asarray(np.divide(total, count, out=np.full(n, np.nan), where=count > 0), dtype=float)


def _judge(y: IntArray, parts: list[_Part], level: float) -> tuple[dict[str, float], pd.DataFrame]:
    """Return the scores of held-out predictions, and the calibration curve.

    The AUC is the mean over folds, since only people of one fold were ranked by one model; DeLong's interval,
    of all of them together, is moved along with it.
    """
    predicted = _mean_prediction(len(y), parts)
    seen = ~np.isnan(predicted)
    truth = y[seen].astype(float)
    areas = [auc(y[part.rows].astype(float), part.predicted) for part in parts]
    found = quality(truth, predicted[seen], level)
    shift = float(np.mean(areas)) - found["auc"]
    found |= {name: min(1.0, found[name] + shift) for name in ("auc", "auc_low", "auc_high")}
    score = found | {
        "fold_sd": float(np.std(areas, ddof=1)) if len(areas) > 1 else float("nan"),
        "n": int(seen.sum()),
        "leavers": int(truth.sum()),
    }
    return score, calibration_curve(truth, predicted[seen])


def _importance(x: pd.DataFrame, y: IntArray, parts: list[_Part], seed: int) -> pd.DataFrame:
    """Return how much held-out AUC drops when a feature is shuffled among the people of a fold."""
    rng = np.random.default_rng(seed)
    drops: list[list[float]] = []
    for part in parts:
        own, truth = x.iloc[part.rows], y[part.rows].astype(float)
        shuffled = [
            own.assign(**{name: own[name].to_numpy()[rng.permutation(len(own))]})
            for name in x.columns
            for _ in range(SHUFFLES)
        ]
        # One call for all of them: the pipeline's cost is by call more than by row.
        predicted = probability(part.model, pd.concat(shuffled)).reshape(-1, len(own))
        drops.append([auc(truth, part.predicted) - auc(truth, row) for row in predicted])
    of_feature = np.array(drops).reshape(len(parts), len(x.columns), SHUFFLES)
    table = pd.DataFrame(
        {
            "feature": x.columns,
            "drop": of_feature.mean(axis=(0, 2)),
            "sd": of_feature.std(axis=(0, 2), ddof=1),
        }
    )
    return table.sort_values("drop", ascending=False, ignore_index=True)


def _fairness(
    rows: pd.DataFrame, columns: Sequence[str], y: IntArray, predicted: FloatArray, level: float
) -> pd.DataFrame:
    """Return, for each large enough group: how many leave, how many were expected to, and the ranking."""
    z = normal_quantile(level)
    table = []
    for column in columns:
        codes, levels = pd.factorize(rows[column], sort=True)
        for code, group in enumerate(levels):
            own = np.flatnonzero((codes == code) & ~np.isnan(predicted))
            truth, share = y[own].astype(float), predicted[own]
            if len(own) < MIN_GROUP or min(truth.sum(), len(own) - truth.sum()) < MIN_GROUP_EVENTS:
                continue
            interval = wilson_interval(int(truth.sum()), len(own), level)
            gap = truth - share
            wide = z * float(gap.std(ddof=1)) / len(own) ** 0.5
            low, high = auc_interval(truth, share, level)
            table.append(
                {
                    "column": column,
                    "group": str(group),
                    "n": len(own),
                    "observed": float(truth.mean()),
                    "observed_low": interval.low,
                    "observed_high": interval.high,
                    "predicted": float(share.mean()),
                    "gap": float(gap.mean()),
                    "gap_low": float(gap.mean()) - wide,
                    "gap_high": float(gap.mean()) + wide,
                    "auc": auc(truth, share),
                    "auc_low": low,
                    "auc_high": high,
                }
            )
    return pd.DataFrame(table)


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
