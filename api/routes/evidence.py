"""Evidence: photos, notes, and the beneficiary's word, which show a service to its reviewer."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import Body, Request, Response
from pydantic import Field, StrictBool

from api.edge.forms import ClaimId, Form, PhotoId, Reason, Shown
from api.edge.limits import LIMITED, spend
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, joining
from api.errors import PhotoUnusable
from api.papers.photos import tidied
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people.errors import MemberSuspended, NotYours, OtherCommunity
from creditbank.service import confirmations, evidence, photos
from creditbank.service.attendance_errors import (
    EvidenceClosed,
    NotBeneficiary,
    PhotoNotFound,
    PhotosFull,
)
from creditbank.tasks.claims import SignedInHow
from creditbank.tasks.errors import ClaimNotFound
from creditbank.tasks.states import ClaimState

router = Routes(prefix="/v1/b/{slug}/claims/{claim_id}", tags=["evidence"])

Attends = Annotated[Caller, having(Right.ACT_AS_MEMBER, Right.KEEP_ATTENDANCE)]
Sees = Annotated[Caller, having(Right.ACT_AS_MEMBER, Right.KEEP_ATTENDANCE, Right.REVIEW)]
Says = Annotated[Caller, joining(Right.ACT_AS_MEMBER)]
Upload = Annotated[
    bytes,
    Body(
        media_type="application/octet-stream",
        description="A JPEG, PNG or WebP, ≤ 5 MB and ≤ 24 Mpx; it is written anew.",
    ),
]
WHOSE = (ClaimNotFound, NotYours, OtherCommunity)
PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
UPLOADS_A_MINUTE = 30


class NoteForm(Form):
    """A note to a service, for its reviewer's eyes."""

    text: Reason


class NoteMade(Shown):
    """The id of a note."""

    note_id: str


class NoteShown(Shown):
    """A note; `text` is null once the person was forgotten."""

    note_id: str
    written_at: datetime
    written_by: str
    text: str | None


class PhotoMade(Shown):
    """A photo as it is kept: a JPEG without metadata."""

    photo_id: str
    width: int
    height: int


class PhotoShown(Shown):
    """A photo without its picture."""

    photo_id: str
    width: int
    height: int
    added_at: datetime
    added_by: str


class PauseShown(Shown):
    """A pause of the service."""

    began_at: datetime
    ended_at: datetime | None


class ConfirmationForm(Form):
    """Whether the service was done, as its beneficiary says."""

    agrees: StrictBool
    word: Reason | None = None


class Confirmed(Shown):
    """What the beneficiary has said."""

    claim_id: str
    agrees: bool
    said_at: datetime


class ConfirmationShown(Confirmed):
    """What the beneficiary has said, and in which words."""

    said_by: str
    word: str | None


class EvidenceShown(Shown):
    """What shows a service. `approved_minutes`: what else is approved on the same days."""

    claim_id: str
    task_id: str
    member_id: str
    state: ClaimState
    signed_in_at: datetime | None
    signed_in_how: SignedInHow | None
    signed_out_at: datetime | None
    forced_out_at: datetime | None
    paused_minutes: int
    measured_minutes: int | None
    approved_minutes: Annotated[int, Field(ge=0)]
    pauses: list[PauseShown]
    notes: list[NoteShown]
    photos: list[PhotoShown]
    confirmation: ConfirmationShown | None


@router.get("/evidence", summary="What shows a service", responses=refusals(*WHOSE))
async def show(caller: Sees, claim_id: ClaimId) -> EvidenceShown:
    """Show the times, pauses, notes and photos of a claim, and the beneficiary's word."""

    def look(view: View) -> tuple[evidence.Shown, list[photos.Photo]]:
        return evidence.of_claim(view, caller.actor, claim_id), photos.of_claim(view, claim_id)

    found, pictures = await caller.read(look)
    return _shown(found, pictures)


def _shown(found: evidence.Shown, pictures: list[photos.Photo]) -> EvidenceShown:
    """Return the evidence of a claim as it is answered."""
    of = found.claim
    beside = {
        "approved_minutes": found.approved_minutes,
        "pauses": found.pauses,
        "notes": found.notes,
        "photos": pictures,
        "confirmation": found.confirmation,
    }
    own = {one: getattr(of, one) for one in EvidenceShown.model_fields if one not in beside}
    return EvidenceShown.model_validate(own | beside)


@router.post(
    "/notes",
    summary="Add a note",
    status_code=201,
    responses=refusals(*WHOSE, EvidenceClosed, BadField),
)
async def write_note(caller: Attends, claim_id: ClaimId, key: Key, form: NoteForm) -> NoteMade:
    """Add a note to a service, from the sign-in until the decision."""
    made = await caller.write(
        lambda unit: evidence.write_note(unit, key=key, claim_id=claim_id, text=form.text)
    )
    return NoteMade(note_id=made)


@router.post(
    "/photos",
    summary="Add a photo",
    status_code=201,
    responses=refusals(*WHOSE, EvidenceClosed, PhotosFull, PhotoUnusable) | LIMITED,
)
async def add_photo(
    request: Request, caller: Attends, claim_id: ClaimId, key: Key, upload: Upload
) -> PhotoMade:
    """Add a photo, at most nine a claim; it is drawn anew, so no metadata is kept."""
    spend(request, "photo", caller.actor.id, per_minute=UPLOADS_A_MINUTE)
    drawn = await asyncio.to_thread(tidied, upload)
    made = await caller.write(
        lambda unit: photos.add(unit, key=key, claim_id=claim_id, **asdict(drawn))
    )
    return PhotoMade(photo_id=made, width=drawn.width, height=drawn.height)


@router.get(
    "/photos/{photo_id}",
    summary="A photo",
    response_class=Response,
    responses=refusals(*WHOSE, PhotoNotFound)
    | {200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def photo(caller: Sees, claim_id: ClaimId, photo_id: PhotoId) -> Response:
    """Show a photo to the participant, and to who organises or reviews there."""
    found = await caller.read(lambda view: photos.picture(view, caller.actor, claim_id, photo_id))
    return Response(found, media_type="image/jpeg", headers=PRIVATE)


@router.post(
    "/confirmation",
    summary="Say whether it was done",
    response_model=Confirmed,
    responses=refusals(ClaimNotFound, NotBeneficiary, MemberSuspended, EvidenceClosed, BadField),
)
async def confirm(
    caller: Says, claim_id: ClaimId, key: Key, form: ConfirmationForm
) -> confirmations.Confirmed:
    """Confirm or contradict a service done for the caller, or in an assist, even by telephone."""
    return await caller.write(
        lambda unit: confirmations.say(
            unit, key=key, claim_id=claim_id, agrees=form.agrees, word=form.word
        )
    )
