"""What columns and answers mean: usual scales, saved mappings, drafts, direction."""
# ruff: noqa: E501 (wide characters)

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from ingest_files import csv_bytes
from tool_exports import EXPORTS, INSTRUMENT, LABELS, PEOPLE

from engage.errors import InputError
from engage.ingest import read
from engage.ingest.draft import draft_instrument
from engage.ingest.saving import as_yaml
from engage.ingest.scales import families, usual_scales
from engage.instrument import Instrument, load_instrument


@pytest.fixture
def climate(tmp_path: Path) -> Instrument:
    path = tmp_path / "climate.yaml"
    path.write_text(INSTRUMENT, encoding="utf-8")
    return load_instrument(path)


WORDINGS = {
    "agree4": ["很不同意", "不太同意", "比较同意", "很同意"],
    "agree5": ["完全不同意", "不太同意", "中立", "比较同意", "完全同意"],
    "agree6": ["非常不同意", "不同意", "有点不同意", "有点同意", "同意", "非常同意"],
    "agree7": ["Strongly disagree", "Disagree", "Somewhat disagree", "Neutral", "Somewhat agree", "Agree", "Strongly agree"],
    "frequency5": ["Никогда", "Редко", "Иногда", "Часто", "Всегда"],
    "satisfaction5": ["非常不满意", "不满意", "一般", "满意", "非常满意"],
    "satisfaction7": ["Very dissatisfied", "Dissatisfied", "Slightly dissatisfied", "Neutral", "Slightly satisfied", "Satisfied",
                      "Very satisfied"],
    "importance5": ["совсем не важно", "не важно", "нейтрально", "важно", "очень важно"],
    "importance4": ["非常不重要", "不太重要", "比较重要", "非常重要"],
}  # fmt: skip


@pytest.mark.parametrize("name", WORDINGS)
def test_usual_scales_are_known_in_order(name: str) -> None:
    words = WORDINGS[name]
    found = [scale for scale in usual_scales([f" {w.upper()} " for w in words]) if scale.name == name]
    assert len(found) == 1
    assert sorted(found[0].place.values()) == list(range(len(words)))
    by_place = sorted(words, key=lambda w: found[0].place["".join(w.casefold().split())])
    assert by_place == words


def test_every_step_of_every_family_has_words_in_three_languages() -> None:
    for family, steps in families().items():
        for step, words in steps.items():
            for letters in ("一-鿿", "a-z", "а-я"):
                if step.startswith("mild") and letters == "а-я":
                    continue  # Russian scales of six and seven points reuse the words of five
                assert any(pd.Series(list(words)).str.contains(f"[{letters}]")), (family, step, letters)


def test_words_of_a_usual_scale_are_read_with_a_warning(climate: Instrument) -> None:
    rows = [
        ["工号", "pay_1", "pay_2"],
        ["1", "完全同意", "非常不同意"],
        ["2", "不太同意", "同意"],
        ["3", "中立", "一般"],
    ]
    reading = read(csv_bytes(rows), instrument=climate)
    assert reading.ok
    assert reading.table["pay_1"].tolist() == [5, 2, 3]
    assert reading.table["pay_2"].tolist() == [1, 4, 3]
    warned = [p for p in reading.problems if p.code == "ingest.usual_scale"]
    assert [(p.column, p.count, p.severity) for p in warned] == [("pay_1", 3, "warning")]
    meaning = reading.understood.meanings[0]
    assert (meaning.item, meaning.by_usual_scale) == ("pay_1", True)
    assert meaning.labels == (("不太同意", 2, 1), ("中立", 3, 1), ("完全同意", 5, 1))


def test_a_scale_of_another_kind_or_length_is_never_guessed(climate: Instrument) -> None:
    for words in (
        ["从不", "有时", "总是"],
        ["非常不同意", "有点同意", "非常同意"],
        ["非常同意", "完全同意", "不同意"],
    ):
        rows = [["工号", "pay_1"], *([str(n), word] for n, word in enumerate(words))]
        reading = read(csv_bytes(rows), instrument=climate)
        assert "ingest.unknown_answer" in {p.code for p in reading.problems if p.severity == "error"}, words


@pytest.mark.parametrize(
    ("written", "value"),
    [("10 – Extremely likely", 10), ("0=完全不可能", 0), ("8分", 8), ("7（比较可能）", 7), ("9 баллов", 9)],
)
def test_numeric_ends_with_words(written: str, value: int, climate: Instrument) -> None:
    reading = read(csv_bytes([["工号", "enps_1"], ["1", written], ["2", "5"]]), instrument=climate)
    assert reading.ok
    assert reading.table["enps_1"].tolist() == [value, 5]


def test_direction_may_be_told_by_scale_and_signs_show_single_items(climate: Instrument) -> None:
    export = next(one for one in EXPORTS if one.name == "wjx code")
    told = read(
        export.make(), instrument=climate, mapping={"first_option": {"pay": "highest", "pay_3": "lowest"}}
    )
    assert told.ok
    table = told.table.set_index("respondent")
    assert [table.loc[one.id, "pay_3"] for one in PEOPLE] == [one.pay[2] for one in PEOPLE]
    with pytest.raises(InputError):
        read(export.make(), instrument=climate, mapping={"first_option": "upwards"})


def test_the_saved_mapping_reads_the_next_wave_without_questions(climate: Instrument, tmp_path: Path) -> None:
    rows = [
        ["Who", "我的工资合理吗", "Q2", "您所在的班组", "备注列"],
        ["a@b.org", "完全同意", "1", "一班", "x"],
        ["c@d.org", "完全不同意", "5", "二班", "y"],
    ]
    told = {"respondent": "Who", "columns": {"Q2": "pay_2"}, "missing": ["不适用"], "teams": {"一班": "甲班"}}
    first = read(csv_bytes(rows), instrument=climate, mapping=told)
    assert first.ok
    path = tmp_path / "saved.yaml"
    path.write_text(as_yaml(first), encoding="utf-8")
    saved = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert saved["columns"] == {"我的工资合理吗": "pay_1", "Q2": "pay_2"}
    assert saved["ignore"] == ["备注列"]
    again = read(csv_bytes(rows), instrument=climate, mapping=path)
    pd.testing.assert_frame_equal(first.table, again.table)
    quiet = {p.code.removeprefix("ingest.") for p in again.problems}
    assert not quiet & {"matched_by_likeness", "usual_scale", "columns_ignored"}
    assert again.table["team"].tolist() == ["甲班", "二班"]


def test_a_draft_finds_items_scales_keys_groups_and_comments(tmp_path: Path) -> None:
    rng = np.random.default_rng(20260903)
    level = rng.integers(1, 6, 200)
    near = lambda sign: np.clip(3 + sign * (level - 3) + rng.integers(-1, 2, 200), 1, 5)  # noqa: E731
    columns = {"job_1": near(1), "job_2": near(-1), "job_3": near(1), "job_4": near(1)}
    head = ["工号", *columns, "工作氛围很好", "工作氛围压抑", "工作氛围融洽", "部门", "您还想说什么"]
    words = (
        [LABELS["zh"][v - 1] for v in near(1)],
        [LABELS["zh"][v - 1] for v in near(-1)],
        [LABELS["zh"][v - 1] for v in near(1)],
    )
    rows = [
        [f"E{n}", *(int(c[n]) for c in columns.values()), *(w[n] for w in words), "甲乙丙丁"[n % 4], f"希望第{n}次调整排班能提前两周公布，谢谢" if n % 3 == 0 else ""]
        for n in range(200)
    ]  # fmt: skip
    data = csv_bytes([head, *rows])
    found = draft_instrument(data, name="mine")
    assert {one.id: one.reverse_keyed for one in found.items} == {
        "job_1": False, "job_2": True, "job_3": False, "job_4": False, "item_1": False, "item_2": True, "item_3": False,
    }  # fmt: skip
    assert all((one.item_rest < 0) == one.reverse_keyed for one in found.items)
    assert found.demographics == ("部门",)
    assert found.questions == ("您还想说什么",)
    assert {item.points for item in found.instrument.items} == {5}
    # the draft is itself an instrument, and the file is read with it
    path = tmp_path / "mine.yaml"
    path.write_text(found.document, encoding="utf-8")
    reading = read(data, instrument=path)
    assert reading.ok
    assert len(reading.understood.items) == 7
    assert len(reading.comments) == 67
    assert found.tidy()["points"].eq(5).all()


def test_a_draft_needs_ratings() -> None:
    with pytest.raises(InputError) as caught:
        draft_instrument(csv_bytes([["name", "city"], ["Ann", "Rome"], ["Bob", "Oslo"]]))
    assert caught.value.code == "ingest.draft_nothing"


def test_a_draft_of_the_big_five_keys_items_as_published(real: Path) -> None:
    """The keys of the 25 items in the documentation of psychTools: −A1, −C4, −C5, −E1, −E2, −O2, −O5."""
    found = draft_instrument(real / "psychTools_bfi.csv", name="bfi")
    reverse = {one.id for one in found.items if one.reverse_keyed}
    assert reverse - {"education", "gender"} == {"a1", "c4", "c5", "e1", "e2", "o2", "o5"}
