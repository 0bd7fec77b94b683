"""The pay code: what a volunteer shows at a till, and what becomes of it, told at once.

Opening the page writes nothing. A code is issued by the page's script, every half minute while
it is seen, or by a button; the script says that it wants a part of the page (`X-Part`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Form, Query
from fastapi.responses import Response
from markupsafe import Markup
from pydantic import AwareDatetime

from api.edge.forms import MemberRef
from api.edge.routes import Routes
from api.pages.forms import FormKey, Sent
from api.pages.member import pin_requests, purse
from api.pages.member.pin_requests import Asking
from api.pages.member.purse import Held
from api.pages.page import MemberPage
from creditbank.core.errors import CreditbankError
from creditbank.core.units import View
from creditbank.core.values import Asset
from creditbank.ledger import accounts
from creditbank.people import delegates, persons
from creditbank.people.delegates import DelegateState
from merchants import cancellations, code_pictures, codes, paying
from merchants.codes import CodeState
from merchants.paying import Payment

router = Routes(prefix="/b/{slug}/me/code", include_in_schema=False)

_ID = "[0-9a-hjkmnp-tv-z]{26}$"
Said = tuple[str, int, int]
CodeAsked = Annotated[str | None, Query(alias="code", pattern=f"^pcd_{_ID}")]
WhoseAsked = Annotated[str | None, Query(alias="for", pattern=f"^mem_{_ID}")]


class CodeForm(Sent):
    """For whom a delegate pays; without it a member pays for oneself."""

    whose: MemberRef | None = None


@dataclass(frozen=True, slots=True)
class Helped:
    """Somebody for whom this member may pay, by a masked name."""

    member_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Card:
    """A code as it is shown, and for how long by the server's clock; no digits: it is over."""

    digits: str
    picture: Markup
    left_s: int
    refresh_s: int


@dataclass(frozen=True, slots=True)
class Stage:
    """What the page tells besides the code: a till that waits for a PIN, or how a payment goes."""

    asking: Asking
    payment: Payment | None
    asset: Asset | None

    @property
    def mark(self) -> str:
        """What changes when there is something new to tell."""
        if self.asking.requests:
            state = self.asking.pin
            asked = [f"{one.redemption_id}.{one.points}" for one in self.asking.requests]
            return f"ask {' '.join(asked)} {state.is_set} {state.locked_until}"
        one = self.payment
        return "" if one is None else f"pay {one.redemption_id} {one.state} {one.pin or ''}".strip()


@dataclass(frozen=True, slots=True)
class CodePage:
    """Everything the page shows at one instant."""

    stage: Stage
    purse: list[Held]
    hindrance: CreditbankError | tuple[str, str] | None
    helped: list[Helped]
    said: Said | None
    since: datetime

    @property
    def purses(self) -> list[Held]:
        """The purses worth telling: those with something in them, else the first."""
        return [one for one in self.purse if one.total or one.owed] or self.purse[:1]


@router.get("")
async def code(
    page: MemberPage,
    shown: CodeAsked = None,
    whose: WhoseAsked = None,
    stopped: Annotated[Literal["yes", ""], Query()] = "",
) -> Response:
    """Show the pay code of a member, or one that they show for whom they help."""
    found = await page.read(lambda view: _look(view, page.member_id, whose, shown))
    card = None if found.said is None else await _card(found.said)
    return page.show(
        "member/code.html",
        found=found,
        card=card,
        whose=whose,
        stopped=stopped == "yes" and card is None,
    )


@router.get("/now")
async def now(page: MemberPage, since: Annotated[AwareDatetime, Query()]) -> Response:
    """Tell how it stands with what this member pays since they opened the page."""
    stage = await page.read(lambda view: _stage(view, page.member_id, since))
    return page.show("member/code_stage.html", stage=stage)


@router.post("/codes")
async def issue(page: MemberPage, form: Annotated[CodeForm, Form()], key: FormKey) -> Response:
    """Give a member a pay code, or a delegate one for whom they help."""
    whose = form.whose
    made = await page.write(
        lambda unit: (
            codes.issue(unit, key=key, member_id=page.member_id)
            if whose is None
            else codes.issue_delegated(unit, key=key, member_id=whose)
        )
    )
    if page.request.headers.get("x-part") == "code":
        said = await page.read(lambda view: _said(view, made.pay_code_id, page.member_id, whose))
        return page.show("member/code_card.html", card=await _card(said))
    more = {} if whose is None else {"for": whose}
    return page.go("/me/code", code=made.pay_code_id, **more)


@router.post("/stop")
async def stop(page: MemberPage, key: FormKey) -> Response:
    """Stop a member's codes, and what a till has open with them."""
    await page.write(lambda unit: cancellations.stop(unit, key=key, member_id=page.member_id))
    return page.go("/me/code", "code-stopped", stopped="yes")


def _look(view: View, member_id: str, whose: str | None, shown: str | None) -> CodePage:
    if whose is not None:
        delegates.require(view, whose, member_id)
    mine = purse.held(view, member_id)
    hindrance = None if whose is not None else purse.hindrance(view, member_id, mine)
    stage = _stage(view, member_id, view.now)
    said = None if shown is None else _said(view, shown, member_id, whose)
    return CodePage(stage, mine, hindrance, _helped(view, member_id), said, view.now)


def _stage(view: View, member_id: str, since: datetime) -> Stage:
    asking = pin_requests.asking(view, member_id)
    payment = paying.latest(view, member_id, since=since)
    assets = accounts.every_asset(view)
    return Stage(asking, payment, None if payment is None else assets[payment.asset])


def _helped(view: View, member_id: str) -> list[Helped]:
    """Return for whom a member may pay now."""
    ids = [
        one.member_id
        for one in delegates.listing(view, member_id)
        if one.delegate_member_id == member_id
        and one.state is DelegateState.ACTIVE
        and one.pays_from <= view.now
    ]
    names = persons.masked_names(view, ids)
    return [Helped(one, names[one]) for one in ids]


def _said(view: View, pay_code_id: str, member_id: str, whose: str | None) -> Said:
    """Return the digits of a code of this member's screen, how long it is good, and its age."""
    of = {"member_id": whose or member_id, "delegate_id": member_id if whose else None}
    found = codes.find(view, pay_code_id, **of)  # type: ignore[arg-type]
    left_s = int((found.ends_at - view.now).total_seconds())
    if found.state is not CodeState.LIVE or left_s <= 0:
        return "", 0, 0
    refresh_s = max(int((found.refresh_at - view.now).total_seconds()), 0)
    return codes.digits_of(view, pay_code_id, **of), left_s, refresh_s  # type: ignore[arg-type]


async def _card(said: Said) -> Card:
    """Draw a code."""
    digits, left_s, refresh_s = said
    picture = await asyncio.to_thread(code_pictures.svg, digits) if digits else ""
    return Card(digits, Markup(picture), left_s, refresh_s)  # noqa: S704 - drawn by ourselves
