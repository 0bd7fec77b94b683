"""What can go wrong where people come, pause and leave, and with what shows that they did."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Forbidden, NotFound, Refused


@dataclass(eq=False)
class SiteCodeClosed(Refused):
    """The site's code is shown from an hour before the task to a while after its end."""

    slug = "site-code-closed"
    zh = "现场码只在 {opens} 到 {closes} 之间显示"
    en = "The site's code is shown between {opens} and {closes} only"
    task_id: str
    opens: str
    closes: str


@dataclass(eq=False)
class SiteCodeNeeded(Refused):
    """The programme wants the site's code from whoever signs in or out alone."""

    slug = "site-code-needed"
    zh = "请扫描现场的现场码；没有手机请找组织者或带队人"
    en = "Scan the code shown at the site; without a phone, ask the organiser or your leader"
    task_id: str


@dataclass(eq=False)
class SiteCodeScrambled(Refused):
    """The digits are no whole site code."""

    slug = "site-code-scrambled"
    zh = "这不是现场码，请重新扫描或输入 18 位数字"
    en = "This is no site code; scan it again, or type its 18 digits"


@dataclass(eq=False)
class SiteCodeOld(Refused):
    """The code was shown here, and its time is over."""

    slug = "site-code-old"
    zh = "这个现场码已过期（{ttl_s} 秒内有效），请扫描现在显示的码"
    en = "This code is over ({ttl_s} seconds); scan the one that is shown now"
    task_id: str
    ttl_s: int


@dataclass(eq=False)
class SiteCodeWrong(Refused):
    """The code is not one of this task."""

    slug = "site-code-wrong"
    zh = "这不是这项任务的现场码，还可以再试 {left} 次"
    en = "This is not the code of this task; {left} tries are left"
    task_id: str
    left: int


@dataclass(eq=False)
class SiteCodeTries(Refused):
    """Too many wrong codes at one task."""

    slug = "site-code-tries"
    zh = "在这项任务输错现场码的次数过多，请找组织者或带队人签到"
    en = "Too many wrong codes at this task; ask the organiser or your leader to sign you in"
    task_id: str


@dataclass(eq=False)
class Unaccompanied(Refused):
    """A child is signed in after an adult of the family who is there."""

    slug = "unaccompanied"
    zh = "未满 {age} 周岁须有监护人或家中成年人先在同一任务签到"
    en = "Below {age}, a guardian or an adult of the household signs in at the same task first"
    claim_id: str | None
    age: int


@dataclass(eq=False)
class SignedInElsewhere(Refused):
    """Nobody is at two places at once."""

    slug = "signed-in-elsewhere"
    zh = "正在另一项任务中（已签到），请先签退"
    en = "Signed in at another task that still runs; sign out there first"
    claim_id: str


@dataclass(eq=False)
class PauseOpen(Refused):
    """The participant pauses already."""

    slug = "pause-open"
    zh = "已在休息中"
    en = "A pause is under way already"
    claim_id: str


@dataclass(eq=False)
class NoPause(Refused):
    """There is no pause to end."""

    slug = "no-pause"
    zh = "现在没有在休息"
    en = "There is no pause to end"
    claim_id: str


@dataclass(eq=False)
class NotBeneficiary(Forbidden):
    """Only for whom a task is can say whether it was done; the office, for them on the phone."""

    slug = "not-beneficiary"
    zh = "只有受助人本人（或社区工作人员来电代办）可以确认"
    en = "Only the beneficiary confirms this, or the office for them in an assist"
    claim_id: str


@dataclass(eq=False)
class ConfirmationNeeded(Refused):
    """A service of this category counts once its beneficiary has confirmed it."""

    slug = "confirmation-needed"
    zh = "这类服务须先由受助人确认"
    en = "The beneficiary has to confirm a service of this category first"
    claim_id: str


@dataclass(eq=False)
class Contradicted(Refused):
    """The beneficiary says that it was otherwise."""

    slug = "contradicted"
    zh = "受助人表示情况不符，不能通过；请先与其核实"
    en = "The beneficiary says it was otherwise; talk to them before approving"
    claim_id: str


@dataclass(eq=False)
class PhotosFull(Refused):
    """There are as many photos as one claim may have."""

    slug = "photos-full"
    zh = "每条认领最多 {most} 张照片"
    en = "A claim has {most} photos at most"
    claim_id: str
    most: int


@dataclass(eq=False)
class PhotoNotFound(NotFound):
    """No such photo of this claim."""

    slug = "photo-not-found"
    zh = "没有这张照片"
    en = "There is no such photo"
    photo_id: str


@dataclass(eq=False)
class EvidenceClosed(Refused):
    """What shows a service is added from its sign-in on, until it is decided."""

    slug = "evidence-closed"
    zh = "签到以后、审核完成以前才能添加照片和说明"
    en = "Photos and notes are added after the sign-in and before the decision"
    claim_id: str
    state: str


@dataclass(eq=False)
class TooLongAgo(Refused):
    """What is older than that needs a second person and a public remark."""

    slug = "too-long-ago"
    zh = "活动结束已超过 {hours} 小时，补录须写公开说明，并由第二人确认"
    en = "It ended more than {hours} hours ago: a public remark and a second person are needed"
    hours: int


@dataclass(eq=False)
class Concerned(Forbidden):
    """The second person is nobody who was there, noted it down, or lives with one of them."""

    slug = "concerned"
    zh = "补录须由未参加、未录入，且不与他们同住的人确认"
    en = "The second person took no part, did not note it down, and lives with none of them"
    task_id: str


@dataclass(eq=False)
class NotAfterwards(Refused):
    """The task was not noted down afterwards, or waits for nobody."""

    slug = "not-afterwards"
    zh = "这项任务不是待确认的补录"
    en = "This task is no afterwards note that waits for a second person"
    task_id: str
