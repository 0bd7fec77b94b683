"""Pay codes: what a member shows at a till. Each lives a minute and works once.

The answer to ``issue`` holds no digits, because answers are kept; `digits` renders them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Row, UniqueConstraint, bindparam, insert, select, update
from sqlmodel import Field

from creditbank.core.keys import keyed
from creditbank.core.prepared import Prepared, among
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.identity import assists
from creditbank.people import delegates, members
from creditbank.people.errors import DelegateEnded, MemberSuspended, NotYours
from creditbank.people.members import Status
from creditbank.schemes import scheme
from merchants import code_digits, new_devices
from merchants.errors import CodeExpired, CodeNotFound, CodeStopped, CodeUsed


class CodeState(StrEnum):
    """Where a pay code stands; only a live one is taken."""

    LIVE = "live"
    USED = "used"
    STOPPED = "stopped"
    REPLACED = "replaced"


class PayCodeRow(OfBank, table=True):
    """One pay code of a member.

    ``device_since`` is set where a new device asked for it, ``delegate_id`` where another member
    did, to pay for this one.
    """

    __tablename__ = "pay_code"
    __table_args__ = (
        within_bank(["member_id"], "member", ["member_id"]),
        UniqueConstraint("bank_id", "digits"),
        Index("ix_pay_code_member", "bank_id", "member_id", "state"),
    )

    pay_code_id: str = Field(primary_key=True, max_length=40)
    member_id: str = Field(max_length=40)
    digits: str = Field(max_length=code_digits.LENGTH)
    state: str = Field(max_length=16)
    issued_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    device_since: datetime | None = Field(sa_type=UtcDateTime)
    delegate_id: str | None = Field(max_length=40)


pay_codes = table(PayCodeRow)


@dataclass(frozen=True, slots=True)
class CodeIssued:
    """A pay code without its digits; the phone asks for another at ``refresh_at``."""

    pay_code_id: str
    issued_at: datetime
    ends_at: datetime
    refresh_at: datetime
    state: CodeState


@dataclass(frozen=True, slots=True)
class Shown:
    """Whose code it is that a till has read, and who shows it.

    ``device_since`` is set on a new device, ``card_id`` on a printed card.
    """

    pay_code_id: str
    member_id: str
    device_since: datetime | None = None
    delegate_id: str | None = None
    card_id: str | None = None


@keyed
def issue(unit: Unit, *, member_id: str, key: str) -> CodeIssued:
    """Give a member a pay code: a new one, or the live one if it is younger than the period.

    In an assist it takes the member's PIN, typed for this very request.

    Raises:
        MemberNotFound: this bank has no such member.
        MemberSuspended: the member may not spend now.
        NotYours: a member asks for somebody else's.
        AssistPinNeeded: someone in office asks in an assist, without the PIN.
    """
    members.require_own(unit.actor, member_id)
    members.require_active(unit, member_id)
    assists.require_pin(unit, member_id, key)
    issued = _issue(unit, member_id, None)
    assists.done(unit, "assist.pay-code-made", issued.pay_code_id)
    return issued


@keyed
def issue_delegated(unit: Unit, *, member_id: str, key: str) -> CodeIssued:  # noqa: ARG001
    """Give a delegate, who asks, a pay code for the member who named them.

    Raises:
        MemberNotFound: this bank has no such member.
        MemberSuspended: one of the two may not spend now.
        NotYours: whoever asks is no member.
        DelegateEnded, DelegateTooNew: they may not pay for this member now.
    """
    delegate_id = unit.actor.member_id
    if unit.actor.role != members.MEMBER_ROLE or delegate_id is None:
        raise NotYours
    if delegates.active(unit, member_id, delegate_id) is None:
        raise DelegateEnded
    both = members.lock(unit, {member_id, delegate_id})
    for one in both.values():
        if one.status is not Status.ACTIVE:
            raise MemberSuspended(one.member_id, one.status)
    delegates.require(unit, member_id, delegate_id)
    return _issue(unit, member_id, delegate_id)


def _issue(unit: Unit, member_id: str, delegate_id: str | None) -> CodeIssued:
    """Give out a code of a member, who is locked; each who shows codes has their own live ones."""
    rules = scheme.current(unit)
    period = timedelta(seconds=rules.code_period_s)
    device_since = new_devices.since(unit)
    live = _lock_live(unit, member_id, delegate_id)
    if live and live[-1].device_since == device_since and unit.now < live[-1].issued_at + period:
        return _issued(live[-1], period)
    too_many = len(live) + 1 - rules.live_codes_most
    if too_many > 0:
        _end(unit, [row.pay_code_id for row in live[:too_many]], CodeState.REPLACED)
    row = _row(
        unit, Shown(unit.new_id("pcd"), member_id, device_since, delegate_id), CodeState.LIVE
    )
    row |= {"ends_at": unit.now + timedelta(seconds=rules.code_ttl_s)}
    unit.run(insert(pay_codes), row)
    return CodeIssued(
        str(row["pay_code_id"]), unit.now, row["ends_at"], unit.now + period, CodeState.LIVE
    )


def _row(unit: Unit, of: Shown, state: CodeState) -> dict[str, Any]:
    return {
        "bank_id": unit.bank_id,
        "pay_code_id": of.pay_code_id,
        "member_id": of.member_id,
        "digits": code_digits.complete(unit.ids.digits(code_digits.RANDOM_DIGITS)),
        "state": state,
        "issued_at": unit.now,
        "ends_at": unit.now,
        "device_since": of.device_since,
        "delegate_id": of.delegate_id,
    }


def stand_in(unit: Unit, card: Shown) -> None:
    """Write down a used pay code, never shown, for a card that was scanned."""
    unit.run(insert(pay_codes), _row(unit, card, CodeState.USED))


def _issued(row: Row[Any], period: timedelta) -> CodeIssued:
    return CodeIssued(
        row.pay_code_id,
        row.issued_at,
        row.ends_at,
        row.issued_at + period,
        CodeState(row.state),
    )


def digits(view: View, pay_code_id: str) -> str:
    """Return the digits of a pay code, for its owner's screen only.

    Raises:
        CodeNotFound: this bank has none of this id.
    """
    row = view.row(
        select(pay_codes.c.digits).where(
            pay_codes.c.bank_id == view.bank_id, pay_codes.c.pay_code_id == pay_code_id
        )
    )
    if row is None:
        raise CodeNotFound(pay_code_id)
    return str(row.digits)


def digits_of(
    view: View, pay_code_id: str, *, member_id: str, delegate_id: str | None = None
) -> str:
    """Return the digits of a code that a member, or a delegate for them, shows.

    Raises:
        CodeNotFound: this bank has none of this id, or somebody else shows it.
    """
    row = view.row(
        select(pay_codes.c.digits).where(
            pay_codes.c.bank_id == view.bank_id,
            pay_codes.c.pay_code_id == pay_code_id,
            pay_codes.c.member_id == member_id,
            pay_codes.c.delegate_id == delegate_id,
        )
    )
    if row is None:
        raise CodeNotFound(pay_code_id)
    return str(row.digits)


def find(
    view: View, pay_code_id: str, *, member_id: str, delegate_id: str | None = None
) -> CodeIssued:
    """Return a code that a member, or a delegate for them, was given.

    Raises:
        CodeNotFound: this bank has none of this id, or somebody else shows it.
    """
    row = view.row(
        select(pay_codes).where(
            pay_codes.c.bank_id == view.bank_id,
            pay_codes.c.pay_code_id == pay_code_id,
            pay_codes.c.member_id == member_id,
            pay_codes.c.delegate_id == delegate_id,
        )
    )
    if row is None:
        raise CodeNotFound(pay_code_id)
    return _issued(row, timedelta(seconds=scheme.current(view).code_period_s))


def shown(view: View, digits_read: Iterable[str]) -> dict[str, Shown]:
    """Return whose codes tills have read, by their digits; unknown ones are left out.

    Whether one is still good is seen by `Live.burn`.
    """
    rows = _SHOWN.rows(view, bank_id=view.bank_id, all_digits=sorted(set(digits_read)))
    return {
        row.digits: Shown(row.pay_code_id, row.member_id, row.device_since, row.delegate_id)
        for row in rows
    }


_SHOWN = Prepared(
    select(
        pay_codes.c.digits,
        pay_codes.c.pay_code_id,
        pay_codes.c.member_id,
        pay_codes.c.device_since,
        pay_codes.c.delegate_id,
    ).where(pay_codes.c.bank_id == bindparam("bank_id"), among(pay_codes.c.digits, "all_digits"))
)


class Live:
    """The live codes of members who are locked, all locked at once, to be burned one by one."""

    def __init__(self, unit: Unit, member_ids: Iterable[str]) -> None:
        """Lock them."""
        self._unit = unit
        self._live: dict[tuple[str, str | None], list[str]] = {}
        self._burned: list[str] = []
        for row in _live_of(unit, member_ids):
            place = self._live.setdefault((row.member_id, row.delegate_id), [])
            place.append(row.pay_code_id)

    def burn(self, code: Shown) -> None:
        """Use a code up, and all other live ones of who shows it; `write` writes it down.

        Raises:
            CodeUsed: it was scanned before.
            CodeExpired: it is too old, or was replaced by newer ones.
            CodeStopped: its owner stopped it.
        """
        live = self._live.get((code.member_id, code.delegate_id), [])
        if code.pay_code_id in live:
            self._burned += self._live.pop((code.member_id, code.delegate_id))
            return
        if code.pay_code_id in self._burned:
            raise CodeUsed
        row = self._unit.row(
            select(pay_codes.c.state).where(
                pay_codes.c.bank_id == self._unit.bank_id,
                pay_codes.c.pay_code_id == code.pay_code_id,
            )
        )
        assert row is not None, "the code was found before"
        if row.state == CodeState.USED:
            raise CodeUsed
        raise CodeStopped if row.state == CodeState.STOPPED else CodeExpired

    def write(self) -> None:
        """Write down what was burned."""
        _end(self._unit, self._burned, CodeState.USED)


def stop_live(unit: Unit, member_id: str, *, delegate_id: str | None = None) -> int:
    """Stop the live codes of a member, who is locked, or those of a delegate; return how many."""
    live = [
        row.pay_code_id
        for row in _live_of(unit, [member_id])
        if delegate_id in {None, row.delegate_id}
    ]
    _end(unit, live, CodeState.STOPPED)
    return len(live)


def _live_of(unit: Unit, member_ids: Iterable[str]) -> list[Any]:
    """Lock the codes of members that are live and not over, oldest first."""
    return _LIVE.rows(unit, bank_id=unit.bank_id, member_ids=sorted(set(member_ids)), now=unit.now)


_LIVE = Prepared(
    select(pay_codes)
    .where(
        pay_codes.c.bank_id == bindparam("bank_id"),
        among(pay_codes.c.member_id, "member_ids"),
        pay_codes.c.state == CodeState.LIVE,
        pay_codes.c.ends_at > bindparam("now"),
    )
    .order_by(pay_codes.c.issued_at, pay_codes.c.pay_code_id)
    .with_for_update(key_share=True)
)


def _lock_live(unit: Unit, member_id: str, delegate_id: str | None) -> list[Any]:
    """Lock the live codes that a member shows, or that a delegate shows for them."""
    return [row for row in _live_of(unit, [member_id]) if row.delegate_id == delegate_id]


def _end(unit: Unit, pay_code_ids: list[str], state: CodeState) -> None:
    if pay_code_ids:
        _END.run(
            unit,
            {"of_bank": unit.bank_id, "pay_code_ids": sorted(pay_code_ids), "new_state": state},
        )


_END = Prepared(
    update(pay_codes)
    .where(
        pay_codes.c.bank_id == bindparam("of_bank"),
        among(pay_codes.c.pay_code_id, "pay_code_ids"),
    )
    .values(state=bindparam("new_state"))
)
