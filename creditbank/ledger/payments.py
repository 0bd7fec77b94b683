"""Payments: points that a member spends, that come back, and a payment that is undone.

Whoever takes them is an address of the chart; this room knows no shop.
"""

from __future__ import annotations

from creditbank.core.units import Unit
from creditbank.core.values import Amount, Posting
from creditbank.ledger import chart
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, Transfer, find, post, reverse


def pay(
    unit: Unit, *, member_id: str, destination: str, amount: Amount, key: str, refers_to: str
) -> Transfer:
    """Move points from a member to whoever takes them.

    Raises:
        InsufficientPoints: the member has not enough available.
        KeyReused: the key was used for other content.
    """
    moved = Posting(chart.member(member_id), destination, amount)
    return post(unit, Draft(Kind.REDEEM, key, unit.now, (moved,), refers_to))


def pay_back(
    unit: Unit, *, source: str, member_id: str, amount: Amount, key: str, refers_to: str
) -> Transfer:
    """Give points of a payment back to the member; they keep their old dates, so it sets none.

    Raises:
        InsufficientPoints: whoever took them would fall below the floor.
        KeyReused: the key was used for other content.
    """
    moved = Posting(source, chart.member(member_id), amount)
    return post(unit, Draft(Kind.REFUND, key, unit.now, (moved,), refers_to))


def undo(unit: Unit, *, transfer_id: str, key: str) -> Transfer:
    """Reverse a payment; what the mirror of a capture puts on hold is released at once.

    Raises:
        TransferNotFound: this bank has none of this id.
        AlreadyReversed: it was reversed before.
        InsufficientPoints: whoever took the points would fall below the floor.
    """
    first = find(unit, transfer_id)
    reversal = reverse(unit, transfer_id=transfer_id, key=key)
    from_hold = tuple(one for one in first.postings if one.source.endswith("/held"))
    if from_hold:
        released = Draft(Kind.RELEASE, f"{key}/release", unit.now, from_hold, first.refers_to)
        post(unit, released)
    return reversal
