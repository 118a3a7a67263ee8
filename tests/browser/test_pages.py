"""Every page, empty and full, in Chinese and English, wide and narrow; looked at by a person afterwards."""

import pytest
from walking import settle, shot, turn_to

from engage.views.template import PAGES

LOCALES = {"zh": "zh-CN", "en": "en-GB"}

pytestmark = pytest.mark.browser


@pytest.mark.rest
@pytest.mark.parametrize("width", [1440, 800])
@pytest.mark.parametrize("lang", LOCALES)
def test_every_page(lang, width, both, visit):
    for state, address in both.items():
        page = visit(address, width=width, locale=LOCALES[lang])
        settle(page)
        for place, name in enumerate(PAGES):
            turn_to(page, place)
            assert page.locator("[data-testid=stAlert]").count() == 0, (state, name)
            drawn = page.locator("[data-testid=stVegaLiteChart]").count()
            assert (drawn > 0) == (state == "full" and name not in ("plans", "reports", "upload"))
            wide = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, f"{name} is wider than the window"
            shot(page, f"{name}-{lang}-{width}-{state}")
