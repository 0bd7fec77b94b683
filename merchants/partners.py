"""Partners: the shops that take points, each in one spendable asset."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlmodel import Field

from creditbank.core.errors import NotSpendable
from creditbank.core.keys import keyed
from creditbank.core.states import Machine, Verb
from creditbank.core.tables import OfBank, table, to_bank, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Actor, Unit, View
from creditbank.core.values import AssetKind
from creditbank.ledger import accounts
from creditbank.people import communities, trail
from merchants.errors import MerchantNotFound

_NAME_MOST = 60
_TRADE_MOST = 40


class MerchantState(StrEnum):
    """Whether a merchant takes points."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


PARTNERSHIP = Machine(
    thing="merchant",
    thing_zh="商户",
    states={MerchantState.ACTIVE: "正常", MerchantState.SUSPENDED: "已暂停"},
    verbs={
        "suspend": Verb("暂停", "suspend the merchant", "工作人员", "staff"),
        "reinstate": Verb("恢复", "reinstate the merchant", "工作人员", "staff"),
    },
    moves={
        (MerchantState.ACTIVE, "suspend"): MerchantState.SUSPENDED,
        (MerchantState.SUSPENDED, "reinstate"): MerchantState.ACTIVE,
    },
)


class MerchantRow(OfBank, table=True):
    """One partner shop."""

    __tablename__ = "merchant"
    __table_args__ = (
        to_bank(),
        within_bank(["asset_code"], "asset", ["code"]),
        within_bank(["community_id"], "community", ["community_id"]),
    )

    merchant_id: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=_NAME_MOST)
    trade: str = Field(max_length=_TRADE_MOST)
    asset_code: str = Field(max_length=16)
    community_id: str | None = Field(max_length=40)
    state: str = Field(max_length=16)
    registers_volunteers: bool | None


merchants = table(MerchantRow)


@dataclass(frozen=True, slots=True)
class Merchant:
    """A partner shop; ``asset`` is the code of the points it takes."""

    merchant_id: str
    name: str
    trade: str
    asset: str
    community_id: str | None
    state: MerchantState


def _merchant(row: Row[Any]) -> Merchant:
    return Merchant(
        row.merchant_id,
        row.name,
        row.trade,
        row.asset_code,
        row.community_id,
        MerchantState(row.state),
    )


@keyed
def register(
    unit: Unit,
    *,
    name: str,
    trade: str,
    asset: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    community_id: str | None = None,
) -> str:
    """Take a shop in as a partner and return its id.

    Raises:
        BadField: the name or trade is unusable.
        AssetNotFound: the bank has no such asset.
        NotSpendable: the asset is not for spending.
        CommunityNotFound: this bank has no such community.
    """
    if accounts.asset(unit, asset).kind is not AssetKind.SPENDABLE:
        raise NotSpendable(asset)
    if community_id is not None:
        communities.find(unit, community_id)
    merchant_id = unit.new_id("mer")
    unit.run(
        insert(merchants),
        {
            "bank_id": unit.bank_id,
            "merchant_id": merchant_id,
            "name": line("name", name, _NAME_MOST),
            "trade": line("trade", trade, _TRADE_MOST),
            "asset_code": asset,
            "community_id": community_id,
            "state": MerchantState.ACTIVE,
        },
    )
    trail.record(unit, "merchant.taken-in", merchant_id)
    return merchant_id


def owns(actor: Actor, merchant_id: str) -> bool:
    """Tell whether the actor's role holds at a merchant; an owner's holds at their own only."""
    return actor.merchants is None or merchant_id in actor.merchants


def require_own(actor: Actor, merchant_id: str) -> None:
    """See that the actor's role holds at a merchant; to owners the others do not exist.

    Raises:
        MerchantNotFound: it holds at others only.
    """
    if not owns(actor, merchant_id):
        raise MerchantNotFound(merchant_id)


def find(view: View, merchant_id: str) -> Merchant:
    """Return a merchant.

    Raises:
        MerchantNotFound: this bank has none of this id.
    """
    row = view.row(
        select(merchants).where(
            merchants.c.bank_id == view.bank_id, merchants.c.merchant_id == merchant_id
        )
    )
    if row is None:
        raise MerchantNotFound(merchant_id)
    return _merchant(row)


def listing(view: View) -> list[Merchant]:
    """Return the merchants of the bank by name."""
    rows = view.rows(
        select(merchants)
        .where(merchants.c.bank_id == view.bank_id)
        .order_by(merchants.c.name, merchants.c.merchant_id)
    )
    return [_merchant(row) for row in rows]


@keyed
def suspend(unit: Unit, *, merchant_id: str, key: str) -> MerchantState:  # noqa: ARG001
    """Let a merchant take no more points; what it took stays.

    Raises:
        MerchantNotFound: this bank has none of this id.
        StateConflict: it is suspended already.
    """
    return _move(unit, merchant_id, "suspend", "merchant.suspended")


@keyed
def reinstate(unit: Unit, *, merchant_id: str, key: str) -> MerchantState:  # noqa: ARG001
    """Let a merchant take points again.

    Raises:
        MerchantNotFound: this bank has none of this id.
        StateConflict: it is not suspended.
    """
    return _move(unit, merchant_id, "reinstate", "merchant.reinstated")


def _move(unit: Unit, merchant_id: str, verb: str, deed: str) -> MerchantState:
    require_own(unit.actor, merchant_id)
    state = MerchantState(PARTNERSHIP.after(find(unit, merchant_id).state, verb))
    unit.run(
        update(merchants)
        .where(merchants.c.bank_id == unit.bank_id, merchants.c.merchant_id == merchant_id)
        .values(state=state)
    )
    trail.record(unit, deed, merchant_id, after={"state": state})
    return state
