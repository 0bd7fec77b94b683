"""What can go wrong when a resident signs in, and with the payment PIN."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Forbidden, Gone, Malformed, NotFound, Refused


@dataclass(eq=False)
class CodeTooSoon(Refused):
    """A code was sent to this phone a moment ago."""

    slug = "sign-in-code-too-soon"
    zh = "验证码刚刚发出，请稍后再获取"
    en = "A code was sent a moment ago; another one has to wait"
    resend_at: str


@dataclass(eq=False)
class CodesUsedUp(Refused):
    """This phone was sent as many codes as a day allows."""

    slug = "sign-in-codes-used-up"
    zh = "该手机号今天获取验证码的次数已用完（{most} 次），请明天再试，或到社区办理"
    en = "This phone had its {most} codes of today; try tomorrow, or come to the office"
    most: int


@dataclass(eq=False)
class CodeWrong(Refused):
    """The one-time code is another one; this try was counted."""

    slug = "sign-in-code-wrong"
    zh = "验证码不正确，还可以输入 {left} 次"
    en = "The code is not right; {left} tries are left"
    left: int


@dataclass(eq=False)
class CodeTriesOver(Refused):
    """The code was guessed at too often and is dead."""

    slug = "sign-in-code-tries-over"
    zh = "验证码输错次数过多，已失效，请重新获取"
    en = "The code was typed wrong too often and is void; ask for another"


@dataclass(eq=False)
class CodeOver(Gone):
    """There is no such code for this phone at this bank, or not any more."""

    slug = "sign-in-code-over"
    zh = "验证码已失效，请重新获取"
    en = "The code is not good any more; ask for another"


@dataclass(eq=False)
class ProofOver(Gone):
    """The proof of a phone is another phone's, was used, or its time is over."""

    slug = "sign-in-proof-over"
    zh = "手机号验证已失效，请重新获取验证码"
    en = "The proof of this phone is not good any more; ask for another code"


@dataclass(eq=False)
class PhoneTaken(Refused):
    """Somebody else of this bank signs in with this phone."""

    slug = "phone-taken"
    zh = "这个手机号已由另一位成员用于登录，请到社区办理"
    en = "Another member signs in with this phone; the office can help"


@dataclass(eq=False)
class PhoneChangeUnproven(Forbidden):
    """A code alone changes no phone."""

    slug = "phone-change-unproven"
    zh = "更换手机号还需要支付密码，或在已登录满 {hours} 小时的设备上办理；也可以到社区办理"
    en = (
        "A change of phone needs the payment PIN too, or a device signed in for {hours} hours; "
        "the office can help"
    )
    hours: int


@dataclass(eq=False)
class NoPhoneComing(NotFound):
    """No change of phone is waiting."""

    slug = "no-phone-coming"
    zh = "没有等待生效的手机号更换"
    en = "No change of phone is waiting"


@dataclass(eq=False)
class OwnService(Forbidden):
    """Nobody serves themselves at the office (law 7)."""

    slug = "own-service"
    zh = "不能为自己办理，请由另一位工作人员办理"
    en = "Nobody does this for themselves; another member of staff has to"


@dataclass(eq=False)
class OtherWorkerNeeded(Forbidden):
    """Nobody at the office changes both the phone and the PIN of a member."""

    slug = "other-worker-needed"
    zh = "手机号和支付密码须由两位工作人员分别办理，请另一位同事办理"
    en = "The phone and the PIN take two members of staff; a colleague has to do this one"


@dataclass(eq=False)
class PinWeak(Malformed):
    """A PIN that is guessed first."""

    slug = "pin-weak"
    zh = "密码太简单：不要用重复、连续的数字或生日"
    en = "The PIN is too easy: no repeated or running digits, and no birthday"


@dataclass(eq=False)
class PinMissing(Refused):
    """The member has set no payment PIN."""

    slug = "pin-missing"
    zh = "还没有设置支付密码"
    en = "No payment PIN is set"


@dataclass(eq=False)
class PinWaiting(Refused):
    """The PIN was set on a new device and is not used before its time."""

    slug = "pin-waiting"
    zh = "支付密码在新设备上设置，{usable_at} 起可以使用"
    en = "The PIN was set on a new device and works from {usable_at}"
    usable_at: str


@dataclass(eq=False)
class PinWrong(Refused):
    """The PIN is another one; this try was counted."""

    slug = "pin-wrong"
    zh = "支付密码不正确，还可以输入 {left} 次"
    en = "The PIN is not right; {left} tries are left"
    left: int


@dataclass(eq=False)
class PinLocked(Refused):
    """Too many wrong PINs."""

    slug = "pin-locked"
    zh = "支付密码输错次数过多，{locked_until} 前不能使用"
    en = "The PIN was typed wrong too often and is locked until {locked_until}"
    locked_until: str


@dataclass(eq=False)
class PinAlreadySet(Refused):
    """There is a PIN: it is changed with the old one, or reset face to face."""

    slug = "pin-already-set"
    zh = "已设置过支付密码：请用旧密码更改，忘记了请到社区当面重置"
    en = "There is a PIN: change it with the old one, or have it reset at the office"


@dataclass(eq=False)
class PinUnproven(Forbidden):
    """The old PIN was not proven for this very request."""

    slug = "pin-unproven"
    zh = "更改支付密码需要旧密码"
    en = "A change of the PIN needs the old one"


@dataclass(eq=False)
class NoPinReset(NotFound):
    """No reset of the PIN is open."""

    slug = "no-pin-reset"
    zh = "没有正在办理的密码重置"
    en = "No reset of the PIN is open"
