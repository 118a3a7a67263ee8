"""The README's Python runs as it stands, on the sample workspace."""

import re
import shutil
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


@pytest.mark.rest
def test_the_library_example_runs(sample_workspace, tmp_path, monkeypatch, capsys):
    shutil.copytree(sample_workspace, tmp_path / "workspace")
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "growth" in printed
    assert "rank_low" in printed


def test_the_pictures_are_there():
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / picture).is_file(), picture
