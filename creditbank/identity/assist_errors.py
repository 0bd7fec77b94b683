"""What can go wrong when the office acts for a member."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Forbidden, Gone, NotFound
from creditbank.identity.sign_in_errors import PinUnproven


@dataclass(eq=False)
class AssistNotFound(NotFound):
    """No such assist of this member of staff."""

    slug = "assist-not-found"
    zh = "没有这次代办"
    en = "There is no such assist"
    assist_id: str


@dataclass(eq=False)
class AssistOver(Gone):
    """The assist was closed, or its time is over."""

    slug = "assist-over"
    zh = "这次代办已结束，请重新核对身份后再办理"
    en = "This assist is over; check who is there and open another"
    assist_id: str


@dataclass(eq=False)
class AssistByTelephone(Forbidden):
    """By telephone the office only claims tasks and withdraws from them."""

    slug = "assist-by-telephone"
    zh = "电话代办只能报名或退出任务，其他业务请本人到场办理"
    en = "By telephone one can only join a task or leave it; the rest needs the member here"


@dataclass(eq=False)
class AssistUnfit(Forbidden):
    """This is not done in an assist."""

    slug = "assist-unfit"
    zh = "这项业务不能在代办中办理"
    en = "This cannot be done in an assist"


@dataclass(eq=False)
class AssistPinNeeded(PinUnproven):
    """Spending in an assist takes the PIN of the member who is present."""

    slug = "assist-pin-needed"
    zh = "代办中使用积分，需要本人输入支付密码"
    en = "Spending in an assist takes the member's own PIN"
