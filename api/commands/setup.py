"""``creditbank init`` and ``creditbank migrate``."""

from __future__ import annotations

from typing import Annotated

import typer

from api.commands.options import BankSlug, DatabaseUrl, url_of

DEFAULT_SLUG = "trust"
DEFAULT_ZONE = "Asia/Shanghai"


def init(
    database: DatabaseUrl = None,
    bank: BankSlug = None,
    name: Annotated[str | None, typer.Option(help="Found a bank of this name, too.")] = None,
    zone: Annotated[str, typer.Option(help="The time zone of its days.")] = DEFAULT_ZONE,
) -> None:
    """建库。 Set a database up, and found its first bank when given --name."""
    migrate(database)
    if name is not None:
        from api.commands.bank import found  # noqa: PLC0415 - slow

        found(database, bank or DEFAULT_SLUG, name, zone)


def migrate(database: DatabaseUrl = None) -> None:
    """升级数据库。 Bring the database to this program's version; safe to run again."""
    from api import schema  # noqa: PLC0415 - slow

    url = url_of(database)
    schema.migrate(url)
    typer.echo("数据库已是最新版本 / The database is up to date")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(init)
    app.command()(migrate)
