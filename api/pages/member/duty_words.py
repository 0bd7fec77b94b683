"""Words of a duty: where a claim stands, and what comes next, as its member reads it."""

from __future__ import annotations

from collections.abc import Mapping

from creditbank.tasks.states import ClaimState

# state → (中文, English, kind of badge)
BADGES: Mapping[ClaimState, tuple[str, str, str]] = {
    ClaimState.WAITING: ("候补中", "Waiting", "wait"),
    ClaimState.OFFERED: ("有名额，请答复", "A place for you", "wait"),
    ClaimState.PLACED: ("已报名", "You are in", ""),
    ClaimState.SIGNED_IN: ("服务中", "Under way", ""),
    ClaimState.SIGNED_OUT: ("等待审核", "In review", "info"),
    ClaimState.FORCED_OUT: ("忘记签退", "No sign-out", "wait"),
    ClaimState.APPROVED: ("已通过", "Approved", ""),
    ClaimState.REJECTED: ("未通过", "Not approved", "no"),
    ClaimState.DISPUTED: ("复核中", "Second review", "info"),
    ClaimState.REVOKED: ("审核已撤回", "Approval withdrawn", "no"),
    ClaimState.WITHDRAWN: ("已退出", "Withdrawn", "quiet"),
    ClaimState.LAPSED: ("候补未成", "No place came free", "quiet"),
    ClaimState.NO_SHOW: ("未到场", "Did not come", "no"),
}

# state → what comes next, (中文, English)
NEXT: Mapping[ClaimState, tuple[str, str]] = {
    ClaimState.WAITING: (
        "有人退出时，会按顺序通知您。",
        "When a place becomes free, you are told in turn.",
    ),
    ClaimState.OFFERED: (
        "有人退出，名额轮到您了，请答复要不要。",
        "Somebody gave a place back, and it is your turn. Do you want it?",
    ),
    ClaimState.PLACED: (
        "到现场后扫一下现场码签到，结束时再扫一次签退。开始前一小时起可以签到。",
        (
            "At the site, scan its code to sign in, and once more when you leave. "
            "Signing in opens an hour before the start."
        ),
    ),
    ClaimState.SIGNED_IN: (
        "正在计时。离开时请扫现场码签退，不要忘记。",
        "Your time is running. Scan the site's code when you leave.",
    ),
    ClaimState.SIGNED_OUT: (
        "社区正在审核，通过后积分自动到账，并会通知您。",
        "The office reviews it; then the points come by themselves, and you are told.",
    ),
    ClaimState.FORCED_OUT: (
        "结束后没有签退，时间先按任务结束时计算。请在下面写明几点离开，审核人会看到。",
        (
            "You did not sign out, so the time runs to the end of the task. "
            "Write below when you left: the reviewer reads it."
        ),
    ),
    ClaimState.APPROVED: (
        "辛苦了，谢谢您的付出！",
        "Well done, and thank you!",
    ),
    ClaimState.REJECTED: (
        "这次服务没有通过审核。如果您认为不对，可以提出异议，由另一位审核人复核。",
        (
            "This service was not approved. If that is wrong, dispute it: "
            "somebody else will look at it."
        ),
    ),
    ClaimState.DISPUTED: (
        "另一位审核人正在复核，结果会通知您。",
        "Another reviewer looks at it; you will be told.",
    ),
    ClaimState.REVOKED: (
        "社区撤回了这次审核。有疑问请联系社区工作人员。",
        "The office withdrew this approval. Please ask there if something is unclear.",
    ),
    ClaimState.WITHDRAWN: (
        "您已退出。还有名额时可以再报名。",
        "You have withdrawn. While there are places you can claim it again.",
    ),
    ClaimState.LAPSED: (
        "这次没有轮到您。看看别的任务吧。",
        "It was not your turn this time. Have a look at other tasks.",
    ),
    ClaimState.NO_SHOW: (
        "记录为报名后未到场。如有特殊原因，请联系社区工作人员说明。",
        "It is noted that you did not come. If there was a reason, please tell the office.",
    ),
}
