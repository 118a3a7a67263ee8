"""How results show in a notebook."""

import re

import numpy as np
import pandas as pd
import pytest

from engage import attrition_outcome, check_leaks, enps, load_instrument, what_if
from engage.errors import Problem
from engage.measure.display import as_html


def shown(column: str, values: list) -> list[str]:
    html = as_html(pd.DataFrame({column: values}), "")
    return re.findall(r"<td>(.*?)</td>", html)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.5, 0.12345], ["0.500", "0.123"]),
        ([1234.56, 0.5], ["1,234.6", "0.5"]),
        ([0.00123, -0.00004], ["0.0012", "0.0000"]),
        ([3.0, 12.0], ["3", "12"]),
        ([0.25, float("nan")], ["0.250", ""]),
        ([float("nan")], [""]),
        ([np.inf, 0.25], ["inf", "0.250"]),
        ([True, None], ["True", ""]),
        (["<b>", "c"], ["&lt;b&gt;", "c"]),
    ],
)
def test_a_column_has_one_number_of_decimals(values, texts):
    assert shown("estimate", values) == texts


@pytest.mark.parametrize("column", ["p_value", "p_adjusted", "change_p_value"])
def test_no_p_value_is_nought(column):
    assert shown(column, [1e-12, 0.0012, 0.51]) == ["&lt;0.001", "0.001", "0.510"]
    assert shown("predicted", [1e-12, 0.51]) == ["0.000", "0.510"]


def test_caption_and_notes_are_escaped_and_long_tables_cut():
    table = pd.DataFrame({"n": range(500)})
    html = as_html(table, "a < b", [Problem("model.no_answers", "warning")])
    assert html.startswith("<p>a &lt; b</p>")
    assert html.count("<td>") < 70
    assert "<td>499</td>" in html
    assert html.endswith("</p>")
    assert table["n"].dtype == int


def test_results_without_a_table_of_their_own_show_one():
    assert "<td>10</td>" in enps([10] * 4 + [3] * 4 + [8, 8])._repr_html_()
    people = pd.DataFrame(
        {"respondent": ["a", "b"], "leave_date": pd.to_datetime(["2025-03-01", None]), "as_of": "2026-01-01"}
    )
    answers = pd.DataFrame({"respondent": ["a", "b"], "wave_date": pd.Timestamp("2025-02-01")})
    assert "Within 180 days of 2 responses" in attrition_outcome(answers, people)._repr_html_()
    rows = pd.DataFrame({"gone": [0, 1] * 20, "exit_date": range(40), "x": [0.5] * 40})
    html = check_leaks(rows, "gone", ["exit_date", "x"])._repr_html_()
    assert "post_exit" in html
    assert "but –" not in check_leaks(rows, "gone", ["x"])._repr_html_()


def test_a_questionnaire_shows_its_items_in_a_language_it_has():
    pulse = load_instrument("pulse")
    table = pulse.tidy()
    assert table["item"].tolist() == [item.id for item in pulse.items]
    assert table["text"].iloc[0] == pulse.items[0].text["en"]
    assert pulse.tidy("zh")["text"].iloc[0] == pulse.items[0].text["zh"]
    assert "Pulse survey" in pulse._repr_html_()


def test_what_if_says_what_was_changed():
    rng = np.random.default_rng(4)
    x = rng.integers(1, 6, 400).astype(float)
    frame = pd.DataFrame({"growth": x, "engagement": np.clip(x + rng.normal(size=400), 1, 5)})
    found = what_if(frame, ["engagement"], ["growth"], {"growth": 0.2}, {"growth": 0.1})
    assert "growth +0.10" in found._repr_html_()
