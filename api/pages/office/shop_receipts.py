"""Receipts at a shop's desk: to look one up, and to give back what a cashier may not alone."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from api.edge.forms import MerchantId, RedemptionId
from api.edge.routes import Routes
from api.pages.forms import FormKey
from api.pages.office.shop import SeesSales, own
from api.pages.page import Page, page_for
from api.pages.till import receipts as papers
from api.pages.till.receipts import Paper, RefundForm
from creditbank.core.units import View
from creditbank.identity.roles import Right
from merchants import cancellations, refunds
from merchants.errors import RedemptionNotFound

router = Routes(prefix="/b/{slug}/shop/{merchant_id}/receipts", include_in_schema=False)

Refunds = Annotated[Page, page_for(Right.REFUND)]


@router.get("/{redemption_id}")
async def show(page: SeesSales, merchant_id: MerchantId, redemption_id: RedemptionId) -> Response:
    """Show a receipt of a shop, and what may still be done about it."""

    def look(view: View) -> Paper:
        shop = own(view, page, merchant_id)
        return papers.look(view, redemption_id, (shop.merchant_id,))

    paper = await page.read(look)
    return page.show("office/shop_receipt.html", paper=paper, shop=paper.shop)


async def _require_of(page: Page, merchant_id: str, redemption_id: str) -> None:
    """See that a receipt is this shop's, before anything goes back.

    Raises:
        RedemptionNotFound: it is another shop's.
    """
    found = await page.read(
        lambda view: papers.look(view, redemption_id, page.caller.merchants).receipt
    )
    if found.merchant_id != merchant_id:
        raise RedemptionNotFound(redemption_id)


@router.post("/{redemption_id}/void")
async def void(
    page: Refunds, merchant_id: MerchantId, redemption_id: RedemptionId, key: FormKey
) -> Response:
    """Undo a payment of today."""
    await _require_of(page, merchant_id, redemption_id)
    await page.write(lambda unit: cancellations.void(unit, key=key, redemption_id=redemption_id))
    return page.go(f"/shop/{merchant_id}/receipts/{redemption_id}", "voided")


@router.post("/{redemption_id}/refund")
async def refund(
    page: Refunds,
    merchant_id: MerchantId,
    redemption_id: RedemptionId,
    key: FormKey,
    form: Annotated[RefundForm, Form()],
) -> Response:
    """Give points back, in parts or all."""
    await _require_of(page, merchant_id, redemption_id)
    await page.write(
        lambda unit: refunds.refund(
            unit,
            key=key,
            redemption_id=redemption_id,
            points=form.points,
            remaining_cart_fen=form.remaining,
        )
    )
    return page.go(f"/shop/{merchant_id}/receipts/{redemption_id}", "refunded")
