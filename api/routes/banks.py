"""Banks: what a caller may know of theirs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.edge.forms import Shown
from api.edge.routes import Routes
from api.edge.wiring import AnyCaller, Caller, having
from creditbank.core import banks
from creditbank.core.values import Asset, AssetKind
from creditbank.identity.roles import Right, Role
from creditbank.ledger import accounts

router = Routes(prefix="/v1/b/{slug}", tags=["banks"])

Sees = Annotated[Caller, having(Right.SEE_BANK)]


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
