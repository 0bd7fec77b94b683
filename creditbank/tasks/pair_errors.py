"""What can go wrong with pairs and their visits."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Forbidden, NotFound, Refused


@dataclass(eq=False)
class PairNotFound(NotFound):
    """No such pair in this bank, or it is not the caller's."""

    slug = "pair-not-found"
    zh = "没有这项结对"
    en = "There is no such pair"
    pair_id: str


@dataclass(eq=False)
class AlreadyPaired(Refused):
    """An elder has one pair at a time."""

    slug = "already-paired"
    zh = "这位长者已有结对，请先结束原来的结对"
    en = "This elder is paired already; end that pair first"
    pair_id: str


@dataclass(eq=False)
class OwnElder(Forbidden):
    """Nobody is paired with, or visits for credit, themselves or their own household."""

    slug = "own-elder"
    zh = "不能与本人或同住的家人结对，也不能作为志愿服务探访同住的家人"
    en = "Nobody is paired with themselves or their household, or visits it for credit"


@dataclass(eq=False)
class NotOfPair(Refused):
    """Visits are the pair's own: its volunteer's, or people's of its household."""

    slug = "not-of-pair"
    zh = "探访只能由结对的志愿者或家庭成员进行"
    en = "Only the paired volunteer, or people of the paired household, make these visits"
    pair_id: str
