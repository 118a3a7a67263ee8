"""Versions of a questionnaire: what stays comparable, and where a trend breaks."""

import pandas as pd
import pytest
from workspace_inputs import answers, as_csv, questionnaire

from engage.instrument import ItemChange, compare_versions, parse_instrument
from engage.present.labels import Names
from engage.present.trend_breaks import trend_breaks
from engage.words import LANGUAGES
from engage.workspace import Break, Breaks, Workspace
from engage.workspace.breaks import breaks_between, since_break

FIRST = questionnaire("small", {"pay": "hygiene", "growth": "motivator", "engagement": "outcome"}, ("team",))


def edited(*pairs, version=2):
    document = FIRST.document.replace("version: 1", f"version: {version}")
    for old, new in pairs:
        assert document.count(old) == 1
        document = document.replace(old, new)
    return parse_instrument(document)


REWORDED = edited(("pay_1: {en: pay one}", "pay_1.v2: {en: my pay is fair}"))
CASES = {
    "reworded under a new id": (REWORDED, [ItemChange("reworded", "pay_1", "pay_1.v2")]),
    "reworded under the same id": (
        edited(("{en: pay one}", "{en: my pay is fair}")),
        [ItemChange("reworded", "pay_1", "pay_1")],
    ),
    "turned round": (
        edited(("{en: pay one}", "{en: pay one, reverse: true}")),
        [ItemChange("reversed", "pay_1", "pay_1")],
    ),
    "one more": (
        edited(("      pay_1:", "      pay_3: {en: more}\n      pay_1:")),
        [ItemChange("added", "", "pay_3")],
    ),
    "one less": (edited(("      pay_1: {en: pay one}\n", "")), [ItemChange("dropped", "pay_1", "")]),
    "two at once": (
        edited(("{en: pay one}", "{en: pay I}"), ("{en: pay two, reverse: true}", "{en: pay two}")),
        [ItemChange("reworded", "pay_1", "pay_1"), ItemChange("reversed", "pay_2", "pay_2")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_change_breaks_its_own_scale_only(case):
    after, changes = CASES[case]
    found = compare_versions(FIRST, after)
    assert found.broken == ("pay",)
    assert found.comparable == ("growth", "engagement")
    assert list(found.scales[0].changes) == changes
    assert set(found.scales[0].kept) == {"pay_1", "pay_2"} - {c.before for c in changes}
    tidy = found.tidy()
    assert tidy["scale"].tolist() == ["pay"] * len(changes) + ["growth", "engagement"]
    assert tidy["change"].dropna().tolist() == [change.kind for change in changes]


def test_other_answers_break_every_scale_that_uses_them():
    fewer = compare_versions(FIRST, edited((", {value: 5, en: o5}", "")))
    relabelled = compare_versions(FIRST, edited(("en: o3", "en: neither")))
    assert fewer.broken == relabelled.broken == ("pay", "growth", "engagement")
    assert {change.kind for scale in fewer.scales for change in scale.changes} == {"options"}


@pytest.mark.parametrize("words", ["Pay one.", "pay  one", "PAY ONE"])
def test_capitals_and_punctuation_do_not_count(words):
    assert compare_versions(FIRST, edited(("{en: pay one}", f"{{en: {words}}}"))).broken == ()


def test_languages_that_only_one_has_do_not_count():
    bare = "instrument: x\nversion: {}\nname: {}\nsource: own\nlicence: MIT\nresponses:\n  r: {}\n" + (
        "scales:\n  pay: {{role: hygiene, name: {}, responses: r, items: {{pay_1: {}}}}}\n"
    )
    one = parse_instrument(
        bare.format(1, "{en: X}", "[{value: 1, en: a}, {value: 2, en: b}]", "{en: P}", "{en: Q}")
    )
    options = "[{value: 1, en: a, ru: а}, {value: 2, en: b, ru: б}]"
    two = parse_instrument(bare.format(2, "{en: X, ru: Х}", options, "{en: P, ru: П}", "{en: Q, ru: К}"))
    assert compare_versions(one, two).comparable == ("pay",)


def test_scales_that_come_and_go():
    other = questionnaire("small", {"pay": "hygiene", "pride": "lift"}, version=2)
    found = compare_versions(FIRST, other)
    assert (found.only_before, found.only_after) == (("growth", "engagement"), ("pride",))
    assert found.tidy()["change"].fillna("").tolist() == ["", "scale_dropped", "scale_dropped", "scale_added"]


@pytest.fixture(scope="module")
def trended(tmp_path_factory):
    """Three waves, the last two closed; pay is reworded in the last."""
    space = Workspace(tmp_path_factory.mktemp("trended") / "space")
    for wave, asked in {"w0": FIRST, "w1": FIRST, "w2": REWORDED}.items():
        table = answers(asked, {"north": 30}, seed=int(wave[1]), day=f"2025-03-1{wave[1:]}")
        space.import_file(as_csv(table), wave=wave, instrument=asked)
    space.close("w1")
    space.close("w2")
    return space


def test_a_trend_says_where_it_breaks(trended):
    tidy = trended.breaks().tidy()
    assert tidy[["scale", "part"]].to_numpy().tolist() == [["pay", "pay"], ["hygiene", "pay"]]
    assert set(zip(tidy["wave_from"], tidy["wave_to"], strict=True)) == {("w1", "w2")}
    assert set(tidy["change"]) == {"reworded"}
    for lang in LANGUAGES:
        lines = trend_breaks(trended.breaks().breaks, Names(trended.instrument("w2"), lang))
        assert len(lines) == 2
        assert all("w1" in line and "w2" in line for line in lines)
        assert "pay_1.v2" in lines[0]


def test_no_change_is_claimed_across_a_break(trended):
    assert set(trended.changes().tidy()["scale"]) == {"growth", "motivator", "engagement"}


def test_what_may_be_compared_begins_at_the_last_break():
    waves = ["a", "b", "c", "d"]
    moments = pd.DataFrame(
        [(wave, scale) for wave in waves for scale in ("x", "y")], columns=["wave", "scale"]
    )
    breaks = Breaks((Break("x", "a", "b", ()), Break("x", "b", "c", ())))
    kept = since_break(moments, breaks, waves)
    assert kept.loc[kept["scale"] == "x", "wave"].tolist() == ["c", "d"]
    assert kept.loc[kept["scale"] == "y", "wave"].tolist() == waves
    assert len(since_break(moments, Breaks(()), waves)) == len(moments)


def test_a_wave_keeps_the_wording_and_the_scores_it_was_asked_with(trended):
    assert [item.id for item in trended.instrument("w0").items][:2] == ["pay_1", "pay_2"]
    assert [item.id for item in trended.instrument("w2").items][:2] == ["pay_1.v2", "pay_2"]
    asked = answers(FIRST, {"north": 30}, seed=0).set_index("employee id")
    both = asked[(asked["pay_1"] != "") & (asked["pay_2"] != "")].astype({"pay_1": int, "pay_2": int})
    frame = trended.frame("w0", ids=asked.index).set_index("respondent")
    assert frame.loc[both.index, "pay"].tolist() == ((both["pay_1"] + 6 - both["pay_2"]) / 2).tolist()


def test_composites_break_with_their_parts_and_a_pulse_in_between_breaks_nothing():
    fuller = questionnaire(
        "fuller",
        {"pay": "hygiene", "status": "hygiene", "growth": "motivator", "engagement": "outcome"},
        ("team",),
    )
    pulse = questionnaire("between", {"mood": "outcome"}, ("team",))
    waves = {"a": FIRST, "b": pulse, "c": FIRST, "d": fuller, "e": FIRST}
    found = breaks_between(waves)
    assert [(one.scale, one.wave_from, one.wave_to, one.joined, one.left) for one in found.breaks] == [
        ("hygiene", "c", "d", ("status",), ()),
        ("hygiene", "d", "e", (), ("status",)),
    ]
    assert found.tidy()["change"].tolist() == ["scale_added", "scale_dropped"]
