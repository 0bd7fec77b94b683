"""Callers: who stands behind a token or a cookie, looked up anew for every request.

A token (`api.tokens`) is a program's, a till's or a device's; a cookie stands for a sitting of a
member or of someone in office. Both give the same thing: whose writes these are, which roles they
hold where, and whether they may act at all. Nothing is remembered between requests, so that an
ended sitting, a revoked token or a lost role is dead at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from api import tokens
from api.tokens import Known
from creditbank.core.ids import is_id
from creditbank.identity import grants, sittings, staff
from creditbank.identity.roles import SECOND_FACTOR, Grant, Role
from creditbank.identity.staff import StaffState
from creditbank.people.members import Status, members


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls. ``holder_id`` is who keys and transfers record, ``via`` the token or sitting.

    ``device_since`` is when a signed-in device began, None for tokens; ``seen_at`` when it was
    last remembered as seen.
    """

    holder_id: str
    grants: tuple[Grant, ...]
    via: str
    member_id: str | None = None
    till_id: str | None = None
    staff_id: str | None = None
    device_since: datetime | None = None
    seen_at: datetime | None = None
    active: bool = True


def of_token(connection: Connection, bank_id: int, secret: str, now: datetime) -> Principal | None:
    """Return who holds a token, or None if this bank has none like it or its time is over."""
    known = tokens.find(connection, bank_id, secret, now)
    return None if known is None else _of_token(known)


def _of_token(known: Known) -> Principal:
    of = known.token
    return Principal(
        of.holder_id,
        (of.grant,),
        of.token_id,
        member_id=of.member_id,
        till_id=of.till_id,
        staff_id=of.staff_id,
        active=known.active,
    )


def of_cookie(connection: Connection, bank_id: int, secret: str, now: datetime) -> Principal | None:
    """Return who signed in with a cookie, or None if the sitting is over or was never."""
    sitting = sittings.find(connection, bank_id, secret, now)
    if sitting is None:
        return None
    held = grants.on(connection, bank_id, sitting.holder_id)
    if is_id(sitting.holder_id, "mem"):
        status = connection.execute(
            _STATUS, {"of_bank": bank_id, "of_member": sitting.holder_id}
        ).scalar()
        return Principal(
            sitting.holder_id,
            (Grant(Role.MEMBER), *held),
            sitting.sitting_id,
            member_id=sitting.holder_id,
            device_since=sitting.begun_at,
            seen_at=sitting.seen_at,
            active=status in {Status.ACTIVE, Status.APPLIED},
        )
    person = staff.on(connection, bank_id, sitting.holder_id)
    if person is None:
        return None
    return Principal(
        sitting.holder_id,
        tuple(one for one in held if sitting.second_factor or one.role not in SECOND_FACTOR),
        sitting.sitting_id,
        member_id=person.member_id,
        staff_id=person.staff_id,
        device_since=sitting.begun_at,
        seen_at=sitting.seen_at,
        active=person.state is StaffState.ACTIVE,
    )


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a request says about who sends it: a secret, of a token or of a cookie."""

    bank_id: int
    secret: str
    is_token: bool


def of_all(
    connection: Connection, claimed: Iterable[Claimed], now: datetime
) -> dict[Claimed, Principal]:
    """Return who stands behind secrets; the unknown are left out. Tokens take one statement."""
    cookies, secrets = [], defaultdict(list)
    for one in claimed:
        if one.is_token:
            secrets[one.bank_id].append(one.secret)
        else:
            cookies.append(one)
    found = {one: of_cookie(connection, one.bank_id, one.secret, now) for one in cookies}
    of_tokens = {
        Claimed(bank_id, secret, is_token=True): _of_token(known)
        for bank_id, said in secrets.items()
        for secret, known in tokens.find_many(connection, bank_id, said, now).items()
    }
    return {one: person for one, person in found.items() if person is not None} | of_tokens


_STATUS = select(members.c.status).where(
    members.c.bank_id == bindparam("of_bank"), members.c.member_id == bindparam("of_member")
)
