"""Requests that got no answer: asked after by their id, and cancelled if they stay unclear.

For the script of the till, which must show one final answer; whoever has no script sees the same
by opening the redemption or the day's list.
"""

from __future__ import annotations

from fastapi.responses import JSONResponse, Response

from api.edge import problems
from api.edge.forms import RequestId
from api.edge.routes import Routes
from api.pages.forms import FormKey
from api.pages.page import Page, TillPage
from merchants import cancellations, receipts
from merchants.receipts import PAID_STATES

router = Routes(prefix="/b/{slug}/till/requests", include_in_schema=False)


@router.get("/{request_id:path}")
async def asked(page: TillPage, request_id: RequestId) -> Response:
    """Say what became of a request, and which page shows it; 404: it never arrived."""
    found = await page.read(
        lambda view: receipts.by_request(view, till_id=page.caller.till_id, request_id=request_id)
    )
    paid = found.receipt is not None and found.receipt.state in PAID_STATES
    words = None if found.refusal is None else _words(page, found.refusal)
    return _said(page, found.state, found.redemption_id, words, paid=paid)


@router.post("/{request_id:path}/cancel")
async def cancel(page: TillPage, request_id: RequestId, key: FormKey) -> Response:
    """Cancel a request, whether or not it has arrived; if it arrives later it is refused."""
    ended = await page.write(
        lambda unit: cancellations.cancel(unit, key=key, request_id=request_id)
    )
    return _said(page, ended.state, ended.redemption_id, None, paid=False)


def _said(
    page: Page, state: str, redemption_id: str | None, words: str | None, *, paid: bool
) -> Response:
    kind = "receipts" if paid else "redemptions"
    go = None if redemption_id is None else f"{page.base}/till/{kind}/{redemption_id}"
    said = {"state": state, "paid": paid, "go": go, "words": words}
    return JSONResponse(said, headers={"Cache-Control": "no-store"})


def _words(page: Page, slug: str) -> str | None:
    """Return the sentence of a refusal, if it needs no figures."""
    kind = problems.leaves().get(slug)
    if kind is None:
        return None
    sentence = page.speech.t(kind.zh, kind.en)
    return None if "{" in sentence else sentence
