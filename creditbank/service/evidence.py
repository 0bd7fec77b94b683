"""Evidence: photos and notes that show a service, for its reviewer's eyes.

Who may note somebody's attendance may add to it, from the sign-in until the decision. Only the
participant and those who organise or review at that community see it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Index, insert, select
from sqlmodel import Field

from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Actor, Unit, View
from creditbank.people import members, persons
from creditbank.service import confirmations, days, pauses, reviewers, witnesses
from creditbank.service.attendance_errors import EvidenceClosed
from creditbank.service.confirmations import Confirmation
from creditbank.service.pauses import Pause
from creditbank.tasks import claims, tasks
from creditbank.tasks.claims import Claim
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import TaskKind

NOTE_MOST = 200

_NOTE = "evidence"
_OPEN = {
    ClaimState.SIGNED_IN,
    ClaimState.SIGNED_OUT,
    ClaimState.FORCED_OUT,
    ClaimState.REJECTED,
    ClaimState.DISPUTED,
}


class NoteRow(OfBank, table=True):
    """One note to a claim; ``text`` is sealed with the key of whose claim it is."""

    __tablename__ = "evidence_note"
    __table_args__ = (
        within_bank(["claim_id"], "claim", ["claim_id"]),
        within_bank(["member_id"], "member", ["member_id"]),
        Index("ix_evidence_note_claim", "bank_id", "claim_id", "written_at"),
    )

    note_id: str = Field(primary_key=True, max_length=40)
    claim_id: str = Field(max_length=40)
    member_id: str = Field(max_length=40)
    text: str = Field(max_length=persons.SEALED_MOST)
    written_at: datetime = Field(sa_type=UtcDateTime)
    written_by: str = Field(max_length=64)


notes = table(NoteRow)


@dataclass(frozen=True, slots=True)
class Note:
    """A note to a claim; ``text`` is None once the person was forgotten."""

    note_id: str
    written_at: datetime
    written_by: str
    text: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """What there is beside the times of a claim.

    ``approved_minutes`` is what was approved already for that person on the days of this service.
    """

    claim: Claim
    pauses: tuple[Pause, ...]
    notes: tuple[Note, ...]
    confirmation: Confirmation | None
    approved_minutes: int


@keyed
def write_note(unit: Unit, *, claim_id: str, text: str, key: str) -> str:  # noqa: ARG001
    """Add a note to a claim and return its id.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours: it is another member's, whom the actor does not lead.
        OtherCommunity: the actor's role does not hold where the task is.
        EvidenceClosed: nobody has signed in yet, or it was decided.
        BadField: the text is unusable.
    """
    found = lock_open(unit, claim_id)
    note_id = unit.new_id("evn")
    sealed = persons.seal(unit, found.member_id, _NOTE, line("text", text, NOTE_MOST))
    unit.run(
        insert(notes),
        {
            "bank_id": unit.bank_id,
            "note_id": note_id,
            "claim_id": claim_id,
            "member_id": found.member_id,
            "text": sealed,
            "written_at": unit.now,
            "written_by": unit.actor.id,
        },
    )
    return note_id


def lock_open(unit: Unit, claim_id: str) -> Claim:
    """Lock a claim to which the actor may add evidence now.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours: it is another member's, whom the actor does not lead.
        OtherCommunity: the actor's role does not hold where the task is.
        EvidenceClosed: nobody has signed in yet, or it was decided.
    """
    seen = claims.find(unit, claim_id)
    witnesses.how(unit, unit.actor, seen)
    found = claims.lock(unit, claim_id)
    kind = tasks.find(unit, found.task_id).kind
    waits = kind is TaskKind.AFTERWARDS and found.state is ClaimState.PLACED
    if found.state not in _OPEN and not waits:
        raise EvidenceClosed(claim_id, found.state)
    return found


def require_sight(view: View, actor: Actor, claim_id: str) -> Claim:
    """Return a claim whose evidence the actor may see.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours: it is another member's.
        OtherCommunity: the actor's role does not hold where the task is.
    """
    found = claims.find(view, claim_id)
    members.require_own(actor, found.member_id)
    reviewers.require(view, actor, tasks.find(view, found.task_id), found)
    return found


def of_claim(view: View, actor: Actor, claim_id: str) -> Shown:
    """Return what shows a service, photos apart.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours: it is another member's.
        OtherCommunity: the actor's role does not hold where the task is.
    """
    found = require_sight(view, actor, claim_id)
    return Shown(
        found,
        tuple(pauses.of_claim(view, claim_id)),
        tuple(_notes(view, found)),
        confirmations.of_claim(view, claim_id),
        _approved_beside(view, found),
    )


def _notes(view: View, found: Claim) -> list[Note]:
    rows = view.rows(
        select(notes)
        .where(notes.c.bank_id == view.bank_id, notes.c.claim_id == found.claim_id)
        .order_by(notes.c.written_at, notes.c.note_id)
    )
    return [
        Note(
            row.note_id,
            row.written_at,
            row.written_by,
            persons.unseal(view, row.member_id, _NOTE, row.text),
        )
        for row in rows
    ]


def _approved_beside(view: View, found: Claim) -> int:
    """Return the minutes approved for this person on the days of this service, without it."""
    if found.signed_in_at is None or found.measured_minutes is None:
        return 0
    begun = days.begun(found.signed_in_at, tasks.find(view, found.task_id).starts_at)
    here = dict(days.split(begun, found.measured_minutes, view.bank.zone))
    total = sum(days.approved(view, found.member_id, here).values())
    if found.state is ClaimState.APPROVED and found.approved_minutes is not None:
        total -= found.approved_minutes
    return total
