"""States of the exchange: one table each for the register, hand-outs and services. Pure."""

from __future__ import annotations

from enum import StrEnum

from creditbank.core.states import Machine, Verb


class NeedyState(StrEnum):
    """Where an entry of the register stands."""

    NAMED = "named"
    IN_NEED = "in_need"
    ENDED = "ended"


NEEDY = Machine(
    thing="entry of the register",
    thing_zh="这条登记",
    states={
        NeedyState.NAMED: "待确认",
        NeedyState.IN_NEED: "在册",
        NeedyState.ENDED: "已结束",
    },
    verbs={
        "confirm": Verb("确认", "confirm it", "另一位工作人员", "a second person of the office"),
        "end": Verb("结束", "end it", "工作人员", "the office"),
    },
    moves={
        (NeedyState.NAMED, "confirm"): NeedyState.IN_NEED,
        (NeedyState.NAMED, "end"): NeedyState.ENDED,
        (NeedyState.IN_NEED, "end"): NeedyState.ENDED,
    },
)


class HandoutState(StrEnum):
    """Where a hand-out of donated points stands."""

    PROPOSED = "proposed"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


HANDOUT = Machine(
    thing="hand-out",
    thing_zh="这笔发放",
    states={
        HandoutState.PROPOSED: "待确认",
        HandoutState.DONE: "已发放",
        HandoutState.WITHDRAWN: "已撤回",
        HandoutState.LAPSED: "已过期",
    },
    verbs={
        "confirm": Verb("确认发放", "confirm it", "另一位工作人员", "a second person"),
        "withdraw": Verb("撤回", "withdraw it", "工作人员", "the office"),
        "lapse": Verb("过期", "let it lapse", "系统", "the system"),
    },
    moves={
        (HandoutState.PROPOSED, "confirm"): HandoutState.DONE,
        (HandoutState.PROPOSED, "withdraw"): HandoutState.WITHDRAWN,
        (HandoutState.PROPOSED, "lapse"): HandoutState.LAPSED,
    },
)


class ServiceState(StrEnum):
    """Where an offer or a request of a service stands."""

    OPEN = "open"
    ANSWERED = "answered"
    AGREED = "agreed"
    TOLD = "told"
    DISPUTED = "disputed"
    DONE = "done"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


SERVICE = Machine(
    thing="service",
    thing_zh="这项互助服务",
    states={
        ServiceState.OPEN: "等待回应",
        ServiceState.ANSWERED: "有人回应",
        ServiceState.AGREED: "已约定",
        ServiceState.TOLD: "一方已确认完成",
        ServiceState.DISPUTED: "有争议",
        ServiceState.DONE: "已完成",
        ServiceState.CANCELLED: "已取消",
        ServiceState.LAPSED: "已过期",
    },
    verbs={
        "answer": Verb("回应", "answer it", "其他成员", "another member"),
        "accept": Verb("同意", "accept the answer", "发布人", "who posted it"),
        "decline": Verb("婉拒", "decline the answer", "发布人", "who posted it"),
        "tell": Verb("确认完成", "confirm that it was done", "双方", "either of the two"),
        "finish": Verb("确认完成", "confirm it as the second", "另一方", "the other one"),
        "dispute": Verb("提出异议", "dispute it", "双方", "either of the two"),
        "award": Verb("裁定支付", "decide that it is paid", "工作人员", "the office"),
        "dismiss": Verb("裁定不支付", "decide that nothing is paid", "工作人员", "the office"),
        "cancel": Verb("取消", "cancel it", "双方", "either of the two"),
        "lapse": Verb("过期", "let it lapse", "系统", "the system"),
    },
    moves={
        (ServiceState.OPEN, "answer"): ServiceState.ANSWERED,
        (ServiceState.OPEN, "cancel"): ServiceState.CANCELLED,
        (ServiceState.OPEN, "lapse"): ServiceState.LAPSED,
        (ServiceState.ANSWERED, "accept"): ServiceState.AGREED,
        (ServiceState.ANSWERED, "decline"): ServiceState.OPEN,
        (ServiceState.ANSWERED, "cancel"): ServiceState.CANCELLED,
        (ServiceState.ANSWERED, "lapse"): ServiceState.LAPSED,
        (ServiceState.AGREED, "tell"): ServiceState.TOLD,
        (ServiceState.AGREED, "dispute"): ServiceState.DISPUTED,
        (ServiceState.AGREED, "cancel"): ServiceState.CANCELLED,
        (ServiceState.AGREED, "lapse"): ServiceState.LAPSED,
        (ServiceState.TOLD, "finish"): ServiceState.DONE,
        (ServiceState.TOLD, "dispute"): ServiceState.DISPUTED,
        (ServiceState.TOLD, "lapse"): ServiceState.DISPUTED,
        (ServiceState.DISPUTED, "award"): ServiceState.DONE,
        (ServiceState.DISPUTED, "dismiss"): ServiceState.CANCELLED,
    },
)
