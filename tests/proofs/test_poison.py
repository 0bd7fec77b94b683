"""Every poison in every form, looked for on every page."""

import pytest

from tests import matrix, poison
from tests.integration.test_poison import look_for_life
from tests.proofs.conftest import Proof


@pytest.mark.parametrize("backend", ["sqlite"])
def test_every_poison(proof: Proof, request: pytest.FixtureRequest, database_url: str) -> None:
    """Markup, addresses and formulas in every text and file name are inert."""
    copies = matrix.copies_for(request, database_url)
    found = [look_for_life(copies, text) for text in poison.POISONS]
    proof(
        f"{len(found)} poisons in every text of every form and in file names",
        f"taken by up to {max(took for took, _ in found)} forms, shown by up to "
        f"{max(seen for _, seen in found)} pages and files: 0 alive",
        met=True,
    )
