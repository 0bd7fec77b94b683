"""One member at the office: what they have, do and agreed to, and what the office does for them.

What the page shows is what each role may see by program: names are masked, and what describes a
person is shown for a reason only, which the member can read (`api.pages.office.member_data`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Form, Query
from fastapi.responses import Response
from pydantic import Field

from api.edge.forms import MemberId
from api.edge.routes import Routes
from api.edge.wiring import Caller, narrowed
from api.pages.forms import FormKey, Sent
from api.pages.office import names
from api.pages.office.members import Named, named
from api.pages.page import Page, page_for
from api.papers import slips
from api.words import statements as statement_sentences
from api.words.statements import Sentence
from creditbank.core.units import View
from creditbank.core.values import Asset, write_units
from creditbank.identity import assists, pins
from creditbank.identity.assists import Assist
from creditbank.identity.pins import PinState
from creditbank.identity.roles import Right
from creditbank.ledger import accounts, chart, statements
from creditbank.ledger.statements import Balance, Line
from creditbank.people import consents, households, members, stays
from creditbank.people.consents import PURPOSES, Consent
from creditbank.tasks import claims, tasks
from creditbank.tasks.claims import Claim
from creditbank.tasks.states import ClaimState
from merchants import cards
from merchants.cards import Card

router = Routes(prefix="/b/{slug}/office/members/{member_id}", include_in_schema=False)

LINES = 10

Sees = Annotated[Page, page_for(Right.SEE_MEMBERS)]
Keeps = Annotated[Page, page_for(Right.KEEP_MEMBERS)]

STANDING: dict[str, tuple[str, str]] = {
    "head": ("户主", "head"),
    "adult": ("成人", "adult"),
    "child": ("孩子", "child"),
}


# state of a claim → (中文, English)
CLAIMS: dict[ClaimState, tuple[str, str]] = {
    ClaimState.WAITING: ("候补", "waits"),
    ClaimState.OFFERED: ("待确认名额", "offered"),
    ClaimState.PLACED: ("已认领", "claimed"),
    ClaimState.SIGNED_IN: ("服务中", "signed in"),
    ClaimState.SIGNED_OUT: ("待审核", "to review"),
    ClaimState.FORCED_OUT: ("待审核", "to review"),
    ClaimState.APPROVED: ("已通过", "approved"),
    ClaimState.REJECTED: ("未通过", "rejected"),
    ClaimState.DISPUTED: ("有异议", "disputed"),
    ClaimState.REVOKED: ("已撤回", "withdrawn"),
    ClaimState.WITHDRAWN: ("已退出", "withdrew"),
    ClaimState.LAPSED: ("未轮到", "lapsed"),
    ClaimState.NO_SHOW: ("未到", "no show"),
}
# purpose of a consent → (中文, English)
AGREED: dict[str, tuple[str, str]] = {
    "service": ("办理服务（必需）", "service (needed)"),
    "publish_name": ("公示姓名", "publish the name"),
    "photos": ("使用照片", "photos"),
    "messages": ("接收短信", "messages"),
}


class AgreedForm(Sent):
    """What was agreed to on paper; a guardian is named by number."""

    purposes: Annotated[
        list[Literal["service", "publish_name", "photos", "messages"]],
        Field(min_length=1, max_length=len(PURPOSES)),
    ]


class WithdrawnForm(Sent):
    """Which consent is taken back, and whether it is understood what follows."""

    purpose: Literal["service", "publish_name", "photos", "messages"]
    understood: bool = False


@dataclass(frozen=True, slots=True)
class Owned:
    """What a member has of an asset, written as people write it."""

    asset: Asset
    balance: Balance

    def said(self, units: int) -> str:
        """Write a number of units."""
        return write_units(units, self.asset.scale)


@dataclass(frozen=True, slots=True)
class Moved:
    """A line of the statement in words."""

    line: Line
    said: Sentence
    units: str
    after: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that one page shows; what the role may not see is empty."""

    one: Named
    owned: tuple[Owned, ...]
    moved: tuple[Moved, ...]
    of: Asset | None
    older: int | None
    took_part: tuple[tuple[Claim, str], ...]
    agreed: tuple[Consent, ...]
    household: tuple[tuple[str, str, tuple[str, str]], ...]
    cards: tuple[Card, ...]
    pin: PinState | None
    assisted: tuple[Assist, ...]


def near(view: View, caller: Caller, right: Right, member_id: str) -> Caller | None:
    """Return the caller in the roles that give a right over a member; None if none does."""
    if not caller.may(right):
        return None
    bound = narrowed(caller, (right,))
    within, home = bound.communities, members.find(view, member_id).community_id
    return bound if within is None or home in within else None


@router.get("")
async def show(
    page: Sees,
    member_id: MemberId,
    asset: Annotated[str | None, Query(pattern=r"^[A-Z][A-Z0-9]{1,15}$")] = None,
    older: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> Response:
    """Show a member."""
    sheet = await page.read(lambda view: _sheet(view, page, member_id, asset, older))
    return page.show(
        "office/member.html",
        sheet=sheet,
        purposes=PURPOSES,
        identities=slips.IDENTITIES,
        channels=slips.CHANNELS,
        claim_words=CLAIMS,
        purpose_words=AGREED,
    )


def _sheet(view: View, page: Page, member_id: str, asset: str | None, older: int | None) -> Sheet:
    found = members.find(view, member_id)
    members.require_near(view, page.caller.actor, member_id)
    assets = accounts.every_asset(view)
    owned = statements.balances(view, chart.member(member_id))
    code = asset or (owned[0].asset if owned else None)
    lines, following = _lines(view, member_id, None if code is None else assets.get(code), older)
    assisting = near(view, page.whole, Right.ASSIST, member_id) is not None
    carding = near(view, page.whole, Right.KEEP_CARDS, member_id) is not None
    return Sheet(
        one=named(view, (found,))[0],
        owned=tuple(Owned(assets[one.asset], one) for one in owned),
        moved=lines,
        of=None if code is None else assets.get(code),
        older=following,
        took_part=_took_part(view, member_id),
        agreed=tuple(consents.history(view, member_id)),
        household=_household(view, page, member_id),
        cards=tuple(cards.listing(view, member_id)[:3]) if carding else (),
        pin=pins.state(view, member_id) if assisting else None,
        assisted=tuple(assists.of_member(view, member_id, limit=5)) if assisting else (),
    )


def _lines(
    view: View, member_id: str, asset: Asset | None, older: int | None
) -> tuple[tuple[Moved, ...], int | None]:
    if asset is None:
        return (), None
    found = statements.history(
        view, chart.member(member_id), asset.code, older_than=older, limit=LINES
    )
    said = statement_sentences.sentences(view, found.lines)
    moved = tuple(
        Moved(
            line,
            words,
            write_units(line.units, asset.scale),
            write_units(line.balance_after, asset.scale),
        )
        for line, words in zip(found.lines, said, strict=True)
    )
    return moved, found.older_than


def _took_part(view: View, member_id: str) -> tuple[tuple[Claim, str], ...]:
    several = claims.of_member(view, member_id, limit=LINES).claims
    titles = {
        one.task_id: one.title
        for one in tasks.chosen(
            view, tasks.tasks.c.task_id.in_(sorted({one.task_id for one in several}))
        )
    }
    return tuple((one, titles[one.task_id]) for one in several)


def _household(
    view: View, page: Page, member_id: str
) -> tuple[tuple[str, str, tuple[str, str]], ...]:
    """Return the people of a member's household: id, masked name, standing."""
    home = stays.current_of(view, [member_id]).get(member_id)
    if home is None:
        return ()
    found = households.find(view, home)
    called = names.near(view, page, [one.member_id for one in found.stays])
    return tuple(
        (one.member_id, called[one.member_id], STANDING.get(one.standing, ("", "")))
        for one in found.stays
        if one.left_at is None
    )


@router.post("/suspend")
async def suspend(page: Keeps, member_id: MemberId, key: FormKey) -> Response:
    """Keep a member from claiming and spending."""
    await page.write(lambda unit: members.suspend(unit, key=key, member_id=member_id))
    return page.go(f"/office/members/{member_id}", "member-suspended")


@router.post("/reinstate")
async def reinstate(page: Keeps, member_id: MemberId, key: FormKey) -> Response:
    """Let a suspended member act again."""
    await page.write(lambda unit: members.reinstate(unit, key=key, member_id=member_id))
    return page.go(f"/office/members/{member_id}", "member-reinstated")


@router.post("/consents")
async def agree(
    page: Keeps, member_id: MemberId, key: FormKey, form: Annotated[AgreedForm, Form()]
) -> Response:
    """Put down what a member agreed to on paper."""
    await page.write(
        lambda unit: consents.give(
            unit, member_id=member_id, purposes=form.purposes, guardian_id=None, key=key
        )
    )
    return page.go(f"/office/members/{member_id}#consents", "saved")


@router.post("/consents/withdraw")
async def withdraw(
    page: Keeps, member_id: MemberId, key: FormKey, form: Annotated[WithdrawnForm, Form()]
) -> Response:
    """Take a consent back for a member who says so."""
    await page.write(
        lambda unit: consents.withdraw(
            unit,
            member_id=member_id,
            purpose=form.purpose,
            understood=form.understood,
            key=key,
        )
    )
    return page.go(f"/office/members/{member_id}#consents", "saved")
