"""Staff: people in office and shop owners, who sign in with a password and a second factor.

What they are called is in `creditbank.people.persons`. People choose logins from their names, so
a login is personal: it is sealed with the person's key, and found and kept unique by its keyed
hash. Whoever changes anything of somebody in office locks their row first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update
from sqlmodel import Field

from creditbank.core.errors import BadField
from creditbank.core.states import Machine, Verb
from creditbank.core.tables import (
    OfBank,
    UtcDateTime,
    insert_or_skip,
    table,
    to_bank,
    within_bank,
)
from creditbank.core.units import Unit, View
from creditbank.identity.errors import LoginTaken, OwnRole, StaffNotFound
from creditbank.people import kin, masks, members, persons

PAGE_MOST = 200
SEALED_MOST = 255

_LOGIN = "login"
_LOGIN_FORM = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}")


class StaffState(StrEnum):
    """Whether someone in office may sign in; an invited one has no password yet."""

    INVITED = "invited"
    ACTIVE = "active"
    SUSPENDED = "suspended"


EMPLOYMENT = Machine(
    thing="staff",
    thing_zh="工作人员",
    states={
        StaffState.INVITED: "已邀请",
        StaffState.ACTIVE: "在任",
        StaffState.SUSPENDED: "已停用",
    },
    verbs={
        "join": Verb("接受邀请", "accept the invitation", "受邀人", "the person invited"),
        "suspend": Verb("停用", "suspend the person", "管理员", "an operator"),
        "reinstate": Verb("恢复", "reinstate the person", "管理员", "an operator"),
    },
    moves={
        (StaffState.INVITED, "join"): StaffState.ACTIVE,
        (StaffState.ACTIVE, "suspend"): StaffState.SUSPENDED,
        (StaffState.SUSPENDED, "reinstate"): StaffState.ACTIVE,
    },
)


class StaffRow(OfBank, table=True):
    """Someone in office. ``login`` and both TOTP secrets are sealed with the person's key.

    ``totp_pending`` is a second factor that is being set up, ``totp_step`` the last step used.
    """

    __tablename__ = "staff"
    __table_args__ = (to_bank(), within_bank(["member_id"], "member", ["member_id"]))

    staff_id: str = Field(primary_key=True, max_length=40)
    login: str | None = Field(max_length=SEALED_MOST)
    member_id: str | None = Field(max_length=40)
    state: str = Field(max_length=16)
    password_hash: str | None = Field(max_length=255)
    totp_secret: str | None = Field(max_length=SEALED_MOST)
    totp_pending: str | None = Field(max_length=SEALED_MOST)
    totp_step: int | None
    wrong: int
    locked_until: datetime | None = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)


class LoginRow(OfBank, table=True):
    """Whose a login is, by its keyed hash."""

    __tablename__ = "staff_login"
    __table_args__ = (within_bank(["staff_id"], "staff", ["staff_id"]),)

    login_hash: str = Field(primary_key=True, max_length=64)
    staff_id: str = Field(max_length=40)


staff = table(StaffRow)
logins = table(LoginRow)


@dataclass(frozen=True, slots=True)
class Staff:
    """Someone in office; ``member_id`` if they are also a resident."""

    staff_id: str
    member_id: str | None
    state: StaffState
    has_second_factor: bool


@dataclass(frozen=True, slots=True)
class Named:
    """Someone in office in plain words; never part of an answer that a key keeps."""

    staff: Staff
    name: str = field(repr=False)
    login: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """Staff, those who came first before others; ``after`` asks for the next page."""

    staff: tuple[Named, ...]
    after: str | None


def _staff(row: Row[Any]) -> Staff:
    return Staff(row.staff_id, row.member_id, StaffState(row.state), row.totp_secret is not None)


_FIND = select(staff).where(
    staff.c.bank_id == bindparam("of_bank"), staff.c.staff_id == bindparam("of_staff")
)


def on(connection: Connection, bank_id: int, staff_id: str) -> Staff | None:
    """Return someone in office, on a bare connection, or None."""
    row = connection.execute(_FIND, {"of_bank": bank_id, "of_staff": staff_id}).first()
    return None if row is None else _staff(row)


def find(view: View, staff_id: str) -> Staff:
    """Return someone in office.

    Raises:
        StaffNotFound: this bank has none of this id.
    """
    found = on(view.connection, view.bank_id, staff_id)
    if found is None:
        raise StaffNotFound(staff_id)
    return found


def named(view: View, staff_id: str) -> Named:
    """Return someone in office in plain words.

    Raises:
        StaffNotFound: this bank has none of this id.
    """
    row = view.row(
        select(staff).where(staff.c.bank_id == view.bank_id, staff.c.staff_id == staff_id)
    )
    if row is None:
        raise StaffNotFound(staff_id)
    return _named(view, [row])[0]


def listing(view: View, *, after: str | None = None, limit: int = 50) -> Page:
    """Return the people in office; ``after`` is the ``after`` of the page before."""
    limit = min(limit, PAGE_MOST)
    rows = view.rows(
        select(staff)
        .where(staff.c.bank_id == view.bank_id, staff.c.staff_id > (after or ""))
        .order_by(staff.c.staff_id)
        .limit(limit + 1)
    )
    shown = _named(view, rows[:limit])
    return Page(shown, shown[-1].staff.staff_id if len(rows) > limit else None)


def _named(view: View, rows: Iterable[Row[Any]]) -> tuple[Named, ...]:
    found = tuple(rows)
    names = persons.names(view, [row.staff_id for row in found])
    return tuple(
        Named(
            _staff(row),
            names.get(row.staff_id, masks.GONE),
            persons.unseal(view, row.staff_id, _LOGIN, row.login),
        )
        for row in found
    )


def password_of(view: View, login: str) -> str | None:
    """Return the kept hash of whoever has a login, for the edge to compare with."""
    staff_id = by_login(view, login)
    return None if staff_id is None else own_password(view, staff_id)


def own_password(view: View, staff_id: str) -> str | None:
    """Return the kept hash of somebody, for the edge to compare with."""
    row = view.row(
        select(staff.c.password_hash).where(
            staff.c.bank_id == view.bank_id, staff.c.staff_id == staff_id
        )
    )
    return None if row is None else row.password_hash


def by_login(view: View, login: str) -> str | None:
    """Return the id of whoever has a login, or None."""
    row = view.row(
        select(logins.c.staff_id).where(
            logins.c.bank_id == view.bank_id, logins.c.login_hash == _hash_of(view, login)
        )
    )
    return None if row is None else row.staff_id


def _hash_of(view: View, login: str) -> str:
    return persons.hash_of(view, _LOGIN, normal_login(login))


def normal_login(login: str) -> str:
    """Return a login as it is compared."""
    return login.strip().lower()


def enrol(unit: Unit, *, name: str, member_id: str | None = None) -> str:
    """Make the row of somebody who is invited, and return the id.

    Raises:
        BadField: the name is unusable.
        MemberNotFound: this bank has no such member.
    """
    if member_id is not None:
        members.find(unit, member_id)
    staff_id = unit.new_id("stf")
    persons.keep(unit, holder_id=staff_id, name=name)
    unit.run(
        insert(staff),
        {
            "bank_id": unit.bank_id,
            "staff_id": staff_id,
            "login": None,
            "member_id": member_id,
            "state": StaffState.INVITED,
            "password_hash": None,
            "totp_secret": None,
            "totp_pending": None,
            "totp_step": None,
            "wrong": 0,
            "locked_until": None,
            "created_at": unit.now,
        },
    )
    return staff_id


def refuse_own(unit: Unit, staff_id: str) -> None:
    """See that whoever acts is somebody else, as a resident too (law 7).

    Raises:
        StaffNotFound: this bank has none of this id.
        OwnRole: it is the actor's own.
    """
    actor, theirs = unit.actor, find(unit, staff_id).member_id
    if actor.id == staff_id or (theirs is not None and theirs in kin.of_actor(unit, actor)):
        raise OwnRole


def lock(unit: Unit, staff_id: str) -> Row[Any]:
    """Lock somebody in office and return the whole row, for this wing only.

    Raises:
        StaffNotFound: this bank has none of this id.
    """
    found = lock_all(unit, [staff_id])
    if staff_id not in found:
        raise StaffNotFound(staff_id)
    return found[staff_id]


def lock_all(unit: Unit, staff_ids: Iterable[str]) -> dict[str, Row[Any]]:
    """Lock people in office in ascending order and return their rows by id."""
    rows = unit.rows(
        select(staff)
        .where(staff.c.bank_id == unit.bank_id, staff.c.staff_id.in_(sorted(set(staff_ids))))
        .order_by(staff.c.staff_id)
        .with_for_update(key_share=True)
    )
    return {row.staff_id: row for row in rows}


def store(unit: Unit, staff_id: str, **values: object) -> None:
    """Keep new values of a row that this unit has locked."""
    unit.run(
        update(staff)
        .where(staff.c.bank_id == unit.bank_id, staff.c.staff_id == staff_id)
        .values(**values)
    )


def give_login(unit: Unit, staff_id: str, *, login: str, password_hash: str) -> None:
    """Let somebody invited, whose row this unit has locked, sign in from now on.

    Raises:
        BadField: the login is unusable.
        LoginTaken: somebody else has it.
        StateConflict: the person has joined before.
    """
    plain = normal_login(login)
    if not _LOGIN_FORM.fullmatch(plain):
        raise BadField("login", "3–40 of a–z, 0–9, '.', '_', '-' / 3–40 位小写字母、数字或 . _ -")
    state = EMPLOYMENT.after(find(unit, staff_id).state, "join")
    row = {
        "bank_id": unit.bank_id,
        "login_hash": _hash_of(unit, plain),
        "staff_id": staff_id,
    }
    taken = insert_or_skip(unit.connection, logins).returning(logins.c.staff_id)
    if unit.run(taken, row).first() is None:
        raise LoginTaken
    sealed = persons.seal(unit, staff_id, _LOGIN, plain)
    store(unit, staff_id, state=state, login=sealed, password_hash=password_hash)
