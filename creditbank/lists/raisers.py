"""Raisers: what becomes of entries of the lists when who raised them leaves, or is merged."""

from __future__ import annotations

from sqlalchemy import select, update

from creditbank.core.units import Unit
from creditbank.lists import entries
from creditbank.lists.entries import DETAILS, REASON, EntryState
from creditbank.people import persons


def forget(unit: Unit, member_id: str) -> None:
    """Close what goes on of a member who leaves, and forget the details of all they raised."""
    of = entries.entries.c
    theirs = (of.bank_id == unit.bank_id, of.raiser_member_id == member_id)
    unit.run(update(entries.entries).where(*theirs).values(details=None))
    unit.run(
        update(entries.entries)
        .where(*theirs, of.ended.is_(False))
        .values(state=EntryState.CLOSED, ended=True, decided_at=unit.now, decided_by=unit.actor.id)
    )


def move(unit: Unit, old_id: str, kept_id: str) -> None:
    """Let the kept row of two that are one person go on with what the old one raised."""
    of = entries.entries.c
    theirs = select(entries.entries).where(
        of.bank_id == unit.bank_id, of.raiser_member_id == old_id
    )
    for row in unit.rows(theirs):
        found = entries.read(row)
        again = {
            what: None if said is None else persons.seal(unit, kept_id, what, said)
            for what in (DETAILS, REASON)
            for said in [entries.plain(unit, found, what)]
        }
        unit.run(
            update(entries.entries)
            .where(of.bank_id == unit.bank_id, of.entry_id == found.entry_id)
            .values(raiser_member_id=kept_id, details=again[DETAILS], reason=again[REASON])
        )
