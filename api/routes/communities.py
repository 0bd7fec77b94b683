"""Communities: the parts of a bank."""

from __future__ import annotations

from typing import Annotated

from api.edge.forms import Form, Name, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from creditbank.core.errors import BadField
from creditbank.identity.roles import Right
from creditbank.people import communities
from creditbank.people.errors import CommunityExists

router = Routes(prefix="/v1/b/{slug}/communities", tags=["communities"])

Sees = Annotated[Caller, having(Right.SEE_BANK)]
Keeps = Annotated[Caller, having(Right.KEEP_COMMUNITIES)]


class CommunityShown(Shown):
    """A community."""

    community_id: str
    name: str


class CommunityForm(Form):
    """A community to found."""

    name: Name


class CommunityMade(Shown):
    """The id of a new community."""

    community_id: str


@router.get("", summary="The communities", response_model=list[CommunityShown])
async def listing(caller: Sees) -> list[communities.Community]:
    """List the communities of the bank by name."""
    return await caller.read(communities.every)


@router.post(
    "",
    summary="Found a community",
    status_code=201,
    responses=refusals(CommunityExists, BadField),
)
async def create(caller: Keeps, key: Key, form: CommunityForm) -> CommunityMade:
    """Found a community."""
    made = await caller.write(lambda unit: communities.create(unit, key=key, name=form.name))
    return CommunityMade(community_id=made)
