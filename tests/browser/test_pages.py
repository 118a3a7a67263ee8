"""Every page, empty and full, in Chinese and English, wide and narrow; looked at by a person afterwards."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from walking import settle, shot, turn_to

from engage.views.template import PAGES

LOCALES = {"zh": "zh-CN", "en": "en-GB", "ru": "ru-RU"}

NO_CHARTS = ("plans", "reports", "upload", "settings")

pytestmark = pytest.mark.browser


def barriers(page) -> list[str]:
    """Return what axe-core calls serious or critical, with the first place of each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} ({len(one['nodes'])}): {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(
    ("lang", "width"),
    [
        *(pytest.param(*one, marks=pytest.mark.rest) for one in (("zh", 1440), ("en", 1440), ("ru", 1440))),
        pytest.param("zh", 800, marks=pytest.mark.rest),
        pytest.param("en", 800, marks=pytest.mark.slow),
    ],
)
def test_every_page(lang, width, both, visit):
    """Nothing is wrong, too wide, or (read by axe-core) in a reader's way."""
    hurdles = {}
    for state, address in both.items():
        page = visit(address, width=width, locale=LOCALES[lang])
        settle(page)
        for place, name in enumerate(PAGES):
            turn_to(page, place)
            assert page.locator("[data-testid=stAlert]").count() == 0, (state, name)
            drawn = page.locator("[data-testid=stVegaLiteChart]").count()
            assert (drawn > 0) == (state == "full" and name not in NO_CHARTS), (state, name)
            wide = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, f"{name} is wider than the window"
            if width == 1440:
                hurdles[state, name] = barriers(page)
            if state == "full" or (lang, width) == ("zh", 1440):
                shot(page, f"{name}-{lang}-{width}-{state}")
    assert {where: what for where, what in hurdles.items() if what} == {}


@pytest.mark.rest
def test_a_barrier_is_found(both, visit):
    page = visit(both["empty"])
    settle(page)
    page.evaluate("() => document.querySelector('h1').insertAdjacentHTML('afterend', '<img src=\"data:,\">')")
    assert any(found.startswith("image-alt") for found in barriers(page))
