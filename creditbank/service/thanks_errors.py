"""What can go wrong with notes of thanks."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Forbidden, NotFound, Refused


@dataclass(eq=False)
class ThanksNotFound(NotFound):
    """No such note of thanks in this bank."""

    slug = "thanks-not-found"
    zh = "没有这面电子锦旗"
    en = "There is no such note of thanks"
    thanks_id: str


@dataclass(eq=False)
class ThanksTooEarly(Refused):
    """Thanks are for a service that was approved."""

    slug = "thanks-too-early"
    zh = "服务审核通过后才能赠送电子锦旗"
    en = "The service has to be approved before anybody gives thanks for it"
    claim_id: str


@dataclass(eq=False)
class ThankedAlready(Refused):
    """This writer has thanked them for this service."""

    slug = "thanked-already"
    zh = "您已为这次服务写过感谢"
    en = "You have given thanks for this service already"
    thanks_id: str


@dataclass(eq=False)
class NotServedSo(Refused):
    """The service was not done by a family, or not by a team."""

    slug = "not-served-so"
    zh = "这次服务不是以家庭（或服务队）的名义参加的"
    en = "Nobody served there as a family, or as a team"
    claim_id: str


@dataclass(eq=False)
class ServedOthers(Forbidden):
    """Thanks come from whom the service was for, or from the office."""

    slug = "served-others"
    zh = "只有受助人或社区工作人员可以赠送电子锦旗"
    en = "Thanks come from whom the service was for, or from the office"


@dataclass(eq=False)
class OwnThanks(Forbidden):
    """Nobody thanks oneself or somebody close, nor releases such a note, or one's own."""

    slug = "own-thanks"
    zh = "不能为本人或亲近的人写感谢，自己写的须由另一位工作人员审阅"
    en = "Nobody thanks oneself or somebody close, and a colleague reads what one wrote"
