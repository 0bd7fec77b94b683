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
class PersonNotFound(NotFound):
    """Nothing is known of this person, or not any more."""

    slug = "person-not-found"
    zh = "没有此人的资料，或资料已删除"
    en = "Nothing is known of this person, or not any more"
    holder_id: str


@dataclass(eq=False)
class OtherCommunity(Forbidden):
    """The role holds in other communities only."""

    slug = "other-community"
    zh = "您的权限不包括这个社区"
    en = "Your role does not hold in this community"


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


@dataclass(eq=False)
class ConsentNotFound(NotFound):
    """There is no consent of this purpose in force."""

    slug = "consent-not-found"
    zh = "没有有效的该项同意"
    en = "There is no such consent in force"
    purpose: str


@dataclass(eq=False)
class ConsentMissing(Refused):
    """There is no membership without the needed consent."""

    slug = "consent-missing"
    zh = "需要同意“服务”一项才能加入"
    en = "Nobody can join without agreeing to the purpose that is needed"
    purpose: str


@dataclass(eq=False)
class WithdrawalCloses(Refused):
    """The needed consent is withdrawn only by who means to leave."""

    slug = "withdrawal-closes"
    zh = "撤回此项同意后无法继续提供服务，账户将转入注销；如确认，请再次提交并勾选“我已了解”"
    en = "Without this consent there is no membership: say that it is understood to go on to close"
    purpose: str


@dataclass(eq=False)
class GuardianNeeded(Refused):
    """Who is under 14 agrees through a guardian."""

    slug = "guardian-needed"
    zh = "未满 14 周岁，须由监护人同意"
    en = "Someone under 14 needs the consent of a guardian"
    member_id: str


@dataclass(eq=False)
class GuardianUnfit(Refused):
    """A guardian is an active adult member."""

    slug = "guardian-unfit"
    zh = "监护人须为已登记出生日期、状态正常的成年成员"
    en = "A guardian is an active member who is known to be an adult"
    guardian_id: str


@dataclass(eq=False)
class DelegateNotFound(NotFound):
    """No such delegation in this bank, or it concerns two others."""

    slug = "delegate-not-found"
    zh = "没有这条代办登记"
    en = "There is no such delegation"
    delegation_id: str


@dataclass(eq=False)
class DelegateExists(Refused):
    """This member is a delegate already."""

    slug = "delegate-exists"
    zh = "此人已是代办人；如要更改额度，请先撤销再登记"
    en = "This member is a delegate already; end it first to change the cap"


@dataclass(eq=False)
class DelegateSelf(Forbidden):
    """Nobody is their own delegate, and nobody at the office names themselves."""

    slug = "delegate-self"
    zh = "代办人不能是本人，也不能是经办人"
    en = "A delegate is neither the member nor the one who writes it down"


@dataclass(eq=False)
class DelegateEnded(Refused):
    """Whoever shows the code is no delegate of the member, or not any more."""

    slug = "delegate-ended"
    zh = "代办登记不存在或已撤销，不能代为付款"
    en = "There is no such delegate, or it has ended; nothing can be paid"


@dataclass(eq=False)
class DelegateTooNew(Refused):
    """Named on a new device, a delegate waits for a day."""

    slug = "delegate-too-new"
    zh = "代办人是在新设备上登记的，{pays_from} 起可以代为付款"
    en = "This delegate was named on a new device and may pay from {pays_from} on"
    pays_from: str


@dataclass(eq=False)
class OwnReturn(Forbidden):
    """Nobody reinstates themselves (law 7)."""

    slug = "own-return"
    zh = "不能恢复自己的成员资格，须由另一位工作人员办理"
    en = "Nobody reinstates themselves; a colleague has to"


@dataclass(eq=False)
class OwnCorrection(Forbidden):
    """Nobody corrects their own papers, or those of somebody close, at the office."""

    slug = "own-correction"
    zh = "不能为本人或亲近的人更正资料，须由另一位工作人员办理"
    en = "A colleague must correct your own data, or that of somebody close to you"
