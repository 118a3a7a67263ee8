"""Fixtures that several tests share."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from streamlit import config

LONG = (
    "test_flow",
    "test_pages",
    "test_views",
    "test_package",
    "test_cli",
    "test_workspace",
    "test_real_data",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, so that two workers finish together."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONG)))


def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of this run that all workers share."""
    root = tmp_path_factory.getbasetemp()
    return root.parent if "PYTEST_XDIST_WORKER" in os.environ else root


@pytest.fixture(scope="session", autouse=True)
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep keys out of the user's configuration, and pages on this machine wherever a test stands.

    Streamlit keeps the configuration of the folder in which it was first asked for; pages are refused where
    that doesn't bind them to this machine.
    """
    assert config.get_option("server.address") == "127.0.0.1"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENGAGE_KEY_FILE", str(shared(tmp_path_factory) / "engage.key"))
        yield


@pytest.fixture(scope="session")
def sample_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sample workspace, built once per run and shared by the workers. Read, don't write."""
    root = shared(tmp_path_factory)
    folder, done = root / "sample-workspace", root / "sample-workspace.done"
    with FileLock(root / "sample-workspace.lock"):
        if not done.exists():
            from engage.workspace.sample import build_sample

            build_sample(folder)
            done.touch()
    return folder


@pytest.fixture
def sample_copy(sample_workspace: Path, tmp_path: Path) -> Path:
    """A copy of the sample workspace to write into."""
    return shutil.copytree(sample_workspace, tmp_path / "workspace")
