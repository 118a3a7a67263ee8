"""The documentation builds as a site that asks for nothing from elsewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ASKS = re.compile(r"<(?:script|link|img|iframe|source)[^>]+(?:src|href)=[\"'](https?:)?//", re.IGNORECASE)
STYLE_ASKS = re.compile(r"(?:url\(|@import)\s*[\"']?(https?:)?//", re.IGNORECASE)


@pytest.mark.rest
def test_the_site_builds_and_fetches_nothing(tmp_path):
    """Built strictly: a dead link or a page outside the navigation fails it."""
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    pages = sorted((tmp_path / "site").rglob("*.html"))
    written = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert written <= {page.relative_to(tmp_path / "site") for page in pages}
    assert not [page.name for page in pages if ASKS.search(page.read_text(encoding="utf-8"))]
    styles = (tmp_path / "site").rglob("*.css")
    assert not [style.name for style in styles if STYLE_ASKS.search(style.read_text(encoding="utf-8"))]


def test_each_start_is_there_in_chinese_and_english():
    names = {path.name for path in (ROOT / "docs" / "start").glob("*.md")}
    assert names == {f"{who}.{lang}.md" for who in ("managers", "hr", "analysts") for lang in ("zh", "en")}
