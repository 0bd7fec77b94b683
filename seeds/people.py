"""Who lives in the invented society: homes, the youth team, elders who live alone. Pure.

The numbers are those of the data file, by community. In a young home a parent lives with a youth
of the team, in one of them with two; of the other homes every second has a child. Elders live
alone, each paired with a youth of their own community.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from creditbank.people import ages

_YOUTH, _PARENT, _ADULT, _CHILD, _ELDER = (16, 27), (41, 58), (29, 56), (7, 13), (71, 93)
_GROWN = 18
_BETWEEN = 18
_GIVERS = 6
_DAYS_A_YEAR = 365


@dataclass(frozen=True, slots=True)
class Resident:
    """One invented resident; ``keen`` weighs how often they volunteer."""

    name: str
    community: str
    keen: int
    born_on: date


@dataclass(frozen=True, slots=True)
class Home:
    """Who lives in a household, by number: adults, the head first, and children."""

    community: str
    adults: tuple[int, ...]
    children: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Pairing:
    """An elder and the youth of the team who looks after them."""

    elder: int
    volunteer: int


@dataclass(slots=True)
class People:
    """Everybody, and how they belong together; ``team`` begins with its leader."""

    residents: list[Resident] = field(default_factory=list)
    homes: list[Home] = field(default_factory=list)
    team: list[int] = field(default_factory=list)
    elders: list[int] = field(default_factory=list)
    pairings: list[Pairing] = field(default_factory=list)

    @property
    def minors(self) -> dict[int, int]:
        """Return whoever is under age, with the head of their home."""
        return {child: home.adults[0] for home in self.homes for child in home.children}

    @property
    def givers(self) -> list[tuple[int, int]]:
        """Return youths of age and their parents, where so many years lie between them."""
        found = []
        for home in self.homes:
            parent, *others = home.adults
            for one in others:
                born = self.residents[one].born_on, self.residents[parent].born_on
                if one in self.team and born[0].year - born[1].year > _BETWEEN:
                    found.append((one, parent))
        return found[:_GIVERS]

    @property
    def with_child(self) -> list[int]:
        """Return the homes, by number, in which a child lives who is in no team."""
        team = set(self.team)
        return [n for n, home in enumerate(self.homes) if home.children and not team & _all(home)]


def _all(home: Home) -> set[int]:
    return {*home.adults, *home.children}


def settle(dice: random.Random, society: dict[str, Any], first_day: date) -> People:
    """Invent everybody; ages are those of the first day."""
    register = _Register(dice, society["names"], first_day)
    people = People(register.residents)
    for one in society["communities"]:
        _fill(register, people, one)
    people.team.sort(key=lambda n: people.residents[n].born_on)
    return people


def _fill(register: _Register, people: People, of: dict[str, Any]) -> None:
    """Let homes and elders live in a community, and pair each elder with a youth there."""
    where, dice = of["name"], register.dice
    youths: list[int] = []
    for number in range(of["homes"]):
        if number < of["young_homes"]:
            many = 2 if number == 0 and of.get("siblings") else 1
            home, young = _young_home(register, where, many)
            youths += young
        else:
            home = _other_home(register, where, with_child=number % 2 == 0)
        people.homes.append(home)
    for number in range(of["elders"]):
        elder = register.enter(where, _ELDER, 0)
        people.elders.append(elder)
        people.pairings.append(Pairing(elder, youths[number % len(youths)]))
    for _ in range(of["alone"]):
        register.enter(where, _ADULT, dice.choice((0, 1, 2, 3)))
    people.team += youths


def _young_home(register: _Register, where: str, many: int) -> tuple[Home, list[int]]:
    family = register.family()
    parent = register.enter(where, _PARENT, register.dice.choice((0, 1, 1, 2, 3)), family)
    youths = [
        register.enter(where, _YOUTH, register.dice.choice((1, 2, 3, 5, 8)), family)
        for _ in range(many)
    ]
    grown = [one for one in youths if register.is_grown(one)]
    young = [one for one in youths if not register.is_grown(one)]
    return Home(where, (parent, *grown), tuple(young)), youths


def _other_home(register: _Register, where: str, *, with_child: bool) -> Home:
    family, dice = register.family(), register.dice
    head = register.enter(where, _ADULT, dice.choice((0, 1, 1, 2, 3, 5)), family)
    other = register.enter(where, _ADULT, dice.choice((0, 1, 2, 3)))
    child = (register.enter(where, _CHILD, 0, family),) if with_child else ()
    return Home(where, (head, other), child)


class _Register:
    """The residents so far, no two of one name."""

    def __init__(self, dice: random.Random, names: dict[str, Any], first_day: date) -> None:
        self.dice = dice
        self.residents: list[Resident] = []
        self._families: Sequence[str] = names["family"]
        self._given: Sequence[str] = names["given"]
        self._first_day = first_day
        self._taken: set[str] = set()

    def family(self) -> str:
        """Draw a family name."""
        return self.dice.choice(self._families)

    def enter(self, where: str, old: tuple[int, int], keen: int, family: str | None = None) -> int:
        """Invent somebody and return their number."""
        days = self.dice.randrange(old[0] * _DAYS_A_YEAR, old[1] * _DAYS_A_YEAR)
        name = next(one for one in self._names(family) if one not in self._taken)
        self._taken.add(name)
        born_on = self._first_day - timedelta(days=days)
        self.residents.append(Resident(name, where, keen, born_on))
        return len(self.residents) - 1

    def is_grown(self, number: int) -> bool:
        """Tell whether somebody is of age on the first day."""
        return ages.years(self.residents[number].born_on, self._first_day) >= _GROWN

    def _names(self, family: str | None) -> Iterator[str]:
        while True:
            yield (family or self.family()) + self.dice.choice(self._given)
