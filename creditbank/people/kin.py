"""Kin: who stands for whom where law 7 is asked. Nobody approves for those close to them.

Close are the rows of one person: those with the same document number, and those that were merged,
whichever into the other; and who shares a household with one of them, or did within the last days
in which work is reviewed: nobody moves out for a review.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select

from creditbank.core.units import Actor, View
from creditbank.people import stays
from creditbank.people.documents import same_person
from creditbank.people.members import members

_MOVED_OUT = timedelta(days=90)


def close_to(view: View, ids: Iterable[str | None]) -> frozenset[str]:
    """Return these holders and everyone who is close to one of them."""
    own = rows_of(view, frozenset(one for one in ids if one is not None))
    if not own:
        return own
    mates = stays.housemates(view, own, view.now - _MOVED_OUT)
    return own | rows_of(view, mates)


def same(view: View, holder_id: str) -> frozenset[str]:
    """Return all rows of the person whose row this is, itself among them."""
    return rows_of(view, frozenset({holder_id}))


def rows_of(view: View, known: frozenset[str]) -> frozenset[str]:
    """Return these holders and all other rows of the same people."""
    while known:
        found = same_person(view, known) | _merged_with(view, known)
        if found == known:
            break
        known = found
    return known


def of_actor(view: View, actor: Actor) -> frozenset[str]:
    """Return who acts, the member behind, and everyone close to them."""
    return close_to(view, (actor.id, actor.member_id))


def _merged_with(view: View, ids: frozenset[str]) -> frozenset[str]:
    """Return the members on the other side of a merger with one of these."""
    wanted = sorted(ids)
    of = members.c
    rows = [
        row
        for which in (of.member_id, of.merged_into)
        for row in view.rows(
            select(of.member_id, of.merged_into).where(
                of.bank_id == view.bank_id, of.merged_into.is_not(None), which.in_(wanted)
            )
        )
    ]
    return frozenset(one for row in rows for one in (row.member_id, row.merged_into))
