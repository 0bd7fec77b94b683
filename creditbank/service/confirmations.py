"""Confirmations: for whom a service was done says whether it was, where the scheme asks for it.

The beneficiary says so on their own phone, or to the office, which writes it down in an assist. A
later word takes the place of an earlier one until the service is decided; the trail keeps all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.clock import day_of
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, insert_or_skip, table, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.identity import assists
from creditbank.people import kin, members, persons, trail
from creditbank.schemes import scheme
from creditbank.service.attendance_errors import (
    ConfirmationNeeded,
    Contradicted,
    EvidenceClosed,
    NotBeneficiary,
)
from creditbank.tasks import claims, tasks
from creditbank.tasks.claims import Claim
from creditbank.tasks.states import AWAITING_REVIEW
from creditbank.tasks.tasks import Task

WORD_MOST = 200

_WORD = "confirmation"


class ConfirmationRow(OfBank, table=True):
    """What a beneficiary says of a service; ``word`` is sealed with the beneficiary's key."""

    __tablename__ = "confirmation"
    __table_args__ = (
        within_bank(["claim_id"], "claim", ["claim_id"]),
        within_bank(["beneficiary_id"], "member", ["member_id"]),
    )

    claim_id: str = Field(primary_key=True, max_length=40)
    beneficiary_id: str = Field(max_length=40)
    agrees: bool
    word: str | None = Field(max_length=persons.SEALED_MOST)
    said_at: datetime = Field(sa_type=UtcDateTime)
    said_by: str = Field(max_length=64)


confirmations = table(ConfirmationRow)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a beneficiary says of a service; ``word`` is None where none was said, or is gone."""

    claim_id: str
    agrees: bool
    said_at: datetime
    said_by: str
    word: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What saying so answers."""

    claim_id: str
    agrees: bool
    said_at: datetime


@keyed
def say(
    unit: Unit,
    *,
    claim_id: str,
    agrees: bool,
    key: str,  # noqa: ARG001 - the key is @keyed's
    word: str | None = None,
) -> Confirmed:
    """Confirm that a service was done, or contradict it, with a word.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotBeneficiary: the task is not for the actor, nor for whom the actor assists; or one of
            these is the participant, or close to them (law 7).
        MemberSuspended: the beneficiary may not act now.
        EvidenceClosed: the service is not over yet, or was decided.
        BadField: the word is unusable.
    """
    seen = claims.find(unit, claim_id)
    beneficiary_id = tasks.find(unit, seen.task_id).beneficiary_id
    who = unit.actor.assists
    if unit.actor.role == members.MEMBER_ROLE:
        who = unit.actor.member_id
    if beneficiary_id is None or who != beneficiary_id or who == seen.member_id:
        raise NotBeneficiary(claim_id)
    members.require_active(unit, beneficiary_id)
    if seen.member_id in kin.close_to(unit, (beneficiary_id, unit.actor.id, unit.actor.member_id)):
        raise NotBeneficiary(claim_id)
    found = claims.lock(unit, claim_id)
    if found.state not in AWAITING_REVIEW:
        raise EvidenceClosed(claim_id, found.state)
    _store(unit, found, beneficiary_id, agrees=agrees, word=word)
    by = {"confirmed_at": unit.now, "confirmed_by": unit.actor.id}
    claims.store(unit, claim_id, **(by if agrees else dict.fromkeys(by)))
    assists.done(unit, "assist.confirmed", claim_id)
    deed = "service.confirmed" if agrees else "service.contradicted"
    trail.record(unit, deed, claim_id, subject_id=found.member_id)
    return Confirmed(claim_id, agrees, unit.now)


def _store(
    unit: Unit, found: Claim, beneficiary_id: str, *, agrees: bool, word: str | None
) -> None:
    said = None
    if word is not None:
        said = persons.seal(unit, beneficiary_id, _WORD, line("word", word, WORD_MOST))
    of = {"bank_id": unit.bank_id, "claim_id": found.claim_id}
    values = {
        "beneficiary_id": beneficiary_id,
        "agrees": agrees,
        "word": said,
        "said_at": unit.now,
        "said_by": unit.actor.id,
    }
    made = insert_or_skip(unit.connection, confirmations).returning(confirmations.c.claim_id)
    if unit.run(made, of | values).first() is None:
        unit.run(
            update(confirmations)
            .where(
                confirmations.c.bank_id == unit.bank_id,
                confirmations.c.claim_id == found.claim_id,
            )
            .values(**values)
        )


def of_claim(view: View, claim_id: str) -> Confirmation | None:
    """Return what the beneficiary says of a service, if anything."""
    row = view.row(
        select(confirmations).where(
            confirmations.c.bank_id == view.bank_id, confirmations.c.claim_id == claim_id
        )
    )
    if row is None:
        return None
    word = persons.unseal(view, row.beneficiary_id, _WORD, row.word)
    return Confirmation(row.claim_id, row.agrees, row.said_at, row.said_by, word)


def is_needed(view: View, task: Task) -> bool:
    """Tell whether a service of this task counts only once its beneficiary has confirmed it."""
    day = day_of(task.starts_at, view.bank.zone)
    return task.category in scheme.in_force(view, day).confirmed_categories


def require(view: View, task: Task, found: Claim) -> None:
    """See that a service was confirmed where the scheme asks, and not contradicted anywhere.

    Raises:
        ConfirmationNeeded: nobody has said anything yet.
        Contradicted: the beneficiary says that it was otherwise.
    """
    said = of_claim(view, found.claim_id)
    if said is not None and not said.agrees:
        raise Contradicted(found.claim_id)
    if said is None and is_needed(view, task):
        raise ConfirmationNeeded(found.claim_id)


def ask(unit: Unit, task: Task, found: Claim) -> None:
    """Ask the beneficiary about a service that has just ended, where the scheme wants it."""
    if task.beneficiary_id is not None and is_needed(unit, task):
        link = f"/me/confirmations/{found.claim_id}"
        kind = "confirmation-asked"
        notices.tell(unit, task.beneficiary_id, kind, link=link, task=task.task_id)
