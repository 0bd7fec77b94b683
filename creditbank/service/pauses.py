"""Pauses: while somebody rests the minutes of a service stand still. One at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Index, insert, select, update
from sqlmodel import Field

from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.service import witnesses
from creditbank.service.attendance_errors import NoPause, PauseOpen
from creditbank.tasks import claims, tasks
from creditbank.tasks.claims import Claim
from creditbank.tasks.states import CLAIM, TASK


class PauseRow(OfBank, table=True):
    """One pause of somebody who is signed in; ``ended_at`` is None while it lasts."""

    __tablename__ = "pause"
    __table_args__ = (
        within_bank(["claim_id"], "claim", ["claim_id"]),
        within_bank(["member_id"], "member", ["member_id"]),
        Index("ix_pause_claim", "bank_id", "claim_id", "began_at"),
    )

    pause_id: str = Field(primary_key=True, max_length=40)
    claim_id: str = Field(max_length=40)
    member_id: str = Field(max_length=40)
    began_at: datetime = Field(sa_type=UtcDateTime)
    began_by: str = Field(max_length=64)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)
    ended_by: str | None = Field(max_length=64)


pauses = table(PauseRow)


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause; ``ended_at`` is None while it lasts."""

    pause_id: str
    claim_id: str
    began_at: datetime
    ended_at: datetime | None


@keyed
def begin(unit: Unit, *, claim_id: str, key: str) -> Pause:  # noqa: ARG001 - @keyed's
    """Let the minutes of somebody who is signed in stand still from now on.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours: it is another member's, whom the actor does not lead.
        OtherCommunity: the actor's role does not hold where the task is.
        StateConflict: the participant is not signed in, or the task is over.
        PauseOpen: a pause lasts already.
    """
    found = _lock(unit, claim_id)
    if _open(unit, claim_id) is not None:
        raise PauseOpen(claim_id)
    pause_id = unit.new_id("pse")
    unit.run(
        insert(pauses),
        {
            "bank_id": unit.bank_id,
            "pause_id": pause_id,
            "claim_id": claim_id,
            "member_id": found.member_id,
            "began_at": unit.now,
            "began_by": unit.actor.id,
            "ended_at": None,
            "ended_by": None,
        },
    )
    return Pause(pause_id, claim_id, unit.now, None)


@keyed
def end(unit: Unit, *, claim_id: str, key: str) -> Pause:  # noqa: ARG001 - @keyed's
    """Let the minutes run on.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours: it is another member's, whom the actor does not lead.
        OtherCommunity: the actor's role does not hold where the task is.
        StateConflict: the participant is not signed in, or the task is over.
        NoPause: there is none.
    """
    _lock(unit, claim_id)
    lasting = _open(unit, claim_id)
    if lasting is None:
        raise NoPause(claim_id)
    end_open(unit, claim_id, unit.now)
    return Pause(lasting.pause_id, claim_id, lasting.began_at, unit.now)


def _lock(unit: Unit, claim_id: str) -> Claim:
    """Lock a claim of somebody who is signed in, and its task, for who may note it."""
    seen = claims.find(unit, claim_id)
    witnesses.how(unit, unit.actor, seen)
    task = tasks.lock(unit, seen.task_id)
    found = claims.lock(unit, claim_id)
    CLAIM.after(found.state, "pause")
    TASK.after(task.state, "pause")
    return found


def _open(view: View, claim_id: str) -> Pause | None:
    lasting = [one for one in of_claim(view, claim_id) if one.ended_at is None]
    return lasting[0] if lasting else None


def end_open(unit: Unit, claim_id: str, at: datetime) -> None:
    """End the pause that lasts, if one does; the claim is locked."""
    unit.run(
        update(pauses)
        .where(
            pauses.c.bank_id == unit.bank_id,
            pauses.c.claim_id == claim_id,
            pauses.c.ended_at.is_(None),
        )
        .values(ended_at=at, ended_by=unit.actor.id)
    )


def of_claim(view: View, claim_id: str) -> list[Pause]:
    """Return the pauses of a claim, the earliest first."""
    rows = view.rows(
        select(pauses)
        .where(pauses.c.bank_id == view.bank_id, pauses.c.claim_id == claim_id)
        .order_by(pauses.c.began_at, pauses.c.pause_id)
    )
    return [Pause(row.pause_id, row.claim_id, row.began_at, row.ended_at) for row in rows]


def lasting(view: View, claim_ids: Iterable[str]) -> frozenset[str]:
    """Return which of these claims have a pause that lasts."""
    rows = view.rows(
        select(pauses.c.claim_id).where(
            pauses.c.bank_id == view.bank_id,
            pauses.c.claim_id.in_(sorted(set(claim_ids))),
            pauses.c.ended_at.is_(None),
        )
    )
    return frozenset(row.claim_id for row in rows)


def between(several: list[Pause], begun: datetime, ended: datetime) -> timedelta:
    """Return how much of a span was pauses; one that lasts ends with the span. Pure."""
    spans = (min(one.ended_at or ended, ended) - max(one.began_at, begun) for one in several)
    return sum((max(one, timedelta(0)) for one in spans), timedelta(0))
