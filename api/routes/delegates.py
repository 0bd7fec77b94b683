"""Delegates: who may pay for a member; named, seen, ended, and the codes that they show."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field

from api.edge.forms import DelegationId, Form, MemberId, MemberRef, PayCodeId, Shown, Units
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from api.routes import pay_codes
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import delegates, persons
from creditbank.people import errors as people
from creditbank.people.delegates import DelegateState, Delegation
from merchants import code_pictures, codes, delegations
from merchants.errors import CodeNotFound

router = Routes(prefix="/v1/b/{slug}/members/{member_id}", tags=["delegates"])

OfMember = Annotated[Caller, of_member(Right.ASSIST)]
Delegate = Annotated[Caller, having(Right.ACT_AS_MEMBER)]


class DelegateForm(Form):
    """Whom a member sends, and for how many points a day at most."""

    delegate_member_id: MemberRef
    points_day: Units


class DelegationShown(Shown):
    """Who may pay for whom, from `pays_from` on, with masked names."""

    delegation_id: str
    member_id: str
    member_name: str = Field(examples=["王*"])
    delegate_member_id: str
    delegate_name: str = Field(examples=["李*"])
    points_day: int
    state: DelegateState
    named_at: datetime
    pays_from: datetime
    ended_at: datetime | None


class DelegationsShown(Shown):
    """The delegates of a member, and whose delegate they are; the latest first."""

    items: list[DelegationShown]


def _shown(view: View, found: Sequence[Delegation]) -> list[DelegationShown]:
    who = {one.member_id for one in found} | {one.delegate_member_id for one in found}
    names = persons.masked_names(view, who)
    return [
        DelegationShown(
            member_name=names[one.member_id],
            delegate_name=names[one.delegate_member_id],
            **{name: getattr(one, name) for name in Delegation.__slots__},
        )
        for one in found
    ]


@router.get("/delegates", summary="A member's delegates", responses=refusals(people.MemberNotFound))
async def listing(caller: OfMember, member_id: MemberId) -> DelegationsShown:
    """List whom a member named and who named them, the ended ones too."""
    return await caller.read(
        lambda view: DelegationsShown(items=_shown(view, delegates.listing(view, member_id)))
    )


@router.post(
    "/delegates",
    summary="Name a delegate",
    status_code=201,
    responses=refusals(
        *(people.MemberNotFound, people.MemberSuspended, people.OtherCommunity, BadField),
        *(people.DelegateSelf, people.DelegateExists),
    ),
)
async def name(
    caller: OfMember, member_id: MemberId, key: Key, form: DelegateForm
) -> DelegationShown:
    """Let somebody pay for a member: by the member, or at the office while they are present."""
    made = await caller.write(
        lambda unit: delegations.name(unit, key=key, member_id=member_id, **form.model_dump())
    )
    return (await caller.read(lambda view: _shown(view, [made])))[0]


@router.post(
    "/delegates/{delegation_id}/revoke",
    summary="End a delegation",
    responses=refusals(people.MemberNotFound, people.DelegateNotFound, people.OtherCommunity),
)
async def revoke(
    caller: OfMember, member_id: MemberId, delegation_id: DelegationId, key: Key
) -> DelegationShown:
    """End a delegation at once, by either of the two or the office."""
    ended = await caller.write(
        lambda unit: delegations.revoke(
            unit, key=key, member_id=member_id, delegation_id=delegation_id
        )
    )
    return (await caller.read(lambda view: _shown(view, [ended])))[0]


@router.post(
    "/delegated-pay-codes",
    summary="Issue a pay code for whom I help",
    status_code=201,
    responses=refusals(
        *(people.MemberNotFound, people.MemberSuspended),
        *(people.DelegateEnded, people.DelegateTooNew),
    ),
)
async def issue(
    caller: Delegate, member_id: MemberId, key: Key, response: Response
) -> pay_codes.PayCodeShown:
    """Give a delegate a pay code of the member who named them; it counts in the delegate's cap."""
    response.headers.update(pay_codes.NO_STORE)
    made = await caller.write(
        lambda unit: codes.issue_delegated(unit, key=key, member_id=member_id)
    )
    return pay_codes.shown(made, await _digits(caller, member_id, made.pay_code_id))


async def _digits(caller: Caller, member_id: str, pay_code_id: str) -> str:
    return await caller.read(
        lambda view: codes.digits_of(
            view, pay_code_id, member_id=member_id, delegate_id=caller.member_id
        )
    )


@router.get(
    "/delegated-pay-codes/{pay_code_id}.svg",
    summary="A delegate's pay code as SVG",
    response_class=Response,
    responses=refusals(CodeNotFound)
    | {200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}},
)
async def svg(caller: Delegate, member_id: MemberId, pay_code_id: PayCodeId) -> Response:
    """Draw a code that this delegate shows for a member."""
    digits = await _digits(caller, member_id, pay_code_id)
    picture = await asyncio.to_thread(code_pictures.svg, digits)
    return Response(picture, media_type="image/svg+xml", headers=pay_codes.NO_STORE)
