"""Gifts: a member gives points to registered family in the direct line, where the scheme lets.

Each lot keeps its day, so a gift makes nothing younger. Whoever owes gives nothing; honours are
never given. Two rows of one person are merged, not given to. A day's gifts of one asset are
counted under the lock.
"""

from __future__ import annotations

from dataclasses import dataclass

from creditbank import notices
from creditbank.core import counters
from creditbank.core.keys import keyed
from creditbank.core.units import Unit, View
from creditbank.core.values import Amount
from creditbank.exchange import giving
from creditbank.exchange.errors import GiftLimit, GiftsOff, NotDirectLine, SamePerson, StorageFull
from creditbank.ledger import chart, statements
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, post
from creditbank.people import kin, relatives
from creditbank.schemes import scheme
from creditbank.schemes.parameters import Gifts, Scheme

GIFT_UNITS = "gift-units"


@dataclass(frozen=True, slots=True)
class Given:
    """What was given, to whom, and what is left to give today."""

    transfer_id: str
    member_id: str
    to: str
    asset: str
    units: int
    left_today: int


@keyed
def give(unit: Unit, *, member_id: str, to: str, asset: str, units: int, key: str) -> Given:
    """Give points to a relative; the PIN was typed for this request.

    Raises:
        BadAmount: it is no whole number, or too many.
        AssetNotFound, MemberNotFound: this bank has none of this id.
        NotSpendable: it is an honour.
        GiftsOff: the scheme knows no gifts.
        NotYours: the actor is somebody else.
        MemberSuspended: one of the two may not act now.
        SamePerson: both are rows of one person.
        NotDirectLine: they are not registered as family in the direct line.
        ChildCannotGive: the giver is too young.
        PinUnproven: the PIN was not typed for this request.
        GiftLimit: it is more than may be given today.
        InDebt: the giver has something to earn back.
        InsufficientPoints: there is not enough available.
        StorageFull: the receiver cannot have so much.
    """
    rules = scheme.current(unit)
    if rules.gifts is Gifts.NONE:
        raise GiftsOff
    amount = giving.require_amount(unit, units, asset)
    if to in kin.same(unit, member_id):
        raise SamePerson
    giving.lock(unit, member_id, [to])
    if to not in relatives.direct_line(unit, member_id):
        raise NotDirectLine
    giving.refuse_child(unit, member_id, rules)
    giving.require_pin(unit, member_id, key)
    counted = counters.of_day(GIFT_UNITS, f"{member_id}/{asset}", unit.today)
    used = counters.lock(unit, [counted])[counted]
    if used + units > rules.gift_units_day:
        raise GiftLimit(max(rules.gift_units_day - used, 0), rules.gift_units_day)
    source, debt = giving.giver(member_id)
    giving.require_funds(unit, source, amount, to=[chart.member(to)], debt=debt)
    _require_room(unit, to, amount, rules)
    counters.add(unit, {counted: units})
    done = post(
        unit,
        Draft(
            Kind.GIFT,
            f"gift/{member_id}/{key}",
            unit.now,
            giving.by_lots(unit, source, chart.member(to), amount),
            said=(member_id, to, asset, units),
        ),
    )
    notices.tell(unit, to, "gift-received", link="/me/statement", units={asset: units})
    return Given(done.transfer_id, member_id, to, asset, units, rules.gift_units_day - used - units)


def _require_room(view: View, to: str, amount: Amount, rules: Scheme) -> None:
    """See that the receiver may have so much.

    Raises:
        StorageFull: they may not.
    """
    most = rules.of_asset(amount.asset).storage_cap
    if most is not None:
        left = most - statements.balance(view, chart.member(to), amount.asset).total
        if amount.units > left:
            raise StorageFull(max(left, 0))
