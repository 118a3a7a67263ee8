"""Every page read by axe-core, in each language, empty and full: nothing serious stands in a reader's way."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from walking import settle, turn_to

from engage.views.template import PAGES

LOCALES = {"zh": "zh-CN", "en": "en-GB", "ru": "ru-RU"}

pytestmark = [pytest.mark.browser, pytest.mark.rest]


def barriers(page) -> list[str]:
    """Return what axe-core calls serious or critical, with the first place of each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} ({len(one['nodes'])}): {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("lang", LOCALES)
def test_no_page_has_a_serious_barrier(lang, both, visit):
    found = {}
    for state, address in both.items():
        page = visit(address, locale=LOCALES[lang])
        settle(page)
        for place, name in enumerate(PAGES):
            turn_to(page, place)
            found[state, name] = barriers(page)
    assert {where: what for where, what in found.items() if what} == {}


def test_a_barrier_is_found(both, visit):
    page = visit(both["empty"])
    settle(page)
    page.evaluate("() => document.querySelector('h1').insertAdjacentHTML('afterend', '<img src=\"data:,\">')")
    assert any(found.startswith("image-alt") for found in barriers(page))
