"""Norms: read in three languages with every fault named, kept by source, laid beside released results."""

import json

import pytest
from safe_tables import INSTRUMENT, team_scores, totals
from workspace_inputs import PULSE, answers, as_csv

from engage.cli import run
from engage.errors import InputError, Rejected, UsageError
from engage.ingest.norms import read_norms
from engage.instrument import Norm, ranges
from engage.present import charts
from engage.present.labels import Names
from engage.present.norm_sentences import beside_norms
from engage.present.reference_marks import Beside
from engage.words import LANGUAGES
from engage.workspace import Workspace

EN = Names(INSTRUMENT, "en")
HEADS = {
    "zh": ("维度", "均值", "正面回答占比", "来源", "人数", "年份"),
    "en": ("Scale", "Mean", "Favourable", "Source", "n", "Year"),
    "ru": ("Шкала", "Среднее", "Доля положительных", "Источник", "Численность", "Год"),
}


def table(*rows: tuple[str, ...], heads: tuple[str, ...] = HEADS["en"]) -> bytes:
    return "\n".join(";".join(row) for row in (heads, *rows)).encode()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_table_reads_the_same_in_every_language(lang):
    called = Names(INSTRUMENT, lang)
    mean = "3,25" if lang == "ru" else "3.25"
    rows = [
        (called.scale("pay"), mean, "45%", "industry", "1200", "2025"),
        (called.scale("hygiene"), "", "62", "industry", "", "2025"),
        ("enps_net", "-12", "", "parent", "", ""),
    ]
    found = read_norms(table(*rows, heads=HEADS[lang]), INSTRUMENT)
    assert [(one.scale, one.source, one.n, one.period) for one in found] == [
        ("pay", "industry", 1200, "2025"), ("hygiene", "industry", 0, "2025"), ("enps_net", "parent", 0, ""),
    ]  # fmt: skip
    assert (found[0].mean, found[0].favourable) == (3.25, 0.45)
    assert (found[1].favourable, found[2].mean) == (0.62, -12)
    assert found[0].label == "industry 2025"


def test_every_fault_is_named_with_its_row():
    rows = [
        ("luck", "3", "", "a", "", ""), ("pay", "9", "", "a", "", ""), ("pay", "", "", "a", "", ""),
        ("", "", "", "", "", ""), ("pay", "x", "", "a", "", ""), ("pay", "3", "140%", "a", "", ""),
        ("growth", "3", "", "", "", ""), ("growth", "3", "", "a", "2.5", ""), ("pay", "3", "", "a", "", ""),
        ("pay", "4", "", "a", "", ""),
    ]  # fmt: skip
    with pytest.raises(Rejected) as refused:
        read_norms(table(*rows), INSTRUMENT)
    found = [(one.row, one.code.removeprefix("norms.")) for one in refused.value.problems]
    assert found == [
        (2, "unknown_scale"), (3, "out_of_range"), (4, "no_figure"), (6, "bad_mean"), (7, "bad_favourable"),
        (8, "no_source"), (9, "bad_n"), (11, "twice"),
    ]  # fmt: skip
    for problem in refused.value.problems:
        for lang in LANGUAGES:
            assert problem.reason(lang)
            assert problem.remedy(lang)
    for content, code in (
        (b"scale;colour\npay;red\n", "norms.no_columns"),
        (table(), "norms.nothing"),
        (table(*[("pay", "3", "", f"s{k}", "", "") for k in range(2000)]), "norms.too_long"),
    ):
        with pytest.raises(InputError) as wrong:
            read_norms(content, INSTRUMENT)
        assert wrong.value.code == code


def test_ranges_are_those_of_the_items():
    reach = ranges(INSTRUMENT)
    assert reach["pay"] == (1.0, 5.0)
    assert reach["enps"] == (0.0, 10.0)
    assert reach["enps_net"] == (-100.0, 100.0)
    assert reach["motivator"] == (1.0, 5.0)


def test_norms_are_kept_by_source_and_move_no_result(tmp_path, capsys):
    space = Workspace(tmp_path / "w")
    space.import_file(as_csv(answers(PULSE)), wave="2025H1", instrument=PULSE)
    space.close("2025H1")
    key = space.key
    space.add_norms(table(("pay", "3.1", "", "a", "", ""), ("growth", "", "50%", "b", "", "")))
    space.add_norms(table(("pay", "3.4", "", "", "", ""), ("growth", "3", "", "", "", "")), source="a")
    assert [(one.source, one.scale) for one in space.norms()] == [
        ("a", "pay"), ("a", "growth"), ("b", "growth"),
    ]  # fmt: skip
    assert space.norms()[0].mean == 3.4
    assert (space.key, space.notes()) == (key, ())
    with pytest.raises(Rejected):
        space.add_norms(table(("pay", "2", "", "c", "", ""), ("luck", "2", "", "c", "", "")))
    assert "c" not in {one.source for one in space.norms()}, "nothing of a faulty file is kept"
    asked = ["norms", "--workspace", str(space.path), "--lang", "en"]
    assert run([*asked, "--json"]) == 0
    assert [row["mean"] for row in json.loads(capsys.readouterr().out)["norms"]] == [3.4, 3.0, None]
    assert run([*asked, "--remove", "b"]) == 0
    assert run([*asked, "--remove", "b"]) == 2
    assert run([*asked, "--remove", "a", "--list"]) == 2
    assert [one.source for one in space.norms()] == ["a", "a"]
    with pytest.raises(UsageError):
        space.remove_norms("nobody")
    assert [e["rows"] for e in space.audit_log().entries if e["code"] == "norms"] == [1, 1, 2, 0]


def test_managers_see_norms_and_load_none(tmp_path):
    space = Workspace(tmp_path / "w")
    space.import_file(as_csv(answers(PULSE)), wave="2025H1", instrument=PULSE)
    listed = {"people": {"root": "administrator", "mia": {"role": "manager", "subtree": ["x"]}}}
    (space.path / "access.yaml").write_text(json.dumps(listed), encoding="utf-8")
    Workspace(space.path, who="root").add_norms(table(("pay", "3.1", "", "a", "", "")))
    mia = Workspace(space.path, who="mia")
    assert [one.scale for one in mia.norms()] == ["pay"]
    for refused in (
        lambda: mia.add_norms(table(("pay", "3", "", "a", "", ""))),
        lambda: mia.remove_norms("a"),
    ):
        with pytest.raises(UsageError) as error:
            refused()
        assert error.value.code == "rights.not_allowed"


def test_above_and_below_only_where_the_interval_leaves_the_norm_out():
    frame = totals().tidy().dropna(subset=["favourable"]).set_index("scale")
    row = frame.loc["pay"]
    cases = {"below": row["ci_high"] + 0.01, "above": row["ci_low"] - 0.01, "holds": row["favourable"]}
    for word, share in cases.items():
        for lang in LANGUAGES:
            (line,) = beside_norms(totals(), [Norm("pay", "s", favourable=share)], Names(INSTRUMENT, lang))
            assert "s" in line
        (line,) = beside_norms(totals(), [Norm("pay", "s", favourable=share)], EN)
        assert word in line
    (line,) = beside_norms(totals(), [Norm("pay", "s", mean=3.0)], EN)
    assert "means alone" in line
    assert beside_norms(totals(), [], EN) == ()


def drawn(chart) -> list[dict]:
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def test_charts_mark_norms_and_other_released_scores_where_they_stand():
    norms = [Norm("pay", "industry", 3.3, 0.41), Norm("growth", "parent", 3.9), Norm("enps", "x", 7.0)]
    found = drawn(
        charts.scale_bars(totals(), EN, beside=[Beside("then", totals(seed=2), {"pay"})], norms=norms)
    )
    marks = {(row["row"], row["mark"]): row["at"] for row in found if "mark" in row}
    before = totals(seed=2).tidy().set_index("scale")["favourable"]
    assert marks["pay", "industry"] == 0.41
    assert ("pay", "then") not in marks, "a scale asked in other words has no mark"
    assert marks["growth", "then"] == before["growth"]
    assert "norm:industry" in {
        row.get("group") for row in drawn(charts.heat_map(team_scores(), "team", EN, norms=norms))
    }
    means = {row["mark"]: row["at"] for row in drawn(charts.mean_marks(totals(), norms, EN)) if "mark" in row}
    assert means == {"industry": 3.3, "parent": 3.9}, "another range has no place on this axis"
    with pytest.raises(TypeError, match="SafeTable"):
        charts.scale_bars(totals(), EN, beside=[Beside("raw", totals().tidy())])
