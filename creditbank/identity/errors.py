"""What can go wrong with identity."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Forbidden, Gone, NotFound, Refused, Unauthenticated


@dataclass(eq=False)
class GrantNotFound(NotFound):
    """No such role in force."""

    slug = "grant-not-found"
    zh = "没有这项在任角色"
    en = "There is no such role in force"
    grant_id: str


@dataclass(eq=False)
class SittingNotFound(NotFound):
    """No such sign-in of this holder."""

    slug = "sitting-not-found"
    zh = "没有这个登录"
    en = "There is no such sign-in"
    sitting_id: str


@dataclass(eq=False)
class StaffNotFound(NotFound):
    """No such person in office."""

    slug = "staff-not-found"
    zh = "没有这位工作人员"
    en = "There is no such member of staff"
    staff_id: str


@dataclass(eq=False)
class StaffSignInRefused(Unauthenticated):
    """Unknown login, wrong password or code, suspended, or locked: one answer for all."""

    slug = "staff-sign-in-refused"
    zh = "登录名、密码或验证码不正确。连续错误 5 次后，15 分钟内不能登录"
    en = "The login, password or code is wrong. After 5 wrong tries nothing works for 15 minutes"


@dataclass(eq=False)
class SecondFactorWrong(Refused):
    """The code does not belong to the second factor that is being set up."""

    slug = "second-factor-wrong"
    zh = "验证码不正确，请输入验证器上当前显示的 6 位数字"
    en = "The code is wrong; type the 6 digits that the authenticator shows now"


@dataclass(eq=False)
class SecondFactorMissing(Refused):
    """There is no second factor, or none is being set up."""

    slug = "second-factor-missing"
    zh = "还没有开始设置两步验证"
    en = "No second factor is being set up"


@dataclass(eq=False)
class InvitationNotFound(NotFound):
    """No such invitation in this bank."""

    slug = "invitation-not-found"
    zh = "没有这份邀请，请核对链接"
    en = "There is no such invitation; check the link"


@dataclass(eq=False)
class InvitationOver(Gone):
    """The invitation was used or taken back, or its time is over."""

    slug = "invitation-over"
    zh = "邀请已使用、已撤回或已过期，请联系邀请人"
    en = "The invitation was used, taken back or is over; ask for another"


@dataclass(eq=False)
class LoginTaken(Refused):
    """Somebody of this bank has this login."""

    slug = "login-taken"
    zh = "这个登录名已有人使用"
    en = "This login is taken"


@dataclass(eq=False)
class OwnRole(Forbidden):
    """Nobody gives themselves a role, nor sets their own second factor back."""

    slug = "own-role"
    zh = "不能为自己办理此事，须由另一位管理员办理"
    en = "This is never done for oneself; another operator must do it"


@dataclass(eq=False)
class RoleHeld(Refused):
    """The person has this role there already."""

    slug = "role-held"
    zh = "此人已有这项角色"
    en = "This person holds the role already"


@dataclass(eq=False)
class LastOperator(Refused):
    """A bank keeps at least one operator who can sign in."""

    slug = "last-operator"
    zh = "这是最后一位能登录的管理员，请先任命另一位"
    en = "This is the last operator who can sign in; appoint another one first"


@dataclass(eq=False)
class RevealsUsedUp(Refused):
    """So many people were revealed to this member of staff today; the scheme says how many."""

    slug = "reveals-used-up"
    zh = "今天查看完整个人信息已达 {most} 人次，明天再试或由同事办理"
    en = "{most} people were revealed to you today; try tomorrow, or ask a colleague"
    most: int


@dataclass(eq=False)
class RevealOver(Gone):
    """What was revealed is shown for a few minutes; later there must be a new reason."""

    slug = "reveal-over"
    zh = "这次查看已超过 {minutes} 分钟，请重新填写理由"
    en = "This was revealed more than {minutes} minutes ago; give the reason anew"
    minutes: int


@dataclass(eq=False)
class MinorsData(Forbidden):
    """Data of someone under 18 is revealed to a community head only."""

    slug = "minors-data"
    zh = "未成年人的个人信息只能由社区负责人查看"
    en = "The data of someone under 18 is revealed to a community head only"


@dataclass(eq=False)
class NotOnRoster(NotFound):
    """No row of this phone waits to be taken over by its person."""

    slug = "not-on-roster"
    zh = "没有可认领的名册资料，请申请加入或到社区办理"
    en = "There is no record of this phone to take over: apply to join, or come to the office"


@dataclass(eq=False)
class NameOther(Refused):
    """The name that was typed is not the one of the record; this try was counted."""

    slug = "name-other"
    zh = "姓名与名册不符，还可以输入 {left} 次"
    en = "The name is not the one of the record; {left} tries are left"
    left: int


@dataclass(eq=False)
class NameTriesOver(Refused):
    """Too many wrong names with one proof of a phone."""

    slug = "name-tries-over"
    zh = "姓名输错次数过多，请到社区办理"
    en = "The name was typed wrong too often; the office can help"


@dataclass(eq=False)
class CallNotFound(NotFound):
    """Nothing of this id waits on the call list: never, or not any more."""

    slug = "call-not-found"
    zh = "待通知名单中没有这一项，或已有人通知"
    en = "Nothing of this kind is on the call list, or somebody has told it already"
    notice_id: str


@dataclass(eq=False)
class NumberUnknown(Refused):
    """No phone number of the member is known."""

    slug = "number-unknown"
    zh = "没有登记这位成员的电话，请上门或托人转告"
    en = "No number of this member is known; visit them, or send word"
    notice_id: str
