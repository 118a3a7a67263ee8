"""The public names are there, and lazily; the reference says what their docstrings say."""

import ast
import importlib.util
import subprocess
import sys
from itertools import chain
from pathlib import Path

import engage

REFERENCE = Path(__file__).parents[1] / "docs" / "api" / "run.py"


def test_every_public_name_resolves():
    for name in engage.__all__:
        assert getattr(engage, name).__doc__, f"{name} has no docstring"
    assert set(engage._HOME) == set(engage.__all__)


def test_the_names_are_in_order_and_typed():
    assert sorted(engage.__all__) == engage.__all__
    tree = ast.parse(Path(engage.__file__).read_text(encoding="utf-8"))
    (typed,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {part.module: [name.name for name in part.names] for part in typed.body}
    assert seen == {home: list(names) for home, names in engage._HOMES.items()}
    assert all(sorted(names) == names for names in seen.values())


def test_importing_engage_imports_nothing_heavy():
    code = (
        "import sys, engage; print([m for m in ('numpy', 'pandas', 'scipy', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(engage, "magic")


def test_the_reference_is_what_the_docstrings_say():
    spec = importlib.util.spec_from_file_location("api_run", REFERENCE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = module.page()
    assert set(chain.from_iterable(module.GROUPS.values())) == set(engage._HOMES)
    assert all(f"### `{name}`\n" in page for name in engage.__all__)
    assert "### `Workspace.drivers`" in page
    assert ":func:" not in page
    assert "``" not in page.replace("```", "")
    assert page == module.PAGE.read_text(encoding="utf-8"), "run python docs/api/run.py --write"
