"""The audit of the shops: quiet on a year of honest work, and loud on each kind of tampering."""

import pytest
from sqlalchemy import text

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from merchants import audit, cancellations, checkout, refunds
from tests.merchant_builders import ITEM, Street, step

TAMPERINGS = [
    ("payments are their transfers", "UPDATE redemption SET points = 2 WHERE state = 'paid'"),
    ("payments have redemptions", "UPDATE redemption SET transfer_id = NULL WHERE state = 'paid'"),
    (
        "refunds are within payments",
        "UPDATE redemption SET refunded_points = 2 WHERE state = 'refunded_in_part'",
    ),
    (
        "refunds are within payments",
        "UPDATE redemption SET state = 'refunded' WHERE state = 'refunded_in_part'",
    ),
    (
        "voided payments are reversed",
        "UPDATE redemption SET state = 'voided' WHERE state = 'paid'",
    ),
    ("voided payments are reversed", "UPDATE redemption SET state = 'paid' WHERE state = 'voided'"),
    ("codes work once", "UPDATE pay_code SET state = 'live' WHERE state = 'used'"),
    ("holds match redemptions", "UPDATE hold SET state = 'captured' WHERE state = 'authorised'"),
    (
        "holds match redemptions",
        "UPDATE redemption SET state = 'cancelled' WHERE state = 'authorised'",
    ),
    (
        "counters are their redemptions",
        "UPDATE counter SET used = used + 1 WHERE what = 'offer-day'",
    ),
    ("counters are their redemptions", "UPDATE counter SET used = 9 WHERE what = 'item-stock'"),
    (
        "counters are their redemptions",
        "UPDATE counter SET used = used + 1 WHERE what = 'no-pin-payments'",
    ),
]


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Street:
    """A shop in which everything happened once."""
    street = Street(database, clock, step(most_per_member_day=50, most_per_merchant_day=500))
    item = street.adopt(ITEM)
    ann = street.member()
    till = street.till_id
    street.pay(street.code(ann))
    street.pay(street.code(street.member()), None, offer_id=item)
    voided = street.pay(street.code(ann)).redemption_id
    street.by(till, lambda unit: cancellations.void(unit, redemption_id=voided, key="v" * 16))
    partly = street.pay(street.code(ann)).redemption_id
    street.by(till, lambda unit: refunds.refund(unit, redemption_id=partly, points=1, key="r" * 16))
    captured = street.scanned(ann, 6000)
    street.authorise(captured)
    street.by(
        till,
        lambda unit: checkout.capture(unit, redemption_id=captured, points=2, key="c" * 16),
    )
    street.authorise(street.scanned(ann))
    street.scanned(street.member())
    return street


@pytest.mark.parametrize(("proof", "statement"), TAMPERINGS)
def test_each_proof_finds_its_tampering(street: Street, proof: str, statement: str) -> None:
    """Nothing is found in honest rows; a row changed by hand is."""
    assert [] == street.faults()
    changed = street.database.install(
        lambda connection, _now: (
            connection.execute(
                text(f"{statement} AND bank_id = :bank_id"), {"bank_id": street.bank_id}
            ).rowcount
        )
    )
    assert changed > 0
    found = street.see(lambda view: [one.proof for prove in audit.PROOFS for one in prove(view)])
    assert proof in found


def test_every_proof_is_tried() -> None:
    """Each proof has a tampering of its own."""
    names = {prove.__name__.replace("_", " ") for prove in audit.PROOFS}
    assert names == {proof for proof, _ in TAMPERINGS}
