"""Caps: how much of what was earned one receives, and how much goes elsewhere. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.schemes.asset_rules import AssetRules


@dataclass(frozen=True, slots=True)
class Used:
    """What one has earned of an asset on the day and in the month of the service, and has now."""

    day: int = 0
    month: int = 0
    stored: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """What was earned, parted: ``kept`` comes in, ``over`` exceeds a cap; together all of it."""

    kept: int
    over: int


def share(units: int, rules: AssetRules, used: Used) -> Share:
    """Part what was earned by the tightest cap of an asset."""
    caps = (
        (rules.cap_day, used.day),
        (rules.cap_month, used.month),
        (rules.storage_cap, used.stored),
    )
    room = [max(0, cap - taken) for cap, taken in caps if cap is not None]
    kept = min([units, *room])
    return Share(kept, units - kept)
