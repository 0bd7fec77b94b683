"""Relatives: registered and ended at the office, seen by both."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from api.edge.forms import Form, MemberId, MemberRef, RelationId, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import errors as people
from creditbank.people import group_errors as groups
from creditbank.people import members, persons, relatives
from creditbank.people.relatives import Related, Relation

router = Routes(prefix="/v1/b/{slug}", tags=["relatives"])

Keeps = Annotated[Caller, having(Right.KEEP_MEMBERS)]
SeesOne = Annotated[Caller, of_member(Right.SEE_MEMBERS)]


class RelationForm(Form):
    """What `relative_id` is to `member_id`, as their papers say."""

    member_id: MemberRef
    relative_id: MemberRef
    relation: Relation


class RelationShown(Shown):
    """What the relative is to the member; `ended_at` is null while it holds."""

    relation_id: str
    member_id: str
    relative_id: str
    relative_name: str
    relation: Relation
    registered_at: datetime
    ended_at: datetime | None


class RelationsShown(Shown):
    """All relations of a member, the latest first."""

    items: list[RelationShown]


def _shown(view: View, found: Sequence[Related]) -> list[RelationShown]:
    names = persons.masked_names(view, {one.relative_id for one in found})
    return [
        RelationShown(
            relative_name=names[one.relative_id],
            **{name: getattr(one, name) for name in Related.__slots__},
        )
        for one in found
    ]


@router.get(
    "/members/{member_id}/relatives",
    summary="A member's relatives",
    responses=refusals(people.MemberNotFound),
)
async def listing(caller: SeesOne, member_id: MemberId) -> RelationsShown:
    """List who is family to a member, as this member sees it; the ended relations, too."""

    def look(view: View) -> RelationsShown:
        members.find(view, member_id)
        return RelationsShown(items=_shown(view, relatives.history(view, member_id)))

    return await caller.read(look)


@router.post(
    "/relatives",
    summary="Register relatives",
    status_code=201,
    responses=refusals(
        *(people.MemberNotFound, people.MemberSuspended, people.OtherCommunity),
        *(groups.OwnRelative, groups.RelativeUnfit, groups.RelatedAlready),
    ),
)
async def register(caller: Keeps, key: Key, form: RelationForm) -> RelationShown:
    """Write down what one member is to another, having seen their papers; never one's own."""
    made = await caller.write(lambda unit: relatives.register(unit, key=key, **form.model_dump()))
    return (await caller.read(lambda view: _shown(view, [relatives.find(view, made)])))[0]


@router.post(
    "/relatives/{relation_id}/end",
    summary="End the registration of relatives",
    responses=refusals(groups.RelationNotFound, people.OtherCommunity, groups.OwnRelative),
)
async def end(caller: Keeps, relation_id: RelationId, key: Key) -> RelationShown:
    """End a relation; what was stays on record."""
    await caller.write(lambda unit: relatives.end(unit, key=key, relation_id=relation_id))
    return (await caller.read(lambda view: _shown(view, [relatives.find(view, relation_id)])))[0]
