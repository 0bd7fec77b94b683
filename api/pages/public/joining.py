"""Joining by phone: a proven phone takes a row of the roster over, or applies and waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Form, Query, Request
from fastapi.responses import Response
from pydantic import Field

from api.edge.anonymous import about
from api.edge.forms import CommunityRef, MemberRef, Name
from api.edge.limits import limited
from api.edge.routes import Routes
from api.pages.forms import FormKey, MaybeDay, Sent
from api.pages.page import AnyPage, MemberPage, Page, StrangerPage
from api.pages.public import attempt, device, sign_in
from api.pages.public.attempt import Attempt
from creditbank.core.units import View
from creditbank.identity import joining, rosters
from creditbank.identity.one_time_codes import attempt_of
from creditbank.identity.rosters import Candidate
from creditbank.identity.sign_in_errors import ProofOver
from creditbank.people import communities, members
from creditbank.people.communities import Community
from creditbank.people.consents import PURPOSES
from creditbank.people.members import Status

router = Routes(prefix="/b/{slug}/join", include_in_schema=False)

PurposeName = Literal["service", "publish_name", "photos", "messages"]
Agreed = Annotated[tuple[PurposeName, ...], Field(max_length=len(PURPOSES))]

assert set(PurposeName.__args__) == set(PURPOSES), "the form knows every purpose"  # type: ignore[attr-defined]


class JoinForm(Sent):
    """Who wants to join, where, and to what they agree."""

    name: Name
    community_id: CommunityRef
    purposes: Agreed = ()
    born_on: MaybeDay = None


class ClaimForm(Sent):
    """Which row of the roster somebody is, with the whole name typed."""

    member_id: MemberRef
    name: Name
    purposes: Agreed = ()


@dataclass(frozen=True, slots=True)
class Joining:
    """What somebody with a proven phone may choose from."""

    candidates: Sequence[Candidate]
    communities: Sequence[Community]


def _look(view: View, begun: Attempt | None) -> Joining | None:
    """Return what a proven phone may choose from, or None if none is proven (any more)."""
    if begun is None or begun.proof is None:
        return None
    try:
        known = rosters.candidates(view, proof=begun.proof, phone=begun.phone)
    except ProofOver:
        return None
    return Joining(known, communities.every(view))


@router.get("")
async def begin(
    request: Request, page: AnyPage, *, new: Annotated[bool, Query()] = False
) -> Response:
    """Show how to join: the phone first, then "is this you?", then the form."""
    begun = attempt.of(request, page.bank.slug)
    found = await page.read(lambda view: _look(view, begun))
    if found is None or begun is None:
        return page.show("public/join.html", wanted=f"{page.base}/join/waiting")
    template = "public/join_claim.html" if found.candidates and not new else "public/join_form.html"
    return page.show(template, joining=found, phone=begun.phone, purposes=PURPOSES.values())


def _proof(request: Request, page: Page) -> tuple[str, str]:
    """Return the proof and the phone of a device.

    Raises:
        ProofOver: it has none (any more).
    """
    begun = attempt.of(request, page.bank.slug)
    if begun is None or begun.proof is None:
        raise ProofOver
    return begun.proof, begun.phone


@router.post("", dependencies=[limited("join", per_minute=10)])
async def apply(
    request: Request, page: StrangerPage, key: FormKey, form: Annotated[JoinForm, Form()]
) -> Response:
    """Apply with a proven phone; the device is signed in, to see how it stands."""
    proof, phone = _proof(request, page)
    said = form.said() | {"proof": proof, "phone": phone, "device": device.name_of(request)}
    known = about(page.caller, attempt_of(proof))
    done = await known.write(lambda unit: joining.apply(unit, key=key, **said))
    return await sign_in.entered(request, page, done.signed_in, "/join/waiting", "applied")


@router.post("/claim", dependencies=[limited("join", per_minute=10)])
async def claim(
    request: Request, page: StrangerPage, key: FormKey, form: Annotated[ClaimForm, Form()]
) -> Response:
    """Take a row of the roster over, with the whole name; no second admission is needed."""
    proof, phone = _proof(request, page)
    said = form.said() | {"proof": proof, "phone": phone, "device": device.name_of(request)}
    known = about(page.caller, attempt_of(proof))
    done = await known.write(lambda unit: rosters.claim(unit, key=key, **said))
    return await sign_in.entered(request, page, done, "/me", "roster-claimed")


@router.get("/waiting")
async def waiting(page: MemberPage) -> Response:
    """Show somebody who has applied how it stands."""
    found = await page.read(lambda view: members.find(view, page.member_id))
    waits = found.status is Status.APPLIED
    return page.show("public/join_waiting.html", number=found.number, waits=waits)
