"""What others install: the wheel in an empty environment, the locks, and the set-up in the Makefile."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def plain(name: str) -> str:
    """Return a distribution's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def named(requirement: str) -> str:
    match = re.match(r"[\w.-]+", requirement)
    assert match
    return plain(match[0])


def locked(lock: str) -> set[str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {plain(name) for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from a copy of the checkout with the build backend at hand: nothing is downloaded."""
    source = tmp_path_factory.mktemp("source") / "checkout"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "app.py"):
        shutil.copy(ROOT / name, source)
    for name in ("engage", "surveys", "data", "tests", ".streamlit"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("artefacts"))
    compiled = source / "data" / "sample" / "world" / "__pycache__"
    compiled.mkdir(exist_ok=True)
    (compiled / "left.over.pyc").touch()
    out = tmp_path_factory.mktemp("wheel")
    build = ["wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(out)]
    subprocess.run([sys.executable, "-m", "pip", *build, str(source)], check=True)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def empty_environment(wheel, tmp_path_factory) -> Path:
    """A new environment with the wheel and the libraries of ``requirements.lock``, and nothing else.

    No index can be asked, so each locked library is linked from the environment of this run. The rest of that
    environment stays out: above all its editable install of ``engage``, with which the checkout would answer
    in the wheel's place, and the test tools, which would hide a dependency that was not declared.
    """
    folder = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (libraries,) = folder.glob("lib/python*/site-packages")
    for name in locked("requirements.lock"):
        try:
            files = metadata.distribution(name).files or []
        except metadata.PackageNotFoundError:
            continue  # locked for another system
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            if not (libraries / top).exists():
                (libraries / top).symlink_to(metadata.distribution(name).locate_file(top))
    python = str(folder / "bin" / "python")
    install = ["install", "--quiet", "--no-deps", "--no-index", "--no-compile", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *install], check=True)
    return folder


def in_environment(environment: Path, cwd: Path, *command: str) -> subprocess.CompletedProcess[str]:
    bare = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "ENGAGE_", "VIRTUAL_ENV"))}
    program, *args = command
    return subprocess.run(
        [str(environment / "bin" / program), *args],
        cwd=cwd,
        env={**bare, "LANG": "C.UTF-8", "XDG_CONFIG_HOME": str(cwd / "config")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_holds_what_runs_and_no_more(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    packed = {name.partition("/")[0] for name in names}
    assert {part for part in packed if not part.endswith(".dist-info")} == {"engage"}
    for folder, target in (
        ("engage", "engage"),
        ("surveys", "engage/surveys"),
        ("data/sample", "engage/sample"),
    ):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"{target}/{path.relative_to(ROOT / folder).as_posix()}" in names
    assert names >= {"engage/app.py", "engage/.streamlit/config.toml", "engage/sample/TRUTH.yaml"}
    assert not [name for name in names if "test" in name.lower() or name.endswith((".pyc", ".lock"))]


def test_the_installed_package_is_the_wheel_alone(empty_environment, tmp_path):
    code = "import sys, engage; print(engage.__file__); print(*sys.path, sep='\\n')"
    done = in_environment(empty_environment, tmp_path, "python", "-c", code)
    where, *path = done.stdout.splitlines()
    assert Path(where).is_relative_to(empty_environment)
    assert not [entry for entry in path if entry and Path(entry).is_relative_to(ROOT)]
    code = "import pytest"
    assert "ModuleNotFoundError" in in_environment(empty_environment, tmp_path, "python", "-c", code).stderr


@pytest.mark.rest
def test_demo_runs_from_the_wheel_in_another_folder(empty_environment, tmp_path):
    done = in_environment(
        empty_environment, tmp_path, "engage", "demo", "--no-app", "--json", "--workspace", "space"
    )
    assert done.returncode == 0, done.stderr
    tables = json.loads(done.stdout)
    assert list(tables) == ["scores", "engagement", "attrition", "service"]
    scores = {row["scale"]: row for row in tables["scores"]["rows"]}
    assert scores["engagement"]["n"] > 1000
    assert {row["driver"] for row in tables["engagement"]["rows"]} >= {"pay", "growth", "recognition"}
    assert tables["attrition"]["notes"]["events"] > 100
    assert {row["outcome"] for row in tables["service"]["rows"]} >= {"csat", "on_time", "quality"}
    # the key lies in the user's configuration, not in the workspace
    assert {path.name for path in tmp_path.iterdir()} == {"space", "config"}


def test_the_app_of_the_wheel_draws_its_first_page(empty_environment, tmp_path):
    """``AppTest`` runs the very script that ``engage app`` serves from an installed package."""
    code = (
        "from engage.cli.serving import _configured, _script\n"
        "from streamlit import config\n"
        "from streamlit.testing.v1 import AppTest\n"
        "print(_script())\n"
        "config.set_option('server.address', '127.0.0.1')\n"
        "assert _configured(_script())['client.showErrorDetails'] == 'none'\n"
        "app = AppTest.from_file(str(_script()), default_timeout=60).run()\n"
        "assert not app.exception and not app.error, [x.value for x in app.error]\n"
        "assert app.sidebar.children\n"
    )
    done = in_environment(empty_environment, tmp_path, "python", "-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("site-packages/engage/app.py")


def test_every_library_that_is_imported_is_declared():
    optional = project()["optional-dependencies"]
    optional = [*optional["onnx"], *optional["spark"]]
    declared = {named(requirement) for requirement in [*project()["dependencies"], *optional]}
    homes = metadata.packages_distributions()
    for path in sorted((ROOT / "engage").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            for module in modules:
                top = module.partition(".")[0]
                if top != "engage" and top not in sys.stdlib_module_names:
                    homes_of = {plain(home) for home in homes.get(top, [top])}
                    assert homes_of & declared, f"{path.name} imports {top}, which is not declared"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_hashes_and_no_address(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    for address in ("http:", "https:", "://", "index-url", "find-links", " @ "):
        assert address not in text
    pins = re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n?", "", text, flags=re.MULTILINE).strip())
    assert len(pins) > 40
    for pin in pins:
        assert re.match(r"[\w.-]+==[\w.!+]+", pin), pin
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", pin), pin


def test_the_locks_cover_the_project():
    needed = {named(requirement) for requirement in project()["dependencies"]}
    extras = project()["optional-dependencies"]
    build = {named(requirement) for requirement in extras["build"]}
    assert needed | build <= locked("requirements.lock")
    dev = {named(requirement) for requirement in extras["dev"]}
    assert locked("requirements.lock") | dev <= locked("requirements-dev.lock")
    onnx = {named(requirement) for requirement in extras["onnx"]}
    assert onnx <= locked("requirements-dev.lock")  # so that its tests run
    assert not (dev | onnx) & locked("requirements.lock")


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize(
    ("lacking", "advice"),
    [("ensurepip", "apt-get install python3-venv"), ("version_info", "engage needs Python 3.11 or newer")],
)
def test_make_says_what_the_machine_lacks(lacking, advice, tmp_path):
    """A stand-in for Python fails on every command that names what it lacks, and is Python otherwise."""
    stand_in = tmp_path / "python"
    stand_in.write_text(f'#!/bin/sh\ncase "$*" in *{lacking}*) exit 1;; esac\nexec "{sys.executable}" "$@"\n')
    stand_in.chmod(0o755)
    environment = tmp_path / "venv"
    arguments = [f"PYTHON={stand_in}", f"VENV={environment}", f"{environment}/bin/pip"]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["make", "-C", str(ROOT), *arguments], env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert advice in done.stdout
    assert not environment.exists()
    assert "Traceback" not in done.stdout + done.stderr
