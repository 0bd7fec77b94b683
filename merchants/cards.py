"""Printed cards: a static code for people without a phone, good only with the member's PIN.

Of the digits only a keyed hash is kept; they and their picture are given once, when the card is
made. A scan opens a redemption as a pay code does: a pay code that is used up at once stands for
it. Whoever makes or ends a card locks the member first, as every scan does.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Row, UniqueConstraint, insert, select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.people import communities, members, trail
from creditbank.people.errors import MemberSuspended
from creditbank.people.members import Status
from merchants import code_digits, codes, unpaid
from merchants.codes import Shown
from merchants.errors import CardEnded, CardNotFound, CodeUnknown


class CardState(StrEnum):
    """Whether a card is taken."""

    LIVE = "live"
    ENDED = "ended"


class CardRow(OfBank, table=True):
    """One printed card; ``digits_hash`` is all that is known of its digits."""

    __tablename__ = "card"
    __table_args__ = (
        within_bank(["member_id"], "member", ["member_id"]),
        UniqueConstraint("bank_id", "digits_hash"),
        Index("ix_card_member", "bank_id", "member_id", "state"),
    )

    card_id: str = Field(primary_key=True, max_length=40)
    member_id: str = Field(max_length=40)
    digits_hash: str | None = Field(max_length=64)
    state: str = Field(max_length=16)
    made_at: datetime = Field(sa_type=UtcDateTime)
    made_by: str = Field(max_length=64)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)
    ended_by: str | None = Field(max_length=64)


cards = table(CardRow)


@dataclass(frozen=True, slots=True)
class Card:
    """A card without its digits."""

    card_id: str
    member_id: str
    state: CardState
    made_at: datetime
    ended_at: datetime | None


_COLUMNS = [cards.c[one] for one in Card.__slots__]


def _card(row: Row[Any]) -> Card:
    one = Card(**row._mapping)  # noqa: SLF001 - the mapping of a row is public
    return replace(one, state=CardState(one.state))


def new_digits() -> str:
    """Return unpredictable digits for a card that is about to be made."""
    count = code_digits.RANDOM_DIGITS
    return code_digits.complete(
        f"{secrets.randbelow(10**count):0{count}d}", prefix=code_digits.CARD_PREFIX
    )


@keyed
def make(unit: Unit, *, member_id: str, key: str) -> Card:  # noqa: ARG001
    """Make a card for a member and end the one before; `arm` gives it its digits.

    Raises:
        MemberNotFound: this bank has no such member.
        MemberSuspended: the member may not spend now.
        OtherCommunity: the actor's role does not hold where the member lives.
    """
    member = members.lock(unit, [member_id])[member_id]
    communities.require_within(unit.actor, member.community_id)
    if member.status is not Status.ACTIVE:
        raise MemberSuspended(member_id, member.status)
    _end(unit, member_id)
    made = Card(unit.new_id("crd"), member_id, CardState.LIVE, unit.now, None)
    row = {name: getattr(made, name) for name in Card.__slots__}
    rest = {
        "bank_id": unit.bank_id,
        "digits_hash": None,
        "made_by": unit.actor.id,
        "ended_by": None,
    }
    unit.run(insert(cards), row | rest)
    trail.record(unit, "card.made", made.card_id, subject_id=member_id)
    notices.tell(unit, member_id, "card-issued")
    return made


def arm(unit: Unit, card_id: str, digits: str) -> bool:
    """Give a card that was just made its digits, once; False if it has some already.

    Called in the unit of `make`, so that a repeated request shows no digits again.
    """
    armed = unit.run(
        update(cards)
        .where(
            cards.c.bank_id == unit.bank_id,
            cards.c.card_id == card_id,
            cards.c.digits_hash.is_(None),
        )
        .values(digits_hash=_hash(unit, digits))
        .returning(cards.c.card_id)
    )
    return armed.first() is not None


def _hash(view: View, digits: str) -> str:
    return view.vault.hashed(f"card/{view.bank_id}", digits)


@keyed
def revoke(unit: Unit, *, member_id: str, card_id: str, key: str) -> Card:  # noqa: ARG001
    """End a card at once, with what it opened and did not pay; one that ended stays so.

    Raises:
        MemberNotFound: this bank has no such member.
        CardNotFound: the member has none of this id.
        NotYours: a member stops somebody else's.
        OtherCommunity: the actor's role does not hold where the member lives.
    """
    members.require_own(unit.actor, member_id)
    member = members.lock(unit, [member_id])[member_id]
    communities.require_within(unit.actor, member.community_id)
    one = find(unit, card_id)
    if one.member_id != member_id:
        raise CardNotFound(card_id)
    if one.state is CardState.LIVE:
        _end(unit, member_id)
        notices.tell(unit, member_id, "card-ended")
    return find(unit, card_id)


def end_all(unit: Unit, member_id: str) -> None:
    """End the card of a member, who is locked: when a person leaves."""
    _end(unit, member_id)


def _end(unit: Unit, member_id: str) -> None:
    """End the live card of a member, who is locked, and the redemptions that it opened."""
    ended = unit.run(
        update(cards)
        .where(
            cards.c.bank_id == unit.bank_id,
            cards.c.member_id == member_id,
            cards.c.state == CardState.LIVE,
        )
        .values(state=CardState.ENDED, ended_at=unit.now, ended_by=unit.actor.id)
        .returning(cards.c.card_id)
    ).all()
    for row in ended:
        unpaid.stop_scanned(unit, member_id, card_id=row.card_id)
        trail.record(unit, "card.ended", row.card_id, subject_id=member_id)


def find(view: View, card_id: str) -> Card:
    """Return a card.

    Raises:
        CardNotFound: this bank has none of this id.
    """
    row = view.row(
        select(*_COLUMNS).where(cards.c.bank_id == view.bank_id, cards.c.card_id == card_id)
    )
    if row is None:
        raise CardNotFound(card_id)
    return _card(row)


def listing(view: View, member_id: str) -> list[Card]:
    """Return the cards of a member, the latest first."""
    rows = view.rows(
        select(*_COLUMNS)
        .where(cards.c.bank_id == view.bank_id, cards.c.member_id == member_id)
        .order_by(cards.c.made_at.desc(), cards.c.card_id.desc())
    )
    return [_card(row) for row in rows]


def shown(unit: Unit, digits: str) -> Shown:
    """Return whose card a till has read; whether it is still good is seen by `use`.

    Raises:
        CodeUnknown: nobody here was given it.
    """
    row = unit.row(
        select(cards.c.card_id, cards.c.member_id).where(
            cards.c.bank_id == unit.bank_id, cards.c.digits_hash == _hash(unit, digits)
        )
    )
    if row is None:
        raise CodeUnknown
    return Shown(unit.new_id("pcd"), row.member_id, card_id=row.card_id)


def use(unit: Unit, card: Shown) -> None:
    """See that a card is good, and write down the pay code that stands for this scan.

    The member is locked.

    Raises:
        CardEnded: it was stopped, or a newer one took its place.
    """
    assert card.card_id is not None, "a card was shown"
    if find(unit, card.card_id).state is not CardState.LIVE:
        raise CardEnded
    codes.stand_in(unit, card)
