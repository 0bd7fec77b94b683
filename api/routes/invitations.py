"""Invitations: the only way into an office, and back in after a second factor was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api import shown_once
from api.edge.forms import (
    CommunityRef,
    Cursor,
    Form,
    InvitationId,
    Limit,
    MemberRef,
    MerchantRef,
    Name,
    ShortName,
    Shown,
)
from api.edge.limits import LIMITED, limited
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from api.routes.staff_sign_in import (
    Code,
    GrantShown,
    Login,
    Password,
    SeatShown,
    seated,
)
from api.seats import NO_STORE, AtSeat, Seat
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import Declined, Unit, View
from creditbank.identity import acceptances, invitations, passwords, second_factors
from creditbank.identity.errors import (
    InvitationNotFound,
    InvitationOver,
    LoginTaken,
    OwnRole,
    SecondFactorMissing,
    SecondFactorWrong,
    StaffSignInRefused,
)
from creditbank.identity.invitations import Invited, Purpose
from creditbank.identity.roles import Grant, Right, Role
from creditbank.identity.staff_sign_in import SignedIn
from creditbank.people import persons
from creditbank.people.errors import CommunityNotFound, MemberNotFound
from merchants import partners
from merchants.errors import MerchantNotFound

router = Routes(prefix="/v1/b/{slug}/staff", tags=["staff"])

KeepsStaff = Annotated[Caller, having(Right.KEEP_STAFF)]
SeesStaff = Annotated[Caller, having(Right.KEEP_STAFF, Right.OVERSEE)]
Link = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^inv_[A-Za-z0-9_-]{43}$"),
    Field(description="The secret of the link, as it was shown to whoever made it."),
]
OfficeRole = Literal[
    "organiser",
    "reviewer",
    "community_head",
    "treasurer",
    "auditor",
    "operator",
    "shop_owner",
]


class RoleForm(Form):
    """A role, and where it holds: without a place, in the whole bank."""

    role: OfficeRole
    community_id: CommunityRef | None = None
    merchant_id: MerchantRef | None = None

    def grant(self) -> Grant:
        """Return it as the engine says it."""
        return Grant(Role(self.role), self.community_id, self.merchant_id)


class InvitationForm(Form):
    """Somebody to invite, the roles they shall have, and the member they also are, if any."""

    name: Name
    roles: Annotated[list[RoleForm], Field(min_length=1, max_length=invitations.ROLES_MOST)]
    member_id: MemberRef | None = None


class InvitationMade(Shown):
    """A link of 72 hours. Its secret is shown once: to a repeated request it is null."""

    invitation_id: str
    staff_id: str
    ends_at: datetime
    invitation: str | None


class InvitationShown(Shown):
    """A link that still works."""

    invitation_id: str
    staff_id: str
    name: str
    purpose: Purpose
    roles: list[GrantShown]
    invited_by: str
    invited_at: datetime
    ends_at: datetime


class InvitationPage(Shown):
    """Links that still work, the oldest first."""

    items: list[InvitationShown]
    next: str | None


class InvitationWithdrawn(Shown):
    """A link that was taken back."""

    invitation_id: str


class OpenForm(Form):
    """A link that was received."""

    invitation: Link


class OpenedShown(Shown):
    """Whom a link is for, and a second factor to set up, shown once; null to a repeated request."""

    staff_id: str
    purpose: Purpose
    needs_second_factor: bool
    secret: str | None
    uri: str | None = Field(description="`otpauth://…`, for a QR code.")


class AcceptForm(Form):
    """What an invited person chooses, and the code of the second factor they have set up."""

    invitation: Link
    login: Login
    password: Password
    device: ShortName
    code: Code | None = None


class RestoreForm(Form):
    """The password that is, and the code of the second factor that was set up by the link."""

    invitation: Link
    password: Password
    device: ShortName
    code: Code


class Joined(SeatShown):
    """Somebody signed in by a link; recovery codes are shown once, null afterwards."""

    recovery_codes: list[str] | None


_LINKS = LIMITED | refusals(
    InvitationNotFound, InvitationOver, SecondFactorMissing, SecondFactorWrong
)


def require_places(view: View, roles: Sequence[Grant]) -> None:
    """See that the merchants are there at which roles shall hold.

    Raises:
        MerchantNotFound: this bank has none of this id.
    """
    for one in roles:
        if one.merchant_id is not None:
            partners.find(view, one.merchant_id)


async def link_made(
    caller: Caller, make: partial[Invited | Declined], roles: Sequence[Grant] = ()
) -> InvitationMade:
    """Make a link by a function that wants the hash of its secret, and show it once."""
    secret = invitations.new_secret()
    digest = invitations.hashed(secret)

    def work(unit: Unit) -> tuple[Invited, bool] | Declined:
        require_places(unit, roles)
        made = make(unit, secret_hash=digest)
        if isinstance(made, Declined):
            return made
        return made, invitations.is_of(unit, made.invitation_id, digest)

    made, fresh = await caller.write(work)
    return InvitationMade(
        invitation_id=made.invitation_id,
        staff_id=made.staff_id,
        ends_at=made.ends_at,
        invitation=secret if fresh else None,
    )


@router.post(
    "/invitations",
    summary="Invite somebody into an office",
    status_code=201,
    responses=refusals(BadField, OwnRole, MemberNotFound, CommunityNotFound, MerchantNotFound),
)
async def invite(caller: KeepsStaff, key: Key, form: InvitationForm) -> InvitationMade:
    """Make a link for somebody; the roles start when they accept it."""
    roles = tuple(one.grant() for one in form.roles)
    make = partial(
        invitations.invite, key=key, name=form.name, member_id=form.member_id, roles=roles
    )
    return await link_made(caller, make, roles)


@router.get("/invitations", summary="The invitations that are open")
async def invited(caller: SeesStaff, after: Cursor = None, limit: Limit = 50) -> InvitationPage:
    """List the links that still work, the oldest first. Their secrets are known to nobody here."""

    def look(view: View) -> InvitationPage:
        page = invitations.listing(view, after=after, limit=limit)
        names = persons.names(view, [one.staff_id for one in page.invitations])
        return InvitationPage(
            items=[_shown(one, names) for one in page.invitations], next=page.after
        )

    return await caller.read(look)


def _shown(one: invitations.Invitation, names: dict[str, str]) -> InvitationShown:
    return InvitationShown(
        invitation_id=one.invitation_id,
        staff_id=one.staff_id,
        name=names.get(one.staff_id, ""),
        purpose=one.purpose,
        roles=[GrantShown.model_validate(role) for role in one.grants],
        invited_by=one.invited_by,
        invited_at=one.invited_at,
        ends_at=one.ends_at,
    )


@router.post(
    "/invitations/{invitation_id}/withdraw",
    summary="Take an invitation back",
    responses=refusals(InvitationNotFound),
)
async def withdraw(
    caller: KeepsStaff, invitation_id: InvitationId, key: Key
) -> InvitationWithdrawn:
    """Let a link that was not used yet work no more."""
    done = await caller.write(
        lambda unit: invitations.withdraw(unit, key=key, invitation_id=invitation_id)
    )
    return InvitationWithdrawn(invitation_id=done)


@router.post(
    "/invitations/open",
    summary="Open an invitation",
    dependencies=[limited("staff-sign-in", per_minute=30)],
    responses=_LINKS,
)
async def open_link(seat: AtSeat, key: Key, form: OpenForm) -> OpenedShown:
    """Show whom a link is for, and a second factor to set up; the one shown last counts."""
    secret, digest = second_factors.new_secret(), invitations.hashed(form.invitation)
    seat.response.headers.update(NO_STORE)
    opened = await seat.write(
        lambda unit: shown_once.opened(unit, key=key, digest=digest, secret=secret)
    )
    return OpenedShown.model_validate(opened)


@router.post(
    "/invitations/accept",
    summary="Accept an invitation",
    status_code=201,
    dependencies=[limited("staff-sign-in", per_minute=30)],
    responses=_LINKS | refusals(BadField, LoginTaken, StateConflict),
)
async def accept(seat: AtSeat, key: Key, form: AcceptForm) -> Joined:
    """Join by a link, with a login and password of one's own: the roles start, one is signed in."""
    passwords.require_good(form.password, form.login)
    kept = await asyncio.to_thread(passwords.hashed, form.password)
    said = form.model_dump(exclude={"password"}) | {"password_hash": kept, "key": key}
    said["invitation"] = invitations.hashed(form.invitation)
    return await _joined(seat, partial(acceptances.accept, **said), with_codes=bool(form.code))


@router.post(
    "/second-factor/restore",
    summary="Set a lost second factor up again",
    dependencies=[limited("staff-sign-in", per_minute=30)],
    responses=_LINKS | refusals(StaffSignInRefused),
)
async def restore(seat: AtSeat, key: Key, form: RestoreForm) -> Joined:
    """Set a second factor up by an operator's link and the password one has, and sign in."""
    digest = invitations.hashed(form.invitation)
    checked = await shown_once.checked_by_link(seat, digest, form.password)
    said = form.model_dump(exclude={"password"}) | {"invitation": digest, "key": key}
    return await _joined(seat, partial(acceptances.restore, checked=checked, **said))


async def _joined(
    seat: Seat, join: partial[SignedIn | Declined], *, with_codes: bool = True
) -> Joined:
    codes = second_factors.new_recovery_codes()
    sat = await seat.sit(lambda unit, digest: join(unit, secret_hash=digest, recovery_codes=codes))
    shown = list(codes) if with_codes and sat.csrf is not None else None
    return Joined(**seated(sat).model_dump(), recovery_codes=shown)
