"""What can go wrong with tasks, claims and reviews."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Forbidden, Gone, NotFound, Refused


@dataclass(eq=False)
class CategoryNotFound(NotFound):
    """No such category in this bank."""

    slug = "category-not-found"
    zh = "没有这个任务类别"
    en = "There is no such category"
    category: str


@dataclass(eq=False)
class CategoryExists(Refused):
    """The code is taken."""

    slug = "category-exists"
    zh = "类别代码“{category}”已存在"
    en = "There is a category '{category}' already"
    category: str


@dataclass(eq=False)
class TaskNotFound(NotFound):
    """No such task in this bank."""

    slug = "task-not-found"
    zh = "没有这项任务"
    en = "There is no such task"
    task_id: str


@dataclass(eq=False)
class TaskServed(Refused):
    """Someone has signed in already, so the task cannot be cancelled any more."""

    slug = "task-served"
    zh = "已有 {signed_in} 人签到，不能取消；任务到时会自动结束，请照常审核"
    en = "{signed_in} people have signed in; it ends by its time and is reviewed as usual"
    task_id: str
    signed_in: int


@dataclass(eq=False)
class TaskClaimed(Refused):
    """Someone has claimed the task for what it gives, so that stays."""

    slug = "task-claimed"
    zh = "已有人认领，奖励不能再改"
    en = "Someone has claimed this task; what it gives stays"
    task_id: str


@dataclass(eq=False)
class ClaimNotFound(NotFound):
    """No such claim in this bank."""

    slug = "claim-not-found"
    zh = "没有这条认领"
    en = "There is no such claim"
    claim_id: str


@dataclass(eq=False)
class PartyNotFound(NotFound):
    """No family or team has claimed so in this bank."""

    slug = "party-not-found"
    zh = "没有这条家庭或团队认领"
    en = "There is no such claim of a family or team"
    party_id: str


@dataclass(eq=False)
class AlreadyClaimed(Refused):
    """The member takes part in this task already."""

    slug = "already-claimed"
    zh = "已经认领过这项任务"
    en = "This task was claimed by this member already"
    claim_id: str
    state: str


@dataclass(eq=False)
class TooEarly(Refused):
    """Signing in opens one hour before the task."""

    slug = "too-early"
    zh = "还没到签到时间（开始前 {minutes} 分钟起可签到）"
    en = "Too early: signing in opens {minutes} minutes before the start"
    task_id: str
    minutes: int


@dataclass(eq=False)
class NotBegun(Refused):
    """Signing out opens with the start of the task."""

    slug = "not-begun"
    zh = "任务还没开始，开始后才能签退"
    en = "The task has not begun; signing out is possible from its start on"
    task_id: str


@dataclass(eq=False)
class NotedDown(Refused):
    """What was noted down afterwards is neither published nor changed."""

    slug = "noted-down"
    zh = "补录的活动不能发布或修改；写错了请取消，再重新补录"
    en = "What was noted down afterwards is not published or changed: cancel it and note it again"
    task_id: str


@dataclass(eq=False)
class OwnWork(Forbidden):
    """Who takes part, published the task, or noted the attendance does not review it."""

    slug = "own-work"
    zh = "不能审核自己参加、自己发布，或由自己代为认领、签到、签退的任务，请由他人审核"
    en = "Nobody reviews what they did, published or noted the attendance of; ask someone else"
    claim_id: str


@dataclass(eq=False)
class SecondPersonNeeded(Forbidden):
    """An approval is withdrawn by a second person."""

    slug = "second-person-needed"
    zh = "撤回审核须由审核人和参与者以外的人办理"
    en = "An approval is withdrawn by someone other than who approved or took part"
    claim_id: str


@dataclass(eq=False)
class WithdrawalTooLate(Gone):
    """The time in which an approval may be withdrawn is over."""

    slug = "withdrawal-too-late"
    zh = "审核已超过 {days} 天，不能撤回"
    en = "The approval is older than {days} days and stands"
    claim_id: str
    days: int
