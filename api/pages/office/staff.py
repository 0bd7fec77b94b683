"""Staff: who is in office with which roles; invitations, whose links are shown once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Form
from fastapi.responses import Response
from pydantic import BeforeValidator

from api.edge.forms import Cursor, GrantId, InvitationId, MerchantRef, StaffId
from api.edge.routes import Routes
from api.pages.forms import FormKey, Line, Sent, blank_is_none
from api.pages.office.members import CommunityText, NumberText
from api.pages.page import Page, page_for
from creditbank.core.units import Declined, Unit, View
from creditbank.identity import appointments, grants, invitations, staff
from creditbank.identity.invitations import Invitation, Invited
from creditbank.identity.roles import OF_COMMUNITY, OF_MERCHANT, Grant, Right, Role
from creditbank.identity.staff import Named
from creditbank.people import communities, masks, members, persons
from merchants import partners

router = Routes(prefix="/b/{slug}/office/staff", include_in_schema=False)

KeepsStaff = Annotated[Page, page_for(Right.KEEP_STAFF)]
SeesStaff = Annotated[Page, page_for(Right.KEEP_STAFF, Right.OVERSEE)]

# role of an office → (中文, English, what it is for 中文, English)
ROLES: dict[Role, tuple[str, str, str, str]] = {
    Role.ORGANISER: ("组织者", "Organiser", "发布需求、登记成员、代办", "needs, members, assists"),
    Role.REVIEWER: ("审核员", "Reviewer", "审核服务", "reviews services"),
    Role.COMMUNITY_HEAD: ("社区负责人", "Head", "本社区的全部事务", "all of a community"),
    Role.TREASURER: ("出纳", "Treasurer", "退款、账目", "refunds and books"),
    Role.AUDITOR: ("监督员", "Auditor", "只看，核账", "reads and audits"),
    Role.OPERATOR: ("管理员", "Operator", "设置、商户、人员", "settings, shops, staff"),
    Role.SHOP_OWNER: ("店主", "Shop owner", "自己店的收银和对账", "their shop's till and books"),
}
RoleName = Literal[
    "organiser",
    "reviewer",
    "community_head",
    "treasurer",
    "auditor",
    "operator",
    "shop_owner",
]


class RoleForm(Sent):
    """A role, and where it holds."""

    role: RoleName
    community_id: Annotated[CommunityText | None, BeforeValidator(blank_is_none)] = None
    merchant_id: Annotated[MerchantRef | None, BeforeValidator(blank_is_none)] = None

    def grant(self) -> Grant:
        """Return it as the engine says it; a place that the role has none of is left out."""
        role = Role(self.role)
        return Grant(
            role,
            self.community_id if role in OF_COMMUNITY else None,
            self.merchant_id if role in OF_MERCHANT else None,
        )


class InvitationForm(RoleForm):
    """Somebody to invite, and the number of the member they also are, if any."""

    name: Line
    number: Annotated[NumberText | None, BeforeValidator(blank_is_none)] = None


@dataclass(frozen=True, slots=True)
class Held:
    """A role that somebody holds, and where."""

    grant_id: str
    grant: Grant
    place: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in office."""

    one: Named
    roles: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """A link that still works."""

    one: Invitation
    name: str
    roles: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """What the page shows."""

    people: tuple[Person, ...]
    after: str | None
    invited: tuple[Open, ...]
    communities: tuple[tuple[str, str], ...]
    shops: tuple[tuple[str, str], ...]


@router.get("")
async def listing(page: SeesStaff, after: Cursor = None) -> Response:
    """Show who is in office."""
    board = await page.read(lambda view: _board(view, after))
    return page.show("office/staff.html", board=board, words=ROLES)


def _board(view: View, after: str | None) -> Board:
    found = staff.listing(view, after=after, limit=50)
    held = grants.of_all(view, [one.staff.staff_id for one in found.staff])
    waiting = invitations.listing(view, limit=100).invitations
    names = persons.names(view, [one.staff_id for one in waiting])
    shops = {one.merchant_id: one.name for one in partners.listing(view)}
    places = {one.community_id: one.name for one in communities.every(view)}
    known = shops | places

    def told(several: Sequence[tuple[str, Grant]]) -> tuple[Held, ...]:
        return tuple(
            Held(grant_id, one, known.get(one.community_id or one.merchant_id or "", ""))
            for grant_id, one in several
        )

    return Board(
        tuple(
            Person(one, told(list(held.get(one.staff.staff_id, {}).items()))) for one in found.staff
        ),
        found.after,
        tuple(
            Open(
                one, names.get(one.staff_id, masks.GONE), told([("", each) for each in one.grants])
            )
            for one in waiting
        ),
        tuple(places.items()),
        tuple(shops.items()),
    )


@router.post("/invitations")
async def invite(
    page: KeepsStaff, key: FormKey, form: Annotated[InvitationForm, Form()]
) -> Response:
    """Make a link for somebody, and show it this once."""
    roles = (form.grant(),)
    member_id = None
    if form.number is not None:
        number = form.number
        member_id = (await page.read(lambda view: members.by_number(view, number))).member_id

    def make(unit: Unit, digest: str) -> Invited | Declined:
        _require_places(unit, roles)
        return invitations.invite(
            unit, key=key, name=form.name, member_id=member_id, roles=roles, secret_hash=digest
        )

    return await _link(page, make)


async def _link(page: Page, make: Callable[[Unit, str], Invited | Declined]) -> Response:
    """Make a link and show its secret, unless the form was sent before."""
    secret = invitations.new_secret()
    digest = invitations.hashed(secret)

    def work(unit: Unit) -> tuple[Invited, bool] | Declined:
        made = make(unit, digest)
        if isinstance(made, Declined):
            return made
        return made, invitations.is_of(unit, made.invitation_id, digest)

    made, fresh = await page.write(work)
    if not fresh:
        return page.go("/office/staff", "link-shown")
    name = (await page.read(lambda view: persons.names(view, [made.staff_id]))).get(made.staff_id)
    origin = str(page.request.base_url).rstrip("/")
    address = f"{origin}{page.base}/office/invitations#{secret}"
    return page.show("office/invitation_link.html", name=name or "", address=address, made=made)


def _require_places(view: View, roles: Sequence[Grant]) -> None:
    """See that the merchants are there at which roles shall hold.

    Raises:
        MerchantNotFound: this bank has none of this id.
    """
    for one in roles:
        if one.merchant_id is not None:
            partners.find(view, one.merchant_id)


@router.post("/invitations/{invitation_id}/withdraw")
async def withdraw(page: KeepsStaff, invitation_id: InvitationId, key: FormKey) -> Response:
    """Take an invitation back."""
    await page.write(lambda unit: invitations.withdraw(unit, key=key, invitation_id=invitation_id))
    return page.go("/office/staff", "invitation-withdrawn")


@router.post("/{staff_id}/grants")
async def appoint(
    page: KeepsStaff, staff_id: StaffId, key: FormKey, form: Annotated[RoleForm, Form()]
) -> Response:
    """Give somebody else a role."""

    def work(unit: Unit) -> appointments.Given | Declined:
        _require_places(unit, [form.grant()])
        return appointments.appoint(unit, key=key, staff_id=staff_id, grant=form.grant())

    await page.write(work)
    return page.go("/office/staff", "role-given")


@router.post("/grants/{grant_id}/end")
async def dismiss(page: KeepsStaff, grant_id: GrantId, key: FormKey) -> Response:
    """Take a role back."""
    await page.write(lambda unit: appointments.dismiss(unit, key=key, grant_id=grant_id))
    return page.go("/office/staff", "role-ended")


@router.post("/{staff_id}/suspend")
async def suspend(page: KeepsStaff, staff_id: StaffId, key: FormKey) -> Response:
    """Sign somebody out everywhere, and let them in no more."""
    await page.write(lambda unit: appointments.suspend(unit, key=key, staff_id=staff_id))
    return page.go("/office/staff", "staff-suspended")


@router.post("/{staff_id}/reinstate")
async def reinstate(page: KeepsStaff, staff_id: StaffId, key: FormKey) -> Response:
    """Let somebody who was kept out sign in again."""
    await page.write(lambda unit: appointments.reinstate(unit, key=key, staff_id=staff_id))
    return page.go("/office/staff", "staff-reinstated")


@router.post("/{staff_id}/second-factor")
async def reset(page: KeepsStaff, staff_id: StaffId, key: FormKey) -> Response:
    """Take a lost second factor away, and show the link by which another one is set up."""
    return await _link(
        page,
        lambda unit, digest: appointments.reset_second_factor(
            unit, key=key, staff_id=staff_id, secret_hash=digest
        ),
    )
