"""Redemptions: one per pay code that was scanned; their states, their rows, and their end in time.

A redemption is bound to the till that scanned. Its time is an interval: past it, it is refused by
its own time, whether or not the job that expires it has run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    Row,
    UniqueConstraint,
    bindparam,
    select,
    update,
)
from sqlmodel import Field

from creditbank.core import counters
from creditbank.core.bulk import insert_all, update_all
from creditbank.core.prepared import Prepared, among
from creditbank.core.states import Machine, Verb
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from merchants import caps, offer_book
from merchants.errors import RedemptionExpired, RedemptionNotFound
from merchants.offer_book import Adopted


class State(StrEnum):
    """Where a redemption stands."""

    SCANNED = "scanned"
    AUTHORISED = "authorised"
    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    VOIDED = "voided"
    REFUNDED_IN_PART = "refunded_in_part"
    REFUNDED = "refunded"


CHECKOUT = Machine(
    thing="redemption",
    thing_zh="这笔核销",
    states={
        State.SCANNED: "已扫码",
        State.AUTHORISED: "已冻结",
        State.PAID: "已扣分",
        State.DECLINED: "未成交",
        State.CANCELLED: "已取消",
        State.EXPIRED: "已过期",
        State.VOIDED: "已撤销",
        State.REFUNDED_IN_PART: "已部分退款",
        State.REFUNDED: "已退款",
    },
    verbs={
        "redeem": Verb("扣分", "take the points", "收银端", "the till"),
        "decline": Verb("结束", "end it without points", "系统", "the system"),
        "authorise": Verb("冻结", "set points aside", "收银端", "the till"),
        "capture": Verb("扣款", "take what is set aside", "收银端", "the till"),
        "cancel": Verb("取消", "cancel it", "收银端", "the till"),
        "stop": Verb("停用", "stop it", "本人", "the member"),
        "expire": Verb("到期", "let it expire", "系统", "the system"),
        "void": Verb("撤销", "void it", "收银端", "the till"),
        "refund_part": Verb("部分退款", "refund a part", "商户", "the merchant"),
        "refund": Verb("退款", "refund all of it", "商户", "the merchant"),
    },
    moves={
        (State.SCANNED, "redeem"): State.PAID,
        (State.SCANNED, "decline"): State.DECLINED,
        (State.SCANNED, "authorise"): State.AUTHORISED,
        (State.SCANNED, "cancel"): State.CANCELLED,
        (State.SCANNED, "stop"): State.CANCELLED,
        (State.SCANNED, "expire"): State.EXPIRED,
        (State.AUTHORISED, "capture"): State.PAID,
        (State.AUTHORISED, "cancel"): State.VOIDED,
        (State.AUTHORISED, "void"): State.VOIDED,
        (State.AUTHORISED, "expire"): State.EXPIRED,
        (State.PAID, "void"): State.VOIDED,
        (State.PAID, "refund_part"): State.REFUNDED_IN_PART,
        (State.PAID, "refund"): State.REFUNDED,
        (State.REFUNDED_IN_PART, "refund_part"): State.REFUNDED_IN_PART,
        (State.REFUNDED_IN_PART, "refund"): State.REFUNDED,
    },
)

OPEN = (State.SCANNED, State.AUTHORISED)


class PinState(StrEnum):
    """Where the PIN of a redemption stands: a till waits while it is wanted."""

    WANTED = "wanted"
    GIVEN = "given"
    USED = "used"
    REFUSED = "refused"


class RedemptionRow(OfBank, table=True):
    """One redemption. ``points`` are those set aside or taken; ``day`` is whose caps they count.

    ``shop_day`` is on whose report it stands: the day it was paid, else the day it was scanned.
    ``pin_points`` is how many points a PIN was wanted or given for. ``device_since`` is set where
    the code was shown on a new device; ``card_id`` and ``delegate_id`` where it was no code of
    the member's own phone; ``guarded`` where a child pays, so that a guardian confirms.
    """

    __tablename__ = "redemption"
    __table_args__ = (
        within_bank(["till_id"], "till", ["till_id"]),
        within_bank(["merchant_id"], "merchant", ["merchant_id"]),
        within_bank(["member_id"], "member", ["member_id"]),
        within_bank(["offer_id"], "offer", ["offer_id"]),
        within_bank(["pay_code_id"], "pay_code", ["pay_code_id"]),
        within_bank(["hold_id"], "hold", ["hold_id"]),
        within_bank(["transfer_id"], "transfer", ["transfer_id"]),
        UniqueConstraint("bank_id", "pay_code_id"),
        UniqueConstraint("bank_id", "hold_id"),
        UniqueConstraint("bank_id", "transfer_id"),
        CheckConstraint("points >= 0 AND discount_fen >= 0", name="points"),
        CheckConstraint("refunded_points BETWEEN 0 AND points", name="refunded"),
        CheckConstraint("cart_fen IS NULL OR discount_fen <= cart_fen", name="discount"),
        Index("ix_redemption_due", "bank_id", "state", "ends_at"),
        Index("ix_redemption_merchant", "bank_id", "merchant_id", "shop_day"),
        Index("ix_redemption_member", "bank_id", "member_id", "state"),
        Index("ix_redemption_delegate", "bank_id", "delegate_id", "state"),
    )

    redemption_id: str = Field(primary_key=True, max_length=40)
    receipt_no: str = Field(max_length=12)
    till_id: str = Field(max_length=40)
    cashier_id: str | None = Field(max_length=40)
    merchant_id: str = Field(max_length=40)
    member_id: str = Field(max_length=40)
    offer_id: str = Field(max_length=40)
    pay_code_id: str = Field(max_length=40)
    asset_code: str = Field(max_length=16)
    state: str = Field(max_length=24)
    cart_fen: int | None = Field(sa_type=BigInteger)
    points: int = Field(sa_type=BigInteger)
    discount_fen: int = Field(sa_type=BigInteger)
    refunded_points: int = Field(sa_type=BigInteger)
    balance_after: int | None = Field(sa_type=BigInteger)
    reason: str | None = Field(max_length=24)
    hold_id: str | None = Field(max_length=40)
    transfer_id: str | None = Field(max_length=40)
    day: date
    shop_day: date
    scanned_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    paid_at: datetime | None = Field(sa_type=UtcDateTime)
    pin: str | None = Field(max_length=12)
    pin_points: int | None = Field(sa_type=BigInteger)
    pin_given_at: datetime | None = Field(sa_type=UtcDateTime)
    device_since: datetime | None = Field(sa_type=UtcDateTime)
    card_id: str | None = Field(max_length=40)
    delegate_id: str | None = Field(max_length=40)
    guarded: bool | None


redemptions = table(RedemptionRow)


@dataclass(frozen=True, slots=True)
class Redemption:
    """A redemption; ``cashier_id`` is who was at the till, ``reason`` why nothing was used.

    ``balance_after`` is what the member had left to spend when it was paid. ``delegate_id`` is
    the member who showed the code for another.
    """

    redemption_id: str
    receipt_no: str
    till_id: str
    cashier_id: str | None
    merchant_id: str
    member_id: str
    offer_id: str
    pay_code_id: str
    asset_code: str
    state: State
    cart_fen: int | None
    points: int
    discount_fen: int
    refunded_points: int
    balance_after: int | None
    reason: str | None
    hold_id: str | None
    transfer_id: str | None
    day: date
    shop_day: date
    scanned_at: datetime
    ends_at: datetime
    paid_at: datetime | None
    pin: PinState | None = None
    pin_points: int | None = None
    pin_given_at: datetime | None = None
    device_since: datetime | None = None
    card_id: str | None = None
    delegate_id: str | None = None
    guarded: bool | None = None

    @property
    def payer_id(self) -> str:
        """Who shows the code, and whose PIN is wanted: the member, or their delegate."""
        return self.delegate_id or self.member_id

    @property
    def with_pin(self) -> bool:
        """Whether it was paid with a PIN, so that it counts in no limit without one."""
        return self.pin is PinState.USED


_COLUMNS = [redemptions.c[name] for name in Redemption.__slots__]


def _redemption(row: Row[Any]) -> Redemption:
    of = row._asdict()
    of["state"] = State(row.state)
    of["pin"] = None if row.pin is None else PinState(row.pin)
    return Redemption(**of)


def write_new(units: Sequence[Unit], found: Sequence[Redemption]) -> None:
    """Write redemptions down for the first time, each of its own unit."""
    rows = [
        {"bank_id": unit.bank_id} | {name: getattr(one, name) for name in Redemption.__slots__}
        for unit, one in zip(units, found, strict=True)
    ]
    if rows:
        insert_all(units[0], redemptions, rows)
    for unit, one in zip(units, found, strict=True):
        unit.ring(one.member_id, one.payer_id, one.till_id)


def find(view: View, redemption_id: str) -> Redemption:
    """Return a redemption.

    Raises:
        RedemptionNotFound: this bank has none of this id.
    """
    return _one(find_all(view, [redemption_id]), redemption_id)


def lock(unit: Unit, redemption_id: str) -> Redemption:
    """Lock a redemption and return it.

    Raises:
        RedemptionNotFound: this bank has none of this id.
    """
    return _one(lock_all(unit, [redemption_id]), redemption_id)


def of_till(one: Redemption, till_id: str) -> Redemption:
    """Return a redemption if it is this till's.

    Raises:
        RedemptionNotFound: it is another till's.
    """
    if one.till_id != till_id:
        raise RedemptionNotFound(one.redemption_id)
    return one


def of_member(one: Redemption, member_id: str) -> Redemption:
    """Return a redemption if it is this member's.

    Raises:
        RedemptionNotFound: it is another member's.
    """
    if one.member_id != member_id:
        raise RedemptionNotFound(one.redemption_id)
    return one


def find_all(view: View, redemption_ids: Iterable[str]) -> dict[str, Redemption]:
    """Return the redemptions of these ids that there are, by id."""
    return _these(_THESE, view, redemption_ids)


def lock_all(unit: Unit, redemption_ids: Iterable[str]) -> dict[str, Redemption]:
    """Lock the redemptions of these ids that there are, and return them by id."""
    return _these(_LOCKED, unit, redemption_ids)


_BY_ID = (
    select(*_COLUMNS)
    .where(
        redemptions.c.bank_id == bindparam("bank_id"),
        among(redemptions.c.redemption_id, "redemption_ids"),
    )
    .order_by(redemptions.c.redemption_id)
)
_THESE = Prepared(_BY_ID)
_LOCKED = Prepared(_BY_ID.with_for_update(key_share=True))


def _these(query: Prepared, view: View, redemption_ids: Iterable[str]) -> dict[str, Redemption]:
    ids = sorted(set(redemption_ids))
    rows = query.rows(view, bank_id=view.bank_id, redemption_ids=ids) if ids else []
    return {row.redemption_id: _redemption(row) for row in rows}


def _one(found: Mapping[str, Redemption], redemption_id: str) -> Redemption:
    if redemption_id not in found:
        raise RedemptionNotFound(redemption_id)
    return found[redemption_id]


def of_merchant_day(view: View, merchant_id: str, day: date) -> list[Redemption]:
    """Return what a merchant was paid on a day, and scanned unpaid, in the order of the scans."""
    rows = view.rows(
        select(*_COLUMNS)
        .where(
            redemptions.c.bank_id == view.bank_id,
            redemptions.c.merchant_id == merchant_id,
            redemptions.c.shop_day == day,
        )
        .order_by(redemptions.c.scanned_at, redemptions.c.redemption_id)
    )
    return [_redemption(row) for row in rows]


def keep(unit: Unit, one: Redemption, **changes: Any) -> Redemption:
    """Write changes of a redemption that this unit has locked, and return it as it is now."""
    unit.run(
        update(redemptions)
        .where(
            redemptions.c.bank_id == unit.bank_id,
            redemptions.c.redemption_id == one.redemption_id,
        )
        .values(**changes)
    )
    unit.ring(one.member_id, one.payer_id, one.till_id)
    return replace(one, **changes)


_ENDED = (
    *("state", "cart_fen", "points", "discount_fen", "balance_after", "reason", "transfer_id"),
    *("paid_at", "day", "shop_day", "cashier_id", "pin"),
)


def write_ended(units: Sequence[Unit], found: Sequence[Redemption]) -> None:
    """Write redemptions, which are locked, as a payment has left them, each of its own unit."""
    rows = [
        {"bank_id": unit.bank_id, "redemption_id": one.redemption_id}
        | {name: getattr(one, name) for name in _ENDED}
        for unit, one in zip(units, found, strict=True)
    ]
    if rows:
        update_all(units[0], redemptions, rows)
    for unit, one in zip(units, found, strict=True):
        unit.ring(one.member_id, one.payer_id, one.till_id)


def require_in_time(view: View, one: Redemption) -> None:
    """See that an open redemption's own time is not over.

    Raises:
        RedemptionExpired: it is.
    """
    if one.state in OPEN and view.now >= one.ends_at:
        raise RedemptionExpired(one.redemption_id)


def caps_on(one: Redemption, booked: Adopted, day: date) -> caps.Caps:
    """Return the counters that a redemption of an offer counts in on a day."""
    return caps.of(
        booked,
        member_id=one.member_id,
        day=day,
        card_id=one.card_id,
        delegate_id=one.delegate_id,
    )


def give_caps_back(unit: Unit, one: Redemption) -> None:
    """Undo what a redemption took from its counters; it is locked."""
    its_caps = caps_on(one, offer_book.find(unit, one.offer_id), one.day)
    its_caps.lock(unit)
    counters.add(unit, its_caps.giving_back(one.points, with_pin=one.with_pin))
