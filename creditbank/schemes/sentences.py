"""Sentences: each parameter of a programme in words that an organiser can read aloud. Pure.

``{n}`` is the value. Where one value means something else than the number says (nothing, no limit,
a word of a list), it has a sentence of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Pair = tuple[str, str]
"""Chinese and English."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """How a parameter is said; ``unit`` is what its number counts."""

    unit: Pair
    said: Pair
    of: Mapping[object, Pair] = field(default_factory=dict)

    def about(self, value: object, language: int) -> str:
        """Say a value; ``language`` is 0 for Chinese, 1 for English."""
        return self.of.get(value, self.said)[language].format(n=value)


SECONDS = ("秒", "seconds")
MINUTES = ("分钟", "minutes")
HOURS = ("小时", "hours")
DAYS = ("天", "days")
MONTHS = ("个月", "months")
YEARS = ("周岁", "years of age")
UNITS = ("积分", "units")
TIMES = ("次", "times")
PEOPLE = ("人", "people")
WORD = ("选项", "a word")
LIST = ("列表", "a list")
YES = ("是或否", "true or false")


def sentence(unit: Pair, zh: str, en: str, of: Mapping[object, Pair] | None = None) -> Sentence:
    """Put down how a parameter is said, and which of its values are said otherwise."""
    return Sentence(unit, (zh, en), of or {})


PARAMETERS: Mapping[str, Sentence] = {
    "rounding": sentence(
        WORD,
        "服务时间按“{n}”取整。",
        "Time is rounded by '{n}'.",
        {
            "whole_hours_down": ("服务时间按整小时计，不足一小时的部分不计。", "Full hours count."),
            "whole_hours_nearest": (
                "服务时间按最接近的整小时计，满三十分钟进一小时。",
                "Time counts to the nearest hour, half an hour up.",
            ),
            "half_hours_down": (
                "服务时间按整半小时计，不足半小时的部分不计。",
                "Full half hours count.",
            ),
            "half_hours": (
                "服务时间按最接近的半小时计，满十五分钟进半小时。",
                "Time counts to the nearest half hour, fifteen minutes up.",
            ),
            "minutes_exact": ("服务时间按实际分钟计。", "Every minute counts."),
            "per_service": (
                "每次服务按一小时计，不论长短。",
                "Each service counts as one hour, however long.",
            ),
        },
    ),
    "remainder": sentence(
        WORD,
        "余数：{n}。",
        "Remainder: {n}.",
        {
            "drop": ("取整后余下的时间不结转。", "What is left after rounding is dropped."),
            "carry": (
                "取整后余下的时间结转到下一次服务，一分钟也不丢。",
                "What is left after rounding is carried to the next service; nothing is lost.",
            ),
        },
    ),
    "minutes_day_most": sentence(
        MINUTES,
        "每人每天最多计 {n} 分钟服务，跨零点的服务分到两天。",
        "At most {n} minutes a day count for one person; past midnight they are the next day's.",
    ),
    "backdated_hours_most": sentence(
        HOURS,
        "活动结束后 {n} 小时内可由一人补录，再晚须两人办理并公开备注。",
        "Attendance may be put down by one person for {n} hours, later by two with a remark.",
    ),
    "self_sign_in": sentence(
        YES,
        "自行签到：{n}。",
        "Signing oneself in: {n}.",
        {
            True: ("参加者可以自己按键签到。", "Participants may sign themselves in."),
            False: (
                "参加者须扫现场码，或由带队人、组织者签到。",
                "Participants scan the site's code, or a leader or organiser signs them in.",
            ),
        },
    ),
    "confirmed_categories": sentence(
        LIST,
        "以下类别须受益人确认后才能审核：{n}。",
        "In these categories the beneficiary confirms first: {n}.",
        {(): ("不要求受益人确认。", "No beneficiary has to confirm.")},
    ),
    "team_earnings": sentence(
        WORD,
        "团队积分：{n}。",
        "Team earnings: {n}.",
        {
            "members": (
                "以团队名义参加，积分仍归个人。",
                "What people earn in a team's claim is their own.",
            ),
            "team": (
                "以团队名义参加，可用积分归团队，只能捐赠，不能消费。",
                "What people earn in a team's claim is the team's, and can only be donated.",
            ),
        },
    ),
    "validity_months": sentence(
        MONTHS,
        "没有另行规定的积分，{n} 个月后到期。",
        "Units without a rule of their own expire after {n} months.",
        {None: ("没有另行规定的积分长期有效。", "Units without a rule of their own never expire.")},
    ),
    "expiry_grace_days": sentence(
        DAYS,
        "商户退回的积分若已过期，再给 {n} 天使用。",
        "Units that come back from a shop past their day may be used for {n} more days.",
    ),
    "redeem_lifetime_least": sentence(
        UNITS,
        "累计挣满 {n} 积分后才能兑换。",
        "Redeeming begins after {n} units earned in a lifetime.",
        {0: ("不要求先累计多少积分即可兑换。", "Redeeming needs no lifetime total.")},
    ),
    "spend_on_oneself_from_age": sentence(
        YEARS,
        "年满 {n} 周岁才能把积分用在自己身上。",
        "From the age of {n} one may spend on oneself.",
        {0: ("任何年龄都可以把积分用在自己身上。", "One may spend on oneself at any age.")},
    ),
    "spend_confirmed_below_age": sentence(
        YEARS,
        "未满 {n} 周岁的，使用积分须监护人确认。",
        "Below the age of {n} a guardian confirms what is spent.",
        {0: ("未成年人使用积分不须监护人确认。", "No guardian has to confirm what is spent.")},
    ),
    "accompanied_below_age": sentence(
        YEARS,
        "未满 {n} 周岁的，须有监护人或同住成年人陪同才能参加服务。",
        "Below the age of {n} one serves only beside a guardian or an adult of the household.",
        {0: ("未成年人参加服务不须陪同。", "Minors may serve without company.")},
    ),
    "gifts": sentence(
        WORD,
        "赠送：{n}。",
        "Gifts: {n}.",
        {
            "none": ("积分不能赠送他人。", "Units cannot be given away."),
            "relatives": (
                "积分只能赠送给已登记的直系亲属，对方年龄不限。",
                "Units may be given to registered family in direct line only, of any age.",
            ),
        },
    ),
    "gift_units_day": sentence(
        UNITS,
        "开放赠送的，每人每天最多送出 {n} 积分。",
        "Where gifts are allowed, one gives at most {n} units a day.",
    ),
    "donations": sentence(
        YES,
        "捐赠：{n}。",
        "Donations: {n}.",
        {
            True: (
                "积分可以捐给爱心基金，转给有需要的人。",
                "Units may be donated to people in need.",
            ),
            False: ("不开放捐赠。", "There are no donations."),
        },
    ),
    "donation_order": sentence(
        WORD,
        "受捐顺序：{n}。",
        "Order: {n}.",
        {
            "first_named": (
                "捐来的积分按登记先后分给有需要的人。",
                "Donated units go to people in need in the order of registration.",
            ),
            "oldest": (
                "捐来的积分先给年龄最大的有需要的人。",
                "Donated units go to the oldest of the people in need first.",
            ),
            "least_received": (
                "捐来的积分先给至今受捐最少的人。",
                "Donated units go first to whoever received the least so far.",
            ),
        },
    ),
    "donation_units_most": sentence(
        UNITS,
        "每次最多分给一人 {n} 积分。",
        "One person receives at most {n} donated units at a time.",
    ),
    "exchange_asset": sentence(
        WORD,
        "邻里互助服务以 {n} 结算，由受助人支付。",
        "A service between members is paid by its receiver in {n}.",
        {None: ("没有成员之间付积分的互助服务。", "No service costs its receiver anything.")},
    ),
    "exchange_units_hour": sentence(
        UNITS,
        "有邻里互助服务的，受助人每小时付 {n}。",
        "A service between members costs its receiver {n} an hour.",
    ),
    "grace_days": sentence(
        DAYS,
        "年度结束后 {n} 天内审核的服务仍计入上一年。",
        "What is reviewed within {n} days after the year still counts to it.",
    ),
    "ranked_assets": sentence(
        LIST,
        "年终按以下积分排名：{n}。",
        "The year ranks what was earned of: {n}.",
        {(): ("年终对当年发放过的每种积分都排名。", "The year ranks every asset that was earned.")},
    ),
    "medals": sentence(LIST, "年终表彰：{n}。", "Medals: {n}.", {(): ("不设奖牌。", "No medals.")}),
    "withdraw_cutoff_minutes": sentence(
        MINUTES,
        "任务开始前 {n} 分钟起不能再随意退出，退出按缺席计。",
        "From {n} minutes before the start, giving a place back counts as not coming.",
    ),
    "waitlist_most": sentence(
        PEOPLE,
        "名额满后最多 {n} 人候补。",
        "At most {n} people wait for a place.",
        {0: ("名额满后不设候补。", "There is no waitlist.")},
    ),
    "place_before_minutes": sentence(
        MINUTES,
        "离开始还有 {n} 分钟以上的，空出的名额直接递补。",
        "More than {n} minutes before the start a free place goes to the next in line at once.",
    ),
    "offer_minutes": sentence(
        MINUTES,
        "临近开始时，先询问候补的人，{n} 分钟不答复就问下一位。",
        "Closer to the start it is offered, and for {n} minutes kept.",
    ),
    "no_shows_most": sentence(
        TIMES,
        "无故缺席满 {n} 次的，报名排在其他人之后。",
        "Who stays away {n} times queues behind all others.",
    ),
    "no_show_window_days": sentence(
        DAYS, "缺席次数按最近 {n} 天累计。", "Absences count for {n} days."
    ),
    "no_show_rest_days": sentence(DAYS, "排后期为 {n} 天。", "That lasts {n} days."),
    "visits_month_least": sentence(
        TIMES, "结对帮扶每月至少走访 {n} 次。", "A pair meets at least {n} times a month."
    ),
    "site_code_period_s": sentence(
        SECONDS, "现场签到码每 {n} 秒更换。", "The site's sign-in code changes every {n} seconds."
    ),
    "site_code_ttl_s": sentence(
        SECONDS, "每个签到码 {n} 秒内有效。", "Each of them is good for {n} seconds."
    ),
    "forced_out_after_minutes": sentence(
        MINUTES,
        "任务结束 {n} 分钟后仍未签退的，由系统签退并标记。",
        "Who has not signed out {n} minutes after the end is signed out, and it is marked.",
    ),
    "review_days": sentence(
        DAYS, "服务应在 {n} 天内审核。", "A service is reviewed within {n} days."
    ),
    "dispute_days": sentence(
        DAYS, "对审核有异议的，可在 {n} 天内提出。", "A review may be disputed for {n} days."
    ),
    "second_look_permille": sentence(
        ("千分之", "per thousand"),
        "每一千条审核中随机抽 {n} 条复查。",
        "{n} of a thousand reviews are drawn for a second look.",
    ),
    "withdraw_approval_days": sentence(
        DAYS,
        "审核通过后 {n} 天内，可由另一人说明理由撤回。",
        "An approval may be withdrawn for {n} days, by a second person with a reason.",
    ),
    "code_ttl_s": sentence(SECONDS, "付款码 {n} 秒内有效。", "A pay code is good for {n} seconds."),
    "code_period_s": sentence(
        SECONDS, "付款码每 {n} 秒换一个。", "A new pay code comes every {n} seconds."
    ),
    "live_codes_most": sentence(
        ("个", "codes"),
        "每人同时最多有 {n} 个有效付款码。",
        "At most {n} pay codes of a person are good at once.",
    ),
    "scan_ttl_s": sentence(
        SECONDS, "扫码后 {n} 秒内完成核销。", "A scan is to be redeemed within {n} seconds."
    ),
    "hold_ttl_s": sentence(
        SECONDS, "冻结的积分 {n} 秒后自动退回。", "Units on hold go back after {n} seconds."
    ),
    "wrong_codes_most": sentence(
        TIMES, "一个收银端连续输错 {n} 次码就锁定。", "A till locks after {n} wrong codes."
    ),
    "wrong_codes_window_s": sentence(
        SECONDS, "输错次数按最近 {n} 秒累计。", "Wrong codes count for {n} seconds."
    ),
    "till_lock_s": sentence(
        SECONDS, "收银端锁定 {n} 秒。", "A locked till stays locked for {n} seconds."
    ),
    "no_pin_points_most": sentence(
        UNITS, "每笔不超过 {n} 积分可免密。", "Up to {n} units a payment need no PIN."
    ),
    "no_pin_payments_day": sentence(
        TIMES, "每天最多免密 {n} 笔。", "At most {n} payments a day need no PIN."
    ),
    "no_pin_points_day": sentence(
        UNITS, "每天免密合计不超过 {n} 积分。", "At most {n} units a day need no PIN."
    ),
    "new_device_points_most": sentence(
        UNITS,
        "新换的手机上，每笔不超过 {n} 积分可免密。",
        "On a new device up to {n} units need no PIN.",
    ),
    "card_points_day": sentence(
        UNITS, "纸质卡每天最多用 {n} 积分。", "A printed card spends at most {n} units a day."
    ),
    "delegate_points_day_most": sentence(
        UNITS,
        "代办人每天最多代用 {n} 积分。",
        "A delegate spends at most {n} units a day.",
    ),
    "refund_days": sentence(DAYS, "消费后 {n} 天内可退。", "Refunds are possible for {n} days."),
    "refund_alone_points_most": sentence(
        UNITS,
        "退回超过 {n} 积分须收银员以外的人办理。",
        "Refunds above {n} units need someone other than the cashier.",
    ),
    "reveals_day": sentence(
        PEOPLE,
        "每名工作人员每天最多查看 {n} 人的完整个人信息。",
        "One of staff sees the personal data of at most {n} people a day.",
    ),
}
