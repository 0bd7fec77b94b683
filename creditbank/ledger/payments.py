"""Payments: points that a member spends, and points of a payment that come back.

Whoever takes them is an address of the chart; this room knows no shop.
"""

from __future__ import annotations

from creditbank.core.units import Unit
from creditbank.core.values import Amount, Posting
from creditbank.ledger import chart
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, Transfer, post


def pay(
    unit: Unit, *, member_id: str, destination: str, amount: Amount, key: str, refers_to: str
) -> Transfer:
    """Move points from a member to whoever takes them.

    Raises:
        InsufficientPoints: the member has not enough available.
        KeyReused: the key was used for other content.
    """
    draft = to_pay(
        unit,
        member_id=member_id,
        destination=destination,
        amount=amount,
        key=key,
        refers_to=refers_to,
    )
    return post(unit, draft)


def to_pay(
    unit: Unit, *, member_id: str, destination: str, amount: Amount, key: str, refers_to: str
) -> Draft:
    """Return the transfer that `pay` records, where many are recorded at once."""
    moved = Posting(chart.member(member_id), destination, amount)
    return Draft(Kind.REDEEM, key, unit.now, (moved,), refers_to)


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
