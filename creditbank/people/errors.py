"""What can go wrong with people."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Forbidden, NotFound, Refused


@dataclass(eq=False)
class CommunityNotFound(NotFound):
    """No such community in this bank."""

    slug = "community-not-found"
    zh = "没有这个社区"
    en = "There is no such community"
    community_id: str


@dataclass(eq=False)
class CommunityExists(Refused):
    """The bank has a community of this name."""

    slug = "community-exists"
    zh = "已有同名的社区"
    en = "There is a community of this name already"


@dataclass(eq=False)
class MemberNotFound(NotFound):
    """No such member in this bank."""

    slug = "member-not-found"
    zh = "没有这位成员"
    en = "There is no such member"
    member_id: str


@dataclass(eq=False)
class MemberSuspended(Refused):
    """The member may not act now: suspended, or the membership is closed."""

    slug = "member-suspended"
    zh = "该成员目前不能使用（状态：{status}），请联系社区工作人员"
    en = "This member cannot act now (status: {status}); the community office can help"
    member_id: str
    status: str


@dataclass(eq=False)
class NumberTaken(Refused):
    """Another member of the bank has this number."""

    slug = "number-taken"
    zh = "成员编号 {number} 已有人使用"
    en = "The member number {number} is taken"
    number: str


@dataclass(eq=False)
class NotYours(Forbidden):
    """A member acts for oneself only."""

    slug = "not-yours"
    zh = "只能办理自己的事项"
    en = "A member can do this for oneself only"
