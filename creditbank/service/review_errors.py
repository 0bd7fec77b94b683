"""What can go wrong with reviews, disputes and second looks."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Forbidden, Gone, Refused


@dataclass(eq=False)
class OtherReviewerNeeded(Forbidden):
    """A dispute is decided, and a second look taken, by someone other than the first reviewer."""

    slug = "other-reviewer-needed"
    zh = "须由原审核人及其家人以外的人办理"
    en = "Someone other than the first reviewer, and not of their household, decides this"
    claim_id: str


@dataclass(eq=False)
class DisputeTooLate(Gone):
    """The time in which a rejection may be disputed is over."""

    slug = "dispute-too-late"
    zh = "审核结果已超过 {days} 天，不能再提出异议"
    en = "The decision is older than {days} days and stands"
    claim_id: str
    days: int


@dataclass(eq=False)
class DecisionFinal(Refused):
    """A decision about a dispute is not disputed again."""

    slug = "decision-final"
    zh = "异议已经复核过一次，结果为最终结果"
    en = "This was disputed once and decided by a second reviewer; that is final"
    claim_id: str


@dataclass(eq=False)
class LookFirst(Refused):
    """Something is odd about the service: not among many at once without a look."""

    slug = "look-first"
    zh = "这次服务有疑点，请先查看再批量通过"
    en = "Something is odd about this service: look at it before it is approved among others"
    claim_id: str
    flags: str


@dataclass(eq=False)
class NotDrawn(Refused):
    """The approval was not drawn for a second look, or somebody has taken it."""

    slug = "not-drawn"
    zh = "这次审核没有被抽中复查，或已经复查过"
    en = "This approval waits for no second look"
    claim_id: str
