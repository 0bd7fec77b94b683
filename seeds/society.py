"""Who lives in the invented society and what happens there in a year. Pure, from a seed number.

`plan` decides everything that does not depend on the engine's answers: who volunteers for what,
who comes, who goes shopping. The same seed number gives the same plan.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from creditbank.schemes.files import File, parsed
from seeds.calls import Call, Entry, Outing, at, calls, entries, outings
from seeds.people import People, Resident, settle

YEAR = 2025
WEEKS = 51
_NEEDS_A_WEEK = 9
_SHOPPERS_A_DAY = 8
_SHOPPING_WEEKDAYS = (2, 5, 6)
_WITHDRAWN_PERCENT = 5
_REJECTED_PERCENT = 3
_DISPUTED_PERCENT = 50
_REFUNDED_PERCENT = 3
_VOIDED_PERCENT = 1


@dataclass(frozen=True, slots=True)
class Shop:
    """One invented shop, its offer file, and the bills people have there, in fen."""

    name: str
    trade: str
    community: str
    offer: str
    low_fen: int
    high_fen: int
    weight: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One resident's turn at a need; ``minutes`` is how long they stayed.

    Who ``waits`` claimed when it was full, and was ``placed`` if somebody withdrew.
    """

    resident: int
    minutes: int
    withdrawn: bool
    rejected: bool
    disputed: bool
    waits: bool = False
    placed: bool = True


@dataclass(frozen=True, slots=True)
class Need:
    """One published need and the turns at it; an elder's, ``raised_by``, comes from the list."""

    title: str
    category: str
    community: str
    place: str
    published_at: datetime
    starts_at: datetime
    ends_at: datetime
    capacity: int
    xyb: int
    vol_per_hour: int
    turns: tuple[Turn, ...]
    raised_by: int | None


@dataclass(frozen=True, slots=True)
class Visit:
    """One resident's visit to a shop; what is given back later, if anything."""

    resident: int
    shop: int
    at: datetime
    cart_fen: int
    refunded: bool
    voided: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole year of one society."""

    data: dict[str, Any]
    zone: str
    people: People
    shops: tuple[Shop, ...]
    needs: tuple[Need, ...]
    visits: tuple[Visit, ...]
    calls: tuple[Call, ...]
    outings: tuple[Outing, ...]
    entries: tuple[Entry, ...]


def data() -> dict[str, Any]:
    """Return the society's data file."""
    file = resources.files("seeds") / "data" / "society.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def rules() -> File:
    """Return the society's scheme, as `creditbank scheme check` reads it."""
    text = (resources.files("seeds") / "data" / "scheme.toml").read_text(encoding="utf-8")
    return parsed(text)


def offer_text(name: str) -> str:
    """Return the text of an offer file of the seeds."""
    return (resources.files("seeds") / "offers" / f"{name}.toml").read_text(encoding="utf-8")


def plan(seed: int, *, weeks: int = WEEKS) -> Plan:
    """Plan the first ``weeks`` (1 to 51: Mondays and Sundays of the year) for a seed number."""
    dice = random.Random(seed)
    society = data()
    zone = society["bank"]["zone"]
    people = settle(dice, society, date(YEAR, 1, 1))
    shops = tuple(
        Shop(
            one["name"],
            one["trade"],
            one["community"],
            one["offer"],
            one["low"] * 100,
            one["high"] * 100,
            one["weight"],
        )
        for one in society["shops"]
    )
    first = date(YEAR, 1, 6)
    last = first + timedelta(weeks=weeks, days=-1)
    called = calls(dice, society, people, first, last)
    outside = outings(society, people, first, last)
    busy = _busy(people, called, outside, zone)
    needs: list[Need] = []
    visits: list[Visit] = []
    for week in range(weeks):
        monday = first + timedelta(weeks=week)
        needs += _needs(dice, society, people, monday, busy)
        visits += _visits(dice, people.residents, shops, monday, zone)
    listed = entries(dice, society, people, first, last)
    return Plan(
        *(society, zone, people, shops, tuple(needs), tuple(visits), called, outside, listed)
    )


def _busy(
    people: People, called: Sequence[Call], outside: Sequence[Outing], zone: str
) -> set[tuple[int, date]]:
    """Return who has something else on which day."""
    busy = {
        (people.pairings[one.pair].volunteer, one.at.astimezone(ZoneInfo(zone)).date())
        for one in called
    }
    for one in outside:
        day = one.starts_at.astimezone(ZoneInfo(zone)).date()
        busy |= {(n, day) for home in one.homes for n in people.homes[home].adults}
    return busy


def _needs(
    dice: random.Random,
    society: dict[str, Any],
    people: People,
    monday: date,
    busy: set[tuple[int, date]],
) -> list[Need]:
    """Plan the needs of a week; the first of them an elder has put on the list."""
    kinds, residents, zone = society["needs"], people.residents, society["bank"]["zone"]
    elder = dice.choice(people.elders)
    picked = dice.choices(kinds, [one["weight"] for one in kinds], k=_NEEDS_A_WEEK)
    needs: list[Need] = []
    for kind in picked:
        home = dice.choice(society["communities"])["name"]
        raised_by = None if needs else elder
        if raised_by is not None:
            home = residents[raised_by].community
        day = monday + timedelta(days=dice.randrange(1, 7))
        starts_at = at(day, kind["starts"], zone)
        able = [
            n
            for n, one in enumerate(residents)
            if one.keen and one.community == home and (n, day) not in busy
        ]
        turns = _turns(dice, residents, able, kind)
        busy |= {(turn.resident, day) for turn in turns}
        needs.append(
            Need(
                kind["title"],
                kind["category"],
                home,
                kind["place"],
                at(monday, 9, zone),
                starts_at,
                starts_at + timedelta(minutes=kind["minutes"]),
                kind["capacity"],
                kind["xyb"],
                kind["vol_per_hour"],
                turns,
                raised_by,
            )
        )
    return needs


def _turns(
    dice: random.Random, residents: Sequence[Resident], able: list[int], kind: dict[str, Any]
) -> tuple[Turn, ...]:
    """Pick who of the able takes part, the keen more often, and strike them off."""
    turns: list[Turn] = []
    capacity = kind["capacity"]
    many = dice.randrange(1, capacity + 2)
    for number in range(many):
        one = dice.choices(able, [residents[n].keen for n in able])[0]
        able.remove(one)
        waits = number >= capacity
        turns.append(
            Turn(
                one,
                kind["minutes"] - dice.choice((0, 0, 0, 0, 10, 30)),
                not waits and dice.randrange(100) < _WITHDRAWN_PERCENT,
                dice.randrange(100) < _REJECTED_PERCENT,
                dice.randrange(100) < _DISPUTED_PERCENT,
                waits,
                not waits or any(turn.withdrawn for turn in turns),
            )
        )
    return tuple(turns)


def _visits(
    dice: random.Random,
    residents: Sequence[Resident],
    shops: Sequence[Shop],
    monday: date,
    zone: str,
) -> list[Visit]:
    visits = []
    for weekday in _SHOPPING_WEEKDAYS:
        day = monday + timedelta(days=weekday)
        keen = [n for n, one in enumerate(residents) for _ in range(one.keen)]
        for resident in sorted(set(dice.choices(keen, k=_SHOPPERS_A_DAY))):
            shop = dice.choices(range(len(shops)), [one.weight for one in shops])[0]
            cart_fen = dice.randrange(shops[shop].low_fen, shops[shop].high_fen + 1)
            given_back = dice.randrange(100)
            visits.append(
                Visit(
                    resident,
                    shop,
                    at(day, dice.choice((10, 11, 16, 17)), zone, 30),
                    cart_fen,
                    given_back < _REFUNDED_PERCENT,
                    _REFUNDED_PERCENT <= given_back < _REFUNDED_PERCENT + _VOIDED_PERCENT,
                )
            )
    return visits
