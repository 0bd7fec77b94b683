"""Whole checkouts in a rush: caps, codes and captures hold to the last point."""

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.faults import rush
from tests.merchant_builders import Street, step


def test_a_quota_is_used_to_the_last_point(database: Database, clock: ManualClock) -> None:
    """8 members × 5 scans of a quota of 100 points take exactly 100; all others are QuotaUsed."""
    street = Street(database, clock, step(most_per_merchant_day=100))
    got = rush.quota(street, members=8, scans=5, tills=3)
    assert 100 == got.points
    assert 40 == got.payments + got.refused
    assert {} == got.other
    assert 100 == street.taken()
    assert [] == street.faults()


def test_one_code_is_redeemed_once(database: Database, clock: ManualClock) -> None:
    """One pay code at ten tills at once, five rounds: one redemption a round."""
    street = Street(database, clock)
    got = rush.one_code(street, tills=10, rounds=5)
    assert [{"Receipt": 1, "CodeUsed": 9}] * 5 == got
    assert 5 * 3 == street.taken()
    assert [] == street.faults()


def test_refunds_never_exceed_the_capture(database: Database, clock: ManualClock) -> None:
    """Ten parallel refunds of 30 % of a capture: three come through, seven are too much."""
    street = Street(database, clock)
    got = rush.part_refunds(street, captures=3, parallel=10)
    assert [(30, 27, "7 RefundTooMuch, 3 Refunded")] * 3 == got
    assert 3 * 3 == street.taken()
    assert [] == street.faults()
