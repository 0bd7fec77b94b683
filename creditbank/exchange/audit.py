"""The audit of the exchange: small proofs with SQL of their own, as those of the books."""

from __future__ import annotations

from creditbank.core.units import View
from creditbank.ledger.audit import Finding, Proof, findings


def services_paid_what_was_agreed(view: View) -> list[Finding]:
    """A service that is done moved its units once, from its receiver to its giver; no other did."""
    return findings(
        view,
        "services paid what was agreed",
        """
        SELECT s.service_id, s.state || ', ' || count(p.n) || ' postings'
        FROM service s
        LEFT JOIN transfer t ON t.bank_id = s.bank_id AND t.key = 'service/' || s.service_id
        LEFT JOIN posting p ON p.bank_id = t.bank_id AND p.transfer_id = t.transfer_id
        LEFT JOIN account a ON a.bank_id = p.bank_id AND a.account_id = p.source_id
        LEFT JOIN account b ON b.bank_id = p.bank_id AND b.account_id = p.destination_id
        WHERE s.bank_id = :bank_id
        GROUP BY s.service_id, s.state, s.kind, s.author_id, s.partner_id, s.units, s.asset_code,
                 s.transfer_id
        HAVING NOT CASE WHEN s.state = 'done'
            THEN count(p.n) = 1 AND max(t.transfer_id) = s.transfer_id AND max(t.kind) = 'service'
                 AND sum(p.units) = s.units AND max(a.asset_code) = s.asset_code
                 AND max(a.address) = 'member/' || CASE WHEN s.kind = 'offer'
                     THEN s.partner_id ELSE s.author_id END
                 AND max(b.address) = 'member/' || CASE WHEN s.kind = 'offer'
                     THEN s.author_id ELSE s.partner_id END
            ELSE count(p.n) = 0 END
        """,
    )


def handouts_reached_their_people(view: View) -> list[Finding]:
    """A hand-out that is done gave each of its people their units from its fund; no other did."""
    return findings(
        view,
        "hand-outs reached their people",
        """
        SELECT h.handout_id, h.state || ', ' || count(p.n) || ' of ' || count(s.member_id)
        FROM handout h
        JOIN handout_share s ON s.bank_id = h.bank_id AND s.handout_id = h.handout_id
        LEFT JOIN transfer t ON t.bank_id = h.bank_id AND t.key = 'handout/' || h.handout_id
        LEFT JOIN account b ON b.bank_id = s.bank_id AND b.address = 'member/' || s.member_id
             AND b.asset_code = h.asset_code
        LEFT JOIN posting p ON p.bank_id = t.bank_id AND p.transfer_id = t.transfer_id
             AND p.destination_id = b.account_id AND p.units = h.units_each
        WHERE h.bank_id = :bank_id
        GROUP BY h.handout_id, h.state
        HAVING count(p.n) <> CASE WHEN h.state = 'done' THEN count(s.member_id) ELSE 0 END
        """,
    )


def two_people_decided(view: View) -> list[Finding]:
    """Nobody confirmed what they had proposed themselves (law 7)."""
    return findings(
        view,
        "two people decided",
        """
        SELECT handout_id, 'proposed and confirmed by ' || decided_by FROM handout
        WHERE bank_id = :bank_id AND state = 'done' AND decided_by = proposed_by
        UNION ALL
        SELECT needy_id, 'named and confirmed by ' || confirmed_by FROM needy
        WHERE bank_id = :bank_id AND confirmed_by = named_by
        """,
    )


def gifts_go_between_members(view: View) -> list[Finding]:
    """A gift leaves one member for another; a donation never ends at a shop or a team."""
    return findings(
        view,
        "gifts go between members",
        """
        SELECT t.transfer_id, t.kind || ' from ' || a.address || ' to ' || b.address
        FROM transfer t
        JOIN posting p ON p.bank_id = t.bank_id AND p.transfer_id = t.transfer_id
        JOIN account a ON a.bank_id = p.bank_id AND a.account_id = p.source_id
        JOIN account b ON b.bank_id = p.bank_id AND b.account_id = p.destination_id
        WHERE t.bank_id = :bank_id AND NOT CASE
            WHEN t.kind = 'gift' THEN a.address LIKE 'member/%' AND b.address LIKE 'member/%'
            WHEN t.kind = 'donate' THEN b.address LIKE 'member/%' OR b.address LIKE 'fund/%'
            ELSE 1 = 1 END
        """,
    )


PROOFS: tuple[Proof, ...] = (
    services_paid_what_was_agreed,
    handouts_reached_their_people,
    two_people_decided,
    gifts_go_between_members,
)
