"""Expiry at full size: the time it takes, what a checkout waits, and spends in the same second."""

from datetime import timedelta

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.ledger import audit
from tests.books import Books
from tests.faults import expiring
from tests.merchant_builders import Street
from tests.proofs.conftest import Proof


@pytest.mark.parametrize("backend", ["postgres"])
def test_a_million_inflows(database: Database, clock: ManualClock, proof: Proof) -> None:
    """Expiry for 100,000 members with 1,000,000 inflows, in slices, beside checkouts."""
    street = Street(database, clock)
    street.rules(no_pin_points_day=1_000_000, no_pin_payments_day=10_000)
    last = street.see(lambda view: view.today)
    days = tuple(last + timedelta(days=300) if n % 3 else last for n in range(9))
    expiring.fill(street, members=100_000, days=(*days, None), units=5)
    clock.advance(days=1)
    found = expiring.expire_while_shopping(street, shoppers=1)
    wrong = street.see(lambda view: [one for ask in audit.PROOFS for one in ask(view)])
    gone = street.see(expiring.expired)
    proof(
        "expiry for 100,000 members with 1,000,000 inflows: about 30 s, a checkout waits ≤ 1 s",
        f"{gone:,} points of 100,000 members in {found.seconds:.1f} s, {found.slices:,} slices, "
        f"the longest {found.longest_slice_s * 1000:.0f} ms, the middle one "
        f"{found.middle_slice_s * 1000:.0f} ms; {found.checkouts:,} checkouts meanwhile, "
        f"the longest waited {found.longest_wait_s:.2f} s; {len(wrong)} findings of the audit",
        met=gone == 1_500_000 and found.seconds <= 36 and found.longest_wait_s <= 1 and wrong == [],
    )


def test_five_hundred_spends(database: Database, backend: str, proof: Proof) -> None:
    """500 spends in the second of expiry."""
    books = Books(database)
    found = expiring.spend_in_the_second(books, spends=500, threads=8)
    wrong = books.wrongs()
    proof(
        f"500 spends in the second of expiry ({backend})",
        f"{found['spent']} spent, {found['expired']} expired, {found['neither or both']} neither "
        f"or both",
        met=found["spent"] + found["expired"] == 500 and wrong == [],
    )
