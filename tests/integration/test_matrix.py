"""Who may do what: every cell of ``tests/matrix.txt``, on both databases."""

import pytest

from tests import matrix
from tests.matrix import DENIED, UNKNOWN, Copies
from tests.world import NOBODY, OWN


@pytest.fixture
def copies(request: pytest.FixtureRequest, database_url: str) -> Copies:
    """A world, to be copied."""
    return matrix.copies_for(request, database_url)


def test_the_matrix(copies: Copies, backend: str) -> None:
    """Every cell is as the table says; every route has its line and every line its route.

    Who may is decided before any SQL is said: on PostgreSQL the roles take turns.
    """
    found = matrix.wrong(copies, thorough=False, turns=backend == "postgres")
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("backend", ["sqlite"])
def test_the_matrix_of_pages(copies: Copies, backend: str) -> None:
    """Every page's cells are as the table says, with roles that take turns between targets.

    `make prove` tries each on both databases.
    """
    found = matrix.wrong(copies, thorough=False, pages=True, turns=True)
    assert not found, f"on {backend}\n" + "\n".join(found)


def test_what_proves_nothing_opens_nothing(copies: Copies, backend: str) -> None:
    """Tokens expired, forged, malformed or of another bank are unknown to every route."""
    made, rows, known = copies.world, matrix.table(), matrix.operations()
    guarded = [
        name
        for name in rows
        if rows[name][NOBODY] == UNKNOWN
        and set(rows[name].values()) != {UNKNOWN}
        and (backend == "sqlite" or not known[name].is_page)
    ]
    assert guarded
    with copies.opened() as client:
        for why, headers in made.dead.items():
            found = {
                name: matrix.come_to(
                    matrix.asked(client, known[name], made.ids[OWN], headers), made.canaries
                )
                for name in guarded
            }
            expected = DENIED if why == "of a suspended member" else UNKNOWN
            assert {} == {name: got for name, got in found.items() if got != expected}, why


def test_the_matrix_is_able_to_fail(copies: Copies, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is gone and a cell that says otherwise are told by route, role and target."""
    rows = dict(matrix.table())
    gone, other = "GET /me", "GET /members/{member_id}"
    del rows[gone]
    rows[other] = rows[other] | {"reviewer": "ok"}
    few = {name: rows[name] for name in (other, "GET /assets")}
    monkeypatch.setattr(matrix, "table", lambda: few)
    known = matrix.operations()
    monkeypatch.setattr(matrix, "operations", lambda: {name: known[name] for name in (gone, *few)})
    found = matrix.wrong(copies, thorough=False)
    differs, missing = sorted(found)
    assert f"{other} · reviewer · community: expected ok, got 403" == differs
    assert missing.startswith(f"add: {gone}")
