"""Offers in words, as they are said at a till, on a shop's page and on its poster."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from merchants.offers import WEEKDAYS, Item, Offer, Step

_FEN = 100
_DAYS_ZH = dict(zip(WEEKDAYS, "一二三四五六日", strict=True))
_DAYS_EN = dict(zip(WEEKDAYS, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))


@dataclass(frozen=True, slots=True)
class Sentences:
    """An offer in words: what it gives, and what bounds it; each in Chinese and English."""

    head: tuple[str, str]
    bounds: tuple[tuple[str, str], ...]


def yuan(fen: int) -> str:
    """Return yuan as people say them: 30, 2.50."""
    whole, rest = divmod(fen, _FEN)
    return f"{whole:,}.{rest:02}" if rest else f"{whole:,}"


def of(offer: Offer, asset: str) -> Sentences:
    """Return an offer in words; ``asset`` is what its points are called."""
    if isinstance(offer.rule, Step):
        return Sentences(_step_head(offer.rule, asset), (*_step_bounds(offer.rule), *_days(offer)))
    return Sentences(_item_head(offer.rule, asset), (*_item_bounds(offer.rule), *_days(offer)))


def _step_head(rule: Step, asset: str) -> tuple[str, str]:
    every, each = yuan(rule.every_fen), yuan(rule.fen_per_point)
    return (
        f"每满 {every} 元可用 {rule.points} 个{asset}，每个抵 {each} 元",
        f"For every full {every} yuan, {rule.points} {asset}, each worth {each} yuan",
    )


def _item_head(rule: Item, asset: str) -> tuple[str, str]:
    return (f"{rule.points} 个{asset}换{rule.item}", f"{rule.item} for {rule.points} {asset}")


def _step_bounds(rule: Step) -> list[tuple[str, str]]:
    caps = (
        (rule.most_per_order, "每单最多 {} 个", "at most {} a bill"),
        (rule.most_per_member_day, "每人每天最多 {} 个", "at most {} a person and day"),
        (rule.most_per_merchant_day, "本店每天最多 {} 个", "at most {} a day in this shop"),
    )
    return [(zh.format(n), en.format(n)) for n, zh, en in caps if n is not None]


def _item_bounds(rule: Item) -> list[tuple[str, str]]:
    caps = (
        (rule.stock, "共 {} 份，兑完为止", "{} in all"),
        (rule.most_per_member, "每人最多 {} 份", "at most {} a person"),
    )
    return [(zh.format(n), en.format(n)) for n, zh, en in caps if n is not None]


def _days(offer: Offer) -> list[tuple[str, str]]:
    found = []
    if offer.weekdays != WEEKDAYS:
        zh = "、".join(f"周{_DAYS_ZH[one]}" for one in offer.weekdays)
        found.append((f"限{zh}", f"on {', '.join(_DAYS_EN[one] for one in offer.weekdays)}"))
    if offer.from_day is not None:
        found.append((f"{_day(offer.from_day)}起", f"from {offer.from_day.isoformat()}"))
    if offer.until_day is not None:
        found.append((f"到 {_day(offer.until_day)}止", f"until {offer.until_day.isoformat()}"))
    return found


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
