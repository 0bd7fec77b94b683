"""Giving: what every giver must be and have, seen under the locks.

A member gives what can be spent, is no child, owes nothing, and has typed the PIN for this very
request. Members are locked first, then the PIN, then counters, then accounts.
"""

from __future__ import annotations

from collections.abc import Iterable

from creditbank.core.errors import InDebt, InsufficientPoints, NotSpendable
from creditbank.core.units import Unit, View
from creditbank.core.values import PAYMENT_UNITS_MOST, Amount, AssetKind, Posting, whole_units
from creditbank.exchange.errors import ChildCannotGive
from creditbank.identity import pins
from creditbank.identity.sign_in_errors import PinUnproven
from creditbank.ledger import accounts, chart, lots
from creditbank.people import ages, members
from creditbank.people.errors import MemberSuspended
from creditbank.people.members import Member, Status
from creditbank.schemes.parameters import Scheme


def lock(unit: Unit, member_id: str, others: Iterable[str] = ()) -> dict[str, Member]:
    """Lock who gives, and others who are to receive; all of them may act.

    Raises:
        MemberNotFound: this bank has none of one of these ids.
        NotYours: the actor is somebody else.
        MemberSuspended: one of them may not act now.
    """
    members.require_own(unit.actor, member_id)
    found = members.lock(unit, {member_id, *others})
    for one in found.values():
        if one.status is not Status.ACTIVE:
            raise MemberSuspended(one.member_id, one.status)
    return found


def refuse_child(view: View, member_id: str, rules: Scheme) -> None:
    """See that a member is old enough to part with points alone.

    Raises:
        ChildCannotGive: they are not.
    """
    age = ages.today(view, member_id)
    if age is not None and age < rules.spend_confirmed_below_age:
        raise ChildCannotGive(rules.spend_confirmed_below_age)


def require_pin(unit: Unit, member_id: str, key: str) -> None:
    """Use up the PIN that a member typed for this request.

    Raises:
        PinUnproven: none was, or a while ago.
    """
    if not pins.spend_proof(unit, member_id, key):
        raise PinUnproven


def require_amount(view: View, units: int, asset: str) -> Amount:
    """Return what is to be given, of an asset that can be spent.

    Raises:
        BadAmount: it is no whole number, or too many.
        AssetNotFound: the bank has no such asset.
        NotSpendable: it is an honour, or money.
    """
    if accounts.asset(view, asset).kind is not AssetKind.SPENDABLE:
        raise NotSpendable(asset)
    return Amount(whole_units(units, PAYMENT_UNITS_MOST), asset)


def require_funds(
    unit: Unit, source: str, amount: Amount, *, to: Iterable[str], debt: str | None = None
) -> None:
    """Lock the accounts of a gift and see that its source has the points and owes none.

    Raises:
        InDebt: there is something to earn back.
        InsufficientPoints: there is not enough available.
    """
    asset = amount.asset
    places = {(address, asset) for address in (source, *to)}
    locked = accounts.lock(unit, places | ({(debt, asset)} if debt else set()))
    owed = -(locked[debt, asset].balance or 0) if debt else 0
    if owed:
        raise InDebt(asset, owed)
    there = locked[source, asset].balance or 0
    if there < amount.units:
        raise InsufficientPoints(asset, there, amount.units)


def by_lots(view: View, source: str, destination: str, amount: Amount) -> tuple[Posting, ...]:
    """Return the postings of a gift: each lot keeps its day, the earliest goes first."""
    asset = amount.asset
    return tuple(
        Posting(source, destination, Amount(lot.units, asset), lot.expires_on)
        for lot in lots.first_of(view, source, asset, amount.units)
    )


def giver(member_id: str) -> tuple[str, str]:
    """Return the addresses of what a member can spend and still has to earn back."""
    return chart.member(member_id), chart.debt(member_id)
