"""Spreading the tables of all banks over the nodes of a distributed PostgreSQL (Citus), by bank.

Done once, while the tables are empty, and again after an upgrade that brought new ones. What
belongs to no bank lies whole on every node; everything else of one bank lies on one node.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.schema import Table

from api import schema
from api.errors import CannotDistribute
from api.installation import refuse_while_serving
from creditbank.core.clock import SystemClock
from creditbank.core.engines import is_sqlite, migration_engine, normalised, translated

WHOLE = ("bank", "installation", "sign_in_attempt", "alembic_version")


def spread() -> list[Table]:
    """Return the tables that are spread by bank, each after those that it refers to."""
    return [one for one in schema.metadata().sorted_tables if one.name not in WHOLE]


def distribute(url: str, *, shards: int) -> list[str]:
    """Spread what is not spread yet, all of it or nothing; return the names of these tables.

    The URL is the owner's, at the coordinator; `api.schema.migrate` comes first.

    Raises:
        CannotDistribute: there is no such engine, or a table to spread has rows already.
        SchemaMissing, SchemaOlder, SchemaNewer: it wants ``creditbank migrate``.
        ServerRunning: a server or worker was alive within the last 30 s.
        DatabaseUnavailable: it cannot be opened or written.
    """
    target = normalised(url)
    if is_sqlite(target):
        raise CannotDistribute("SQLite 不能", "SQLite cannot")
    schema.check(url)
    engine = migration_engine(target)
    try:
        with engine.begin() as connection:
            return _distribute(connection, shards)
    except Exception as error:
        typed = translated(error)
        if typed is error:
            raise
        raise typed from error
    finally:
        engine.dispose()


def _distribute(connection: Connection, shards: int) -> list[str]:
    if _one(connection, "SELECT to_regproc('create_reference_table')") is None:
        raise CannotDistribute("没有 Citus 扩展", "the extension Citus is missing")
    refuse_while_serving(connection, SystemClock().now())
    connection.execute(text("SET LOCAL citus.multi_shard_modify_mode = 'sequential'"))
    connection.execute(text(f"SET LOCAL citus.shard_count = {shards:d}"))
    done = {
        str(name)
        for (name,) in connection.execute(
            text("SELECT logicalrelid::regclass::text FROM pg_dist_partition")
        )
    }
    fresh = []
    for name in WHOLE:
        if name not in done:
            _one(connection, "SELECT create_reference_table(:name)", name=name)
            fresh.append(name)
    beside = next((one.name for one in spread() if one.name in done), "none")
    for one in spread():
        if one.name in done:
            continue
        _refuse_rows(connection, one.name)
        _one(
            connection,
            "SELECT create_distributed_table(:name, 'bank_id', colocate_with => :beside)",
            name=one.name,
            beside=beside,
        )
        fresh.append(one.name)
        beside = beside if beside != "none" else one.name
    schema.grant(connection)
    return fresh


def _refuse_rows(connection: Connection, name: str) -> None:
    """See that a table is empty: of its rows a copy would stay behind where no erasure reaches."""
    if _one(connection, f"SELECT EXISTS (SELECT FROM {name})"):  # noqa: S608 - a name of ours
        raise CannotDistribute(f"表 {name} 已有数据", f"table {name} has rows")


def _one(connection: Connection, statement: str, **values: Any) -> Any:
    return connection.execute(text(statement), values).scalar()
