"""The options that every command takes, and how a command reaches its database."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from creditbank.core.banks import Bank
    from creditbank.core.database import Database

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        envvar="CREDITBANK_DATABASE",
        help="sqlite:///file.db or postgresql://…  [default: a file in your data folder]",
    ),
]
BankSlug = Annotated[
    str | None,
    typer.Option("--bank", metavar="SLUG", help="Which bank.  [default: the only one]"),
]


def url_of(database: str | None) -> str:
    """Return the URL a command works on: as told, or the default.

    Raises:
        DatabaseUrlUnusable: it cannot be read, or names no kind of database of ours.
    """
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - slow
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    from api.errors import DatabaseUrlUnusable  # noqa: PLC0415
    from api.settings import default_database  # noqa: PLC0415

    if not database:
        return default_database()
    try:
        made = make_url(database)
    except (ArgumentError, ValueError) as error:
        raise DatabaseUrlUnusable(database) from error
    kinds = {"sqlite", "postgresql", "postgres"}
    if made.drivername.partition("+")[0] not in kinds or not made.database:
        raise DatabaseUrlUnusable(made.render_as_string(hide_password=True))
    return database


@contextmanager
def opened(database: str | None, *, writing: bool) -> Iterator[Database]:
    """Open the database of a command for a with block; readers work beside a server.

    Raises:
        SchemaMissing: it has no tables of ours.
        SchemaOlder: it wants ``creditbank migrate``.
        SchemaNewer: it was made by a newer program.
        WriterTaken: another program writes to the file.
        DatabaseUnavailable: it cannot be opened.
        KeysUnusable: for writing, the persons' keys are missing or another database's.
    """
    from api import schema  # noqa: PLC0415 - slow
    from api.vaults import vault_of  # noqa: PLC0415
    from creditbank.core.database import Database  # noqa: PLC0415

    url = url_of(database)
    schema.check(url)
    with Database(url, writing=writing, vault=vault_of(url)) as found:
        if writing:
            found.vault.require()
        yield found


@contextmanager
def opened_bank(
    database: str | None, bank: str | None, *, writing: bool
) -> Iterator[tuple[Database, Bank]]:
    """Open a database and find its bank; see `opened`.

    Raises:
        BankNotFound: there is none of this slug, or none at all.
        BankAmbiguous: none was named and there are several.
    """
    with opened(database, writing=writing) as found:
        yield found, found.bank(bank)


def fresh_key() -> str:
    """Return an idempotency key for a command that is run once by hand."""
    return f"command-{secrets.token_hex(16)}"
