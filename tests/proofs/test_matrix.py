"""Who may do what, every cell asked for every target."""

import re

import pytest

from tests import matrix
from tests.proofs.conftest import Proof


def test_every_cell(proof: Proof, request: pytest.FixtureRequest, database_url: str) -> None:
    """Every route × every role × {own, other member, other shop, other community, other bank}."""
    copies = matrix.copies_for(request, database_url)
    wrong = [
        one for pages in (False, True) for one in matrix.wrong(copies, thorough=True, pages=pages)
    ]
    routes, roles = len(matrix.operations()), len(matrix.WHO)
    proof(
        f"who may do what: {routes} routes × {roles} roles × the targets of each, "
        f"{re.split('[:+]', database_url)[0]}",
        f"{len(wrong)} cells that are not as the table says, 0 names in refusals",
        met=not wrong,
    )
