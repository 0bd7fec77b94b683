"""The audit: small proofs over the books, with SQL of their own and no code shared with posting.

Each proof takes a View and returns findings; none means proven. Other wings keep a list of the
same shape for their own tables. A row of every query is one thing that should not be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text

from creditbank.core.units import View

FINDINGS_MOST = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that should not be: which proof failed, on what, and how."""

    proof: str
    subject: str
    detail: str


Proof = Callable[[View], list[Finding]]


def findings(view: View, proof: str, sql: str) -> list[Finding]:
    """Run a query whose rows (subject, detail) are findings; at most 100 are returned.

    The query names the bank as ``:bank_id``.
    """
    statement = text(f"{sql} LIMIT {FINDINGS_MOST}")  # the text is a constant of a proof
    rows = view.connection.execute(statement, {"bank_id": view.bank_id})
    return [Finding(proof, str(row[0]), str(row[1])) for row in rows]


_SIDES = """
    SELECT p.bank_id, p.source_id AS account_id, p.source_version AS version, -p.units AS units,
           p.source_balance AS balance_after, p.transfer_id
    FROM posting p WHERE p.bank_id = :bank_id
    UNION ALL
    SELECT p.bank_id, p.destination_id, p.destination_version, p.units,
           p.destination_balance, p.transfer_id
    FROM posting p WHERE p.bank_id = :bank_id
"""


def every_asset_sums_to_zero(view: View) -> list[Finding]:
    """What accounts hold is exactly what came in from the unbounded ones, asset by asset."""
    return findings(
        view,
        "every asset sums to zero",
        f"""
        SELECT asset_code, 'sum is ' || sum(units) FROM (
            SELECT a.asset_code, a.balance AS units FROM account a
            WHERE a.bank_id = :bank_id AND a.balance IS NOT NULL
            UNION ALL
            SELECT a.asset_code, s.units FROM ({_SIDES}) s
            JOIN account a ON a.bank_id = s.bank_id AND a.account_id = s.account_id
            WHERE a.bank_id = :bank_id AND a.balance IS NULL
        ) parts GROUP BY asset_code HAVING sum(units) <> 0 ORDER BY asset_code
        """,
    )


def postings_stay_in_one_asset(view: View) -> list[Finding]:
    """Both sides of a posting are in the same asset."""
    return findings(
        view,
        "postings stay in one asset",
        """
        SELECT p.transfer_id, s.asset_code || ' to ' || d.asset_code FROM posting p
        JOIN account s ON s.bank_id = p.bank_id AND s.account_id = p.source_id
        JOIN account d ON d.bank_id = p.bank_id AND d.account_id = p.destination_id
        WHERE p.bank_id = :bank_id AND s.asset_code <> d.asset_code
        """,
    )


def balances_are_their_postings(view: View) -> list[Finding]:
    """A balance is the sum of its postings, and its version counts them."""
    return findings(
        view,
        "balances are their postings",
        f"""
        SELECT a.address || ' ' || a.asset_code,
               'balance ' || a.balance || ', postings ' || coalesce(sum(s.units), 0)
               || ', version ' || a.version || ', count ' || count(s.units)
        FROM account a LEFT JOIN ({_SIDES}) s
             ON s.bank_id = a.bank_id AND s.account_id = a.account_id
        WHERE a.bank_id = :bank_id AND a.balance IS NOT NULL
        GROUP BY a.account_id, a.address, a.asset_code, a.balance, a.version
        HAVING a.balance <> coalesce(sum(s.units), 0) OR a.version <> count(s.units)
        """,
    )


def chains_are_whole(view: View) -> list[Finding]:
    """Versions run 1, 2, 3 … without gap, each balance follows from the one before, time too."""
    return findings(
        view,
        "chains are whole",
        f"""
        SELECT address || ' ' || asset_code,
               'version ' || version || ' leaves ' || coalesce(balance_after, 0)
        FROM (
            SELECT a.address, a.asset_code, s.version, s.units, s.balance_after, t.recorded_at,
                   lag(s.version, 1, 0) OVER w AS version_before,
                   lag(s.balance_after, 1, 0) OVER w AS balance_before,
                   lag(t.recorded_at, 1) OVER w AS recorded_before
            FROM ({_SIDES}) s
            JOIN account a ON a.bank_id = s.bank_id AND a.account_id = s.account_id
            JOIN transfer t ON t.bank_id = s.bank_id AND t.transfer_id = s.transfer_id
            WHERE a.bank_id = :bank_id AND a.balance IS NOT NULL
            WINDOW w AS (PARTITION BY s.account_id ORDER BY s.version)
        ) steps
        WHERE version IS NULL OR balance_after IS NULL
           OR version <> version_before + 1
           OR balance_after <> balance_before + units
           OR recorded_at < recorded_before
        """,
    )


def unbounded_accounts_keep_nothing(view: View) -> list[Finding]:
    """An account without bounds has neither balance nor versions."""
    return findings(
        view,
        "unbounded accounts keep nothing",
        f"""
        SELECT a.address || ' ' || a.asset_code, 'version ' || s.version FROM ({_SIDES}) s
        JOIN account a ON a.bank_id = s.bank_id AND a.account_id = s.account_id
        WHERE a.bank_id = :bank_id AND a.balance IS NULL
          AND (s.version IS NOT NULL OR s.balance_after IS NOT NULL)
        """,
    )


def bounds_hold(view: View) -> list[Finding]:
    """No balance is, or ever was, outside the bounds of its account."""
    return findings(
        view,
        "bounds hold",
        f"""
        SELECT a.address || ' ' || a.asset_code, 'stood at ' || s.balance_after
        FROM ({_SIDES}) s
        JOIN account a ON a.bank_id = s.bank_id AND a.account_id = s.account_id
        WHERE a.bank_id = :bank_id
          AND (s.balance_after < a.floor OR s.balance_after > a.ceiling)
        """,
    )


def bounds_are_the_charts(view: View) -> list[Finding]:
    """Accounts of members, shops and funds have the bounds of the chart."""
    return findings(
        view,
        "bounds are the chart's",
        """
        SELECT a.address || ' ' || a.asset_code,
               'floor ' || coalesce(a.floor, 0) || ', ceiling ' || coalesce(a.ceiling, 0)
        FROM account a JOIN asset s ON s.bank_id = a.bank_id AND s.code = a.asset_code
        WHERE a.bank_id = :bank_id AND NOT CASE
            WHEN a.address IN ('issuance', 'expired', 'settled')
                THEN a.floor IS NULL AND a.ceiling IS NULL
            WHEN a.address LIKE 'outside/%' THEN a.ceiling IS NULL
            WHEN a.address LIKE 'member/%/held' THEN a.floor = 0 AND a.ceiling IS NULL
            WHEN a.address LIKE 'member/%/debt' THEN a.floor = -1000000 AND a.ceiling = 0
            WHEN a.address LIKE 'member/%' AND s.kind = 'honour'
                THEN a.floor = -1000000 AND a.ceiling IS NULL
            WHEN a.address LIKE 'merchant/%' THEN a.floor = -10000 AND a.ceiling IS NULL
            WHEN a.address LIKE 'member/%' OR a.address LIKE 'team/%' OR a.address LIKE 'fund/%'
                THEN a.floor = 0 AND a.ceiling IS NULL
            ELSE 1 = 0 END
        """,
    )


def transfers_have_postings(view: View) -> list[Finding]:
    """Every transfer has postings, numbered from 1 without a gap."""
    return findings(
        view,
        "transfers have postings",
        """
        SELECT t.transfer_id, count(p.n) || ' postings, last number ' || coalesce(max(p.n), 0)
        FROM transfer t LEFT JOIN posting p
             ON p.bank_id = t.bank_id AND p.transfer_id = t.transfer_id
        WHERE t.bank_id = :bank_id
        GROUP BY t.transfer_id HAVING count(p.n) = 0 OR count(p.n) <> max(p.n) OR min(p.n) <> 1
        """,
    )


def reversals_equal_their_originals(view: View) -> list[Finding]:
    """A reversal moves the original's total of the same assets; a hold's return is no flow."""
    return findings(
        view,
        "reversals equal their originals",
        """
        SELECT r.transfer_id, 'reverses ' || r.reverses || ', off by ' || sum(moved.units)
        FROM transfer r JOIN (
            SELECT t.transfer_id AS of_transfer, a.asset_code, p.units
            FROM transfer t
            JOIN posting p ON p.bank_id = t.bank_id AND p.transfer_id = t.transfer_id
            JOIN account a ON a.bank_id = p.bank_id AND a.account_id = p.source_id
            WHERE t.bank_id = :bank_id AND t.reverses IS NOT NULL
            UNION ALL
            SELECT t.transfer_id, a.asset_code, -p.units
            FROM transfer t
            JOIN posting p ON p.bank_id = t.bank_id AND p.transfer_id = t.reverses
            JOIN account a ON a.bank_id = p.bank_id AND a.account_id = p.source_id
            WHERE t.bank_id = :bank_id AND t.reverses IS NOT NULL
                AND a.address NOT LIKE 'member/%/held'
        ) moved ON moved.of_transfer = r.transfer_id
        WHERE r.bank_id = :bank_id AND r.reverses IS NOT NULL
        GROUP BY r.transfer_id, r.reverses, moved.asset_code HAVING sum(moved.units) <> 0
        """,
    )


def held_is_the_open_holds(view: View) -> list[Finding]:
    """What a member has on hold is the sum of the open holds."""
    return findings(
        view,
        "held is the open holds",
        """
        SELECT place, 'held and open differ by ' || sum(units) FROM (
            SELECT a.address || ' ' || a.asset_code AS place, a.balance AS units
            FROM account a WHERE a.bank_id = :bank_id AND a.address LIKE 'member/%/held'
            UNION ALL
            SELECT 'member/' || h.member_id || '/held ' || h.asset_code, -h.units
            FROM hold h WHERE h.bank_id = :bank_id AND h.state = 'authorised'
        ) parts GROUP BY place HAVING sum(units) <> 0
        """,
    )


def holds_resolve_once(view: View) -> list[Finding]:
    """An open hold has no ending, a closed one exactly one, and it is the one it says."""
    return findings(
        view,
        "holds resolve once",
        """
        SELECT h.hold_id, h.state || ', ' || count(t.key) || ' endings' FROM hold h
        LEFT JOIN transfer t ON t.bank_id = h.bank_id AND t.key IN (
            'hold/' || h.hold_id || '/capture', 'hold/' || h.hold_id || '/voided',
            'hold/' || h.hold_id || '/expired')
        WHERE h.bank_id = :bank_id
        GROUP BY h.hold_id, h.state
        HAVING CASE WHEN h.state = 'authorised' THEN count(t.key) <> 0
               WHEN h.state = 'captured'
                   THEN count(t.key) <> 1 OR max(t.key) <> 'hold/' || h.hold_id || '/capture'
               ELSE count(t.key) <> 1 OR max(t.key) <> 'hold/' || h.hold_id || '/' || h.state END
        """,
    )


_PLACES = """
    SELECT a.account_id, a.asset_code, CASE
        WHEN a.balance IS NULL OR a.address LIKE 'merchant/%' THEN a.address
        WHEN a.address LIKE 'member/%' THEN 'member'
        WHEN a.address LIKE 'team/%' THEN 'team'
        WHEN a.address LIKE 'fund/%' THEN 'fund'
        ELSE 'outside' END AS place
    FROM account a WHERE a.bank_id = :bank_id
"""


def days_are_summed_up_rightly(view: View) -> list[Finding]:
    """The totals of each day that is over are what its postings add up to, place by place."""
    return findings(
        view,
        "days are summed up rightly",
        f"""
        SELECT day || ' ' || asset_code || ' ' || kind || ' ' || source || ' to ' || destination,
               'kept and postings differ by ' || sum(units) || ' units, ' || sum(n) || ' postings'
        FROM (
            SELECT d.day, d.asset_code, d.kind, d.source, d.destination, d.units, d.postings AS n
            FROM day_total d
            JOIN summed_day w ON w.bank_id = d.bank_id AND w.day = d.day AND w.is_whole
            WHERE d.bank_id = :bank_id
            UNION ALL
            SELECT day, asset_code, kind, source, destination, -sum(units), -count(*) FROM (
                SELECT (SELECT w.day FROM summed_day w
                        WHERE w.bank_id = :bank_id AND w.begins_at <= t.recorded_at
                        ORDER BY w.begins_at DESC LIMIT 1) AS day,
                       s.asset_code, t.kind, s.place AS source, d.place AS destination, p.units
                FROM transfer t
                JOIN posting p ON p.bank_id = t.bank_id AND p.transfer_id = t.transfer_id
                JOIN ({_PLACES}) s ON s.account_id = p.source_id
                JOIN ({_PLACES}) d ON d.account_id = p.destination_id
                WHERE t.bank_id = :bank_id AND t.recorded_at < (
                    SELECT max(w.reached_at) FROM summed_day w
                    WHERE w.bank_id = :bank_id AND w.is_whole)
            ) moved GROUP BY day, asset_code, kind, source, destination
        ) parts GROUP BY day, asset_code, kind, source, destination
        HAVING sum(units) <> 0 OR sum(n) <> 0
        ORDER BY day, asset_code, kind, source, destination
        """,
    )


PROOFS: tuple[Proof, ...] = (
    every_asset_sums_to_zero,
    postings_stay_in_one_asset,
    balances_are_their_postings,
    chains_are_whole,
    unbounded_accounts_keep_nothing,
    bounds_hold,
    bounds_are_the_charts,
    transfers_have_postings,
    reversals_equal_their_originals,
    held_is_the_open_holds,
    holds_resolve_once,
    days_are_summed_up_rightly,
)
