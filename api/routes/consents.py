"""Consents: what a member agreed to; given, withdrawn in two taps, and kept on record."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, Path
from pydantic import Field, StrictBool

from api.edge.anonymous import nobody, told
from api.edge.forms import Form, MemberId, MemberRef, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import consents
from creditbank.people.consents import PURPOSES, Given, Withdrawn
from creditbank.people.errors import (
    ConsentNotFound,
    GuardianNeeded,
    GuardianUnfit,
    MemberNotFound,
    OtherCommunity,
    WithdrawalCloses,
)

router = Routes(prefix="/v1/b/{slug}", tags=["consents"])

Sees = Annotated[Caller, having(Right.ACT_AS_MEMBER, Right.SEE_MEMBERS)]
Has = Annotated[Caller, having(Right.ACT_AS_MEMBER, Right.KEEP_MEMBERS)]
PurposeName = Literal["service", "publish_name", "photos", "messages"]
PurposePath = Annotated[PurposeName, Path(description="What the data is used for.")]
Purposes = Annotated[list[PurposeName], Field(min_length=1, max_length=len(PURPOSES))]

assert set(PurposeName.__args__) == set(PURPOSES), "the path knows every purpose"  # type: ignore[attr-defined]


class PurposeShown(Shown):
    """What personal data is used for, in the words that people agree to."""

    slug: str
    version: int
    zh: str
    en: str
    needed: bool = Field(description="Whether there is no membership without it.")


class ConsentShown(Shown):
    """A consent on record; it holds until it is withdrawn or its words change."""

    purpose: str
    version: int
    given_at: datetime
    guardian_id: str | None
    withdrawn_at: datetime | None
    in_force: bool


class ConsentForm(Form):
    """What a member agrees to; for someone under 14 the office names the guardian."""

    purposes: Purposes
    guardian_id: MemberRef | None = None


class GivenShown(Shown):
    """All purposes to which a member agrees now."""

    member_id: str
    purposes: list[str]


class WithdrawalForm(Form):
    """Whether it is understood that without the needed consent the membership closes."""

    understood: StrictBool = False


class WithdrawnShown(Shown):
    """What was withdrawn, and whether it leads to closing."""

    member_id: str
    purpose: str
    leads_to_closing: bool


@router.get(
    "/purposes",
    summary="What personal data is used for",
    dependencies=[Depends(nobody)],
    responses=told(),
)
async def purposes() -> list[PurposeShown]:
    """List the purposes, in the words that people agree to when they join."""
    return [PurposeShown.model_validate(one) for one in PURPOSES.values()]


@router.get(
    "/members/{member_id}/consents",
    summary="What a member agreed to",
    response_model=list[ConsentShown],
    responses=refusals(MemberNotFound, OtherCommunity),
)
async def history(caller: Sees, member_id: MemberId) -> list[consents.Consent]:
    """List a member's consents in order: one's own, a ward's, or as staff."""

    def look(view: View) -> list[consents.Consent]:
        consents.require_part(view, caller.actor, member_id)
        return consents.history(view, member_id)

    return await caller.read(look)


@router.post(
    "/members/{member_id}/consents",
    summary="Agree",
    response_model=GivenShown,
    responses=refusals(MemberNotFound, OtherCommunity, GuardianNeeded, GuardianUnfit),
)
async def give(caller: Has, member_id: MemberId, key: Key, form: ConsentForm) -> Given:
    """Agree for oneself, for a ward under 14, or put down at the office what was agreed to."""
    return await caller.write(
        lambda unit: consents.give(
            unit,
            member_id=member_id,
            purposes=form.purposes,
            guardian_id=form.guardian_id,
            key=key,
        )
    )


@router.post(
    "/members/{member_id}/consents/{purpose}/withdraw",
    summary="Withdraw a consent",
    response_model=WithdrawnShown,
    responses=refusals(MemberNotFound, OtherCommunity, ConsentNotFound, WithdrawalCloses),
)
async def withdraw(
    caller: Has, member_id: MemberId, purpose: PurposePath, key: Key, form: WithdrawalForm
) -> Withdrawn:
    """Take a consent back; the needed one only by who says that it is understood."""
    return await caller.write(
        lambda unit: consents.withdraw(
            unit, member_id=member_id, purpose=purpose, understood=form.understood, key=key
        )
    )
