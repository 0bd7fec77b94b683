"""Members: found by name, number or the tail of a phone; listed by number; taken in by form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from fastapi import Form, Query
from fastapi.responses import Response
from pydantic import BeforeValidator, Field
from pydantic import StringConstraints as Text

from api.edge.forms import Cursor
from api.edge.limits import spend
from api.edge.routes import Routes
from api.pages.forms import (
    FormKey,
    Line,
    MaybeDay,
    MaybeLine,
    PhoneText,
    Sent,
    blank_is_none,
    plain,
)
from api.pages.office import names
from api.pages.page import Page, page_for
from creditbank.core.units import View
from creditbank.identity import joining
from creditbank.identity.roles import Right
from creditbank.people import communities, finding, members, persons
from creditbank.people.communities import Community
from creditbank.people.consents import PURPOSES
from creditbank.people.members import Member, MemberKind, Status

router = Routes(prefix="/b/{slug}/office/members", include_in_schema=False)

AT_ONCE = 40
SEARCHES_A_MINUTE = 30

Sees = Annotated[Page, page_for(Right.SEE_MEMBERS)]
Keeps = Annotated[Page, page_for(Right.KEEP_MEMBERS)]
Asked = Annotated[str, Query(max_length=60)]
CommunityText = Annotated[str, Text(pattern=r"^com_[0-9a-hjkmnp-tv-z]{26}$")]
MemberText = Annotated[str, BeforeValidator(plain), Text(pattern=r"^mem_[0-9a-hjkmnp-tv-z]{26}$")]
NumberText = Annotated[str, BeforeValidator(plain), Text(pattern=r"^[A-Za-z0-9-]{1,20}$")]
DocumentText = Annotated[str, BeforeValidator(plain), Text(pattern=r"^[0-9A-Za-z -]{5,40}$")]

# state of a membership → (中文, English, class of its badge)
STATES: dict[Status, tuple[str, str, str]] = {
    Status.APPLIED: ("待审核", "applied", "wait"),
    Status.REFUSED: ("未通过", "refused", "no"),
    Status.ACTIVE: ("正常", "active", ""),
    Status.SUSPENDED: ("已暂停", "suspended", "no"),
    Status.CLOSED: ("已注销", "closed", "quiet"),
}


class NewForm(Sent):
    """Somebody to take in; a guardian is named by number."""

    name: Line
    community_id: CommunityText
    phone: Annotated[PhoneText | None, BeforeValidator(blank_is_none)] = None
    document: Annotated[DocumentText | None, BeforeValidator(blank_is_none)] = None
    born_on: MaybeDay = None
    address: MaybeLine = None
    number: Annotated[NumberText | None, BeforeValidator(blank_is_none)] = None
    kind: Literal["resident", "visitor"] = "resident"
    purposes: Annotated[
        list[Literal["service", "publish_name", "photos", "messages"]],
        Field(max_length=len(PURPOSES), default_factory=list),
    ]
    guardian: Annotated[NumberText | None, BeforeValidator(blank_is_none)] = None


@dataclass(frozen=True, slots=True)
class Named:
    """A member with a masked name and the name of the community."""

    member: Member
    name: str
    community: str

    @property
    def state(self) -> tuple[str, str, str]:
        """How it stands, in words."""
        return STATES[self.member.status]


@dataclass(frozen=True, slots=True)
class Listed:
    """What the page shows."""

    members: tuple[Named, ...]
    after: str | None
    whole: bool


def named(view: View, several: tuple[Member, ...]) -> tuple[Named, ...]:
    """Return members with what a page calls them."""
    called = persons.masked_names(view, [one.member_id for one in several])
    places = {one.community_id: one.name for one in communities.every(view)}
    return tuple(Named(one, called[one.member_id], places[one.community_id]) for one in several)


def known(view: View, page: Page, several: tuple[Member, ...]) -> tuple[Named, ...]:
    """Return members, some of whom may live elsewhere, with what this page calls them."""
    called = names.near(view, page, [one.member_id for one in several])
    return tuple(replace(one, name=called[one.member.member_id]) for one in named(view, several))


def places_of(view: View, page: Page) -> list[Community]:
    """Return the communities in which the page's right holds."""
    within = page.caller.communities
    return [one for one in communities.every(view) if within is None or one.community_id in within]


@router.get("")
async def listing(page: Sees, q: Asked = "", after: Cursor = None) -> Response:
    """Find members, or list them by number."""
    within, opened = page.caller.communities, page.whole.may_within(Right.REVEAL)
    if q.strip():  # whoever searches for what a mask hides would need many tries
        spend(page.request, "member-search", page.caller.actor.id, per_minute=SEARCHES_A_MINUTE)

    def look(view: View) -> Listed:
        if q.strip():
            found = finding.search(view, q, within=within, opened=opened)
            return Listed(named(view, found.members), None, found.whole)
        several = members.listing(view, within=within, after=after, limit=AT_ONCE)
        return Listed(named(view, several.members), several.after, whole=True)

    found = await page.read(look, patient=bool(q.strip()))
    return page.show(
        "office/members.html", found=found, q=q.strip(), after=after, parts=opened != ()
    )


@router.get("/new")
async def new(page: Keeps) -> Response:
    """Show the form to take somebody in."""
    places = await page.read(lambda view: places_of(view, page))
    return page.show("office/new_member.html", places=places, purposes=PURPOSES.values())


@router.post("/new")
async def take_in(page: Keeps, key: FormKey, form: Annotated[NewForm, Form()]) -> Response:
    """Take somebody in, and show who they are now."""
    said = form.said() | {"kind": MemberKind(form.kind)}
    number = said.pop("guardian")
    said["guardian_id"] = None
    if number is not None:
        said["guardian_id"] = (await page.read(lambda v: members.by_number(v, number))).member_id
    made = await page.write(lambda unit: joining.take_in(unit, key=key, **said))
    return page.go(f"/office/members/{made.member_id}", "member-taken-in")
