"""New devices: since when the phone that asks is one, so that what it shows has lower limits."""

from __future__ import annotations

from datetime import datetime

from creditbank.core.ids import is_id
from creditbank.core.units import Unit
from creditbank.identity import devices, sittings


def since(unit: Unit) -> datetime | None:
    """Return when the actor's new device signed in; None for a known one, a token and staff."""
    actor = unit.actor
    if actor.member_id is None or actor.id != actor.member_id:
        return None
    if actor.via is None or not is_id(actor.via, "sit"):
        return None
    if not devices.is_new(unit, actor.id, actor.via):
        return None
    begun = [one for one in sittings.listing(unit, actor.id) if one.sitting_id == actor.via]
    return begun[0].begun_at if begun else unit.now
