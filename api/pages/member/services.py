"""Services between members: offers and requests, agreed minutes, and points when both confirm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Form
from fastapi.responses import Response
from pydantic import BeforeValidator, Field
from pydantic import StringConstraints as Text

from api.edge.forms import ServiceId
from api.edge.routes import Routes
from api.pages.forms import FormKey, Line, Said, Sent, blank_is_none, plain
from api.pages.page import MemberPage, Page
from api.pin_checks import with_pin
from creditbank.core.units import Declined, Unit, View
from creditbank.core.values import Asset
from creditbank.exchange import agreements, outcomes, services
from creditbank.exchange.services import Posted, Service, ServiceKind
from creditbank.exchange.states import SERVICE, ServiceState
from creditbank.ledger import accounts
from creditbank.people import persons
from creditbank.schemes import scheme

router = Routes(prefix="/b/{slug}/me/services", include_in_schema=False)

Minutes = Annotated[int, BeforeValidator(plain), Field(ge=1, le=24 * 60)]
Pin = Annotated[
    Annotated[str, BeforeValidator(plain), Text(pattern=r"^[0-9]{6}$")] | None,
    BeforeValidator(blank_is_none),
]
Title = Annotated[Line, Field(max_length=services.TITLE_MOST)]
Category = Annotated[Line, Field(max_length=services.CATEGORY_MOST)]
Details = Annotated[Said | None, BeforeValidator(blank_is_none)]

# state → (中文, English, kind of badge)
STATES: Mapping[ServiceState, tuple[str, str, str]] = {
    ServiceState.OPEN: ("等待回应", "Open", "quiet"),
    ServiceState.ANSWERED: ("有人回应", "Answered", "wait"),
    ServiceState.AGREED: ("已约定", "Agreed", ""),
    ServiceState.TOLD: ("一方已确认", "One has confirmed", "wait"),
    ServiceState.DISPUTED: ("社区处理中", "With the office", "info"),
    ServiceState.DONE: ("已完成", "Done", ""),
    ServiceState.CANCELLED: ("已取消", "Cancelled", "quiet"),
    ServiceState.LAPSED: ("已过期", "Over", "quiet"),
}
_MINE = {ServiceState.DONE, ServiceState.CANCELLED, ServiceState.LAPSED}


@dataclass(frozen=True, slots=True)
class One:
    """A service with masked names; ``me`` says what who asks is in it: author, partner, none."""

    posted: Posted
    author: str
    partner: str | None
    me: str | None
    receives: bool

    @property
    def service(self) -> Service:
        """Where it stands."""
        return self.posted.service

    def may(self, verb: str) -> bool:
        """Tell whether its state admits a verb."""
        return (self.service.state, verb) in SERVICE.moves


@dataclass(frozen=True, slots=True)
class Board:
    """What a member agreed on or posted, and what others offer and want; None: it is off."""

    asset: Asset | None
    units_hour: int
    own: list[One]
    past: list[One]
    others: list[One]


class ServiceForm(Sent):
    """What a member offers or wants."""

    kind: ServiceKind
    title: Title
    category: Category
    minutes: Minutes
    details: Details = None


class AgreeForm(Sent):
    """The minutes; and the PIN of who would receive it."""

    minutes: Minutes
    pin: Pin = None


@router.get("")
async def board(page: MemberPage) -> Response:
    """Show a member's services, and those of others that wait for an answer."""
    shown = await page.read(lambda view: _board(view, page.member_id))
    return page.show("member/services.html", board=shown, states=STATES)


def _board(view: View, member_id: str) -> Board:
    rules = scheme.current(view)
    mine = services.of_member(view, member_id)
    code = rules.exchange_asset
    theirs = [] if code is None else services.board(view)
    names = persons.masked_names(
        view, {who for one in (*mine, *theirs) for who in one.service.both}
    )

    def shown(posted: Posted) -> One:
        of = posted.service
        roles = {of.author_id: "author", of.partner_id: "partner"}
        return One(
            posted,
            names[of.author_id],
            names.get(of.partner_id or ""),
            roles.get(member_id),
            of.receiver_id == member_id or (of.partner_id is None and of.kind is ServiceKind.OFFER),
        )

    own = [shown(one) for one in mine]
    return Board(
        None if code is None else accounts.every_asset(view)[code],
        rules.exchange_units_hour,
        [one for one in own if one.service.state not in _MINE],
        [one for one in own if one.service.state in _MINE],
        [shown(one) for one in theirs if one.service.author_id != member_id],
    )


@router.post("")
async def publish(page: MemberPage, key: FormKey, form: Annotated[ServiceForm, Form()]) -> Response:
    """Post an offer or a request."""
    said = form.said()
    await page.write(
        lambda unit: agreements.publish(unit, key=key, member_id=page.member_id, **said)
    )
    return page.go("/me/services", "service-posted")


@router.post("/{service_id}/answer")
async def answer(
    page: MemberPage, service_id: ServiceId, key: FormKey, form: Annotated[AgreeForm, Form()]
) -> Response:
    """Answer an offer or a request."""
    await _agree(page, agreements.answer, service_id, key, form)
    return page.go("/me/services", "service-answered")


@router.post("/{service_id}/accept")
async def accept(
    page: MemberPage, service_id: ServiceId, key: FormKey, form: Annotated[AgreeForm, Form()]
) -> Response:
    """Accept an answer."""
    await _agree(page, agreements.accept, service_id, key, form)
    return page.go("/me/services", "service-agreed")


async def _agree(
    page: Page,
    verb: Callable[..., Service | Declined],
    service_id: str,
    key: str,
    form: AgreeForm,
) -> None:
    said: dict[str, Any] = {
        "member_id": page.member_id,
        "service_id": service_id,
        "minutes": form.minutes,
    }
    await with_pin(
        page.caller,
        lambda unit: verb(unit, key=key, **said),
        member_id=page.member_id,
        pin=form.pin,
        key=key,
    )


async def _move(
    page: Page, verb: Callable[..., Service | Declined], service_id: str, key: str, done: str
) -> Response:
    def work(unit: Unit) -> Service | Declined:
        return verb(unit, key=key, member_id=page.member_id, service_id=service_id)

    await page.write(work)
    return page.go("/me/services", done)


@router.post("/{service_id}/decline")
async def decline(page: MemberPage, service_id: ServiceId, key: FormKey) -> Response:
    """Decline an answer; it is open again."""
    return await _move(page, agreements.decline, service_id, key, "service-declined")


@router.post("/{service_id}/cancel")
async def cancel(page: MemberPage, service_id: ServiceId, key: FormKey) -> Response:
    """Cancel before anybody said that it was done."""
    return await _move(page, agreements.cancel, service_id, key, "service-cancelled")


@router.post("/{service_id}/confirm")
async def confirm(page: MemberPage, service_id: ServiceId, key: FormKey) -> Response:
    """Confirm that it was done; when both have, it is paid."""
    return await _move(page, outcomes.confirm, service_id, key, "service-confirmed")


@router.post("/{service_id}/dispute")
async def dispute(page: MemberPage, service_id: ServiceId, key: FormKey) -> Response:
    """Say that it was not done as agreed; the office decides."""
    return await _move(page, outcomes.dispute, service_id, key, "service-disputed")
