import pandas as pd
import pytest
from ingest_files import ENGLISH, csv_bytes, xlsx_bytes

from engage.errors import InputError, UsageError
from engage.ingest import read
from engage.instrument import Instrument
from engage.words import LANGUAGES

HEAD = ["Employee ID", "Team", "My pay is fair", "pay_2", "Would you recommend us?", "What should we change?"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_wide_by_text_id_and_name(delimiter: str, small: Instrument) -> None:
    rows = [
        HEAD,
        ["17", "Blue", "agree ", "STRONGLY AGREE", "7", "More rest,\nplease"],
        ["18.0", "Red", "", "neither", "8", ""],
    ]
    reading = read(csv_bytes(rows, delimiter=delimiter), instrument=small)
    assert (reading.understood.dialect, reading.understood.delimiter) == ("plain_wide", delimiter)
    assert reading.ok
    assert reading.table["respondent"].tolist() == ["17", "18"]
    assert reading.table["pay_1"].tolist() == [4, pd.NA]
    assert reading.table["pay_2"].tolist() == [5, 3]
    assert reading.comments["text"].tolist() == ["More rest,\nplease"]


def test_rows_are_counted_as_a_spreadsheet_does_despite_line_breaks_in_cells(small: Instrument) -> None:
    rows = [HEAD, ["1", "a", "Agree", "Agree", "7", "one\ntwo\nthree"], ["2", "a", "Agre", "Agree", "7", ""]]
    reading = read(csv_bytes(rows), instrument=small)
    problem = next(p for p in reading.problems if p.code == "ingest.unknown_answer")
    assert problem.row == 3
    moved = read(xlsx_bytes(rows, above=4), instrument=small)
    problem = next(p for p in moved.problems if p.code == "ingest.unknown_answer")
    assert problem.row == 7


def test_every_fault_in_one_pass(small: Instrument) -> None:
    rows = [
        [*HEAD[:4], "enps_1", "E-mail", "Star level", "Other"],
        ["1", "a", "Agree", "Maybe", "11", "a@b.c", "7 stars", "x"],
        ["1", "a", "3", "Agree", "7.5", "a@b.c", "1 star", "x"],
        ["", "a", "Agree", "Agree", "2", "a@b.c", "1 star", "x"],
    ]
    reading = read(csv_bytes(rows), instrument=small)
    found = {(p.code.removeprefix("ingest."), p.severity, p.row) for p in reading.problems}
    assert found == {
        ("unknown_answer", "error", 2),
        ("out_of_range", "error", 2),
        ("not_whole", "error", 3),
        ("number_among_words", "error", 3),
        ("unknown_level", "warning", 2),
        ("respondent_repeated", "warning", 2),
        ("respondent_blank", "warning", 4),
        ("identifiers_ignored", "info", None),
        ("columns_ignored", "info", None),
    }
    severities = [p.severity for p in reading.problems]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    for lang in LANGUAGES:
        for problem in reading.as_dict(lang)["problems"]:  # type: ignore[attr-defined]
            assert set(problem) == {"code", "severity", "row", "column", "reason", "remedy", "count"}
            assert problem["reason"]
            assert problem["remedy"]


def test_document_has_exactly_the_agreed_keys(small: Instrument) -> None:
    reading = read(csv_bytes([HEAD, ["1", "a", "Agree", "Agree", "3", "x"]]), instrument=small)
    assert list(reading.as_dict("zh")) == [
        "dialect", "encoding", "delimiter", "rows", "respondents", "instrument", "items", "comments",
        "demographics", "ignored", "problems", "preview",
    ]  # fmt: skip
    assert reading.as_dict()["preview"] == [HEAD, ["1", "a", "Agree", "Agree", "3", "x"]]
    assert list(read(b"id;name\n1;2\n", "people").as_dict())[-1] == "fields"


def test_labels_with_numbers_before_or_after(small: Instrument) -> None:
    rows = [
        ["id", "pay_1", "pay_2"],
        ["1", "4. Agree", "Agree (4)"],
        ["2", "5 - Strongly agree", "1=Strongly disagree"],
    ]
    reading = read(csv_bytes(rows), instrument=small)
    assert reading.table["pay_1"].tolist() == [4, 5]
    assert reading.table["pay_2"].tolist() == [4, 1]


def test_mapping_names_columns_words_and_missing(small: Instrument, tmp_path) -> None:
    mapping = tmp_path / "map.yaml"
    mapping.write_text(
        "respondent: Who\n"
        "columns: {Q1: pay_1, Q2: pay_2, Sex: gender}\n"
        "comments: {Say: free_words}\n"
        "ignore: [Junk]\n"
        "missing: [Not Stated]\n"
        "values:\n"
        '  "*": {SA: 5, A: 4, N: 3, D: 2, SD: 1}\n'
        "  pay_2: {A: 2, X: null}\n"
        "  gender: {F: female, Yes: male}\n",
        encoding="utf-8",
    )
    rows = [
        ["Who", "Q1", "Q2", "Sex", "Say", "Junk"],
        ["a", "SA", "A", "F", "hello", "1"],
        ["b", "sd", "X", "yes", "", "1"],
        ["c", "Not Stated", "N", "F", "", "1"],
    ]
    reading = read(csv_bytes(rows), instrument=small, mapping=mapping)
    assert reading.ok
    assert reading.table["pay_1"].tolist() == [5, 1, pd.NA]
    assert reading.table["pay_2"].tolist() == [2, pd.NA, 3]
    assert reading.table["gender"].tolist() == ["female", "male", "female"]
    assert reading.comments[["respondent", "question", "text"]].values.tolist() == [
        ["a", "free_words", "hello"]
    ]
    assert reading.understood.ignored == ("Junk",)
    assert not [p for p in reading.problems if p.code == "ingest.columns_ignored"]


def test_faults_of_the_mapping_are_named(small: Instrument) -> None:
    mapping = {"columns": {"Q1": "pay_1", "Q2": "pay_22", "Q9": "pay_2"}, "values": {"pay_1": {"yes": 9}}}
    reading = read(csv_bytes([["id", "Q1", "Q2"], ["1", "yes", "2"]]), instrument=small, mapping=mapping)
    found = {p.code.removeprefix("ingest."): p for p in reading.problems}
    assert found["mapped_id_unknown"].params["near"] == "pay_2"
    assert found["mapped_header_absent"].column == "Q9"
    assert found["mapped_out_of_range"].severity == "error"
    with pytest.raises(InputError) as caught:
        read(b"a,b\n1,2\n", mapping={"colums": {}, "values": {"pay_1": 3}, "long": {"who": "a"}})
    assert caught.value.params["faults"] == ["colums", "values: pay_1", "long: who"]
    with pytest.raises(UsageError):
        read(b"a,b\n1,2\n", mapping="nowhere.yaml")


def test_two_columns_for_one_item_are_an_error_and_near_wordings_are_pointed_out(small: Instrument) -> None:
    rows = [["id", "My pay is fair", "pay_1", "I often find my pay to low"], ["1", "Agree", "Agree", "Agree"]]
    reading = read(csv_bytes(rows), instrument=small)
    found = {p.code.removeprefix("ingest."): p for p in reading.problems}
    assert (found["column_twice"].severity, found["column_twice"].column) == ("error", "pay_1")
    assert found["matched_by_likeness"].params["id"] == "pay_2"
    assert found["items_absent"].params["items"] == ["enps_1"]
    assert reading.table["pay_2"].tolist() == [4]


def test_a_wording_that_is_only_near_or_turns_the_sense_is_listed_not_read(small: Instrument) -> None:
    for heading in ("My pay is not fair", "My pay is rather fair"):
        reading = read(csv_bytes([["id", heading, "pay_2"], ["1", "Agree", "Agree"]]), instrument=small)
        near = [p for p in reading.problems if p.code == "ingest.wording_near"]
        assert [(p.column, p.params["id"]) for p in near] == [(heading, "pay_1")]
        assert reading.table["pay_1"].isna().all()


LONG = [
    ["respondent", "department", "item", "answer", "note"],
    ["1", "A", "pay_1", "Agree", "x"],
    ["1", "A", "2. I often find my pay too low", "Disagree", ""],
    ["2", "B", "pay_1", "Perhaps", ""],
    ["2", "B", "enps_1", "9", ""],
    ["2", "B", "enps_1", "10", ""],
]


def test_long_is_recognised_and_problems_keep_their_own_rows(small: Instrument) -> None:
    reading = read(csv_bytes(LONG), instrument=small, mapping={"columns": {"department": "team"}})
    assert reading.understood.dialect == "plain_long"
    assert (reading.understood.rows, reading.understood.respondents) == (5, 2)
    assert reading.table["respondent"].tolist() == ["1", "2"]
    assert reading.table["team"].tolist() == ["A", "B"]
    assert reading.table["pay_1"].tolist() == [4, pd.NA]
    assert reading.table["pay_2"].tolist() == [2, pd.NA]
    assert reading.table["enps_1"].tolist() == [pd.NA, 10]
    found = {p.code: p.row for p in reading.problems}
    assert found["ingest.unknown_answer"] == 4
    assert found["ingest.long_repeated"] == 5


def test_long_by_mapping(small: Instrument) -> None:
    rows = [["wer", "was", "wie"], *([row[0], row[2], row[3]] for row in LONG[1:3])]
    mapping = {"long": {"respondent": "wer", "item": "was", "answer": "wie"}}
    reading = read(csv_bytes(rows), instrument=small, mapping=mapping)
    assert reading.table[["pay_1", "pay_2"]].values.tolist() == [[4, 2]]
    with pytest.raises(InputError, match="answer"):
        read(
            csv_bytes(rows),
            instrument=small,
            mapping={"long": {"respondent": "wer", "item": "was", "answer": "x"}},
        )


def test_languages_of_labels_may_differ_from_those_of_headers(small: Instrument) -> None:
    rows = [["id", "我的工资合理"], *([str(n), label] for n, label in enumerate(ENGLISH))]
    assert read(csv_bytes(rows), instrument=small).table["pay_1"].tolist() == [1, 2, 3, 4, 5]


def test_scientific_notation_destroys_ids(small: Instrument) -> None:
    reading = read(csv_bytes([["工号", "pay_1"], ["2.02401E+11", "Agree"]]), instrument=small)
    assert "ingest.id_scientific" in {p.code for p in reading.problems if p.severity == "error"}


def test_rows_wider_or_narrower_than_the_header(small: Instrument) -> None:
    data = b"id,pay_1,pay_2,note\n1,Agree,Agree,x,,\n2,Agree,Agree,a,b\n3,Agree\n"
    found = {
        p.code.removeprefix("ingest."): (p.severity, p.row) for p in read(data, instrument=small).problems
    }
    assert found["row_too_long"] == ("error", 3)
    assert found["row_too_short"] == ("warning", 4)


def test_header_only(small: Instrument) -> None:
    reading = read(b"id,pay_1,pay_2\n", instrument=small)
    assert "ingest.no_rows" in {p.code for p in reading.problems if p.severity == "error"}
    assert len(reading.table) == 0


def test_unknown_kind_and_conflicting_kind() -> None:
    with pytest.raises(UsageError):
        read(b"a,b\n1,2\n", "persons")  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        read(b"a,b\n1,2\n", "service", mapping={"kind": "people"})
    assert read(b"id,team\n1,2\n", mapping={"kind": "people"}).kind == "people"
