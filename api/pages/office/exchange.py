"""Donations in the funds, who is in need, hand-outs under two people, and services in dispute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from api.edge.forms import AssetCode, HandoutId, NeedyId, ServiceId
from api.edge.routes import Routes
from api.pages.forms import Count, FormKey, Line, Sent, Ticked
from api.pages.page import Page, page_for
from api.papers import statistics
from creditbank.core.units import Declined, Unit, View
from creditbank.core.values import Asset, AssetKind
from creditbank.exchange import handouts, needy, outcomes, services
from creditbank.exchange.handouts import Handout
from creditbank.exchange.needy import Entry, Needy
from creditbank.exchange.services import Posted
from creditbank.exchange.states import HandoutState
from creditbank.identity.roles import Right
from creditbank.ledger import statements
from creditbank.people import members, persons

router = Routes(prefix="/b/{slug}/office/exchange", include_in_schema=False)

Keeps = Annotated[Page, page_for(Right.KEEP_EXCHANGE)]

STATES: Mapping[HandoutState, tuple[str, str]] = {
    HandoutState.PROPOSED: ("待第二人确认", "to confirm"),
    HandoutState.DONE: ("已发放", "handed out"),
    HandoutState.WITHDRAWN: ("已撤回", "withdrawn"),
    HandoutState.LAPSED: ("已过期", "lapsed"),
}


@dataclass(frozen=True, slots=True)
class Exchange:
    """All that is kept here; ``names`` are masked, by member."""

    funds: tuple[tuple[str, str, int], ...]
    register: tuple[Entry, ...]
    handouts: tuple[Handout, ...]
    disputed: tuple[Posted, ...]
    assets: tuple[Asset, ...]
    names: dict[str, str]


def _exchange(view: View, within: tuple[str, ...] | None) -> Exchange:
    register = needy.register(view, within)
    disputed = services.disputed(view, within)
    spendable = [one for one in statistics.assets_of(view) if one.kind is AssetKind.SPENDABLE]
    return Exchange(
        tuple(statements.funds(view)),
        tuple(register),
        tuple(handouts.listing(view)),
        tuple(disputed),
        tuple(spendable),
        persons.masked_names(view, _people(register, disputed)),
    )


def _people(register: Iterable[Entry], disputed: Iterable[Posted]) -> set[str]:
    return {one.needy.member_id for one in register} | {
        who for one in disputed for who in one.service.both
    }


@router.get("")
async def show(page: Keeps) -> Response:
    """Show funds, register, hand-outs and disputes."""
    within = page.caller.communities
    found = await page.read(lambda view: _exchange(view, within))
    return page.show("office/exchange.html", found=found, states=STATES)


class NameForm(Sent):
    """Who is in need, by their number, and why; the reason is sealed."""

    number: Line
    reason: Line


@router.post("/needy")
async def name(page: Keeps, key: FormKey, form: Annotated[NameForm, Form()]) -> Response:
    """Propose somebody for the register; a second person confirms."""

    def work(unit: Unit) -> Needy | Declined:
        who = members.by_number(unit, form.number).member_id
        return needy.name(unit, key=key, member_id=who, reason=form.reason)

    await page.write(work)
    return page.go("/office/exchange", "proposed")


@router.post("/needy/{needy_id}/confirm")
async def confirm(page: Keeps, needy_id: NeedyId, key: FormKey) -> Response:
    """Confirm an entry as the second person."""
    await page.write(lambda unit: needy.confirm(unit, key=key, needy_id=needy_id))
    return page.go("/office/exchange", "confirmed")


class EndForm(Sent):
    """Why an entry ends; the reason is sealed."""

    reason: Line


@router.post("/needy/{needy_id}/end")
async def end(
    page: Keeps, needy_id: NeedyId, key: FormKey, form: Annotated[EndForm, Form()]
) -> Response:
    """End an entry, or refuse a proposed one."""
    await page.write(lambda unit: needy.end(unit, key=key, needy_id=needy_id, reason=form.reason))
    return page.go("/office/exchange", "saved")


class HandoutForm(Sent):
    """How much the next so many people in need are to receive each, from which fund."""

    fund: Line
    asset: AssetCode
    units_each: Count
    people: Count


@router.post("/handouts")
async def propose(page: Keeps, key: FormKey, form: Annotated[HandoutForm, Form()]) -> Response:
    """Propose a hand-out; a second person confirms."""
    await page.write(lambda unit: handouts.propose(unit, key=key, **form.said()))
    return page.go("/office/exchange", "proposed")


@router.post("/handouts/{handout_id}/confirm")
async def confirm_handout(page: Keeps, handout_id: HandoutId, key: FormKey) -> Response:
    """Confirm a hand-out as the second person; the points move."""
    await page.write(lambda unit: handouts.confirm(unit, key=key, handout_id=handout_id))
    return page.go("/office/exchange", "handed-out")


@router.post("/handouts/{handout_id}/withdraw")
async def withdraw(page: Keeps, handout_id: HandoutId, key: FormKey) -> Response:
    """Withdraw a hand-out that nobody has confirmed."""
    await page.write(lambda unit: handouts.withdraw(unit, key=key, handout_id=handout_id))
    return page.go("/office/exchange", "saved")


class DecisionForm(Sent):
    """Whether a disputed service is paid."""

    paid: Ticked = False


@router.post("/services/{service_id}/decide")
async def decide(
    page: Keeps, service_id: ServiceId, key: FormKey, form: Annotated[DecisionForm, Form()]
) -> Response:
    """Decide a dispute, by somebody who is close to neither."""
    await page.write(
        lambda unit: outcomes.decide(unit, key=key, service_id=service_id, paid=form.paid)
    )
    return page.go("/office/exchange", "decided")
