"""The text that carries a one-time code to a phone, for programs' sign-in and the pages'."""

from __future__ import annotations

from fastapi import Request

from api import senders
from api.edge.wiring import Caller
from creditbank.core.units import Unit
from creditbank.identity import one_time_codes
from creditbank.identity.one_time_codes import Asked

_TEXT = (
    "【{bank}】验证码 {code}，{minutes} 分钟内有效，请勿告诉他人。"
    " Your code is {code}, good for {minutes} minutes; tell nobody."
)


async def ask(request: Request, caller: Caller, *, phone: str, key: str) -> Asked:
    """Send a code to a phone, whoever's it is; a copy of the request sends nothing again.

    Raises:
        BadField, CodeTooSoon, CodesUsedUp: as `one_time_codes.ask`.
        SendingFailed, SenderMissing: as `senders.deliver`.
    """
    asked = await caller.write(lambda unit: one_time_codes.ask(unit, key=key, phone=phone))
    text = await caller.write(lambda unit: _text(unit, asked.attempt_id))
    if text is not None:
        await senders.deliver(request, phone, text)
    return asked


def _text(unit: Unit, attempt_id: str) -> str | None:
    code = one_time_codes.hand_over(unit, attempt_id=attempt_id)
    minutes = one_time_codes.CODE_TTL_S // 60
    return code and _TEXT.format(bank=unit.bank.name, code=code, minutes=minutes)
