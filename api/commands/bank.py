"""``creditbank bank create`` and ``creditbank bank list``."""

from __future__ import annotations

from typing import Annotated

import typer

from api.commands.options import BankSlug, DatabaseUrl, opened, opened_bank
from api.commands.setup_defaults import ZONE

commands = typer.Typer(help="互助社。 The banks of this installation.", no_args_is_help=True)


@commands.command()
def create(
    slug: Annotated[str, typer.Argument(help="a–z, 0–9 and '-'; stands in every address.")],
    name: Annotated[str, typer.Option(help="The bank's name.")],
    zone: Annotated[str, typer.Option(help="The time zone of its days.")] = ZONE,
    database: DatabaseUrl = None,
) -> None:
    """新建互助社。 Found a bank."""
    found(database, slug, name, zone)


@commands.command("list")
def listing(database: DatabaseUrl = None) -> None:
    """列出互助社。 List the banks."""
    from creditbank.core import banks  # noqa: PLC0415 - slow

    with opened(database, writing=False) as open_database:
        known = open_database.reader.submit_install(banks.every).result()
    for bank in known:
        marks = [bank.zone, bank.state] + ["demonstration"] * bank.demonstration
        typer.echo(f"{bank.slug}\t{bank.name}\t{' · '.join(marks)}")


