"""My duties: what comes, what runs, what was; and one duty with all that can be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Form, Query
from fastapi.responses import Response

from api.edge.forms import ClaimId
from api.edge.routes import Routes
from api.pages.forms import FormKey, Said, Sent
from api.pages.member import task_cards
from api.pages.member.duty_words import BADGES, NEXT
from api.pages.member.task_cards import Card
from api.pages.page import MemberPage, Page
from creditbank.core.units import View
from creditbank.core.values import write_units
from creditbank.ledger import accounts, chart, posting
from creditbank.people import persons
from creditbank.schemes import scheme
from creditbank.service import disputes, evidence, photos, reviews, site_codes
from creditbank.service.photos import Photo
from creditbank.tasks import details, duties, parties, tasks, waitlist, withdrawals
from creditbank.tasks.claims import Claim
from creditbank.tasks.details import Detail
from creditbank.tasks.parties import ClaimedAs
from creditbank.tasks.states import CLAIM, ClaimState
from creditbank.tasks.tasks import TaskKind
from creditbank.tasks.waitlist import Place

router = Routes(prefix="/b/{slug}/me/duties", include_in_schema=False)

SHOWN_AT_ONCE = 20
_NOTED = {
    ClaimState.SIGNED_IN,
    ClaimState.SIGNED_OUT,
    ClaimState.FORCED_OUT,
    ClaimState.REJECTED,
    ClaimState.DISPUTED,
}


@dataclass(frozen=True, slots=True)
class Row:
    """A claim in a list, with the card of its task."""

    claim: Claim
    card: Card


@dataclass(frozen=True, slots=True)
class Listing:
    """A member's duties; ``after`` asks for more of the past."""

    ahead: list[Row]
    behind: list[Row]
    after: str | None


@dataclass(frozen=True, slots=True)
class Companion:
    """Somebody of the same family's or team's claim, by a masked name."""

    claim: Claim
    name: str


@dataclass(frozen=True, slots=True)
class Duty:
    """One duty: its claim, its task, and what its member, who may lead others, can do now.

    ``may_sign`` is `in` or `out` while that is possible; ``earned`` are units and assets.
    """

    claim: Claim
    card: Card
    detail: Detail
    place: Place
    earned: list[tuple[str, str]]
    may_sign: str | None
    by_oneself: bool
    opens_at: datetime
    shown: evidence.Shown
    photos: list[Photo]
    takes_evidence: bool
    may_withdraw: bool
    in_time_until: datetime | None
    dispute_until: datetime | None
    party: ClaimedAs | None
    company: list[Companion]

    @property
    def photos_most(self) -> int:
        """How many photos there may be."""
        return photos.PHOTOS_MOST

    @property
    def is_resting(self) -> bool:
        """Whether a pause lasts."""
        return any(one.ended_at is None for one in self.shown.pauses)

    @property
    def coming(self) -> list[Companion]:
        """Who of the company can be signed in."""
        return [one for one in self.company if one.claim.state is ClaimState.PLACED]

    @property
    def leaving(self) -> list[Companion]:
        """Who of the company can be signed out."""
        return [one for one in self.company if one.claim.state is ClaimState.SIGNED_IN]


class ReasonForm(Sent):
    """Why a rejection is wrong."""

    reason: Said


@router.get("")
async def listing(
    page: MemberPage, *, after: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """Show a member's duties: what comes first, then what was."""
    shown = await page.read(lambda view: _listing(view, page.member_id, after or None))
    return page.show("member/duties.html", listing=shown, badges=BADGES, is_first=not after)


def _listing(view: View, member_id: str, after: str | None) -> Listing:
    ahead = [] if after else duties.ahead(view, member_id)
    past = duties.behind(view, member_id, after=after, limit=SHOWN_AT_ONCE)
    cards = task_cards.of_ids(view, [one.task_id for one in (*ahead, *past.claims)])
    return Listing(
        [Row(one, cards[one.task_id]) for one in ahead],
        [Row(one, cards[one.task_id]) for one in past.claims],
        past.after,
    )


@router.get("/{claim_id}")
async def one(page: MemberPage, claim_id: ClaimId) -> Response:
    """Show one duty: where it stands, and what comes next."""
    duty = await page.read(lambda view: _duty(view, page, claim_id))
    return page.show("member/duty.html", duty=duty, badges=BADGES, next_words=NEXT)


def _duty(view: View, page: Page, claim_id: str) -> Duty:
    shown = evidence.of_claim(view, page.caller.actor, claim_id)
    found = reviews.with_reasons(view, [shown.claim])[0]
    task = tasks.find(view, found.task_id)
    rules = scheme.current(view)
    opens, closes = site_codes.window(task, rules)
    is_open = opens <= view.now < closes
    signs = {ClaimState.PLACED: "in", ClaimState.SIGNED_IN: "out"}
    party, company = _company(view, found, page.member_id)
    return Duty(
        claim=found,
        card=task_cards.of(view, [task], page.member_id)[0],
        detail=details.of_task(view, task.task_id),
        place=waitlist.place(view, claim_id, actor=page.caller.actor),
        earned=_earned(view, found),
        may_sign=signs.get(found.state)
        if is_open and task.kind is not TaskKind.AFTERWARDS
        else None,
        by_oneself=rules.self_sign_in,
        opens_at=opens,
        shown=shown,
        photos=photos.of_claim(view, claim_id),
        takes_evidence=found.state in _NOTED,
        may_withdraw=(found.state, "withdraw") in CLAIM.moves and view.now < task.ends_at,
        in_time_until=withdrawals.in_time_until(view, task, found),
        dispute_until=_dispute_until(view, found),
        party=party,
        company=company,
    )


def _company(view: View, found: Claim, member_id: str) -> tuple[ClaimedAs | None, list[Companion]]:
    """Return the family's or team's claim, and to who leads it, its people."""
    if found.party_id is None:
        return None, []
    party = parties.find(view, found.party_id)
    if party.leader_id != member_id:
        return party, []
    others = [one for one in parties.claims_of(view, party.party_id) if one.member_id != member_id]
    names = persons.masked_names(view, {one.member_id for one in others})
    return party, [Companion(one, names[one.member_id]) for one in others]


def _earned(view: View, found: Claim) -> list[tuple[str, str]]:
    """Return what a claim brought its member: units and the names of assets."""
    if found.transfer_id is None or found.state is not ClaimState.APPROVED:
        return []
    assets = accounts.every_asset(view)
    own = {chart.member(found.member_id), chart.debt(found.member_id)}
    units: dict[str, int] = {}
    for leg in posting.find(view, found.transfer_id).postings:
        if leg.destination in own:
            code = leg.amount.asset
            units[code] = units.get(code, 0) + leg.amount.units
    return [
        (write_units(many, assets[code].scale), assets[code].name)
        for code, many in sorted(units.items())
    ]


def _dispute_until(view: View, found: Claim) -> datetime | None:
    """Return until when a rejection can be disputed, None if it can't (any more)."""
    if found.state is not ClaimState.REJECTED or found.disputed_at is not None:
        return None
    assert found.decided_at is not None, "a rejection has its instant"
    until = found.decided_at + timedelta(days=scheme.current(view).dispute_days)
    return until if view.now <= until else None


@router.post("/{claim_id}/dispute")
async def dispute(
    page: MemberPage, claim_id: ClaimId, key: FormKey, form: Annotated[ReasonForm, Form()]
) -> Response:
    """Ask for a second reviewer."""
    await page.write(
        lambda unit: disputes.dispute(unit, key=key, claim_id=claim_id, reason=form.reason)
    )
    return page.go(f"/me/duties/{claim_id}", "disputed")
