"""The review queue: what waits, with its evidence at a glance; many at once after looking."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated

from fastapi import Form, Query
from fastapi.responses import Response
from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from api.edge.forms import ClaimId, ClaimRef, CommunityRef, Cursor, PhotoId
from api.edge.routes import Routes
from api.pages.forms import FormKey, Sent
from api.pages.office import names
from api.pages.page import Page, page_for
from creditbank.core.errors import CreditbankError
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import communities
from creditbank.people.communities import Community
from creditbank.service import decisions, photos, review_sheets, reviews, second_looks
from creditbank.service.photos import Photo
from creditbank.service.review_sheets import Sheet
from creditbank.tasks import tasks
from creditbank.tasks.claims import Claim, SignedInHow
from creditbank.tasks.states import AWAITING_REVIEW, ClaimState
from creditbank.tasks.tasks import Task

router = Routes(prefix="/b/{slug}/office", include_in_schema=False)

SeesReviews = Annotated[Page, page_for(Right.REVIEW, Right.OVERSEE)]
Reviews = Annotated[Page, page_for(Right.REVIEW)]
Withdraws = Annotated[Page, page_for(Right.WITHDRAW_APPROVAL)]

# A community that was chosen of a list; the empty one is all of them.
CommunityChosen = Annotated[
    CommunityRef | None, BeforeValidator(lambda said: said or None), Query()
]

AT_ONCE = 40
PRIVATE = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
_LEFT = re.compile(r"(clm_[0-9a-z]{26})\.([a-z-]{1,40})")
_LEFT_SHOWN = 20

# how somebody's coming was noted → (中文, English)
HOW: Mapping[SignedInHow | None, tuple[str, str]] = {
    SignedInHow.CODE: ("扫现场码签到", "signed in by the site's code"),
    SignedInHow.SELF: ("自己签到", "signed in by phone"),
    SignedInHow.LEADER: ("领队代签", "signed in by the leader"),
    SignedInHow.ROSTER: ("组织者点名", "ticked on the roster"),
    SignedInHow.AFTERWARDS: ("事后补录", "written down afterwards"),
    None: ("签到方式未记", "how is not known"),
}
STATES: Mapping[ClaimState, tuple[str, str]] = {
    ClaimState.SIGNED_OUT: ("待审核", "to review"),
    ClaimState.FORCED_OUT: ("待审核", "to review"),
    ClaimState.DISPUTED: ("有异议，待复核", "disputed"),
    ClaimState.APPROVED: ("已通过", "approved"),
    ClaimState.REJECTED: ("未通过", "rejected"),
    ClaimState.REVOKED: ("已撤回", "withdrawn"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """A service in a list: its sheet, whose it is (masked), and the pictures that show it."""

    sheet: Sheet
    name: str
    photos: tuple[Photo, ...]

    @property
    def claim(self) -> Claim:
        """The claim itself."""
        return self.sheet.claim


@dataclass(frozen=True, slots=True)
class Group:
    """The services of one task that wait, in the order of the queue."""

    task: Task
    community: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of the queue."""

    groups: tuple[Group, ...]
    communities: tuple[Community, ...]
    after: str | None

    @property
    def plain(self) -> int:
        """How many show nothing odd."""
        return sum(not one.sheet.flags for group in self.groups for one in group.items)


def items_of(
    view: View, page: Page, several: Sequence[Claim], *, pictures: bool = False
) -> list[Item]:
    """Return claims as items, with names as far as they may be seen, and photos if wanted."""
    called = names.near(view, page, [one.member_id for one in several])
    shown = photos.of_claims(view, [one.claim_id for one in several]) if pictures else {}
    return [
        Item(one, called[one.claim.member_id], tuple(shown.get(one.claim.claim_id, ())))
        for one in review_sheets.several(view, several)
    ]


def grouped(view: View, items: Iterable[Item]) -> tuple[Group, ...]:
    """Return items under their tasks, each run of one task together."""
    listed = list(items)
    found = {
        one.task_id: one
        for one in tasks.chosen(
            view, tasks.tasks.c.task_id.in_(sorted({one.claim.task_id for one in listed}))
        )
    }
    places = {one.community_id: one.name for one in communities.every(view)}
    return tuple(
        Group(found[task_id], places[found[task_id].community_id], tuple(run))
        for task_id, run in groupby(listed, key=lambda one: one.claim.task_id)
    )


def _known(view: View, page: Page) -> tuple[Community, ...]:
    held = page.caller.communities
    every = communities.every(view)
    return tuple(one for one in every if held is None or one.community_id in held)


@router.get("/reviews")
async def queue(
    page: SeesReviews,
    *,
    community: CommunityChosen = None,
    after: Cursor = None,
    ticked: Annotated[bool, Query()] = False,
    approved: Annotated[int, Query(ge=0, le=AT_ONCE)] = 0,
    left: Annotated[str, Query(max_length=3000)] = "",
) -> Response:
    """Show what waits for a review, what is due first before others."""
    return page.show(
        "office/reviews.html",
        queue=await page.read(lambda view: _queue(view, page, community, after)),
        community=community,
        first=not after,
        ticked=ticked,
        approved=approved,
        left=[(found[1], _said(page, found[2])) for found in _LEFT.finditer(left)],
        how=HOW,
    )


def _queue(view: View, page: Page, community_id: str | None, after: str | None) -> Queue:
    found = reviews.waiting(
        view,
        within=page.caller.communities,
        community_id=community_id,
        after=after or None,
        limit=AT_ONCE,
        states=(ClaimState.SIGNED_OUT, ClaimState.FORCED_OUT),
    )
    items = items_of(view, page, found.claims, pictures=page.caller.may(Right.REVIEW))
    by_task = sorted(items, key=_by_first(items))
    return Queue(grouped(view, by_task), _known(view, page), found.after)


def _by_first(items: Sequence[Item]) -> Callable[[Item], int]:
    """Return the order that keeps a task's services together, where the first of them stands."""
    first: dict[str, int] = {}
    for n, one in enumerate(items):
        first.setdefault(one.claim.task_id, n)
    return lambda one: first[one.claim.task_id]


def _said(page: Page, slug: str) -> str:
    """Return why a service was left, by the word of the refusal."""
    known = CreditbankError.by_slug.get(slug)
    if known is None or "{" in known.zh:
        return page.speech.t("情况已有变化，请打开查看", "It has changed; please open it")
    return page.speech.t(known.zh, known.en)


class ManyForm(Sent):
    """Which services to approve; ``looked`` are odd ones that were looked at."""

    claim: list[ClaimRef] = Field(default_factory=list, max_length=AT_ONCE)
    looked: list[ClaimRef] = Field(default_factory=list, max_length=AT_ONCE, validate_default=True)

    @field_validator("looked")
    @classmethod
    def some_are_ticked(cls, looked: list[str], info: ValidationInfo) -> list[str]:
        """See that something is ticked, and each once."""
        ticked = [*info.data.get("claim", []), *looked]
        if not ticked or len(set(ticked)) < len(ticked):
            message = "tick each service once"
            raise ValueError(message)
        return looked


@router.post("/reviews/approvals")
async def approve_many(page: Reviews, key: FormKey, form: Annotated[ManyForm, Form()]) -> Response:
    """Approve services one by one; what is refused keeps no other from being approved."""
    chosen = [*form.claim, *form.looked]
    refused = [
        f"{claim_id}.{slug}"
        for claim_id in chosen
        if (slug := await _approve(page, key, claim_id, looked=claim_id in form.looked))
    ]
    return page.go(
        "/office/reviews",
        "reviewed",
        approved=str(len(chosen) - len(refused)),
        left=",".join(refused[:_LEFT_SHOWN]),
    )


async def _approve(page: Page, key: str, claim_id: str, *, looked: bool) -> str | None:
    """Approve one of many, in a unit of its own; return the word of a refusal."""
    own = hashlib.sha256(f"{key}\0{claim_id}".encode()).hexdigest()
    try:
        await page.write(
            lambda unit: reviews.approve_listed(unit, key=own, claim_id=claim_id, looked=looked)
        )
    except CreditbankError as error:
        return error.slug
    return None


@router.get("/disputes")
async def disputed(page: SeesReviews, after: Cursor = None) -> Response:
    """Show what was disputed and waits for a second reviewer."""

    def look(view: View) -> Queue:
        found = reviews.waiting(
            view,
            within=page.caller.communities,
            after=after or None,
            limit=AT_ONCE,
            states=(ClaimState.DISPUTED,),
        )
        items = items_of(view, page, found.claims)
        return Queue(grouped(view, items), (), found.after)

    return page.show(
        "office/review_list.html", tab_of="disputes", queue=await page.read(look), how=HOW
    )


@router.get("/second-looks")
async def drawn(page: SeesReviews, after: Cursor = None) -> Response:
    """Show the approvals that were drawn to be looked at once more."""

    def look(view: View) -> Queue:
        found = second_looks.waiting(
            view,
            within=page.caller.communities,
            other_than=page.caller.actor.id,
            after=after or None,
            limit=AT_ONCE,
        )
        items = items_of(view, page, found.claims)
        return Queue(grouped(view, items), (), found.after)

    return page.show(
        "office/review_list.html", tab_of="second-looks", queue=await page.read(look), how=HOW
    )


@router.get("/reviews/decided")
async def decided(page: Withdraws, after: Cursor = None) -> Response:
    """Show what was approved lately and can still be taken back."""

    def look(view: View) -> Queue:
        found = decisions.revocable(
            view, within=page.caller.communities, after=after or None, limit=AT_ONCE
        )
        items = items_of(view, page, found.claims)
        return Queue(grouped(view, items), (), found.after)

    return page.show(
        "office/review_list.html", tab_of="decided", queue=await page.read(look), how=HOW
    )


@router.get("/reviews/{claim_id}/photos/{photo_id}")
async def photo(page: Reviews, claim_id: ClaimId, photo_id: PhotoId) -> Response:
    """Show a photo of a service to its reviewer."""
    actor = page.caller.actor
    found = await page.read(lambda view: photos.picture(view, actor, claim_id, photo_id))
    return Response(found, media_type="image/jpeg", headers=PRIVATE)


def waits(claim: Claim) -> bool:
    """Tell whether a service waits for a decision."""
    return claim.state in AWAITING_REVIEW
