"""Delegations at the shops: naming and ending a delegate, with what they show and have scanned.

Who may be a delegate is `creditbank.people.delegates`'s; here come the scheme's bound, the wait
after a new device, and the codes.
"""

from __future__ import annotations

from datetime import timedelta

from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.units import Unit
from creditbank.people import delegates
from creditbank.people.delegates import Delegation
from creditbank.schemes import scheme
from merchants import codes, new_devices, unpaid

_NEW_DEVICE_WAIT = timedelta(hours=24)


@keyed
def name(
    unit: Unit,
    *,
    member_id: str,
    delegate_member_id: str,
    points_day: int,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> Delegation:
    """Let a member pay for another, at most so many points a day; from a new device after a day.

    Raises:
        BadField: the cap is above what the scheme allows.
        MemberNotFound: this bank has no such member.
        MemberSuspended: one of the two may not act.
        NotYours: a member names a delegate of somebody else.
        OtherCommunity: the office is another community's.
        DelegateSelf: it is the member, or the one who writes it down.
        DelegateExists: this one is a delegate of the member already.
    """
    most = scheme.current(unit).delegate_points_day_most
    if not 0 < points_day <= most:
        raise BadField("points_day", f"1–{most}")
    new = new_devices.since(unit) is not None
    return delegates.add(
        unit,
        member_id=member_id,
        delegate_member_id=delegate_member_id,
        points_day=points_day,
        pays_from=unit.now + _NEW_DEVICE_WAIT if new else unit.now,
    )


@keyed
def revoke(
    unit: Unit,
    *,
    member_id: str,
    delegation_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> Delegation:
    """End a delegation of either of the two: its codes are stopped, its open scans cancelled.

    Raises:
        DelegateNotFound: there is none of this id, or it concerns two others.
        NotYours: a member ends what is somebody else's.
        OtherCommunity: the office is another community's.
    """
    ended = delegates.end(unit, member_id=member_id, delegation_id=delegation_id)
    ours, theirs = ended.member_id, ended.delegate_member_id
    codes.stop_live(unit, ours, delegate_id=theirs)
    unpaid.stop_scanned(unit, ours, delegate_id=theirs)
    return ended
