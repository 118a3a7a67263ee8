"""Charts draw released values only, in every language, and can be rendered offline."""

import importlib
import inspect
import json
import os
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import programme_tables
import pytest
from analysis_tables import grid, leaving, outcomes, staying, two_factor
from quality_tables import TEAMS, differences, distribution, moved, quality, response
from safe_tables import (
    FACTORS,
    INSTRUMENT,
    POLICY,
    cells,
    driver_rows,
    driver_table,
    drivers_of,
    grouped,
    team_scores,
    tone_table,
    totals,
    trend_scores,
)

from engage.present import charts, look
from engage.present.labels import Names
from engage.privacy import SafeTable, release_comparisons, release_scores
from engage.words import LANGUAGES
from engage.workspace import Break

PICTURES = os.environ.get("ENGAGE_PICTURES")
"""A folder to keep the rendered charts in, to look at them."""
NUMBERS = ("share", "favourable", "ci_low", "ci_high", "importance_low", "importance_high", "johnson")
EN = Names(INSTRUMENT, "en")
WAVES = ("2025下半年", "2026上半年")
CHART_MODULES = sorted(Path(charts.__file__).parent.glob("*_charts.py"))


def chart_makers(names):
    """Return what makes each chart of the pages, by name."""
    service = pd.concat(
        [
            driver_rows(o, ["hygiene", "motivator"], seed)
            for seed, o in enumerate(("csat", "on_time", "quality"))
        ]
    )
    service = drivers_of(service, n=174, outcome="service")
    star = release_scores(cells([*"12345", ""], ["star"], 4), ["star"], POLICY)
    return {
        "importance": lambda: charts.importance(driver_table(), names),
        "importance_attrition": lambda: charts.importance(driver_table("attrition"), names),
        "importance_service": lambda: charts.importance(service, names),
        "map": lambda: charts.importance_performance(driver_table(), totals(), names),
        "heat_team": lambda: charts.heat_map(team_scores(), "team", names),
        "heat_star": lambda: charts.heat_map(star, "star", names),
        "trend": lambda: charts.trend(
            trend_scores(), ("engagement", "satisfaction", "hygiene", "motivator"), names
        ),
        "trend_gap": lambda: charts.trend(trend_scores(hide=1), ("engagement", "satisfaction"), names),
        "scale_bars": lambda: charts.scale_bars(totals(), names),
        "tone_bars": lambda: charts.tone_bars(tone_table(), "theme", names),
        "tone_bars_one": lambda: charts.tone_bars(
            tone_table(), "theme", names, question="proud", source="employee"
        ),
        "tone_trend": lambda: charts.tone_trend(tone_table("wave", small=False), names),
        "trend_moves": lambda: charts.trend(
            trend_scores(), ("engagement", "pay"), names, changes=moved(waves=WAVES)
        ),
        "differences": lambda: charts.differences(differences(), "team", "pay", names),
        "changes": lambda: charts.changes(moved(), "2026H1", names),
        "reliability": lambda: charts.reliability(quality(), names),
        "distribution": lambda: charts.distribution(distribution(()), names),
        "distribution_team": lambda: charts.distribution(distribution(), names, by="team", scale="pay"),
        "response": lambda: charts.response(response(), "team", names),
        "programme_effects": lambda: charts.programme_effects(programme_tables.programmes(), names),
        "event_study": lambda: charts.event_study(programme_tables.programmes(), "service", "on_time", names),
        "verdict_grid": lambda: charts.verdict_grid(two_factor(refused=["withdrawal"]), names),
        "two_factor_map": lambda: charts.two_factor_map(two_factor(), "pride", names),
        "two_factor_map_strain": lambda: charts.two_factor_map(two_factor(), "job_search", names),
        "levers": lambda: charts.levers(grid().levers, "engagement", names),
        "levers_share": lambda: charts.levers(grid().levers, "attrition", names),
        "what_if": lambda: charts.what_if(grid().answer({"pay": 0.2, "growth": -0.1}), names),
        "outcomes": lambda: charts.outcomes(outcomes(), names),
        "staying": lambda: charts.staying(staying(), "star", names),
        "staying_whole": lambda: charts.staying(staying(by=""), "", names),
        "calibration": lambda: charts.calibration(leaving(), names),
        "odds": lambda: charts.odds(driver_table("attrition"), names),
        "nothing": lambda: charts.scale_bars(totals(n=3), names),
    }


def every_chart(names):
    """Return each chart of the pages by name."""
    return {name: make() for name, make in chart_makers(names).items()}


def rendered(chart, dark=False, width=760):
    import vl_convert

    spec = chart.to_dict()
    spec["width"] = width - 40
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    spec["config"]["background"] = "#0e1117" if dark else "#ffffff"
    return vl_convert.vegalite_to_png(json.dumps(spec), scale=1.5 if PICTURES else 1)


def sketched(chart):
    """Return the drawing as SVG: the same layout, without the slow step of painting it."""
    import vl_convert

    return vl_convert.vegalite_to_svg(json.dumps(chart.to_dict()))


ONE_SOON = [
    pytest.param(lang, marks=pytest.mark.rest if lang == "zh" else pytest.mark.slow) for lang in LANGUAGES
]


@pytest.mark.parametrize("lang", ONE_SOON)
def test_every_chart_is_drawn_offline(lang):
    for name, chart in every_chart(Names(INSTRUMENT, lang)).items():
        drawing = sketched(chart)
        assert drawing.startswith("<svg"), name
        assert "undefined" not in drawing, name
        for dark in (False, True) if PICTURES else ():
            picture = rendered(chart, dark)
            Path(PICTURES, f"{name}_{lang}{'_dark' if dark else ''}.png").write_bytes(picture)


def test_a_chart_can_be_painted():
    assert rendered(chart_makers(Names(INSTRUMENT, "zh"))["trend"]()).startswith(b"\x89PNG")


def test_numbers_on_axes_are_written_as_readers_write_them():
    table = chart_makers(Names(INSTRUMENT, "ru"))["importance"]()
    axis = alt.Chart(pd.DataFrame({"x": [0.0, 0.5]})).mark_point().encode(x="x:Q")
    people = alt.Chart(pd.DataFrame({"x": [0, 2000]})).mark_point().encode(x="x:Q")
    assert ">0,2<" in sketched(look.in_language(look.finish([axis], 60), "ru"))
    assert ">1\u00a0000<" in sketched(look.in_language(look.finish([people], 60), "ru"))
    assert ">0.2<" in sketched(look.in_language(look.finish([axis], 60), "en"))
    assert look.in_language(table, "zh") is table


def drawn(chart):
    """Return every row that a chart's layers hold."""
    document = chart.to_dict()
    return [row for data in document["datasets"].values() for row in data]


def shown(table, *columns):
    """Return the released numbers of a table."""
    frame = table.tidy()
    return {float(value) for column in columns for value in frame[column].dropna()}


def drawn_numbers(chart, *columns):
    return {row[c] for row in drawn(chart) for c in columns if row.get(c) is not None}


def words_of(chart):
    return json.dumps(chart.to_dict(), ensure_ascii=False)


def test_only_released_tables_are_drawn():
    frame = totals().tidy()
    calls = [
        lambda: charts.importance(frame, EN),
        lambda: charts.importance_performance(driver_table(), frame, EN),
        lambda: charts.importance_performance(frame, totals(), EN),
        lambda: charts.heat_map(frame, "team", EN),
        lambda: charts.trend(frame, ("engagement",), EN),
        lambda: charts.scale_bars(frame, EN),
        lambda: charts.tone_bars(frame, "theme", EN),
        lambda: charts.tone_trend(frame, EN),
        lambda: charts.tone_parts(frame),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="SafeTable"):
            call()
    with pytest.raises(TypeError, match="drivers"):
        charts.importance(totals(), EN)


def test_charts_are_made_of_released_tables_alone():
    """Every public maker of a chart takes its data as SafeTables; no parameter could hold rows of people."""
    data = (pd.DataFrame, pd.Series, np.ndarray)
    found = 0
    for path in CHART_MODULES:
        module = importlib.import_module(f"engage.present.{path.stem}")
        for name, maker in vars(module).items():
            if not inspect.isfunction(maker) or name.startswith("_") or maker.__module__ != module.__name__:
                continue
            hints = inspect.get_annotations(maker)
            if "Chart" in str(hints.pop("return")):
                found += 1
                assert SafeTable in hints.values(), name
                assert not [hint for hint in hints.values() if hint in data], name
    assert found >= 7


def test_no_chart_holds_more_than_its_released_tables(monkeypatch):
    """Chart data are cells of the tables given: no point of a person's, none of a resample's."""
    given = []

    def watched(table, kind):
        given.append(table.tidy())
        return given[-1]

    for path in CHART_MODULES:
        monkeypatch.setattr(f"engage.present.{path.stem}.released", watched)
    for name, make in chart_makers(EN).items():
        given.clear()
        chart = make()
        assert given, name
        numbers = [frame.select_dtypes("number").astype("Float64") for frame in given]
        parts = [part.to_numpy(float, na_value=np.nan) for part in numbers]
        cells = sum(max(part.size, len(part)) for part in parts)
        released = {round(v, 9) for part in parts for v in part.ravel().tolist()}
        for rows in chart.to_dict()["datasets"].values():
            assert len(rows) <= cells, name
            for row in rows:
                if set(row) <= {"favourable", "share", "words", "expected"}:
                    continue  # the lines and corner words of the map, the line of a perfect model
                if name.startswith("staying") and not 0 <= (row.get("share") or 0) < 1:
                    continue  # where a curve begins, everybody is there; below the axis stand counts
                shown = [row.get(field) for field in NUMBERS]
                assert {round(value, 9) for value in shown if value is not None} <= released, (name, row)


@pytest.mark.rest
def test_every_chart_is_as_wide_as_its_page_and_sets_no_background():
    for name, chart in every_chart(EN).items():
        document = chart.to_dict()
        assert document["width"] == "container", name
        assert document["config"]["background"] == "transparent", name
        assert "#000" not in words_of(chart).replace("#0000", ""), name
        assert "Noto Sans CJK SC" in document["config"]["font"]


def test_labels_are_never_cut():
    for lang in LANGUAGES:
        axis = charts.scale_bars(totals(), Names(INSTRUMENT, lang)).to_dict()["layer"][0]["encoding"]["y"][
            "axis"
        ]
        longest = max(look.ems(Names(INSTRUMENT, lang).scale_share(s.id)) for s in INSTRUMENT.scales)
        assert axis["labelLimit"] >= longest * look.TEXT_SIZE
        assert axis["labelAlign"] == "left"


def test_importance_holds_released_shares_in_falling_order():
    table = driver_table()
    chart = charts.importance(table, EN)
    released = table.tidy().query("block != 'theme'")
    assert drawn_numbers(chart, "share") == set(released["share"])
    assert drawn_numbers(chart, "importance_low", "importance_high") == set(released["importance_low"]) | set(
        released["importance_high"]
    )
    order = chart.to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"]
    share = released.set_index("driver")["share"]
    assert [share[key.split("/")[1]] for key in order] == sorted(share, reverse=True)
    assert len(order) == len(FACTORS) + 1  # the comments' tone is one of them, themes are not


@pytest.mark.parametrize("lang", LANGUAGES)
def test_importance_says_the_direction_in_words(lang):
    names = Names(INSTRUMENT, lang)
    rows = drawn(charts.importance(driver_table(), names))
    signs = driver_table().tidy().dropna(subset=["share"]).set_index("driver")["direction"]
    for row in rows:
        arrow = "▲" if signs[row["driver"]] > 0 else "▼"  # hollow where it may be chance
        assert row["words"].count(arrow) == 1
    assert words_of(charts.importance(driver_table("attrition"), names)) != words_of(
        charts.importance(driver_table(), names)
    )


def test_a_direction_that_may_be_chance_is_drawn_hollow():
    rows = driver_rows().assign(p_value=[0.2, 0.04] + [None] * (len(FACTORS) - 2), direction=-1)
    table = drivers_of(rows, n=100, outcome="engagement")
    words = {row["driver"]: row["direction_word"] for row in drawn(charts.importance(table, EN))}
    assert [words[driver] for driver in FACTORS[:3]] == ["▽ unclear", "▼ less", "▼ less"]
    assert "it may be chance" in words_of(charts.importance(table, EN))
    assert "it may be chance" not in words_of(charts.importance(driver_table(), EN))


def test_johnsons_weight_stands_beside_lmg():
    drawn_ones = {row["driver"]: row["johnson"] for row in drawn(charts.importance(driver_table(), EN))}
    released = driver_table().tidy().query("block != 'theme'")
    assert drawn_ones == dict(zip(released["driver"], released["johnson"], strict=True))
    rows = driver_rows().drop(columns=["johnson", "correlation"])
    assert {row["johnson"] for row in drawn(charts.importance(drivers_of(rows), EN))} == {None}


def test_importance_of_groups_has_a_heading_each():
    table = grouped({"1": driver_table(), "2": driver_table(), "3": None})
    domain = charts.importance(table, EN).to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert [row for row in domain if row.startswith("#")] == ["#1 star", "#2 stars"]
    only = grouped({"1": None})
    assert "too few people for a model" in words_of(charts.importance(only, EN))


def test_map_has_fixed_lines_and_released_points():
    scores, table = totals(), driver_table()
    chart = charts.importance_performance(table, scores, EN)
    points = [row for row in drawn(chart) if "driver" in row]
    assert {row["driver"] for row in points} == set(FACTORS)
    favourable = scores.tidy().set_index("scale")["favourable"]
    assert all(row["favourable"] == favourable[row["driver"]] for row in points)
    (lines,) = [row for row in drawn(chart) if set(row) == {"favourable", "share"}]
    assert lines == {"favourable": 0.6, "share": 1 / (len(FACTORS) + 1)}


def test_overlap_of_labels_is_their_shared_area():
    from engage.present.placing import Box

    assert Box(0, 0, 2, 2).overlap(Box(1, 1, 3, 3)) == 1
    assert Box(0, 0, 1, 1).overlap(Box(2, 2, 3, 3)) == 0


def test_heat_map_is_coloured_on_one_fixed_scale():
    tables = [team_scores(seed=seed) for seed in (1, 2)]
    for table in tables:
        chart = charts.heat_map(table, "team", EN).to_dict()
        (scale,) = [
            layer["encoding"]["color"]["scale"]
            for layer in chart["layer"]
            if layer["encoding"].get("color", {}).get("field") == "good"
        ]
        assert scale["domain"] == [0.0, 0.3, 0.6, 0.8, 1.0]
        assert len(scale["range"]) == 5


def test_heat_map_hides_what_the_gate_hides():
    table = team_scores()
    frame = table.tidy()
    rows = [row for row in drawn(charts.heat_map(table, "team", EN)) if "good" in row]
    hidden = {
        (r.team, r.scale) for r in frame[frame["hidden_reason"].notna()].itertuples() if r.scale != "enps_net"
    }
    assert hidden
    assert {(row["group"], row["scale"]) for row in rows if row["favourable"] is None} == hidden
    for row in rows:
        if row["favourable"] is None:
            assert row["number"] == ""
            assert row["people"] == "–"
            assert row["why"] == "too few people"
    assert drawn_numbers(charts.heat_map(table, "team", EN), "favourable") <= shown(table, "favourable")


def test_heat_map_turns_strain_round():
    rows = [row for row in drawn(charts.heat_map(team_scores(), "team", EN)) if row.get("good") is not None]
    for row in rows:
        good = 1 - row["favourable"] if row["scale"] in ("job_search", "withdrawal") else row["favourable"]
        assert row["good"] == good


def test_heat_map_orders_groups_to_be_found():
    domain = charts.heat_map(team_scores(12, 0), "team", EN).to_dict()["layer"][0]["encoding"]["y"]["scale"][
        "domain"
    ]
    assert domain == [f"客服{i}组" for i in range(1, 13)]
    star = release_scores(cells(["3", "", "1"], ["star"]), ["star"], POLICY)
    domain = charts.heat_map(star, "star", EN).to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert domain == ["1", "3", ""]


def test_heat_map_of_many_groups_shows_the_largest_and_says_so():
    names = [f"T{i}" for i in range(95)]
    table = release_scores(
        cells(names, ["team"], sizes=list(range(30, 125)), scales=["pay"]), ["team"], POLICY
    )
    chart = charts.heat_map(table, "team", EN)
    domain = chart.to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert domain == names[15:]
    assert "80 largest of 95" in words_of(chart)


def test_bands_of_people_stay_bands():
    table = release_scores(cells(["a", "b"], ["team"], sizes=[7, 14]), ["team"], POLICY)
    rows = [row for row in drawn(charts.heat_map(table, "team", EN)) if "people" in row]
    assert {row["people"] for row in rows} == {"5–9", "10–19"}


def test_trend_leaves_a_gap_where_a_wave_is_hidden():
    chart = charts.trend(trend_scores(hide=1), ("engagement", "enps_net", "nowhere"), EN)
    points = [row for row in drawn(chart) if "ci_low" in row]
    assert [row["favourable"] is None for row in points] == [False, True, False]
    assert {row["scale"] for row in points} == {"engagement"}
    assert points[1]["why"] == "too few people"
    assert chart.to_dict()["layer"][1]["encoding"]["y"]["scale"]["domain"] == [0, 1]


def test_line_names_keep_their_distance():
    assert look.spread([10, 12, 13], 17, 300) == [10, 27, 44]
    assert look.spread([290, 295, 300], 17, 300) == [266, 283, 300]
    assert look.spread([], 17, 300) == []


def test_tone_stays_inside_its_question_and_source():
    table = tone_table()
    assert charts.tone_parts(table) == (
        ("change", "employee"), ("proud", "employee"), ("change", "customer_relayed"),
    )  # fmt: skip
    one = charts.tone_bars(table, "theme", EN, question="proud", source="employee")
    assert {row["row"].lstrip("#").rpartition("|")[0] or row["row"] for row in drawn(one)} <= {
        "proud|employee", "proud", "#proud|employee",
    }  # fmt: skip
    released = table.tidy().query("question == 'proud'")
    assert drawn_numbers(one, "share") == {
        float(v) for tone in ("negative", "neutral", "positive") for v in released[tone].dropna()
    }
    assert "2 more not shown: " in words_of(one)
    assert "too few comments" in words_of(one)


def test_tone_trend_is_of_one_pair():
    chart = charts.tone_trend(tone_table("wave", small=False), EN, question="proud")
    assert "proud" in words_of(chart)
    assert {row["row"] for row in drawn(chart) if "row" in row} == {"2025上半年", "2025下半年", "2026上半年"}


def test_a_chart_of_nothing_says_why():
    assert "too few people" in words_of(charts.scale_bars(totals(n=3), EN))
    empty = release_scores(cells([], [], sizes=[]), [], POLICY)
    assert isinstance(empty, SafeTable)
    assert "nothing to show" in words_of(charts.scale_bars(empty, EN))
    assert "nothing to show" in words_of(charts.trend(totals_with_wave(), (), EN))


def totals_with_wave():
    return trend_scores()


def test_differences_are_drawn_where_the_gate_shows_them_and_coloured_where_reliable():
    table = differences()
    frame = table.tidy()
    rows = [row for row in drawn(charts.differences(table, "team", "pay", EN)) if "sign" in row]
    shown = frame[(frame["scale"] == "pay") & frame["difference"].notna()]
    assert {row["label"] for row in rows} == set(shown["team"]) < set(TEAMS)
    assert {row["value"] for row in rows} == set(shown["difference"])
    assert {row["label"] for row in rows if row["sign"] == "worse"} == {TEAMS[0]}
    assert charts.furthest_groups(table, "team", "pay") == tuple(row["label"] for row in rows)


def test_trend_is_cut_where_a_scale_was_asked_in_other_words():
    waves = list(dict.fromkeys(trend_scores().tidy()["wave"]))
    chart = charts.trend(
        trend_scores(), ("engagement", "pay"), EN, breaks=[Break("pay", waves[0], waves[1], ())]
    )
    points = pd.DataFrame([row for row in drawn(chart) if "ci_low" in row])
    assert points[points["scale"] == "pay"]["stretch"].tolist() == [0, 1, 1]
    assert points[points["scale"] == "engagement"]["stretch"].tolist() == [0, 0, 0]
    assert [layer["encoding"]["detail"]["field"] for layer in chart.to_dict()["layer"][:2]] == ["stretch"] * 2


def test_a_change_that_may_be_chance_has_no_point():
    table = moved()
    rows = [row for row in drawn(charts.changes(table, "2026H1", EN)) if "sign" in row]
    assert [row["label"] for row in rows if row["value"] is not None] == [EN.scale("engagement")]
    assert all(row["low"] is not None for row in rows)
    marked = words_of(charts.trend(trend_scores(), ("engagement", "pay"), EN, changes=moved(waves=WAVES)))
    assert "triangle-up" in marked
    assert "triangle-down" not in marked


def test_shares_stand_on_their_side_of_the_middle():
    chart = charts.distribution(distribution(), EN, by="team", scale="pay")
    rows = pd.DataFrame([row for row in drawn(chart) if "part" in row])
    released = distribution().tidy().query("scale == 'pay'").dropna(subset=["favourable"]).set_index("team")
    for team, part in rows.groupby("label"):
        spans = part.set_index("part")
        assert spans.loc["favourable", "share"] == pytest.approx(released.loc[team, "favourable"])
        if "rest" in spans.index:
            assert np.isnan(released.loc[team, "unfavourable"])
            assert spans.loc["rest", "share"] == pytest.approx(1 - released.loc[team, "favourable"])
        else:
            assert spans.loc["unfavourable", "share"] == pytest.approx(released.loc[team, "unfavourable"])
            assert spans.loc["neutral", "start"] == pytest.approx(-spans.loc["neutral", "end"])
    assert {"rest", "unfavourable"} <= set(rows["part"])


def test_many_groups_are_cut_to_the_furthest_and_that_is_said():
    sizes = [20 + n for n in range(40)]
    raw = cells([f"t{n}" for n in range(40)], ["team"], 2, sizes=sizes)
    whole = pd.DataFrame({"scale": raw["scale"].unique(), "n": sum(sizes), "mean": 3.4, "favourable": 0.5})
    tables = [release_scores(part, by, POLICY).tidy() for part, by in ((raw, ["team"]), (whole, []))]
    table = release_comparisons(*tables, whole[["scale", "n"]].assign(var=0.8), ["team"], POLICY)
    chart = charts.differences(table, "team", "pay", EN)
    assert len([row for row in drawn(chart) if "sign" in row]) == 24
    assert "The 24 groups that lie furthest apart, of 40" in words_of(chart)
