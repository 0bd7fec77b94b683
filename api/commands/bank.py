"""``creditbank bank create``, ``bank list`` and ``bank asset``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.options import BankSlug, DatabaseUrl, opened, opened_bank

if TYPE_CHECKING:
    from creditbank.core.units import Actor, Unit
    from creditbank.core.values import Asset

DEFAULT_ZONE = "Asia/Shanghai"
DEFAULT_ASSETS = ["XYB:信义贝:0:spendable", "VOL:志愿积分:0:honour"]
_ASSET_PARTS = 4

Zone = Annotated[str, typer.Option("--zone", help="The time zone of its days.")]
Assets = Annotated[
    list[str],
    typer.Option(
        "--asset", metavar="CODE:NAME:SCALE:KIND", help="Its assets; may be given several times."
    ),
]

commands = typer.Typer(help="互助社。 The banks of this installation.", no_args_is_help=True)


@commands.command()
def create(
    slug: Annotated[str, typer.Argument(help="a–z, 0–9 and '-'; stands in every address.")],
    name: Annotated[str, typer.Option(help="The bank's name.")],
    zone: Zone = DEFAULT_ZONE,
    asset: Assets = DEFAULT_ASSETS,
    database: DatabaseUrl = None,
) -> None:
    """新建互助社。 Found a bank with its assets."""
    found(database, slug=slug, name=name, zone=zone, assets=asset)


@commands.command("list")
def listing(database: DatabaseUrl = None) -> None:
    """列出互助社。 List the banks."""
    from creditbank.core import banks  # noqa: PLC0415 - slow

    with opened(database, writing=False) as it:
        known = it.reader.submit_install(banks.every).result()
    for bank in known:
        marks = [bank.zone, bank.state.value] + ["demonstration"] * bank.demonstration
        typer.echo(f"{bank.slug}\t{bank.name}\t{' · '.join(marks)}")


@commands.command()
def asset(
    asset: Annotated[str, typer.Argument(metavar="CODE:NAME:SCALE:KIND")],
    database: DatabaseUrl = None,
    bank: BankSlug = None,
) -> None:
    """增加积分种类。 Give a bank one more asset; KIND is spendable, honour or money."""
    from creditbank.ledger import accounts  # noqa: PLC0415 - slow

    wanted = _asset(asset)
    with opened_bank(database, bank, writing=True) as (it, of):
        it.write(of.bank_id, operator(), lambda unit: accounts.create_asset(unit, wanted))
    typer.echo(wanted.code)


def found(database: str | None, *, slug: str, name: str, zone: str, assets: list[str]) -> None:
    """Found a bank with its assets and say so.

    Raises:
        BadField: the slug, name, zone or an asset is unusable.
        BankExists: the slug is taken.
    """
    from creditbank.core import banks  # noqa: PLC0415 - slow

    wanted = [_asset(one) for one in assets]
    with opened(database, writing=True) as it:
        bank = it.install(
            lambda connection, now: banks.create(
                connection, slug=slug, name=name, zone=zone, now=now
            )
        )
        it.write(bank.bank_id, operator(), lambda unit: _create_assets(unit, wanted))
    typer.echo(f"{bank.slug}\t{bank.name}\t{', '.join(one.code for one in wanted)}")


def _create_assets(unit: Unit, wanted: list[Asset]) -> None:
    from creditbank.ledger import accounts  # noqa: PLC0415 - slow

    for one in wanted:
        accounts.create_asset(unit, one)


def operator() -> Actor:
    """Return who writes when a command is run by hand at the server itself."""
    from creditbank.core.units import Actor  # noqa: PLC0415 - slow

    return Actor("console", "operator")


def _asset(text: str) -> Asset:
    """Read ``CODE:NAME:SCALE:KIND``.

    Raises:
        BadField: it is written otherwise.
    """
    from creditbank.core.errors import BadField  # noqa: PLC0415 - slow
    from creditbank.core.values import Asset, AssetKind  # noqa: PLC0415

    parts = text.split(":")
    if len(parts) != _ASSET_PARTS or not parts[2].isdigit() or parts[3] not in set(AssetKind):
        raise BadField("asset", "CODE:NAME:SCALE:spendable|honour|money")
    return Asset(parts[0], parts[1], int(parts[2]), AssetKind(parts[3]))


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(commands, name="bank")
