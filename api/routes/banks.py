"""Banks: what a caller may know of theirs, and the rules it works by."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field

from api.etags import NOT_MODIFIED, Asked, IfMatch
from api.forms import Day, Form, Shown
from api.openapi import refusals
from api.wiring import AnyCaller, Caller, Key, having
from creditbank.core import banks
from creditbank.core.errors import AssetNotFound, BadField
from creditbank.core.tags import PreconditionFailed
from creditbank.core.values import Asset, AssetKind
from creditbank.identity.roles import Right, Role
from creditbank.ledger import accounts
from creditbank.schemes import scheme

router = APIRouter(prefix="/v1/b/{slug}", tags=["banks"])

Sees = Annotated[Caller, having(Right.SEE_BANK)]
SeesRules = Annotated[Caller, having(Right.SEE_RANKING)]
KeepsRules = Annotated[Caller, having(Right.KEEP_SCHEME)]


class BankShown(Shown):
    """A bank."""

    slug: str
    name: str
    zone: str = Field(description="The time zone of its days.")
    state: banks.BankState
    demonstration: bool


class AssetShown(Shown):
    """A kind of points or money."""

    code: str
    name: str
    scale: int = Field(description="How many decimals a unit has.")
    kind: AssetKind


class RoleShown(Shown):
    """A role, and the community or merchant it is bound to; both null: the whole bank."""

    role: Role
    community_id: str | None
    merchant_id: str | None


class Me(Shown):
    """Who calls: `holder_id` is what the books record, `via` the token or sitting."""

    holder_id: str
    via: str
    member_id: str | None
    till_id: str | None
    staff_id: str | None
    grants: list[RoleShown]


class SchemeShown(Shown):
    """The parameters that hold today."""

    parameters: dict[str, Any]


class SchemeForm(Form):
    """Parameters to adopt; those not named keep their defaults."""

    parameters: dict[str, Any] = Field(examples=[{"no_pin_points_most": 30, "grace_days": 20}])
    effective_from: Day


class SchemeAdopted(Shown):
    """A version of the parameters."""

    scheme_id: str
    version: int


@router.get("", summary="The bank", response_model=BankShown)
async def show(caller: Sees) -> banks.Bank:
    """Show the bank of the path."""
    return await caller.read(lambda view: view.bank)


@router.get("/me", summary="Who I am", response_model=Me)
async def me(caller: AnyCaller) -> object:
    """Show who the token or cookie of this request is, and what roles they hold."""
    return caller.principal


@router.get("/assets", summary="The bank's assets", response_model=list[AssetShown])
async def assets(caller: Sees) -> list[Asset]:
    """List the kinds of points and money of the bank."""
    return list((await caller.read(accounts.every_asset)).values())


@router.get(
    "/scheme",
    summary="The rules in force",
    response_model=SchemeShown,
    responses=refusals(BadField) | NOT_MODIFIED,
)
async def rules(caller: SeesRules, asked: Asked) -> SchemeShown | Response:
    """Show every parameter of the programme as it holds today.

    The ETag also tells whether rules were adopted that hold later.
    """
    held, tag = await caller.read(lambda view: (scheme.current(view), scheme.current_tag(view)))
    return asked.shown(SchemeShown(parameters=asdict(held)), tag)


@router.post(
    "/scheme",
    summary="Adopt rules",
    status_code=201,
    response_model=SchemeAdopted,
    responses=refusals(BadField, AssetNotFound, PreconditionFailed),
)
async def adopt(
    caller: KeepsRules, key: Key, form: SchemeForm, if_match: IfMatch
) -> scheme.Adopted:
    """Adopt parameters from a day on, today at the earliest."""
    return await caller.write(
        lambda unit: scheme.adopt(
            unit,
            key=key,
            parameters=form.parameters,
            effective_from=form.effective_from,
            if_match=if_match,
        )
    )
