"""Pay codes: what a member shows at a till. Each lives a minute and works once.

The answer to ``issue`` holds no digits, because answers are kept; `digits` renders them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Row, UniqueConstraint, insert, select, update
from sqlmodel import Field

from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.people import members
from creditbank.schemes import scheme
from merchants import code_digits
from merchants.errors import CodeExpired, CodeNotFound, CodeStopped, CodeUnknown, CodeUsed


class CodeState(StrEnum):
    """Where a pay code stands; only a live one is taken."""

    LIVE = "live"
    USED = "used"
    STOPPED = "stopped"
    REPLACED = "replaced"


class PayCodeRow(OfBank, table=True):
    """One pay code of a member."""

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
    """Whose code it is that a till has read."""

    pay_code_id: str
    member_id: str


@keyed
def issue(unit: Unit, *, member_id: str, key: str) -> CodeIssued:  # noqa: ARG001
    """Give a member a pay code: a new one, or the live one if it is younger than the period.

    Raises:
        MemberNotFound: this bank has no such member.
        MemberSuspended: the member may not spend now.
        NotYours: a member asks for somebody else's.
    """
    members.require_own(unit.actor, member_id)
    members.require_active(unit, member_id)
    rules = scheme.current(unit)
    period = timedelta(seconds=rules.code_period_s)
    live = _lock_live(unit, member_id)
    if live and unit.now < live[-1].issued_at + period:
        return _issued(live[-1], period)
    too_many = len(live) + 1 - rules.live_codes_most
    if too_many > 0:
        _end(unit, [row.pay_code_id for row in live[:too_many]], CodeState.REPLACED)
    row = {
        "bank_id": unit.bank_id,
        "pay_code_id": unit.new_id("pcd"),
        "member_id": member_id,
        "digits": code_digits.complete(unit.ids.digits(code_digits.RANDOM_DIGITS)),
        "state": CodeState.LIVE,
        "issued_at": unit.now,
        "ends_at": unit.now + timedelta(seconds=rules.code_ttl_s),
    }
    unit.run(insert(pay_codes), row)
    return CodeIssued(
        str(row["pay_code_id"]),
        unit.now,
        unit.now + timedelta(seconds=rules.code_ttl_s),
        unit.now + period,
        CodeState.LIVE,
    )


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


def shown(view: View, code: str) -> Shown:
    """Return whose code a till has read; whether it is still good is seen by `burn`.

    Raises:
        CodeScrambled: the digits are no whole pay code.
        CodeForeign: it is a code of another service.
        CodeUnknown: nobody here was given it.
    """
    row = view.row(
        select(pay_codes.c.pay_code_id, pay_codes.c.member_id).where(
            pay_codes.c.bank_id == view.bank_id, pay_codes.c.digits == code_digits.read(code)
        )
    )
    if row is None:
        raise CodeUnknown
    return Shown(row.pay_code_id, row.member_id)


def burn(unit: Unit, code: Shown) -> None:
    """Use a code up, and all other live codes of its member; the member is locked.

    Raises:
        CodeUsed: it was scanned before.
        CodeExpired: it is too old, or was replaced by newer ones.
        CodeStopped: its owner stopped it.
    """
    live = [row.pay_code_id for row in _lock_live(unit, code.member_id)]
    if code.pay_code_id not in live:
        row = unit.row(
            select(pay_codes.c.state).where(
                pay_codes.c.bank_id == unit.bank_id, pay_codes.c.pay_code_id == code.pay_code_id
            )
        )
        assert row is not None, "the code was found before"
        if row.state == CodeState.USED:
            raise CodeUsed
        raise CodeStopped if row.state == CodeState.STOPPED else CodeExpired
    _end(unit, live, CodeState.USED)


def stop_live(unit: Unit, member_id: str) -> int:
    """Stop the live codes of a member, who is locked; return how many."""
    live = [row.pay_code_id for row in _lock_live(unit, member_id)]
    _end(unit, live, CodeState.STOPPED)
    return len(live)


def _lock_live(unit: Unit, member_id: str) -> list[Row[Any]]:
    """Lock the codes of a member that are live and not over yet, oldest first."""
    return list(
        unit.rows(
            select(pay_codes)
            .where(
                pay_codes.c.bank_id == unit.bank_id,
                pay_codes.c.member_id == member_id,
                pay_codes.c.state == CodeState.LIVE,
                pay_codes.c.ends_at > unit.now,
            )
            .order_by(pay_codes.c.issued_at, pay_codes.c.pay_code_id)
            .with_for_update(key_share=True)
        )
    )


def _end(unit: Unit, pay_code_ids: list[str], state: CodeState) -> None:
    if pay_code_ids:
        unit.run(
            update(pay_codes)
            .where(pay_codes.c.bank_id == unit.bank_id, pay_codes.c.pay_code_id.in_(pay_code_ids))
            .values(state=state)
        )
