"""Service face to face: a member of staff does for a resident what a device alone may not."""

from __future__ import annotations

from creditbank.core.units import Unit
from creditbank.identity.sign_in_errors import OwnService
from creditbank.people import communities, members, persons
from creditbank.people.members import Member


def lock(unit: Unit, member_id: str) -> Member:
    """Lock the member who is served: of the actor's communities, and not the actor (law 7).

    Raises:
        MemberNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the member lives.
        OwnService: the actor is this member, or the same person on another row.
    """
    own = unit.actor.member_id
    if own is not None and member_id in persons.same_person(unit, [own]):
        raise OwnService
    member = members.lock(unit, [member_id])[member_id]
    communities.require_within(unit.actor, member.community_id)
    return member
