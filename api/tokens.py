"""Access tokens: who may call, bound to a member, a till or an office role.

The secret is 256 bits, shown once when it is made; the table keeps its SHA-256. A token belongs
to one bank: at another it is unknown. An office token names a person by a staff id; it and a
till's token can name the member that person also is, so that law 7 can be held.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Connection,
    Row,
    UniqueConstraint,
    bindparam,
    insert,
    select,
    update,
)
from sqlmodel import Field

from api.errors import TokenNotFound
from creditbank.core.errors import BadField
from creditbank.core.ids import is_id
from creditbank.core.indexes import sparse
from creditbank.core.keys import Unsaid, keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, to_bank, within_bank
from creditbank.core.units import Unit
from creditbank.identity import grants, staff
from creditbank.identity.roles import OF_COMMUNITY, OF_MERCHANT, STAFF, Grant, Role
from creditbank.identity.staff import StaffState
from creditbank.people import communities, members, trail
from merchants import cashiers, partners, tills
from merchants.cashiers import CashierState

PREFIX = "cbt_"
LABEL_MOST = 60
_SECRET_BYTES = 32


class TokenRow(OfBank, table=True):
    """A token: whom it is bound to, and the hash of its secret."""

    __tablename__ = "token"
    __table_args__ = (
        to_bank(),
        within_bank(["member_id"], "member", ["member_id"]),
        within_bank(["till_id"], "till", ["till_id"]),
        within_bank(["community_id"], "community", ["community_id"]),
        within_bank(["merchant_id"], "merchant", ["merchant_id"]),
        UniqueConstraint("bank_id", "secret_hash"),
        CheckConstraint("role <> 'member' OR member_id IS NOT NULL", name="member"),
        CheckConstraint("(role = 'till') = (till_id IS NOT NULL)", name="till"),
        sparse("ix_token_till", "till_id"),
    )

    token_id: str = Field(primary_key=True, max_length=40)
    secret_hash: str = Field(max_length=64)
    role: str = Field(max_length=16)
    member_id: str | None = Field(max_length=40)
    till_id: str | None = Field(max_length=40)
    staff_id: str | None = Field(max_length=40)
    community_id: str | None = Field(max_length=40)
    merchant_id: str | None = Field(max_length=40)
    label: str = Field(max_length=LABEL_MOST)
    created_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime | None = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(sa_type=UtcDateTime)


tokens = table(TokenRow)


@dataclass(frozen=True, slots=True)
class Token:
    """Whom a token is bound to; ``holder_id`` is who keys and transfers record."""

    token_id: str
    role: Role
    member_id: str | None
    till_id: str | None
    staff_id: str | None
    community_id: str | None = None
    merchant_id: str | None = None

    @property
    def grant(self) -> Grant:
        """The role and where it holds."""
        return Grant(self.role, self.community_id, self.merchant_id)

    @property
    def holder_id(self) -> str:
        """The till, the person in office, or the member."""
        holder = self.till_id or self.staff_id or self.member_id
        assert holder is not None, "a token is bound to someone"
        return holder


def new_secret() -> str:
    """Return a fresh secret, to be shown once and kept nowhere."""
    return PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def hashed(secret: str) -> str:
    """Return what the table keeps of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


@keyed
def create(
    unit: Unit,
    *,
    key: str,  # noqa: ARG001 - the key is @keyed's
    role: Role,
    secret_hash: Unsaid[str],
    label: str = "",
    member_id: str | None = None,
    till_id: str | None = None,
    staff_id: str | None = None,
    community_id: str | None = None,
    merchant_id: str | None = None,
    ends_at: datetime | None = None,
) -> Token:
    """Keep a token for a member, or for a till or an office role (and the member behind it).

    ``staff_id`` names a person who has an office token already; without it a new one is made.

    Raises:
        BadField: the role and what it is bound to do not fit.
        MemberNotFound: this bank has no such member.
        TillNotFound: this bank has no such till.
        CommunityNotFound, MerchantNotFound: this bank has no such place.
    """
    return write(
        unit,
        role=role,
        secret_hash=secret_hash,
        label=label,
        member_id=member_id,
        till_id=till_id,
        staff_id=staff_id,
        community_id=community_id,
        merchant_id=merchant_id,
        ends_at=ends_at,
    )


def write(
    unit: Unit,
    *,
    role: Role,
    secret_hash: str,
    label: str,
    member_id: str | None,
    till_id: str | None,
    staff_id: str | None,
    community_id: str | None,
    merchant_id: str | None,
    ends_at: datetime | None,
) -> Token:
    """Write a token down; who may have it was seen to. Raises what `create` raises."""
    _refuse_misfit(role, label, member_id, till_id, staff_id)
    if (merchant_id is not None) != (role in OF_MERCHANT):
        raise BadField("merchant", "shop_owner only / 仅限商户负责人")
    if community_id is not None:
        if role not in OF_COMMUNITY:
            raise BadField("community", f"{role}: the whole bank / 全社")
        communities.find(unit, community_id)
    if merchant_id is not None:
        partners.find(unit, merchant_id)
    if member_id is not None:
        members.find(unit, member_id)
    if till_id is not None:
        tills.find(unit, till_id)
    if role in STAFF and staff_id is None:
        staff_id = unit.new_id("stf")
    token = Token(unit.new_id("tok"), role, member_id, till_id, staff_id, community_id, merchant_id)
    unit.run(
        insert(tokens),
        {
            "bank_id": unit.bank_id,
            "token_id": token.token_id,
            "secret_hash": secret_hash,
            "role": role,
            "member_id": member_id,
            "till_id": till_id,
            "staff_id": staff_id,
            "community_id": community_id,
            "merchant_id": merchant_id,
            "label": label,
            "created_at": unit.now,
            "ends_at": ends_at,
            "revoked_at": None,
        },
    )
    after = {"role": role, "till_id": till_id, "staff_id": staff_id, "ends_at": ends_at}
    trail.record(unit, "token.made", token.token_id, subject_id=member_id, after=after)
    return token


def _refuse_misfit(
    role: Role, label: str, member_id: str | None, till_id: str | None, staff_id: str | None
) -> None:
    if len(label) > LABEL_MOST:
        raise BadField("label", f"0–{LABEL_MOST}")
    if (role is Role.TILL) != (till_id is not None):
        raise BadField("till", "only and always with the role till / 收银端角色须指定收银端")
    if role is Role.MEMBER and member_id is None:
        raise BadField("member", "the role member names one / 成员角色须指定成员")
    if staff_id is not None and (role not in STAFF or not is_id(staff_id, "stf")):
        raise BadField("staff", "stf_…, office roles only / 仅限工作人员角色")


@keyed
def revoke(unit: Unit, *, token_id: str, key: str) -> None:  # noqa: ARG001
    """Stop a token from now on; one that is stopped stays so.

    Raises:
        TokenNotFound: this bank has none of this id.
    """
    row = unit.row(
        select(tokens.c.token_id).where(
            tokens.c.bank_id == unit.bank_id, tokens.c.token_id == token_id
        )
    )
    if row is None:
        raise TokenNotFound(token_id)
    unit.run(
        update(tokens)
        .where(
            tokens.c.bank_id == unit.bank_id,
            tokens.c.token_id == token_id,
            tokens.c.revoked_at.is_(None),
        )
        .values(revoked_at=unit.now)
    )
    trail.record(unit, "token.revoked", token_id)


@dataclass(frozen=True, slots=True)
class Known:
    """A token that is in use, and whether the member or person in office behind it may act."""

    token: Token
    active: bool


_turns, _cashiers, _staff = cashiers.till_turns, cashiers.cashiers, staff.staff
_FIND = (
    select(
        tokens,
        members.members.c.status,
        _turns.c.until.label("turn_until"),
        _cashiers.c.member_id.label("cashier_member_id"),
        _staff.c.state.label("staff_state"),
    )
    .join_from(
        tokens,
        members.members,
        (members.members.c.bank_id == tokens.c.bank_id)
        & (members.members.c.member_id == tokens.c.member_id),
        isouter=True,
    )
    .outerjoin(
        _turns,
        (_turns.c.bank_id == tokens.c.bank_id) & (_turns.c.till_id == tokens.c.till_id),
    )
    .outerjoin(
        _cashiers,
        (_cashiers.c.bank_id == _turns.c.bank_id)
        & (_cashiers.c.cashier_id == _turns.c.cashier_id)
        & (_cashiers.c.state == CashierState.ACTIVE),
    )
    .outerjoin(
        _staff,
        (_staff.c.bank_id == tokens.c.bank_id) & (_staff.c.staff_id == tokens.c.staff_id),
    )
    .where(
        tokens.c.bank_id == bindparam("of_bank"),
        tokens.c.secret_hash.in_(bindparam("of_hashes", expanding=True)),
        tokens.c.revoked_at.is_(None),
    )
)


def find(connection: Connection, bank_id: int, secret: str, now: datetime) -> Known | None:
    """Return the token of a secret, or None if this bank has none, it was revoked, or is over."""
    return find_many(connection, bank_id, [secret], now).get(secret)


def find_many(
    connection: Connection, bank_id: int, said: Iterable[str], now: datetime
) -> dict[str, Known]:
    """Return the tokens of secrets; those that `find` has none of are left out.

    A person's in office is over with the role it stands for; a till's names the member whose turn
    it is, if there is one. On a bare connection, because every request begins with it.
    """
    asked = {hashed(secret): secret for secret in said}
    rows = connection.execute(_FIND, {"of_bank": bank_id, "of_hashes": list(asked)})
    known = ((asked[row.secret_hash], _known(connection, row, now)) for row in rows.all())
    return {secret: one for secret, one in known if one is not None}


def _known(connection: Connection, row: Row[Any], now: datetime) -> Known | None:
    if row.ends_at is not None and now >= row.ends_at:
        return None
    serving = row.cashier_member_id if row.turn_until and now < row.turn_until else None
    token = Token(
        row.token_id,
        Role(row.role),
        serving or row.member_id,
        row.till_id,
        row.staff_id,
        row.community_id,
        row.merchant_id,
    )
    if row.staff_state is not None and not _holds(connection, row.bank_id, token):
        return None
    acts = row.status in {None, members.Status.ACTIVE}
    return Known(token, acts and row.staff_state in {None, StaffState.ACTIVE})


def _holds(connection: Connection, bank_id: int, token: Token) -> bool:
    """Tell whether the person in office whose token this is still holds its role there."""
    held = grants.on(connection, bank_id, token.holder_id)
    return any(one.covers(token.grant) for one in held)
