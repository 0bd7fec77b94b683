"""Proofs about standings and rankings; SQL of their own, the books are asked of the ledger."""

from __future__ import annotations

import hashlib

from sqlalchemy import text

from creditbank.core.units import View
from creditbank.ledger import earnings
from creditbank.ledger.audit import Finding, Proof, findings

_STANDING = "standings are what the books say"
_FROZEN = "frozen rankings are unchanged"


def standings_are_what_the_books_say(view: View) -> list[Finding]:
    """The roll-up of each period equals issues minus their reversals, member by member."""
    found = []
    periods = view.connection.execute(
        text("SELECT period_id, name FROM period WHERE bank_id = :bank_id ORDER BY name"),
        {"bank_id": view.bank_id},
    )
    for period_id, name in periods.all():
        rows = view.connection.execute(
            text(
                "SELECT member_id, asset_code, units FROM standing"
                " WHERE bank_id = :bank_id AND period_id = :period_id"
            ),
            {"bank_id": view.bank_id, "period_id": period_id},
        )
        kept = {(row.member_id, row.asset_code): int(row.units) for row in rows}
        raw = earnings.by_member(view, period_id)
        for place in sorted(kept.keys() | raw.keys()):
            there, wanted = kept.get(place, 0), raw.get(place, 0)
            if there != wanted:
                detail = f"{name} {place[1]}: kept {there}, books {wanted}"
                found.append(Finding(_STANDING, place[0], detail))
    return found


def frozen_rankings_are_unchanged(view: View) -> list[Finding]:
    """The hash of each frozen list is that of its rows, and none is missing or added."""
    heads = view.connection.execute(
        text(
            "SELECT r.period_id, p.name, r.asset_code, r.members, r.hash FROM ranking r"
            " JOIN period p ON p.bank_id = r.bank_id AND p.period_id = r.period_id"
            " WHERE r.bank_id = :bank_id ORDER BY p.name, r.asset_code"
        ),
        {"bank_id": view.bank_id},
    )
    found = []
    for head in heads.all():
        rows = view.connection.execute(
            text(
                "SELECT place, rank, member_id, units, tier, at_edge FROM ranking_row"
                " WHERE bank_id = :bank_id AND period_id = :period_id"
                " AND asset_code = :asset ORDER BY place"
            ),
            {"bank_id": view.bank_id, "period_id": head.period_id, "asset": head.asset_code},
        )
        chain = hashlib.sha256(f"{head.name}\t{head.asset_code}\n".encode()).hexdigest()
        members = 0
        for place, rank, member_id, units, tier, at_edge in rows:
            figures = f"{place}\t{rank}\t{member_id}\t{units}\t{tier or ''}\t{int(at_edge)}"
            chain = hashlib.sha256(f"{chain}\t{figures}\n".encode()).hexdigest()
            members += 1
        if (chain, members) != (head.hash, head.members):
            detail = f"{head.asset_code}: {members} rows, {chain} instead of {head.hash}"
            found.append(Finding(_FROZEN, head.name, detail))
    return found


def frozen_rankings_are_complete(view: View) -> list[Finding]:
    """A list holds every member who earned something in its period, and nobody else."""
    return findings(
        view,
        "frozen rankings are complete",
        """
        SELECT member_id, asset_code || ' ' || units || ' not ranked so' FROM (
            SELECT s.period_id, s.asset_code, s.member_id, s.units FROM standing s
            JOIN ranking r ON r.bank_id = s.bank_id AND r.period_id = s.period_id
                AND r.asset_code = s.asset_code
            WHERE s.bank_id = :bank_id AND s.units > 0
            EXCEPT
            SELECT w.period_id, w.asset_code, w.member_id, w.units FROM ranking_row w
            WHERE w.bank_id = :bank_id
        ) missing
        """,
    )


PROOFS: list[Proof] = [
    standings_are_what_the_books_say,
    frozen_rankings_are_unchanged,
    frozen_rankings_are_complete,
]
