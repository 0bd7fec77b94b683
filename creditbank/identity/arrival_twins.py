"""Twins: what of a list of newcomers is somebody's already."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from creditbank.core.units import View
from creditbank.people import persons
from creditbank.people.members import Status, members


def known(view: View, what: str, texts: Sequence[str]) -> set[str]:
    """Return which phones or document numbers of a list are a member's who has not left.

    Raises:
        BadField: one of them could be nobody's.
    """
    by_hash = {persons.hash_of(view, what, one): one for one in texts}
    rows = view.rows(
        select(persons.lookups.c.hash)
        .join(
            members,
            (members.c.bank_id == persons.lookups.c.bank_id)
            & (members.c.member_id == persons.lookups.c.holder_id),
        )
        .where(
            persons.lookups.c.bank_id == view.bank_id,
            persons.lookups.c.what == what,
            persons.lookups.c.hash.in_(sorted(by_hash)),
            members.c.status.in_([Status.APPLIED, Status.ACTIVE, Status.SUSPENDED]),
        )
    )
    return {by_hash[row.hash] for row in rows}


def numbers_taken(view: View, numbers: Sequence[str]) -> set[str]:
    """Return which of these numbers are given to somebody."""
    rows = view.rows(
        select(members.c.number).where(
            members.c.bank_id == view.bank_id, members.c.number.in_(sorted(numbers))
        )
    )
    return {row.number for row in rows}
