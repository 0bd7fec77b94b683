"""Engines that remember, from one test to the next, how each statement is written in SQL.

Every test opens a database of its own, and SQLAlchemy keeps compiled statements per engine: most
of a test's time went into writing the same SQL again. Here all engines of one kind share a dialect
and what it has compiled, as the requests of one server do. What is sent, and what is checked
before it is sent, stays the same.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import URL, Engine, create_engine

from creditbank.core import engines
from tests import kept

_STATEMENTS_MOST = 5000


@contextlib.contextmanager
def sharing() -> Iterator[None]:
    """Let the engines of the product share, for the length of a with block."""
    known: dict[tuple[str, bool], Engine] = {}

    def create(url: URL, **options: Any) -> Engine:
        made = create_engine(url, query_cache_size=_STATEMENTS_MOST, **options)
        kept.by(made, options.get("connect_args"))
        kind = (made.dialect.name, "execution_options" in options)
        first = known.setdefault(kind, made)
        if first is not made and first.dialect.server_version_info:  # it has met its server
            made.dialect = made.pool._dialect = first.dialect
            made._compiled_cache = first._compiled_cache
        elif first is not made:
            known[kind] = made
        kept.by_dialect(made.dialect)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "create_engine", create)
        yield
    kept.let_go()
