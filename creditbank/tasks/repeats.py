"""Repeats: on which days a task recurs, by a rule as RFC 5545 writes it. Pure.

Days and times are those of the bank's calendar: 19:00 stays 19:00 when clocks change, and a time
that a change leaves out is what clocks show then. A rule has an end, and is looked at part by
part before it is expanded. Only what always comes round is taken (days, weeks, months), so that
no rule is searched for a day that never comes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import takewhile
from typing import Literal
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule, weekday

from creditbank.core.errors import BadField
from creditbank.tasks.series_errors import EndlessRepeat

COUNT_MOST = 200
DAYS_MOST = 366
RULE_MOST = 200
MINUTES_MOST = 31 * 24 * 60


class Weekday(StrEnum):
    """A day of the week, as RFC 5545 writes it."""

    MO = "MO"
    TU = "TU"
    WE = "WE"
    TH = "TH"
    FR = "FR"
    SA = "SA"
    SU = "SU"


_WEEK = list(Weekday)
# How often, and the largest INTERVAL: a year of it.
_FREQUENCIES: dict[str, tuple[Literal[1, 2, 3], int]] = {
    "DAILY": (DAILY, 366),
    "WEEKLY": (WEEKLY, 53),
    "MONTHLY": (MONTHLY, 12),
}
_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "WKST"}
_DAY = re.compile(r"([+-]?[1-4])?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_MONTH_DAY = re.compile(r"-?(?:[1-9]|1[0-9]|2[0-8])", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_UNTIL = re.compile(r"[0-9]{8}(?:T[0-9]{6}Z?)?", re.ASCII)
_UNTIL_SAYS = "YYYYMMDD or YYYYMMDDThhmmssZ / 结束日期有误"
YEARS = range(2000, 2200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """When a task recurs: by which rule, not before which day, at what time, for how long."""

    rule: str
    first_on: date
    starts: time
    lasts_minutes: int
    left_out: tuple[date, ...] = ()


def weekly(weekdays: Sequence[Weekday], until: date) -> str:
    """Return the rule of every week on these days, until a day, that included.

    Raises:
        BadField: no weekday is named, or one twice.
    """
    if not weekdays or len(set(weekdays)) < len(weekdays):
        raise BadField("weekdays", "at least one, each once / 至少一天，不重复")
    days = ",".join(one for one in _WEEK if one in weekdays)
    return f"FREQ=WEEKLY;BYDAY={days};UNTIL={until:%Y%m%d}"


def windows(repeat: Repeat, zone: str) -> tuple[tuple[datetime, datetime], ...]:
    """Return when each occurrence starts and ends, in order.

    Raises:
        BadField: names what is unusable of the rule, or says that it has no day.
        EndlessRepeat: it has no end, or one that is too far.
    """
    if not 1 <= repeat.lasts_minutes <= MINUTES_MOST:
        raise BadField("lasts_minutes", f"1–{MINUTES_MOST}")
    if repeat.starts.tzinfo is not None or repeat.starts.second or repeat.starts.microsecond:
        raise BadField("starts", "hours and minutes / 时和分")
    lasts = timedelta(minutes=repeat.lasts_minutes)
    starts = [at(day, repeat.starts, zone) for day in days(repeat, zone)]
    return tuple((one, one + lasts) for one in starts)


def require_monday(name: str, day: date) -> None:
    """See that a day begins a week.

    Raises:
        BadField: it does not.
    """
    if day.weekday() != 0 or day.year not in YEARS:
        raise BadField(name, "a Monday / 须为星期一")


def at(day: date, clock: time, zone: str) -> datetime:
    """Return the instant, in UTC, at which clocks in a zone show a time of a day."""
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)


def days(repeat: Repeat, zone: str) -> tuple[date, ...]:
    """Return the days on which a task recurs, those left out not among them.

    Raises:
        BadField: names what is unusable of the rule, or says that it has no day.
        EndlessRepeat: it has no end, or one that is too far.
    """
    parts = _parts(repeat.rule)
    count = _number(parts, "COUNT", None)
    if repeat.first_on.year not in YEARS:
        raise BadField("first_on", f"{YEARS[0]}–{YEARS[-1]}")
    begin = datetime.combine(repeat.first_on, repeat.starts)
    until = _until(parts, begin, zone)
    if (count is None) == (until is None):
        if count is not None:
            raise BadField("rule", "COUNT or UNTIL, not both / COUNT 与 UNTIL 只能选一")
        raise EndlessRepeat(COUNT_MOST, DAYS_MOST)
    horizon = begin + timedelta(days=DAYS_MOST)
    if (count or 0) > COUNT_MOST or (until is not None and until > horizon):
        raise EndlessRepeat(COUNT_MOST, DAYS_MOST)
    if until is not None and until < begin:
        raise BadField("until", "before the first day / 早于首次日期")
    every = takewhile(lambda one: one <= horizon, _expand(parts, begin, until or horizon))
    found = [one.date() for _, one in zip(range(count or DAYS_MOST + 1), every, strict=False)]
    if count is not None and len(found) < count:
        raise EndlessRepeat(COUNT_MOST, DAYS_MOST)
    kept = tuple(one for one in found if one not in repeat.left_out)
    if not kept:
        raise BadField("rule", "there is no such day / 没有符合的日期")
    return kept


def _parts(rule: str) -> dict[str, str]:
    """Read a rule into its parts, each known and named once.

    Raises:
        BadField: it cannot be read.
    """
    text = rule.strip().upper().removeprefix("RRULE:")
    pairs = [one.partition("=") for one in text.split(";")]
    parts = {name: value for name, _, value in pairs}
    if len(rule) > RULE_MOST or len(parts) < len(pairs) or not all(parts.values()):
        raise BadField("rule", "NAME=VALUE;… each once / 格式应为 名=值，各一次")
    for name in parts:
        if name not in _PARTS:
            raise BadField("rule", f"{name[:20]} is not taken / 不支持 {name[:20]}")
    frequency = parts.get("FREQ", "?")[:20]
    if frequency not in _FREQUENCIES:
        raise BadField("rule", f"FREQ {frequency}: DAILY, WEEKLY, MONTHLY / 按天、按周或按月")
    _check_days(parts, frequency)
    return parts


def _check_days(parts: dict[str, str], frequency: str) -> None:
    """See that the days named always come round.

    Raises:
        BadField: one of them does not, or there is no such weekday.
    """
    by_day = [_DAY.fullmatch(one) for one in parts.get("BYDAY", "MO").split(",")]
    if not all(by_day):
        raise BadField("rule", "BYDAY: MO TU WE TH FR SA SU; in months 1MO … -1SU / 没有这样的星期")
    if "BYDAY" in parts and frequency == "DAILY":
        raise BadField("rule", "BYDAY goes with WEEKLY / BYDAY 请用 WEEKLY")
    if frequency == "WEEKLY" and any(one is not None and one[1] for one in by_day):
        raise BadField("rule", "weekdays without a number / 按周时星期不带序号")
    if "BYMONTHDAY" in parts:
        if frequency != "MONTHLY" or "BYDAY" in parts:
            raise BadField("rule", "BYMONTHDAY alone, with MONTHLY / BYMONTHDAY 只用于按月")
        if not all(_MONTH_DAY.fullmatch(one) for one in parts["BYMONTHDAY"].split(",")):
            raise BadField("rule", "BYMONTHDAY 1–28, -1 is the last day / 1–28，-1 为月末")
    elif frequency == "MONTHLY" and "BYDAY" not in parts:
        raise BadField("rule", "MONTHLY needs BYDAY or BYMONTHDAY / 按月须说明哪一天")
    if parts.get("WKST", "MO") not in set(Weekday):
        raise BadField("rule", "WKST: MO … SU")


def _number(parts: dict[str, str], name: str, default: int | None) -> int | None:
    if name not in parts:
        return default
    if not _NUMBER.fullmatch(parts[name]):
        raise BadField("rule", f"{name}: a whole number from 1 / {name} 应为正整数")
    return int(parts[name])


def _until(parts: dict[str, str], begin: datetime, zone: str) -> datetime | None:
    """Return the last instant of a rule on the bank's clocks; a day is meant to its end."""
    said = parts.get("UNTIL")
    if said is None:
        return None
    if not _UNTIL.fullmatch(said):
        raise BadField("until", _UNTIL_SAYS)
    try:
        day = datetime.strptime(said[:8], "%Y%m%d").replace(tzinfo=UTC)
        if "T" not in said:
            return datetime.combine(day.date(), begin.time())
        instant = datetime.strptime(said[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        local = instant.astimezone(ZoneInfo(zone)) if said.endswith("Z") else instant
        return local.replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise BadField("until", _UNTIL_SAYS) from None


def _expand(parts: dict[str, str], begin: datetime, until: datetime) -> rrule:
    frequency, most = _FREQUENCIES[parts["FREQ"]]
    interval = _number(parts, "INTERVAL", 1) or 1
    if interval > most:
        raise BadField("rule", f"INTERVAL 1–{most}")
    by_day = [_weekday(one) for one in parts["BYDAY"].split(",")] if "BYDAY" in parts else None
    by_month_day = [int(one) for one in parts.get("BYMONTHDAY", "").split(",") if one]
    return rrule(
        frequency,
        dtstart=begin,
        until=until,
        interval=interval,
        wkst=_WEEK.index(Weekday(parts.get("WKST", "MO"))),
        byweekday=by_day,
        bymonthday=by_month_day or None,
    )


def _weekday(said: str) -> weekday:
    number, name = said[:-2], said[-2:]
    return weekday(_WEEK.index(Weekday(name)), int(number) if number else None)
