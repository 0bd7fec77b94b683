"""Namesakes: the members of a name, each told from the others without saying who they are.

A name is found by its keyed hash, whole and exact; what is shown of somebody is the masked name,
the number, and the tail of the phone, by which whoever knows them knows them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select

from creditbank.core.units import View
from creditbank.people import masks
from creditbank.people.members import Status, members
from creditbank.people.persons import NAME, NAME_MOST, PHONE, hash_of, lookups, persons


@dataclass(frozen=True, slots=True)
class Known:
    """What may be seen of a member to tell them from another of the same name."""

    member_id: str
    number: str
    community_id: str
    name: str = field(repr=False)
    tail: str | None = field(repr=False)


def of_names(
    view: View, names: Iterable[str], *, within: tuple[str, ...] | None = None
) -> dict[str, list[str]]:
    """Return the active members of each of these names, exactly; who has none is left out."""
    hashes = {
        hash_of(view, NAME, one): one
        for name in names
        if 1 <= len(one := name.strip()) <= NAME_MOST
    }
    if not hashes:
        return {}
    query = (
        select(lookups.c.hash, members.c.member_id)
        .join(
            members,
            (members.c.bank_id == lookups.c.bank_id) & (members.c.member_id == lookups.c.holder_id),
        )
        .where(
            lookups.c.bank_id == view.bank_id,
            lookups.c.what == NAME,
            lookups.c.hash.in_(sorted(hashes)),
            members.c.status == Status.ACTIVE,
        )
        .order_by(members.c.member_id)
    )
    if within is not None:
        query = query.where(members.c.community_id.in_(within))
    found: dict[str, list[str]] = {}
    for row in view.rows(query):
        found.setdefault(hashes[row.hash], []).append(row.member_id)
    return found


def of_numbers(
    view: View, numbers: Iterable[str], *, within: tuple[str, ...] | None = None
) -> dict[str, str]:
    """Return the active member of each of these numbers; who has none is left out."""
    wanted = sorted({one.strip() for one in numbers})
    query = select(members.c.number, members.c.member_id).where(
        members.c.bank_id == view.bank_id,
        members.c.number.in_(wanted),
        members.c.status == Status.ACTIVE,
    )
    if within is not None:
        query = query.where(members.c.community_id.in_(within))
    return {row.number: row.member_id for row in view.rows(query)}


def those_within(
    view: View, member_ids: Iterable[str], *, within: tuple[str, ...] | None
) -> set[str]:
    """Return those of these members who live in some communities; None is the whole bank."""
    query = select(members.c.member_id).where(
        members.c.bank_id == view.bank_id, members.c.member_id.in_(sorted(set(member_ids)))
    )
    if within is not None:
        query = query.where(members.c.community_id.in_(within))
    return {row.member_id for row in view.rows(query)}


def known(view: View, member_ids: Iterable[str]) -> dict[str, Known]:
    """Return what may be seen of these members, by id; who is not known is left out."""
    rows = view.rows(
        select(
            members.c.member_id,
            members.c.number,
            members.c.community_id,
            persons.c.key_id,
            persons.c.name,
            persons.c.phone,
        )
        .outerjoin(
            persons,
            (persons.c.bank_id == members.c.bank_id) & (persons.c.holder_id == members.c.member_id),
        )
        .where(members.c.bank_id == view.bank_id, members.c.member_id.in_(sorted(set(member_ids))))
    )

    def plain(key_id: str | None, what: str, sealed: str | None) -> str | None:
        if key_id is None or sealed is None:
            return None
        return view.vault.unseal(key_id, what, sealed)

    return {
        row.member_id: Known(
            row.member_id,
            row.number,
            row.community_id,
            masks.name(plain(row.key_id, NAME, row.name) or ""),
            masks.tail(phone) if (phone := plain(row.key_id, PHONE, row.phone)) else None,
        )
        for row in rows
    }
