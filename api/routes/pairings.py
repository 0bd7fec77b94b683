"""Pairings: the owner shows a code, a device gives it back and is the till from then on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field, StringConstraints

from api import till_tokens, tokens
from api.edge.anonymous import Nobody, told
from api.edge.forms import Form, ShortName, Shown, TillId
from api.edge.limits import LIMITED, limited
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from creditbank.identity.roles import Right
from merchants import pairings
from merchants.errors import TillNotFound
from merchants.till_errors import PairingOver, PairingWrong

router = Routes(prefix="/v1/b/{slug}", tags=["tills"])

KeepsTills = Annotated[Caller, having(Right.KEEP_TILLS)]
_NO_STORE = {"Cache-Control": "no-store"}


class PairingShown(Shown):
    """A pairing code, shown once: to a repeated request it is null."""

    pairing_id: str
    till_id: str
    ends_at: datetime
    code: str | None = Field(examples=["7KQ2MRXW"])


class PairForm(Form):
    """A pairing code as it was read, and what the device is called."""

    code: Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9A-Za-z -]{8,16}$")]
    device: ShortName


class PairedShown(Shown):
    """The till that this device is now; the token is shown once: to a repeated request it is null.

    Whoever lost the answer asks the owner for another code.
    """

    till_id: str
    merchant_id: str
    token: str | None


class ShutOffShown(Shown):
    """A till that was shut off, and how many open scans of it were stopped."""

    till_id: str
    scans: int


@router.post(
    "/tills/{till_id}/pairings",
    summary="Make a pairing code",
    status_code=201,
    responses=refusals(TillNotFound),
)
async def create(caller: KeepsTills, till_id: TillId, key: Key, response: Response) -> PairingShown:
    """Make a code of ten minutes for a till; the code before it is void, the till goes on."""
    response.headers.update(_NO_STORE)
    drawn = pairings.new_code()
    made, code = await caller.write(
        lambda unit: pairings.show(unit, key=key, till_id=till_id, code=drawn)
    )
    return PairingShown(
        pairing_id=made.pairing_id, till_id=made.till_id, ends_at=made.ends_at, code=code
    )


@router.post(
    "/till/pair",
    summary="Become a till",
    status_code=201,
    dependencies=[limited("till-pair", per_minute=10)],
    responses=LIMITED | told(PairingWrong, PairingOver),
)
async def pair(caller: Nobody, key: Key, form: PairForm, response: Response) -> PairedShown:
    """Exchange a pairing code for the till's token; the till's other devices are shut off."""
    response.headers.update(_NO_STORE)
    secret = tokens.new_secret()
    paired, shown = await caller.write(
        lambda unit: till_tokens.give(unit, key=key, secret=secret, **form.model_dump())
    )
    return PairedShown(till_id=paired.till_id, merchant_id=paired.merchant_id, token=shown)


@router.post(
    "/tills/{till_id}/shut-off",
    summary="Shut a lost till off",
    response_model=ShutOffShown,
    responses=refusals(TillNotFound),
)
async def shut_off(caller: KeepsTills, till_id: TillId, key: Key) -> till_tokens.ShutOff:
    """End a till's tokens, turn, codes and open scans at once; it must be paired anew."""
    return await caller.write(lambda unit: till_tokens.shut_off(unit, key=key, till_id=till_id))
