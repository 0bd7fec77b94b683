"""Connections to the PostgreSQL of the tests that outlive the test that opened them.

A fresh one costs a process of the server, which reads the catalogue of a hundred tables and plans
every statement anew: more than most tests. So what a pool of the product closes in good order is
given to the next pool of the same kind, with every setting as it was at its start. The product
itself sees a connection opened and a connection closed.
"""

import select
import threading
from collections import defaultdict
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Dialect, Engine, event

from tests.postgres import APP

_Connection = psycopg.Connection[Any]
_lock = threading.Lock()
_idle: dict[str, list[_Connection]] = defaultdict(list)
_kinds: WeakKeyDictionary[_Connection, str] = WeakKeyDictionary()


def by(engine: Engine, options: object) -> None:
    """Let an engine of the app take connections that are kept, and have its own known again."""
    if engine.dialect.name != "postgresql" or engine.url.username != APP:
        return
    kind = f"{engine.url} {options}"

    @event.listens_for(engine, "do_connect")
    def take(_dialect: object, _record: object, _given: Any, _named: Any) -> _Connection | None:
        return _taken(kind)

    @event.listens_for(engine, "connect")
    def know(connection: _Connection, _record: object) -> None:
        _kinds[connection] = kind


def by_dialect(dialect: Dialect) -> None:
    """Let a dialect keep what is known, where it would close it."""
    if dialect.name == "postgresql":
        dialect.do_close = _close  # type: ignore[method-assign]


def pids() -> list[int]:
    """The server's processes that wait for the next test."""
    with _lock:
        return [one.info.backend_pid for several in _idle.values() for one in several]


def let_go() -> None:
    """Close all that are kept, so that nobody is connected."""
    with _lock:
        several = [one for each in _idle.values() for one in each]
        _idle.clear()
    for one in several:
        one.close()


def _taken(kind: str) -> _Connection | None:
    while True:
        with _lock:
            if not _idle[kind]:
                return None
            one = _idle[kind].pop()
        if not one.closed and not select.select([one.fileno()], [], [], 0)[0]:
            return one
        one.close()  # the server has ended it


def _close(connection: _Connection) -> None:
    kind = _kinds.get(connection)
    if kind is None or not _as_at_its_start(connection):
        connection.close()
        return
    with _lock:
        _idle[kind].append(connection)


def _as_at_its_start(connection: _Connection) -> bool:
    """Bring a connection back to how it began; one that cannot be is no use."""
    try:
        if connection.closed:
            return False
        if connection.info.transaction_status != TransactionStatus.IDLE:
            connection.rollback()
        connection.isolation_level = connection.read_only = connection.deferrable = None
        connection.autocommit = True
        connection.execute("RESET ALL")
        row = connection.execute("SHOW default_transaction_read_only").fetchone()
        connection.autocommit = False
    except psycopg.Error:
        return False
    return row == ("off",)
