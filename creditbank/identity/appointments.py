"""Appointments: who is given which role, loses it, or is kept out. Never for oneself.

What is taken back is dead at once: sittings and tokens are looked up anew for every request. A
bank keeps one operator who can sign in; that is seen to under the locks of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from creditbank.core.ids import is_id
from creditbank.core.keys import Unsaid, keyed
from creditbank.core.units import Unit, View
from creditbank.identity import grants, invitations, second_factors, sittings, staff
from creditbank.identity.errors import LastOperator, RoleHeld
from creditbank.identity.grants import role_grants
from creditbank.identity.invitations import Invited, Purpose
from creditbank.identity.roles import RIGHTS, SECOND_FACTOR, Grant, Right, Role
from creditbank.identity.staff import EMPLOYMENT, StaffState
from creditbank.people import trail


@dataclass(frozen=True, slots=True)
class Given:
    """What an appointment answers; the role sleeps until the person signs in as it demands."""

    grant_id: str
    needs_second_factor: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """Whether somebody may sign in."""

    staff_id: str
    state: StaffState


@keyed
def appoint(unit: Unit, *, staff_id: str, grant: Grant, key: str) -> Given:  # noqa: ARG001
    """Give somebody in office a role; whoever calls has seen to the merchant.

    Raises:
        StaffNotFound, CommunityNotFound: this bank has none of this id.
        OwnRole: nobody gives themselves a role.
        BadField: the role and the place don't fit.
        RoleHeld: the person has it there already.
    """
    staff.lock(unit, staff_id)
    staff.refuse_own(unit, staff_id)
    if grant in grants.of(unit, staff_id).values():
        raise RoleHeld
    grant_id = grants.give(unit, staff_id, grant)
    trail.record(
        unit, "role.given", grant_id, subject_id=staff_id, after={"to": staff_id, "role": grant}
    )
    return Given(grant_id, grant.role in SECOND_FACTOR)


@keyed
def dismiss(unit: Unit, *, grant_id: str, key: str) -> str:  # noqa: ARG001
    """Take a role back from now on, and the invitations that somebody made by it.

    Raises:
        GrantNotFound: this bank has no such role in force.
        LastOperator: nobody would be left to keep the bank.
    """
    holder_id, grant = grants.find(unit, grant_id)
    if is_id(holder_id, "stf"):
        _lock_with_operators(unit, holder_id)
    grants.end(unit, grant_id)
    if grant.role is Role.OPERATOR:
        _require_operator(unit)
    if Right.KEEP_STAFF in RIGHTS[grant.role]:
        invitations.withdraw_those_of(unit, holder_id)
    trail.record(unit, "role.ended", grant_id, subject_id=holder_id, before={"role": grant})
    return grant_id


@keyed
def suspend(unit: Unit, *, staff_id: str, key: str) -> Moved:  # noqa: ARG001
    """Keep somebody out: their devices are signed out, their links no longer work.

    Raises:
        StaffNotFound: this bank has none of this id.
        OwnRole: not oneself.
        StateConflict: the person is not active.
        LastOperator: nobody would be left to keep the bank.
    """
    staff.find(unit, staff_id)
    _lock_with_operators(unit, staff_id)
    moved = _move(unit, staff_id, "suspend", "staff.suspended")
    if Role.OPERATOR in {one.role for one in grants.of(unit, staff_id).values()}:
        _require_operator(unit)
    sittings.end_all(unit, staff_id)
    invitations.withdraw_those_of(unit, staff_id)
    return moved


@keyed
def reinstate(unit: Unit, *, staff_id: str, key: str) -> Moved:  # noqa: ARG001
    """Let a suspended person sign in again.

    Raises:
        StaffNotFound: this bank has none of this id.
        OwnRole: not oneself.
        StateConflict: the person is not suspended.
    """
    staff.lock(unit, staff_id)
    return _move(unit, staff_id, "reinstate", "staff.reinstated")


def _move(unit: Unit, staff_id: str, verb: str, deed: str) -> Moved:
    staff.refuse_own(unit, staff_id)
    before = staff.find(unit, staff_id).state
    state = StaffState(EMPLOYMENT.after(before, verb))
    staff.store(unit, staff_id, state=state, wrong=0, locked_until=None)
    trail.record(
        unit,
        deed,
        staff_id,
        subject_id=staff_id,
        before={"state": before},
        after={"state": state},
    )
    return Moved(staff_id, state)


@keyed
def reset_second_factor(
    unit: Unit,
    *,
    staff_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    secret_hash: Unsaid[str],
) -> Invited:
    """Take somebody's second factor away who has lost it; a link sets another one up.

    Until then only those roles hold that need none.

    Raises:
        StaffNotFound: this bank has none of this id.
        OwnRole: another operator must do it.
        StateConflict: the person has not joined yet, or is suspended.
    """
    row = staff.lock(unit, staff_id)
    staff.refuse_own(unit, staff_id)
    EMPLOYMENT.after(row.state, "suspend")
    second_factors.put(unit, staff_id, sealed=None, step=row.totp_step, codes=())
    sittings.end_all(unit, staff_id)
    made = invitations.write(unit, staff_id, Purpose.RESTORE, secret_hash=secret_hash)
    trail.record(unit, "second-factor.reset", staff_id, subject_id=staff_id)
    return made


@keyed
def install(
    unit: Unit,
    *,
    name: str,
    login: str,
    roles: Sequence[Grant],
    key: str,  # noqa: ARG001 - the key is @keyed's
    password_hash: Unsaid[str],
    secret: Unsaid[str | None] = None,
    recovery_codes: Unsaid[Sequence[str]] = (),
    member_id: str | None = None,
) -> str:
    """Put somebody into an office at once, at the server itself, and return the id.

    Raises:
        BadField: the name or login is unusable, or a role and its place don't fit.
        LoginTaken: somebody has this login.
        MemberNotFound, CommunityNotFound: this bank has none of this id.
    """
    staff_id = staff.enrol(unit, name=name, member_id=member_id)
    staff.give_login(unit, staff_id, login=login, password_hash=password_hash)
    if secret is not None:
        sealed = second_factors.seal(unit, staff_id, secret)
        second_factors.put(unit, staff_id, sealed=sealed, step=None, codes=recovery_codes)
    for one in roles:
        grants.give(unit, staff_id, one)
    trail.record(unit, "staff.installed", staff_id, subject_id=staff_id, after={"roles": roles})
    return staff_id


def operators(view: View) -> frozenset[str]:
    """Return those who can sign in as an operator of the bank."""
    of, held = staff.staff.c, role_grants.c
    rows = view.rows(
        select(of.staff_id)
        .join(role_grants, (held.bank_id == of.bank_id) & (held.holder_id == of.staff_id))
        .where(
            of.bank_id == view.bank_id,
            held.bank_id == view.bank_id,
            held.role == Role.OPERATOR,
            held.ended_at.is_(None),
            of.state == StaffState.ACTIVE,
            of.totp_secret.is_not(None),
        )
    )
    return frozenset(row.staff_id for row in rows)


def _lock_with_operators(unit: Unit, staff_id: str) -> None:
    staff.lock_all(unit, [staff_id, *operators(unit)])


def _require_operator(unit: Unit) -> None:
    if not operators(unit):
        raise LastOperator
