"""Charts of how comments sound, always within one question and one source."""

from dataclasses import dataclass
from typing import Final

import altair as alt
import pandas as pd

from engage.present import look, numbers
from engage.present.labels import Names, is_missing
from engage.present.look import INK, SMALL, TONE_COLOURS, finish, nothing, released
from engage.privacy import SafeTable
from engage.words import say

_ROW: Final = 28
_AROUND: Final = 40  # axis and legend, which few rows would have to share their room with
_TONES: Final = tuple(TONE_COLOURS)


def tone_parts(tone: SafeTable) -> tuple[tuple[str, str], ...]:
    """Return the (question, source) pairs of a tone table: tone is compared only inside one of them."""
    frame = released(tone, "tone")
    pairs = frame[["question", "source"]].itertuples(index=False)
    return tuple(dict.fromkeys((_key(question), _key(source)) for question, source in pairs))


def tone_bars(
    tone: SafeTable, by: str, names: Names, *, question: str = "", source: str = ""
) -> alt.LayerChart:
    """Return bars of negative, neutral and positive comments by ``by`` (theme, wave or a demographic).

    Every question and source has its own heading; ``question`` and ``source`` pick some of them. Groups with
    most comments come first; a demographic with an order keeps it. What is hidden is counted in one line.
    """
    frame = _picked(tone, by, question, source)
    if frame.empty or frame["negative"].isna().all():
        return nothing(names, frame["hidden_reason"])
    rows = _rows(frame, by, names)
    y = alt.Y("row:N", sort=None, scale=alt.Scale(domain=rows.keys), axis=look.row_axis(rows.labels))
    tips = [
        alt.Tooltip(
            f"{field}:N",
            title=names.demographic(by) if field == "label" else say(f"charts.tip.{field}", names.lang),
        )
        for field in ("label", "tone", "share_word", "comments")
    ]
    bars = alt.Chart(_long(rows.bars, names)).encode(y=y, tooltip=tips)
    axis = alt.Axis(format="%", tickCount=5, title=say("charts.tone_axis", names.lang))
    x = alt.X("share:Q", stack="normalize", scale=alt.Scale(domain=[0, 1]), axis=axis)
    order = alt.Order("order:Q")
    start = alt.value(-look.label_room(rows.labels))
    layers = [
        bars.mark_bar(height=17).encode(x=x, order=order, color=_tone_colour(names)),
        bars.mark_text(fontSize=SMALL).encode(
            color=alt.condition("datum.tone_key === 'neutral'", alt.value("#26282c"), alt.value("#ffffff")),
            x=alt.X("share:Q", stack="normalize", bandPosition=0.5),
            order=order,
            text="inside:N",
            detail="tone_key:N",
        ),
        alt.Chart(rows.hidden)
        .mark_text(align="left", color=INK, fontStyle="italic", limit=900)
        .encode(y=y, x=start, text="words:N"),
        alt.Chart(rows.headings)
        .mark_text(align="left", color=INK, fontWeight="bold", limit=900)
        .encode(y=y, x=start, text="words:N"),
    ]
    return finish(layers, _ROW * len(rows.keys) + _AROUND)


def tone_trend(tone: SafeTable, names: Names, *, question: str = "", source: str = "") -> alt.LayerChart:
    """Return the share of negative, neutral and positive comments by wave, for one question and source.

    ``tone``: a table by ``wave``, oldest first. Without ``question`` or ``source``, the first pair that fits.
    A hidden wave leaves a gap.
    """
    frame = _picked(tone, "wave", question, source)
    if frame.empty or frame["negative"].isna().all():
        return nothing(names, frame["hidden_reason"])
    pairs = list(zip(frame["question"].map(_key), frame["source"].map(_key), strict=True))
    first = next(pair for pair, share in zip(pairs, frame["negative"], strict=True) if not is_missing(share))
    frame = frame[[pair == first for pair in pairs]]
    waves = [str(wave) for wave in frame["group"]]
    frame = frame.assign(row=frame["group"].astype(str), label=frame["group"].astype(str))
    frame = _worded(frame, names)
    height = 280
    lines = _long(frame, names)
    x = alt.X(
        "row:N",
        sort=None,
        scale=alt.Scale(
            domain=waves,
            type="point",
            padding=0.3,
            range=look.room_right(names, [names.tone(t) for t in _TONES]),
        ),
        axis=look.wave_axis(),
    )
    axis = alt.Axis(
        format="%", tickCount=5, title=say("charts.tone_axis", names.lang), domain=False, ticks=False
    )
    y = alt.Y("share:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)
    base = alt.Chart(lines).encode(
        x=x,
        y=y,
        color=alt.Color("tone_key:N", legend=None, scale=_tone_scale()),
        tooltip=[
            alt.Tooltip(
                f"{field}:N",
                title=names.demographic("wave")
                if field == "label"
                else say(f"charts.tip.{field}", names.lang),
            )
            for field in ("label", "tone", "share_word", "comments", "why")
        ],
    )
    layers = [
        base.mark_line(strokeWidth=2.5),
        base.mark_point(size=55, filled=True, opacity=1),
        *look.end_labels(
            lines.rename(
                columns={
                    "row": "x",
                    "share": "y",
                    "tone_key": "series",
                    "tone": "name",
                    "share_word": "value",
                }
            ),
            list(_TONES),
            height,
            TONE_COLOURS,
            names,
        ),
    ]
    return finish(layers, height, [_asked_of(*first, names)])


def _picked(tone: SafeTable, by: str, question: str, source: str) -> pd.DataFrame:
    frame = released(tone, "tone").rename(columns={by: "group"})
    keep = pd.Series(True, index=frame.index)
    for column, value in (("question", question), ("source", source)):
        if value:
            keep &= frame[column].map(_key) == value
    return frame[keep].reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a bar chart: their keys in order and words, the bars, headings, and what is hidden."""

    keys: list[str]
    labels: dict[str, str]
    bars: pd.DataFrame
    headings: pd.DataFrame
    hidden: pd.DataFrame


def _rows(frame: pd.DataFrame, by: str, names: Names) -> _Rows:
    """Lay the rows out: a heading per question and source, its bars, one row for all that is hidden."""
    frame = _worded(_placed(frame, by, names), names)
    keys: list[str] = []
    labels: dict[str, str] = {}
    headings, bars, hidden = [], [], []
    for pair, part in frame.groupby("pair", sort=False):
        question, source = _key(part["question"].iloc[0]), _key(part["source"].iloc[0])
        headings.append((f"#{pair}", _asked_of(question, source, names)))
        shown = part[part["negative"].notna()]
        if by != "wave":
            shown = shown.sort_values(["place", "size"], ascending=[True, False], kind="stable")
        bars.append(shown)
        keys += [f"#{pair}", *shown["row"]]
        labels |= {f"#{pair}": ""} | dict(zip(shown["row"], shown["row_label"], strict=True))
        count = len(part) - len(shown)
        if count:
            why = list(dict.fromkeys(part.loc[part["negative"].isna(), "why"]))
            keys.append(f"{pair}|#hidden")
            labels[keys[-1]] = ""
            hidden.append((keys[-1], say("charts.more_hidden", names.lang, count=count, reasons=why)))
    words = ["row", "words"]
    return _Rows(
        keys,
        labels,
        pd.concat(bars, ignore_index=True),
        pd.DataFrame(headings, columns=words),
        pd.DataFrame(hidden, columns=words),
    )


def _placed(frame: pd.DataFrame, by: str, names: Names) -> pd.DataFrame:
    """Return the table with each row's key, word and place."""
    levels = names.levels(by)
    pairs = [f"{_key(q)}|{_key(s)}" for q, s in zip(frame["question"], frame["source"], strict=True)]
    groups = [_key(group) for group in frame["group"]]
    words = [names.level(by, group) for group in groups]
    people = look.safe_people(names, frame["n"], frame["n_band"])
    return frame.assign(
        pair=pairs,
        row=[f"{pair}|{group}" for pair, group in zip(pairs, groups, strict=True)],
        label=words,
        row_label=[
            say("charts.group_n", names.lang, group=word, n=n) for word, n in zip(words, people, strict=True)
        ],
        place=[levels.index(group) if group in levels else len(levels) for group in groups],
        size=frame["n"].astype("Float64").fillna(0).astype(float),
    )


def _asked_of(question: str, source: str, names: Names) -> str:
    return say(
        "charts.asked_of",
        names.lang,
        question=names.question(question or "none"),
        source=names.source(source),
    )


def _worded(frame: pd.DataFrame, names: Names) -> pd.DataFrame:
    return frame.assign(
        comments=look.safe_people(names, frame["n"], frame["n_band"]),
        why=[why_hidden(reason, names) for reason in frame["hidden_reason"]],
    )


def why_hidden(reason: object, names: Names) -> str:
    """Return why a tone is hidden: here the few are comments, not people."""
    return say("charts.few_comments", names.lang) if reason == "too_few" else names.hidden(reason)


def _long(frame: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Return one row per bar and tone."""
    parts = []
    for order, tone in enumerate(_TONES):
        share = frame[tone].astype(float)
        words = [numbers.percent(value) for value in share]
        parts.append(
            frame[["row", "label", "comments", "why"]].assign(
                tone_key=tone,
                tone=names.tone(tone),
                order=order,
                share=share,
                share_word=words,
                inside=[word if value >= 0.08 else "" for word, value in zip(words, share, strict=True)],
            )
        )
    return pd.concat(parts, ignore_index=True)


def _tone_scale() -> alt.Scale:
    return alt.Scale(domain=list(_TONES), range=list(TONE_COLOURS.values()))


def _tone_colour(names: Names) -> alt.Color:
    words = look.wording_of({tone: names.tone(tone) for tone in _TONES})
    legend = alt.Legend(orient="top", title=None, labelExpr=f"{words}[datum.label]")
    return alt.Color("tone_key:N", scale=_tone_scale(), legend=legend)


def _key(value: object) -> str:
    return "" if is_missing(value) else str(value)
