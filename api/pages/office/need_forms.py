"""What the form of a need sends, read into what the engine is asked to publish.

Days and times are those of the bank's clocks. What the scheme pays for a category is paid,
whatever was typed beside it; what it leaves open is as the organiser says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic import StringConstraints as Text

from api.edge.forms import printable
from api.pages.forms import DayText, MaybeDay, Sent, plain
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.core.values import Asset, AssetKind, read_units
from creditbank.ledger import accounts
from creditbank.people import communities, namesakes, skills
from creditbank.people.communities import Community
from creditbank.people.skills import Skill
from creditbank.schemes import scheme
from creditbank.schemes.parameters import Scheme
from creditbank.schemes.rewards import Per, Reward
from creditbank.tasks import categories, publishing, repeats
from creditbank.tasks.categories import Category
from creditbank.tasks.details import CONTACT_MOST, DESCRIPTION_MOST
from creditbank.tasks.repeats import Repeat, Weekday
from creditbank.tasks.tasks import Audience, CapacityUnit, Party, Terms

_ASSETS_MOST = 20


def _none(text: object) -> object:
    said = plain(text)
    return None if said == "" else said


def _lines(text: object) -> object:
    return text.replace("\r\n", "\n").strip() if isinstance(text, str) else text


Title = Annotated[
    str,
    Text(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(printable),
]
Code = Annotated[str, Text(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$")]
CommunityText = Annotated[str, Text(pattern=r"^com_[0-9a-hjkmnp-tv-z]{26}$")]
Clock = Annotated[time, BeforeValidator(plain)]
Age = Annotated[int | None, BeforeValidator(_none), Field(ge=0, le=publishing.AGE_MOST)]
MaybeTime = Annotated[datetime | None, BeforeValidator(_none)]
MaybeNumber = Annotated[str | None, BeforeValidator(_none), Text(pattern=r"^[A-Za-z0-9-]{1,20}$")]
Capacity = Annotated[int, BeforeValidator(plain), Field(ge=1, le=publishing.CAPACITY_MOST)]
Wait = Annotated[int | None, BeforeValidator(_none), Field(ge=0, le=publishing.WAITLIST_MOST)]
Times = Annotated[int, BeforeValidator(plain), Field(ge=1, le=repeats.COUNT_MOST)]
Description = Annotated[
    str, BeforeValidator(_lines), Text(max_length=DESCRIPTION_MOST), AfterValidator(printable)
]
Contact = Annotated[
    str,
    Text(strip_whitespace=True, max_length=CONTACT_MOST),
    AfterValidator(printable),
]
Amount = Annotated[str, BeforeValidator(plain), Text(max_length=20)]


class Often(StrEnum):
    """How often a need comes again, in the choices of the form."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTH_DAY = "month-day"
    MONTH_WEEK = "month-week"


class WhatForm(Sent):
    """What, where and when: what can be changed of a need later, too."""

    title: Title
    place: Title
    day: DayText
    starts: Clock
    ends: Clock
    ends_day: MaybeDay = None
    capacity: Capacity
    description: Description = ""
    contact: Contact = ""
    reward_asset: Annotated[list[str], Field(max_length=_ASSETS_MOST, default_factory=list)]
    reward_units: Annotated[list[Amount], Field(max_length=_ASSETS_MOST, default_factory=list)]
    reward_per: Annotated[list[Per], Field(max_length=_ASSETS_MOST, default_factory=list)]


class NeedForm(WhatForm):
    """Everything that a need says, and how often it comes again."""

    category: Code
    community_id: CommunityText
    capacity_unit: CapacityUnit = CapacityUnit.PERSON
    open_to: Annotated[list[Party], Field(min_length=1, max_length=3)]
    age_from: Age = None
    age_below: Age = None
    skills: Annotated[list[Code], Field(max_length=20, default_factory=list)]
    neighbours_only: bool = False
    claims_until: MaybeTime = None
    withdraw_until: MaybeTime = None
    waitlist_most: Wait = None
    beneficiary: MaybeNumber = None
    often: Often = Often.ONCE
    weekdays: Annotated[list[Weekday], Field(max_length=7, default_factory=list)]
    times: Times = 4
    until: MaybeDay = None
    of: Annotated[str, Text(max_length=40)] = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the form offers to choose from."""

    communities: tuple[Community, ...]
    categories: tuple[Category, ...]
    assets: tuple[Asset, ...]
    skills: tuple[Skill, ...]
    rules: Scheme

    @property
    def places(self) -> list[tuple[str, str]]:
        """The communities as choices."""
        return [(one.community_id, one.name) for one in self.communities]

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """The categories as choices."""
        return [(one.code, one.name) for one in self.categories]

    def most(self, asset: str) -> int | None:
        """Return the most that a need may give of an asset."""
        return self.rules.of_asset(asset).reward_most

    def rates(self, category: str) -> dict[str, Reward]:
        """Return what the programme itself pays for a category, by asset."""
        return {one.asset: one for one in self.rules.rewards_of(category)}


def desk(view: View, within: tuple[str, ...] | None) -> Desk:
    """Return what somebody may choose whose role holds in these communities."""
    near = [one for one in communities.every(view) if within is None or one.community_id in within]
    assets = [one for one in accounts.every_asset(view).values() if one.kind is not AssetKind.MONEY]
    return Desk(
        tuple(near),
        tuple(categories.every(view)),
        tuple(assets),
        tuple(skills.every(view)),
        scheme.current(view),
    )


def window(form: WhatForm, zone: str) -> tuple[datetime, datetime]:
    """Return when a need starts and ends."""
    last = form.ends_day or form.day
    if last == form.day and form.ends <= form.starts:
        raise BadField("ends", "after the start / 须晚于开始时间")
    return _at(form.day, form.starts, zone), _at(last, form.ends, zone)


def _at(day: date, clock: time, zone: str) -> datetime:
    if day.year not in repeats.YEARS:
        raise BadField("day", f"{repeats.YEARS[0]}–{repeats.YEARS[-1]}")
    return repeats.at(day, clock.replace(second=0, microsecond=0, tzinfo=None), zone)


def rewards(form: WhatForm, desk: Desk, category: str) -> list[Reward]:
    """Return what a need gives: what was typed, and what the scheme pays in its place.

    Raises:
        BadField: an amount is unusable, or there is none at all.
    """
    scales = {one.code: one.scale for one in desk.assets}
    found: dict[str, Reward] = {}
    for asset, typed, per in zip(
        form.reward_asset, form.reward_units, form.reward_per, strict=False
    ):
        if asset in scales and typed not in {"", "0"}:
            found[asset] = Reward(asset, read_units(typed, scales[asset]), per)
    found |= desk.rates(category)
    if not found:
        raise BadField("rewards", "at least one / 至少填写一种积分")
    return [found[one] for one in sorted(found)]


def repeat(form: NeedForm, zone: str) -> Repeat | None:
    """Return how a need comes again, None if it does not."""
    if form.often is Often.ONCE:
        return None
    starts_at, ends_at = window(form, zone)
    end = f"UNTIL={form.until:%Y%m%d}" if form.until is not None else f"COUNT={form.times}"
    return Repeat(
        rule=f"{_rule(form)};{end}",
        first_on=form.day,
        starts=form.starts.replace(second=0, microsecond=0),
        lasts_minutes=(ends_at - starts_at) // timedelta(minutes=1),
    )


def _rule(form: NeedForm) -> str:
    week = list(Weekday)
    day = week[form.day.weekday()]
    named = ",".join(one for one in week if one in form.weekdays) or day
    last_days = 28
    rules = {
        Often.DAILY: "FREQ=DAILY",
        Often.WEEKLY: f"FREQ=WEEKLY;BYDAY={named}",
        Often.FORTNIGHTLY: f"FREQ=WEEKLY;INTERVAL=2;BYDAY={named}",
        Often.MONTH_DAY: f"FREQ=MONTHLY;BYMONTHDAY={min(form.day.day, last_days)}",
        Often.MONTH_WEEK: f"FREQ=MONTHLY;BYDAY={_nth(form.day)}{day}",
    }
    if form.often is Often.MONTH_DAY and form.day.day > last_days:
        return "FREQ=MONTHLY;BYMONTHDAY=-1"
    return rules[form.often]


def _nth(day: date) -> int:
    """Return which of its weekday in the month a day is; the fifth counts as the last."""
    nth = (day.day - 1) // 7 + 1
    return nth if nth < 5 else -1  # noqa: PLR2004 - months have four to five of each


def said(form: NeedForm, desk: Desk, view: View, within: tuple[str, ...] | None) -> dict[str, Any]:
    """Return what the engine is asked to publish, but for when.

    Raises:
        BadField: names what is unusable.
    """
    return {
        "title": form.title,
        "category": form.category,
        "community_id": form.community_id,
        "place": form.place,
        "capacity": form.capacity,
        "rewards": rewards(form, desk, form.category),
        "audience": Audience(
            open_to=tuple(one for one in Party if one in form.open_to),
            age_from=form.age_from,
            age_below=form.age_below,
            skills=tuple(form.skills),
            neighbours_only=form.neighbours_only,
        ),
        "beneficiary_id": beneficiary(view, form.beneficiary, within),
    }


def beneficiary(view: View, number: str | None, within: tuple[str, ...] | None) -> str | None:
    """Return the member of a number, for whom a need is; None if no number is given.

    Raises:
        BadField: no active member of these communities has it.
    """
    if number is None:
        return None
    found = namesakes.of_numbers(view, [number], within=within)
    if number not in found:
        raise BadField("beneficiary", "no active member has this number / 没有这个编号的成员")
    return found[number]


def terms(form: NeedForm, view: View) -> Terms:
    """Return how a need is claimed; its deadlines are those of one day."""
    zone = view.bank.zone

    def instant(local: datetime | None) -> datetime | None:
        return None if local is None else _at(local.date(), local.time(), zone)

    return Terms(
        capacity_unit=form.capacity_unit,
        claims_until=instant(form.claims_until),
        withdraw_until=instant(form.withdraw_until),
        waitlist_most=form.waitlist_most,
    )


def closing(form: NeedForm, zone: str) -> dict[str, int | None]:
    """Return the deadlines of a series: so many minutes before each start.

    Raises:
        BadField: a deadline is after the first start.
    """
    starts_at, _ = window(form, zone)
    found: dict[str, int | None] = {}
    for name, local in (("claims", form.claims_until), ("withdraw", form.withdraw_until)):
        minutes = None
        if local is not None:
            minutes = (starts_at - _at(local.date(), local.time(), zone)) // timedelta(minutes=1)
            if minutes < 0:
                raise BadField(f"{name}_until", "before the start / 须早于开始时间")
        found[f"{name}_close_minutes"] = minutes
    return found


def fields(form: WhatForm) -> list[tuple[str, str]]:
    """Return a form as the fields that would send it again, so that it is carried along."""
    pairs: list[tuple[str, str]] = []
    for name, value in form.said().items():
        several: Sequence[Any] = value if isinstance(value, list) else [value]
        pairs += [(name, _text(one)) for one in several if one is not None and one is not False]
    return pairs


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return "true" if value is True else str(value)
