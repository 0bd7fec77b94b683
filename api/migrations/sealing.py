"""What version 0002 does with rows: names go into the vault's care, key contents get its hash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text

from creditbank.core.vault import Vault

_BANKS = text("SELECT bank_id FROM bank ORDER BY bank_id")
_NAMES = text(
    "SELECT bank_id, member_id, name FROM member WHERE bank_id = :bank_id ORDER BY member_id"
)
_PERSON = text(
    "INSERT INTO person (bank_id, holder_id, key_id, name)"
    " VALUES (:bank_id, :holder_id, :key_id, :name)"
)
_LOOKUP = text(
    "INSERT INTO person_lookup (bank_id, what, hash, holder_id)"
    " VALUES (:bank_id, 'name', :hash, :holder_id)"
)
_KEYS = text(
    "SELECT bank_id, caller, operation, key, content_hash FROM idempotency_key"
    " WHERE bank_id = :bank_id AND content_hash <> ''"
)
_REHASH = text(
    "UPDATE idempotency_key SET content_hash = :hash WHERE bank_id = :bank_id"
    " AND caller = :caller AND operation = :operation AND key = :key"
)
_REASONS = text(
    "SELECT c.bank_id, c.claim_id, c.member_id, c.reason, p.key_id FROM claim c"
    " JOIN person p ON p.bank_id = c.bank_id AND p.holder_id = c.member_id"
    " WHERE c.bank_id = :bank_id AND c.reason IS NOT NULL"
)
_REASON = text(
    "UPDATE claim SET reason = :reason WHERE bank_id = :bank_id AND claim_id = :claim_id"
)
_SET = 1000


def _of_every_bank(connection: Connection, query: TextClause) -> Iterator[Sequence[Row[Any]]]:
    """Read the rows of one bank after the other, a set at a time."""
    for bank_id in connection.execute(_BANKS).scalars().all():
        yield from connection.execute(query, {"bank_id": bank_id}).partitions(_SET)


def seal_names(connection: Connection, vault: Vault) -> None:
    """Give every member a key, and move their name, sealed, to ``person``."""
    for several in _of_every_bank(connection, _NAMES):
        people: list[dict[str, Any]] = []
        hashes: list[dict[str, Any]] = []
        for row in several:
            key_id = vault.new_key()
            of = {"bank_id": row.bank_id, "holder_id": row.member_id}
            people.append(of | {"key_id": key_id, "name": vault.seal(key_id, "name", row.name)})
            hashes.append(of | {"hash": vault.hashed(f"name/{row.bank_id}", row.name)})
        connection.execute(_PERSON, people)
        connection.execute(_LOOKUP, hashes)


def seal_reasons(connection: Connection, vault: Vault) -> None:
    """Seal the reasons of refused claims with the keys of their members."""
    for several in _of_every_bank(connection, _REASONS):
        connection.execute(
            _REASON,
            [
                {
                    "bank_id": row.bank_id,
                    "claim_id": row.claim_id,
                    "reason": vault.seal(row.key_id, "reason", row.reason),
                }
                for row in several
            ],
        )


def hash_contents(connection: Connection, vault: Vault) -> None:
    """Key the content hashes of all idempotency keys with the vault."""
    for several in _of_every_bank(connection, _KEYS):
        connection.execute(
            _REHASH,
            [
                {
                    "bank_id": row.bank_id,
                    "caller": row.caller,
                    "operation": row.operation,
                    "key": row.key,
                    "hash": vault.hashed("content", row.content_hash),
                }
                for row in several
            ],
        )
