"""What can go wrong when a membership ends."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Forbidden, NotFound, Refused


@dataclass(eq=False)
class ClaimsInFlight(Refused):
    """Services of this member are still to be ended or reviewed."""

    slug = "claims-in-flight"
    zh = "还有 {count} 项报名或服务没有了结（待参加、进行中或待审核），请先办完"
    en = "{count} claims are still open (to come, under way or to be reviewed): end them first"
    member_id: str
    count: int


@dataclass(eq=False)
class Involved(Forbidden):
    """Nobody settles what is theirs, or what somebody close to them gains by (law 7)."""

    slug = "involved"
    zh = "办理人与当事人或受益人是同一人或有关联，请由他人办理"
    en = "Who is one of the people concerned, or close to one, does not settle this"


@dataclass(eq=False)
class SecondWorkerNeeded(Forbidden):
    """A second member of staff confirms."""

    slug = "second-worker-needed"
    zh = "须由另一位工作人员确认"
    en = "Another member of staff has to confirm this"


@dataclass(eq=False)
class MergeNotFound(NotFound):
    """No such merging of two rows in this bank."""

    slug = "merge-not-found"
    zh = "没有这项合并"
    en = "There is no such merging of two members"
    merge_id: str


@dataclass(eq=False)
class DepartureNotFound(NotFound):
    """No such departure in this bank."""

    slug = "departure-not-found"
    zh = "没有这项离社办理"
    en = "There is no such departure"
    departure_id: str


@dataclass(eq=False)
class NotFamily(Refused):
    """Points go to a registered delegate, a guardian, or a relative whose document was seen."""

    slug = "not-family"
    zh = "受让人须为已登记的代办人、监护人，或登记证件号码与所示证件一致的亲属"
    en = "Points go to a registered delegate or guardian, or a relative by the document shown"
    to_member_id: str


@dataclass(eq=False)
class ErasureNotFound(NotFound):
    """No such wish to be erased in this bank."""

    slug = "erasure-not-found"
    zh = "没有这项注销申请"
    en = "There is no such wish to be erased"
    erasure_id: str


@dataclass(eq=False)
class InOffice(Refused):
    """Who holds an office gives that up first."""

    slug = "in-office"
    zh = "该成员仍在任职，请先卸任再办理"
    en = "This member still holds an office; that has to end first"
    member_id: str


@dataclass(eq=False)
class ErasureAsked(Refused):
    """Who has asked to be erased is not merged: what was asked for would be lost in the old row."""

    slug = "erasure-asked"
    zh = "该成员已申请注销，请先撤回申请，再合并资料"
    en = "This member has asked to be erased; that is taken back before two rows are merged"
    member_id: str
