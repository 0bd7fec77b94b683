"""Reckoning: what an approved service brings, by the scheme of the day on which it ended.

Time first (no more minutes of a day than the scheme counts), then rounding with what is carried
along, then caps, and what exceeds them goes where the scheme says. Reads nothing: the counters and
balances that it needs are handed in, so a preview and a credit can never differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from creditbank.core import counters
from creditbank.core.counters import Counter
from creditbank.core.values import AssetKind
from creditbank.schemes import caps, rewards
from creditbank.schemes.asset_rules import OverCap
from creditbank.schemes.caps import Used
from creditbank.schemes.parameters import Scheme, TeamEarnings
from creditbank.schemes.rewards import Counted, Per, Remainder, Reward
from creditbank.service.credit_counts import (
    CARRIED,
    CARRIED_OWED,
    EARNED_DAY,
    EARNED_MONTH,
    MINUTES_DAY,
    REFUSED,
)


@dataclass(frozen=True, slots=True)
class Line:
    """What a service brings of one asset.

    ``units`` is what it earns: ``kept`` of it comes in, to the member or, with ``to_team``, to the
    team; ``over`` exceeds a cap and goes where ``over_cap`` and ``over_to`` say.
    """

    asset: str
    units: int
    kept: int
    to_team: bool
    over: int
    over_cap: OverCap
    over_to: str | None


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What a service brings, and what it adds to which counter."""

    minutes: int
    lines: tuple[Line, ...]
    counted: Mapping[Counter, int]


@dataclass(frozen=True, slots=True)
class Service:
    """What is known of a service before anything is counted.

    ``served`` says how many minutes belong to which day; ``ended_on`` is the day to which its
    credits belong; ``team_id`` is the team in whose claim it was done.
    """

    member_id: str
    rewards: Sequence[Reward]
    served: Sequence[tuple[date, int]]
    ended_on: date
    team_id: str | None
    kinds: Mapping[str, AssetKind]

    def counters(self, scheme: Scheme) -> list[Counter]:
        """Return every counter that its credit looks at."""
        wanted = [self.minutes_on(day) for day, _ in self.served]
        for one in self.rewards:
            rules = scheme.of_asset(one.asset)
            if rules.cap_day is not None:
                wanted.append(self.day_of(one.asset))
            if rules.cap_month is not None:
                wanted.append(self.month_of(one.asset))
            if scheme.remainder is Remainder.CARRY and one.per is Per.HOUR:
                wanted += [self.carried(one.asset), self.owed(one.asset)]
        return wanted

    def stored(self, scheme: Scheme) -> list[str]:
        """Return the assets of which one's balance must be known."""
        return [
            one.asset
            for one in self.rewards
            if scheme.of_asset(one.asset).storage_cap is not None
            and not self.for_team(scheme, one.asset)
        ]

    def for_team(self, scheme: Scheme, asset: str) -> bool:
        """Tell whether what is earned of an asset is the team's; honour is always one's own."""
        return (
            self.team_id is not None
            and scheme.team_earnings is TeamEarnings.TEAM
            and self.kinds.get(asset) is AssetKind.SPENDABLE
        )

    def minutes_on(self, day: date) -> Counter:
        """Return the counter of the minutes of a day."""
        return counters.of_day(MINUTES_DAY, self.member_id, day)

    def day_of(self, asset: str) -> Counter:
        """Return the counter of what was earned on the day."""
        return counters.of_day(EARNED_DAY, f"{self.member_id}/{asset}", self.ended_on)

    def month_of(self, asset: str) -> Counter:
        """Return the counter of what was earned in the month."""
        return Counter(EARNED_MONTH, f"{self.member_id}/{asset}", f"{self.ended_on:%Y-%m}")

    def carried(self, asset: str) -> Counter:
        """Return the counter of minute-units that wait for the next service."""
        return counters.for_ever(CARRIED, f"{self.member_id}/{asset}")

    def owed(self, asset: str) -> Counter:
        """Return the counter of minute-units that were paid and then taken back."""
        return counters.for_ever(CARRIED_OWED, f"{self.member_id}/{asset}")


@dataclass(frozen=True, slots=True)
class _Before:
    """What an asset's counters say before a service."""

    used: Used
    carried: int | None


def reckon(
    service: Service, scheme: Scheme, known: Mapping[Counter, int], stored: Mapping[str, int]
) -> Reckoned:
    """Return what a service brings; ``known`` are its counters, ``stored`` what one has.

    A service of which no minute counts earns nothing.
    """
    added: dict[Counter, int] = {}
    for day, minutes in service.served:
        place = service.minutes_on(day)
        room = scheme.minutes_day_most - known.get(place, 0) - added.get(place, 0)
        added[place] = added.get(place, 0) + max(0, min(minutes, room))
    minutes = sum(added.values())
    refused = {"minutes": sum(here for _, here in service.served) - minutes}
    lines = []
    for one in service.rewards:
        used = Used(
            known.get(service.day_of(one.asset), 0),
            known.get(service.month_of(one.asset), 0),
            stored.get(one.asset, 0),
        )
        carried: int | None = None
        if scheme.remainder is Remainder.CARRY and one.per is Per.HOUR:
            owed = known.get(service.owed(one.asset), 0)
            carried = known.get(service.carried(one.asset), 0) - owed
        line, moved = _line(service, scheme, one, minutes, _Before(used, carried))
        lines.append(line)
        added |= moved
        refused[one.asset] = line.over if line.over_cap is OverCap.REFUSED else 0
    who = service.member_id
    added |= {counters.for_ever(REFUSED, f"{who}/{what}"): n for what, n in refused.items()}
    return Reckoned(minutes, tuple(lines), added)


def _line(
    service: Service, scheme: Scheme, reward: Reward, minutes: int, before: _Before
) -> tuple[Line, dict[Counter, int]]:
    """Return what comes of one reward, and what that adds to its counters."""
    asset, rules = reward.asset, scheme.of_asset(reward.asset)
    done = Counted(0, before.carried or 0)
    if minutes:
        done = rewards.counted(reward, minutes, scheme.rounding, before.carried)
    part = caps.share(done.units, rules, before.used)
    moved: dict[Counter, int] = {}
    if before.carried is not None:
        moved[service.carried(asset)] = done.left - before.carried
    if rules.cap_day is not None:
        moved[service.day_of(asset)] = part.kept
    if rules.cap_month is not None:
        moved[service.month_of(asset)] = part.kept
    to_team = service.for_team(scheme, asset)
    over_cap, over_to = rules.over_cap, rules.over_to
    return Line(asset, done.units, part.kept, to_team, part.over, over_cap, over_to), moved


def netted(known: Mapping[Counter, int], moved: Mapping[Counter, int]) -> dict[Counter, int]:
    """Return by how much counters change; what is carried and what is owed are one figure."""
    changes: dict[Counter, int] = {}
    for place, units in moved.items():
        if place.what == REFUSED:
            continue
        if place.what != CARRIED:
            changes[place] = units
            continue
        owed = place._replace(what=CARRIED_OWED)
        left = known[place] - known[owed] + units
        changes[place] = max(left, 0) - known[place]
        changes[owed] = max(-left, 0) - known[owed]
    return changes
