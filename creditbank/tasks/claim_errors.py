"""What keeps people from a place in a task, or from giving it back, in words that help them on."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Forbidden, Gone, Refused


@dataclass(eq=False)
class NotOpenTo(Refused):
    """The task is for others: persons, families or teams."""

    slug = "not-open-to"
    zh = "这项任务不接受这种方式的认领（{party}），请看任务写明的对象"
    en = "Nobody can claim this task as a {party}; it says for whom it is"
    task_id: str
    party: str


@dataclass(eq=False)
class AgeUnfit(Refused):
    """The task is for people of another age on its day."""

    slug = "age-unfit"
    zh = "到任务当天年龄须{wanted_zh}，其中有人不符"
    en = "On the day of the task one must be {wanted_en}; somebody is not"
    member_id: str
    wanted_zh: str
    wanted_en: str


@dataclass(eq=False)
class AgeUnknown(Refused):
    """The task asks for an age, and the birth date is not registered."""

    slug = "age-unknown"
    zh = "这项任务有年龄要求，请先到社区登记出生日期"
    en = "This task asks for an age: please have the birth date registered at the office first"
    member_id: str


@dataclass(eq=False)
class SkillsMissing(Refused):
    """The task asks for skills that are not noted of somebody."""

    slug = "skills-missing"
    zh = "这项任务需要技能：{skills}；尚未登记，请联系社区"
    en = "This task asks for skills that are not noted yet: {skills}; the office can help"
    member_id: str
    skills: str


@dataclass(eq=False)
class NotNeighbour(Refused):
    """The task is for members of its own community."""

    slug = "not-neighbour"
    zh = "这项任务只面向本社区居民"
    en = "This task is for members of its own community"
    member_id: str


@dataclass(eq=False)
class ChildAlone(Refused):
    """A child comes with a guardian, or an adult of the household."""

    slug = "child-alone"
    zh = "未满 {below} 周岁须由监护人或同住成年人一同参加，请一起报名或请家长先报名"
    en = "Below {below} one comes with a guardian or an adult of the household: claim together"
    member_id: str
    below: int


@dataclass(eq=False)
class GuardianConsentMissing(Refused):
    """A child takes part once a guardian has agreed."""

    slug = "guardian-consent-missing"
    zh = "须先由监护人同意服务条款，孩子才能参加"
    en = "A guardian has to agree to the terms first; then the child can take part"
    member_id: str


@dataclass(eq=False)
class NotOfFamily(Refused):
    """Somebody named is not in the household (any more)."""

    slug = "not-of-family"
    zh = "名单中有人现在不在这个家庭中，请改好名单"
    en = "Somebody named is not in this household now; please mend the list"
    member_id: str
    household_id: str


@dataclass(eq=False)
class NotOfTeam(Refused):
    """Somebody named is not in the team (any more)."""

    slug = "not-of-team"
    zh = "名单中有人现在不在这支服务队中，请改好名单"
    en = "Somebody named is not in this team now; please mend the list"
    member_id: str
    team_id: str


@dataclass(eq=False)
class Overlaps(Refused):
    """Nobody is in two places at once."""

    slug = "overlaps"
    zh = "与已认领的另一项任务时间冲突，同一时间只能参加一项"
    en = "Another task that was claimed is at the same time; nobody is in two places"
    member_id: str
    task_id: str


@dataclass(eq=False)
class ClaimsClosed(Gone):
    """The deadline for claims is over."""

    slug = "claims-closed"
    zh = "报名已经截止"
    en = "The deadline for claims is over"
    task_id: str


@dataclass(eq=False)
class OthersWait(Refused):
    """A place is free, and those who wait come first."""

    slug = "others-wait"
    zh = "前面还有 {waiting} 位（组）在候补，空出的名额先给他们；可以选择候补"
    en = "{waiting} wait already and come first; one can wait behind them"
    task_id: str
    waiting: int


@dataclass(eq=False)
class TooFewPlaces(Refused):
    """There are fewer places than people."""

    slug = "too-few-places"
    zh = "还有 {free} 个名额，需要 {needed} 个；可以减少人数，名额总数够时也可以候补"
    en = "{free} places are free, {needed} needed: come with fewer, or wait if all could ever fit"
    task_id: str
    free: int
    needed: int


@dataclass(eq=False)
class WaitlistFull(Refused):
    """As many wait as may."""

    slug = "waitlist-full"
    zh = "候补名单已满（{most} 位）"
    en = "The waitlist is full: {most} wait"
    task_id: str
    most: int


@dataclass(eq=False)
class Resting(Refused):
    """Who often did not come waits behind all others for a while."""

    slug = "resting"
    zh = (
        "因 {window_days} 天内有 {missed} 次报名未到或临时退出，今后 {days} 天内排在其他人之后；"
        "可以选择候补，有名额会通知。如有特殊原因，请组织者说明"
    )
    en = (
        "{missed} times within {window_days} days a place was left empty; for {days} more days "
        "others come first. One can wait, and is told of a place; the organiser can excuse"
    )
    member_id: str
    missed: int
    window_days: int
    days: int


@dataclass(eq=False)
class NotLeading(Forbidden):
    """Whoever leads a family or team answers and withdraws for it."""

    slug = "not-leading"
    zh = "只有这次带队的人或社区工作人员可以代全体办理"
    en = "Only who leads these people, or the office, does this for all of them"
    party_id: str


@dataclass(eq=False)
class OfferOver(Gone):
    """The place was on offer for a while, and that is over."""

    slug = "offer-over"
    zh = "确认时间已过，名额已让给下一位"
    en = "The time to answer is over; the place goes to the next one"
    claim_id: str


@dataclass(eq=False)
class ChildStays(Refused):
    """Who accompanies a child does not leave it there alone."""

    slug = "child-stays"
    zh = "同来的孩子还在名单上，须先为孩子退出，或请另一位家长报名"
    en = "The child would stay alone: withdraw the child first, or let another adult claim"
    member_id: str


@dataclass(eq=False)
class NothingMissed(Refused):
    """There is no absence on record that could be excused."""

    slug = "nothing-missed"
    zh = "这条认领没有缺席记录"
    en = "No absence is on record for this claim"
    claim_id: str


@dataclass(eq=False)
class OwnAbsence(Forbidden):
    """Nobody excuses an absence of their own, or of somebody close."""

    slug = "own-absence"
    zh = "不能为本人或亲近的人说明缺席，须由另一位工作人员办理"
    en = "A colleague must excuse your own absence, or that of somebody close to you"
    claim_id: str


@dataclass(eq=False)
class CapacityTaken(Refused):
    """More places are taken than there would be."""

    slug = "capacity-taken"
    zh = "已有 {placed} 个名额被认领，不能减少到 {capacity} 个"
    en = "{placed} places are taken; there cannot be only {capacity}"
    task_id: str
    placed: int
    capacity: int


@dataclass(eq=False)
class PeopleSignedIn(Refused):
    """Somebody has come already: when and where it is stays."""

    slug = "people-signed-in"
    zh = "已有 {signed_in} 人签到，时间和地点不能再改"
    en = "{signed_in} people have signed in; time and place stay"
    task_id: str
    signed_in: int
