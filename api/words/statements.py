"""Sentences of a statement: what moved a member's points, in plain words, in both languages.

Made when the statement is read. Shops, tasks and funds are called by their names, other members
by masked names; what is not known any more is told without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from creditbank.core.units import View
from creditbank.ledger.chart import Kind
from creditbank.ledger.statements import Line
from creditbank.people import persons
from creditbank.tasks.claims import claims
from creditbank.tasks.tasks import tasks
from merchants.partners import merchants


@dataclass(frozen=True, slots=True)
class Sentence:
    """A line of a statement in both languages."""

    zh: str
    en: str


_WORDS: Mapping[tuple[Kind, bool], tuple[str, str]] = {
    (Kind.ISSUE, True): ("服务“{task}”审核通过，获得积分", "Earned by the service: {task}"),
    (Kind.OPENING, True): ("期初余额转入", "Brought in as an opening balance"),
    (Kind.REDEEM, False): ("在 {shop} 使用", "Used at {shop}"),
    (Kind.REFUND, True): ("{shop} 退回", "Given back by {shop}"),
    (Kind.GIFT, False): ("转赠给家人 {who}", "Given to {who} of your family"),
    (Kind.GIFT, True): ("家人 {who} 转赠", "A gift of {who} of your family"),
    (Kind.DONATE, False): ("互助捐赠", "Donated"),
    (Kind.DONATE, True): ("收到互助捐赠", "Received as a donation"),
    (Kind.EXPIRE, False): ("积分到期", "Expired"),
    (Kind.SERVICE, False): ("{who} 为您提供了互助服务", "{who} did a service for you"),
    (Kind.SERVICE, True): ("您为 {who} 提供了互助服务", "You did a service for {who}"),
    (Kind.MERGE, True): ("两份资料合并转入", "Moved here when two records became one"),
    (Kind.MERGE, False): ("两份资料合并转出", "Moved away when two records became one"),
    (Kind.REVERSE, True): ("更正：退回 {at}", "Corrected: given back, {at}"),
    (Kind.REVERSE, False): ("更正：收回 {at}", "Corrected: taken back, {at}"),
}
_OTHER = {True: ("转入", "Came in"), False: ("转出", "Went out")}
_NAMELESS = {
    "task": ("志愿服务", "a service"),
    "shop": ("合作商户", "a shop"),
    "who": ("一位成员", "a member"),
    "at": ("", ""),
}


def sentences(view: View, lines: Sequence[Line]) -> list[Sentence]:
    """Return the sentences of the lines of a statement, in their order."""
    titles = _titles(view, {one.refers_to for one in lines if one.refers_to})
    shops = _shops(view, _ids(lines, "merchant/"))
    names = persons.masked_names(view, _ids(lines, "member/"))
    made = []
    for one in lines:
        known = {
            "task": titles.get(one.refers_to or ""),
            "shop": shops.get(one.other.removeprefix("merchant/")),
            "who": names.get(one.other.removeprefix("member/")),
        }
        known["at"] = known["shop"] or known["task"]
        made.append(_sentence(one, known))
    return made


def _sentence(line: Line, known: Mapping[str, str | None]) -> Sentence:
    zh, en = _WORDS.get((line.kind, line.units > 0), _OTHER[line.units > 0])
    words = [
        {name: known[name] or _NAMELESS[name][language] for name in _NAMELESS}
        for language in (0, 1)
    ]
    return Sentence(zh.format_map(words[0]).strip(), en.format_map(words[1]).strip(" ,"))


def _ids(lines: Iterable[Line], head: str) -> set[str]:
    return {one.other.removeprefix(head) for one in lines if one.other.startswith(head)}


def _titles(view: View, claim_ids: Iterable[str]) -> dict[str, str]:
    """Return how the tasks of these claims are called."""
    wanted = sorted(one for one in claim_ids if one.startswith("clm_"))
    if not wanted:
        return {}
    rows = view.rows(
        select(claims.c.claim_id, tasks.c.title)
        .join(tasks, (tasks.c.bank_id == claims.c.bank_id) & (tasks.c.task_id == claims.c.task_id))
        .where(claims.c.bank_id == view.bank_id, claims.c.claim_id.in_(wanted))
    )
    return {row.claim_id: row.title for row in rows}


def _shops(view: View, merchant_ids: Iterable[str]) -> dict[str, str]:
    wanted = sorted(merchant_ids)
    if not wanted:
        return {}
    rows = view.rows(
        select(merchants.c.merchant_id, merchants.c.name).where(
            merchants.c.bank_id == view.bank_id, merchants.c.merchant_id.in_(wanted)
        )
    )
    return {row.merchant_id: row.name for row in rows}
