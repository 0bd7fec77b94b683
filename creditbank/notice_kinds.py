"""Kinds of notices: the sentence of each, in both languages, and which of them cannot wait. Pure.

Places in a sentence are filled when it is read (`api.notice_sentences`): ``points`` and ``days``
are figures, ``units`` are amounts by asset, ``shop`` and ``task`` are looked up by id, and
``when`` is when that task starts. No place is ever filled with a person's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of notice: its sentence with places for words, and whether it cannot wait."""

    slug: str
    zh: str
    en: str
    urgent: bool = False

    def sentence(self, language: str, words: Mapping[str, str]) -> str:
        """Say it in ``zh`` or ``en``."""
        return (self.zh if language == "zh" else self.en).format_map(words)


_KINDS = (
    Kind("admitted", "您的加入申请已通过，欢迎加入。", "You were admitted. Welcome.", urgent=True),
    Kind(
        "refused",
        "您的加入申请未通过，请联系社区工作人员。",
        "Your wish to join was refused; the office can help.",
        urgent=True,
    ),
    Kind(
        "new-device",
        "您的账户刚在一台新设备上登录。如非本人，请立即在“设备”里退出它并联系社区。",
        "Somebody signed in as you on a new device. If that was not you, sign it out.",
        urgent=True,
    ),
    Kind(
        "pin-set", "您的支付密码已设置或更改。", "Your payment PIN was set or changed.", urgent=True
    ),
    Kind(
        "phone-changed",
        "您的登录手机号已更改。",
        "The phone you sign in with was changed.",
        urgent=True,
    ),
    Kind(
        "phone-coming",
        "社区工作人员为您登记了新的登录手机号，一天后生效。如非本人，请立即在“设备”里取消。",
        "The office wrote a new phone down for you; it works in a day. If that was not you, "
        "cancel it.",
        urgent=True,
    ),
    Kind(
        "pin-reset-opened",
        "社区工作人员为您开始了支付密码重置，一天后可以重新设置。如非本人，请立即取消。",
        "The office began a reset of your PIN; it works in a day. If that was not you, cancel it.",
        urgent=True,
    ),
    Kind(
        "delegate-added",
        "您登记了一位代办人，随时可以撤销。",
        "You named a delegate; you can revoke it at any time.",
        urgent=True,
    ),
    Kind(
        "delegate-of",
        "有成员登记您为代办人，每天最多可代其使用 {points} 个积分。",
        "A member named you as their delegate, for up to {points} points a day.",
    ),
    Kind(
        "delegate-ended",
        "一条代办登记已撤销。",
        "A delegation has ended.",
    ),
    Kind(
        "delegate-paid",
        "代办人为您使用了 {points} 个积分。",
        "Your delegate used {points} points for you.",
    ),
    Kind(
        "card-issued",
        "已为您制作付款卡，旧卡同时作废。",
        "A card was made for you; an old one is void.",
        urgent=True,
    ),
    Kind(
        "card-ended",
        "您的付款卡已停用。",
        "Your card was stopped.",
        urgent=True,
    ),
    Kind(
        "assisted",
        "社区工作人员为您办理了业务，凭条上有明细。",
        "The office acted for you; the slip tells what was done.",
    ),
    Kind(
        "service-withdrawn",
        "您已撤回服务所必需的同意，账户将转入注销；请办理注销，或联系社区恢复。",
        "You withdrew a consent that we need: please go on to close, or ask the office.",
        urgent=True,
    ),
    Kind(
        "estate-received",
        "离社家人的 {points} 个积分已转给您。",
        "{points} points of a member of your family who left have come to you.",
    ),
    Kind(
        "roster-claimed",
        "有人凭您的手机验证码认领了您的名册资料。如非本人，请立即联系社区。",
        "Somebody took over your record with a code to your phone. If not you, call the office.",
        urgent=True,
    ),
    Kind("merged", "您的两份资料已合并为一份。", "Your two records are one now."),
    Kind(
        "erasure-asked",
        "已收到您的注销申请，{days} 天内可以撤回。",
        "Your wish to be erased was noted; you can take it back within {days} days.",
        urgent=True,
    ),
    Kind(
        "erasure-cancelled",
        "您的注销申请已撤回，一切照旧。",
        "Your wish to be erased was taken back; all stays as it was.",
        urgent=True,
    ),
    Kind(
        "claim-cancelled",
        "您报名的活动“{task}”（{when}）已取消。",
        "The task that you claimed for {when} was cancelled: {task}.",
        urgent=True,
    ),
    Kind(
        "approved",
        "您的服务已审核通过，入账 {units}。",
        "Your service was approved: {units} came in.",
    ),
    Kind(
        "approved-short",
        "您的服务已审核通过，时长较短，没有入账。",
        "Your service was approved; it was too short to earn anything.",
    ),
    Kind(
        "approval-withdrawn",
        "您的一次服务审核已撤回，收回 {units}，可以查看原因。",
        "The approval of a service of yours was withdrawn, {units} with it; you can see why.",
    ),
    Kind(
        "rejected",
        "您的服务未通过审核，可以查看原因。",
        "Your service was not approved; you can see why.",
    ),
    Kind(
        "pin-wanted",
        "{shop} 请您确认支付 {points} 个积分。",
        "{shop} waits for you to confirm {points} points.",
    ),
)
KINDS: Mapping[str, Kind] = {one.slug: one for one in _KINDS}
