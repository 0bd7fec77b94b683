"""``creditbank init`` and ``creditbank migrate``."""

from __future__ import annotations

from typing import Annotated

import typer

from api.commands import bank as banks
from api.commands.options import BankSlug, DatabaseUrl, url_of

DEFAULT_SLUG = "trust"
DEFAULT_SHARDS = 128


def init(
    database: DatabaseUrl = None,
    bank: BankSlug = None,
    name: Annotated[str | None, typer.Option(help="Found a bank of this name, too.")] = None,
    zone: banks.Zone = banks.DEFAULT_ZONE,
    asset: banks.Assets = banks.DEFAULT_ASSETS,
) -> None:
    """建库。 Set a database up, and found its first bank when given --name."""
    migrate(database)
    if name is not None:
        banks.found(database, slug=bank or DEFAULT_SLUG, name=name, zone=zone, assets=asset)
    else:
        typer.echo("下一步 / Next: creditbank bank create SLUG --name NAME")


def migrate(
    database: DatabaseUrl = None,
    distribute: Annotated[
        bool,
        typer.Option("--distribute", help="Then spread the tables by bank (Citus); empty ones."),
    ] = False,
    shards: Annotated[
        int, typer.Option(min=1, max=4096, help="Parts of each table, chosen once.")
    ] = DEFAULT_SHARDS,
) -> None:
    """升级数据库。 Bring the database to this program's version; safe to run again."""
    from api import distribution, schema  # noqa: PLC0415 - slow
    from api.vaults import vault_of  # noqa: PLC0415

    url = url_of(database)
    schema.migrate(url, vault_of(url))
    typer.echo("数据库已是最新版本 / The database is up to date")
    if distribute:
        fresh = distribution.distribute(url, shards=shards)
        typer.echo(f"新分布 {len(fresh)} 张表 / {len(fresh)} tables were distributed")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(init)
    app.command()(migrate)
