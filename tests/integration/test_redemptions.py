"""Redemptions: scan, redeem, authorise and capture, step by step."""

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.merchant_builders import Street


def test_smoke(database: Database, clock: ManualClock) -> None:
    """x."""
    street = Street(database, clock)
    ann = street.member()
    r = street.redeem(street.scanned(ann, 6000))
    print(r)
    assert r.points == 6
    r = street.pay(street.code(ann), 3000)
    assert [] == street.faults()
    print(street.asked("street-key-0000003") if 0 else "")
