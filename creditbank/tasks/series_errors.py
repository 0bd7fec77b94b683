"""What can go wrong with tasks that recur."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Malformed, NotFound


@dataclass(eq=False)
class EndlessRepeat(Malformed):
    """A repeat rule goes on too long, or without end; nothing of it was expanded."""

    slug = "endless-repeat"
    zh = "重复规则必须有结束：最多 {count_most} 次，且不晚于首次之后 {days_most} 天"
    en = "A repeat rule has an end: at most {count_most} times, within {days_most} days"
    count_most: int
    days_most: int


@dataclass(eq=False)
class SeriesNotFound(NotFound):
    """No such series in this bank."""

    slug = "series-not-found"
    zh = "没有这个系列"
    en = "There is no such series"
    series_id: str
