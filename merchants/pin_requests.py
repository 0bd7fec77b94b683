"""PIN requests: a till waits, and the payer confirms or refuses on their own phone.

The redemption itself remembers how many points want a PIN and whether it was given. The PIN is
proven outside of the unit (`creditbank.identity.pins`); here that is written down, under the
redemption's lock, for at most the points that the payer saw and until the redemption's time is
over. Whoever refuses ends the redemption.

Locks: the PIN before the redemption.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.units import Unit, View
from creditbank.identity import pins
from creditbank.identity.sign_in_errors import PinUnproven
from creditbank.people import guardians
from merchants import partners, payers, redemptions, tills
from merchants.errors import PinNotWanted, RedemptionNotFound
from merchants.redemptions import CHECKOUT, PinState, Redemption, State


@dataclass(frozen=True, slots=True)
class PinRequest:
    """What a payer sees before they give their PIN: which shop takes how many points."""

    redemption_id: str
    member_id: str
    shop: str
    cart_fen: int | None
    points: int
    ends_at: datetime
    asset: str


@dataclass(frozen=True, slots=True)
class PinAnswer:
    """Where the PIN of a redemption stands, for how many points."""

    redemption_id: str
    pin: PinState
    points: int
    state: State


def want(unit: Unit, one: Redemption, *, points: int, cart_fen: int | None) -> None:
    """Wait for the PIN of a redemption that is locked, and tell the payer, once for these points.

    The holder of a card is at the till. For a child the guardians are asked.
    """
    redemptions.keep(
        unit,
        one,
        pin=PinState.WANTED,
        pin_points=points,
        pin_given_at=None,
        cart_fen=one.cart_fen if cart_fen is None else cart_fen,
    )
    told = one.pin is PinState.WANTED and one.pin_points == points and one.card_id is None
    if not told:
        notices.tell_all(
            unit,
            sorted(payers.confirming(unit, one)),
            "child-pays" if one.guarded else "pin-wanted",
            link="/me/pin-requests",
            due_at=one.ends_at,
            shop=one.merchant_id,
            points=points,
        )


def listing(view: View, payer_id: str) -> list[PinRequest]:
    """Return what waits for a payer's PIN now, in the order of the scans."""
    of, shops = redemptions.redemptions, partners.merchants
    rows = view.rows(
        select(
            *(of.c.redemption_id, of.c.member_id, of.c.cart_fen, of.c.pin_points, of.c.ends_at),
            *(of.c.guarded, of.c.asset_code, shops.c.name),
        )
        .join(shops, (shops.c.bank_id == of.c.bank_id) & (shops.c.merchant_id == of.c.merchant_id))
        .where(
            of.c.bank_id == view.bank_id,
            or_(
                of.c.guarded.is_(True),
                and_(
                    of.c.card_id.is_(None),
                    or_(
                        and_(of.c.member_id == payer_id, of.c.delegate_id.is_(None)),
                        of.c.delegate_id == payer_id,
                    ),
                ),
            ),
            of.c.state == State.SCANNED,
            of.c.pin == PinState.WANTED,
            of.c.ends_at > view.now,
        )
        .order_by(of.c.scanned_at, of.c.redemption_id)
    )
    children = guardians.of_all(view, [row.member_id for row in rows if row.guarded])
    return [
        PinRequest(
            row.redemption_id,
            row.member_id,
            row.name,
            row.cart_fen,
            row.pin_points,
            row.ends_at,
            row.asset_code,
        )
        for row in rows
        if not row.guarded or payer_id in children[row.member_id]
    ]


@keyed
def confirm(unit: Unit, *, payer_id: str, redemption_id: str, points: int, key: str) -> PinAnswer:
    """Remember that a payer gave their PIN on their own phone.

    ``points`` is what the payer saw: if the till wants another number by now, nothing is given.

    Raises:
        RedemptionNotFound: the payer has none of this id.
        PinNotWanted: no PIN is waited for, or one for other points.
        RedemptionExpired: its time is over.
        PinUnproven: it was not typed for this request.
    """
    seen = redemptions.find(unit, redemption_id)
    if payer_id not in payers.confirming(unit, seen):
        raise RedemptionNotFound(redemption_id)
    return _give(unit, seen, payer_id, points, key)


@keyed
def confirm_at_till(unit: Unit, *, redemption_id: str, key: str) -> PinAnswer:
    """Remember that the holder of a printed card typed their PIN at the till.

    Raises:
        RedemptionNotFound: this till has none of this id that a card opened.
        PinNotWanted: no PIN is waited for.
        RedemptionExpired: its time is over.
        PinUnproven: it was not typed for this request.
        TillSuspended, MerchantSuspended: the till takes nothing now.
    """
    tills.require_active(unit, unit.actor.id)
    seen = redemptions.find(unit, redemption_id)
    holder_id = holder(unit, till_id=unit.actor.id, redemption_id=redemption_id)
    return _give(unit, seen, holder_id, seen.pin_points, key)


def holder(view: View, *, till_id: str, redemption_id: str) -> str:
    """Return whose PIN a till asks for: the member's whose card opened the redemption.

    Raises:
        RedemptionNotFound: this till has none of this id that a card opened, or a child pays.
    """
    one = redemptions.of_till(redemptions.find(view, redemption_id), till_id)
    if one.card_id is None or one.guarded:
        raise RedemptionNotFound(redemption_id)
    return one.member_id


@keyed
def refuse(
    unit: Unit,
    *,
    payer_id: str,
    redemption_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> PinAnswer:
    """End a redemption that waits for a payer's PIN, or has it and is not paid yet.

    Raises:
        RedemptionNotFound: the payer has none of this id.
        PinNotWanted: no PIN is waited for.
        RedemptionExpired: its time is over.
    """
    one = redemptions.lock(unit, redemption_id)
    if payer_id != one.payer_id and payer_id not in payers.confirming(unit, one):
        raise RedemptionNotFound(redemption_id)
    _require_wanted(unit, one)
    state = State(CHECKOUT.after(one.state, "stop"))
    return _answer(redemptions.keep(unit, one, state=state, pin=PinState.REFUSED))


def _require_wanted(view: View, one: Redemption) -> None:
    redemptions.require_in_time(view, one)
    if one.state is not State.SCANNED or one.pin not in {PinState.WANTED, PinState.GIVEN}:
        raise PinNotWanted(one.redemption_id)


def _give(unit: Unit, seen: Redemption, whose_pin: str, points: int | None, key: str) -> PinAnswer:
    """Spend the proof of the PIN, lock the redemption, and see again that it waits for it."""
    _require_wanted(unit, seen)
    if points != seen.pin_points:
        raise PinNotWanted(seen.redemption_id)
    if not pins.spend_proof(unit, whose_pin, key):
        raise PinUnproven
    one = redemptions.lock(unit, seen.redemption_id)
    _require_wanted(unit, one)
    if points != one.pin_points:
        raise PinNotWanted(one.redemption_id)
    return _answer(redemptions.keep(unit, one, pin=PinState.GIVEN, pin_given_at=unit.now))


def _answer(one: Redemption) -> PinAnswer:
    assert one.pin is not None, "what is answered was asked"
    return PinAnswer(one.redemption_id, one.pin, one.pin_points or 0, one.state)
