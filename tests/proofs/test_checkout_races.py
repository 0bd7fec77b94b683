"""Whole checkouts in a rush, at full size."""

from collections import Counter

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.faults import rush
from tests.merchant_builders import Street, step
from tests.proofs.conftest import Proof


def test_a_quota_of_a_thousand(
    proof: Proof, database: Database, clock: ManualClock, backend: str
) -> None:
    """64 members × 100 scans, merchant quota of 1,000 points a day: exactly 1,000 points."""
    street = Street(database, clock, step(most_per_merchant_day=1000))
    got = rush.quota(street, members=64, scans=100, tills=8)
    faults = street.faults()
    proof(
        f"64 members × 100 scans, merchant quota of 1,000 points a day, {backend}",
        f"{got.points:,} points in {got.payments:,} payments, {got.refused:,} QuotaUsed, "
        f"{got.other.total()} other answers, {len(faults)} findings of the audit",
        met=got.points == street.taken() == 1000
        and got.payments + got.refused == 6400
        and not got.other
        and faults == [],
    )


def test_one_code_at_fifty_tills(
    proof: Proof, database: Database, clock: ManualClock, backend: str
) -> None:
    """One pay code at 50 tills at once, 200 rounds: 200 redemptions."""
    street = Street(database, clock)
    got = rush.one_code(street, tills=50, rounds=200)
    faults = street.faults()
    total: Counter[str] = sum(got, Counter())
    proof(
        f"one pay code at 50 tills at once, 200 rounds, {backend}",
        f"{total['Receipt']} redemptions, {total['CodeUsed']:,} CodeUsed, "
        f"{len(faults)} findings of the audit",
        met=got == [{"Receipt": 1, "CodeUsed": 49}] * 200
        and street.taken() == 600
        and faults == [],
    )


def test_a_thousand_part_refunds(
    proof: Proof, database: Database, clock: ManualClock, backend: str
) -> None:
    """100 captures × 10 parallel partial refunds of 30 %: never above the capture."""
    street = Street(database, clock)
    got = rush.part_refunds(street, captures=100, parallel=10)
    faults = street.faults()
    back = sum(refunded for _, refunded, _ in got)
    proof(
        f"100 captures × 10 parallel partial refunds of 30 %, {backend}",
        f"{len(got)} captures of 30, {back:,} points back, most of one capture "
        f"{max(refunded for _, refunded, _ in got)}, {len(faults)} findings of the audit",
        met=got == [(30, 27, "7 RefundTooMuch, 3 Refunded")] * 100
        and street.taken() == 300
        and faults == [],
    )
