"""Asset sentences: what a programme says of one of its assets, in words to read aloud. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from creditbank.schemes.sentences import MONTHS, UNITS, WORD, Sentence, sentence

OF_ASSET: Mapping[str, Sentence] = {
    "kind": sentence(
        WORD,
        "属于{n}。",
        "It is {n}.",
        {
            None: ("能否消费以本社登记为准。", "What it is for is as the bank has it."),
            "spendable": ("可以消费。", "It can be spent."),
            "honour": (
                "是荣誉积分，不能消费、赠送或捐赠。",
                "It is an honour: not spent, given or donated.",
            ),
        },
    ),
    "welcome": sentence(
        UNITS,
        "新成员加入时送 {n}，每人只有一次。",
        "Who joins receives {n}, once.",
        {0: ("加入时不赠送。", "Joining brings none.")},
    ),
    "reward_most": sentence(
        UNITS,
        "一项任务每人或每小时最多给 {n}。",
        "A task gives at most {n} per person or hour.",
        {None: ("任务给多少由组织者定。", "What a task gives is up to the organiser.")},
    ),
    "cap_day": sentence(
        UNITS,
        "每人每天最多挣 {n}。",
        "One earns at most {n} a day.",
        {None: ("每天挣多少不设上限。", "There is no cap a day.")},
    ),
    "cap_month": sentence(
        UNITS,
        "每人每月最多挣 {n}。",
        "One earns at most {n} a month.",
        {None: ("每月挣多少不设上限。", "There is no cap a month.")},
    ),
    "storage_cap": sentence(
        UNITS,
        "每人最多存 {n}。",
        "One stores at most {n}.",
        {None: ("存多少不设上限。", "There is no cap on what is stored.")},
    ),
    "over_cap": sentence(
        WORD,
        "超出的部分：{n}。",
        "What exceeds a cap: {n}.",
        {
            "fund": ("超过上限的部分捐入基金。", "What exceeds a cap goes to a fund."),
            "honour": (
                "超过上限的部分记为荣誉积分。",
                "What exceeds a cap becomes honour.",
            ),
            "refused": ("超过上限的部分不发放。", "What exceeds a cap is not issued."),
        },
    ),
    "over_to": sentence(
        WORD,
        "去向是“{n}”。",
        "That is '{n}'.",
        {None: ("没有其他去向。", "It goes nowhere else.")},
    ),
    "validity_months": sentence(
        MONTHS,
        "{n} 个月后到期，先到期的先用。",
        "It expires after {n} months; what expires first is used first.",
        {None: ("长期有效。", "It never expires.")},
    ),
}
