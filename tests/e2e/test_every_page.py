"""Every page in a real browser: fit for everybody, on every screen, light, and of one house.

New pages are found by their routes (`tests.e2e.every_page`); none can be forgotten.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.every_page import SIDES, Found, Town, Visit, found, town
from tests.e2e.screens import sideways, too_small, violations

PAGE_KB_MOST = 60
SCANNER_KB_MOST = 450
NARROW = {"width": 320, "height": 640}
ZOOMED = {"width": 640, "height": 400}  # a desk of 1280 × 800 at 200 %
DESK = {"width": 1280, "height": 800}
_COLOURS = ["color-contrast"]


@pytest.fixture(scope="module")
def here(_migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A world behind a server."""
    with town(_migrated_sqlite, tmp_path_factory.mktemp("town")) as opened:
        yield opened


def _mode(page: Page, **attributes: str) -> None:
    """Let a page be as in another mode; nothing but an attribute differs."""
    page.evaluate(
        "said => { Object.assign(document.documentElement.dataset, said);"
        " getComputedStyle(document.body).color;"
        " document.getAnimations().forEach(one => one.finish()); }",
        attributes,
    )


def _looked_at(visit: Visit, colours: tuple[str, ...] = ("dark", "large")) -> list[str]:
    """What is wrong with the page that is open; axe looks at its colours in further modes."""
    page = visit.page
    heads = page.locator("h1").count()
    wrong = [] if heads == 1 else [f"{heads} h1"]
    wrong += violations(page) + [f"small: {one}" for one in too_small(page, 44)]
    wrong += _too_wide(page, "plain")
    _mode(page, colours="dark")
    if "dark" in colours:
        wrong += [f"dark: {one}" for one in violations(page, _COLOURS)]
    _mode(page, colours="light", letters="large")
    if "large" in colours:
        wrong += [f"large: {one}" for one in violations(page, _COLOURS)]
    wrong += [f"large: small: {one}" for one in too_small(page, 60)]
    wrong += _too_wide(page, "large")
    light, scanner = visit.weight()
    if light > PAGE_KB_MOST * 1024:
        wrong.append(f"weighs {light / 1024:.1f} KB")
    if scanner > SCANNER_KB_MOST * 1024:
        wrong.append(f"its scanner weighs {scanner / 1024:.1f} KB")
    return wrong + visit.faults


def _too_wide(page: Page, mode: str) -> list[str]:
    wrong = []
    for size in (NARROW, ZOOMED, DESK):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        if sideways(page):
            wrong.append(f"{mode}: wider than {size['width']} px")
    page.set_viewport_size({"width": 390, "height": 844})
    if sideways(page):
        wrong.append(f"{mode}: wider than 390 px")
    return wrong


@pytest.mark.parametrize("side", SIDES)
def test_every_page_is_fit_for_everybody(chromium: Browser, here: Town, side: str) -> None:
    """Axe finds nothing, targets are large enough, nothing is too wide or too heavy.

    All pages are of one palette: one after the other shows its colours to axe in the dark, or in
    large letters; `make prove` looks at each in every mode and as every role.
    """
    several: Found = found(here, side)
    assert not several.unseen, "no role sees: " + ", ".join(several.unseen)
    wrong: list[str] = []
    visits: dict[str, Visit] = {}
    try:
        for n, (one, role) in enumerate(several.shown):
            if role not in visits:
                visits[role] = Visit(chromium, here, role, "zh.plain.light")
            visits[role].open(one)
            looked = _looked_at(visits[role], ("dark",) if n % 2 else ("large",))
            wrong += [f"{one.name} as {role}: {found}" for found in looked]
    finally:
        for visit in visits.values():
            visit.close()
    assert not wrong, "\n".join(wrong)
