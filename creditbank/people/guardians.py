"""Guardians: who answers for a minor, and with whom a child may come along.

Guardians are who agreed for the child, as long as that consent stands, the registered parents,
and who is registered as guardian; each of them an active member who is not known to be a minor.
Nobody has a guardian from 18 on. Who comes along with a child is a guardian, or an adult of the
same household.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import select

from creditbank.core.units import View
from creditbank.people import ages, relatives, stays
from creditbank.people.consents import consents
from creditbank.people.members import Status, members
from creditbank.people.relatives import Relation
from creditbank.people.stays import Standing


def of(view: View, member_id: str) -> frozenset[str]:
    """Return the registered guardians of a minor; nobody has one from 18 on."""
    return of_all(view, [member_id])[member_id]


def of_all(
    view: View, member_ids: Iterable[str], *, leaving: Collection[str] = ()
) -> dict[str, frozenset[str]]:
    """Return the registered guardians of each of these members.

    Those ``leaving`` still count, although they are active no more.
    """
    wanted = sorted(set(member_ids))
    kept = relatives.of_members(view, wanted, [Relation.PARENT, Relation.GUARDIAN])
    said = _agreed_for(view, wanted)
    everyone = {one for side in (kept, said) for found in side.values() for one in found}
    old = ages.on(view, {*wanted, *everyone}, view.today)
    fit = (_active(view, everyone) | (everyone & set(leaving))) - {
        one for one in everyone if _is_minor(old[one])
    }
    return {
        one: frozenset() if _is_adult(old[one]) else (kept[one] | said[one]) & fit - {one}
        for one in wanted
    }


def accompanying(view: View, member_id: str) -> frozenset[str]:
    """Return with whom a minor may come along: guardians, and adults of the same household."""
    return accompanying_all(view, [member_id])[member_id]


def accompanying_all(
    view: View, member_ids: Iterable[str], *, leaving: Collection[str] = ()
) -> dict[str, frozenset[str]]:
    """Return with whom each of these members may come along; as to ``leaving`` see `of_all`."""
    found = of_all(view, member_ids, leaving=leaving)
    mates = stays.stays_with(view, found)
    standing = {one.member_id: one.standing for theirs in mates.values() for one in theirs}
    old = ages.on(view, standing, view.today)
    grown = {
        one
        for one, age in old.items()
        if _is_adult(age) or (age is None and standing[one] is not Standing.CHILD)
    }
    fit = _active(view, grown) | (grown & set(leaving))
    return {
        one: guards | (frozenset(stay.member_id for stay in mates.get(one, ())) & fit - {one})
        for one, guards in found.items()
    }


def _is_adult(age: int | None) -> bool:
    return age is not None and age >= ages.ADULT_FROM


def _is_minor(age: int | None) -> bool:
    return age is not None and age < ages.ADULT_FROM


def _agreed_for(view: View, member_ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return who gave the consents of these members that stand."""
    wanted = sorted(set(member_ids))
    rows = view.rows(
        select(consents.c.member_id, consents.c.guardian_id)
        .where(
            consents.c.bank_id == view.bank_id,
            consents.c.member_id.in_(wanted),
            consents.c.guardian_id.is_not(None),
            consents.c.withdrawn_at.is_(None),
        )
        .distinct()
    )
    return {
        one: frozenset(row.guardian_id for row in rows if row.member_id == one) for one in wanted
    }


def _active(view: View, member_ids: Iterable[str]) -> frozenset[str]:
    rows = view.rows(
        select(members.c.member_id).where(
            members.c.bank_id == view.bank_id,
            members.c.member_id.in_(sorted(set(member_ids))),
            members.c.status == Status.ACTIVE,
        )
    )
    return frozenset(row.member_id for row in rows)
