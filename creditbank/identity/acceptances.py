"""Acceptances: what an invited person does with the link, until they are signed in.

They open it, and are shown a second factor to set up; then they accept it with a login, a
password and a code, all in one unit, and the roles start. A link that restores a second factor
asks for the password they have, so that whoever made the link cannot use it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import update

from creditbank.core.keys import Unsaid, keyed
from creditbank.core.units import Actor, Declined, Unit
from creditbank.identity import grants, second_factors, sittings, staff, staff_sign_in
from creditbank.identity.errors import (
    InvitationNotFound,
    SecondFactorMissing,
    SecondFactorWrong,
    StaffSignInRefused,
)
from creditbank.identity.invitations import Invitation, Purpose, invitations, working
from creditbank.identity.passwords import Checked
from creditbank.identity.roles import SECOND_FACTOR, Grant
from creditbank.identity.staff_sign_in import SignedIn
from creditbank.people import trail


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening a link answers: whose it is, what for, and whether a code is a must."""

    staff_id: str
    purpose: Purpose
    needs_second_factor: bool


@keyed
def open_link(
    unit: Unit,
    *,
    invitation: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    secret: Unsaid[str],
) -> Opened:
    """Open a link by its hash, and begin to set a second factor up; the latest secret counts.

    Raises:
        InvitationNotFound, InvitationOver: it does not work (any more).
    """
    found = _locked(unit, invitation)
    second_factors.begin(unit, found.staff_id, secret)
    heavy = found.purpose is Purpose.RESTORE or _heavy(found.grants)
    return Opened(found.staff_id, found.purpose, heavy)


def _locked(unit: Unit, secret_hash: str) -> Invitation:
    """Lock whom a link is for, and see that it still works then."""
    staff.lock(unit, working(unit, secret_hash).staff_id)
    return working(unit, secret_hash)


def _heavy(roles: Sequence[Grant]) -> bool:
    return any(one.role in SECOND_FACTOR for one in roles)


@keyed
def accept(
    unit: Unit,
    *,
    invitation: str,
    login: str,
    device: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    password_hash: Unsaid[str],
    secret_hash: Unsaid[str],
    recovery_codes: Unsaid[Sequence[str]],
    code: str | None = None,
) -> SignedIn:
    """Join by a link: the login and password are the person's own, the roles start now.

    A ``code`` of the second factor shown when the link was opened is a must for roles that can
    approve hours or money, or make somebody who can; others may go without.

    Raises:
        InvitationNotFound, InvitationOver: the link does not work (any more).
        BadField: the login is unusable.
        LoginTaken: somebody else has it.
        SecondFactorMissing: the roles want a code, or the link was not opened before.
        SecondFactorWrong: the code is wrong.
    """
    found = _locked(unit, invitation)
    if found.purpose is not Purpose.JOIN:
        raise InvitationNotFound
    if code is None and _heavy(found.grants):
        raise SecondFactorMissing
    staff.give_login(unit, found.staff_id, login=login, password_hash=password_hash)
    _settle(unit, found, code=code, recovery_codes=recovery_codes)
    inviter = replace(unit, actor=Actor(found.invited_by, "operator"))
    for one in found.grants:
        grants.give(inviter, found.staff_id, one)
    them = staff_sign_in.as_them(unit, found.staff_id)
    trail.record(
        them,
        "staff.joined",
        found.staff_id,
        subject_id=found.staff_id,
        after={"roles": found.grants, "invited_by": found.invited_by},
    )
    return staff_sign_in.begin_sitting(
        unit,
        found.staff_id,
        device=device,
        secret_hash=secret_hash,
        second_factor=code is not None,
    )


@keyed
def restore(
    unit: Unit,
    *,
    invitation: str,
    code: str,
    device: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    checked: Unsaid[Checked],
    secret_hash: Unsaid[str],
    recovery_codes: Unsaid[Sequence[str]],
) -> SignedIn | Declined:
    """Set a second factor up again by a link and the password one has, and sign in.

    Raises:
        InvitationNotFound, InvitationOver: the link does not work (any more).
        SecondFactorMissing: the link was not opened before.
        SecondFactorWrong: the code is wrong.

    Declines:
        StaffSignInRefused: the password is wrong, or too many were; the try is counted.
    """
    found = _locked(unit, invitation)
    if found.purpose is not Purpose.RESTORE:
        raise InvitationNotFound
    row = staff_sign_in.proven(
        unit, found.staff_id, checked, code=None, recovery_code=None, password_only=True
    )
    if row is None:
        return Declined(StaffSignInRefused())
    _settle(unit, found, code=code, recovery_codes=recovery_codes)
    sittings.end_all(unit, found.staff_id)
    them = staff_sign_in.as_them(unit, found.staff_id)
    trail.record(them, "second-factor.set", found.staff_id, subject_id=found.staff_id)
    return staff_sign_in.begin_sitting(
        unit, found.staff_id, device=device, secret_hash=secret_hash, second_factor=True
    )


def _settle(
    unit: Unit, found: Invitation, *, code: str | None, recovery_codes: Sequence[str]
) -> None:
    """Use a link up, and put the second factor into force that it brought."""
    if code is not None:
        row = staff.lock(unit, found.staff_id)
        if row.totp_pending is None:
            raise SecondFactorMissing
        step = second_factors.confirms(unit, row, code)
        if step is None:
            raise SecondFactorWrong
        second_factors.settle(unit, row, step=step, codes=recovery_codes)
    unit.run(
        update(invitations)
        .where(
            invitations.c.bank_id == unit.bank_id,
            invitations.c.invitation_id == found.invitation_id,
        )
        .values(accepted_at=unit.now)
    )
