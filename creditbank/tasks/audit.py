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
    """An approval without an issue is of less than an hour, met a cap, or was carried along.

    Nothing is too short for what a task gives per person.
    """
    return findings(
        view,
        "short services only earn nothing",
        """
        SELECT c.claim_id, 'approved without an issue' FROM claim c
        JOIN task_reward r ON r.bank_id = c.bank_id AND r.task_id = c.task_id
        WHERE c.bank_id = :bank_id AND c.state = 'approved' AND c.transfer_id IS NULL
          AND (r.per = 'person' OR c.approved_minutes >= 60) AND NOT EXISTS (
              SELECT 1 FROM credit_count k WHERE k.bank_id = c.bank_id
                  AND k.claim_id = c.claim_id AND (
                      k.what = 'refused' OR (k.what = 'carried' AND r.per = 'hour')))
        """,
    )


def places_are_counted(view: View) -> list[Finding]:
    """No task has more places taken than it has, and the kept count is the counted one."""
    return findings(
        view,
        "places are counted",
        """
        SELECT task_id, held || ' held, ' || placed || ' kept, ' || capacity || ' places' FROM (
            SELECT t.task_id, t.placed, t.capacity,
                CASE WHEN t.capacity_unit = 'family'
                    THEN count(DISTINCT coalesce(c.party_id, c.claim_id))
                    ELSE count(c.claim_id) END AS held
            FROM task t
            LEFT JOIN claim c ON c.bank_id = t.bank_id AND c.task_id = t.task_id
                AND c.state NOT IN ('waiting', 'lapsed', 'withdrawn')
            WHERE t.bank_id = :bank_id
            GROUP BY t.task_id, t.placed, t.capacity, t.capacity_unit
        ) counted WHERE held > capacity OR held <> placed ORDER BY task_id
        """,
    )


def numbers_of_the_queue_are_given_once(view: View) -> list[Finding]:
    """Who waits or was asked has a number that the task gave out, and no two share one."""
    return findings(
        view,
        "numbers of the queue are given once",
        """
        SELECT task_id, 'number ' || coalesce(position, 0) || ' of ' || queued || ', '
            || many || ' times' FROM (
            SELECT t.task_id, t.queued, c.position,
                count(DISTINCT coalesce(c.party_id, c.claim_id)) AS many
            FROM claim c JOIN task t ON t.bank_id = c.bank_id AND t.task_id = c.task_id
            WHERE c.bank_id = :bank_id
                AND (c.position IS NOT NULL OR c.state IN ('waiting', 'offered'))
            GROUP BY t.task_id, t.queued, c.position
        ) given WHERE many > 1 OR position IS NULL OR position NOT BETWEEN 1 AND queued
        ORDER BY task_id
        """,
    )


def nobody_is_in_two_places(view: View) -> list[Finding]:
    """No two claims of one member that hold a place take the same time, since this is watched."""
    return findings(
        view,
        "nobody is in two places",
        """
        WITH held AS (
            SELECT c.member_id, c.claim_id, c.task_id,
                CASE WHEN coalesce(c.signed_in_at, c.placed_at, t.starts_at) < t.starts_at
                    THEN t.starts_at
                    ELSE coalesce(c.signed_in_at, c.placed_at, t.starts_at) END AS begins,
                coalesce(c.signed_out_at, t.ends_at) AS ends
            FROM claim c JOIN task t ON t.bank_id = c.bank_id AND t.task_id = c.task_id
            WHERE c.bank_id = :bank_id AND (c.placed_at IS NOT NULL OR c.state = 'offered'
                    OR c.signed_in_how = 'afterwards')
                AND c.state NOT IN ('waiting', 'lapsed', 'withdrawn', 'no_show', 'revoked')
        )
        SELECT one.claim_id, 'at the same time as ' || other.claim_id
        FROM held one JOIN held other ON other.member_id = one.member_id
            AND other.claim_id > one.claim_id
            AND other.begins < one.ends AND one.begins < other.ends
        ORDER BY one.claim_id
        """,
    )


def parties_are_of_one_task(view: View) -> list[Finding]:
    """Whoever came with a family or team came to the task that it claimed."""
    return findings(
        view,
        "parties are of one task",
        """
        SELECT c.claim_id, 'of another task than ' || c.party_id FROM claim c
        JOIN party p ON p.bank_id = c.bank_id AND p.party_id = c.party_id
        WHERE c.bank_id = :bank_id AND p.task_id <> c.task_id ORDER BY c.claim_id
        """,
    )


def nobody_reviews_own_work(view: View) -> list[Finding]:
    """Who takes part, created it or noted who came reviews nothing, nor who lives with them.

    A second person withdraws, looks again, and decides about a dispute.
    """
    return findings(
        view,
        "nobody reviews own work",
        """
        SELECT c.claim_id, 'decided by ' || c.decided_by FROM claim c
        JOIN task t ON t.bank_id = c.bank_id AND t.task_id = c.task_id
        WHERE c.bank_id = :bank_id AND c.decided_by IS NOT NULL AND (
            c.decided_by = t.created_by OR c.decided_by_member = t.created_by_member
            OR c.decided_by_member = c.member_id OR c.revoked_by = c.decided_by
            OR c.second_looked_by IN (c.decided_by, t.created_by)
            OR c.second_looked_by_member IN (c.decided_by_member, c.member_id)
            OR (c.disputed_at IS NOT NULL AND c.state <> 'disputed' AND (
                c.decided_by = c.first_decided_by
                OR c.decided_by_member = c.first_decided_by_member
            ))
            OR EXISTS (
                SELECT 1 FROM household_member mine
                JOIN household_member theirs ON theirs.bank_id = mine.bank_id
                    AND theirs.household_id = mine.household_id
                WHERE mine.bank_id = c.bank_id AND mine.member_id = c.member_id
                  AND theirs.member_id = c.decided_by_member
                  AND mine.joined_at <= c.decided_at AND theirs.joined_at <= c.decided_at
                  AND (mine.left_at IS NULL OR mine.left_at > c.decided_at)
                  AND (theirs.left_at IS NULL OR theirs.left_at > c.decided_at)
            )
            OR c.decided_by IN (c.claimed_by, c.signed_in_by, c.signed_out_by)
            OR c.decided_by_member IN (
                c.claimed_by_member, c.signed_in_by_member, c.signed_out_by_member
            )
        )
        """,
    )


def caps_are_what_services_took(view: View) -> list[Finding]:
    """What counters of minutes, caps and remainders hold is what approved services added."""
    return findings(
        view,
        "caps are what services took",
        """
        SELECT what || ' ' || who || ' ' || day, 'counter and services differ by ' || sum(units)
        FROM (
            SELECT CASE WHEN n.what = 'carried-owed' THEN 'carried' ELSE n.what END AS what,
                   n.who AS who, n.day AS day,
                   CASE WHEN n.what = 'carried-owed' THEN -n.used ELSE n.used END AS units
            FROM counter n WHERE n.bank_id = :bank_id AND n.what IN (
                'minutes-day', 'earned-day', 'earned-month', 'carried', 'carried-owed')
            UNION ALL
            SELECT k.what, k.who, k.day, -k.units FROM credit_count k
            JOIN claim c ON c.bank_id = k.bank_id AND c.claim_id = k.claim_id
            WHERE k.bank_id = :bank_id AND c.state = 'approved' AND k.what <> 'refused'
        ) parts GROUP BY what, who, day HAVING sum(units) <> 0
        """,
    )


PROOFS: list[Proof] = [
    approved_services_are_credited_once,
    short_services_only_earn_nothing,
    caps_are_what_services_took,
    places_are_counted,
    numbers_of_the_queue_are_given_once,
    nobody_is_in_two_places,
    parties_are_of_one_task,
    nobody_reviews_own_work,
]
