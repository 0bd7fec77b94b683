"""The books: assets, accounts, transfers, postings. Only this wing opens them.

Transfers and postings are append-only: SQLite refuses an UPDATE or DELETE by trigger,
PostgreSQL by the rights of the role. CHECKs stand behind the code.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from creditbank.core.indexes import index_where, sparse
from creditbank.core.tables import OfBank, UtcDateTime, table, to_bank, within_bank

# The few addresses of funds: a prefix is no range where texts are sorted as in a dictionary.
IS_FUND = "address LIKE 'fund/%'"
# The accounts of an asset that are nobody's own: those without bounds, shops', teams', funds'.
IS_NO_MEMBERS = "address NOT LIKE 'member/%'"


class AssetRow(OfBank, table=True):
    """A kind of points or money of one bank."""

    __tablename__ = "asset"
    __table_args__ = (to_bank(), CheckConstraint("scale BETWEEN 0 AND 6", name="scale"))

    code: str = Field(primary_key=True, max_length=16)
    name: str = Field(max_length=40)
    scale: int
    kind: str = Field(max_length=16)


class AccountRow(OfBank, table=True):
    """An address in one asset. Balance and version are null where it is unbounded."""

    __tablename__ = "account"
    __table_args__ = (
        within_bank(["asset_code"], "asset", ["code"]),
        UniqueConstraint("bank_id", "address", "asset_code"),
        CheckConstraint("floor IS NULL OR balance >= floor", name="floor"),
        CheckConstraint("ceiling IS NULL OR balance <= ceiling", name="ceiling"),
        CheckConstraint("(floor IS NULL AND ceiling IS NULL) = (balance IS NULL)", name="bounded"),
        CheckConstraint("(version IS NULL) = (balance IS NULL)", name="version"),
        index_where("ix_account_fund", IS_FUND, "address", "asset_code"),
        index_where("ix_account_no_members", IS_NO_MEMBERS, "asset_code"),
    )

    account_id: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    address: str = Field(max_length=120)
    asset_code: str = Field(max_length=16)
    floor: int | None = Field(sa_type=BigInteger)
    ceiling: int | None = Field(sa_type=BigInteger)
    balance: int | None = Field(sa_type=BigInteger)
    version: int | None = Field(sa_type=BigInteger)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class TransferRow(OfBank, table=True):
    """One business event. ``period_id`` says to which period its earnings count."""

    __tablename__ = "transfer"
    __table_args__ = (
        to_bank(),
        UniqueConstraint("bank_id", "key"),
        UniqueConstraint("bank_id", "reverses"),
        within_bank(["reverses"], "transfer", ["transfer_id"]),
        Index("ix_transfer_recorded_at", "bank_id", "recorded_at"),
        Index("ix_transfer_refers_to", "bank_id", "refers_to"),
    )

    transfer_id: str = Field(primary_key=True, max_length=40)
    key: str = Field(max_length=300)
    content_hash: str = Field(max_length=64)
    kind: str = Field(max_length=16)
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    actor_id: str = Field(max_length=64)
    refers_to: str | None = Field(max_length=64)
    reverses: str | None = Field(max_length=40)
    period_id: str | None = Field(max_length=40)


class PostingRow(OfBank, table=True):
    """One movement of a transfer, with the version and balance it left on each bounded side."""

    __tablename__ = "posting"
    __table_args__ = (
        within_bank(["transfer_id"], "transfer", ["transfer_id"]),
        within_bank(["source_id"], "account", ["account_id"]),
        within_bank(["destination_id"], "account", ["account_id"]),
        UniqueConstraint("bank_id", "source_id", "source_version"),
        UniqueConstraint("bank_id", "destination_id", "destination_version"),
        CheckConstraint("units > 0", name="units"),
        CheckConstraint("source_id <> destination_id", name="sides"),
        sparse("ix_posting_expires_on", "expires_on", "destination_id"),
    )

    transfer_id: str = Field(primary_key=True, max_length=40)
    n: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    source_id: int = Field(sa_type=BigInteger)
    destination_id: int = Field(sa_type=BigInteger)
    units: int = Field(sa_type=BigInteger)
    expires_on: date | None
    source_version: int | None = Field(sa_type=BigInteger)
    source_balance: int | None = Field(sa_type=BigInteger)
    destination_version: int | None = Field(sa_type=BigInteger)
    destination_balance: int | None = Field(sa_type=BigInteger)


class HoldRow(OfBank, table=True):
    """Points set aside for a time; resolves once."""

    __tablename__ = "hold"
    __table_args__ = (
        to_bank(),
        within_bank(["opened_by"], "transfer", ["transfer_id"]),
        within_bank(["asset_code"], "asset", ["code"]),
        CheckConstraint("units > 0", name="units"),
        CheckConstraint("captured_units BETWEEN 0 AND units", name="captured"),
        Index("ix_hold_due", "bank_id", "state", "ends_at"),
    )

    hold_id: str = Field(primary_key=True, max_length=40)
    member_id: str = Field(max_length=40)
    asset_code: str = Field(max_length=16)
    units: int = Field(sa_type=BigInteger)
    captured_units: int = Field(sa_type=BigInteger)
    state: str = Field(max_length=16)
    opened_by: str = Field(max_length=40)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    refers_to: str | None = Field(max_length=64)


assets = table(AssetRow)
accounts = table(AccountRow)
transfers = table(TransferRow)
postings = table(PostingRow)
holds = table(HoldRow)
