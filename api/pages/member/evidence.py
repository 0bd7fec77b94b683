"""Evidence of a duty: photos, which are drawn anew, and notes for its reviewer."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated

from fastapi import File, Form, UploadFile
from fastapi.responses import Response

from api.edge.forms import ClaimId, PhotoId
from api.edge.limits import spend
from api.edge.routes import Routes
from api.errors import PhotoUnusable
from api.pages.forms import FormKey, Said, Sent
from api.pages.page import MemberPage
from api.papers.photos import BYTES_MOST, tidied
from creditbank.service import evidence, photos

router = Routes(prefix="/b/{slug}/me/duties/{claim_id}", include_in_schema=False)

UPLOADS_A_MINUTE = 30
_PRIVATE = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
}


class NoteForm(Sent):
    """A note for the reviewer."""

    text: Said


@router.post("/notes")
async def write_note(
    page: MemberPage, claim_id: ClaimId, key: FormKey, form: Annotated[NoteForm, Form()]
) -> Response:
    """Add a note, such as when one left."""
    await page.write(
        lambda unit: evidence.write_note(unit, key=key, claim_id=claim_id, text=form.text)
    )
    return page.go(f"/me/duties/{claim_id}#evidence", "noted")


@router.post("/photos")
async def add_photo(
    page: MemberPage, claim_id: ClaimId, key: FormKey, photo: Annotated[UploadFile, File()]
) -> Response:
    """Add a photo; what is kept is drawn anew, without any metadata.

    Raises:
        PhotoUnusable: nothing was chosen, or it is no photo that can be kept.
    """
    spend(page.request, "photo", page.caller.actor.id, per_minute=UPLOADS_A_MINUTE)
    upload = await photo.read(BYTES_MOST + 1)
    if not upload:
        raise PhotoUnusable("no file / 没有选择照片")
    drawn = await asyncio.to_thread(tidied, upload)
    await page.write(lambda unit: photos.add(unit, key=key, claim_id=claim_id, **asdict(drawn)))
    return page.go(f"/me/duties/{claim_id}#evidence", "photo-added")


@router.get("/photos/{photo_id}")
async def picture(page: MemberPage, claim_id: ClaimId, photo_id: PhotoId) -> Response:
    """Show a photo to whose service it shows."""
    actor = page.caller.actor
    found = await page.read(lambda view: photos.picture(view, actor, claim_id, photo_id))
    return Response(found, media_type="image/jpeg", headers=_PRIVATE)
