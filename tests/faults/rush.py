"""Many at once at one shop: a quota of the day, one code at many tills, refunds of one payment.

Each race runs real threads into the writer and returns what every single one of them got.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from creditbank.core.units import Actor
from merchants import checkout, refunds
from merchants.errors import QuotaUsed
from merchants.receipts import Receipt
from tests.faults.market import NO_PIN
from tests.merchant_builders import Street, outcome, outcomes

_OFFICE = Actor("stf_treasurer", "treasurer")
_POINTS_EACH = 100_000


@dataclass(frozen=True, slots=True)
class Quota:
    """How many points were taken, by how many payments, and what the others were told."""

    points: int
    payments: int
    refused: int
    other: Counter[str]


def quota(street: Street, *, members: int, scans: int, tills: int) -> Quota:
    """Let members shop at once, again and again, on one day; every bill allows some points."""
    street.rules(**NO_PIN)
    at = [street.till() for _ in range(tills)]
    buyers = [street.member(_POINTS_EACH) for _ in range(members)]

    def shop(n: int) -> list[Any]:
        """One member, one payment after the other, at changing tills and with changing bills."""
        got = []
        for m in range(scans):
            code = street.code(buyers[n])
            cart_fen = 3000 * (1 + (n + m) % 3)
            work = partial(
                checkout.scan_and_redeem, code=code, cart_fen=cart_fen, key=f"quota-{n:05d}-{m:05d}"
            )
            till_id = at[(n + m) % tills]
            got.append(outcome(street.submit(till_id, work)))
        return got

    with ThreadPoolExecutor(members) as threads:
        got = [one for all_of_one in threads.map(shop, range(members)) for one in all_of_one]
    paid = [one for one in got if isinstance(one, Receipt)]
    rest = [one for one in got if not isinstance(one, Receipt)]
    return Quota(
        sum(one.points for one in paid),
        len(paid),
        rest.count(QuotaUsed),
        Counter(str(one) for one in rest if one is not QuotaUsed)
        + Counter("nothing" for one in paid if not one.points),
    )


def one_code(street: Street, *, tills: int, rounds: int) -> list[Counter[str]]:
    """Scan one code at many tills at once; returns for each round what they got."""
    street.rules(**NO_PIN)
    at = [street.till() for _ in range(tills)]
    buyer = street.member(_POINTS_EACH)
    found = []
    for n in range(rounds):
        code = street.code(buyer)
        racing: list[Future[Any]] = [
            street.submit(
                till_id,
                partial(
                    checkout.scan_and_redeem,
                    code=code,
                    cart_fen=3000,
                    key=f"one-code-{n:05d}-{m:05d}",
                ),
            )
            for m, till_id in enumerate(at)
        ]
        found.append(_named(outcomes(racing)))
    return found


def part_refunds(street: Street, *, captures: int, parallel: int) -> list[tuple[int, int, str]]:
    """Capture 30 points and refund 30 % of them many times at once.

    Returns for each capture what was captured, what came back, and what the refunds got.
    """
    street.rules(**NO_PIN)
    buyer = street.member(_POINTS_EACH)
    found = []
    for n in range(captures):
        redemption_id = street.scanned(buyer, 30_000)
        street.authorise(redemption_id, 30)
        paid = street.by(
            street.till_id,
            partial(checkout.capture, redemption_id=redemption_id, key=f"capture-number-{n:05d}"),
        )
        racing = [
            street.database.writer.submit(
                street.bank_id,
                _OFFICE,
                partial(
                    refunds.refund,
                    redemption_id=redemption_id,
                    points=9,
                    key=f"part-refund-{n:05d}-{m:03d}",
                ),
            )
            for m in range(parallel)
        ]
        got = _named(outcomes(racing))
        after = street.receipt(redemption_id)
        words = ", ".join(f"{count} {name}" for name, count in sorted(got.items()))
        found.append((paid.points, after.refunded_points, words))
    return found


def _named(got: list[Any]) -> Counter[str]:
    return Counter(one.__name__ if isinstance(one, type) else type(one).__name__ for one in got)
