"""Requests: what a till asked for, by its own request id, so that nobody is left guessing.

The request id is the idempotency key of scan, redeem, authorise or scan_and_redeem. Its row is
inserted before anything else: whoever is first, the request or its cancellation, settles it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, delete, select, update
from sqlmodel import Field

from creditbank.core.bulk import insert_new
from creditbank.core.errors import BadField, CreditbankError, KeyReused
from creditbank.core.keys import KEY_LENGTH
from creditbank.core.prepared import Prepared
from creditbank.core.tables import OfBank, UtcDateTime, table, to_bank
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


class Take(NamedTuple):
    """A request that a unit takes up, and the redemption it is about."""

    unit: Unit
    request_id: str
    redemption_id: str


def _row(
    unit: Unit, request_id: str, state: RequestState, redemption_id: str | None
) -> dict[str, object]:
    return {
        "bank_id": unit.bank_id,
        "till_id": unit.actor.id,
        "request_id": request_id,
        "state": state,
        "redemption_id": redemption_id,
        "refusal": None,
        "recorded_at": unit.now,
    }


def take(unit: Unit, *, request_id: str, redemption_id: str) -> None:
    """Take a request up, once.

    Raises:
        RequestCancelled: the till cancelled it before it arrived.
        KeyReused: the till used this id for another kind of request.
    """
    (error,) = take_all([Take(unit, request_id, redemption_id)])
    if error is not None:
        raise error


def _taken(unit: Unit, request_id: str) -> CreditbankError:
    row = find(unit, unit.actor.id, request_id)
    assert row is not None, "the row conflicted, so it is there"
    if row.state == RequestState.CANCELLED:
        return RequestCancelled(request_id)
    return KeyReused(request_id)


def take_all(takes: Sequence[Take]) -> list[CreditbankError | None]:
    """Take requests up, each once; return for each why it cannot be.

    The errors are those of `take`.
    """
    rows = [
        _row(one.unit, one.request_id, RequestState.TAKEN, one.redemption_id)
        for one in sorted(takes, key=lambda one: (one.unit.actor.id, one.request_id))
    ]
    new = insert_new(takes[0].unit, till_requests, rows, telling=("till_id", "request_id"))
    return [
        None if (one.unit.actor.id, one.request_id) in new else _taken(one.unit, one.request_id)
        for one in takes
    ]


def give_back(unit: Unit, *, request_id: str) -> None:
    """Forget a request that this unit took up and that came to nothing."""
    _FORGET.run(
        unit,
        {"of_bank": unit.bank_id, "of_till": unit.actor.id, "of_request": request_id},
    )


_FORGET = Prepared(
    delete(till_requests).where(
        till_requests.c.bank_id == bindparam("of_bank"),
        till_requests.c.till_id == bindparam("of_till"),
        till_requests.c.request_id == bindparam("of_request"),
    )
)


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
    row = _row(unit, request_id, RequestState.CANCELLED, None)
    if insert_new(unit, till_requests, [row], telling=("request_id",)):
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
