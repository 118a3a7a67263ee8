"""Tables in words, and as CSV that neither Excel nor a script misreads."""

import csv
import io
from functools import cache
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from analysis_tables import every_kind
from quality_tables import NO_FLAGS, differences, distribution, quality, response
from safe_tables import (
    INSTRUMENT,
    POLICY,
    cells,
    driver_table,
    grouped,
    team_scores,
    tone_table,
    totals,
    trend_scores,
)

from engage.present.labels import Names
from engage.present.tables import display, to_csv
from engage.privacy import (
    Kind,
    release_changes,
    release_confusion,
    release_counts,
    release_open_wave,
    release_quantiles,
    release_scores,
    release_survival,
    release_utility,
    release_waves,
    released_cells,
)
from engage.words import LANGUAGES, catalogue


def changes():
    waves = ["2025H2", "2026H1"]
    parts = [cells([()], [], 1, sizes=[900]).assign(wave=wave, var=0.5) for wave in waves]
    parts[1].loc[parts[1]["scale"] == "pay", "mean"] += 1.0
    return release_changes(pd.concat(parts), waves, POLICY)


def waves():
    facts = {
        "2025H2": {"n": 1500, "first_day": pd.Timestamp("2025-07-01"), "last_day": pd.Timestamp("2025-07-20"),
                   "instruments": ("herzberg_service",)},
        "2026H1": {"n": 37, "first_day": pd.NaT, "last_day": pd.NaT, "instruments": ("a", "b")},
    }  # fmt: skip
    return release_waves(list(facts), facts, ["2025H2"])


def model_outputs():
    """What later pages show of models: curves of staying, hits and misses, quantiles."""
    at_risk = np.arange(90, 0, -1)
    curve = pd.DataFrame({"time": np.arange(1.0, 91), "at_risk": at_risk, "events": 1})
    curve["survival"] = 1 - curve["time"] / 90
    curve["ci_low"], curve["ci_high"] = curve["survival"] * 0.9, 1 - (1 - curve["survival"]) * 0.9
    curves = pd.concat([curve.assign(star=star) for star in "12"])
    hits = pd.DataFrame(
        {"actual": ["yes", "yes", "no", "no"], "predicted": ["yes", "no"] * 2, "n": [30, 3, 8, 60]}
    )
    spread = pd.DataFrame({"value": np.linspace(1, 5, 60)})
    return {
        "survival": release_survival(curves, ["star"], POLICY, step=30),
        "confusion": release_confusion(hits, POLICY),
        "quantiles": release_quantiles(spread, [], [0.05, 0.25, 0.5], POLICY),
    }


@cache
def every_table():
    return {
        "totals": totals(),
        "teams": team_scores(),
        "trend": trend_scores(hide=0),
        "open": release_open_wave(["pay"], 37, ["team"]),
        "drivers": driver_table(),
        "groups": grouped({"1": driver_table(), "2": None}),
        "no_groups": grouped({"2": None}),
        "tone": tone_table(),
        "utility": release_utility(released_cells({("team",): team_scores()}).assign(wave="2026H1"), POLICY),
        "counts": release_counts(
            {"2026H1": {"invited": 2400, "responses": 1912, "people": None}}, of="invited"
        ),
        "changes": changes(),
        "waves": waves(),
        "quality": quality(suspects=45, flagged=NO_FLAGS | {"speeding": None}),
        "response": response(),
        "differences": differences(),
        "distribution": distribution(),
        **model_outputs(),
        **every_kind(),
    }


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", list(every_table()))
def test_every_heading_is_in_words(name, lang):
    table = every_table()[name]
    shown = display(table, Names(INSTRUMENT, lang))
    assert len(shown) == len(table)
    known = {
        word for key, word in catalogue("labels", lang).items() if key.startswith(("column.", "demographic."))
    }
    for area in ("desk", "plans"):
        known |= {word for key, word in catalogue(area, lang).items() if key.startswith("column.")}
    known |= {Names(INSTRUMENT, lang).demographic(d.id) for d in INSTRUMENT.demographics}
    assert set(shown.columns) <= known
    assert not set(shown.columns) & {"hidden_reason", "ci_low", "n_band"}


def test_every_kind_of_table_has_words():
    assert {table.kind for table in every_table().values()} | {"audit"} == set(get_args(Kind))
    shown = display(model_outputs()["survival"], Names(INSTRUMENT, "en"))
    assert shown["Time"].tolist() == [30, 60] * 2
    assert shown["Remaining (%)"].tolist() == [67, 33] * 2
    hidden = display(model_outputs()["confusion"], Names(INSTRUMENT, "en"))
    assert set(hidden["Note"]) == {"too few people", "hidden to protect a small group"}


def test_only_released_tables():
    frame = totals().tidy()
    with pytest.raises(TypeError):
        display(frame, Names(INSTRUMENT, "en"))
    with pytest.raises(TypeError):
        to_csv(frame)


def test_scores_in_words():
    table = team_scores(small=3)
    shown = display(table, Names(INSTRUMENT, "zh"))
    frame = table.tidy()
    hidden = frame["hidden_reason"].notna()
    assert list(shown.columns) == ["班组", "维度", "人数", "均值", "正面回答（%）", "95% 区间（%）", "说明"]
    assert set(shown.loc[hidden, "说明"]) == {"人数太少"}
    assert shown.loc[hidden, "正面回答（%）"].isna().all()
    assert (shown.loc[hidden, "人数"] == "–").all()
    seen = frame["favourable"].notna()
    assert (
        shown.loc[seen, "正面回答（%）"].astype(float) == (frame.loc[seen, "favourable"] * 100).round()
    ).all()


def test_no_note_where_nothing_is_hidden():
    assert "Note" not in display(totals(), Names(INSTRUMENT, "en"))


def test_drivers_in_words():
    shown = display(driver_table(), Names(INSTRUMENT, "en"))
    first, theme = shown.iloc[0], shown.iloc[-2]
    assert first["Driver"] == "Pay"
    assert first["p"] == "≤ 0.01"
    assert first["Rank"] == "1–3"
    assert first["Role"] == "Hygiene factors"
    assert (theme["From"], theme["Driver"], theme["Importance, 95% interval (%)"]) == (
        "Comment theme",
        "Workload",
        "–",
    )
    assert shown.iloc[-1]["p"] == "above 0.1"
    assert display(driver_table(), Names(INSTRUMENT, "ru")).iloc[0]["p"] == "≤ 0,01"
    grouped = display(every_table()["groups"], Names(INSTRUMENT, "en"))
    assert grouped.iloc[-1]["Note"] == "too few people for a model"
    assert grouped.iloc[-1]["Star level"] == "2 stars"


def test_changes_in_words():
    shown = display(changes(), Names(INSTRUMENT, "en")).set_index("Scale")
    assert shown.loc["Pay", "Change of the mean"] == 1.0
    assert shown.loc["Pay", "Note"] == ""
    assert np.isnan(shown.loc["Room to grow", "Change of the mean"])
    assert shown.loc["Room to grow", "Note"] == "no reliable change"


def test_waves_and_counts_in_words():
    shown = display(waves(), Names(INSTRUMENT, "en"))
    assert list(shown["State"]) == ["Closed", "Open"]
    assert list(shown["First answer"]) == ["2025-07-01", "–"]
    assert shown["n"].iloc[0] == "1,500"
    assert shown["n"].iloc[1] != "37"
    counts = display(every_table()["counts"], Names(INSTRUMENT, "en")).set_index("Count of")
    assert counts.loc["Responses", "Share (%)"] == 80
    assert counts["n"].iloc[2] == "–"


def test_csv_has_a_mark_and_stable_names():
    table = team_scores()
    data = to_csv(table)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert list(rows[0]) == list(table.tidy().columns)
    assert all(name.isascii() for name in rows[0])
    assert len(rows) == len(table)
    back = pd.read_csv(io.BytesIO(data))
    released = table.tidy()
    pd.testing.assert_series_equal(back["favourable"], released["favourable"], check_dtype=False)


def test_csv_runs_no_formula_and_keeps_numbers():
    names = ["=1+1", "+SUM(A1)", "-2", "@x", "\tx", "  =A1", '组,"一"\n']
    table = release_scores(
        cells(names, ["team"], sizes=[30] * 7, scales=["pay", "enps_net"]), ["team"], POLICY
    )
    rows = list(csv.DictReader(io.StringIO(to_csv(table).decode("utf-8-sig"), newline="")))
    for row in rows:
        assert not row["team"].lstrip(" ").startswith(("=", "+", "-", "@", "\t"))
    assert {row["team"].lstrip("'") for row in rows} == set(names)
    points = [row["mean"] for row in rows if row["scale"] == "enps_net"]
    assert [float(point) for point in points] == list(table.tidy().query("scale == 'enps_net'")["mean"])


def test_csv_bands_are_no_dates():
    table = release_scores(cells(["a", "b"], ["team"], sizes=[7, 14]), ["team"], POLICY)
    text = to_csv(table).decode("utf-8-sig")
    assert "5–9" in text
    assert "5-9" not in text


@pytest.mark.parametrize("name", list(every_table()))
def test_every_table_can_be_downloaded(name):
    table = every_table()[name]
    assert len(pd.read_csv(io.BytesIO(to_csv(table)))) == len(table)
