"""Imports point one way, and heavy libraries stay off the start-up path."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "engage"
LAYERS = [
    {"words"},
    {"errors"},
    {"keys"},
    {"instrument"},
    {"ingest"},
    {"store", "engine"},
    {"measure", "model", "text"},
    {"privacy"},
    {"workspace"},
    {"present"},
    {"views", "cli"},
]
GATE = {
    "evaluations", "release", "models", "quality", "comparisons", "analyses", "sight", "staff", "voices",
    "plans", "what_if", "wishes", "wording", "desk",
    "workforce", "competence",
}  # fmt: skip
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
FILES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room(path: Path) -> str:
    part = path.relative_to(PACKAGE).parts[0]
    return part.removesuffix(".py")


def test_every_module_has_a_layer():
    rooms = {room(path) for path in FILES} - {"__init__", "__main__"}
    assert rooms <= set(LEVEL), f"no layer for {rooms - set(LEVEL)}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_point_down(path):
    if room(path) in {"__init__", "__main__"}:
        return
    for name in imported(path):
        parts = name.split(".")
        if parts[0] != "engage" or len(parts) < 2 or parts[1] not in LEVEL:
            continue
        assert LEVEL[parts[1]] <= LEVEL[room(path)], f"{path.name} imports {name}, which lies above it"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_each_heavy_library_has_one_home(path):
    home = {"streamlit": {"views"}, "ibis": {"engine"}, "altair": {"present", "views"}}
    for library, rooms in home.items():
        if any(name.split(".")[0] == library for name in imported(path)):
            assert room(path) in rooms, f"{path.name} imports {library}"


def test_only_the_modules_of_the_gate_seal_tables():
    for path in FILES:
        names = imported(path)
        if any(name in {"engage.privacy.safe.seal", "engage.privacy.safe._SEAL"} for name in names):
            gate = {PACKAGE / "privacy" / f"{name}.py" for name in GATE}
            assert path in gate, f"{path.name} makes SafeTables"


@pytest.mark.parametrize("path", sorted((PACKAGE / "views").rglob("*.py")), ids=lambda p: p.stem)
def test_views_and_charts_never_see_raw_tables(path):
    raw = {"engage.store", "engage.engine", "engage.model", "engage.measure", "engage.workspace.linking"}
    assert not {name for name in imported(path) if any(name == r or name.startswith(r + ".") for r in raw)}
    assert ".frame(" not in path.read_text(encoding="utf-8")


def test_importing_engage_is_light():
    heavy = (
        "pandas",
        "streamlit",
        "ibis",
        "statsmodels",
        "sklearn",
        "snownlp",
        "deltalake",
        "altair",
        "scipy",
    )
    code = f"import engage, sys; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
