"""Sales: asks of the tills on their way to a receipt, done as one set.

Each step is done for all that got so far: requests are taken up, codes are burned or redemptions
locked, payments decided one after the other, and all of it is written. What becomes of a sale is
its ``outcome``; who has one is not taken further. A refusal keeps what must be remembered (the
burned code, the request, a wanted PIN) and is `Declined`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from creditbank.core import counters
from creditbank.core.counters import Counter
from creditbank.core.errors import CreditbankError, InDebt
from creditbank.core.ids import is_id
from creditbank.core.units import Declined, Unit
from creditbank.core.values import Amount
from creditbank.ledger import chart, payments
from creditbank.ledger.accounts import Locked, Place
from creditbank.ledger.posting import Draft, post_many
from creditbank.people import members
from creditbank.people.errors import DelegateEnded, MemberSuspended
from creditbank.people.members import Member, Status
from merchants import (
    offer_book,
    offers,
    payers,
    pin_requests,
    receipts,
    redemptions,
    requests,
    scans,
    tills,
)
from merchants.decisions import Payment, Wanted, decide_all
from merchants.errors import OutOfStock, PinNeeded, QuotaUsed, RedemptionNotFound
from merchants.offer_book import Adopted
from merchants.receipts import Receipt
from merchants.redemptions import CHECKOUT, Redemption, State
from merchants.requests import Take
from merchants.scans import Reading
from merchants.tills import Till

_ENDING = (QuotaUsed, OutOfStock, InDebt, MemberSuspended, DelegateEnded)

Outcome = Receipt | Declined | CreditbankError


@dataclass(slots=True)
class Sale:
    """One ask: what the till said, and how far it got.

    ``new`` says that its redemption is not in the books yet: the code was read just now.
    """

    unit: Unit
    request_id: str
    points: int | None
    cart_fen: int | None
    redemption_id: str
    new: bool = False
    redemption: Redemption | None = None
    booked: Adopted | None = None
    payment: Payment | None = None
    outcome: Outcome | None = None

    def answer(self) -> Outcome:
        """Return what became of it."""
        assert self.outcome is not None, "every sale comes to an end"
        return self.outcome

    def refuse(self, error: CreditbankError) -> None:
        """Note why nothing is paid; an error of form leaves nothing behind, not even the request.

        Raises:
            CreditbankError: it is an error of form, and a code was burned already.
        """
        if error.final:
            self.outcome = requests.refuse(
                self.unit,
                request_id=self.request_id,
                error=error,
                redemption_id=None if self.redemption is None else self.redemption_id,
            )
        elif self.new and self.redemption is not None:
            raise error
        else:
            requests.give_back(self.unit, request_id=self.request_id)
            self.outcome = error


def _going(sales: Sequence[Sale]) -> list[Sale]:
    return [one for one in sales if one.outcome is None]


def take_up(sales: Sequence[Sale]) -> None:
    """Check what was said, and take the requests up."""
    for one in sales:
        try:
            offers.check_said(one.cart_fen, one.points)
            if not is_id(one.redemption_id, "red"):
                raise RedemptionNotFound(one.redemption_id[:40])
        except CreditbankError as error:
            one.outcome = error
    going = _going(sales)
    if not going:
        return
    takes = [Take(one.unit, one.request_id, one.redemption_id) for one in going]
    for one, refusal in zip(going, requests.take_all(takes), strict=True):
        one.outcome = refusal


def read_codes(sales: Sequence[Sale], codes: Mapping[str, tuple[str, str | None]]) -> None:
    """Burn the pay codes; ``codes`` are code and offer by redemption."""
    going = _going(sales)
    if not going:
        return
    readings = [
        Reading(one.unit, one.redemption_id, code, one.cart_fen, offer_id)
        for one in going
        for code, offer_id in (codes[one.redemption_id],)
    ]
    for one, read in zip(going, scans.read_codes(readings), strict=True):
        if isinstance(read, CreditbankError):
            one.refuse(read)
        else:
            one.new = True
            one.redemption, one.booked = read


def lock(sales: Sequence[Sale], verb: str) -> None:
    """Lock the members and then the redemptions of the tills, which admit the verb.

    Raises:
        AssertionError: a redemption is asked for twice; each must then be asked alone.
    """
    going = _going(sales)
    if not going:
        return
    assert len(going) == len({one.redemption_id for one in going}), "each redemption once in a set"
    unit = going[0].unit
    known = tills.find_all(unit, [one.unit.actor.id for one in going])
    seen = redemptions.find_all(unit, [one.redemption_id for one in going])
    admitted: list[tuple[Sale, Till]] = []
    for one in going:
        try:
            admitted.append((one, _admitted(one, known, seen)))
        except CreditbankError as error:
            one.refuse(error)
    people = members.lock(unit, {seen[one.redemption_id].member_id for one, _ in admitted})
    locked = redemptions.lock_all(unit, [one.redemption_id for one, _ in admitted])
    booked = offer_book.find_all(unit, {one.offer_id for one in locked.values()})
    for one, till in admitted:
        found = locked[one.redemption_id]
        try:
            CHECKOUT.after(found.state, verb)
            redemptions.require_in_time(one.unit, found)
            one.redemption = replace(found, cashier_id=tills.taker(one.unit, till))
            one.booked = booked[found.offer_id]
            _require_active(people[found.member_id])
        except CreditbankError as error:
            decline(one, error)


def _admitted(one: Sale, known: Mapping[str, Till], seen: Mapping[str, Redemption]) -> Till:
    """Return the till that acts, if the redemption is its own and nobody takes their own points."""
    till = tills.admit(one.unit, known)
    found = seen.get(one.redemption_id)
    if found is None:
        raise RedemptionNotFound(one.redemption_id)
    redemptions.of_till(found, one.unit.actor.id)
    payers.refuse_own(one.unit, found.member_id, found.delegate_id)
    return till


def _require_active(member: Member) -> None:
    if member.status is not Status.ACTIVE:
        raise MemberSuspended(member.member_id, member.status)


def pay(sales: Sequence[Sale]) -> None:
    """Decide what each pays, and move the points to the shops."""
    going = _going(sales)
    if not going:
        return
    wanted = [_wanted(one, chart.merchant(_its(one).merchant_id)) for one in going]
    decided, locked = decide_all(wanted)
    refused: list[tuple[Sale, CreditbankError]] = []
    for one, payment in zip(going, decided, strict=True):
        if isinstance(payment, CreditbankError):
            refused.append((one, payment))
        else:
            one.payment = payment
    paying = [one for one in going if one.payment is not None]
    _move(paying, locked)
    fresh = [one for one in going if one.new]
    redemptions.write_new([one.unit for one in fresh], [_its(one) for one in fresh])
    others = [one for one in paying if not one.new]
    redemptions.write_ended([one.unit for one in others], [_its(one) for one in others])
    for one in paying:
        one.outcome = receipts.of(_its(one))
    for one, error in refused:
        decline(one, error)


def decide(one: Sale) -> Payment | None:
    """Decide how many points a sale sets aside; None if it was refused."""
    if one.outcome is None:
        (payment,), _ = decide_all([_wanted(one, chart.held(_its(one).member_id))])
        if not isinstance(payment, CreditbankError):
            return payment
        decline(one, payment)
    return None


def _its(one: Sale) -> Redemption:
    assert one.redemption is not None, "the sale has its redemption"
    return one.redemption


def _wanted(one: Sale, destination: str) -> Wanted:
    assert one.booked is not None, "the sale has its offer"
    return Wanted(one.unit, _its(one), one.booked, one.points, one.cart_fen, destination)


def _move(paying: Sequence[Sale], locked: Mapping[Place, Locked]) -> None:
    """Take from the counters and post, at once for all; a sale of 0 points moves nothing."""
    taking: dict[Counter, int] = {}
    drafts: dict[str, tuple[Sale, Draft]] = {}
    for one in paying:
        payment = one.payment
        assert payment is not None, "it was decided"
        for counter, units in payment.taking.items():
            taking[counter] = taking.get(counter, 0) + units
        if payment.points:
            drafts[one.redemption_id] = (one, _draft(one, payment))
    transfers: dict[str, str] = {}
    if drafts:
        unit = paying[0].unit
        counters.add(unit, taking)
        posted = post_many(
            unit,
            [draft for _, draft in drafts.values()],
            held=locked,
            units=[one.unit for one, _ in drafts.values()],
        )
        transfers = dict(zip(drafts, (each.transfer_id for each in posted), strict=True))
    for one in paying:
        one.redemption = _paid(one, transfers.get(one.redemption_id))


def _draft(one: Sale, payment: Payment) -> Draft:
    its = _its(one)
    return payments.to_pay(
        one.unit,
        member_id=its.member_id,
        destination=chart.merchant(its.merchant_id),
        amount=Amount(payment.points, its.asset_code),
        key=f"redemption/{its.redemption_id}/pay",
        refers_to=its.redemption_id,
    )


def _paid(one: Sale, transfer_id: str | None) -> Redemption:
    """Return a redemption as its payment leaves it; one of 0 points has ended without one."""
    its, payment, unit = _its(one), one.payment, one.unit
    assert payment is not None, "it was decided"
    ended = replace(
        its,
        cart_fen=payment.cart_fen,
        points=payment.points,
        discount_fen=payment.discount_fen,
        reason=payment.reason,
        balance_after=payment.balance_after,
        pin=payment.pin,
    )
    if transfer_id is None:
        return replace(ended, state=State(CHECKOUT.after(its.state, "decline")))
    payers.tell(unit, its, payment.points)
    return replace(
        ended,
        state=State(CHECKOUT.after(its.state, "redeem")),
        transfer_id=transfer_id,
        paid_at=unit.now,
        day=unit.today,
        shop_day=unit.today,
    )


def decline(one: Sale, error: CreditbankError) -> None:
    """Refuse a sale whose redemption is locked: end it if nothing can come of it.

    Where a PIN is needed, ask for it.
    """
    its = one.redemption
    if error.final and its is not None and isinstance(error, _ENDING):
        redemptions.keep(one.unit, its, state=State(CHECKOUT.after(its.state, "decline")))
    if its is not None and isinstance(error, PinNeeded):
        pin_requests.want(one.unit, its, points=error.points, cart_fen=one.cart_fen)
    one.refuse(error)
