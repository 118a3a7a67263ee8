"""Sentences say n, interval and doubt, never a cause, in punctuation of their own language."""

import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
from quality_tables import NO_FLAGS, differences, moved, quality, scale_quality, staffing
from safe_tables import (
    INSTRUMENT,
    POLICY,
    cells,
    driver_rows,
    driver_table,
    drivers_of,
    grouped,
    tone_table,
    totals,
)

from engage.present import sentences
from engage.present.labels import Names
from engage.privacy import (
    release_changes,
    release_counts,
    release_scores,
)
from engage.words import LANGUAGES, catalogue

QUALITIES = (
    {}, {"invited": 600}, {"invited": 1200}, {"invited": None}, {"responses": 20, "invited": 25},
    {"suspects": 2}, {"suspects": 45}, {"suspects": 90}, {"flagged": NO_FLAGS | {"speeding": None}},
    {"staffing": {}}, {"staffing": {"team": staffing((0.2, 0.9, 0.9, 0.9))}},
    {"staffing": {"team": staffing((0.9, 0.9, 0.9, 0.2))}},
    {"scales": [scale_quality("engagement", lean=0.4)]},
)  # fmt: skip
"""Waves of every state that a light can have."""

AREAS = ("charts", "labels", "sentences")
EN, ZH, RU = (Names(INSTRUMENT, lang) for lang in ("en", "zh", "ru"))


def ranked(low, high, **columns):
    """Make a driver table whose first three rows have these ranks."""
    rows = driver_rows().head(len(low)).assign(rank_low=low, rank_high=high, **columns)
    return drivers_of(rows, outcome="engagement")


def attrition(estimate, half=0.2, **notes):
    rows = driver_rows("attrition").assign(estimate=estimate, ci_low=estimate - half, ci_high=estimate + half)
    rows["direction"] = np.sign(estimate)
    notes = {"outcome": "attrition", "events": 312, "horizon_days": 180, **notes}
    return drivers_of(rows, **notes)


def service(estimates, half=0.2):
    parts = []
    for measure, (hygiene, motivator) in estimates.items():
        rows = driver_rows(measure, ["hygiene", "motivator"])
        rows["estimate"] = [hygiene, motivator]
        parts.append(rows.assign(ci_low=rows["estimate"] - half, ci_high=rows["estimate"] + half))
    return drivers_of(pd.concat(parts), n=174, outcome="service")


def changes(shift, wave="2026H1"):
    parts = [cells([()], [], 1, sizes=[900]).assign(wave=w, var=0.5) for w in ("2025H2", wave)]
    parts[1].loc[parts[1]["scale"] == "engagement", "mean"] += shift
    return release_changes(pd.concat(parts), ["2025H2", wave], POLICY)


@cache
def judged():
    return tuple(quality(**facts) for facts in QUALITIES)


def everything(names):
    """Return every line of every page for tables of all sorts."""
    tables = [driver_table(), attrition(-0.4), attrition(0.4), attrition(0.1), attrition(-0.4, counted="any"),
              attrition(-0.4, horizon_days=None), attrition(-0.4, level="team"), attrition(0.4, level="team"),
              attrition(0.4, level="team", horizon_days=None),
              service({"csat": (0.4, 0.1), "on_time": (-0.5, 0.0)}),
              service({"csat": (0.0, 0.1)}), ranked([1], [1]), ranked([1, 1], [2, 2]),
              grouped({"1": driver_table(), "2": None})]  # fmt: skip
    lines = [line for table in tables for line in sentences.drivers(table, names)]
    lines += [sentences.driver_map(table, totals(), names) for table in (driver_table(), ranked([1], [1]))]
    for shift in (-1, 0, 1):
        lines += sentences.overview(totals(), names, changes=changes(shift))
    lines += sentences.overview(totals(n=3), names)
    for table in (moved(), moved(-0.5), moved(0.0)):
        lines += sentences.changes(table, "2026H1", names)
    lines += sentences.changes(moved(), "2025H2", names)
    for table in (differences(), differences(shift=0.0), differences(shift=-2.0)):
        lines += sentences.differences(table, "team", names)
        lines += [sentences.difference_on(table, "team", scale, names) for scale in ("pay", "engagement")]
    for table in judged():
        lines += [*sentences.quality(table, names), *(light.why for light in sentences.lights(table, names))]
    for by in ("theme", "wave", "team"):
        lines += sentences.tone(tone_table(by), names)
    return lines


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_called_a_cause(lang):
    cause = {
        "en": r"\b(caus|effect|impact|lead[s]? to|because|due to|driv(es|en))",
        "zh": r"导致|造成|影响|使得|引起|因为",
        "ru": r"влия|вызыва|приводит|причин|из-за|эффект",
    }[lang]
    for line in everything(Names(INSTRUMENT, lang)):
        line = line.replace("причины в списке не указаны", "")  # reasons for leaving in the staff list
        assert not re.search(cause, line, re.IGNORECASE), line


@pytest.mark.parametrize("lang", LANGUAGES)
def test_lines_are_whole_sentences(lang):
    for line in everything(Names(INSTRUMENT, lang)):
        assert "{" not in line
        assert "nan" not in line
        assert "None" not in line
        assert line.endswith("。" if lang == "zh" else "."), line


@pytest.mark.parametrize("area", AREAS)
def test_chinese_punctuation_is_full_width(area):
    han = r"[\u4e00-\u9fff“”《》]"
    for key, words in catalogue(area, "zh").items():
        assert not re.search(rf"{han}\s?[,:;?!()]|[,:;?!()]{han}", words), (key, words)


def test_chinese_lines_have_no_half_width_punctuation():
    for line in everything(ZH):
        assert not re.search(r"[\u4e00-\u9fff%）][,:;?!()]|[,:;?!()][\u4e00-\u9fff]", line), line


def test_overview_says_n_share_and_interval():
    frame = totals().tidy().set_index("scale")
    low, high = (
        round(frame.loc["engagement", "ci_low"] * 100),
        round(frame.loc["engagement", "ci_high"] * 100),
    )
    share = round(frame.loc["engagement", "favourable"] * 100)
    line = sentences.overview(totals(), ZH)[0]
    assert line == f"在 1,912 名受访者对“敬业度”的回答中，{share}% 是正面的（95% 区间 {low}–{high}%）。"


def test_overview_falls_back_on_another_outcome():
    table = release_scores(cells([()], [], scales=["pay", "satisfaction"], sizes=[40]), [], POLICY)
    assert "satisfaction" in sentences.overview(table, EN)[0]


def test_overview_names_extremes_only_where_sure():
    small = release_scores(cells([()], [], scales=["pay", "growth", "engagement"], sizes=[12]), [], POLICY)
    assert "overlap" in sentences.overview(small, EN)[1]
    frame = totals().tidy().set_index("scale")
    own = frame.loc[[s.id for s in INSTRUMENT.scales_with("hygiene", "motivator", "unlabelled")]]
    line = sentences.overview(totals(), EN)[1]
    assert EN.inline(EN.scale(own["favourable"].idxmax())) in line
    assert EN.inline(EN.scale(own["favourable"].idxmin())) in line


@pytest.mark.parametrize(
    ("shift", "words"), [(1.0, "rose by 1.0"), (-1.0, "fell by 1.0"), (0.0, "no reliable")]
)
def test_overview_reports_reliable_changes_only(shift, words):
    assert words in sentences.overview(totals(), EN, changes=changes(shift))[-1]
    assert words in sentences.overview(totals(), EN, changes=changes(shift), wave="2026H1")[-1]
    assert words not in " ".join(sentences.overview(totals(), EN, changes=changes(shift), wave="2025H2"))


def test_refusals_say_why():
    assert sentences.overview(totals(n=3), ZH) == ("结果暂不显示：人数太少。",)
    empty = release_scores(cells([], [], sizes=[]), [], POLICY)
    assert sentences.overview(empty, EN) == ("There is no result to show here yet.",)
    hidden = differences(sizes=(10, 6, 3, 3, 2, 1, 1, 1))
    assert "too few people for a model" in sentences.differences(hidden, "team", EN)[0]
    themes = driver_table().tidy().query("block == 'theme'")
    nothing = drivers_of(themes, n=100, outcome="engagement")
    assert sentences.drivers(nothing, EN) == ("There is no result to show here yet.",)


def test_the_drivers_headline():
    row = driver_table().tidy().iloc[0]
    low, high = round(row["importance_low"] * 100), round(row["importance_high"] * 100)
    assert sentences.drivers(driver_table(), ZH)[0] == (
        f"在 1,912 份答卷中，与敬业度关系最强的是薪酬（占可解释差异的 {round(row['share'] * 100)}%，"
        f"95% 区间 {low}–{high}%）；前 3 名的次序尚不能确定。"
    )


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        ([1, 2, 3], [1, 3, 3], "its first place is reliable"),
        ([1, 1, 3], [2, 2, 3], "which of the first two comes first is not certain"),
        ([1, 1, 1], [2, 3, 4], "the order of the first 3 is not certain"),
        ([1, 2, 3], [3, 3, 4], "the order of the first 3 is not certain"),
    ],
)
def test_rank_overlap_is_said(low, high, words):
    assert words in sentences.drivers(ranked(low, high), EN)[0]


def test_a_reversed_direction_is_said():
    table = ranked([1, 2, 3], [1, 3, 3], direction=[1, -1, -1], p_value=[0.001, 0.001, 0.4])
    lines = sentences.drivers(table, EN)
    assert any(line.startswith("Mind the direction") and "status" in line for line in lines)
    assert not any("job security" in line for line in lines)  # its sign is not certain


def test_themes_are_said_where_sure():
    lines = sentences.drivers(driver_table(), EN)
    assert [line for line in lines if "complain" in line] == [
        "At equal survey scores, teams that complain more about workload have lower engagement."
    ]


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (-0.4, "薪酬每低 1 分，离职的几率约为原来的 1.49 倍（95% 区间 1.22–1.82 倍）"),
        (0.4, "薪酬每高 1 分，离职的几率约为原来的 1.49 倍（95% 区间 1.22–1.82 倍）"),
        (0.1, "不能排除两者没有关系"),
    ],
)
def test_leaving_is_said_as_odds_of_one_point(estimate, words):
    head, odds = sentences.drivers(attrition(estimate), ZH)[:2]
    assert "312 份" in head
    assert "180 天内主动离职" in head
    assert words in odds


def test_leaving_without_reasons_or_dates_is_said_so():
    assert "every exit counts" in sentences.drivers(attrition(-0.4, counted="any"), EN)[0]
    assert "no dates" in sentences.drivers(attrition(-0.4, horizon_days=None), EN)[0]


@pytest.mark.parametrize(
    ("estimate", "words"), [(-0.05, "one point lower on pay"), (0.05, "one point higher on pay")]
)
def test_leaving_of_anonymous_teams_is_a_difference_of_shares(estimate, words):
    table = attrition(estimate, half=0.02, level="team", n=144)
    head, detail = sentences.drivers(table, EN)[:2]
    assert head.startswith(
        "Answers are anonymous, so teams are compared: in 144 team records, 312 people left"
    )
    assert words in detail
    assert "about 5.0 percentage points higher (95% interval 3.0–7.0)" in detail
    assert "left later" in sentences.drivers(attrition(0.05, level="team", horizon_days=None), EN)[0]


def test_what_one_hopes_for_depends_on_the_outcome():
    rows = driver_rows("job_search").assign(direction=1, p_value=0.001)
    table = drivers_of(rows, n=900, outcome="job_search")
    assert "the higher is job search" in sentences.drivers(table, EN)[-1]
    table = drivers_of(rows.assign(direction=-1), n=900, outcome="job_search")
    assert not any("Mind" in line for line in sentences.drivers(table, EN))


def weighed(johnson):
    """Make a driver table of three factors with LMG shares .5, .3, .2 and these weights of Johnson's."""
    rows = driver_rows().head(3).assign(share=[0.5, 0.3, 0.2], johnson=johnson)
    return drivers_of(rows, outcome="engagement")


@pytest.mark.parametrize(
    ("johnson", "words"),
    [
        ([0.48, 0.31, 0.21], "give the same order."),
        ([0.5, 0.25, 0.25], "give the same order."),
        ([0.5, 0.2, 0.3], "further down, these change places: "),
        ([0.3, 0.45, 0.25], "first instead (45%)"),
    ],
)
def test_whether_both_ways_of_dividing_agree_is_said(johnson, words):
    assert any(words in line for line in sentences.drivers(weighed(johnson), EN))
    assert not any("Johnson" in line for line in sentences.drivers(weighed([None] * 3), EN))


@pytest.mark.parametrize("names", [EN, ZH, RU])
def test_the_map_says_n_intervals_and_what_it_does_not_show(names):
    said = sentences.driver_map(driver_table(), totals(), names)
    assert said.count("95%") == 2
    assert said.count("n = ") == 2
    assert "912" in said


@pytest.mark.parametrize("names", [EN, ZH, RU])
def test_the_model_in_hand_is_written_out(names):
    table = driver_table("attrition", model="logit", explained="mckelvey_zavoina", controls=("wave",),
                         clustered_by="respondent", n_clusters=900, events=312)  # fmt: skip
    model, divided, size, events, inflation, themes = sentences.driver_method(table, names)
    assert names.driver("pay") in model
    assert names.inline(names.demographic("wave")) in model
    assert "Zavoina" in divided or "Завойны" in divided
    assert "912" in size
    assert events.replace(",", ".").count("156.0") == 1  # 312 of two columns' coefficients
    assert inflation.replace(",", ".").count("1.4") == 1
    assert themes


def test_service_speaks_of_composites_by_measure():
    table = service({"csat": (0.4, 0.1), "on_time": (0.5, 0.0), "quality": (0.0, 0.1)})
    head, *measures = sentences.drivers(table, EN)
    assert head.startswith("In 174 team records, the teams that score higher on all hygiene factors")
    assert head.endswith("customer satisfaction, on-time share.")
    assert measures == [
        "Customer satisfaction: each point higher on all hygiene factors goes with 0.40 more "
        "(95% interval 0.20–0.60).",
        "On-time share: each point higher on all hygiene factors goes with 50.0 percentage points more "
        "(95% interval 30.0–70.0).",
        "Quality inspection: it is not certain that all hygiene factors goes with it at all.",
        "Johnson's weights, another way of dividing what is explained, give the same order for every "
        "measure.",
    ]
    assert "no reliable link" in sentences.drivers(service({"csat": (0.0, 0.1)}), EN)[0]


def test_tone_is_said_for_the_pair_that_is_asked_for():
    assert len(sentences.tone(tone_table(), EN)) == 3
    (line,) = sentences.tone(tone_table(), EN, question="proud", source="employee")
    assert "What about working here makes you proud?" in line
    assert "not tested" in sentences.tone(tone_table("wave", small=False), EN, question="proud")[0]
    assert sentences.tone(tone_table(), EN, question="nowhere") == ("There is no result to show here yet.",)


def test_only_released_tables():
    frame = totals().tidy()
    for call in (sentences.overview, sentences.drivers, sentences.tone):
        with pytest.raises(TypeError):
            call(frame, EN)
    with pytest.raises(TypeError):
        sentences.differences(frame, "team", EN)
    with pytest.raises(TypeError):
        sentences.quality(frame, EN)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_joins_say_what_anonymous_answers_cannot_show(lang):
    def line(matched):
        counts = release_counts({"w": {"responses": 1473, "people_matched": matched}})
        return sentences.joins(counts, Names(None, lang))[0]

    words = catalogue("sentences", lang)
    assert line(0) == words["joins.by_team"]
    assert line(None) == words["joins.no_people"]
    assert Names(None, lang).n(1470, None) in line(1470)
    assert "10–19" in line(12)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "Yes: this wave is fit to use"),
        ({"invited": 1200}, "No: don't draw conclusions"),
        ({"suspects": 45}, "look at one thing first - careless answers"),
    ],
)
def test_a_wave_is_judged_in_its_first_line(facts, words):
    assert words in sentences.quality(quality(**facts), EN)[0]


def test_each_light_says_why():
    lights = {light.check: light for light in sentences.lights(quality(suspects=45, invited=600), EN)}
    assert lights["response"].state == "look"
    assert "50% of those employed answered (300 people)" in lights["response"].why
    assert "About 15% of the questionnaires (45)" in lights["careless"].why
    assert set(lights) == {"response", "make_up", "careless", "reliability", "team_means"}


def test_groups_without_a_reliable_difference_are_said_to_have_none():
    line = sentences.difference_on(differences(shift=0.0), "team", "engagement", EN)
    assert "no reliable difference" in line
    assert "Reliably lower: 客服1组" in sentences.difference_on(differences(), "team", "pay", EN)


def test_what_moved_is_said_and_what_did_not_is_counted():
    (line,) = sentences.changes(moved(), "2026H1", EN)
    assert "up engagement (0.5)" in line
    assert "On the other scores (21) there is no reliable change." in line
    (line,) = sentences.changes(moved(0.0), "2026H1", EN)
    assert "no reliable change on any of the 22 scores" in line
