"""Devices of members: which one is new, which one is trusted, and how they are signed out.

A device is a sitting (`creditbank.identity.sittings`). For a day it is new, unless it is the first
one of somebody who joined on that very day and has nothing yet: payments have lower limits there,
and a PIN set there waits.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, and_, or_, select

from creditbank.core.clock import day_of
from creditbank.core.ids import is_id
from creditbank.core.keys import keyed
from creditbank.core.units import Unit, View
from creditbank.identity import sittings
from creditbank.people import communities, members, trail

NEW_FOR_S = 24 * 3600

_devices = sittings.sittings


def is_new(view: View, member_id: str, sitting_id: str | None) -> bool:
    """Tell whether a member's device is younger than a day, and not that of somebody just joined.

    ``sitting_id`` is ``via`` of the actor or principal; what is no device (a token) is not new, nor
    is one of somebody in office.
    One that was signed out meanwhile is as new as it was.
    """
    row = _begun(view, member_id, sitting_id)
    if row is None or not _is_young(view, row):
        return False
    if is_id(member_id, "stf"):
        return False
    if members.find(view, member_id).joined_on < day_of(row.begun_at, view.bank.zone):
        return True
    earlier = view.row(
        select(_devices.c.sitting_id)
        .where(
            _devices.c.bank_id == view.bank_id,
            _devices.c.holder_id == member_id,
            or_(
                _devices.c.begun_at < row.begun_at,
                and_(_devices.c.begun_at == row.begun_at, _devices.c.sitting_id < row.sitting_id),
            ),
        )
        .limit(1)
    )
    return earlier is not None


def is_trusted(view: View, member_id: str, sitting_id: str | None) -> bool:
    """Tell whether this is a device of the member that has been signed in for a day."""
    row = _begun(view, member_id, sitting_id)
    return row is not None and row.ended_at is None and not _is_young(view, row)


@keyed
def end(unit: Unit, *, holder_id: str, sitting_id: str, key: str) -> str:  # noqa: ARG001
    """Sign one device out, and return its id; staff may do so for members of their communities.

    Raises:
        OtherCommunity: the actor's role does not hold where the member lives.
        SittingNotFound: this holder has no such device signed in.
    """
    _note(unit, holder_id)
    sittings.end(unit, holder_id=holder_id, sitting_id=sitting_id)
    return sitting_id


@keyed
def end_others(unit: Unit, *, holder_id: str, key: str) -> str:  # noqa: ARG001
    """Sign all devices out but the one that asks; for staff that is all of them.

    Raises:
        OtherCommunity: the actor's role does not hold where the member lives.
    """
    _note(unit, holder_id)
    sittings.end_all(unit, holder_id, but=unit.actor.via)
    return holder_id


def _note(unit: Unit, holder_id: str) -> None:
    """Write down whom staff sign out, and see that they may."""
    if unit.actor.id != holder_id:
        member = members.find(unit, holder_id)
        communities.require_within(unit.actor, member.community_id)
        trail.record(unit, "devices.signed-out", holder_id, subject_id=holder_id)


def _begun(view: View, member_id: str, sitting_id: str | None) -> Row[Any] | None:
    return view.row(
        select(_devices.c.sitting_id, _devices.c.begun_at, _devices.c.ended_at).where(
            _devices.c.bank_id == view.bank_id,
            _devices.c.sitting_id == sitting_id,
            _devices.c.holder_id == member_id,
        )
    )


def _is_young(view: View, row: Row[Any]) -> bool:
    return bool(view.now < row.begun_at + timedelta(seconds=NEW_FOR_S))
