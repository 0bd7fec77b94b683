"""Communities: the parts of a bank."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import UniqueConstraint, select
from sqlmodel import Field

from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, insert_or_skip, table, to_bank
from creditbank.core.texts import line
from creditbank.core.units import Actor, Unit, View
from creditbank.people import trail
from creditbank.people.errors import CommunityExists, CommunityNotFound, OtherCommunity

_NAME_MOST = 60


class CommunityRow(OfBank, table=True):
    """A part of a bank."""

    __tablename__ = "community"
    __table_args__ = (to_bank(), UniqueConstraint("bank_id", "name"))

    community_id: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=_NAME_MOST)


communities = table(CommunityRow)


@dataclass(frozen=True, slots=True)
class Community:
    """A community."""

    community_id: str
    name: str


@keyed
def create(unit: Unit, *, name: str, key: str) -> str:  # noqa: ARG001 - the key is @keyed's
    """Found a community and return its id.

    Raises:
        BadField: the name is unusable.
        CommunityExists: there is one of this name.
    """
    community_id = unit.new_id("com")
    made = unit.run(
        insert_or_skip(unit.connection, communities).returning(communities.c.community_id),
        {
            "bank_id": unit.bank_id,
            "community_id": community_id,
            "name": line("name", name, _NAME_MOST),
        },
    ).first()
    if made is None:
        raise CommunityExists
    trail.record(unit, "community.founded", community_id)
    return community_id


def every(view: View) -> list[Community]:
    """Return the communities of the bank by name."""
    rows = view.rows(
        select(communities)
        .where(communities.c.bank_id == view.bank_id)
        .order_by(communities.c.name)
    )
    return [Community(row.community_id, row.name) for row in rows]


def find(view: View, community_id: str) -> Community:
    """Return a community.

    Raises:
        CommunityNotFound: this bank has none of this id.
    """
    row = view.row(
        select(communities).where(
            communities.c.bank_id == view.bank_id, communities.c.community_id == community_id
        )
    )
    if row is None:
        raise CommunityNotFound(community_id)
    return Community(row.community_id, row.name)


def require_within(actor: Actor, community_id: str | None) -> None:
    """See that the actor's role holds in a community; None is the whole bank.

    Raises:
        OtherCommunity: it holds in others only.
    """
    if actor.communities is not None and community_id not in actor.communities:
        raise OtherCommunity
