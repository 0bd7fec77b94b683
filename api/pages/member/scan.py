"""Signing in and out: by the code that the site shows, and, for who leads, by the roster.

The form says from the start what each duty would be scanned for, so that a form sent twice signs
nobody in and out again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Query
from fastapi.responses import Response
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic import StringConstraints as Text

from api.edge.forms import ClaimId, ClaimRef, printable
from api.edge.routes import Routes
from api.pages.forms import FormKey, Sent, plain
from api.pages.member import task_cards
from api.pages.member.task_cards import Card
from api.pages.page import MemberPage
from creditbank.core.units import Declined, Unit, View
from creditbank.schemes import scheme
from creditbank.service import attendance, pauses, site_codes
from creditbank.service.attendance import Attended
from creditbank.tasks import claims, duties, tasks
from creditbank.tasks.claims import Claim
from creditbank.tasks.errors import ClaimNotFound
from creditbank.tasks.states import ClaimState

router = Routes(prefix="/b/{slug}/me", include_in_schema=False)

CODES_MOST = 20
_VERBS = {ClaimState.PLACED: "in", ClaimState.SIGNED_IN: "out"}

SiteDigits = Annotated[
    str,
    BeforeValidator(plain),
    Text(min_length=1, max_length=40),
    AfterValidator(printable),
]
Deed = Annotated[str, Text(pattern=r"^(in|out)\.clm_[0-9a-hjkmnp-tv-z]{26}$")]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A duty that a code could be scanned for now, and whether to come or to leave."""

    claim: Claim
    card: Card
    verb: str

    @property
    def deed(self) -> str:
        """What the form says of it."""
        return f"{self.verb}.{self.claim.claim_id}"


class ScanForm(Sent):
    """The site's digits, and for which duties they were asked for."""

    code: SiteDigits
    deeds: Annotated[list[Deed], Field(min_length=1, max_length=CODES_MOST)]


class RosterForm(Sent):
    """Who has come, or left."""

    claim_ids: Annotated[list[ClaimRef], Field(min_length=1, max_length=attendance.AT_ONCE_MOST)]


@router.get("/scan")
async def show(page: MemberPage, *, duty: Annotated[str, Query(max_length=40)] = "") -> Response:
    """Show the camera, and the fields for typed digits."""
    found = await page.read(lambda view: _candidates(view, page.member_id))
    wanted = [one for one in found if one.claim.claim_id == duty]
    return page.show("member/scan.html", scanner=True, candidates=wanted or found)


def _candidates(view: View, member_id: str) -> list[Candidate]:
    """Return the duties whose site is open now, those that run first."""
    rules = scheme.current(view)
    own = [one for one in duties.ahead(view, member_id) if one.state in _VERBS]
    cards = task_cards.of_ids(view, [one.task_id for one in own])
    found = []
    for one in own:
        opens, closes = site_codes.window(cards[one.task_id].task, rules)
        if opens <= view.now < closes:
            found.append(Candidate(one, cards[one.task_id], _VERBS[one.state]))
    found.sort(key=lambda one: one.verb != "out")
    return found[:CODES_MOST]


@router.post("/scan")
async def scan(page: MemberPage, key: FormKey, form: Annotated[ScanForm, Form()]) -> Response:
    """Sign in or out at the site whose code was scanned."""
    verb, claim_id = await page.read(lambda view: _meant(view, page.member_id, form))
    await page.write(lambda unit: _sign(unit, verb, claim_id, key, form.code))
    return page.go(f"/me/duties/{claim_id}", f"signed-{verb}-site")


def _meant(view: View, member_id: str, form: ScanForm) -> tuple[str, str]:
    """Return what a code was scanned for: the duty of the site that shows it, else the first.

    A code that none of the sites shows is refused there, and counted.

    Raises:
        ClaimNotFound: a duty is not this member's.
    """
    deeds = [(verb, claim_id) for verb, _, claim_id in (one.partition(".") for one in form.deeds)]
    by_task = {}
    for verb, claim_id in deeds:
        found = claims.find(view, claim_id)
        if found.member_id != member_id:
            raise ClaimNotFound(claim_id)
        by_task[found.task_id] = (verb, claim_id)
    several = [tasks.find(view, one) for one in by_task]
    shown_by = site_codes.whose(view, several, form.code)
    return deeds[0] if shown_by is None else by_task[shown_by]


def _sign(
    unit: Unit, verb: str, claim_id: str, key: str, code: str | None = None
) -> Attended | Declined:
    if verb == "in":
        return attendance.sign_in(unit, key=key, claim_id=claim_id, code=code)
    return attendance.sign_out(unit, key=key, claim_id=claim_id, code=code)


@router.post("/duties/{claim_id}/sign-in")
async def sign_in(page: MemberPage, claim_id: ClaimId, key: FormKey) -> Response:
    """Sign in without a code, where the programme allows it."""
    await page.write(lambda unit: _sign(unit, "in", claim_id, key))
    return page.go(f"/me/duties/{claim_id}", "signed-in-site")


@router.post("/duties/{claim_id}/sign-out")
async def sign_out(page: MemberPage, claim_id: ClaimId, key: FormKey) -> Response:
    """Sign out without a code, where the programme allows it."""
    await page.write(lambda unit: _sign(unit, "out", claim_id, key))
    return page.go(f"/me/duties/{claim_id}", "signed-out-site")


@router.post("/duties/{claim_id}/pause")
async def pause(page: MemberPage, claim_id: ClaimId, key: FormKey) -> Response:
    """Let the minutes stand still."""
    await page.write(lambda unit: pauses.begin(unit, key=key, claim_id=claim_id))
    return page.go(f"/me/duties/{claim_id}", "paused")


@router.post("/duties/{claim_id}/resume")
async def resume(page: MemberPage, claim_id: ClaimId, key: FormKey) -> Response:
    """Let the minutes run on."""
    await page.write(lambda unit: pauses.end(unit, key=key, claim_id=claim_id))
    return page.go(f"/me/duties/{claim_id}", "resumed")


@router.post("/duties/{claim_id}/sign-ins")
async def sign_in_all(
    page: MemberPage, claim_id: ClaimId, key: FormKey, form: Annotated[RosterForm, Form()]
) -> Response:
    """Sign in those of one's family or team who have come."""
    task_id = await page.read(lambda view: claims.find(view, claim_id).task_id)
    await page.write(
        lambda unit: attendance.sign_in_all(
            unit, key=key, task_id=task_id, claim_ids=form.claim_ids
        )
    )
    return page.go(f"/me/duties/{claim_id}", "signed-in-all")


@router.post("/duties/{claim_id}/sign-outs")
async def sign_out_all(
    page: MemberPage, claim_id: ClaimId, key: FormKey, form: Annotated[RosterForm, Form()]
) -> Response:
    """Sign out those of one's family or team who leave."""
    task_id = await page.read(lambda view: claims.find(view, claim_id).task_id)
    await page.write(
        lambda unit: attendance.sign_out_all(
            unit, key=key, task_id=task_id, claim_ids=form.claim_ids
        )
    )
    return page.go(f"/me/duties/{claim_id}", "signed-out-all")
