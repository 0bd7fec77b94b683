"""Finding members by what people say: a name or a part of one, a number, a phone or its tail.

Names and phones are sealed. A whole name, number or phone is looked up by its keyed hash; a part
of a name and the last digits of a phone are found by opening the members of the communities
asked for, up to a bound that keeps a look short; and only those whom the reader may see whole for
a reason, since who asks often enough would learn names and numbers by their parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.people import namesakes, persons
from creditbank.people.members import Member, Status, find, members

OPENED_MOST = 4_000
FOUND_MOST = 50
_TAIL = re.compile(r"[0-9]{4}")
_PHONE = re.compile(r"[0-9+][0-9 ()-]{5,20}")
_NUMBER = re.compile(r"[A-Za-z0-9-]{1,20}")


@dataclass(frozen=True, slots=True)
class Found:
    """Who was found; not ``whole`` where parts were not looked for among all members."""

    members: tuple[Member, ...]
    whole: bool


def search(
    view: View,
    text: str,
    *,
    within: tuple[str, ...] | None,
    opened: tuple[str, ...] | None,
) -> Found:
    """Return the members a text may mean, by number, at most fifty; those who left are left out.

    ``within`` are the communities that are looked in, ``opened`` those where phones, and parts of
    names, are looked at, too; None is the whole bank.
    """
    said = " ".join(text.split())
    if not said:
        return Found((), whole=True)
    sure = {*_by_number(view, said), *_looked_up(view, persons.NAME, said)}
    by_phone = set(_looked_up(view, persons.PHONE, said)) if _PHONE.fullmatch(said) else set()
    waiting = [] if opened == () else _ids(view, opened, limit=OPENED_MOST + 1)
    whole = len(waiting) <= OPENED_MOST
    parts = _opened(view, waiting, said) if whole and len(sure) < FOUND_MOST else set()
    every = namesakes.those_within(view, sure, within=within)
    every |= namesakes.those_within(view, by_phone, within=opened) | parts
    found = [find(view, one) for one in sorted(every)[: 2 * FOUND_MOST]]
    near = [one for one in found if one.status is not Status.CLOSED]
    near.sort(key=lambda one: one.number)
    return Found(tuple(near[:FOUND_MOST]), whole)


def _by_number(view: View, said: str) -> Iterable[str]:
    if not _NUMBER.fullmatch(said):
        return []
    rows = view.rows(
        select(members.c.member_id).where(
            members.c.bank_id == view.bank_id, members.c.number.in_([said, said.upper()])
        )
    )
    return [row.member_id for row in rows]


def _looked_up(view: View, what: str, said: str) -> Iterable[str]:
    """Return the members of a whole name or a whole phone."""
    try:
        holders = persons.looked_up(view, what, said)
    except BadField:
        return []
    rows = view.rows(
        select(members.c.member_id).where(
            members.c.bank_id == view.bank_id, members.c.member_id.in_(holders)
        )
    )
    return [row.member_id for row in rows]


def _ids(view: View, within: tuple[str, ...] | None, *, limit: int) -> Sequence[str]:
    query = select(members.c.member_id).where(
        members.c.bank_id == view.bank_id, members.c.status != Status.CLOSED
    )
    if within is not None:
        query = query.where(members.c.community_id.in_(within))
    return [row.member_id for row in view.rows(query.order_by(members.c.member_id).limit(limit))]


def _opened(view: View, member_ids: Sequence[str], said: str) -> set[str]:
    """Return whose name contains a text, or whose phone ends with four digits."""
    of, by_phone = persons.persons.c, _TAIL.fullmatch(said) is not None
    what, column = (persons.PHONE, of.phone) if by_phone else (persons.NAME, of.name)
    found = set()
    for start in range(0, len(member_ids), 500):
        rows = view.rows(
            select(of.holder_id, of.key_id, column.label("sealed")).where(
                of.bank_id == view.bank_id,
                of.holder_id.in_(member_ids[start : start + 500]),
                column.is_not(None),
            )
        )
        for row in rows:
            plain = view.vault.unseal(row.key_id, what, row.sealed)
            if plain and (plain.endswith(said) if by_phone else said in plain):
                found.add(row.holder_id)
    return found
