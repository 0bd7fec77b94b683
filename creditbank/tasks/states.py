"""The life cycles of a task and of a claim: two tables of allowed (state, verb) → state.

A task is stored as draft, open, closed or cancelled; between these, what is full, running or
ended follows from its places and the clock, so nothing waits for a job. Every state that is not
final is ended by somebody named here, or by the clock.
"""

from __future__ import annotations

from enum import StrEnum

from creditbank.core.states import Machine, Verb


class TaskState(StrEnum):
    """Where a task stands."""

    DRAFT = "draft"
    OPEN = "open"
    FULL = "full"
    RUNNING = "running"
    ENDED = "ended"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class ClaimState(StrEnum):
    """Where a claim stands; before ``placed`` it waits for a place, or has one on offer."""

    WAITING = "waiting"
    OFFERED = "offered"
    PLACED = "placed"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    FORCED_OUT = "forced_out"
    APPROVED = "approved"
    REJECTED = "rejected"
    DISPUTED = "disputed"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    NO_SHOW = "no_show"


_ORGANISER = ("组织者", "the organiser")
_MEMBER = ("成员", "a member")
_PARTICIPANT = ("参与者", "the participant")
_CLOCK = ("到时系统", "the clock")
_REVIEWER = ("审核人", "a reviewer")

TASK = Machine(
    thing="task",
    thing_zh="任务",
    states={
        TaskState.DRAFT: "是草稿",
        TaskState.OPEN: "开放认领",
        TaskState.FULL: "名额已满",
        TaskState.RUNNING: "进行中",
        TaskState.ENDED: "已结束",
        TaskState.CLOSED: "已关闭",
        TaskState.CANCELLED: "已取消",
    },
    verbs={
        "open": Verb("发布", "publish it", *_ORGANISER),
        "edit": Verb("修改", "change it", *_ORGANISER),
        "claim": Verb("认领", "claim it", *_MEMBER),
        "fill": Verb("认领最后一个名额", "claim the last place", *_MEMBER),
        "queue": Verb("候补", "wait for a place", *_MEMBER),
        "withdraw": Verb("退出", "withdraw", *_PARTICIPANT),
        "sign_in": Verb("签到", "sign in", *_PARTICIPANT),
        "sign_out": Verb("签退", "sign out", *_PARTICIPANT),
        "pause": Verb("休息", "pause", *_PARTICIPANT),
        "start": Verb("开始", "start it", *_CLOCK),
        "end": Verb("结束", "end it", *_CLOCK),
        "close": Verb("关闭考勤", "close its attendance", *_ORGANISER),
        "cancel": Verb("取消", "cancel it", *_ORGANISER),
    },
    moves={
        (TaskState.DRAFT, "open"): TaskState.OPEN,
        (TaskState.DRAFT, "edit"): TaskState.DRAFT,
        (TaskState.DRAFT, "cancel"): TaskState.CANCELLED,
        (TaskState.OPEN, "edit"): TaskState.OPEN,
        (TaskState.OPEN, "claim"): TaskState.OPEN,
        (TaskState.OPEN, "fill"): TaskState.FULL,
        (TaskState.OPEN, "queue"): TaskState.OPEN,
        (TaskState.OPEN, "withdraw"): TaskState.OPEN,
        (TaskState.OPEN, "sign_in"): TaskState.OPEN,
        (TaskState.OPEN, "sign_out"): TaskState.OPEN,
        (TaskState.OPEN, "pause"): TaskState.OPEN,
        (TaskState.OPEN, "start"): TaskState.RUNNING,
        (TaskState.OPEN, "cancel"): TaskState.CANCELLED,
        (TaskState.FULL, "edit"): TaskState.OPEN,
        (TaskState.FULL, "queue"): TaskState.FULL,
        (TaskState.FULL, "withdraw"): TaskState.OPEN,
        (TaskState.FULL, "sign_in"): TaskState.FULL,
        (TaskState.FULL, "sign_out"): TaskState.FULL,
        (TaskState.FULL, "pause"): TaskState.FULL,
        (TaskState.FULL, "start"): TaskState.RUNNING,
        (TaskState.FULL, "cancel"): TaskState.CANCELLED,
        (TaskState.RUNNING, "claim"): TaskState.RUNNING,
        (TaskState.RUNNING, "withdraw"): TaskState.RUNNING,
        (TaskState.RUNNING, "sign_in"): TaskState.RUNNING,
        (TaskState.RUNNING, "sign_out"): TaskState.RUNNING,
        (TaskState.RUNNING, "pause"): TaskState.RUNNING,
        (TaskState.RUNNING, "end"): TaskState.ENDED,
        (TaskState.RUNNING, "cancel"): TaskState.CANCELLED,
        (TaskState.ENDED, "sign_out"): TaskState.ENDED,
        (TaskState.ENDED, "close"): TaskState.CLOSED,
    },
)

CLAIM = Machine(
    thing="claim",
    thing_zh="认领",
    states={
        ClaimState.WAITING: "候补中",
        ClaimState.OFFERED: "有名额待确认",
        ClaimState.PLACED: "已认领",
        ClaimState.SIGNED_IN: "已签到",
        ClaimState.SIGNED_OUT: "已签退",
        ClaimState.FORCED_OUT: "未签退、已强制结束",
        ClaimState.APPROVED: "已通过审核",
        ClaimState.REJECTED: "未通过审核",
        ClaimState.DISPUTED: "有异议、待复核",
        ClaimState.REVOKED: "已撤回审核",
        ClaimState.WITHDRAWN: "已退出",
        ClaimState.LAPSED: "候补未成",
        ClaimState.NO_SHOW: "未到场",
    },
    verbs={
        "claim": Verb("认领", "claim again", *_MEMBER),
        "queue": Verb("候补", "wait for a place", *_MEMBER),
        "place": Verb("递补", "get a place that became free", *_CLOCK),
        "offer": Verb("询问递补", "be offered a place", *_CLOCK),
        "accept": Verb("接受名额", "take the place on offer", *_PARTICIPANT),
        "lapse": Verb("结束候补", "lose the place in the queue", *_CLOCK),
        "withdraw": Verb("退出", "withdraw", *_PARTICIPANT),
        "sign_in": Verb("签到", "sign in", *_PARTICIPANT),
        "sign_out": Verb("签退", "sign out", *_PARTICIPANT),
        "pause": Verb("休息", "pause", *_PARTICIPANT),
        "force_out": Verb("强制结束", "be signed out", *_CLOCK),
        "close": Verb("关闭考勤", "close the attendance", *_ORGANISER),
        "excuse": Verb("说明缺席", "excuse the absence", *_ORGANISER),
        "cancel": Verb("取消任务", "cancel the task", *_ORGANISER),
        "approve": Verb("通过", "approve it", *_REVIEWER),
        "reject": Verb("不通过", "reject it", *_REVIEWER),
        "dispute": Verb("提出异议", "dispute it", *_PARTICIPANT),
        "withdraw_approval": Verb(
            "撤回审核", "withdraw the approval", "另一位审核人", "a second reviewer"
        ),
    },
    moves={
        (ClaimState.WAITING, "place"): ClaimState.PLACED,
        (ClaimState.WAITING, "offer"): ClaimState.OFFERED,
        (ClaimState.WAITING, "lapse"): ClaimState.LAPSED,
        (ClaimState.WAITING, "withdraw"): ClaimState.WITHDRAWN,
        (ClaimState.WAITING, "cancel"): ClaimState.WITHDRAWN,
        (ClaimState.OFFERED, "accept"): ClaimState.PLACED,
        (ClaimState.OFFERED, "lapse"): ClaimState.LAPSED,
        (ClaimState.OFFERED, "withdraw"): ClaimState.WITHDRAWN,
        (ClaimState.OFFERED, "cancel"): ClaimState.WITHDRAWN,
        (ClaimState.PLACED, "withdraw"): ClaimState.WITHDRAWN,
        (ClaimState.PLACED, "sign_in"): ClaimState.SIGNED_IN,
        (ClaimState.PLACED, "close"): ClaimState.NO_SHOW,
        (ClaimState.PLACED, "cancel"): ClaimState.WITHDRAWN,
        (ClaimState.SIGNED_IN, "sign_out"): ClaimState.SIGNED_OUT,
        (ClaimState.SIGNED_IN, "pause"): ClaimState.SIGNED_IN,
        (ClaimState.SIGNED_IN, "force_out"): ClaimState.FORCED_OUT,
        (ClaimState.SIGNED_IN, "close"): ClaimState.FORCED_OUT,
        (ClaimState.SIGNED_OUT, "approve"): ClaimState.APPROVED,
        (ClaimState.SIGNED_OUT, "reject"): ClaimState.REJECTED,
        (ClaimState.FORCED_OUT, "approve"): ClaimState.APPROVED,
        (ClaimState.FORCED_OUT, "reject"): ClaimState.REJECTED,
        (ClaimState.APPROVED, "withdraw_approval"): ClaimState.REVOKED,
        (ClaimState.REJECTED, "dispute"): ClaimState.DISPUTED,
        (ClaimState.DISPUTED, "approve"): ClaimState.APPROVED,
        (ClaimState.DISPUTED, "reject"): ClaimState.REJECTED,
        (ClaimState.WITHDRAWN, "claim"): ClaimState.PLACED,
        (ClaimState.WITHDRAWN, "queue"): ClaimState.WAITING,
        (ClaimState.LAPSED, "claim"): ClaimState.PLACED,
        (ClaimState.LAPSED, "queue"): ClaimState.WAITING,
        (ClaimState.NO_SHOW, "excuse"): ClaimState.WITHDRAWN,
    },
)

AWAITING_REVIEW = (ClaimState.SIGNED_OUT, ClaimState.FORCED_OUT, ClaimState.DISPUTED)

# Who has no place (yet, or any more); all others hold one.
PLACELESS = (ClaimState.WAITING, ClaimState.LAPSED, ClaimState.WITHDRAWN)
