"""Markup, addresses and formulas in every text and file name: inert on every page and in files."""

import re

import pytest

from tests import matrix, poison
from tests.matrix import Copies

LEAST_TAKEN = 20
LEAST_SHOWN = 5


@pytest.fixture
def copies(request: pytest.FixtureRequest, database_url: str) -> Copies:
    """A world, to be poisoned."""
    return matrix.copies_for(request, database_url)


@pytest.mark.parametrize("backend", ["sqlite"])
def test_what_people_write_stays_text(copies: Copies) -> None:
    """Sent in every form, looked at on every page: no element, handler, address or sum is born.

    `make prove` pours the other poisons, too, and looks as every role.
    """
    look_for_life(copies, poison.MARKUP, roles_most=2)


def look_for_life(
    copies: Copies, text: str, roles_most: int = len(poison.FIRST)
) -> tuple[int, int]:
    """Pour a poison into every form and look at every page; returns how many took it and show it.

    Raises:
        AssertionError: something of it is alive, or it came nowhere.
    """
    wrong: list[str] = []
    seen: set[str] = set()
    with copies.opened() as client:
        poured = poison.pour(client, copies.world, text)
        for one, role, answer in poison.shown(client, copies.world, roles_most):
            wrong += [f"{one.name} as {role}: {found}" for found in poison.alive(answer.text)]
            if "alert(7)" in answer.text or "cmd|" in answer.text:
                seen.add(one.name)
                cells = re.findall(r"(?:^|[,\t\n])\"?(=1\+7[^,\n]*)", answer.text)
                if "<!doctype" not in answer.text[:100] and "<" not in answer.text[:20]:
                    wrong += [f"{one.name}: {cell} begins a cell" for cell in cells]
    assert not wrong, "\n".join(sorted(set(wrong)))
    assert len(poured.took) >= LEAST_TAKEN, f"only {poured.took}; not {poured.refused}"
    assert len(seen) >= LEAST_SHOWN, f"only {sorted(seen)}"
    return len(poured.took), len(seen)


def test_the_look_finds_what_is_alive() -> None:
    """What would be alive on a page is found."""
    for text in (
        "<p><img src=q7 onerror=alert(7)></p>",
        '<p title="" onclick="x">',
        '<a href=" JavaScript:alert(7)//">',
        "<p style='x'>",
        "<script>x</script>",
        "&quot;&gt;&lt;img src=q7 onerror=alert(7)&gt;49",
    ):
        assert poison.alive(text), text
    assert [] == poison.alive("<p>&lt;img src=q7 onerror=alert(7)&gt;{{7*7}}</p>")
