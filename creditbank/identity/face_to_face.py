"""Service face to face: a member of staff does for a resident what a device alone may not."""

from __future__ import annotations

from datetime import timedelta

from creditbank.core.units import Unit
from creditbank.identity.sign_in_errors import OtherWorkerNeeded, OwnService
from creditbank.people import communities, kin, members, trail
from creditbank.people.members import Member

PHONE_DEEDS = frozenset({"phone.written-down"})
PIN_DEEDS = frozenset({"pin.reset-opened", "pin.set-at-office"})
PARTED_BY = timedelta(days=7)


def lock(unit: Unit, member_id: str) -> Member:
    """Lock the member who is served: of the actor's communities, and not the actor (law 7).

    Raises:
        MemberNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the member lives.
        OwnService: the actor is this member, or the same person on another row.
    """
    if member_id in kin.of_actor(unit, unit.actor):
        raise OwnService
    member = members.lock(unit, [member_id])[member_id]
    communities.require_within(unit.actor, member.community_id)
    return member


def refuse_both(unit: Unit, member_id: str, other: frozenset[str]) -> None:
    """See that whoever acts has not just done the other half, for a member who is locked.

    The phone and the PIN together are the whole account, so they take two members of staff.

    Raises:
        OtherWorkerNeeded: they did, within a week.
    """
    since = unit.now - PARTED_BY
    if trail.has_done(unit, unit.actor.id, other, subject_id=member_id, since=since):
        raise OtherWorkerNeeded
