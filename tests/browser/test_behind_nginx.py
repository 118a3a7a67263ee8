"""Pages behind nginx, under the policy of docs/deploy/nginx.conf: charts are drawn, nothing is refused."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import Watch
from playwright.sync_api import Browser
from walking import settle, shot, turn_to

from engage.views.template import PAGES

sys.path.insert(0, str(Path(__file__).parents[1]))
from fronting import front

pytestmark = [pytest.mark.browser, pytest.mark.rest]


def test_pages_work_under_the_policy(both: dict[str, str], browser: Browser, tmp_path: Path):
    with front(urlsplit(both["full"]).port or 0, tmp_path) as served:
        context = browser.new_context(
            viewport={"width": 1440, "height": 900}, locale="zh-CN", ignore_https_errors=True
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        watch = Watch(page)
        page.goto(f"https://127.0.0.1:{served.secure}/")
        settle(page)
        for name in ("overview", "drivers", "upload"):
            turn_to(page, PAGES.index(name))
            assert page.locator("[data-testid=stAlert]").count() == 0, name
            if name != "upload":
                assert page.locator("[data-testid=stVegaLiteChart] svg, canvas").count() > 0, name
            shot(page, f"nginx-{name}")
        context.close()
        assert (watch.away, watch.errors) == ([], [])
