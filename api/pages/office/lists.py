"""The three lists: needs, resources and projects; raised, taken on, made a need, or closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Form, Query
from fastapi.responses import Response
from pydantic import BeforeValidator

from api.edge.forms import AssetCode, CommunityRef, Cursor, EntryId, OrganisationRef
from api.edge.routes import Routes
from api.pages.forms import Count, FormKey, Line, LocalTime, MaybeLine, Sent
from api.pages.office import names
from api.pages.office.reviews import CommunityChosen
from api.pages.page import Page, page_for
from api.papers import statistics
from creditbank.core.units import Declined, Unit, View
from creditbank.core.values import Asset, AssetKind
from creditbank.identity.roles import Right
from creditbank.lists import entries, organisations, triage
from creditbank.lists.entries import DETAILS, REASON, Entry, EntryKind, EntryState
from creditbank.lists.organisations import Organisation
from creditbank.people import communities, members
from creditbank.people.communities import Community
from creditbank.schemes.rewards import Per, Reward
from creditbank.tasks import categories
from creditbank.tasks.categories import Category

router = Routes(prefix="/b/{slug}/office/lists", include_in_schema=False)

Sees = Annotated[Page, page_for(Right.SEE_MEMBERS)]
Keeps = Annotated[Page, page_for(Right.KEEP_TASKS)]

AT_ONCE = 50
KINDS: Mapping[EntryKind, tuple[str, str]] = {
    EntryKind.NEED: ("需求清单", "Needs"),
    EntryKind.RESOURCE: ("资源清单", "Resources"),
    EntryKind.PROJECT: ("项目清单", "Projects"),
}
STATES: Mapping[EntryState, tuple[str, str]] = {
    EntryState.OPEN: ("待受理", "open"),
    EntryState.ACCEPTED: ("已受理", "accepted"),
    EntryState.TASKED: ("已转为任务", "a task now"),
    EntryState.CLOSED: ("已办结", "closed"),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the lists, and what a new entry can name."""

    entries: tuple[Entry, ...]
    after: str | None
    communities: tuple[Community, ...]
    organisations: tuple[Organisation, ...]

    def community(self, community_id: str) -> str:
        """Return what a community is called."""
        return next((c.name for c in self.communities if c.community_id == community_id), "")

    def organisation(self, organisation_id: str | None) -> str:
        """Return what an organisation is called."""
        known = self.organisations
        return next((o.name for o in known if o.organisation_id == organisation_id), "")


@router.get("")
async def listing(
    page: Sees,
    *,
    kind: Annotated[EntryKind | None, Query()] = None,
    community: CommunityChosen = None,
    after: Cursor = None,
) -> Response:
    """Show the lists, what is late first."""
    within = page.caller.communities
    if community is not None:
        communities.require_within(page.caller.actor, community)
        within = (community,)

    def look(view: View) -> Listed:
        found = entries.listing(view, kind=kind, within=within, after=after or None, limit=AT_ONCE)
        return Listed(
            found.entries,
            found.after,
            tuple(communities.every(view)),
            tuple(organisations.every(view)),
        )

    found = await page.read(look)
    return page.show(
        "office/lists.html", found=found, kind=kind, kinds=KINDS, states=STATES, near=_near(page)
    )


def _near(page: Page) -> tuple[str, ...] | None:
    """Return where who asks keeps the lists."""
    return page.whole.may_within(Right.KEEP_TASKS)


def _chosen(said: object) -> object:
    """Return what was chosen of a list that begins with nothing."""
    return said or None


class EntryForm(Sent):
    """What to put on a list, where, and for whom or in whose name."""

    kind: EntryKind
    title: Line
    details: MaybeLine = None
    community_id: CommunityRef | None = None
    number: MaybeLine = None
    organisation_id: Annotated[OrganisationRef | None, BeforeValidator(_chosen)] = None


@router.post("")
async def enter(page: Keeps, key: FormKey, form: Annotated[EntryForm, Form()]) -> Response:
    """Put something on a list, for a resident or in an organisation's name."""

    def work(unit: Unit) -> str | Declined:
        who = None if form.number is None else members.by_number(unit, form.number).member_id
        return entries.enter(
            unit,
            key=key,
            kind=form.kind,
            title=form.title,
            details=form.details,
            community_id=None if who is not None else form.community_id,
            raiser_member_id=who,
            organisation_id=form.organisation_id,
        )

    made = await page.write(work)
    return page.go(f"/office/lists/{made}", "entered")


@dataclass(frozen=True, slots=True)
class Opened:
    """An entry, and what making a need of it can name; texts only for who keeps the lists."""

    entry: Entry
    community: str
    raiser: str | None
    organisation: str | None
    on_duty: str | None
    details: str | None
    reason: str | None
    categories: tuple[Category, ...]
    assets: tuple[Asset, ...]


@router.get("/{entry_id}")
async def show(page: Sees, entry_id: EntryId) -> Response:
    """Show an entry; its details to who keeps the lists."""
    found = await page.read(lambda view: _opened(view, page, entry_id))
    return page.show("office/list_entry.html", found=found, kinds=KINDS, states=STATES)


def _opened(view: View, page: Page, entry_id: str) -> Opened:
    """Return an entry as far as who asks may see it.

    Raises:
        EntryNotFound: this bank has none of this id.
        OtherCommunity: the caller's role does not hold where it is.
    """
    entry = entries.find(view, entry_id)
    communities.require_within(page.caller.actor, entry.community_id)
    near = _near(page)
    keeps = near is None or entry.community_id in near
    named = {one.organisation_id: one.name for one in organisations.every(view)}
    who = entry.raiser_member_id
    points = [one for one in statistics.assets_of(view) if one.kind is not AssetKind.MONEY]
    return Opened(
        entry,
        communities.find(view, entry.community_id).name,
        names.near(view, page, [who]).get(who or ""),
        named.get(entry.organisation_id or ""),
        named.get(entry.on_duty_id or ""),
        entries.plain(view, entry, DETAILS) if keeps else None,
        entries.plain(view, entry, REASON) if keeps else None,
        tuple(categories.every(view)) if keeps else (),
        tuple(points),
    )


@router.post("/{entry_id}/accept")
async def accept(page: Keeps, entry_id: EntryId, key: FormKey) -> Response:
    """Take an entry on."""
    await page.write(lambda unit: triage.accept(unit, key=key, entry_id=entry_id))
    return page.go(f"/office/lists/{entry_id}", "accepted")


class CloseForm(Sent):
    """Why an entry is closed; whoever raised it reads it."""

    reason: Line


@router.post("/{entry_id}/close")
async def close(
    page: Keeps, entry_id: EntryId, key: FormKey, form: Annotated[CloseForm, Form()]
) -> Response:
    """Close an entry without a need."""
    await page.write(
        lambda unit: triage.close(unit, key=key, entry_id=entry_id, reason=form.reason)
    )
    return page.go("/office/lists", "closed")


class NeedForm(Sent):
    """The need that an entry becomes."""

    title: MaybeLine = None
    category: Line
    place: Line
    starts_at: LocalTime
    ends_at: LocalTime
    capacity: Count
    asset: AssetCode
    units: Count
    per: Per


@router.post("/{entry_id}/task")
async def publish(
    page: Keeps, entry_id: EntryId, key: FormKey, form: Annotated[NeedForm, Form()]
) -> Response:
    """Make an entry a need of its community, open to claims."""
    zone = ZoneInfo(page.bank.zone)
    done = await page.write(
        lambda unit: triage.publish(
            unit,
            key=key,
            entry_id=entry_id,
            title=form.title,
            category=form.category,
            place=form.place,
            starts_at=_at(form.starts_at, zone),
            ends_at=_at(form.ends_at, zone),
            capacity=form.capacity,
            rewards=[Reward(form.asset, form.units, form.per)],
        )
    )
    return page.go(f"/office/needs/{done.task_id}", "need-made")


def _at(local: datetime, zone: ZoneInfo) -> datetime:
    return local.replace(tzinfo=zone)
