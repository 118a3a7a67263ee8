"""Whether a wave is fit to use, in words: one light per check, with its reason."""

from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from engage.present import numbers
from engage.present.labels import POINTS, Names, is_missing
from engage.present.look import released
from engage.privacy import SafeTable
from engage.words import Language, say

State = Literal["ok", "look", "not_fit", "unknown"]

_WORST: Final = ("unknown", "ok", "look", "not_fit")
_LIGHT: Final = {"weighting": "make_up", "alpha": "reliability"}
"""The light that a check of the table belongs to, where it has another name."""


@dataclass(frozen=True, slots=True)
class Light:
    """One check: its id, its state, and the sentences that say why."""

    check: str
    state: State
    why: str


def quality(table: SafeTable, names: Names) -> tuple[str, ...]:
    """Return the verdict on a wave, with what decides it; ``table``: of kind ``quality``."""
    frame = released(table, "quality")
    whole = frame[frame["check"] == "wave"].iloc[0]
    state = str(whole["state"])
    if state == "ok":
        return (say("sentences.quality.ok", names.lang),)
    check = _LIGHT.get(str(whole["subject"]), str(whole["subject"]))
    about = names.inline(say(f"sentences.light.{check}.name", names.lang))
    why = next(light.why for light in lights(table, names) if light.check == check)
    return say(f"sentences.quality.{state}", names.lang, check=about), why


def lights(table: SafeTable, names: Names) -> tuple[Light, ...]:
    """Return the checks in their order: response, make-up, careless, reliability, sensitivity, team means."""
    frame = released(table, "quality")
    made = (
        _response(frame, names),
        _make_up(frame, names),
        _careless(frame, int(str(table.notes["flags"])), names),
        _reliability(frame, names),
        _sensitivity(frame, names),
        _team_means(frame, names),
    )
    return tuple(light for light in made if light is not None)


def reason(row: pd.Series, names: Names) -> str:
    """Return the reason of one line of the table in words, ``""`` where it has none."""
    if is_missing(row["reason"]) or not row["reason"]:
        return ""
    return say(f"sentences.why.{row['reason']}", names.lang)


def _response(frame: pd.DataFrame, names: Names) -> Light:
    row = frame[frame["check"] == "response"].iloc[0]
    facts = {"n": names.n(row["n"], row["n_band"]), "share": numbers.percent(row["value"])}
    words = say(f"sentences.light.response.{row['state']}", names.lang, **facts)
    return Light("response", row["state"], words)


def _make_up(frame: pd.DataFrame, names: Names) -> Light:
    rows = frame[frame["check"] == "make_up"]
    if rows.empty:
        return Light("make_up", "unknown", say("sentences.light.make_up.unknown", names.lang))
    weighted = frame[frame["check"] == "weighting"].set_index("subject")
    worst = rows.iloc[int(rows["value"].to_numpy().argmax())]
    state = _worst([*rows["state"], *weighted["state"]])
    key = "apart" if set(rows["state"]) != {"ok"} else "ok" if worst["value"] else "same"
    facts = {
        "share": numbers.percent(worst["value"]),
        "group": names.inline(names.demographic(worst["subject"])),
    }
    lines = [say(f"sentences.light.make_up.{key}", names.lang, **facts)]
    if len(weighted):
        shift = weighted.iloc[int(weighted["value"].abs().to_numpy().argmax())]
        lines.append(_weighted(shift, names))
    return Light("make_up", state, _join(lines, names.lang))


def _weighted(row: pd.Series, names: Names) -> str:
    points = round(abs(float(row["value"])) * 100)
    if not points:
        return say("sentences.light.make_up.steady", names.lang)
    facts = {"points": points, "n": names.n(row["n"], row["n_band"])}
    return say(f"sentences.light.make_up.{'up' if row['value'] > 0 else 'down'}", names.lang, **facts)


def _careless(frame: pd.DataFrame, flags: int, names: Names) -> Light:
    row = frame[frame["check"] == "careless"].iloc[0]
    key = "few" if row["state"] == "ok" and is_missing(row["value"]) else row["state"]
    facts = {"n": names.n(row["n"], row["n_band"]), "share": numbers.percent(row["value"]), "flags": flags}
    return Light("careless", row["state"], say(f"sentences.light.careless.{key}", names.lang, **facts))


def _reliability(frame: pd.DataFrame, names: Names) -> Light:
    rows = frame[frame["check"] == "alpha"]
    judged = rows[rows["state"] != "unknown"]
    if judged.empty:
        return Light("reliability", "unknown", say("sentences.light.reliability.unknown", names.lang))
    good = judged[judged["state"] == "ok"]
    whole = frame[frame["check"] == "wave"].iloc[0]
    decides = (whole["subject"], whole["state"]) == ("alpha", "not_fit")
    poor = decides or bool((judged["state"] == "not_fit").all())
    state: State = "not_fit" if poor else "ok" if len(good) == len(judged) else "look"
    facts: dict[str, object] = {"good": len(good), "all": len(judged)}
    if len(good) == len(judged):
        return Light("reliability", state, say("sentences.light.reliability.ok", names.lang, **facts))
    weak = judged[judged["state"] != "ok"].sort_values("value", kind="stable")
    facts["scales"] = [
        say("sentences.light.scale", names.lang, scale=names.inline(names.scale(scale)),
            value=numbers.decimal(value, names.lang))
        for scale, value in zip(weak["subject"], weak["value"], strict=True)
    ]  # fmt: skip
    return Light("reliability", state, say("sentences.light.reliability.weak", names.lang, **facts))


def _sensitivity(frame: pd.DataFrame, names: Names) -> Light | None:
    rows = frame[frame["check"] == "sensitivity"]
    if rows.empty:
        return None
    known = rows[rows["state"] != "unknown"]
    if known.empty:
        return Light("sensitivity", "unknown", say("sentences.light.sensitivity.unknown", names.lang))
    state = _worst(list(known["state"]))
    if not known["value"].any():
        return Light("sensitivity", state, say("sentences.light.sensitivity.steady", names.lang))
    moved = [
        say("sentences.light.sensitivity.one", names.lang, scale=names.inline(names.scale(scale)),
            change=_signed(value, names.lang, 0 if scale == POINTS else 1))
        for scale, value in zip(known["subject"], known["value"], strict=True)
    ]  # fmt: skip
    return Light("sensitivity", state, say("sentences.light.sensitivity.moved", names.lang, moved=moved))


def _team_means(frame: pd.DataFrame, names: Names) -> Light:
    rows = frame[frame["check"] == "team_means"]
    judged = rows[rows["state"] != "unknown"]
    if judged.empty:
        return Light("team_means", "unknown", say("sentences.light.team_means.unknown", names.lang))
    counts = {state: int((judged["state"] == state).sum()) for state in ("ok", "look", "not_fit")}
    state: State = (
        "ok" if counts["ok"] == len(judged) else "not_fit" if counts["not_fit"] == len(judged) else "look"
    )
    words = say("sentences.light.team_means.counts", names.lang, all=len(judged), **counts)
    poor = [names.inline(names.scale(s)) for s in judged.loc[judged["state"] == "not_fit", "subject"]]
    if poor:
        more = say("sentences.light.team_means.poor", names.lang, scales=poor)
        words = _join([words, more], names.lang)
    return Light("team_means", state, words)


def _worst(states: list[State]) -> State:
    return max(states, key=_WORST.index)


def _signed(value: float, lang: Language, digits: int) -> str:
    return ("+" if value > 0 else "") + numbers.decimal(value, lang, digits)


def _join(sentences: list[str], lang: Language) -> str:
    return ("" if lang == "zh" else " ").join(sentences)
