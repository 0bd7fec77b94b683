"""Forgetting: an erasure is carried out, seven days after it was asked for.

It waits as long as something is open: points on hold, a service that has begun or waits for its
review, a debt, an office held. What was found open stands on the row.

One unit ends the membership, forgets the person, lets whoever knows more tables wipe theirs, and
moves the points by one transfer; the ledger stays whole and names nobody. The keys are destroyed
after that unit has committed: their ids wait in a table until the key file has confirmed, so that
a crash between is made good by the next run, and nothing unreadable is left by a rollback. A key
that an older copy of the key file brings back is destroyed again within a day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import IntEnum

from sqlalchemy import Index, insert, select, update
from sqlmodel import Field

from creditbank import jobs
from creditbank.core.errors import CreditbankError, InDebt
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.identity import one_time_codes
from creditbank.jobs import Lease
from creditbank.leaving import closings
from creditbank.leaving.erasures import (
    ERASING,
    Erasure,
    ErasureState,
    Goes,
    erasures,
    find,
    store,
)
from creditbank.leaving.holders import require_out_of_office
from creditbank.ledger import chart, estates, statements
from creditbank.people import persons, trail
from creditbank.people.errors import MemberSuspended
from creditbank.people.members import Status

KIND = "erase-members"
KEYS_KIND = "destroy-keys"
SLICE = 100

_LOOKED_AGAIN_AFTER = timedelta(hours=6)


class Stage(IntEnum):
    """When a table is wiped, by the order of locks; the last one is in the unit of the keys."""

    BEFORE_LOCKS = 1
    AFTER_CLOSING = 2
    WITH_KEYS = 3


Holders = Callable[[View, str], list[str]]
"""Tells under which ids the personal data of a member lies, in every wing."""

Wipe = Callable[[Unit, Sequence[str], Stage], None]
"""Wipes what other tables hold of somebody, who is known by these ids, at one stage."""


class ErasedKeyRow(OfBank, table=True):
    """The id of a key that must not exist any more; ``destroyed_at`` once the file confirmed."""

    __tablename__ = "erased_key"
    __table_args__ = (
        within_bank(["erasure_id"], "erasure", ["erasure_id"]),
        Index("ix_erased_key_open", "bank_id", "destroyed_at"),
    )

    key_id: str = Field(primary_key=True, max_length=40)
    erasure_id: str = Field(max_length=40)
    destroyed_at: datetime | None = Field(sa_type=UtcDateTime)


erased_keys = table(ErasedKeyRow)


def due(view: View) -> list[str]:
    """Return what says that the job has work: an erasure whose time has come, or an open key."""
    return [jobs.DUE_WORK] if _next(view) or keys_to_destroy(view, 1) else []


def _next(view: View) -> str | None:
    row = view.row(
        select(erasures.c.erasure_id)
        .where(
            erasures.c.bank_id == view.bank_id,
            erasures.c.state == ErasureState.ASKED,
            erasures.c.looked_at_after <= view.now,
        )
        .order_by(erasures.c.looked_at_after, erasures.c.erasure_id)
        .limit(1)
    )
    return None if row is None else str(row.erasure_id)


def keys_to_destroy(view: View, limit: int) -> list[str]:
    """Return the ids of keys whose destruction the key file has not confirmed."""
    rows = view.rows(
        select(erased_keys.c.key_id)
        .where(erased_keys.c.bank_id == view.bank_id, erased_keys.c.destroyed_at.is_(None))
        .order_by(erased_keys.c.key_id)
        .limit(limit)
    )
    return [row.key_id for row in rows]


def run_slice(unit: Unit, lease: Lease, holders: Holders, wipe: Wipe) -> bool:
    """Destroy the keys of what has committed, else carry out the next erasure that is due."""
    jobs.hold(unit, lease)
    keys, erasure_id = keys_to_destroy(unit, SLICE), _next(unit)
    if keys:
        _destroy(unit, keys, holders, wipe)
    elif erasure_id is not None:
        _try(unit, erasure_id, holders, wipe)
    else:
        jobs.release(unit, lease)
        return True
    jobs.advance(unit, lease, {})
    return False


def _destroy(unit: Unit, key_ids: Sequence[str], holders: Holders, wipe: Wipe) -> None:
    """Wipe what is left, destroy keys, note that the file has confirmed; twice is the same."""
    erased = unit.rows(
        select(erasures.c.member_id)
        .join(
            erased_keys,
            (erased_keys.c.bank_id == erasures.c.bank_id)
            & (erased_keys.c.erasure_id == erasures.c.erasure_id),
        )
        .where(erasures.c.bank_id == unit.bank_id, erased_keys.c.key_id.in_(key_ids))
        .distinct()
    )
    wipe(
        unit,
        sorted({one for row in erased for one in holders(unit, row.member_id)}),
        Stage.WITH_KEYS,
    )
    for key_id in key_ids:
        unit.vault.destroy(key_id)
    unit.run(
        update(erased_keys)
        .where(erased_keys.c.bank_id == unit.bank_id, erased_keys.c.key_id.in_(key_ids))
        .values(destroyed_at=unit.now)
    )


def destroy_again(unit: Unit, lease: Lease) -> bool:
    """Destroy, once a day, the keys that an older copy of the key file has brought back."""
    after = str(jobs.hold(unit, lease).get("after", ""))
    rows = unit.rows(
        select(erased_keys.c.key_id)
        .where(erased_keys.c.bank_id == unit.bank_id, erased_keys.c.key_id > after)
        .order_by(erased_keys.c.key_id)
        .limit(SLICE)
    )
    for row in rows:
        if unit.vault.has(row.key_id):
            unit.vault.destroy(row.key_id)
    if len(rows) < SLICE:
        jobs.finish(unit, lease)
        return True
    jobs.advance(unit, lease, {"after": rows[-1].key_id})
    return False


def _try(unit: Unit, erasure_id: str, holders: Holders, wipe: Wipe) -> None:
    """Carry an erasure out, or note what is open and look again in some hours."""
    try:
        with unit.connection.begin_nested():
            carry_out(unit, erasure_id, holders, wipe)
    except CreditbankError as error:
        if not error.final:
            raise
        later = unit.now + _LOOKED_AGAIN_AFTER
        store(unit, erasure_id, waits=error.slug, looked_at_after=later)


def carry_out(unit: Unit, erasure_id: str, holders: Holders, wipe: Wipe) -> None:
    """End the membership, forget the person, move the points.

    Raises:
        ErasureNotFound: this bank has none of this id.
        StateConflict: it was carried out or taken back.
        InOffice: the member holds an office.
        InDebt: something is still to be earned back.
        HoldsOpen: points are on hold.
        ClaimsInFlight: a service has begun, or waits for its review.
        MemberSuspended: who is to receive the points may not act.
    """
    seen = find(unit, erasure_id)
    everyone = holders(unit, seen.member_id)
    _forget_attempts(unit, everyone)
    wipe(unit, everyone, Stage.BEFORE_LOCKS)
    receiver = () if seen.to_member_id is None else (seen.to_member_id,)
    locked = closings.lock(unit, seen.member_id, *receiver)
    state = ERASING.after(find(unit, erasure_id).state, "carry_out")
    require_out_of_office(unit, seen.member_id)
    for balance in statements.balances(unit, chart.member(seen.member_id)):
        if balance.owed:
            raise InDebt(balance.asset, balance.owed)
    if seen.to_member_id is not None and locked[seen.to_member_id].status is not Status.ACTIVE:
        raise MemberSuspended(seen.to_member_id, locked[seen.to_member_id].status)
    if locked[seen.member_id].status is not Status.CLOSED:
        closings.close(unit, seen.member_id)
    _forget(unit, everyone, erasure_id)
    wipe(unit, everyone, Stage.AFTER_CLOSING)
    moved = _move(unit, seen, locked[seen.member_id].community_id)
    store(
        unit,
        erasure_id,
        state=state,
        waits=None,
        settled_at=unit.now,
        settled_by=unit.actor.id,
        transfer_id=moved,
    )
    trail.record(unit, "erasure.carried-out", seen.member_id)


def _forget_attempts(unit: Unit, everyone: Sequence[str]) -> None:
    """Forget what counts the tries of these phones to sign in; it is locked before members."""
    for holder_id in _known(unit, everyone):
        phone = persons.find(unit, holder_id).phone
        if phone is not None:
            one_time_codes.forget(unit, phone=phone)


def _known(view: View, holder_ids: Sequence[str]) -> list[str]:
    rows = view.rows(
        select(persons.persons.c.holder_id).where(
            persons.persons.c.bank_id == view.bank_id,
            persons.persons.c.holder_id.in_(holder_ids),
        )
    )
    return [row.holder_id for row in rows]


def _forget(unit: Unit, everyone: Sequence[str], erasure_id: str) -> None:
    """Forget a person under all their ids; their keys wait for the commit."""
    for holder_id in _known(unit, everyone):
        kept = {"erasure_id": erasure_id, "destroyed_at": None}
        key_id = persons.forget(unit, holder_id)
        unit.run(insert(erased_keys), {"bank_id": unit.bank_id, "key_id": key_id} | kept)


def _move(unit: Unit, one: Erasure, community_id: str) -> str | None:
    """Move what is left where the member wanted it; return the transfer, if any."""
    said = {"member_id": one.member_id, "key": one.erasure_id, "refers_to": one.erasure_id}
    if one.goes is Goes.EXPIRE:
        moved = estates.expire(unit, **said)
    elif one.goes is Goes.DONATE:
        moved = estates.donate(unit, fund=community_id, **said)
    else:
        assert one.to_member_id is not None, "a gift has a receiver"
        moved = estates.give(unit, to=one.to_member_id, **said)
    return None if moved is None else moved.transfer_id
