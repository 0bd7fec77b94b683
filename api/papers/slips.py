"""Slips: what the office did for a member, on paper they take home.

Large type, no names of others, no script; a phone number is masked. The page brings its own style
and its policy names that style by hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from creditbank.core.units import View
from creditbank.identity import assists
from creditbank.identity.assists import Assist, Channel, Deed, Identity
from creditbank.people import masks, members, persons
from creditbank.people.errors import PersonNotFound
from creditbank.tasks import tasks

DEEDS = {
    "assist.claimed": ("报名任务", "Joined a task"),
    "assist.withdrawn": ("退出任务", "Left a task"),
    "assist.pay-code-made": ("出示付款码", "A pay code was shown"),
    "assist.codes-stopped": ("停用付款码", "Pay codes were stopped"),
}
IDENTITIES = {
    Identity.KNOWN: ("认识本人", "known personally"),
    Identity.DOCUMENT: ("查看证件", "document seen"),
    Identity.CARD: ("出示付款卡", "card shown"),
}
CHANNELS = {
    Channel.PRESENT: ("本人到场", "present"),
    Channel.TELEPHONE: ("电话", "by telephone"),
}
_STYLE = (
    "body{font:24px/1.5 sans-serif;margin:2em;color:#000;background:#fff}"
    "h1{font-size:36px}th,td{text-align:left;padding:.3em 1em .3em 0;vertical-align:top}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was done, in words; ``about`` is the task it was about."""

    at: datetime
    zh: str
    en: str
    about: str | None


@dataclass(frozen=True, slots=True)
class Slip:
    """What was done in an assist."""

    assist_id: str
    bank: str
    number: str
    name: str
    phone: str | None
    staff_id: str
    identity: Identity
    channel: Channel
    begun_at: datetime
    lines: tuple[Line, ...]


def of(view: View, one: Assist, *, whole: bool) -> Slip:
    """Return the slip of an assist as it stands now; ``whole`` shows the whole name."""
    try:
        person = persons.find(view, one.member_id)
        name = person.name if whole else masks.name(person.name)
        phone = person.phone
    except PersonNotFound:
        name, phone = masks.GONE, None
    return Slip(
        one.assist_id,
        view.bank.name,
        members.find(view, one.member_id).number,
        name,
        None if phone is None else masks.phone(phone),
        one.staff_id,
        one.identity,
        one.channel,
        _local(view, one.begun_at),
        _lines(view, assists.deeds(view, one)),
    )


def _lines(view: View, deeds: Sequence[Deed]) -> tuple[Line, ...]:
    return tuple(
        Line(
            _local(view, one.done_at),
            *DEEDS.get(one.what, (one.what, one.what)),
            _about(view, one.object_id),
        )
        for one in deeds
    )


def _local(view: View, instant: datetime) -> datetime:
    return instant.astimezone(ZoneInfo(view.bank.zone))


def _about(view: View, object_id: str) -> str | None:
    if not object_id.startswith("tsk_"):
        return None
    task = tasks.find(view, object_id)
    starts_at = _local(view, task.starts_at)
    return f"{task.title}（{starts_at:%Y-%m-%d %H:%M}，{task.place}）"


def page(slip: Slip) -> str:
    """Return a slip as a page to print."""
    identity_zh, identity_en = IDENTITIES[slip.identity]
    channel_zh, channel_en = CHANNELS[slip.channel]
    head = (
        ("成员 Member", f"{slip.name} {slip.number}"),
        ("手机 Phone", slip.phone or "—"),
        ("时间 Time", f"{slip.begun_at:%Y-%m-%d %H:%M}"),
        ("方式 How", f"{channel_zh}，{identity_zh} ({channel_en}, {identity_en})"),
        ("办理人 Staff", slip.staff_id),
        ("编号 Assist", slip.assist_id),
    )
    rows = "".join(f"<tr><th>{escape(one)}</th><td>{escape(said)}</td></tr>" for one, said in head)
    lines = "".join(
        f"<li>{one.at:%H:%M} {escape(one.zh)} {escape(one.en)}"
        f"{'<br>' + escape(one.about) if one.about else ''}</li>"
        for one in slip.lines
    )
    return (
        '<!DOCTYPE html><html lang="zh"><head><meta charset="utf-8">'
        f"<title>代办凭条 Slip</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(slip.bank)} 代办凭条</h1><table>{rows}</table><ol>{lines}</ol>"
        "<p>如有疑问，请联系社区工作人员。Questions? The community office can help.</p>"
        "</body></html>"
    )
