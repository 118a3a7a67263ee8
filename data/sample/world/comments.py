"""Who writes what: comments picked from ``texts/*.yaml`` so that their tone follows the team's climate."""

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import yaml

from . import planted as p
from .service import SERVING, composites, wave_in_force

if TYPE_CHECKING:
    from . import World

SHARE: Final = {"change": 0.16, "proud": 0.125}  # of careful respondents who answer an open question
BOX_ENTRIES: Final = 440
_BOX_FROM, _BOX_TO = date(2025, 1, 6), date(2026, 9, 28)
_CUSTOMER_SHARE: Final = 0.4  # of the box: what customers said, passed on
_SIGNED_SHARE: Final = 0.5  # of employees' entries in the box
_LANGUAGE_SHARE: Final = {"zh": 0.84, "en": 0.08, "ru": 0.08}
_MOST_USES: Final = 3
_USED_WEIGHT: Final = (1.0, 0.05, 0.01)
_THEME_SCALE: Final = {
    "management": "supervisor",
    "tools_and_process": "working_conditions",
    "training": "growth",
}
_CUSTOMER_TONES: Final = {"negative": 0.45, "neutral": 0.35, "positive": 0.20}


def load_texts(folder: Path) -> pd.DataFrame:
    """Return every text: text, theme, tone, question, source, language."""
    parts = []
    for path in sorted(folder.glob("*.yaml")):
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
        parts.append(
            pd.DataFrame(rows)[["text", "theme", "tone", "question", "source"]].assign(language=path.stem)
        )
    return pd.concat(parts, ignore_index=True)


class Picker:
    """Hands out texts: each at most three times, never twice in a team, nor in a wave.

    ``climate`` is indexed by team and wave and holds standard deviations of the climate and of every driver.
    """

    def __init__(self, texts: pd.DataFrame, rng: np.random.Generator, climate: pd.DataFrame) -> None:
        self.texts = texts
        self.rng = rng
        self.climate: dict[tuple[str, str], dict[str, float]] = climate.to_dict("index")
        self._used = np.zeros(len(texts), dtype=np.int64)
        self._seen: dict[str, set[int]] = {}
        self._pools = texts.groupby(["question", "source", "language", "tone"]).indices
        self._about = [_THEME_SCALE.get(theme, theme) for theme in texts["theme"]]

    def pick(
        self, question: str, source: str, language: str, tones: list[str], team: str, wave: str, liking: float
    ) -> int | None:
        """Return the row of a text in the first of ``tones`` that has one left, or None.

        ``liking`` is negative where people name what is worse in their team than elsewhere, positive where
        what is better.
        """
        seen = self._seen.setdefault(team, set()), self._seen.setdefault(wave, set())
        here = self.climate[team, wave]
        for tone in tones:
            pool = self._pools.get((question, source, language, tone), np.empty(0, dtype=np.int64))
            rows = [r for r in pool if self._used[r] < _MOST_USES and r not in seen[0] and r not in seen[1]]
            if rows:
                standing = np.array([here.get(self._about[row], 0.0) for row in rows])
                weight = np.array(_USED_WEIGHT)[self._used[rows]] * np.exp(liking * standing)
                row = int(self.rng.choice(rows, p=weight / weight.sum()))
                self._used[row] += 1
                seen[0].add(row)
                seen[1].add(row)
                return row
        return None


def write_comments(world: "World", texts: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what the panel's rows answer to the open questions, and the suggestion box.

    The first has ``change`` and ``proud`` along the panel ("" where nothing is written) and their tones as
    ``change_tone, proud_tone``; the second ``date, respondent, team, source, text, tone``. Few words each,
    as people write them.
    """
    rng = np.random.default_rng([seed, 1])
    picker = Picker(texts, rng, _climate(world))
    return _answers(world, picker), _box(world, picker)


def _climate(world: "World") -> pd.DataFrame:
    scores = world.scores[world.panel["responded"]]
    keys = world.panel.loc[world.panel["responded"], ["team", "wave"]]
    drivers = scores[list(p.DRIVERS)].groupby([keys["team"], keys["wave"]]).mean()
    table = drivers.join(composites(world.panel, world.scores).set_index(["team", "wave"])[["climate"]])
    return table.groupby("wave").transform(lambda column: (column - column.mean()) / column.std())


def _chance(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))


def _tones(rng: np.random.Generator, question: str, climate: float) -> list[str]:
    """Return tones in the order to look for them; the first is drawn by the team's climate."""
    if question == "proud":
        good = rng.random() < _chance(2.0 + p.POSITIVE_PER_CLIMATE * climate)
        return ["positive", "neutral"] if good else ["neutral", "negative", "positive"]
    if rng.random() < _chance(0.1 + p.NEGATIVE_PER_CLIMATE * climate):
        return ["negative", "neutral"]
    if question == "box" and rng.random() < 0.25:
        return ["positive", "neutral", "negative"]
    return ["neutral", "positive", "negative"]


def _answers(world: "World", picker: Picker) -> pd.DataFrame:
    panel, rng = world.panel, picker.rng
    languages = rng.choice(list(_LANGUAGE_SHARE), len(world.people), p=list(_LANGUAGE_SHARE.values()))
    tongue = dict(zip(world.people["respondent"], languages, strict=True))
    careful = panel["responded"] & (panel["careless"] == "")
    found = {
        name: np.full(len(panel), "", dtype=object)
        for name in ("change", "change_tone", "proud", "proud_tone")
    }
    for question, share in SHARE.items():
        writers = np.flatnonzero(careful.to_numpy() & (rng.random(len(panel)) < share))
        rng.shuffle(writers)
        for place in writers:
            row = panel.iloc[place]
            z = picker.climate[row["team"], row["wave"]]["climate"]
            liking = 0.8 if question == "proud" else -0.8
            language = tongue[row["respondent"]]
            tones = _tones(rng, question, z)
            text = picker.pick(question, "employee", language, tones, row["team"], row["wave"], liking)
            if text is not None:
                found[question][place] = as_typed(rng, picker.texts["text"].iloc[text])
                found[f"{question}_tone"][place] = picker.texts["tone"].iloc[text]
    return pd.DataFrame(found)


def _box(world: "World", picker: Picker) -> pd.DataFrame:
    panel, rng = world.panel, picker.rng
    left = world.people.set_index("respondent")["leave_date"]
    days = np.sort(rng.integers(0, (_BOX_TO - _BOX_FROM).days + 1, BOX_ENTRIES))
    rows = []
    for day in days:
        when = _BOX_FROM + timedelta(days=int(day))
        here = panel[panel["wave"] == wave_in_force(when.replace(day=1))]
        customer = rng.random() < _CUSTOMER_SHARE
        if customer:
            here = here[here["role_group"].isin(SERVING)]
        writer = here.iloc[int(rng.integers(len(here)))]
        team, wave = writer["team"], writer["wave"]
        language = str(rng.choice(list(_LANGUAGE_SHARE), p=list(_LANGUAGE_SHARE.values())))
        if customer:
            tones = list(rng.permutation(list(_CUSTOMER_TONES)))
            tones.insert(0, str(rng.choice(list(_CUSTOMER_TONES), p=list(_CUSTOMER_TONES.values()))))
        else:
            tones = _tones(rng, "box", picker.climate[team, wave]["climate"])
        source = "customer_relayed" if customer else "employee"
        text = picker.pick("box", source, language, tones, team, wave, 0.0 if customer else -0.8)
        if text is None:
            continue
        gone = left[writer["respondent"]]
        signed = not customer and rng.random() < _SIGNED_SHARE and (gone is None or gone > when)
        body, tone = picker.texts["text"].iloc[text], picker.texts["tone"].iloc[text]
        rows.append((when, writer["respondent"] if signed else "", team, source, as_typed(rng, body), tone))
    return pd.DataFrame(rows, columns=["date", "respondent", "team", "source", "text", "tone"])


def as_typed(rng: np.random.Generator, text: str) -> str:
    """Return the text as it may reach an export: now and then with a line break or in quotation marks."""
    turn = rng.random()
    if turn < 0.03:
        for mark in ("，", ", "):
            if mark in text:
                return text.replace(mark, f"{mark.strip()}\n", 1)
    if turn > 0.985:
        return f'"{text}"'
    return text
