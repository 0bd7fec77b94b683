"""Proofs about tasks, claims and reviews; SQL of their own, the books are asked of the ledger."""

from __future__ import annotations

from sqlalchemy import text

from creditbank.core.units import View
from creditbank.ledger import earnings
from creditbank.ledger.audit import Finding, Proof, findings

_CREDITED = "approved services are credited once"


def approved_services_are_credited_once(view: View) -> list[Finding]:
    """An approval has exactly one issue that stands, a withdrawn one has none, others never."""
    issued = {one.refers_to: one for one in earnings.issues_about(view, "clm")}
    rows = view.connection.execute(
        text("SELECT claim_id, state, transfer_id FROM claim WHERE bank_id = :bank_id"),
        {"bank_id": view.bank_id},
    )
    found = []
    for claim_id, state, transfer_id in rows:
        one = issued.pop(claim_id, None)
        made, undone = (0, 0) if one is None else (one.issues, one.reversed)
        credited = 0 if transfer_id is None else 1
        wanted = (credited, credited if state == "revoked" else 0)
        if state not in {"approved", "revoked"}:
            wanted = (0, 0)
        if (made, undone) != wanted:
            detail = f"{state}: {made} issues, {undone} of them reversed"
            found.append(Finding(_CREDITED, claim_id, detail))
    found.extend(Finding(_CREDITED, claim_id, "issue without its claim") for claim_id in issued)
    return found


def short_services_only_earn_nothing(view: View) -> list[Finding]:
    """An approval without an issue is of a task that gives nothing per person."""
    return findings(
        view,
        "short services only earn nothing",
        """
        SELECT c.claim_id, 'approved without an issue' FROM claim c
        JOIN task_reward r ON r.bank_id = c.bank_id AND r.task_id = c.task_id
        WHERE c.bank_id = :bank_id AND c.state = 'approved' AND c.transfer_id IS NULL
          AND r.per = 'person'
        """,
    )


def places_are_counted(view: View) -> list[Finding]:
    """No task has more claims than places, and the kept count is the counted one."""
    return findings(
        view,
        "places are counted",
        """
        SELECT task_id, held || ' held, ' || placed || ' kept, ' || capacity || ' places' FROM (
            SELECT t.task_id, t.placed, t.capacity, count(c.claim_id) AS held FROM task t
            LEFT JOIN claim c ON c.bank_id = t.bank_id AND c.task_id = t.task_id
                AND c.state <> 'withdrawn'
            WHERE t.bank_id = :bank_id GROUP BY t.task_id, t.placed, t.capacity
        ) counted WHERE held > capacity OR held <> placed ORDER BY task_id
        """,
    )


def nobody_reviews_own_work(view: View) -> list[Finding]:
    """Who takes part, created it or noted who came reviews nothing; a second person withdraws."""
    return findings(
        view,
        "nobody reviews own work",
        """
        SELECT c.claim_id, 'decided by ' || c.decided_by FROM claim c
        JOIN task t ON t.bank_id = c.bank_id AND t.task_id = c.task_id
        WHERE c.bank_id = :bank_id AND c.decided_by IS NOT NULL AND (
            c.decided_by = t.created_by OR c.decided_by_member = t.created_by_member
            OR c.decided_by_member = c.member_id OR c.revoked_by = c.decided_by
            OR c.decided_by IN (c.claimed_by, c.signed_in_by, c.signed_out_by)
            OR c.decided_by_member IN (
                c.claimed_by_member, c.signed_in_by_member, c.signed_out_by_member
            )
        )
        """,
    )


PROOFS: list[Proof] = [
    approved_services_are_credited_once,
    short_services_only_earn_nothing,
    places_are_counted,
    nobody_reviews_own_work,
]
