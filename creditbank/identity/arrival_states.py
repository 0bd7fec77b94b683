"""Where a list of newcomers stands, what may be done with it then, and what is said otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from creditbank.core.errors import NotFound, Refused
from creditbank.core.states import Machine, Verb


class ArrivalState(StrEnum):
    """Where a list stands."""

    STORING = "storing"
    FAULTY = "faulty"
    CHECKED = "checked"
    WRITING = "writing"
    AWAITING = "awaiting"
    POSTING = "posting"
    WRITTEN = "written"
    DECLINED = "declined"
    DROPPED = "dropped"


_OFFICE = ("工作人员", "staff")
_SECOND = ("另一位工作人员", "a second person")
_SYSTEM = ("系统", "the system")

ARRIVING = Machine(
    thing="list of newcomers",
    thing_zh="导入名单",
    states={
        ArrivalState.STORING: "上传中",
        ArrivalState.FAULTY: "有错误",
        ArrivalState.CHECKED: "待写入",
        ArrivalState.WRITING: "写入中",
        ArrivalState.AWAITING: "期初积分待确认",
        ArrivalState.POSTING: "期初积分入账中",
        ArrivalState.WRITTEN: "已完成",
        ArrivalState.DECLINED: "期初积分未入账",
        ArrivalState.DROPPED: "已放弃",
    },
    verbs={
        "check": Verb("检查", "check the list", *_SYSTEM),
        "fault": Verb("检查", "check the list", *_SYSTEM),
        "begin": Verb("写入", "write the list", *_OFFICE),
        "drop": Verb("放弃", "drop the list", *_OFFICE),
        "end": Verb("完成", "finish the list", *_SYSTEM),
        "await": Verb("完成", "finish the list", *_SYSTEM),
        "confirm": Verb("确认", "confirm the totals", *_SECOND),
        "decline": Verb("退回", "decline the totals", *_SECOND),
    },
    moves={
        (ArrivalState.STORING, "check"): ArrivalState.CHECKED,
        (ArrivalState.STORING, "fault"): ArrivalState.FAULTY,
        (ArrivalState.STORING, "drop"): ArrivalState.DROPPED,
        (ArrivalState.CHECKED, "drop"): ArrivalState.DROPPED,
        (ArrivalState.FAULTY, "drop"): ArrivalState.DROPPED,
        (ArrivalState.CHECKED, "begin"): ArrivalState.WRITING,
        (ArrivalState.WRITING, "end"): ArrivalState.WRITTEN,
        (ArrivalState.WRITING, "await"): ArrivalState.AWAITING,
        (ArrivalState.AWAITING, "confirm"): ArrivalState.POSTING,
        (ArrivalState.AWAITING, "decline"): ArrivalState.DECLINED,
        (ArrivalState.POSTING, "end"): ArrivalState.WRITTEN,
    },
)
UNBEGUN = (ArrivalState.STORING, ArrivalState.FAULTY, ArrivalState.CHECKED)
BEGUN = tuple(one for one in ArrivalState if one not in {*UNBEGUN, ArrivalState.DROPPED})
WORKED = (ArrivalState.WRITING, ArrivalState.POSTING)


@dataclass(eq=False)
class ArrivalNotFound(NotFound):
    """No such list in this bank."""

    slug = "arrival-not-found"
    zh = "没有这份导入名单"
    en = "There is no such list of newcomers"
    arrival_id: str


@dataclass(eq=False)
class ArrivalFaulty(Refused):
    """A list with errors is not written, not even in part."""

    slug = "arrival-faulty"
    zh = "名单里还有 {faults} 处错误，请改好后重新上传"
    en = "There are {faults} errors in the list; please mend them and upload it again"
    faults: int


@dataclass(eq=False)
class ArrivalRepeated(Refused):
    """The very same file was written before: people without a phone would be there twice."""

    slug = "arrival-repeated"
    zh = "同一份文件已经写入过，不能再写一次；请放弃这一份"
    en = "The same file was written before and can't be written again; please drop this one"
