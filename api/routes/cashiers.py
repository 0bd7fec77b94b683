"""Cashiers: kept by the shop's owner, signed in on a till by PIN."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from api.edge.forms import CashierId, CashierRef, Form, MemberRef, MerchantId, Name, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.identity import passwords
from creditbank.identity.roles import Right
from creditbank.people import masks, persons
from creditbank.people.errors import MemberNotFound
from merchants import cashiers, partners, tills, turns
from merchants.cashiers import PIN_LENGTH, CashierState
from merchants.errors import MerchantNotFound, MerchantSuspended, TillSuspended
from merchants.till_errors import CashierLocked, CashierNotFound, CashierPinWrong

router = Routes(prefix="/v1/b/{slug}", tags=["tills"])

KeepsTills = Annotated[Caller, having(Right.KEEP_TILLS)]
SeesCashiers = Annotated[Caller, having(Right.KEEP_TILLS, Right.OVERSEE)]
Till = Annotated[Caller, having(Right.ACT_AS_TILL)]
Pin = Annotated[
    str,
    StringConstraints(strict=True, pattern=rf"^[0-9]{{{PIN_LENGTH}}}$"),
    Field(description="Six digits."),
]


class CashierForm(Form):
    """Someone who is to serve at the tills, with a PIN; the member they also are, if any."""

    name: Name
    pin: Pin
    member_id: MemberRef | None = None


class CashierMade(Shown):
    """The id of a new cashier."""

    cashier_id: str


class CashierShown(Shown):
    """A cashier; the name is whole for the owner, masked for everyone else."""

    cashier_id: str
    name: str = Field(examples=["王*"])
    member_id: str | None
    state: CashierState
    locked_until: datetime | None


class CashierMoved(Shown):
    """Whether a cashier may sign in."""

    cashier_id: str
    state: CashierState


class PinForm(Form):
    """Another PIN."""

    pin: Pin


class TurnForm(Form):
    """Who signs in, and their PIN."""

    cashier_id: CashierRef
    pin: Pin


class TurnShown(Shown):
    """Whose turn it is at this till, and until when at most."""

    till_id: str
    cashier_id: str
    since: datetime
    until: datetime


class TurnEnded(Shown):
    """A till at which nobody serves."""

    till_id: str


class ServingShown(Shown):
    """A cashier to choose at the till, with a masked name."""

    cashier_id: str
    name: str = Field(examples=["王*"])
    serving: bool


@router.post(
    "/merchants/{merchant_id}/cashiers",
    summary="Take a cashier on",
    status_code=201,
    responses=refusals(MerchantNotFound, MemberNotFound, BadField),
)
async def add(
    caller: KeepsTills, merchant_id: MerchantId, key: Key, form: CashierForm
) -> CashierMade:
    """Take a cashier on; from then on the shop's tills take points in a cashier's turn only."""
    pin_hash = await asyncio.to_thread(passwords.hashed, form.pin)
    made = await caller.write(
        lambda unit: cashiers.add(
            unit, key=key, merchant_id=merchant_id, pin_hash=pin_hash, **form.model_dump()
        )
    )
    return CashierMade(cashier_id=made)


@router.get(
    "/merchants/{merchant_id}/cashiers",
    summary="A merchant's cashiers",
    responses=refusals(MerchantNotFound),
)
async def listing(caller: SeesCashiers, merchant_id: MerchantId) -> list[CashierShown]:
    """List the cashiers of a merchant: with whole names to its owner, masked to the office."""

    def look(view: View) -> list[CashierShown]:
        partners.require_own(caller.actor, merchant_id)
        partners.find(view, merchant_id)
        return _shown(view, merchant_id, whole=caller.merchants is not None)

    return await caller.read(look)


def _shown(view: View, merchant_id: str, *, whole: bool) -> list[CashierShown]:
    known = cashiers.listing(view, merchant_id)
    names_of = persons.names if whole else persons.masked_names
    names = names_of(view, [one.cashier_id for one in known])
    return [
        CashierShown(
            cashier_id=one.cashier_id,
            name=names.get(one.cashier_id, masks.GONE),
            member_id=one.member_id,
            state=one.state,
            locked_until=one.locked_until,
        )
        for one in known
    ]


@router.post(
    "/cashiers/{cashier_id}/suspend",
    summary="Suspend a cashier",
    responses=refusals(CashierNotFound, StateConflict),
)
async def suspend(caller: KeepsTills, cashier_id: CashierId, key: Key) -> CashierMoved:
    """Keep a cashier from every till, at once."""
    state = await caller.write(lambda u: cashiers.suspend(u, key=key, cashier_id=cashier_id))
    return CashierMoved(cashier_id=cashier_id, state=state)


@router.post(
    "/cashiers/{cashier_id}/reinstate",
    summary="Reinstate a cashier",
    responses=refusals(CashierNotFound, StateConflict),
)
async def reinstate(caller: KeepsTills, cashier_id: CashierId, key: Key) -> CashierMoved:
    """Let a cashier sign in again."""
    state = await caller.write(lambda u: cashiers.reinstate(u, key=key, cashier_id=cashier_id))
    return CashierMoved(cashier_id=cashier_id, state=state)


@router.post(
    "/cashiers/{cashier_id}/pin",
    summary="Give a cashier another PIN",
    responses=refusals(CashierNotFound),
)
async def reset_pin(
    caller: KeepsTills, cashier_id: CashierId, key: Key, form: PinForm
) -> CashierMoved:
    """Give a cashier another PIN, and unlock them; they are signed out of every till."""
    pin_hash = await asyncio.to_thread(passwords.hashed, form.pin)
    state = await caller.write(
        lambda unit: cashiers.reset_pin(
            unit, key=key, cashier_id=cashier_id, pin=form.pin, pin_hash=pin_hash
        )
    )
    return CashierMoved(cashier_id=cashier_id, state=state)


@router.get("/till/cashiers", summary="Who can serve at my till")
async def at_till(caller: Till) -> list[ServingShown]:
    """List the shop's cashiers who may sign in, and say whose turn it is."""
    return await caller.read(lambda view: _serving(view, tills.find(view, caller.till_id)))


def _serving(view: View, till: tills.Till) -> list[ServingShown]:
    return [
        ServingShown(
            cashier_id=one.cashier_id,
            name=one.name,
            serving=one.cashier_id == till.cashier_id,
        )
        for one in _shown(view, till.merchant_id, whole=False)
        if one.state is CashierState.ACTIVE
    ]


@router.post(
    "/till/cashier",
    summary="Begin a turn",
    response_model=TurnShown,
    responses=refusals(
        *(CashierNotFound, CashierPinWrong, CashierLocked, TillSuspended, MerchantSuspended)
    ),
)
async def sign_in(caller: Till, key: Key, form: TurnForm) -> turns.Turn:
    """Sign a cashier in on this till, and whoever served before out; for 12 hours at most."""
    kept = await caller.read(lambda view: cashiers.pin_hash_of(view, form.cashier_id))
    checked = await asyncio.to_thread(passwords.checked, kept, form.pin)
    return await caller.write(
        lambda unit: turns.sign_in(unit, key=key, checked=checked, **form.model_dump())
    )


@router.post("/till/cashier/sign-out", summary="End a turn")
async def sign_out(caller: Till, key: Key) -> TurnEnded:
    """Sign whoever serves at this till out."""
    await caller.write(lambda unit: turns.sign_out(unit, key=key))
    return TurnEnded(till_id=caller.till_id)
