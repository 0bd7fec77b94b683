"""Errors of the exchange: gifts, donations, people in need, services between members."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Forbidden, NotFound, Refused


@dataclass(eq=False)
class GiftsOff(Refused):
    """The scheme knows no gifts."""

    slug = "gifts-off"
    zh = "本互助社没有开放积分转赠"
    en = "This society has no gifts between members"


@dataclass(eq=False)
class DonationsOff(Refused):
    """The scheme knows no donations."""

    slug = "donations-off"
    zh = "本互助社没有开放积分捐赠"
    en = "This society takes no donations"


@dataclass(eq=False)
class ServicesOff(Refused):
    """The scheme names no asset that services are paid in."""

    slug = "services-off"
    zh = "本互助社没有开放成员间互助服务"
    en = "This society has no services between members"


@dataclass(eq=False)
class NotDirectLine(Refused):
    """Gifts go to registered family in the direct line only."""

    slug = "not-direct-line"
    zh = "只能转赠给已登记的直系亲属，请先到社区办理登记"
    en = "Gifts go to registered family in the direct line only; the office registers them"


@dataclass(eq=False)
class SamePerson(Refused):
    """Both rows are of one person: they are merged at the office, nothing is given."""

    slug = "same-person"
    zh = "对方与您是同一人的资料，请到社区合并，不能互相转赠或服务"
    en = "That is another record of the same person; the office merges the two"


@dataclass(eq=False)
class GiftLimit(Refused):
    """More than may be given away in a day."""

    slug = "gift-limit"
    zh = "今天还可以转赠 {left} 个积分（每天最多 {most}）"
    en = "{left} more points can be given today (at most {most} a day)"
    left: int
    most: int


@dataclass(eq=False)
class StorageFull(Refused):
    """The receiver cannot have so much."""

    slug = "storage-full"
    zh = "对方的积分已接近上限，还可以接收 {left} 个"
    en = "The receiver can take {left} more points"
    left: int


@dataclass(eq=False)
class ChildCannotGive(Refused):
    """A child's points are not given away, donated or promised."""

    slug = "child-cannot-give"
    zh = "{age} 岁以下的成员不能转赠、捐赠或约定互助服务"
    en = "Members below {age} cannot give, donate or agree on services"
    age: int


@dataclass(eq=False)
class NobodyInNeed(Refused):
    """Nobody stands on the register whom the donor may give to."""

    slug = "nobody-in-need"
    zh = "目前没有可以直接受赠的困难成员，可以捐入互助基金"
    en = "Nobody on the register can receive now; the fund takes donations"


@dataclass(eq=False)
class DonationTooLarge(Refused):
    """More than one person may receive at once."""

    slug = "donation-too-large"
    zh = "每人每次最多受赠 {most} 个积分"
    en = "A person receives at most {most} points at a time"
    most: int


@dataclass(eq=False)
class NotTeamLeader(Forbidden):
    """Only who leads a team donates what it earned."""

    slug = "not-team-leader"
    zh = "只有服务队负责人可以捐出服务队的积分"
    en = "Only a leader of the team donates what it earned"


@dataclass(eq=False)
class NeedyNotFound(NotFound):
    """The register has no such entry."""

    slug = "needy-not-found"
    zh = "没有这条困难成员登记"
    en = "There is no such entry on the register"
    needy_id: str


@dataclass(eq=False)
class NeedyAlready(Refused):
    """The member stands on the register already."""

    slug = "needy-already"
    zh = "这位成员已经在册"
    en = "This member is on the register already"
    needy_id: str


@dataclass(eq=False)
class OtherPersonNeeded(Forbidden):
    """Who proposed never confirms, nor does anybody close to them (law 7)."""

    slug = "other-person-needed"
    zh = "需要另一位工作人员确认，不能由提出人或其亲近的人办理"
    en = "Somebody else must confirm: not who proposed it, nor anybody close to them"


@dataclass(eq=False)
class OwnBenefit(Forbidden):
    """Who benefits, or is close to who benefits, has no say (law 7)."""

    slug = "own-benefit"
    zh = "受益人是您本人或与您亲近的人，请由其他工作人员办理"
    en = "You or somebody close to you would benefit: somebody else must do this"


@dataclass(eq=False)
class HandoutNotFound(NotFound):
    """The office has no such hand-out."""

    slug = "handout-not-found"
    zh = "没有这笔发放"
    en = "There is no such hand-out"
    handout_id: str


@dataclass(eq=False)
class HandoutStale(Refused):
    """Somebody of a hand-out is not in need any more, or has left."""

    slug = "handout-stale"
    zh = "受赠名单已有变化，请撤回后重新提出"
    en = "The list has changed: withdraw it and propose a new one"


@dataclass(eq=False)
class ServiceNotFound(NotFound):
    """There is no such offer or request, or it is not this member's to see."""

    slug = "service-not-found"
    zh = "没有这项互助服务"
    en = "There is no such service"
    service_id: str


@dataclass(eq=False)
class NotOnService(Forbidden):
    """The verb belongs to the other of the two, or to neither."""

    slug = "not-on-service"
    zh = "这一步应由另一方办理"
    en = "This step is the other one's"


@dataclass(eq=False)
class ServiceChanged(Refused):
    """What is agreed on is not what was seen."""

    slug = "service-changed"
    zh = "约定的时长已变为 {minutes} 分钟，请重新确认"
    en = "The minutes are {minutes} by now; please look again"
    minutes: int


@dataclass(eq=False)
class ServiceWorthless(Refused):
    """So few minutes are worth no point."""

    slug = "service-worthless"
    zh = "时长太短，按规则不足 1 个积分"
    en = "So few minutes are worth less than one point"
