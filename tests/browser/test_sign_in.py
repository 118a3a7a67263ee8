"""Signing in and out in a real browser, against a provider that runs here."""

import pytest
from oidc import CLIENT_SECRET, provider
from roles_inputs import ALDER, BIRCH, company, listed
from sessions import serving
from walking import LINKS, settle

from engage.views.template import PAGES
from engage.words import say

pytestmark = [pytest.mark.browser, pytest.mark.rest]


def opened(browser, address: str):
    """Return a page of a new browser, at an address of any page."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN").new_page()
    page.set_default_timeout(90_000)
    page.goto(address)
    settle(page)
    return page


def sign_in(page, name: str) -> None:
    page.get_by_role("button", name=say("access.sign_in", "zh"), exact=True).click()
    page.locator("input[name=name]").fill(name)
    page.get_by_role("button", name="Go on").click()
    settle(page)


def test_two_managers_sign_in_after_each_other_in_one_browser(tmp_path, browser):
    space = listed(company(tmp_path))
    with provider() as signing, serving(space, tmp_path, signing) as app:
        page = opened(browser, app.address)
        assert page.get_by_text(say("access.sign_in_text", "zh")).is_visible()
        assert page.locator(LINKS).count() == 0
        for name, own, others in (("alma", ALDER, BIRCH), ("bert", BIRCH, ALDER)):
            sign_in(page, f"{name}@example.org")
            assert page.locator(LINKS).count() == len(PAGES) - 1
            page.goto(f"{app.address}/teams")
            settle(page)
            page.locator("[data-testid=stExpander] summary").first.click()
            settle(page)
            shown = page.content()
            assert f"{name}@example.org" in shown
            assert not [team for team in others if team in shown]
            page.goto(f"{app.address}/upload")
            settle(page)
            said = say(
                "access.refused",
                "zh",
                roles=[say(f"access.role_{one}", "zh") for one in ("hr", "administrator")],
            )
            assert page.get_by_text(said).is_visible()
            assert page.locator("[data-testid=stFileUploader]").count() == 0
            assert own
            page.get_by_role("button", name=say("access.sign_out", "zh")).click()
            page.get_by_role("button", name=say("access.sign_in", "zh"), exact=True).wait_for()
        log = app.log.read_text(encoding="utf-8")
        assert not [s for s in (CLIENT_SECRET, app.cookie_secret, *signing.given) if s in log]


def test_somebody_who_is_not_listed_gets_no_further(tmp_path, browser):
    space = listed(company(tmp_path))
    with provider() as signing, serving(space, tmp_path, signing) as app:
        page = opened(browser, f"{app.address}/teams")
        sign_in(page, "mallory@example.org")
        page.get_by_role("button", name=say("access.sign_out", "zh")).wait_for()
        assert page.locator(LINKS).count() == 0
        assert not [team for team in (*ALDER, *BIRCH) if team in page.content()]
