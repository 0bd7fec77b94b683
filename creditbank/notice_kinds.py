"""Kinds of notices: the sentence of each, in both languages, and which of them cannot wait. Pure.

Places in a sentence are filled when it is read (`api.words.notices`): ``points`` and ``days``
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
        "forced-out",
        "您参加的“{task}”没有签退，系统已按结束时间签退，审核时会核对；如有出入请联系组织者。",
        "You did not sign out of {task}: the clock did, at its end; the reviewer will look at it.",
    ),
    Kind(
        "confirmation-asked",
        "请您确认“{task}”的服务是否已经完成。",
        "Please say whether this was done for you: {task}.",
        urgent=True,
    ),
    Kind(
        "noted-afterwards",
        "工作人员补录了您参加的“{task}”，待审核；如不属实请联系社区。",
        "Your part in {task} was noted down afterwards; tell the office if that is wrong.",
    ),
    Kind(
        "place-given",
        "您候补的活动“{task}”（{when}）有了名额，已为您报名；不能参加请及时退出。",
        "A place became free and is yours: {task}, {when}. If you cannot come, withdraw in time.",
        urgent=True,
    ),
    Kind(
        "place-offered",
        "您候补的活动“{task}”（{when}）有了名额，请在 {minutes} 分钟内确认，过时将让给下一位。",
        "A place is free: {task}, {when}. Answer within {minutes} minutes, or it goes on.",
        urgent=True,
    ),
    Kind(
        "wait-over",
        "您候补的活动“{task}”（{when}）未能安排，候补已结束。",
        "There was no place for you; the waiting for {task}, {when}, is over.",
    ),
    Kind(
        "task-changed",
        "您报名的活动“{task}”时间或地点有变（现为 {when}），请查看；不便参加可以退出，不算缺席。",
        "Time or place of {task} changed, it is {when} now. You may withdraw; nothing counts.",
        urgent=True,
    ),
    Kind(
        "task-moved-away",
        "活动“{task}”改期（{when}）后与您的另一项活动冲突，名额已为您退出，不算缺席。",
        "{task} was moved to {when}, when you are elsewhere: your place was given back.",
        urgent=True,
    ),
    Kind(
        "child-withdrawn",
        "同来的成年人不再参加，孩子在活动“{task}”（{when}）的名额已退出，可与另一位家长重新报名。",
        "The adult does not come any more, so the child's place was given back: {task}, {when}.",
        urgent=True,
    ),
    Kind(
        "no-show",
        "您报名的活动“{task}”（{when}）未到场，已记录。如有特殊情况，请联系组织者说明。",
        "You did not come to {task}, {when}; that is on record. The organiser can excuse it.",
    ),
    Kind(
        "withdrew-late",
        "您在截止时间之后退出活动“{task}”（{when}），按缺席记录。如有特殊情况，请联系组织者说明。",
        "You withdrew from {task}, {when}, after the cut-off; that counts as not coming.",
    ),
    Kind(
        "no-show-rest",
        "因近期有 {missed} 次缺席，今后 {days} 天内您的报名排在其他人之后，有名额仍会通知您。",
        "After {missed} absences others come first for {days} days; you are told of places still.",
    ),
    Kind(
        "no-show-excused",
        "您在活动“{task}”（{when}）的缺席已说明，不再计入。",
        "Your absence from {task}, {when}, was excused and does not count.",
    ),
    Kind(
        "pair-begun",
        "社区为您安排了一项结对帮扶，可以查看详情。",
        "The office has paired you; you can see with what to begin.",
    ),
    Kind("pair-ended", "您的一项结对帮扶已结束。", "A pair of yours has ended."),
    Kind(
        "visits-short",
        "本月结对探访还差 {visits} 次，本月还有 {days} 天。",
        "Visits of your pair that this month still lacks: {visits}. Days left: {days}.",
    ),
    Kind(
        "entry-tasked",
        "您提出的事项已转为任务，可以查看进展。",
        "What you raised has become a task; you can see how it goes.",
    ),
    Kind(
        "entry-closed",
        "您提出的事项已办结，可以查看原因。",
        "What you raised was closed; you can see why.",
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
        "child-pays",
        "您的孩子在 {shop} 使用 {points} 个积分，请您确认。",
        "{shop} waits for you to confirm {points} points of your child's.",
    ),
    Kind(
        "service-answered",
        "有成员回应了您发布的互助服务（{minutes} 分钟），请查看。",
        "Somebody answered your offer or request ({minutes} minutes).",
    ),
    Kind(
        "service-agreed",
        "您回应的互助服务已约定（{minutes} 分钟），七天内完成后请双方确认。",
        "The service is agreed ({minutes} minutes); confirm within a week that it was done.",
    ),
    Kind("service-declined", "您回应的互助服务未被接受。", "Your answer was declined."),
    Kind("service-cancelled", "一项互助服务已取消，积分没有变动。", "A service was cancelled."),
    Kind(
        "service-told",
        "对方已确认互助服务完成，请您也确认，如有异议请提出。",
        "The other one says that the service was done: please confirm or dispute it.",
    ),
    Kind(
        "service-disputed",
        "一项互助服务有争议，由社区工作人员裁定。",
        "A service is disputed; the office decides.",
    ),
    Kind("service-lapsed", "一项互助服务已过期。", "The time of a service is over."),
    Kind(
        "service-paid",
        "互助服务已完成，入账 {units}。",
        "A service was done: {units} came in.",
    ),
    Kind(
        "gift-received",
        "家人转赠给您 {units}，有效期不变。",
        "Your family gave you {units}; they keep their days.",
    ),
    Kind(
        "donation-received",
        "您收到互助捐赠 {units}。",
        "You received a donation of {units}.",
    ),
    Kind(
        "points-expire",
        "您有 {units} 将在 {days} 天后到期（有效期至 {day}），请及时使用。",
        "{units} of yours are valid for {days} more days, until {day}.",
    ),
    Kind("household-joined", "您已登记到一个家庭。", "You were put down in a household."),
    Kind("household-left", "您的家庭登记已终止。", "You are in that household no more."),
    Kind("household-headed", "您已成为家庭的户主。", "You are the head of your household now."),
    Kind("team-joined", "您已加入一支志愿服务队。", "You are in a team now."),
    Kind("team-left", "您已不在一支志愿服务队中。", "You are in that team no more."),
    Kind("team-leads", "您已成为志愿服务队的队长。", "You lead your team now."),
    Kind("team-leads-no-more", "您不再担任志愿服务队的队长。", "You lead that team no more."),
    Kind(
        "team-invites",
        "一支志愿服务队邀请您加入，可以在“我的服务队”中同意或拒绝。",
        "A team invites you; you can accept or decline.",
    ),
    Kind(
        "team-asked",
        "有成员申请加入您的服务队，请处理。",
        "A member asks to be taken into your team.",
    ),
    Kind(
        "relative-registered",
        "社区工作人员为您登记了一位亲属；如不属实请联系社区。",
        "The office registered a relative of yours; tell it if that is wrong.",
    ),
    Kind("relative-ended", "一条亲属登记已终止。", "The registration of a relative has ended."),
    Kind(
        "thanked",
        "您收到一面电子锦旗，谢谢您的服务。",
        "Somebody thanks you for your service: there is a note for you.",
    ),
    Kind(
        "thanks-refused",
        "您写的感谢没有展示，可以查看原因。",
        "The note of thanks that you wrote is not shown; you can see why.",
    ),
    Kind(
        "rejected-for-good",
        "您提出异议的服务经另一位审核人复核，仍未通过；这是最终结果，可以查看原因。",
        "A second reviewer did not approve your service either; this is final, you can see why.",
    ),
    Kind(
        "review-late",
        "您参加“{task}”的服务还没有审核，已转请全社审核人办理；不会因为超时而作废。",
        "Your service at “{task}” waits for its review; all reviewers of the bank were asked now.",
    ),
    Kind(
        "reviews-late",
        "您社区有 {count} 次服务超过期限没有审核，请尽快办理。",
        "{count} services of your community are past the time for their review.",
    ),
    Kind(
        "pin-wanted",
        "{shop} 请您确认支付 {points} 个积分。",
        "{shop} waits for you to confirm {points} points.",
    ),
)
KINDS: Mapping[str, Kind] = {one.slug: one for one in _KINDS}
