"""The sign-in of people in office, and what they keep of it themselves."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

from fastapi import Response
from pydantic import Field, StringConstraints

from api import shown_once
from api.edge.forms import Form, ShortName, Shown
from api.edge.limits import LIMITED, limited
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, database_of
from api.seats import NO_STORE, AtSeat, Clerk, SatDown
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.identity import (
    grants,
    passwords,
    second_factors,
    staff,
    staff_sign_in,
)
from creditbank.identity.errors import (
    SecondFactorMissing,
    SecondFactorWrong,
    StaffNotFound,
    StaffSignInRefused,
)
from creditbank.identity.passwords import Checked
from creditbank.identity.roles import Role

router = Routes(prefix="/v1/b/{slug}/staff", tags=["staff"])

Login = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[A-Za-z0-9._-]{3,40}$"),
    Field(examples=["chen.office"]),
]
Password = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=passwords.MOST),
    Field(description="10–128 characters when it is chosen."),
]
Code = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[0-9]{6}$"),
    Field(description="What the authenticator shows; each is good for once."),
]
RecoveryCode = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[0-9A-Za-z -]{12,20}$"),
    Field(description="One of the ten that were shown once; good for once."),
]


class StaffSignInForm(Form):
    """What somebody in office knows and has; `code` or `recovery_code` for a second factor."""

    login: Login
    password: Password
    device: ShortName
    code: Code | None = None
    recovery_code: RecoveryCode | None = None


class SeatShown(Shown):
    """Somebody signed in. The cookie and `csrf` are given once: to a repeated request neither is.

    Send `csrf` as `X-CSRF-Token` with every write. Without a second factor, roles that can approve
    hours or money, or make somebody who can, do not hold.
    """

    staff_id: str
    sitting_id: str
    second_factor: bool
    recovery_left: int
    csrf: str | None


class GrantShown(Shown):
    """A role and where it holds: without a place, in the whole bank."""

    role: Role
    community_id: str | None
    merchant_id: str | None


class MeShown(Shown):
    """Somebody in office to themselves; `asleep` are roles that want a second factor."""

    staff_id: str
    name: str
    login: str | None
    member_id: str | None
    has_second_factor: bool
    recovery_left: int
    roles: list[GrantShown]
    asleep: list[GrantShown]


class PasswordForm(Form):
    """The password that is, and the one that shall be."""

    password: Password
    new_password: Password


class PasswordChanged(Shown):
    """Whose password was changed."""

    staff_id: str


class SecondFactorForm(Form):
    """The password, and the second factor that is to be replaced."""

    password: Password
    code: Code | None = None
    recovery_code: RecoveryCode | None = None


class SecondFactorBegun(Shown):
    """A second factor to set up, shown once: to a repeated request both are null; begin anew."""

    staff_id: str
    secret: str | None
    uri: str | None = Field(description="`otpauth://…`, for a QR code.")


class ConfirmForm(Form):
    """What the authenticator shows."""

    code: Code


class SecondFactorSet(Shown):
    """That a second factor is in force; its recovery codes are shown once, null afterwards."""

    staff_id: str
    recovery_codes: list[str] | None


def seated(sat: SatDown) -> SeatShown:
    """Show a sign-in."""
    done = sat.signed_in
    return SeatShown(
        staff_id=done.staff_id,
        sitting_id=done.sitting_id,
        second_factor=done.second_factor,
        recovery_left=done.recovery_left,
        csrf=sat.csrf,
    )


@router.post(
    "/sign-in",
    summary="Sign in as somebody in office",
    dependencies=[limited("staff-sign-in", per_minute=30)],
    responses=LIMITED | refusals(StaffSignInRefused),
)
async def sign_in(seat: AtSeat, key: Key, form: StaffSignInForm) -> SeatShown:
    """Sign in by password and second factor. What was wrong is never said; 5 tries in a row."""
    reader = database_of(seat.request).reader
    kept = await reader.run(seat.bank_id, lambda view: staff.password_of(view, form.login))
    checked = await asyncio.to_thread(passwords.checked, kept, form.password)
    said = form.model_dump(exclude={"password"})
    doing = partial(staff_sign_in.sign_in, key=key, checked=checked, **said)
    return seated(await seat.sit(lambda unit, digest: doing(unit, secret_hash=digest)))


@router.get("/me", summary="Who I am", responses=refusals(StaffNotFound))
async def me(caller: Clerk) -> MeShown:
    """Show somebody in office to themselves."""
    return await caller.read(lambda view: _me(view, caller))


def _me(view: View, caller: Caller) -> MeShown:
    of = caller.principal
    found = staff.named(view, str(of.staff_id))
    held = grants.of(view, found.staff.staff_id).values()
    return MeShown(
        staff_id=found.staff.staff_id,
        name=found.name,
        login=found.login,
        member_id=found.staff.member_id,
        has_second_factor=found.staff.has_second_factor,
        recovery_left=second_factors.recovery_left(view, found.staff.staff_id),
        roles=[GrantShown.model_validate(one) for one in of.grants],
        asleep=[GrantShown.model_validate(one) for one in held if one not in of.grants],
    )


async def _checked(caller: Caller, password: str) -> Checked:
    """Compare the caller's password with the kept one, apart from the event loop."""
    staff_id = str(caller.principal.staff_id)
    kept = await caller.read(lambda view: staff.own_password(view, staff_id))
    return await asyncio.to_thread(passwords.checked, kept, password)


@router.post(
    "/me/password",
    summary="Change my password",
    responses=refusals(BadField, StaffNotFound, StaffSignInRefused),
)
async def password(caller: Clerk, key: Key, form: PasswordForm) -> PasswordChanged:
    """Change one's own password; every other device is signed out."""
    staff_id = str(caller.principal.staff_id)
    login = await caller.read(lambda view: staff.named(view, staff_id).login)
    passwords.require_good(form.new_password, login or "")
    checked = await _checked(caller, form.password)
    fresh = await asyncio.to_thread(passwords.hashed, form.new_password)
    doing = partial(staff_sign_in.change_password, key=key, staff_id=staff_id, checked=checked)
    done = await caller.write(lambda unit: doing(unit, password_hash=fresh))
    return PasswordChanged(staff_id=done)


@router.post(
    "/me/second-factor",
    summary="Set another second factor up",
    responses=refusals(StaffNotFound, StaffSignInRefused, SecondFactorMissing),
)
async def second_factor(
    caller: Clerk, key: Key, form: SecondFactorForm, response: Response
) -> SecondFactorBegun:
    """Begin to replace the second factor; the old one works until the new one is confirmed."""
    checked = await _checked(caller, form.password)
    staff_id, secret = str(caller.principal.staff_id), second_factors.new_secret()
    said = form.model_dump(exclude={"password"}) | {"staff_id": staff_id, "key": key}
    begin = partial(staff_sign_in.begin_second_factor, checked=checked, secret=secret, **said)
    uri = await caller.write(lambda unit: shown_once.uri(unit, begin(unit), staff_id, secret))
    response.headers.update(NO_STORE)
    shown = secret if uri else None
    return SecondFactorBegun(staff_id=staff_id, secret=shown, uri=uri)


@router.post(
    "/me/second-factor/confirm",
    summary="Confirm my second factor",
    responses=refusals(StaffNotFound, SecondFactorMissing, SecondFactorWrong),
)
async def confirm(
    caller: Clerk, key: Key, form: ConfirmForm, response: Response
) -> SecondFactorSet:
    """Put the new second factor into force; every other device is signed out."""
    staff_id, codes = str(caller.principal.staff_id), second_factors.new_recovery_codes()
    said = {"key": key, "staff_id": staff_id, "code": form.code}
    doing = partial(staff_sign_in.confirm_second_factor, recovery_codes=codes, **said)
    shown = await caller.write(lambda unit: shown_once.codes(unit, doing(unit), staff_id, codes))
    response.headers.update(NO_STORE)
    return SecondFactorSet(staff_id=staff_id, recovery_codes=shown)
