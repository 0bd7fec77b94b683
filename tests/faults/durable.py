"""Databases whose commits reach the disk: for proofs that kill, or that measure a wait."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from api import schema
from tests import postgres, statements


@contextlib.contextmanager
def fresh(backend: str, folder: Path, *, fsync: bool = True) -> Iterator[str]:
    """A fresh migrated database, as the app sees it, for the length of a with block.

    ``fsync=False`` is for proofs that neither kill nor measure.
    """
    if backend == "sqlite":
        url = f"sqlite:///{folder / 'durable.db'}"
        _migrate(url)
        yield url
        return
    with postgres.running(fsync=fsync) as server:
        server.create_database("durable")
        _migrate(server.url("durable", postgres.OWNER))
        yield server.url("durable")


def _migrate(url: str) -> None:
    with statements.paused():
        schema.migrate(url)
