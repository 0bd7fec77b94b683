"""Receipts at the till: what was taken, on screen and on paper, and points that go back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from api.edge.forms import RedemptionId
from api.edge.routes import Routes
from api.pages.forms import FormKey, MaybeCount, MaybeYuan, Sent
from api.pages.page import TillPage
from creditbank.core.clock import day_of
from creditbank.core.units import View
from creditbank.core.values import Asset
from creditbank.ledger import accounts
from creditbank.schemes import scheme
from merchants import cancellations, offer_book, offers, partners, receipts, refunds, tills
from merchants.errors import RedemptionNotFound
from merchants.offers import Offer, Step
from merchants.partners import Merchant
from merchants.receipts import PAID_STATES, Receipt
from merchants.redemptions import State

router = Routes(prefix="/b/{slug}/till/receipts", include_in_schema=False)

_FRESH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Paper:
    """A receipt with all that stands on it, and what may still be done about it.

    ``alone_most`` is how many points one person may give back alone.
    """

    receipt: Receipt
    shop: Merchant
    asset: Asset
    offer: Offer
    till_name: str
    same_day: bool
    refundable: bool
    alone_most: int

    @property
    def left(self) -> int:
        """The points that were not given back."""
        return self.receipt.points - self.receipt.refunded_points

    @property
    def by_bill(self) -> bool:
        """Whether points depend on the bill."""
        return isinstance(self.offer.rule, Step)

    @property
    def back_fen(self) -> int:
        """What the customer owes the shop for the points that went back."""
        return offers.discount_of(self.offer.rule, self.receipt.refunded_points)

    def fresh(self, now: datetime) -> bool:
        """Whether it was paid just now, so that it is said aloud."""
        return self.receipt.paid_at is not None and now - self.receipt.paid_at < _FRESH

    @property
    def voidable(self) -> bool:
        """Whether all of it can be undone, as on its own day."""
        return self.receipt.state is State.PAID and self.same_day


class RefundForm(Sent):
    """So many points, or what the remaining bill no longer allows; without both, all."""

    points: MaybeCount = None
    remaining: MaybeYuan = None


def look(view: View, redemption_id: str, merchants: tuple[str, ...] | None) -> Paper:
    """Return a receipt of one of these merchants, or of any for None.

    Raises:
        RedemptionNotFound: this bank has none of this id, or it is another shop's.
    """
    found = receipts.receipt(view, redemption_id, merchants=merchants)
    rules, paid_at = scheme.current(view), found.paid_at
    refunds_until = None if paid_at is None else paid_at + timedelta(days=rules.refund_days)
    return Paper(
        found,
        partners.find(view, found.merchant_id),
        accounts.asset(view, found.asset),
        offer_book.find(view, found.offer_id).offer,
        tills.find(view, found.till_id).name,
        paid_at is not None and day_of(paid_at, view.bank.zone) == view.today,
        found.state in {State.PAID, State.REFUNDED_IN_PART}
        and refunds_until is not None
        and view.now <= refunds_until,
        rules.refund_alone_points_most,
    )


def _of_my_shop(view: View, page: TillPage, redemption_id: str) -> Paper:
    """Return a receipt of the shop that this till stands in."""
    shop = tills.find(view, page.caller.till_id).merchant_id
    return look(view, redemption_id, (shop,))


@router.get("/{redemption_id}")
async def show(page: TillPage, redemption_id: RedemptionId) -> Response:
    """Show what was taken; to be printed, too."""
    paper = await page.read(lambda view: _of_my_shop(view, page, redemption_id))
    if paper.receipt.state not in {*PAID_STATES, State.VOIDED}:
        if paper.receipt.till_id != page.caller.till_id:
            raise RedemptionNotFound(redemption_id)
        return page.go(f"/till/redemptions/{redemption_id}")
    return page.show("till/receipt.html", paper=paper)


@router.get("/{redemption_id}/return")
async def give_back(page: TillPage, redemption_id: RedemptionId) -> Response:
    """Ask how much goes back."""
    paper = await page.read(lambda view: _of_my_shop(view, page, redemption_id))
    if not paper.refundable:
        return page.go(f"/till/receipts/{redemption_id}")
    return page.show("till/return.html", paper=paper)


@router.post("/{redemption_id}/void")
async def void(page: TillPage, redemption_id: RedemptionId, key: FormKey) -> Response:
    """Undo a payment of today."""
    await page.write(lambda unit: cancellations.void(unit, key=key, redemption_id=redemption_id))
    return page.go(f"/till/receipts/{redemption_id}", "voided")


@router.post("/{redemption_id}/refund")
async def refund(
    page: TillPage, redemption_id: RedemptionId, key: FormKey, form: Annotated[RefundForm, Form()]
) -> Response:
    """Give points back, in parts or all."""
    await page.write(
        lambda unit: refunds.refund(
            unit,
            key=key,
            redemption_id=redemption_id,
            points=form.points,
            remaining_cart_fen=form.remaining,
        )
    )
    return page.go(f"/till/receipts/{redemption_id}", "refunded")
