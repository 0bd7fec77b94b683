"""The books for treasurer and auditor: what circulates, the latest movements, and the proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from api import proofs
from api.edge.forms import TransferId
from api.edge.routes import Routes
from api.pages.forms import FormKey
from api.pages.page import Page, page_for
from api.papers import statistics
from api.words import proofs as proof_sentences
from creditbank.core.units import View
from creditbank.core.values import Asset
from creditbank.identity.roles import Right
from creditbank.ledger import accounts, circulation, movements, posting
from creditbank.ledger.circulation import Circulation
from creditbank.ledger.movements import Entry

router = Routes(prefix="/b/{slug}/office/books", include_in_schema=False)

Sees = Annotated[Page, page_for(Right.SEE_LEDGER)]
Audits = Annotated[Page, page_for(Right.AUDIT)]

AT_ONCE = 50
KINDS = {
    "issue": ("发放", "issue"),
    "redeem": ("核销", "redeem"),
    "refund": ("退回", "refund"),
    "gift": ("转赠", "gift"),
    "donate": ("捐赠", "donate"),
    "expire": ("到期", "expire"),
    "settle": ("结算", "settle"),
    "fund-in": ("入基金", "into a fund"),
    "fund-out": ("出基金", "out of a fund"),
    "reverse": ("冲正", "reverse"),
    "opening": ("期初", "opening"),
    "hold": ("冻结", "hold"),
    "release": ("解冻", "release"),
    "merge": ("合并账户", "merge"),
    "service": ("互助服务", "service"),
}
# the beginning of an address → whose it is
PLACES = {
    "member": ("成员", "a member"),
    "team": ("志愿队", "a team"),
    "merchant": ("商户", "a shop"),
    "fund": ("基金", "a fund"),
    "issuance": ("发行", "issuance"),
    "expired": ("到期", "expired"),
    "settled": ("已结算", "settled"),
    "outside": ("外部", "outside"),
}


@dataclass(frozen=True, slots=True)
class Books:
    """An asset as the books have it."""

    assets: tuple[Asset, ...]
    asset: Asset | None
    held: Circulation | None
    entries: tuple[Entry, ...]


@router.get("")
async def show(
    page: Sees,
    asset: Annotated[str | None, Query(pattern=r"^[A-Z][A-Z0-9]{1,15}$")] = None,
    before: Annotated[str | None, Query(pattern=r"^trf_[0-9a-hjkmnp-tv-z]{26}$")] = None,
) -> Response:
    """Show what circulates of an asset, and its latest movements."""
    found = await page.read(lambda view: _books(view, asset, before))
    return page.show("office/books.html", found=found, kinds=KINDS, places=PLACES, at_once=AT_ONCE)


def _books(view: View, code: str | None, before: str | None) -> Books:
    assets = tuple(statistics.assets_of(view))
    if code is None and not assets:
        return Books((), None, None, ())
    asset = accounts.asset(view, code or assets[0].code)
    last = None
    if before is not None:
        last = (posting.find(view, before).recorded_at, before)
    entries = movements.latest(view, asset.code, before=last, limit=AT_ONCE)
    return Books(assets, asset, circulation.of(view, asset.code), tuple(entries))


@router.get("/transfers/{transfer_id}")
async def transfer(page: Sees, transfer_id: TransferId) -> Response:
    """Show one transfer with all its postings."""
    found = await page.read(lambda view: posting.find(view, transfer_id))
    return page.show("office/transfer.html", found=found, kinds=KINDS, places=PLACES)


@router.get("/audit")
async def audit(page: Audits) -> Response:
    """Offer to prove the books."""
    return page.show("office/audit.html", verdicts=None, findings=0)


@router.post("/audit")
async def prove(page: Audits, key: FormKey) -> Response:  # noqa: ARG001 - it changes nothing
    """Run every proof over one snapshot, beside all other work, and show each verdict."""
    verdicts = await page.read(proofs.audit, patient=True)
    shown = page.show(
        "office/audit_verdicts.html" if page.by_script else "office/audit.html",
        verdicts=verdicts,
        findings=proofs.count(verdicts),
        zh=proof_sentences.ZH,
    )
    shown.headers.update({"HX-Retarget": "#verdicts", "HX-Reswap": "innerHTML"})
    return shown
