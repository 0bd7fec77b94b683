"""Runs the tests that take a database on a distributed PostgreSQL, and none of the others.

python -m pytest -p tests.distributed.plugin tests/integration tests/distributed
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests import postgres
from tests.distributed import elsewhere

# These make or break a server of their own, or want an empty database beside the migrated one.
_OF_ONE_MACHINE = {"postgres_server", "empty_database_url", "_migrated_postgres"}


@contextlib.contextmanager
def _running(*, fsync: bool = False) -> Iterator[postgres.Server]:
    del fsync  # it is as its keeper has set it
    with elsewhere.running() as server:
        yield server


def pytest_configure() -> None:
    """Let the tests find the distributed server where they would start their own."""
    if elsewhere.address() is not None:
        postgres.running = _running


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what takes a database on a server; without a server it is skipped."""
    kept = [one for one in items if isinstance(one, pytest.Function) and _fits(one)]
    config.hook.pytest_deselected(items=[one for one in items if one not in set(kept)])
    items[:] = kept
    if elsewhere.address() is None:
        for one in items:
            one.add_marker(pytest.mark.skip(reason=elsewhere.WHY_NOT))


def _fits(item: pytest.Function) -> bool:
    """Whether a test runs on the database that it is given, and this is a server's."""
    if "province" in item.fixturenames:
        return True
    called = getattr(item, "callspec", None)
    backend = None if called is None else called.params.get("backend")
    asks = set(item._fixtureinfo.argnames)  # by name, not through `database`
    return backend == "postgres" and not asks & _OF_ONE_MACHINE
