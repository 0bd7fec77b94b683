"""Guests: as whom somebody may look around in a demonstration, and what they find to do today.

A demonstration lives through a year that is over. So that a visitor can take part today, needs of
today and the coming days are published whenever there are too few; the till of the guests belongs
to a shop without cashiers, whose offer holds every day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from creditbank.core.units import Unit, View
from creditbank.identity import phones, staff
from creditbank.identity.roles import Role
from creditbank.people import communities
from creditbank.schemes.rewards import Per, Reward
from creditbank.tasks import claims, publishing, tasks
from creditbank.tasks.states import TaskState
from creditbank.tasks.tasks import Audience, CapacityUnit, Party, TaskKind, Terms
from merchants import partners, tills
from seeds.chronicle import ORGANISER

VOLUNTEER_PHONE = "13800000001"
TILL_NAME = "示范收银台"
_COMING_LEAST = 4
_TO_GO = timedelta(minutes=30)


class Guest(StrEnum):
    """As whom somebody looks around."""

    VOLUNTEER = "volunteer"
    CASHIER = "cashier"
    ORGANISER = "organiser"
    REVIEWER = "reviewer"
    COMMUNITY_HEAD = "community_head"
    TREASURER = "treasurer"
    AUDITOR = "auditor"
    SHOP_OWNER = "shop_owner"


@dataclass(frozen=True, slots=True)
class _Coming:
    """A need to publish: on which day from today, when, for how long, and what it gives."""

    title: str
    category: str
    place: str
    day: int
    hour: int
    minutes: int
    capacity: int
    xyb: int
    families: bool = False


_NOW = ("社区服务站接待", "governance", "社区服务站大厅")
_NOW_MINUTES, _NOW_CAPACITY, _NOW_XYB = 180, 6, 6
_COMING = (
    _Coming("垃圾分类站点值守", "waste", "一号投放点", 1, 7, 120, 4, 4),
    _Coming("清晨五点的社区菜篮子", "hardship", "社区菜市场", 2, 5, 150, 5, 6),
    _Coming("雨季河道巡查", "patrol", "河湾步道", 2, 19, 120, 4, 5),
    _Coming("陪读故事会", "culture", "社区图书角", 4, 10, 90, 3, 4),
    _Coming("邻里一家亲包饺子", "culture", "社区活动室", 5, 14, 120, 8, 3, families=True),
    _Coming("路口文明劝导", "governance", "学校路口", 6, 7, 90, 3, 3),
)


def login_of(role: Role) -> str:
    """Return the login of whoever holds an office in a demonstration."""
    return f"demo.{role.replace('_', '-')}"


def holder(view: View, guest: Guest) -> str | None:
    """Return the member, the till or the person in office that a guest is, or None if missing."""
    if guest is Guest.VOLUNTEER:
        return phones.member_of(view, VOLUNTEER_PHONE)
    if guest is Guest.CASHIER:
        return till(view)
    return staff.by_login(view, login_of(Role(guest)))


def till(view: View) -> str | None:
    """Return the till of the guests."""
    for merchant in partners.listing(view):
        for one in tills.listing(view, merchant.merchant_id):
            if one.name == TILL_NAME:
                return one.till_id
    return None


def publish_needs(unit: Unit) -> None:
    """See that a need runs now that the volunteer can still join, and that some are to come."""
    organiser = replace(unit, actor=ORGANISER)
    places = communities.every(unit)
    if not places:
        return
    if not _runs_now(unit):
        _publish_now(organiser, places[0].community_id)
    of = tasks.tasks.c
    coming = tasks.chosen(
        unit,
        of.kind == TaskKind.NEED,
        of.stored_state == TaskState.OPEN,
        of.starts_at > unit.now,
        of.placed < of.capacity,
        limit=_COMING_LEAST,
    )
    if len(coming) < _COMING_LEAST:
        for n, one in enumerate(_COMING):
            _publish(organiser, one, places[n % len(places)].community_id, n)


def _runs_now(view: View) -> bool:
    of, volunteer = tasks.tasks.c, phones.member_of(view, VOLUNTEER_PHONE)
    running = tasks.chosen(
        view,
        of.kind == TaskKind.NEED,
        of.stored_state == TaskState.OPEN,
        of.starts_at <= view.now,
        of.ends_at > view.now + _TO_GO,
        of.placed < of.capacity,
    )
    known = claims.of_member(view, volunteer).claims if volunteer is not None else ()
    theirs = {one.task_id for one in known}
    return any(one.task_id not in theirs for one in running)


def _publish_now(unit: Unit, community_id: str) -> None:
    title, category, place = _NOW
    starts_at = unit.now - timedelta(minutes=5)
    publishing.publish(
        unit,
        title=title,
        category=category,
        place=place,
        community_id=community_id,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=_NOW_MINUTES),
        capacity=_NOW_CAPACITY,
        rewards=_rewards(_NOW_XYB),
        key=f"demonstration/now/{unit.now.isoformat()}",
    )


def _publish(unit: Unit, one: _Coming, community_id: str, n: int) -> None:
    local = unit.now.astimezone(ZoneInfo(unit.bank.zone))
    day = local.date() + timedelta(days=one.day)
    starts_at = datetime(day.year, day.month, day.day, one.hour, tzinfo=local.tzinfo)
    family = Audience(open_to=(Party.FAMILY,))
    publishing.publish(
        unit,
        title=one.title,
        category=one.category,
        place=one.place,
        community_id=community_id,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=one.minutes),
        capacity=one.capacity,
        rewards=_rewards(one.xyb),
        audience=family if one.families else None,
        terms=Terms(capacity_unit=CapacityUnit.FAMILY) if one.families else None,
        key=f"demonstration/coming/{day.isoformat()}/{n}",
    )


def _rewards(xyb: int) -> tuple[Reward, ...]:
    return (Reward("XYB", xyb, Per.PERSON), Reward("VOL", 10, Per.HOUR))
