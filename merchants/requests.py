"""Requests: what a till asked for, by its own request id, so that nobody is left guessing.

The request id is the idempotency key of scan, redeem, authorise or scan_and_redeem. Its row is
inserted before anything else: whoever is first, the request or its cancellation, settles it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select, update
from sqlmodel import Field

from creditbank.core.errors import BadField, CreditbankError, KeyReused
from creditbank.core.keys import KEY_LENGTH
from creditbank.core.tables import OfBank, UtcDateTime, insert_or_skip, table, to_bank
from creditbank.core.units import Declined, Unit, View
from merchants.errors import RequestCancelled


class RequestState(StrEnum):
    """What became of a request: taken up (its redemption tells more), refused, or cancelled."""

    TAKEN = "taken"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class TillRequestRow(OfBank, table=True):
    """One request of whoever says to be a till; ``refusal`` is the slug of the error it got."""

    __tablename__ = "till_request"
    __table_args__ = (to_bank(),)

    till_id: str = Field(primary_key=True, max_length=40)
    request_id: str = Field(primary_key=True, max_length=255)
    state: str = Field(max_length=16)
    redemption_id: str | None = Field(max_length=40)
    refusal: str | None = Field(max_length=64)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


till_requests = table(TillRequestRow)


def _insert(unit: Unit, request_id: str, state: RequestState, redemption_id: str | None) -> bool:
    made = unit.run(
        insert_or_skip(unit.connection, till_requests).returning(till_requests.c.request_id),
        {
            "bank_id": unit.bank_id,
            "till_id": unit.actor.id,
            "request_id": request_id,
            "state": state,
            "redemption_id": redemption_id,
            "refusal": None,
            "recorded_at": unit.now,
        },
    )
    return made.first() is not None


def take(unit: Unit, *, request_id: str, redemption_id: str) -> None:
    """Take a request up, once.

    Raises:
        RequestCancelled: the till cancelled it before it arrived.
        KeyReused: the till used this id for another kind of request.
    """
    if _insert(unit, request_id, RequestState.TAKEN, redemption_id):
        return
    row = find(unit, unit.actor.id, request_id)
    assert row is not None, "the row conflicted, so it is there"
    if row.state == RequestState.CANCELLED:
        raise RequestCancelled(request_id)
    raise KeyReused(request_id)


def refuse(
    unit: Unit, *, request_id: str, error: CreditbankError, redemption_id: str | None
) -> Declined:
    """Remember that a request was refused, and on which redemption; return the refusal."""
    unit.run(
        update(till_requests)
        .where(
            till_requests.c.bank_id == unit.bank_id,
            till_requests.c.till_id == unit.actor.id,
            till_requests.c.request_id == request_id,
        )
        .values(state=RequestState.REFUSED, refusal=error.slug, redemption_id=redemption_id)
    )
    return Declined(error)


def cancel(unit: Unit, request_id: str) -> Row[Any] | None:
    """Write a request down as cancelled; return its row if it had arrived or was cancelled before.

    Raises:
        BadField: it is no request id.
    """
    if len(request_id) not in KEY_LENGTH:
        raise BadField("request_id", f"{KEY_LENGTH.start}–{KEY_LENGTH.stop - 1}")
    if _insert(unit, request_id, RequestState.CANCELLED, None):
        return None
    return find(unit, unit.actor.id, request_id)


def find(view: View, till_id: str, request_id: str) -> Row[Any] | None:
    """Return what is known of a till's request."""
    return view.row(
        select(till_requests.c.state, till_requests.c.redemption_id, till_requests.c.refusal).where(
            till_requests.c.bank_id == view.bank_id,
            till_requests.c.till_id == till_id,
            till_requests.c.request_id == request_id,
        )
    )
