"""Photos of a service, as the edge has written them anew: small, and without any metadata.

They show people, so they are sealed with the key of whose claim it is, and go with that person;
they go, too, with whoever uploaded them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, func, insert, select
from sqlmodel import Field

from creditbank.core.keys import Unsaid, keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Actor, Unit, View
from creditbank.people import persons
from creditbank.service import evidence
from creditbank.service.attendance_errors import PhotoNotFound, PhotosFull

PHOTOS_MOST = 9

_PHOTO = "photo"


class PhotoRow(OfBank, table=True):
    """One photo of a claim; ``content`` is a sealed JPEG."""

    __tablename__ = "photo"
    __table_args__ = (
        within_bank(["claim_id"], "claim", ["claim_id"]),
        within_bank(["member_id"], "member", ["member_id"]),
        Index("ix_photo_claim", "bank_id", "claim_id", "added_at"),
    )

    photo_id: str = Field(primary_key=True, max_length=40)
    claim_id: str = Field(max_length=40)
    member_id: str = Field(max_length=40)
    width: int
    height: int
    content: bytes = Field(sa_column=Column("content", LargeBinary, nullable=False))
    added_at: datetime = Field(sa_type=UtcDateTime)
    added_by: str = Field(max_length=64)
    added_by_member: str | None = Field(max_length=40)


photos = table(PhotoRow)


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo without its picture."""

    photo_id: str
    width: int
    height: int
    added_at: datetime
    added_by: str


@keyed
def add(
    unit: Unit,
    *,
    claim_id: str,
    digest: str,  # noqa: ARG001 - what was uploaded, for the key
    content: Unsaid[bytes],
    width: Unsaid[int],
    height: Unsaid[int],
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> str:
    """Keep a photo of a service and return its id; ``digest`` is the hash of what was uploaded.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours: it is another member's, whom the actor does not lead.
        OtherCommunity: the actor's role does not hold where the task is.
        EvidenceClosed: nobody has signed in yet, or it was decided.
        PhotosFull: the claim has as many as it may have.
    """
    found = evidence.lock_open(unit, claim_id)
    of = (photos.c.bank_id == unit.bank_id, photos.c.claim_id == claim_id)
    row = unit.row(select(func.count().label("many")).select_from(photos).where(*of))
    if row is not None and row.many >= PHOTOS_MOST:
        raise PhotosFull(claim_id, PHOTOS_MOST)
    photo_id = unit.new_id("pho")
    unit.run(
        insert(photos),
        {
            "bank_id": unit.bank_id,
            "photo_id": photo_id,
            "claim_id": claim_id,
            "member_id": found.member_id,
            "width": width,
            "height": height,
            "content": persons.seal_bytes(unit, found.member_id, _PHOTO, content),
            "added_at": unit.now,
            "added_by": unit.actor.id,
            "added_by_member": unit.actor.member_id,
        },
    )
    return photo_id


def of_claim(view: View, claim_id: str) -> list[Photo]:
    """Return the photos of a claim without their pictures, the earliest first.

    Who asks may see them (`evidence.require_sight`).
    """
    return of_claims(view, [claim_id]).get(claim_id, [])


def of_claims(view: View, claim_ids: Iterable[str]) -> dict[str, list[Photo]]:
    """Return the photos of claims without their pictures, the earliest first, by claim.

    Who asks may see them (`evidence.require_sight`).
    """
    of = photos.c
    rows = view.rows(
        select(of.claim_id, of.photo_id, of.width, of.height, of.added_at, of.added_by)
        .where(of.bank_id == view.bank_id, of.claim_id.in_(sorted(set(claim_ids))))
        .order_by(of.added_at, of.photo_id)
    )
    found: dict[str, list[Photo]] = {}
    for row in rows:
        one = Photo(row.photo_id, row.width, row.height, row.added_at, row.added_by)
        found.setdefault(row.claim_id, []).append(one)
    return found


def picture(view: View, actor: Actor, claim_id: str, photo_id: str) -> bytes:
    """Return a photo as a JPEG.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours: it is another member's.
        OtherCommunity: the actor's role does not hold where the task is.
        PhotoNotFound: this claim has none of this id, or the person was forgotten.
    """
    found = evidence.require_sight(view, actor, claim_id)
    row = view.row(
        select(photos.c.content).where(
            photos.c.bank_id == view.bank_id,
            photos.c.claim_id == claim_id,
            photos.c.photo_id == photo_id,
        )
    )
    plain = None
    if row is not None:
        plain = persons.unseal_bytes(view, found.member_id, _PHOTO, row.content)
    if plain is None:
        raise PhotoNotFound(photo_id)
    return plain
