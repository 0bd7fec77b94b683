"""Journals: a year of services, spends and gifts as CSV, to try a programme's rules on. Pure.

A row is read with everything that can be wrong about it; a bad one is named by line and reason.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from creditbank.core.values import PAYMENT_UNITS_MOST
from creditbank.schemes.parameters import Scheme
from creditbank.schemes.rewards import Per, Reward

COLUMNS = ("day", "what", "member", "minutes", "category", "asset", "units", "per", "to")
MINUTES_MOST = 31 * 24 * 60

HELP = """The journal is a CSV file (UTF-8 or with BOM) with the columns
day,what,member,minutes,category,asset,units,per,to in any order; days never go back.
join: MEMBER comes in. service: MEMBER serves MINUTES in CATEGORY; what it gives is by the rates
of the file, or UNITS of ASSET PER hour|person; with TO a team's name it is served for that team.
spend: MEMBER spends UNITS of ASSET. gift: MEMBER gives UNITS of ASSET to member TO.
donate: MEMBER donates UNITS of ASSET to the fund TO. Ages and kinship are not looked at."""

_NUMBER = re.compile(r"[0-9]{1,9}")


class What(StrEnum):
    """What a row says has happened."""

    JOIN = "join"
    SERVICE = "service"
    SPEND = "spend"
    GIFT = "gift"
    DONATE = "donate"


@dataclass(frozen=True, slots=True)
class Event:
    """One row; a service has its rewards, the others units of one asset."""

    line: int
    day: date
    what: What
    member: str
    minutes: int = 0
    rewards: tuple[Reward, ...] = ()
    asset: str = ""
    units: int = 0
    to: str = ""


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that says nothing that could have happened."""

    line: int
    reason: str


class _Unusable(Exception):
    """Why a row is bad."""


def events(lines: Iterable[str], scheme: Scheme) -> tuple[list[Event], list[Bad]]:
    """Read a journal and return its events and its bad rows."""
    reader = csv.DictReader(lines)
    head = {name.strip().lstrip("\ufeff") for name in reader.fieldnames or ()}
    if missing := [name for name in ("day", "what", "member") if name not in head]:
        return [], [Bad(1, f"no column {', '.join(missing)} / 缺少列")]
    if unknown := sorted(head - set(COLUMNS)):
        return [], [Bad(1, f"unknown column {', '.join(unknown)} / 未知列")]
    good: list[Event] = []
    bad: list[Bad] = []
    last = date.min
    for line, row in _rows(reader):
        try:
            one = _event(line, row, scheme, last)
        except _Unusable as error:
            bad.append(Bad(line, str(error)))
            continue
        last = one.day
        good.append(one)
    return good, bad


def _rows(reader: csv.DictReader[str]) -> Iterator[tuple[int, dict[str, str]]]:
    for row in reader:
        plain = {
            str(name or "").strip().lstrip("\ufeff"): (value or "").strip()
            for name, value in row.items()
            if isinstance(value, str | None)
        }
        if any(plain.values()) or None in row:
            plain["extra"] = "more" if None in row else ""
            yield reader.line_num, plain


def _event(line: int, row: Mapping[str, str], scheme: Scheme, last: date) -> Event:
    if row["extra"]:
        raise _Unusable("more values than columns / 列数过多")
    try:
        day = date.fromisoformat(row["day"])
    except ValueError as error:
        raise _Unusable(f"day '{row['day'][:20]}': YYYY-MM-DD / 日期格式不对") from error
    if day < last:
        raise _Unusable(f"{day} after {last}: sort by day / 请按日期排序")
    if row["what"] not in set(What):
        raise _Unusable(f"what '{row['what'][:20]}': {' | '.join(What)} / 没有这种业务")
    what, member = What(row["what"]), row["member"]
    if not member:
        raise _Unusable("no member / 未填写成员")
    to = row.get("to", "")
    if what is What.JOIN:
        return Event(line, day, what, member)
    if what is What.SERVICE:
        minutes = _number(row, "minutes", MINUTES_MOST)
        return Event(line, day, what, member, minutes, _rewards(row, scheme), to=to)
    if what is not What.SPEND and (not to or to == member):
        raise _Unusable("to: somebody else, or a fund / 未填写给谁")
    asset, units = _asset(row, scheme), _number(row, "units", PAYMENT_UNITS_MOST)
    return Event(line, day, what, member, asset=asset, units=units, to=to)


def _number(row: Mapping[str, str], name: str, most: int) -> int:
    text = row.get(name, "")
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= most:
        raise _Unusable(f"{name} '{text[:20]}': 1–{most} / 须为整数")
    return int(text)


def _asset(row: Mapping[str, str], scheme: Scheme) -> str:
    known = {one.asset for one in scheme.assets} | {one.asset for one in scheme.rates}
    asset = row.get("asset", "")
    if not asset or (known and asset not in known):
        raise _Unusable(f"asset '{asset[:20]}': {' | '.join(sorted(known))} / 没有这种积分")
    return asset


def _rewards(row: Mapping[str, str], scheme: Scheme) -> tuple[Reward, ...]:
    """Return what a service gives: what the row says, beside what the scheme itself pays."""
    paid = {one.asset: one for one in scheme.rewards_of(row.get("category") or None)}
    if row.get("asset"):
        asset, units = _asset(row, scheme), _number(row, "units", PAYMENT_UNITS_MOST)
        if row.get("per") not in set(Per):
            raise _Unusable(f"per '{row.get('per', '')[:20]}': {' | '.join(Per)} / 计量方式不对")
        said = Reward(asset, units, Per(row["per"]))
        if paid.get(asset, said) != said:
            raise _Unusable(f"'{asset}' is paid by the rates of the file / 与规则方案的标准不符")
        most = scheme.of_asset(asset).reward_most
        if most is not None and units > most:
            raise _Unusable(f"units {units}: ≤ {most} / 高于单次奖励上限")
        paid[asset] = said
    if not paid:
        raise _Unusable("no rate for it in the file: say asset, units, per / 未写明给多少")
    return tuple(paid[asset] for asset in sorted(paid))
