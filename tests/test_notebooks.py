"""The analysts' notebooks run, and store what comes out; ``notebooks/run.py --write`` stores it anew."""

import copy
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

import engage

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


@pytest.fixture(scope="module")
def runner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("notebooks_run", FOLDER / "run.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_four():
    assert NAMES == ["1_drivers", "2_attrition", "3_comments", "4_own_instrument"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_public_names_only(path):
    code = "\n".join("".join(cell["source"]) for cell in cells(path) if cell["cell_type"] == "code")
    used = set(re.findall(r"\bengage\.(\w+)", code)) - {"com"}
    assert used
    assert used <= set(engage.__all__)
    assert not re.search(r"(from|import) engage\.|from engage import", code)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_each_cell_is_explained_and_nothing_is_said_to_cause(path):
    found = cells(path)
    text = "\n".join("".join(cell["source"]) for cell in found if cell["cell_type"] == "markdown")
    assert not re.search(r"\b(caus|effect of|leads to|because of)", text)
    assert [cell["cell_type"] for cell in found[:-1]] == ["markdown", "code"] * (len(found[:-1]) // 2)
    assert all(cell["outputs"] for cell in found[3::2]), "only the first cell shows nothing"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_what_is_stored_is_of_no_machine_and_no_run(path):
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["metadata"]["kernelspec"]["name"] == "python3"
    assert set(document["metadata"]) == {"kernelspec", "language_info"}
    assert not any(cell["metadata"] for cell in document["cells"])
    shown = [output for cell in document["cells"] for output in cell.get("outputs", ())]
    assert not [output for output in shown if output["output_type"] == "error"]
    text = json.dumps(shown, ensure_ascii=False)
    assert not re.search(r"/tmp|/home|/root|/Users|[A-Z]:\\\\| at 0x[0-9a-f]+|E\d{5}\b", text)


@pytest.mark.rest
def test_a_figure_that_changed_is_noticed(runner):
    stored = runner.nbformat.read(NOTEBOOKS[0], as_version=4)
    assert not list(runner.differences(stored, stored))
    for old, new, seen in (
        ("0.51", "0.52", False),
        ("0.51", "0.53", True),
        ("0.51", "0.51 more", True),
        ("0.51", "0.510", False),
    ):
        fresh = copy.deepcopy(stored)
        (output,) = [
            output
            for cell in fresh.cells
            for output in cell.get("outputs", ())
            if output.get("data", {}).get("text/plain") == old
        ]
        output.data["text/plain"] = new
        assert bool(list(runner.differences(stored, fresh))) is seen


@pytest.mark.rest
@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_it_runs_and_stores_what_comes_out(path, runner):
    stored = runner.nbformat.read(path, as_version=4)
    runner.nbformat.validate(stored)
    assert not list(runner.differences(stored, runner.executed(path)))
