"""Offers: what points are worth at a shop's till. Pure; whole numbers only.

``step``: for every full so many fen of the bill, some points may be used, each worth so many fen.
``item``: one thing or service for a fixed number of points, without a bill. "Nothing usable" is
a normal outcome with a reason; a used-up quota or stock is a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any

from creditbank.core.errors import BadField
from creditbank.core.values import PAYMENT_UNITS_MOST, read_units, whole_units
from merchants.errors import CartEmpty, OfferInvalid, OutOfStock, QuotaUsed

CART_FEN_MOST = 10**9
YUAN_SCALE = 2
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAME_MOST = 60


class Reason(StrEnum):
    """Why no point is usable."""

    NO_CART = "no_cart"
    NOT_TODAY = "not_today"
    BELOW_STEP = "below_step"
    DAY_CAP = "day_cap"
    MEMBER_LIMIT = "member_limit"
    NO_BALANCE = "no_balance"
    OWN_LIMIT = "own_limit"


@dataclass(frozen=True, slots=True)
class Step:
    """For every full ``every_fen``, ``points`` points of ``fen_per_point`` each; caps in points."""

    every_fen: int
    points: int
    fen_per_point: int
    most_per_order: int | None = None
    most_per_member_day: int | None = None
    most_per_merchant_day: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing or service; ``stock`` and ``most_per_member`` count pieces, for ever."""

    item: str
    points: int
    stock: int | None = None
    most_per_member: int | None = None
    price_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A rule with its name and the days on which it holds (both ends included)."""

    name: str
    rule: Step | Item
    from_day: date | None = None
    until_day: date | None = None
    weekdays: tuple[str, ...] = WEEKDAYS

    def holds_on(self, day: date) -> bool:
        """Tell whether the offer is in force on a calendar day."""
        return (
            (self.from_day is None or self.from_day <= day)
            and (self.until_day is None or day <= self.until_day)
            and WEEKDAYS[day.weekday()] in self.weekdays
        )


@dataclass(frozen=True, slots=True)
class Used:
    """What was used before: points of the day for ``step``, pieces ever for ``item``."""

    member_day: int = 0
    merchant_day: int = 0
    stock: int = 0
    member_ever: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """The most points usable now, what they take off, and why it is none.

    ``pin_needed`` says that taking so many would want a PIN.
    """

    points_most: int
    discount_fen: int
    reason: Reason | None = None
    pin_needed: bool = False


NONE_USED = Used()


def read_yuan(text: str) -> int:
    """Read yuan such as ``59.99`` into fen.

    Raises:
        BadField: it is no plain decimal with at most two decimals.
    """
    return read_units(text, YUAN_SCALE)


def cart(value: object) -> int:
    """Return a bill in fen if it is a whole number from 1 to 10^9.

    Raises:
        CartEmpty: it is 0.
        BadAmount: it is anything else.
    """
    if type(value) is int and value == 0:
        raise CartEmpty
    return whole_units(value, CART_FEN_MOST)


def check_said(cart_fen: object, points: object) -> None:
    """See that a bill and a choice of points, where they were said, are whole numbers in bounds.

    Raises:
        CartEmpty: the bill is 0.
        BadAmount: one of them is no whole number in bounds.
    """
    if cart_fen is not None:
        cart(cart_fen)
    if points is not None:
        whole_units(points, PAYMENT_UNITS_MOST)


def check_bill(offer: Offer, cart_fen: int | None) -> None:
    """See that a bill was said only where the offer has one.

    Raises:
        BadField: the offer has no bill.
    """
    if isinstance(offer.rule, Item) and cart_fen is not None:
        raise BadField("cart_fen", "this offer has no bill / 该优惠不按账单计算")


def require_bill(offer: Offer, cart_fen: int | None) -> None:
    """See that a bill was said exactly where the offer has one.

    Raises:
        BadField: the offer has no bill, or needs one.
    """
    check_bill(offer, cart_fen)
    if isinstance(offer.rule, Step) and cart_fen is None:
        raise BadField("cart_fen", "this offer needs a bill / 该优惠须填写账单金额")


def check_choice(offer: Offer, points: int) -> None:
    """See that points were chosen only where the offer leaves a choice.

    Raises:
        BadField: an item has its fixed number of points.
    """
    if isinstance(offer.rule, Item) and points != offer.rule.points:
        raise BadField("points", f"{offer.rule.points} for this item / 该项固定分数")


def points_of_bill(rule: Step, cart_fen: int) -> int:
    """Return the points a bill allows by the rule alone: steps and the cap per order."""
    most = cart_fen // rule.every_fen * rule.points
    most = min(most, cart_fen // rule.fen_per_point, PAYMENT_UNITS_MOST)
    return most if rule.most_per_order is None else min(most, rule.most_per_order)


def discount_of(rule: Step | Item, points: int) -> int:
    """Return what this many points take off a bill, in fen."""
    return points * rule.fen_per_point if isinstance(rule, Step) else 0


def usable(
    offer: Offer,
    *,
    day: date,
    cart_fen: int | None,
    balance: int,
    used: Used = NONE_USED,
    own_left: int | None = None,
) -> Quote:
    """Return the most points usable on a day, for a bill, with a balance.

    The rule speaks first, then the day's caps, then the shop's quota or stock, then what is left
    of the card's or the delegate's own limit (``own_left``, None without one), then the balance.

    Raises:
        QuotaUsed: the shop's points of the day are used up.
        OutOfStock: the thing is gone.
    """
    if not offer.holds_on(day):
        return Quote(0, 0, Reason.NOT_TODAY)
    if isinstance(offer.rule, Item):
        return _item(offer.rule, balance, used, own_left)
    if cart_fen is None:
        return Quote(0, 0, Reason.NO_CART)
    return _step(offer.rule, cart_fen, balance, used, own_left)


def _item(rule: Item, balance: int, used: Used, own_left: int | None) -> Quote:
    if rule.most_per_member is not None and used.member_ever >= rule.most_per_member:
        return Quote(0, 0, Reason.MEMBER_LIMIT)
    if rule.stock is not None and used.stock >= rule.stock:
        raise OutOfStock
    if own_left is not None and own_left < rule.points:
        return Quote(0, 0, Reason.OWN_LIMIT)
    if balance < rule.points:
        return Quote(0, 0, Reason.NO_BALANCE)
    return Quote(rule.points, 0)


def _step(rule: Step, cart_fen: int, balance: int, used: Used, own_left: int | None) -> Quote:
    most = points_of_bill(rule, cart_fen)
    if most == 0:
        return Quote(0, 0, Reason.BELOW_STEP)
    if rule.most_per_member_day is not None:
        most = min(most, rule.most_per_member_day - used.member_day)
        if most <= 0:
            return Quote(0, 0, Reason.DAY_CAP)
    if rule.most_per_merchant_day is not None:
        most = min(most, rule.most_per_merchant_day - used.merchant_day)
        if most <= 0:
            raise QuotaUsed
    if own_left is not None:
        most = min(most, own_left)
        if most <= 0:
            return Quote(0, 0, Reason.OWN_LIMIT)
    most = min(most, balance)
    if most <= 0:
        return Quote(0, 0, Reason.NO_BALANCE)
    return Quote(most, discount_of(rule, most))


# Rules as plain values -------------------------------------------------------------------------

_RULES: dict[str, type[Step | Item]] = {"step": Step, "item": Item}
_SHARED = ("name", "rule", "from", "until", "weekdays")


def write(offer: Offer) -> dict[str, Any]:
    """Return an offer as plain values, as `read` takes them."""
    values: dict[str, Any] = {"name": offer.name}
    values["rule"] = "step" if isinstance(offer.rule, Step) else "item"
    values |= {name: value for name, value in asdict(offer.rule).items() if value is not None}
    if offer.from_day is not None:
        values["from"] = offer.from_day.isoformat()
    if offer.until_day is not None:
        values["until"] = offer.until_day.isoformat()
    if offer.weekdays != WEEKDAYS:
        values["weekdays"] = list(offer.weekdays)
    return values


def read(values: Mapping[str, Any]) -> Offer:
    """Read an offer from plain values, as a TOML file or the book holds them.

    Raises:
        OfferInvalid: a parameter is unknown, missing, unusable or contradicts another.
    """
    shape = _RULES.get(values["rule"]) if isinstance(values.get("rule"), str) else None
    if shape is None:
        reason = "missing / 缺少" if "rule" not in values else "step | item"
        raise OfferInvalid("rule", 0, reason)
    known = {field.name for field in fields(shape)}
    other = {field.name for one in _RULES.values() for field in fields(one)} - known
    for parameter in values:
        if parameter in other:
            reason = f"contradicts rule = {values['rule']} / 与规则类型矛盾"
            raise OfferInvalid(parameter, 0, reason)
        if parameter not in known and parameter not in _SHARED:
            raise OfferInvalid(parameter, 0, "unknown / 未知参数")
    rule = _step_of(values) if shape is Step else _item_of(values)
    from_day, until_day = _day(values, "from"), _day(values, "until")
    if from_day is not None and until_day is not None and until_day < from_day:
        raise OfferInvalid("until", 0, "before 'from' / 早于开始日期")
    return Offer(_text(values, "name"), rule, from_day, until_day, _weekdays(values))


def _step_of(values: Mapping[str, Any]) -> Step:
    rule = Step(
        every_fen=_whole(values, "every_fen", CART_FEN_MOST),
        points=_whole(values, "points", PAYMENT_UNITS_MOST),
        fen_per_point=_whole(values, "fen_per_point", CART_FEN_MOST),
        most_per_order=_maybe_whole(values, "most_per_order"),
        most_per_member_day=_maybe_whole(values, "most_per_member_day"),
        most_per_merchant_day=_maybe_whole(values, "most_per_merchant_day"),
    )
    if rule.points * rule.fen_per_point > rule.every_fen:
        reason = "the points are worth more than every_fen / 抵扣超过每档金额"
        raise OfferInvalid("points", 0, reason)
    caps = ("most_per_order", "most_per_member_day", "most_per_merchant_day")
    for n, wide in enumerate(caps):
        for narrow in caps[:n]:
            if getattr(rule, wide) is not None and getattr(rule, wide) < (
                getattr(rule, narrow) or 0
            ):
                raise OfferInvalid(wide, 0, f"less than {narrow} / 小于 {narrow}")
    return rule


def _item_of(values: Mapping[str, Any]) -> Item:
    rule = Item(
        item=_text(values, "item"),
        points=_whole(values, "points", PAYMENT_UNITS_MOST),
        stock=_maybe_whole(values, "stock"),
        most_per_member=_maybe_whole(values, "most_per_member"),
        price_fen=_maybe_whole(values, "price_fen", CART_FEN_MOST),
    )
    if rule.stock is not None and (rule.most_per_member or 0) > rule.stock:
        raise OfferInvalid("most_per_member", 0, "more than stock / 超过库存")
    return rule


def _whole(values: Mapping[str, Any], parameter: str, most: int) -> int:
    if parameter not in values:
        raise OfferInvalid(parameter, 0, "missing / 缺少")
    value = values[parameter]
    if type(value) is not int or not 1 <= value <= most:
        raise OfferInvalid(parameter, 0, f"a whole number from 1 to {most} / 1 到 {most} 的整数")
    return value


def _maybe_whole(
    values: Mapping[str, Any], parameter: str, most: int = PAYMENT_UNITS_MOST
) -> int | None:
    return _whole(values, parameter, most) if parameter in values else None


def _text(values: Mapping[str, Any], parameter: str) -> str:
    if parameter not in values:
        raise OfferInvalid(parameter, 0, "missing / 缺少")
    value = values[parameter]
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= NAME_MOST:
        raise OfferInvalid(parameter, 0, f"a text of 1–{NAME_MOST} / 1–{NAME_MOST} 个字")
    return value.strip()


def _day(values: Mapping[str, Any], parameter: str) -> date | None:
    value = values.get(parameter)
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    elif value is None or type(value) is date:
        return value
    raise OfferInvalid(parameter, 0, "a day such as 2026-01-31 / 日期，如 2026-01-31")


def _weekdays(values: Mapping[str, Any]) -> tuple[str, ...]:
    days = values.get("weekdays", list(WEEKDAYS))
    if not isinstance(days, list) or not days or len({str(one) for one in days}) != len(days):
        raise OfferInvalid("weekdays", 0, f"a list of {', '.join(WEEKDAYS)}")
    if any(one not in WEEKDAYS for one in days):
        raise OfferInvalid("weekdays", 0, f"a list of {', '.join(WEEKDAYS)}")
    return tuple(day for day in WEEKDAYS if day in days)
