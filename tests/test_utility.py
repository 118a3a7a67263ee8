"""How much of a wave is shown, and why the rest is not: counted again from what readers get."""

import json
from collections import Counter

import pandas as pd
import pytest
from safe_tables import POLICY, cells
from workspace_inputs import PULSE, answers, as_csv

from engage.cli import run
from engage.present import sentences
from engage.present.labels import Names
from engage.present.tables import display
from engage.privacy import release_scores, release_utility, released_cells
from engage.words import LANGUAGES, say
from engage.workspace import Workspace

REASONS = ["too_few", "complement", "combination"]


def stored(sizes: dict[str, int]) -> pd.DataFrame:
    """One scale's cells of teams of those sizes, as a close stores them."""
    table = cells(list(sizes), ["team"], scales=("pay",), sizes=list(sizes.values()))
    return released_cells({("team",): release_scores(table, ["team"], POLICY)}).assign(wave="w")


@pytest.mark.parametrize(
    ("sizes", "means", "shares"),
    [
        ({"a": 40, "b": 120}, (2, 2, 0, 0, 0), (2, 2, 0, 0, 0)),
        ({"a": 4, "b": 6, "c": 30}, (3, 1, 1, 1, 0), (3, 1, 1, 1, 0)),
        # 5 to 9 people have a mean; a share would be within reach of three who compare notes
        ({"a": 8, "b": 30}, (2, 2, 0, 0, 0), (2, 1, 1, 0, 0)),
        ({"a": 1, "b": 2}, (2, 0, 2, 0, 0), (2, 0, 2, 0, 0)),
    ],
)
def test_cells_are_counted_by_reason(sizes, means, shares):
    frame = release_utility(stored(sizes), POLICY).tidy().set_index("measure")
    for measure, expected in (("mean", means), ("favourable", shares)):
        row = frame.loc[measure]
        assert tuple(row[["cells", "shown", *REASONS]]) == expected
        assert row["kept"] == round(expected[1] / expected[0], 2)
        assert row["groups"] == len(sizes)


def test_a_share_withheld_beside_its_mean_is_counted_by_what_readers_can_see():
    frame = stored({"a": 25, "b": 30})
    frame.loc[frame["key"] == '["a"]', ["favourable", "ci_low", "ci_high"]] = None
    row = release_utility(frame, POLICY).tidy().set_index("measure").loc["favourable"]
    assert tuple(row[["cells", "shown", *REASONS, "groups_shown"]]) == (2, 1, 0, 0, 1, 1)


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Workspace:
    space = Workspace(tmp_path_factory.mktemp("utility") / "space")
    space.import_file(as_csv(answers(PULSE)), wave="w1", instrument=PULSE)
    (space.path / "policy.yaml").write_text("crosses: [[team, site]]\n", encoding="utf-8")
    space.close("w1")
    return space


def counted(space: Workspace, by: tuple[str, ...], measure: str) -> dict[str, int]:
    """Count again, row by row, in the table a reader gets."""
    found: Counter[str] = Counter()
    groups, shown = set(), set()
    for row in space.scores(by=by).tidy().to_dict("records"):
        if measure == "favourable" and row["scale"] == "enps_net":
            continue
        key = tuple("" if pd.isna(row[name]) else row[name] for name in by)
        groups.add(key)
        found["cells"] += 1
        if not pd.isna(row[measure]):
            found["shown"] += 1
            shown.add(key)
        elif isinstance(row["hidden_reason"], str):
            found[row["hidden_reason"]] += 1
        else:
            found["too_few" if row["n_band"] == "5-9" else "combination"] += 1
    names = ("cells", "shown", *REASONS)
    return {"groups": len(groups), "groups_shown": len(shown), **{name: found[name] for name in names}}


def agrees(space: Workspace) -> None:
    table = space.utility().tidy()
    for row in table.to_dict("records"):
        expected = counted(space, tuple(row["by"].split(",")), row["measure"])
        assert {name: row[name] for name in expected} == expected
        assert row["cells"] == row["shown"] + sum(row[reason] for reason in REASONS)


def test_it_counts_what_the_released_tables_show(small):
    table = small.utility().tidy()
    assert set(table["by"]) == {"team", "site", "site,team"}
    assert (table[REASONS].sum() > 0).sum() >= 2
    agrees(small)


def test_most_cells_of_the_sample_are_kept(sample_workspace):
    space = Workspace(sample_workspace)
    agrees(space)
    table = space.utility("all").tidy()
    assert set(table["wave"]) == set(space.closed_waves)
    means = table[table["measure"] == "mean"]
    assert means["shown"].sum() / means["cells"].sum() > 0.7


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_reads_in_words(lang, small):
    table, names = small.utility(), Names(small.instrument(), lang)
    shown = display(table, names)
    assert len(shown) == len(table)
    assert not {"by", "measure", *REASONS} & set(shown.columns)
    head, why = sentences.utility(table, "team", names)
    row = table.tidy().query("by == 'team' and measure == 'favourable'").iloc[0]
    assert str(row["groups"]) in head
    assert str(row["groups_shown"]) in head
    assert str(row["cells"] - row["shown"]) in why
    for reason in REASONS:
        said = say(f"sentences.utility.{reason}", lang, count=row[reason])
        assert (said in why) == (row[reason] > 0)


def test_nothing_is_said_where_nothing_is_hidden():
    table = release_utility(stored({"a": 40, "b": 120}), POLICY)
    assert len(sentences.utility(table, "team", Names(None, "en"))) == 1


def test_the_command_prints_words_or_one_document(small, capsys):
    assert run(["utility", "--workspace", str(small.path), "--lang", "zh"]) == 0
    assert say("labels.column.kept", "zh") in capsys.readouterr().out
    assert run(["utility", "--workspace", str(small.path), "--wave", "w1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["kind"] == "utility"
    assert {"wave", "by", "measure", "groups", "cells", "kept", *REASONS} <= set(document["rows"][0])


def test_an_open_wave_has_none(tmp_path, capsys):
    space = Workspace(tmp_path / "space")
    space.import_file(as_csv(answers(PULSE)), wave="w1", instrument=PULSE)
    assert run(["utility", "--workspace", str(space.path), "--wave", "w1"]) == 1
    assert "w1" in capsys.readouterr().err
