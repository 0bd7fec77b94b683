"""Devices: where a member is signed in, and how they are signed out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from api.edge.forms import MemberId, Shown, SittingId
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, of_member
from creditbank.core.units import View
from creditbank.identity import devices, sittings
from creditbank.identity.errors import SittingNotFound
from creditbank.identity.roles import Right
from creditbank.people.errors import MemberNotFound, OtherCommunity

router = Routes(prefix="/v1/b/{slug}/members/{member_id}/devices", tags=["sign-in"])

OfMember = Annotated[Caller, of_member(Right.ASSIST)]


class DeviceShown(Shown):
    """A device that is signed in; a new one has lower limits."""

    sitting_id: str
    device: str
    begun_at: datetime
    seen_at: datetime
    this: bool
    new: bool


class DevicesShown(Shown):
    """The devices of a member, the one seen last first."""

    items: list[DeviceShown]


class DeviceEnded(Shown):
    """The device is signed out."""

    sitting_id: str


class OthersEnded(Shown):
    """All devices but the one that asked are signed out."""

    member_id: str


def shown(view: View, holder_id: str, via: str) -> list[DeviceShown]:
    """Return the devices of a holder, for their owner."""
    return [
        DeviceShown(
            sitting_id=one.sitting_id,
            device=one.device,
            begun_at=one.begun_at,
            seen_at=one.seen_at,
            this=one.sitting_id == via,
            new=devices.is_new(view, holder_id, one.sitting_id),
        )
        for one in sittings.listing(view, holder_id)
    ]


@router.get("", summary="Where a member is signed in", responses=refusals(MemberNotFound))
async def list_devices(caller: OfMember, member_id: MemberId) -> DevicesShown:
    """List the devices of a member that are signed in."""
    via = caller.principal.via
    return DevicesShown(items=await caller.read(lambda view: shown(view, member_id, via)))


@router.post(
    "/end-others",
    summary="Sign all other devices out",
    responses=refusals(MemberNotFound, OtherCommunity),
)
async def end_other_devices(caller: OfMember, member_id: MemberId, key: Key) -> OthersEnded:
    """Sign all devices of a member out but the one that asks; for the office that is all."""
    ended = await caller.write(lambda u: devices.end_others(u, key=key, holder_id=member_id))
    return OthersEnded(member_id=ended)


@router.post(
    "/{sitting_id}/end",
    summary="Sign a device out",
    responses=refusals(MemberNotFound, SittingNotFound, OtherCommunity),
)
async def end_device(
    caller: OfMember, member_id: MemberId, sitting_id: SittingId, key: Key
) -> DeviceEnded:
    """Sign one device of a member out; it is dead at once."""
    ended = await caller.write(
        lambda u: devices.end(u, key=key, holder_id=member_id, sitting_id=sitting_id)
    )
    return DeviceEnded(sitting_id=ended)
