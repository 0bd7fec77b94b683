"""Services between members: offers and requests, agreed minutes, and points when both confirm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from api.edge.forms import Form, MemberId, PinDigits, ServiceId, Shown, printable
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from api.pin_checks import with_pin
from creditbank.core import errors as core
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.exchange import agreements, outcomes, services
from creditbank.exchange import errors as refused
from creditbank.exchange.services import Posted, Service, ServiceKind
from creditbank.exchange.states import ServiceState
from creditbank.identity import sign_in_errors as signed
from creditbank.identity.roles import Right
from creditbank.people import errors as people
from creditbank.people import persons

router = Routes(prefix="/v1/b/{slug}", tags=["services"])

Own = Annotated[Caller, of_member(None)]
Resident = Annotated[Caller, having(Right.ACT_AS_MEMBER)]
Keeps = Annotated[Caller, having(Right.KEEP_EXCHANGE)]

_PINS = (signed.PinUnproven, signed.PinMissing, signed.PinWaiting, signed.PinWrong)
_GIVERS = (people.MemberNotFound, people.MemberSuspended, refused.ChildCannotGive)
_ONE = (refused.ServiceNotFound, refused.NotOnService, StateConflict)

Printable = AfterValidator(printable)
Minutes = Annotated[int, Field(ge=1, le=24 * 60, strict=True)]


class ServiceForm(Form):
    """What a member offers or wants, for how long; the details are sealed."""

    kind: ServiceKind
    title: Annotated[str, Field(max_length=services.TITLE_MOST, examples=["陪同看病"]), Printable]
    category: Annotated[str, Field(max_length=services.CATEGORY_MOST, examples=["陪护"]), Printable]
    minutes: Minutes
    details: Annotated[str, Field(max_length=services.DETAILS_MOST), Printable] | None = None


class AgreeForm(Form):
    """The minutes; and the PIN of who would receive the service, for it is their points."""

    minutes: Minutes
    pin: PinDigits | None = None


class DecisionForm(Form):
    """Whether a disputed service is paid."""

    paid: Annotated[bool, Field(strict=True)]


class ServiceShown(Shown):
    """Where a service stands; `units` is what it costs its receiver once agreed."""

    service_id: str
    kind: ServiceKind
    author_id: str
    partner_id: str | None
    minutes: int
    asset_code: str
    units: int | None
    state: ServiceState
    posted_at: datetime
    ends_at: datetime
    told_by: str | None


class PostedShown(ServiceShown):
    """A service with what is said about it, and the masked names of the two."""

    title: str
    category: str
    details: str | None = Field(description="Only for the two, and for who decides a dispute.")
    author_name: str = Field(examples=["王*"])
    partner_name: str | None


class ServicesShown(Shown):
    """Services, the latest first."""

    items: list[PostedShown]


def _shown(view: View, found: Sequence[Posted], *, whole: bool) -> ServicesShown:
    names = persons.masked_names(view, {who for one in found for who in one.service.both})
    items = [
        PostedShown(
            title=one.title,
            category=one.category,
            details=one.details if whole else None,
            author_name=names[one.service.author_id],
            partner_name=names.get(one.service.partner_id or ""),
            **{name: getattr(one.service, name) for name in ServiceShown.model_fields},
        )
        for one in found
    ]
    return ServicesShown(items=items)


@router.get("/services", summary="Offers and requests that wait for an answer")
async def board(caller: Resident) -> ServicesShown:
    """List what members offer and want now."""
    return await caller.read(lambda view: _shown(view, services.board(view), whole=False))


@router.get("/services/disputed", summary="Services that the office has to decide")
async def disputed(caller: Keeps) -> ServicesShown:
    """List the disputed services of those who live where the caller's role holds."""
    within = caller.communities
    return await caller.read(lambda view: _shown(view, services.disputed(view, within), whole=True))


@router.get(
    "/members/{member_id}/services",
    summary="A member's services",
    responses=refusals(people.MemberNotFound),
)
async def of_one(caller: Own, member_id: MemberId) -> ServicesShown:
    """List what a member posted or answered."""
    return await caller.read(
        lambda view: _shown(view, services.of_member(view, member_id), whole=True)
    )


@router.post(
    "/members/{member_id}/services",
    summary="Offer or request a service",
    status_code=201,
    response_model=ServiceShown,
    responses=refusals(
        *(*_GIVERS, refused.ServicesOff, refused.ServiceWorthless, core.BadField, core.BadAmount)
    ),
)
async def publish(caller: Own, member_id: MemberId, key: Key, form: ServiceForm) -> Service:
    """Post an offer or a request."""
    return await caller.write(
        lambda unit: agreements.publish(unit, key=key, member_id=member_id, **form.model_dump())
    )


@router.post(
    "/members/{member_id}/services/{service_id}/answer",
    summary="Answer an offer or a request",
    response_model=ServiceShown,
    responses=refusals(
        *(*_GIVERS, *_PINS, *_ONE, refused.ServicesOff, refused.ServiceWorthless),
        *(refused.SamePerson, core.InDebt, core.BadAmount),
    ),
)
async def answer(
    caller: Own, member_id: MemberId, service_id: ServiceId, key: Key, form: AgreeForm
) -> Service:
    """Answer; whoever answers an offer would pay, and types the PIN."""
    said = {"member_id": member_id, "service_id": service_id}
    return await with_pin(
        caller,
        lambda unit: agreements.answer(unit, key=key, minutes=form.minutes, **said),
        member_id=member_id,
        pin=form.pin,
        key=key,
    )


@router.post(
    "/members/{member_id}/services/{service_id}/accept",
    summary="Accept an answer",
    response_model=ServiceShown,
    responses=refusals(
        *(*_GIVERS, *_PINS, *_ONE, refused.ServicesOff, refused.ServiceChanged),
        *(core.InDebt, core.InsufficientPoints),
    ),
)
async def accept(
    caller: Own, member_id: MemberId, service_id: ServiceId, key: Key, form: AgreeForm
) -> Service:
    """Accept; the receiver's points are set aside, and who requested it types the PIN."""
    said = {"member_id": member_id, "service_id": service_id}
    return await with_pin(
        caller,
        lambda unit: agreements.accept(unit, key=key, minutes=form.minutes, **said),
        member_id=member_id,
        pin=form.pin,
        key=key,
    )


@router.post(
    "/members/{member_id}/services/{service_id}/decline",
    summary="Decline an answer",
    response_model=ServiceShown,
    responses=refusals(people.MemberNotFound, *_ONE),
)
async def decline(caller: Own, member_id: MemberId, service_id: ServiceId, key: Key) -> Service:
    """Decline an answer; it is open again."""
    said = {"member_id": member_id, "service_id": service_id}
    return await caller.write(lambda unit: agreements.decline(unit, key=key, **said))


@router.post(
    "/members/{member_id}/services/{service_id}/cancel",
    summary="Cancel a service",
    response_model=ServiceShown,
    responses=refusals(people.MemberNotFound, *_ONE),
)
async def cancel(caller: Own, member_id: MemberId, service_id: ServiceId, key: Key) -> Service:
    """Cancel, by either of the two, before anybody said that it was done."""
    said = {"member_id": member_id, "service_id": service_id}
    return await caller.write(lambda unit: agreements.cancel(unit, key=key, **said))


@router.post(
    "/members/{member_id}/services/{service_id}/confirm",
    summary="Confirm that a service was done",
    response_model=ServiceShown,
    responses=refusals(people.MemberNotFound, *_ONE, core.InsufficientPoints),
)
async def confirm(caller: Own, member_id: MemberId, service_id: ServiceId, key: Key) -> Service:
    """Confirm; when both have, it is paid."""
    said = {"member_id": member_id, "service_id": service_id}
    return await caller.write(lambda unit: outcomes.confirm(unit, key=key, **said))


@router.post(
    "/members/{member_id}/services/{service_id}/dispute",
    summary="Dispute a service",
    response_model=ServiceShown,
    responses=refusals(people.MemberNotFound, *_ONE),
)
async def dispute(caller: Own, member_id: MemberId, service_id: ServiceId, key: Key) -> Service:
    """Dispute; the office decides."""
    said = {"member_id": member_id, "service_id": service_id}
    return await caller.write(lambda unit: outcomes.dispute(unit, key=key, **said))


@router.post(
    "/services/{service_id}/decide",
    summary="Decide a dispute",
    response_model=ServiceShown,
    responses=refusals(
        *(refused.ServiceNotFound, people.OtherCommunity, refused.OwnBenefit),
        *(StateConflict, core.InsufficientPoints),
    ),
)
async def decide(caller: Keeps, service_id: ServiceId, key: Key, form: DecisionForm) -> Service:
    """Decide whether a disputed service is paid, by somebody who is close to neither."""
    return await caller.write(
        lambda unit: outcomes.decide(unit, key=key, service_id=service_id, paid=form.paid)
    )
