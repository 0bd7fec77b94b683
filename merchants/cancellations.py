"""Cancellations: what is ended before it is paid, a payment that is voided, codes that are stopped.

A cancellation of a request that never arrived is written down, so that the request is refused if
it arrives later. Whichever of the two commits first is the one outcome for all screens.
"""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.clock import day_of
from creditbank.core.keys import keyed
from creditbank.core.units import Unit
from creditbank.identity import assists
from creditbank.ledger import holds, posting
from creditbank.people import members
from creditbank.schemes import scheme
from merchants import codes, redemptions, refunds, requests, tills, unpaid
from merchants.errors import AlreadyPaid, VoidTooLate
from merchants.receipts import PAID_STATES
from merchants.redemptions import CHECKOUT, Redemption, State
from merchants.requests import RequestState


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a cancelled request came to; no points are taken by it."""

    request_id: str
    state: State | RequestState
    redemption_id: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """Where a redemption stands after it was cancelled or voided; ``transfer_id`` gave back."""

    redemption_id: str
    state: State
    points: int
    transfer_id: str | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """How many codes and scanned redemptions a member stopped."""

    codes: int
    redemptions: int


@keyed
def cancel(unit: Unit, *, request_id: str, key: str) -> Cancelled:  # noqa: ARG001
    """Cancel a till's own request, whether or not it has arrived, and what it opened.

    One that was refused ends its redemption only while nothing came of it: what a later request
    set aside is that request's.

    Raises:
        AlreadyPaid: its points are taken; void or refund it.
        BadField: it is no request id.
    """
    row = requests.cancel(unit, request_id)
    if row is None or row.redemption_id is None:
        state = RequestState.CANCELLED if row is None else RequestState(row.state)
        return Cancelled(request_id, state, None)
    one = redemptions.lock(unit, row.redemption_id)
    taken = row.state == RequestState.TAKEN
    if taken and one.state in PAID_STATES:
        raise AlreadyPaid(one.redemption_id)
    if one.state is State.SCANNED or (taken and one.state is State.AUTHORISED):
        ended = _end(unit, one, "cancel")
        return Cancelled(request_id, ended.state, one.redemption_id)
    stands = one.state if taken else RequestState(row.state)
    return Cancelled(request_id, stands, one.redemption_id)


@keyed
def cancel_scanned(unit: Unit, *, redemption_id: str, key: str) -> Ended:  # noqa: ARG001
    """End a redemption of this till that is scanned or authorised.

    Raises:
        RedemptionNotFound: this till has none of this id.
        AlreadyPaid: its points are taken; void or refund it.
        StateConflict: it is over.
    """
    one = redemptions.of_till(redemptions.lock(unit, redemption_id), unit.actor.id)
    if one.state in PAID_STATES:
        raise AlreadyPaid(redemption_id)
    return _end(unit, one, "cancel")


@keyed
def void(unit: Unit, *, redemption_id: str, key: str) -> Ended:  # noqa: ARG001
    """Give back all points of a redemption, and what they used of the caps.

    What is set aside is returned, by its own till; what was paid today is reversed, by whom a
    refund of all its points would be allowed.

    Raises:
        RedemptionNotFound: this till, or this merchant, has none of this id.
        StateConflict: it is neither authorised nor paid in full.
        VoidTooLate: it was paid on another day.
        RefundForbidden: above the limit, someone else must do it.
        OwnCode: the points are the cashier's own.
        TillSuspended, MerchantSuspended: the till may not give back now.
        InsufficientPoints: the merchant no longer has the points.
    """
    one = redemptions.lock(unit, redemption_id)
    if one.state in redemptions.OPEN:
        redemptions.of_till(one, unit.actor.id)
        tills.require_served(unit, tills.find(unit, one.till_id))
    else:
        refunds.require_allowed(unit, one)
        if one.state is State.PAID:
            refunds.require_second_person(unit, one, scheme.current(unit), one.points)
    return _end(unit, one, "void")


def _end(unit: Unit, one: Redemption, verb: str) -> Ended:
    """Take a locked redemption to where the verb leads, giving back what it took."""
    state = State(CHECKOUT.after(one.state, verb))
    given_back = None
    if one.state is State.PAID:
        assert one.paid_at is not None, "what is paid has its instant"
        assert one.transfer_id is not None, "what is paid has its transfer"
        if day_of(one.paid_at, unit.bank.zone) != unit.today:
            raise VoidTooLate(one.redemption_id)
        redemptions.give_caps_back(unit, one)
        given_back = posting.reverse(
            unit, transfer_id=one.transfer_id, key=f"redemption/{one.redemption_id}/void"
        )
    elif one.state is State.AUTHORISED:
        assert one.hold_id is not None, "an authorised redemption has a hold"
        redemptions.give_caps_back(unit, one)
        given_back = holds.void(unit, hold_id=one.hold_id)
    redemptions.keep(unit, one, state=state)
    transfer_id = None if given_back is None else given_back.transfer_id
    return Ended(one.redemption_id, state, one.points, transfer_id)


@keyed
def stop(unit: Unit, *, member_id: str, key: str) -> Stopped:  # noqa: ARG001
    """Stop a member's live codes and scanned redemptions, for a lost phone or a change of mind.

    Raises:
        MemberNotFound: this bank has no such member.
        NotYours: a member stops somebody else's.
    """
    members.require_own(unit.actor, member_id)
    members.lock(unit, [member_id])
    assists.done(unit, "assist.codes-stopped", member_id)
    return Stopped(codes.stop_live(unit, member_id), unpaid.stop_scanned(unit, member_id))
