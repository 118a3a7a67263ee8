"""How a test walks through the app as a person would, and takes pictures."""

from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page

from engage.views.template import PAGES

LINKS = ".st-key-navigation [data-testid=stPageLink-NavLink]"
"""The navigation's links, in the order of PAGES."""
ARTEFACTS = Path(__file__).parents[1] / "artefacts"


def turn_to(page: Page, place: int) -> None:
    """Go to a page by the navigation, as a person does, and wait for it.

    Opening a page's address directly makes Streamlit look for its server below that address first, and the
    browser notes the two refusals as errors.
    """
    before = page.locator("h1").first.inner_text()
    if (urlsplit(page.url).path.strip("/") or PAGES[0]) != PAGES[place]:
        page.locator(LINKS).nth(place).click()
        page.wait_for_function("text => document.querySelector('h1')?.innerText !== text", arg=before)
    settle(page)


def settle(page: Page) -> None:
    """Wait until the page has come to rest: it has a title, nothing runs, and every chart is drawn."""
    page.locator("h1").first.wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.locator("[data-testid=stSpinner], [data-testid=stSkeleton]").first.wait_for(state="detached")
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-testid=stVegaLiteChart]')]"
        ".every(chart => chart.querySelector('canvas, svg'))"
    )
    page.wait_for_timeout(400)


def shot(page: Page, name: str) -> None:
    """Keep a picture of the whole page under ``tests/artefacts``."""
    ARTEFACTS.mkdir(exist_ok=True)
    # Streamlit scrolls inside the page, so the window is made as tall as what it holds.
    height = page.evaluate(
        "() => Math.max(...[...document.querySelectorAll"
        "('[data-testid=stMain], [data-testid=stSidebarContent]')].map(part => part.scrollHeight))"
    )
    size = page.viewport_size or {"width": 1440, "height": 900}
    page.set_viewport_size({"width": size["width"], "height": max(600, int(height) + 20)})
    page.wait_for_timeout(500)
    page.screenshot(path=ARTEFACTS / f"{name}.png")
    page.set_viewport_size(size)
