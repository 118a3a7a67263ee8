"""The planted answers of ``canaries`` in a real browser: addresses, traffic, storage, pages, console, log."""

import pytest
from canaries import FILE, SURVEY, WORDS, Canaries, Surfaces, planted, wave
from playwright.sync_api import Browser, Page
from walking import settle, turn_to
from workspace_inputs import as_csv

from engage.views.template import PAGES
from engage.words import say

pytestmark = [pytest.mark.browser, pytest.mark.rest]

STORED = "() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
UPLOAD = PAGES.index("upload")


def watched(browser: Browser, kept: Surfaces) -> Page:
    """Return a page of a new reader of which all that comes and goes is kept."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN").new_page()
    page.set_default_timeout(60_000)
    page.on("request", lambda r: kept.add("address", f"{r.url} {r.headers}"))
    page.on("console", lambda message: kept.add("console", message.text))
    page.on("websocket", lambda s: s.on("framereceived", lambda data: kept.add("traffic", data)))
    return page


def keep(page: Page, kept: Surfaces) -> None:
    kept.add("stored", page.evaluate(STORED))
    kept.add("page", page.content())
    kept.add("text", page.locator("body").inner_text())


def test_nothing_of_it_reaches_a_browser(tmp_path, browser, serve):
    space, canaries = planted(tmp_path)
    kept = Surfaces()
    page = watched(browser, kept)
    page.goto(serve(space.path))
    settle(page)
    for place in range(len(PAGES)):
        turn_to(page, place)
        for folded in page.locator("[data-testid=stExpander] summary").all():
            folded.click()
        settle(page)
        keep(page, kept)
        for button in page.locator("[data-testid=stDownloadButton] button").all():
            with page.expect_download() as waiting:
                button.click()
            kept.add("download", waiting.value.path().read_bytes())
    page.context.close()
    places = {place for place, _ in kept.seen}
    assert {"traffic", "address", "stored", "page", "download"} <= places
    kept.add("server's log", (tmp_path / "server.log").read_bytes())
    assert kept.leaks(canaries) == []


def test_an_upload_is_seen_by_who_uploads_it_and_by_nobody_else(tmp_path, browser, serve):
    space, _ = planted(tmp_path)
    canaries = Canaries(WORDS)
    (space.path / "surveys" / "canary.yaml").write_text(SURVEY.document, encoding="utf-8")
    table = wave(2)
    file = tmp_path / FILE
    file.write_bytes(as_csv(table.iloc[::-1]))
    own, other = Surfaces(), Surfaces()
    address = serve(space.path)
    page = watched(browser, own)
    page.goto(address)
    settle(page)
    turn_to(page, UPLOAD)
    page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files(file)
    page.get_by_text(say("page_upload.preview_title", "zh")).click()
    settle(page)
    assert {"respondent", "e-mail"} <= {name for place, name in own.leaks(canaries) if place == "traffic"}
    reader = watched(browser, other)
    reader.goto(address)
    settle(reader)
    for place in range(len(PAGES)):
        turn_to(reader, place)
        keep(reader, other)
    other.add("server's log", (tmp_path / "server.log").read_bytes())
    other.add("what the uploader's browser keeps", page.evaluate(STORED))
    for one in (page, reader):
        one.context.close()
    assert other.leaks(canaries) == []
