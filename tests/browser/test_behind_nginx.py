"""Pages behind nginx, under the policy of docs/deploy/nginx.conf: charts are drawn, nothing is refused."""

import sys
from pathlib import Path

import pytest
from conftest import Watch
from oidc import provider
from playwright.sync_api import Browser
from sessions import free_port, serving
from test_sign_in import sign_in
from walking import settle, shot, turn_to

from engage.views.template import PAGES

sys.path.insert(0, str(Path(__file__).parents[1]))
from fronting import front

pytestmark = [pytest.mark.browser, pytest.mark.rest]


def test_pages_work_under_the_policy(sample_copy: Path, browser: Browser, tmp_path: Path):
    (sample_copy / "access.yaml").write_text("people:\n  ann@example.org: administrator\n", encoding="utf-8")
    port = free_port()
    with (
        front(port, tmp_path) as served,
        provider() as signing,
        serving(sample_copy, tmp_path, signing, port=port, public=f"https://127.0.0.1:{served.secure}"),
    ):
        context = browser.new_context(
            viewport={"width": 1440, "height": 900}, locale="zh-CN", ignore_https_errors=True
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        watch = Watch(page)
        page.goto(f"https://127.0.0.1:{served.secure}/")
        settle(page)
        sign_in(page, "ann@example.org")
        for name in ("overview", "drivers", "upload"):
            turn_to(page, PAGES.index(name))
            assert page.locator("[data-testid=stAlert]").all_inner_texts() == [], name
            if name != "upload":
                assert page.locator("[data-testid=stVegaLiteChart] svg, canvas").count() > 0, name
            shot(page, f"nginx-{name}")
        context.close()
        assert (watch.away, watch.errors) == ([], [])
