"""The audit of the shops: small proofs with SQL of their own; a row of a query is a finding."""

from __future__ import annotations

from creditbank.core.units import View
from creditbank.ledger.audit import Finding, Proof, findings


def payments_are_their_transfers(view: View) -> list[Finding]:
    """What a redemption took is what its transfer brought to the merchant, and it refers to it."""
    return findings(
        view,
        "payments are their transfers",
        """
        SELECT r.redemption_id, r.state || ', points ' || r.points || ', moved '
               || coalesce(sum(p.units), 0)
        FROM redemption r
        LEFT JOIN transfer t ON t.bank_id = r.bank_id AND t.transfer_id = r.transfer_id
             AND t.kind = 'redeem' AND t.refers_to = r.redemption_id
        LEFT JOIN account a ON a.bank_id = r.bank_id
             AND a.address = 'merchant/' || r.merchant_id AND a.asset_code = r.asset_code
        LEFT JOIN posting p ON p.bank_id = r.bank_id AND p.transfer_id = t.transfer_id
             AND +p.destination_id = a.account_id
        WHERE r.bank_id = :bank_id AND (r.transfer_id IS NOT NULL
              OR r.state IN ('paid', 'refunded_in_part', 'refunded'))
        GROUP BY r.redemption_id, r.state, r.points
        HAVING coalesce(sum(p.units), 0) <> r.points
        """,
    )


def payments_have_redemptions(view: View) -> list[Finding]:
    """Every payment of the books that refers to a redemption is that redemption's own."""
    return findings(
        view,
        "payments have redemptions",
        """
        SELECT t.transfer_id, 'refers to ' || t.refers_to FROM transfer t
        LEFT JOIN redemption r ON r.bank_id = t.bank_id AND r.redemption_id = t.refers_to
             AND r.transfer_id = t.transfer_id
        WHERE t.bank_id = :bank_id AND t.kind = 'redeem' AND t.refers_to LIKE 'red\\_%' ESCAPE '\\'
          AND r.redemption_id IS NULL
        """,
    )


def refunds_are_within_payments(view: View) -> list[Finding]:
    """What came back is what the books say came back, and never more than was taken."""
    return findings(
        view,
        "refunds are within payments",
        """
        SELECT r.redemption_id, 'took ' || r.points || ', says ' || r.refunded_points
               || ' back, moved ' || coalesce(sum(p.units), 0)
        FROM redemption r
        LEFT JOIN transfer t ON t.bank_id = r.bank_id AND t.refers_to = r.redemption_id
             AND t.kind = 'refund'
        LEFT JOIN posting p ON p.bank_id = t.bank_id AND p.transfer_id = t.transfer_id
        WHERE r.bank_id = :bank_id
        GROUP BY r.redemption_id, r.points, r.refunded_points, r.state
        HAVING coalesce(sum(p.units), 0) <> r.refunded_points
            OR r.refunded_points > r.points
            OR (r.state = 'refunded') <> (r.refunded_points = r.points AND r.refunded_points > 0)
            OR (r.state = 'refunded_in_part')
               <> (r.refunded_points > 0 AND r.refunded_points < r.points)
        """,
    )


def voided_payments_are_reversed(view: View) -> list[Finding]:
    """A payment is voided exactly when its transfer is reversed."""
    return findings(
        view,
        "voided payments are reversed",
        """
        SELECT r.redemption_id, r.state || ', reversed by ' || coalesce(t.transfer_id, 'nothing')
        FROM redemption r
        LEFT JOIN transfer t ON t.bank_id = r.bank_id AND t.reverses = r.transfer_id
        WHERE r.bank_id = :bank_id AND r.transfer_id IS NOT NULL
          AND (r.state = 'voided') <> (t.transfer_id IS NOT NULL)
        """,
    )


def codes_work_once(view: View) -> list[Finding]:
    """One pay code makes at most one redemption, its member's own, and is used then."""
    return findings(
        view,
        "codes work once",
        """
        SELECT c.pay_code_id, c.state || ', ' || count(r.redemption_id) || ' redemptions'
        FROM pay_code c
        JOIN redemption r ON r.bank_id = c.bank_id AND r.pay_code_id = c.pay_code_id
        WHERE c.bank_id = :bank_id
        GROUP BY c.pay_code_id, c.state, c.member_id
        HAVING count(r.redemption_id) > 1 OR c.state <> 'used'
            OR min(r.member_id) <> c.member_id
        """,
    )


def holds_match_redemptions(view: View) -> list[Finding]:
    """A redemption and its hold end alike; an expired hold may wait for its redemption's job."""
    return findings(
        view,
        "holds match redemptions",
        """
        SELECT r.redemption_id, r.state || ', hold ' || coalesce(h.state, 'missing')
        FROM redemption r
        LEFT JOIN hold h ON h.bank_id = r.bank_id AND h.hold_id = r.hold_id
        WHERE r.bank_id = :bank_id AND NOT CASE
            WHEN r.hold_id IS NULL THEN r.state <> 'authorised'
            WHEN h.hold_id IS NULL OR h.refers_to <> r.redemption_id THEN 1 = 0
            WHEN r.state = 'authorised' THEN h.state IN ('authorised', 'expired')
                 AND h.units = r.points
            WHEN r.state = 'expired' THEN h.state = 'expired'
            WHEN r.state = 'voided' AND r.transfer_id IS NULL THEN h.state = 'voided'
            ELSE h.state = 'captured' AND h.captured_units = r.points END
        """,
    )


_COUNTS = "('authorised', 'paid', 'refunded_in_part', 'refunded')"


def counters_are_their_redemptions(view: View) -> list[Finding]:
    """Each counter of the shops is the sum of the redemptions that count in it."""
    points, pieces = "r.points", "1"
    both, delegated = "r.offer_id || '/' || r.member_id", "r.member_id || '/' || r.delegate_id"
    day, without_pin = "CAST(r.day AS VARCHAR(10))", "coalesce(r.pin, '') <> 'used'"
    counted = (
        ("no-pin-points", "r.member_id", day, points, without_pin),
        ("no-pin-payments", "r.member_id", day, pieces, without_pin),
        ("offer-member-day", both, day, points, "1 = 1"),
        ("offer-day", "r.offer_id", day, points, "1 = 1"),
        ("item-stock", "r.offer_id", "''", pieces, "1 = 1"),
        ("item-member", both, "''", pieces, "1 = 1"),
        ("card-points", "r.member_id", day, points, "r.card_id IS NOT NULL"),
        ("delegate-points", delegated, day, points, "r.delegate_id IS NOT NULL"),
    )
    parts = " UNION ALL ".join(
        f"""
        SELECT '{what}' AS what, {who} AS who, {on} AS day, {units} AS units FROM redemption r
        WHERE r.bank_id = :bank_id AND r.state IN {_COUNTS} AND {where}
        """  # noqa: S608 - constants only
        for what, who, on, units, where in counted
    )
    names = ", ".join(f"'{what}'" for what, *_ in counted)
    return findings(
        view,
        "counters are their redemptions",
        f"""
        SELECT c.what || ' ' || c.who || ' ' || c.day,
               'counted ' || c.used || ', redemptions ' || coalesce(sum(s.units), 0)
        FROM counter c LEFT JOIN ({parts}) s
             ON s.what = c.what AND s.who = c.who AND s.day = c.day
        WHERE c.bank_id = :bank_id AND c.what IN ({names})
        GROUP BY c.what, c.who, c.day, c.used HAVING c.used <> coalesce(sum(s.units), 0)
        """,  # noqa: S608 - constants only
    )


PROOFS: tuple[Proof, ...] = (
    payments_are_their_transfers,
    payments_have_redemptions,
    refunds_are_within_payments,
    voided_payments_are_reversed,
    codes_work_once,
    holds_match_redemptions,
    counters_are_their_redemptions,
)
