"""Who lives in the invented society and what happens there in a year. Pure, from a seed number.

`plan` decides everything that does not depend on the engine's answers: who volunteers for what,
who comes, who goes shopping. The same seed number gives the same plan.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

YEAR = 2025
WEEKS = 51
_NEEDS_A_WEEK = 12
_SHOPPERS_A_DAY = 10
_SHOPPING_WEEKDAYS = (2, 5, 6)
_WITHDRAWN_PERCENT = 5
_REJECTED_PERCENT = 3
_REFUNDED_PERCENT = 3
_VOIDED_PERCENT = 1


@dataclass(frozen=True, slots=True)
class Resident:
    """One invented resident; ``keen`` weighs how often they volunteer."""

    name: str
    community: str
    keen: int


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
    """One resident's turn at a need; ``minutes`` is how long they stayed."""

    resident: int
    minutes: int
    withdrawn: bool
    rejected: bool


@dataclass(frozen=True, slots=True)
class Need:
    """One published need and the turns at it."""

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
    residents: tuple[Resident, ...]
    shops: tuple[Shop, ...]
    needs: tuple[Need, ...]
    visits: tuple[Visit, ...]


def data() -> dict[str, Any]:
    """Return the society's data file."""
    file = resources.files("seeds") / "data" / "society.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def offer_text(name: str) -> str:
    """Return the text of an offer file of the seeds."""
    return (resources.files("seeds") / "offers" / f"{name}.toml").read_text(encoding="utf-8")


def plan(seed: int, *, weeks: int = WEEKS) -> Plan:
    """Plan the first ``weeks`` (1 to 51: Mondays and Sundays of the year) for a seed number."""
    dice = random.Random(seed)
    society = data()
    zone = society["bank"]["zone"]
    residents = _residents(dice, society)
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
    needs: list[Need] = []
    visits: list[Visit] = []
    first = date(YEAR, 1, 6)
    for week in range(weeks):
        monday = first + timedelta(weeks=week)
        needs += _needs(dice, society, residents, monday, zone)
        visits += _visits(dice, residents, shops, monday, zone)
    return Plan(society, zone, residents, shops, tuple(needs), tuple(visits))


def _residents(dice: random.Random, society: dict[str, Any]) -> tuple[Resident, ...]:
    names = [f + g for f in society["names"]["family"] for g in society["names"]["given"]]
    dice.shuffle(names)
    homes = [one["name"] for one in society["communities"] for _ in range(one["residents"])]
    return tuple(
        Resident(name, home, dice.choice((0, 1, 1, 2, 3, 5, 8)))
        for name, home in zip(names, homes, strict=False)
    )


def _at(day: date, hour: int, minute: int, zone: str) -> datetime:
    return datetime.combine(day, time(hour, minute), ZoneInfo(zone)).astimezone(UTC)


def _needs(
    dice: random.Random,
    society: dict[str, Any],
    residents: Sequence[Resident],
    monday: date,
    zone: str,
) -> list[Need]:
    kinds = society["needs"]
    picked = dice.choices(kinds, [one["weight"] for one in kinds], k=_NEEDS_A_WEEK)
    needs = []
    busy: set[tuple[int, date]] = set()
    for kind in picked:
        home = dice.choice(society["communities"])["name"]
        day = monday + timedelta(days=dice.randrange(1, 7))
        starts_at = _at(day, kind["starts"], 0, zone)
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
                _at(monday, 9, 0, zone),
                starts_at,
                starts_at + timedelta(minutes=kind["minutes"]),
                kind["capacity"],
                kind["xyb"],
                kind["vol_per_hour"],
                turns,
            )
        )
    return needs


def _turns(
    dice: random.Random, residents: Sequence[Resident], able: list[int], kind: dict[str, Any]
) -> tuple[Turn, ...]:
    """Pick who of the able takes part, the keen more often, and strike them off."""
    turns = []
    for _ in range(dice.randrange(1, kind["capacity"] + 1)):
        one = dice.choices(able, [residents[n].keen for n in able])[0]
        able.remove(one)
        turns.append(
            Turn(
                one,
                kind["minutes"] - dice.choice((0, 0, 0, 0, 10, 30)),
                dice.randrange(100) < _WITHDRAWN_PERCENT,
                dice.randrange(100) < _REJECTED_PERCENT,
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
                    _at(day, dice.choice((10, 11, 16, 17)), 30, zone),
                    cart_fen,
                    given_back < _REFUNDED_PERCENT,
                    _REFUNDED_PERCENT <= given_back < _REFUNDED_PERCENT + _VOIDED_PERCENT,
                )
            )
    return visits
