"""Calls on elders, outings of families and what stands on the lists, for a whole year. Pure.

Every pair calls twice a month, in each half of it once; now and then a call is missed. A month has
one outing of one community's families. Once a week an elder's need comes first on the list and is
published from there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from seeds.people import People

_MISSED_IN = 60
_HOURS = (9, 11, 14, 16)
_MINUTES = (45, 60, 60, 60, 90)
_OUTING_HOUR = 10
_FAMILIES_MOST = 6
_LATE_DAY = 24


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a pair, by its number; ``thanks`` is what the elder writes about it."""

    pair: int
    at: datetime
    minutes: int
    thanks: str | None


@dataclass(frozen=True, slots=True)
class Outing:
    """One afternoon of families, by the numbers of their homes."""

    title: str
    category: str
    place: str
    community: str
    starts_at: datetime
    homes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is put on a list: a need that is refused, or what an organisation or the office has."""

    kind: str
    title: str
    community: str
    at: datetime
    raiser: int | None
    refusal: str | None


def at(day: date, hour: int, zone: str, minute: int = 0) -> datetime:
    """Return an hour of a day where the society lives."""
    return datetime.combine(day, time(hour, minute), ZoneInfo(zone)).astimezone(UTC)


def _months(first: date, last: date) -> Iterator[date]:
    """Return the first day of each month that has a day of the span."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = (month + timedelta(days=32)).replace(day=1)


def calls(
    dice: random.Random, society: dict[str, Any], people: People, first: date, last: date
) -> tuple[Call, ...]:
    """Plan the calls of every pair."""
    zone, thanks = society["bank"]["zone"], society["lists"]["thanks"]
    planned: list[Call] = []
    for month in _months(first, last):
        written = dice.randrange(len(people.pairings))
        for n in range(len(people.pairings)):
            late = month.replace(day=15 + (n * 7 + month.month) % (_LATE_DAY - 15))
            early = month.replace(day=6 + (n * 5 + month.month) % 9)
            hour = _HOURS[(n + n // len(people.team)) % len(_HOURS)]
            for day in (early, late):
                minutes, missed = dice.choice(_MINUTES), dice.randrange(_MISSED_IN) == 0
                said = dice.choice(thanks) if n == written and day is early else None
                if first <= day <= last and not missed:
                    planned.append(Call(n, at(day, hour, zone), minutes, said))
    return tuple(planned)


def outings(society: dict[str, Any], people: People, first: date, last: date) -> tuple[Outing, ...]:
    """Plan an outing on the second Sunday of each month, by communities in turn."""
    zone, kinds, homes = society["bank"]["zone"], society["outings"], society["communities"]
    planned = []
    for month in _months(first, last):
        day = month + timedelta(days=(6 - month.weekday()) % 7 + 7)
        where = homes[month.month % len(homes)]["name"]
        kind = kinds[month.month % len(kinds)]
        coming = [n for n in people.with_child if people.homes[n].community == where]
        if first <= day <= last:
            planned.append(
                Outing(
                    kind["title"],
                    kind["category"],
                    kind["place"],
                    where,
                    at(day, _OUTING_HOUR, zone),
                    tuple(coming[:_FAMILIES_MOST]),
                )
            )
    return tuple(planned)


def entries(
    dice: random.Random, society: dict[str, Any], people: People, first: date, last: date
) -> tuple[Entry, ...]:
    """Plan what is put on the lists beside the elders' needs, one of a kind each month."""
    zone, lists = society["bank"]["zone"], society["lists"]
    planned = []
    for month in _months(first, last):
        for kind, titles, day in (
            ("resource", lists["resources"], month.replace(day=8)),
            ("project", lists["projects"], month.replace(day=11)),
            ("need", lists["refused"], month.replace(day=19)),
        ):
            raiser = dice.choice(people.elders)
            refused = kind == "need"
            if first <= day <= last:
                planned.append(
                    Entry(
                        kind,
                        titles[month.month % len(titles)],
                        people.residents[raiser].community,
                        at(day, 9, zone, 40),
                        raiser if refused else None,
                        lists["refusal"] if refused else None,
                    )
                )
    return tuple(planned)
