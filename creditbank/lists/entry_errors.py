"""What can go wrong with the three lists, partner organisations and their rota."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import NotFound, Refused


@dataclass(eq=False)
class EntryNotFound(NotFound):
    """No such entry in the lists of this bank, or it is not the caller's."""

    slug = "entry-not-found"
    zh = "清单里没有这一条"
    en = "There is no such entry in the lists"
    entry_id: str


@dataclass(eq=False)
class OrganisationNotFound(NotFound):
    """No such partner organisation in this bank."""

    slug = "organisation-not-found"
    zh = "没有这个共建单位"
    en = "There is no such partner organisation"
    organisation_id: str


@dataclass(eq=False)
class OrganisationExists(Refused):
    """The name is taken."""

    slug = "organisation-exists"
    zh = "已有同名的共建单位"
    en = "There is a partner organisation of this name"


@dataclass(eq=False)
class OrganisationRetired(Refused):
    """The organisation takes no more turns."""

    slug = "organisation-retired"
    zh = "该共建单位已退出，不再值班"
    en = "This partner organisation has retired and takes no more turns"
    organisation_id: str


@dataclass(eq=False)
class OrganisationOnDuty(Refused):
    """The organisation has weeks to come, which somebody else must take first."""

    slug = "organisation-on-duty"
    zh = "该单位还有 {weeks} 周值班，最近一周从 {week_on} 起，请先安排其他单位接替"
    en = "It is on duty for {weeks} more weeks, next from {week_on}; give them to another first"
    organisation_id: str
    weeks: int
    week_on: str


@dataclass(eq=False)
class WeekTaken(Refused):
    """Somebody is on duty in this week already."""

    slug = "week-taken"
    zh = "从 {week_on} 起的一周已有单位值班"
    en = "Somebody is on duty in the week from {week_on} already"
    week_on: str


@dataclass(eq=False)
class WeekGap(Refused):
    """Weeks would stay without anybody on duty, and nobody said that they should."""

    slug = "week-gap"
    zh = "从 {week_on} 起的一周会没有单位值班"
    en = "Nobody would be on duty in the week from {week_on}"
    week_on: str


@dataclass(eq=False)
class WeekFree(NotFound):
    """Nobody is on duty in this week: the rota does not reach it."""

    slug = "week-free"
    zh = "从 {week_on} 起的一周没有值班安排"
    en = "The rota does not reach the week from {week_on}"
    week_on: str
