"""What can go wrong with pairing a till and with its cashiers; see `creditbank.core.errors`."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Forbidden, Gone, NotFound, Refused


@dataclass(eq=False)
class PairingWrong(NotFound):
    """Nobody here was given this pairing code."""

    slug = "pairing-wrong"
    zh = "配对码不正确，请核对；多次错误后需由店主重新生成"
    en = "This pairing code is wrong; after some wrong ones the owner must make another"


@dataclass(eq=False)
class PairingOver(Gone):
    """The pairing code was used, replaced, or is too old."""

    slug = "pairing-over"
    zh = "配对码已使用或已过期，请店主重新生成"
    en = "This pairing code was used or is too old; the owner can make another"


@dataclass(eq=False)
class CashierNotFound(NotFound):
    """No such cashier at this merchant."""

    slug = "cashier-not-found"
    zh = "没有这位收银员"
    en = "There is no such cashier"
    cashier_id: str


@dataclass(eq=False)
class CashierNeeded(Forbidden):
    """The merchant has cashiers, and none has signed in on this till."""

    slug = "cashier-needed"
    zh = "请收银员先在本机登录，再办理核销"
    en = "A cashier must sign in on this till first"
    till_id: str


@dataclass(eq=False)
class CashierPinWrong(Refused):
    """The cashier's PIN does not fit; the try is counted."""

    slug = "cashier-pin-wrong"
    zh = "收银员密码不正确"
    en = "The cashier's PIN is wrong"
    cashier_id: str


@dataclass(eq=False)
class CashierLocked(Refused):
    """Too many wrong PINs of this cashier."""

    slug = "cashier-locked"
    zh = "密码错误次数太多，该收银员已锁定至 {until}；店主可以重设密码"
    en = "Too many wrong PINs: this cashier is locked until {until}; the owner can reset the PIN"
    cashier_id: str
    until: str
